/**
 * Pages that were open while something changed: a form of an earlier sign-in, a form that is sent
 * twice, a sign-out without a store.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Session } from '../../src/core/browser-session.ts';
import { BridgeError } from '../../src/core/errors.ts';
import {
  beginDevice,
  CLIENT,
  confirmDevice,
  loginByDevice,
  pollDevice,
  postForm,
} from '../support/cli-login.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { answer, useWorld, type World, worldFor } from '../support/world.ts';

const isSignedIn = async (world: World, visitor: Visitor): Promise<boolean> =>
  (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;
const typesOf = async (world: World): Promise<string[]> =>
  (await world.audit()).map(({ type }) => type);
const codeOf = (page: Page): string => page.$('.status-line code').text();

describe('a form of an earlier sign-in', () => {
  const world = useWorld();

  /** A page that alice had open before another user signed in in the same browser. */
  const left = async (path: string, next = 'bob'): Promise<{ visitor: Visitor; page: Page }> => {
    const { visitor } = await world.signIn('alice', 'saml');
    const page = await visitor.get(world.urls.bridge + path);
    // Another user comes to the identity provider: its own cookies are gone.
    const fresh = new Visitor();
    await world.signIn(next, 'saml', { visitor: fresh });
    visitor.setCookie(
      world.urls.bridge,
      'rolebridge',
      fresh.cookie(world.urls.bridge, 'rolebridge')!,
    );
    return { visitor, page };
  };

  for (const next of ['alice', 'bob']) {
    it(`signs ${next} out`, async () => {
      const { visitor, page } = await left('/', next);
      const done = await visitor.submit(page, 'form[action="/sign-out"]');
      assert.equal(done.status, 200);
      assert.match(done.text, /You are signed out/);
      assert.equal(await isSignedIn(world, visitor), false);
    });
  }

  it('opens no console, and asks on a page whose button does', async () => {
    const { visitor, page } = await left('/');
    const calls = world.toAws.length;

    const asked = await visitor.submit(
      page,
      'button[formaction="/console"], form[action="/console"]',
      {
        role: 'Developer',
        account: 'prod',
      },
    );
    assert.equal(asked.status, 200);
    assert.match(asked.text, /earlier sign-in.*signed in as bob/);
    assert.equal(world.toAws.length, calls);

    const opened = await visitor.submit(
      asked,
      'form[action="/console"]',
      {},
      { stopAt: url => url.startsWith(world.urls.aws) },
    );
    assert.ok(opened.path.at(-1)!.startsWith(world.urls.aws), opened.text);
    assert.equal(world.toAws.length > calls, true);
  });

  it('fetches no credentials, and asks on a page whose button does', async () => {
    const { visitor, page } = await left('/credentials?account=prod&role=Developer');
    const calls = world.toAws.length;
    const asked = await visitor.submit(page, 'form[action="/credentials"]');
    assert.equal(asked.status, 200);
    assert.match(asked.text, /Get credentials\?.*earlier sign-in.*signed in as bob/);
    assert.equal(world.toAws.length, calls);
    const shown = await visitor.submit(asked, 'form[action="/credentials"]');
    assert.match(shown.text, /AWS_ACCESS_KEY_ID/);
  });

  it('ends no session, and shows the list of the one who is signed in', async () => {
    const { visitor, page } = await left('/sessions');
    const before = await typesOf(world);
    const shown = await visitor.submit(page, 'button[value=everywhere]');
    assert.equal(shown.status, 200);
    assert.match(shown.text, /earlier sign-in.*signed in as bob/);
    assert.match(shown.html, /class="notice warn"/);
    assert.deepEqual(await typesOf(world), before);
    assert.equal(await isSignedIn(world, visitor), true);
  });

  it('confirms no terminal, is no wrong code, and asks for the code again', async () => {
    const begun = await beginDevice(world);
    const { visitor, page } = await left('/device');
    for (let times = 0; times < 12; times++) {
      const shown = await visitor.submit(page, 'form[action="/device"]', {
        user_code: begun.json.user_code,
        decision: 'approve',
      });
      assert.equal(shown.status, 200);
      assert.match(shown.text, /earlier sign-in/);
      assert.equal(shown.$('input[name=user_code]').length, 1);
    }
    assert.equal(
      (await pollDevice(world, begun.json.device_code)).json.error,
      'authorization_pending',
    );
    await confirmDevice(world, visitor, begun.json.user_code);
  });

  it('gives no program a code, and shows the question again', async () => {
    const { visitor, page } = await left(
      authorizePath('a-verifier-of-a-test-that-is-long-enough-000'),
    );
    const shown = await visitor.submit(
      page,
      'button[value=approve]',
      {},
      { stopAt: url => url.includes(':9/') },
    );
    assert.equal(shown.status, 200);
    assert.match(shown.text, /Is this your terminal\?.*earlier sign-in.*signed in as bob/);

    const approved = await visitor.submit(
      shown,
      'button[value=approve]',
      {},
      { stopAt: url => url.includes(':9/') },
    );
    assert.match(approved.path.at(-1)!, /^http:\/\/127\.0\.0\.1:9\/.*[?&]code=/);
  });

  it('is not recorded as an attack, and one of another site is', async () => {
    const { visitor, page } = await left('/');
    const own = await visitor.submit(page, 'form[action="/sign-out"]');
    assert.equal(own.status, 200);
    assert.ok(!(await typesOf(world)).includes('request.refused'));

    await world.signIn('bob', 'saml', { visitor });
    const elsewhere: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      {},
    ];
    for (const headers of elsewhere) {
      const refused = await visitor.post(
        `${world.urls.bridge}/sign-out`,
        new URLSearchParams({ csrf_token: 'x' }),
        headers,
      );
      assert.equal(refused.status, 403);
      assert.equal(codeOf(refused), 'cross_site_request');
      assert.equal(refused.headers.get('set-cookie'), null);
    }
    assert.equal((await typesOf(world)).filter(type => type === 'request.refused').length, 4);
    assert.equal(await isSignedIn(world, visitor), true);
  });

  it('of a browser that says only the origin is ours as well', async () => {
    const { visitor } = await left('/');
    const headers = { origin: world.urls.bridge };
    const done = await visitor.post(
      `${world.urls.bridge}/sign-out`,
      new URLSearchParams({ csrf_token: 'x' }),
      headers,
    );
    assert.match(done.text, /You are signed out/);
  });

  it('of a session that has ended leads back to where it stood', async () => {
    for (const [path, button] of [
      ['/device', 'form[action="/device"]'],
      [authorizePath('another-verifier-of-a-test-long-enough-0000'), 'button[value=approve]'],
    ] as const) {
      const { visitor } = await world.signIn('alice', 'saml');
      const page = await visitor.get(world.urls.bridge + path);
      visitor.setCookie(world.urls.bridge, 'rolebridge', 'A'.repeat(43));
      const refused = await visitor.submit(page, button, { user_code: 'WDJB-MJHT' });
      assert.equal(codeOf(refused), 'not_signed_in');
      const back = new URL(
        refused.$('a.primary').attr('href')!,
        world.urls.bridge,
      ).searchParams.get('return_to')!;
      assert.equal(new URL(back, world.urls.bridge).pathname, path.split('?')[0]);
    }
  });
});

