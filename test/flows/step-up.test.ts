/** Step-up in the browser: to a console link and to the credentials page, by both protocols. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { goodStepUpManners } from '../../src/dev/saml-idp/manners.ts';
import { button, credentialsOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  CONNECTOR,
  enterPassword,
  leaveOidcIdp,
  type Protocol,
  useWorld,
  type World,
} from '../support/world.ts';

const ORIGIN = { correlationId: 'test', address: '127.0.0.1' };
const DESTINATION = 'https://eu-west-1.console.aws.amazon.com/s3/home';
const CONSOLE = `/console?account=prod&role=Admin&destination=${DESTINATION}`;
const CREDENTIALS = '/credentials?account=prod&role=Admin';
const MFA = 'https://refeds.org/profile/mfa';
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

/** Short enough that a SAML request, which is dated by the clock of the machine, is not too old. */
const LIMIT = 60;

/** Short limits, and a rule that requires a newer sign-in and no second factor. */
const impatient = (yaml: string): string =>
  yaml.replaceAll('authenticatedWithin: 8h', 'authenticatedWithin: 1m').replace(
    '  - name: by-group-name',
    `  - name: recent
    groups: [developers]
    connectors: [${CONNECTOR.oidc}, ${CONNECTOR.saml}]
    accounts: [staging]
    roles: [Recent]
    require: { authenticatedWithin: 1m }

  - name: by-group-name`,
  );

/** Requests for authentication at the identity providers, on the way to this page. */
function requestsIn({ path }: Page, { urls }: World): URL[] {
  return path
    .map(address => new URL(address))
    .filter(
      ({ origin, pathname }) =>
        (origin === urls.oidc && pathname === '/auth') ||
        (origin === urls.saml && pathname === '/sso'),
    );
}

function requestXml(request: URL): string {
  const encoded = Buffer.from(request.searchParams.get('SAMLRequest')!, 'base64');
  return inflateRawSync(encoded).toString();
}

/** What the page says that the identity provider answered. */
function factsOn(page: Page): Record<string, string> {
  const pairs = page.$('section dl.answer > div').toArray();
  return Object.fromEntries(
    pairs.map(pair => [page.$(pair).find('dt').text(), page.$(pair).find('dd').text()]),
  );
}

function codeOn(page: Page): string {
  return page.$('.status-line code').text();
}

