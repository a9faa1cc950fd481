/** Error pages as users meet them: each has its own sentence, and only the link that can help. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { BridgeError, ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { button } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  answer,
  CONNECTOR,
  type Protocol,
  startWorld,
  useWorld,
  type World,
} from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];
const INSIDE =
  '  - { name: inside, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Inside], require: { networks: [10.0.0.0/8] } }';

interface Shown {
  readonly code: ErrorCode;
  readonly sentence: RegExp;
  /** Label and address of the one link; undefined for none. */
  readonly link: readonly [label: string, href: string] | undefined;
}

function assertShows(page: Page, { code, sentence, link }: Shown): void {
  const { status, title } = ERRORS[code];
  assert.equal(page.status, status);
  assert.equal(page.$('.status-line code').text(), code);
  assert.equal(page.$('h1').text(), title);
  assert.match(page.$('.lede').text(), sentence);
  assert.deepEqual(linksOn(page), link === undefined ? [] : [link]);
}

/** Signs alice in at the identity provider; gives what brings its response to the bridge. */
async function responseTo(
  { urls }: World,
  visitor: Visitor,
  protocol: Protocol,
): Promise<() => Promise<Page>> {
  const login = await visitor.get(`${urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
  const page = await visitor.submit(
    login,
    'form',
    { username: 'alice', password: 'alice' },
    { stopAt: url => url.startsWith(`${urls.bridge}/oidc/`) },
  );
  return protocol === 'oidc'
    ? () => visitor.get(page.path.at(-1)!)
    : () => visitor.submit(page, 'form');
}

/** What a page offers to press at once. */
function linksOn({ $ }: Page): (readonly [string, string])[] {
  return $('.choices:not([hidden]) a')
    .toArray()
    .map(element => [$(element).text(), $(element).attr('href')!] as const);
}

describe('an error page', () => {
  const world = useWorld({ configure: yaml => yaml.replace(/^access:$/m, `$&\n${INSIDE}`) });

  for (const protocol of PROTOCOLS) {
    it(`asks to allow cookies when the browser keeps none (${protocol})`, async () => {
      const visitor = new Visitor();
      const deliver = await responseTo(world, visitor, protocol);
      visitor.setCookie(world.urls.bridge, 'rolebridge-attempt', '');
      const first = await deliver();
      // A SAML response is posted once more, from the bridge's own page.
      assertShows(protocol === 'oidc' ? first : await visitor.submit(first, 'form'), {
        code: 'cookie_missing',
        sentence: /^Allow cookies for this site, then start again\./,
        link: ['Go to the sign-in page', '/sign-in'],
      });

      const event = (await world.audit()).find(({ type }) => type === 'sign-in.refused');
      assert.ok(event?.type === 'sign-in.refused' && event.code === 'cookie_missing');
    });
  }

  it('says that a sign-in was cancelled', async () => {
    const visitor = new Visitor();
    const { path } = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`, {
      stopAt: url => url.startsWith(world.urls.oidc),
    });
    const state = new URL(path.at(-1)!).searchParams.get('state')!;
    const said = new URLSearchParams({ error: 'access_denied', state, iss: world.urls.oidc });

    assertShows(await visitor.get(`${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${said}`), {
      code: 'sign_in_cancelled',
      sentence: /^Start again at the sign-in page\. If you did not cancel it, ask/,
      link: ['Go to the sign-in page', '/sign-in'],
    });
  });

  it('names the allowed networks when only the network is missing, and offers no sign-in', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const path = '/credentials?account=prod&role=Inside';
    assertShows(await visitor.get(world.urls.bridge + path), {
      code: 'proof_missing',
      sentence: /^Your network is not allowed\. Connect to an allowed one \(10\.0\.0\.0\/8\)/,
      link: ['Try again', path],
    });
  });

  it('offers another try when AWS fails, and says that nothing was issued', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    world.aws.faults.arm({ sts: { serverError: 'always' } });
    try {
      assertShows(await visitor.submit(page, button('Console', 'prod', 'Admin')), {
        code: 'aws_failed',
        sentence: /^No credentials were issued\. Try again in a minute\.$/,
        link: ['Try again', '/console?account=prod&role=Admin'],
      });
    } finally {
      world.aws.faults.arm({});
    }
  });
});