function authorizePath(verifier: string): string {
  const query = {
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: 'http://127.0.0.1:9/callback',
    state: 'state-of-a-test',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  return `/oauth/authorize?${new URLSearchParams(query)}`;
}

describe('a form that is sent again', () => {
  const world = useWorld();

  it('approves a terminal once: a reload and Back show that it is signed in, and count as no wrong code', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const begun = await beginDevice(world);
    const form = await visitor.get(`${world.urls.bridge}/device`);
    const question = await visitor.submit(form, 'form[action="/device"]', {
      user_code: begun.json.user_code,
    });

    const [one, two] = await Promise.all([
      visitor.submit(question, 'button[value=approve]'),
      visitor.clone().submit(question, 'button[value=approve]'),
    ]);
    for (const page of [one, two]) assert.match(page.text, /Your terminal is signed in/);
    assert.match((await visitor.get(one.url)).text, /Your terminal is signed in/);

    const { status } = await pollDevice(world, begun.json.device_code);
    assert.equal(status, 200);

    for (let times = 0; times < 12; times++)
      for (const page of [
        await visitor.submit(question, 'button[value=approve]'),
        await visitor.submit(form, 'form[action="/device"]', { user_code: begun.json.user_code }),
      ])
        assert.match(page.text, /Your terminal is signed in/);

    const types = await typesOf(world);
    assert.deepEqual(
      ['cli-login.approved', 'cli-session.opened'].map(
        type => types.filter(found => found === type).length,
      ),
      [1, 1],
    );

    // For everybody else the code is as used as before.
    const { visitor: bob } = await world.signIn('bob', 'saml');
    const bobs = await bob.submit(
      await bob.get(`${world.urls.bridge}/device`),
      'form[action="/device"]',
      {
        user_code: begun.json.user_code,
      },
    );
    assert.equal(bobs.status, 410);
  });

  it('stops a login once, and stops one that was approved a moment before', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const begun = await beginDevice(world);
    const form = await visitor.get(`${world.urls.bridge}/device`);
    const question = await visitor.submit(form, 'form[action="/device"]', {
      user_code: begun.json.user_code,
    });
    for (const button of ['button[value=disown]', 'button[value=disown]', 'button[value=approve]'])
      assert.match((await visitor.submit(question, button)).text, /The login was stopped/);
    assert.equal((await pollDevice(world, begun.json.device_code)).json.error, 'access_denied');

    const another = await beginDevice(world);
    const asked = await visitor.submit(form, 'form[action="/device"]', {
      user_code: another.json.user_code,
    });
    await visitor.submit(asked, 'button[value=approve]');
    const { json } = await pollDevice(world, another.json.device_code);
    assert.match(
      (await visitor.submit(asked, 'button[value=disown]')).text,
      /The login was stopped/,
    );
    const refreshed = await postForm(world, '/oauth/token', {
      grant_type: 'refresh_token',
      client_id: CLIENT,
      refresh_token: json.refresh_token,
    });
    assert.equal(refreshed.json.error, 'invalid_grant');
  });

  it('ends a session once, and says that it has ended', async () => {
    const { visitor } = await loginByDevice(world, 'alice');
    const page = await visitor.get(`${world.urls.bridge}/sessions`);
    const count = async (): Promise<number> =>
      (await typesOf(world)).filter(type => type === 'cli-session.ended').length;

    const before = await count();
    assert.match((await visitor.submit(page, 'button[value=end]')).text, /The session was ended/);

    for (const button of ['button[value=end]', 'button[value=end]']) {
      const again = await visitor.submit(page, button);
      assert.equal(again.status, 200);
      assert.match(again.text, /has already ended/);
    }
    assert.equal(await count(), before + 1);

    const disowned = await visitor.submit(page, 'button[value=end]', { decision: 'disown' });
    assert.match(disowned.text, /has already ended/);
  });

  it('gives a program one code, then shows that it is signed in', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const verifier = 'a-third-verifier-of-a-test-long-enough-00000';
    const page = await visitor.get(world.urls.bridge + authorizePath(verifier));
    const approve = async (browser: Visitor): Promise<Page> =>
      browser.submit(page, 'button[value=approve]', {}, { stopAt: url => url.includes(':9/') });
    const before = (await typesOf(world)).filter(type => type === 'cli-login.approved').length;

    const answers = await Promise.all([
      approve(visitor),
      approve(visitor.clone()),
      approve(visitor.clone()),
    ]);
    assert.equal(new Set(answers.map(({ path }) => path.at(-1))).size, 1);
    assert.equal(
      (await typesOf(world)).filter(type => type === 'cli-login.approved').length,
      before + 1,
    );

    const code = new URL(answers[0]!.path.at(-1)!).searchParams.get('code')!;
    const exchange = {
      grant_type: 'authorization_code',
      client_id: CLIENT,
      redirect_uri: 'http://127.0.0.1:9/callback',
    };
    const { status, json } = await postForm(world, '/oauth/token', {
      ...exchange,
      code,
      code_verifier: verifier,
    });
    assert.equal(status, 200, JSON.stringify(json));
    assert.match((await approve(visitor)).text, /Your terminal is signed in/);

    // "I did not start this", one page back: what came of the approval ends.
    const disowned = await visitor.submit(
      page,
      'button[value=disown]',
      {},
      { stopAt: url => url.includes(':9/') },
    );
    assert.match(disowned.path.at(-1)!, /error=access_denied/);

    const refreshed = await postForm(world, '/oauth/token', {
      grant_type: 'refresh_token',
      client_id: CLIENT,
      refresh_token: json.refresh_token,
    });
    assert.equal(refreshed.json.error, 'invalid_grant');
  });

  it('approved again after the code was not taken in time gives another code', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const verifier = 'a-fourth-verifier-of-a-test-long-enough-0000';
    const page = await visitor.get(world.urls.bridge + authorizePath(verifier));
    const approve = () =>
      visitor.submit(page, 'button[value=approve]', {}, { stopAt: url => url.includes(':9/') });
    const codeIn = ({ path }: Page): string | null =>
      new URL(path.at(-1)!).searchParams.get('code');
    const first = codeIn(await approve());
    world.clock.turn(61);

    const second = codeIn(await approve());

    assert.ok(first !== null && second !== null && first !== second);
  });
});