for (const protocol of ['oidc', 'saml'] as const satisfies Protocol[])
  describe(`step-up in the browser by ${protocol}`, () => {
    const world = useWorld({ configure: impatient });

    const arrive = async (path: string, secondFactor = true) => {
      const { visitor } = await world.signIn('alice', protocol, { secondFactor });
      return { visitor, login: await visitor.get(world.urls.bridge + path) };
    };

    it('leads from a console link to the identity provider, and on to the console', async () => {
      const { visitor, login } = await arrive(CONSOLE, false);
      assert.equal(login.$('input[type=password]').length, 1, login.text);
      assert.equal(requestsIn(login, world).length, 1);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.match(page.text, new RegExp(`Asked for ?${DESTINATION}`));

      const [event] = (await world.audit()).filter(({ type }) => type === 'sign-in.stepped-up');
      assert.ok(event?.type === 'sign-in.stepped-up');
      assert.deepEqual(event.asked, { multiFactor: true, withinSeconds: LIMIT });
      assert.equal(event.multiFactor, true);
      assert.ok(event.methods.includes(MFA));
      assert.equal(event.actor.username, 'alice');
    });

    it('leads from the credentials page to the identity provider and back', async () => {
      const { visitor, login } = await arrive(CREDENTIALS, false);
      const question = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(question.url, world.urls.bridge + CREDENTIALS);
      const page = await visitor.submit(question, 'form[action="/credentials"]');
      assert.ok(credentialsOn(page).accessKeyId);
    });

    it('asks for a newer sign-in when the last one is too old, and for the second factor too', async () => {
      const { visitor } = await world.signIn('alice', protocol);
      world.clock.turn(LIMIT + 1);
      const login = await visitor.get(world.urls.bridge + CONSOLE);
      const [request, ...more] = requestsIn(login, world);
      assert.equal(more.length, 0);
      if (protocol === 'oidc') {
        const { searchParams } = request!;
        assert.equal(searchParams.get('max_age'), String(LIMIT));
        assert.equal(searchParams.get('acr_values'), MFA);
        assert.equal(searchParams.get('prompt'), null);
      } else {
        const xml = requestXml(request!);
        assert.match(xml, /ForceAuthn="true"/);
        assert.match(xml, new RegExp(`Comparison="exact".*AuthnContextClassRef[^>]*>${MFA}<`));
      }
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.match(page.text, new RegExp(`Asked for ?${DESTINATION}`));
    });

    it('leads there from a button of a page that was opened before', async () => {
      const { visitor } = await world.signIn('alice', protocol);
      const portal = await visitor.get(`${world.urls.bridge}/`);
      world.clock.turn(LIMIT + 1);
      const login = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
      assert.equal(requestsIn(login, world).length, 1, login.text);
      const question = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(question.url, world.urls.bridge + CREDENTIALS);
    });

    it('replaces the session of the browser, which keeps how it was stepped up', async () => {
      const { visitor, login } = await arrive(CREDENTIALS, false);
      const before = visitor.cookie(world.urls.bridge, 'rolebridge');
      await enterPassword(visitor, login, { username: 'alice' });
      const after = visitor.cookie(world.urls.bridge, 'rolebridge');
      assert.notEqual(after, before);
      assert.equal(await world.bridge.signIn.sessionOf(before, ORIGIN), undefined);
      const { steppedUp } = (await world.bridge.signIn.sessionOf(after, ORIGIN))!;
      assert.equal(steppedUp?.at, world.clock.now());
      assert.deepEqual(steppedUp?.wish, { multiFactor: true, withinSeconds: LIMIT });
      assert.equal(steppedUp?.authentication.multiFactor, true);
    });

    it('offers a link and no redirect when another role requires more right after a step-up', async () => {
      const { visitor } = await world.signIn('alice', protocol, { secondFactor: false });
      world.clock.turn(LIMIT + 1);
      const login = await visitor.get(
        `${world.urls.bridge}/credentials?account=staging&role=Recent`,
      );
      const recent = await enterPassword(visitor, login, {
        username: 'alice',
        secondFactor: false,
      });
      assert.match(recent.text, /Get credentials\?/);

      const refused = await visitor.get(world.urls.bridge + CREDENTIALS);
      assert.equal(codeOn(refused), 'proof_missing');
      assert.equal(requestsIn(refused, world).length, 0);
      const link = refused.$('a.primary').attr('href')!;
      const again = await visitor.get(new URL(link, world.urls.bridge).href);
      const page = await enterPassword(visitor, again, { username: 'alice' });
      assert.equal(page.url, world.urls.bridge + CREDENTIALS);
    });

    it('is offered by the portal for each role that requires it', async () => {
      const { visitor } = await world.signIn('alice', protocol, { secondFactor: false });
      const portal = await visitor.get(`${world.urls.bridge}/`);
      const href = portal.$('a[href="/step-up?account=prod&role=Admin"]').attr('href')!;
      const login = await visitor.get(new URL(href, world.urls.bridge).href);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.url, `${world.urls.bridge}/`);
      assert.equal(page.$(button('Console', 'prod', 'Admin')).length, 1);
    });

    it('keeps a console destination of 4,000 characters', async () => {
      const destination = `${DESTINATION}?${'x'.repeat(3900)}`;
      const path = `/console?account=prod&role=Admin&destination=${encodeURIComponent(destination)}`;
      const { visitor, login } = await arrive(path, false);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.ok(page.text.includes(destination), page.text.slice(0, 300));
    });

    it('refuses a role that no sign-in can give, without a step-up', async () => {
      const { visitor } = await world.signIn('bob', protocol, { secondFactor: false });
      for (const path of ['/console', '/step-up']) {
        const page = await visitor.get(`${world.urls.bridge}${path}?account=prod&role=Admin`);
        assert.deepEqual([page.status, codeOn(page)], [403, 'access_denied'], path);
        assert.equal(requestsIn(page, world).length, 0);
      }
    });

    it('goes straight back when nothing is missing, and never to another site', async () => {
      const { visitor } = await world.signIn('alice', protocol);
      for (const [returnTo, place] of [
        [CREDENTIALS, CREDENTIALS],
        ['https://evil.example/', '/'],
        ['//evil.example/', '/'],
      ]) {
        const query = new URLSearchParams({ account: 'prod', role: 'Admin', return_to: returnTo! });
        const page = await visitor.get(`${world.urls.bridge}/step-up?${query}`);
        assert.equal(page.url, world.urls.bridge + place);
      }
    });

    it('leads a user who is not signed in to where they wanted to go', async () => {
      const query = new URLSearchParams({ account: 'prod', role: 'Admin', return_to: CREDENTIALS });
      const visitor = new Visitor();
      const signIn = await visitor.get(`${world.urls.bridge}/step-up?${query}`);
      const href = signIn.$(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).attr('href')!;
      const login = await visitor.get(new URL(href, world.urls.bridge).href);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.url, world.urls.bridge + CREDENTIALS);
    });

    it('changes nothing when another user answers', async () => {
      const { visitor } = await world.signIn('alice', protocol, { secondFactor: false });
      const before = visitor.cookie(world.urls.bridge, 'rolebridge');
      leaveOidcIdp(visitor, world);
      const login = await visitor.get(world.urls.bridge + CREDENTIALS);
      const page = await enterPassword(visitor, login, { username: 'bob' });
      assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_mismatch']);
      assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), before);
      assert.match((await visitor.get(`${world.urls.bridge}/`)).text, /Alice Adams|Admin/);
      const event = (await world.audit()).find(({ type }) => type === 'sign-in.step-up-refused');
      assert.ok(event?.type === 'sign-in.step-up-refused');
      assert.deepEqual([event.code, event.actor.username], ['step_up_mismatch', 'alice']);
    });
  });