describe('an error page about time', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  for (const protocol of PROTOCOLS)
    it(`says that a sign-in has expired (${protocol})`, async () => {
      const visitor = new Visitor();
      const deliver = await responseTo(world, visitor, protocol);
      world.clock.turn(601);
      const first = await deliver();
      // A SAML response is posted once more, for the cookie of a session.
      assertShows(protocol === 'oidc' ? first : await visitor.submit(first, 'form'), {
        code: 'attempt_expired',
        sentence: /^A sign-in must be finished within ten minutes\. Sign in again\.$/,
        link: ['Go to the sign-in page', '/sign-in'],
      });
    });

  it('says how long to wait after too many requests, and offers another try only then', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    // A window of ten minutes begins here.
    world.clock.turn(Math.ceil(600 - ((world.clock.now() / 1000) % 600)));
    const guess = async (): Promise<Page> => {
      const page = await visitor.get(`${world.urls.bridge}/device`);
      return visitor.submit(page, 'form[action="/device"]', { user_code: 'BBBB-BBBB' });
    };
    for (let count = 0; count < 10; count++) await guess();
    world.clock.turn(555);

    const page = await guess();
    assertShows(page, {
      code: 'too_many_requests',
      sentence: /^Wait 45 seconds, then enter the code/,
      link: undefined,
    });
    assert.equal(page.headers.get('retry-after'), '45');

    const later = page.$('.choices[hidden]');
    assert.equal(later.attr('data-shown-after-seconds'), '45');
    assert.equal(later.find('a').attr('href'), '/device');
    world.clock.turn(45);
    assert.equal((await guess()).status, 404);
  });
});

describe('a page about a sign-out', () => {
  const world = useWorld();

  const gone = (): Promise<never> =>
    Promise.reject(new BridgeError('unavailable', 'the store of this test takes no writes'));
  const SIGN_IN_THEN_SESSIONS = ['Sign in', '/sign-in?return_to=%2Fsessions'] as const;

  it('offers the sign-out at the identity provider, whose session continues', async () => {
    const { visitor, page } = await world.signIn('bob', 'oidc');
    const out = await visitor.submit(page, 'form[action="/sign-out"]');
    assert.equal(out.$('h1').text(), 'You are signed out here');
    assert.match(out.text, /Your session at Acme Login continues\./);
    assert.deepEqual(linksOn(out), [
      ['Sign out at Acme Login', '/sign-out/provider'],
      ['Sign in again', '/sign-in'],
    ]);
  });

  it('names the identity provider also when it has no address to sign out', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const out = await visitor.submit(page, 'form[action="/sign-out"]');
    assert.match(out.text, /Your session at Acme AD FS may continue\./);
    assert.deepEqual(linksOn(out), [['Sign in again', '/sign-in']]);
  });

  it('says that there was no session when it has ended before', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    await visitor.clone().submit(page, 'form[action="/sign-out"]');
    const again = await visitor.submit(page, 'form[action="/sign-out"]');
    assert.equal(again.$('h1').text(), 'You are signed out');
    assert.deepEqual(linksOn(again), [['Sign in again', '/sign-in']]);
  });

  it('says what is left to do when the store is down, and leads there', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const sessions = await visitor.get(`${world.urls.bridge}/sessions`);
    const { bridge } = world;
    const failing = createApp({
      ...bridge,
      signIn: { ...bridge.signIn, signOut: gone },
      mySessions: { ...bridge.mySessions, endAll: gone },
    });
    answer(world.servers.bridge, failing);
    try {
      assertShows(await visitor.clone().submit(sessions, 'button[value=everywhere]'), {
        code: 'unavailable',
        sentence: /^This browser is signed out, but the bridge could not end all your sessions\./,
        link: SIGN_IN_THEN_SESSIONS,
      });
      assertShows(await visitor.submit(page, 'form[action="/sign-out"]'), {
        code: 'unavailable',
        sentence: /^This browser is signed out, but the bridge could not end your session\./,
        link: SIGN_IN_THEN_SESSIONS,
      });
    } finally {
      answer(world.servers.bridge, createApp(bridge));
    }
  });
});