describe('a store that cannot write', () => {
  const gone = (): Promise<never> =>
    Promise.reject(new BridgeError('unavailable', 'the store of this test takes no writes'));

  /** The bridge of the world, of which some methods fail. */
  const failing = (
    world: World,
    signIn: Partial<World['bridge']['signIn']>,
    rest: Partial<World['bridge']> = {},
  ): void =>
    answer(
      world.servers.bridge,
      createApp({ ...world.bridge, signIn: { ...world.bridge.signIn, ...signIn }, ...rest }),
    );

  const cleared = (page: Page): boolean =>
    /rolebridge=;.*Expires=Thu, 01 Jan 1970/.test(page.headers.get('set-cookie') ?? '');

  for (const [title, fault] of [
    ['end the session', { signOut: gone }],
    ['read the session', { knownSessionOf: gone as () => Promise<Session | undefined> }],
  ] as const) {
    it(`signs the browser out when it cannot ${title}, and says what is left`, async t => {
      const world = await worldFor(t);
      const { visitor, page } = await world.signIn('alice', 'saml');
      failing(world, fault);
      const done = await visitor.submit(page, 'form[action="/sign-out"]');
      assert.equal(done.status, 503);
      assert.ok(cleared(done), String(done.headers.get('set-cookie')));
      assert.match(
        done.text,
        /This browser is signed out, but the bridge could not end your session/,
      );
      assert.equal(done.$('form[action="/sign-out"]').length, 0);

      // Another site cannot do it.
      const { visitor: other } = await (async () => {
        answer(world.servers.bridge, createApp(world.bridge));
        const signedIn = await world.signIn('alice', 'saml');
        failing(world, fault);
        return signedIn;
      })();
      const forged = await other.post(`${world.urls.bridge}/sign-out`, '', {
        'sec-fetch-site': 'cross-site',
      });
      assert.deepEqual([forged.status, forged.headers.get('set-cookie')], [403, null]);
    });
  }

  it('signs the browser out everywhere as far as it can, and says what is left', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('alice', 'saml');
    const page = await visitor.get(`${world.urls.bridge}/sessions`);
    failing(world, {}, { mySessions: { ...world.bridge.mySessions, endAll: gone } });
    const done = await visitor.submit(page, 'button[value=everywhere]');
    assert.equal(done.status, 503);
    assert.ok(cleared(done));
    assert.match(done.text, /could not end all your sessions/);
  });
});