describe('a step-up that an OpenID provider does not give', () => {
  const world = useWorld({ configure: impatient });
  afterEach(() => void Object.assign(world.oidcIdp.stepUp, goodManners().stepUp));

  const ATTEMPTS: readonly {
    readonly title: string;
    readonly manners: Partial<World['oidcIdp']['stepUp']>;
    readonly secondFactor?: boolean;
    readonly facts: Readonly<Record<string, RegExp>>;
  }[] = [
    {
      title: 'refuses acr_values',
      manners: { acr: 'refused' },
      facts: {
        error: /^unmet_authentication_requirements$/,
        error_description: /not available to this user/,
      },
    },
    {
      title: 'refuses with hostile text',
      manners: {
        acr: 'refused',
        refusal: { error: 'interaction_required', description: `<b>50076</b>${'x'.repeat(400)}` },
      },
      facts: { error: /^interaction_required$/, error_description: /^<b>50076<\/b>x{280,290}…$/ },
    },
    {
      title: 'ignores acr_values',
      manners: { acr: 'ignored' },
      facts: {
        'acr and amr': new RegExp(`pwd.*${PASSWORD}`),
        auth_time: /^2026-\d\d-\d\d \d\d:\d\d UTC$/,
      },
    },
    {
      title: 'states a weaker acr',
      manners: { acr: 'weaker' },
      secondFactor: true,
      facts: {
        'acr and amr': new RegExp(`pwd.*${PASSWORD}`),
        auth_time: /^2026-\d\d-\d\d \d\d:\d\d UTC$/,
      },
    },
    {
      title: 'states an auth_time of 0',
      manners: { authTime: 'zero' },
      secondFactor: true,
      facts: { 'acr and amr': new RegExp(MFA), auth_time: /^not stated$/ },
    },
    {
      title: 'states no auth_time',
      manners: { authTime: 'absent' },
      secondFactor: true,
      facts: { 'acr and amr': new RegExp(MFA), auth_time: /^not stated$/ },
    },
  ];
  for (const { title, manners, secondFactor = false, facts } of ATTEMPTS)
    it(`ends on a page when the provider ${title}`, async () => {
      const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
      Object.assign(world.oidcIdp.stepUp, manners);
      const login = await visitor.get(world.urls.bridge + CREDENTIALS);
      const page = await enterPassword(visitor, login, { username: 'alice', secondFactor });
      await endsOnce(world, visitor, page);
      const shown = factsOn(page);
      assert.equal(shown['Asked for'], 'a second factor (MFA) and a sign-in of the last 1 min');
      for (const [term, value] of Object.entries(facts))
        assert.match(shown[term] ?? '', value, term);
    });

  it('ends on a page when the provider ignores max_age and keeps its session', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    world.clock.turn(LIMIT + 1);
    Object.assign(world.oidcIdp.stepUp, { maxAge: 'ignored', prompt: 'ignored' });
    const page = await visitor.get(world.urls.bridge + CREDENTIALS);
    await endsOnce(world, visitor, page);
    assert.match(factsOn(page).auth_time!, / UTC$/);
  });

  it('shows what a provider that refuses max_age=0 answered, and does not repeat the request', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    world.oidcIdp.stepUp.maxAge = 'refused';
    const page = await visitor.get(
      `${world.urls.bridge}/sign-in/${CONNECTOR.oidc}?reauthenticate=1`,
    );
    assert.equal(requestsIn(page, world).length, 1);
    assert.deepEqual([page.status, codeOn(page)], [403, 'idp_refused']);
    assert.deepEqual(factsOn(page), {
      error: 'invalid_request',
      error_description: 'The max_age parameter is not accepted.',
    });
  });
});

describe('a step-up that a SAML identity provider does not give', () => {
  const world = useWorld({ configure: impatient });
  afterEach(() => {
    const { refusal, ...good } = goodStepUpManners();
    Object.assign(world.samlIdp.stepUp, good);
    Object.assign(world.samlIdp.stepUp.refusal, refusal);
  });

  const ATTEMPTS: readonly {
    readonly title: string;
    readonly manners: Partial<World['samlIdp']['stepUp']>;
    readonly message?: string;
    readonly secondFactor?: boolean;
    readonly facts: Readonly<Record<string, RegExp>>;
  }[] = [
    {
      title: 'refuses RequestedAuthnContext',
      manners: { authnContext: 'refused' },
      message: 'Event 364: <i>not</i> possible',
      facts: { Status: /^Responder, NoAuthnContext$/, StatusMessage: /^Event 364: <i>not<\/i> po/ },
    },
    {
      title: 'refuses ForceAuthn',
      manners: { forceAuthn: 'refused' },
      facts: { Status: /^Responder, NoAuthnContext$/ },
    },
    {
      title: 'ignores RequestedAuthnContext',
      manners: { authnContext: 'ignored' },
      facts: { AuthnContextClassRef: new RegExp(PASSWORD), AuthnInstant: /^2026-/ },
    },
    {
      title: 'states a weaker context',
      manners: { authnContext: 'weaker' },
      secondFactor: true,
      facts: { AuthnContextClassRef: new RegExp(PASSWORD), AuthnInstant: /^2026-/ },
    },
  ];
  for (const { title, manners, message, secondFactor = false, facts } of ATTEMPTS)
    it(`ends on a page when the provider ${title}`, async () => {
      const { visitor } = await world.signIn('alice', 'saml', { secondFactor: false });
      Object.assign(world.samlIdp.stepUp, manners);
      world.samlIdp.stepUp.refusal.message = message;
      const login = await visitor.get(world.urls.bridge + CREDENTIALS);
      const page = await enterPassword(visitor, login, { username: 'alice', secondFactor });
      await endsOnce(world, visitor, page);
      const shown = factsOn(page);
      for (const [term, value] of Object.entries(facts))
        assert.match(shown[term] ?? '', value, term);
    });

  it('ends on a page when the provider states the time of an earlier sign-in', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    world.clock.turn(LIMIT + 1);
    world.samlIdp.stepUp.authnInstant = 'stale';
    const login = await visitor.get(world.urls.bridge + CREDENTIALS);
    const page = await enterPassword(visitor, login, { username: 'alice' });
    await endsOnce(world, visitor, page);
  });
});

/** The page says that the step-up failed, nothing was asked twice, and the session goes on. */
async function endsOnce(world: World, visitor: Visitor, page: Page): Promise<void> {
  assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_failed'], page.text);
  const last = new URL(page.url);
  assert.match(last.pathname, /^\/(?:oidc\/[\w-]+\/callback|saml\/[\w-]+\/acs)$/);
  assert.ok(requestsIn(page, world).length <= 1, page.path.join(' -> '));
  assert.equal(page.$('b, i').length, 0, 'nothing of the answer is markup');
  const portal = await visitor.get(`${world.urls.bridge}/`);
  assert.match(portal.text, /prod/);
  const event = (await world.audit()).find(({ type }) => type === 'sign-in.step-up-refused');
  assert.ok(event?.type === 'sign-in.step-up-refused');
  assert.deepEqual([event.code, event.actor.username], ['step_up_failed', 'alice']);
  const again = page.$('a.primary').attr('href')!;
  assert.match(again, /^\/step-up\?account=prod&role=Admin/);
  assert.match(page.$('.lede').text(), /^You are still signed in here\./);
  assert.equal(page.$('a.primary + a').attr('href'), '/');
}
