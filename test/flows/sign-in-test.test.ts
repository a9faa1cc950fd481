/** An administrator tries a sign-in: what is shown, to whom, and that nothing comes of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Person } from '../../src/dev/people.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Protocol, useWorld, type World } from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];
/** Where the administrator signs in, so that no user is signed in at the provider that is tried. */
const OTHER: { readonly [P in Protocol]: Protocol } = { oidc: 'saml', saml: 'oidc' };

function person(username: string, groups: readonly string[]): Person {
  const named = { username, password: username, displayName: username, department: 'Payments' };
  return { ...named, email: `${username}@acme.example`, groups };
}

const PEOPLE = [
  person('alice', ['bridge-admins', 'developers']),
  person('bob', ['developers', 'Aws-Admins', 'aws-nowhere-Admin', 'knitting-club']),
  person('mallory', ['developers']),
];

const administered = (yaml: string): string =>
  yaml.replace(
    'administrators: { groups: [aws-admins]',
    'administrators: { groups: [bridge-admins]',
  );

const withoutAdministrators = (yaml: string): string => yaml.replace(/^administration:\n.*\n/m, '');

function pathOf(connector: string): string {
  return `/sign-in/test/${connector}`;
}

/** Presses the button, and enters the password of the user who is tried. */
async function tryAs(
  world: World,
  visitor: Visitor,
  { username, protocol }: { readonly username: string; readonly protocol: Protocol },
): Promise<Page> {
  const start = await visitor.get(`${world.urls.bridge}${pathOf(CONNECTOR[protocol])}`);
  const login = await visitor.submit(start, `form[action="${pathOf(CONNECTOR[protocol])}"]`);
  return enterPassword(visitor, login, { username });
}

function isTested(event: AuditEvent): event is Extract<AuditEvent, { type: 'sign-in.tested' }> {
  return event.type === 'sign-in.tested';
}

describe('a sign-in that an administrator tries', () => {
  const world = useWorld({ people: PEOPLE, configure: administered });

  for (const protocol of PROTOCOLS) {
    it(`shows what came of another user, and opens no session (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const before = visitor.cookie(world.urls.bridge, 'rolebridge');

      const page = await tryAs(world, visitor, { username: 'bob', protocol });

      assert.equal(page.status, 200, page.text);
      assert.match(page.headers.get('cache-control') ?? '', /no-store/);
      const names = page
        .$('dt code')
        .toArray()
        .map(element => page.$(element).text());
      assert.ok(names.includes(protocol === 'oidc' ? 'preferred_username' : 'uid'), String(names));
      assert.ok(!names.some(name => /nonce|at_hash|^sid$/.test(name)));
      // The same user as before, in the same session.
      assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), before);
      const portal = await visitor.get(`${world.urls.bridge}/`);
      assert.match(portal.$('header').text(), /alice/);
    });

    it(`keeps every value closed until it is opened (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const page = await tryAs(world, visitor, { username: 'bob', protocol });

      assert.equal(page.$('details[open]').length, 0);
      assert.ok(page.$('details').text().includes('bob@acme.example'));
      assert.ok(page.$('details').text().includes('knitting-club'));
      page.$('details').remove();
      const open = page.$('main').text();
      assert.doesNotMatch(open, /bob@acme\.example|knitting-club|Payments/);
    });

    it(`explains the rules that match and nearly match (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const page = await tryAs(world, visitor, { username: 'bob', protocol });

      const rules = page.$('section[aria-labelledby=rules-title]').text();
      assert.match(rules, /The group developers gives .*prod\/Developer/);
      assert.match(rules, /The rule names the group aws-admins, and the user is in Aws-Admins/);
      assert.match(rules, /The group aws-nowhere-Admin begins like the pattern aws-\{account\}/);
      assert.match(rules, /Groups that arrived: 4. Groups that no rule names: 3/);
    });

    it(`changes no record, and is in the audit trail (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const before = (await world.audit()).length;

      await tryAs(world, visitor, { username: 'mallory', protocol });

      const [event, ...others] = (await world.audit()).slice(0, -before || undefined);
      assert.deepEqual(others, []);
      assert.ok(event !== undefined && isTested(event));
      const { actor, testedConnector, testedUsername, testedPerson, code } = event;
      assert.deepEqual(
        [actor.username, testedConnector, testedUsername, code],
        ['alice', CONNECTOR[protocol], 'mallory', undefined],
      );
      assert.notEqual(testedPerson, actor.person);
      assert.deepEqual(await world.bridge.storage.store.people.named('mallory'), []);
    });

    it(`works once (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const page = await tryAs(world, visitor, { username: 'bob', protocol });
      if (protocol === 'saml') return;
      const again = await visitor.get(page.url);
      assert.match(again.url, /\/sign-in\/test\//);
      assert.doesNotMatch(again.text, /bob/);
    });
  }
});

describe('what the provider issued for a test', () => {
  const world = useWorld({ people: PEOPLE, configure: administered });

  it('is revoked, and kept nowhere', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const before = world.oidcIdp.requests.revocation;
    await tryAs(world, visitor, { username: 'bob', protocol: 'oidc' });
    assert.equal(world.oidcIdp.requests.revocation, before + 1);
  });
});

describe('a sign-in that another user tries', () => {
  const world = useWorld({ people: PEOPLE, configure: administered });
  const asked = async (visitor: Visitor, connector: string): Promise<Page> =>
    visitor.get(`${world.urls.bridge}${pathOf(connector)}`);
  const withoutReference = (page: Page): string =>
    page.text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '');

  it('looks like a page that does not exist, whether or not the connector exists', async () => {
    const { visitor } = await world.signIn('mallory', 'oidc');
    const known = await asked(visitor, CONNECTOR.saml);
    const unknown = await asked(visitor, 'nowhere');
    const other = await visitor.get(`${world.urls.bridge}/no/such/page`);

    for (const page of [known, unknown]) {
      assert.equal(page.status, 404);
      assert.equal(withoutReference(page), withoutReference(other));
    }
  });

  it('cannot begin one by its form', async () => {
    const { visitor, page } = await world.signIn('mallory', 'oidc');
    const csrf = String(page.$('input[name=csrf_token]').val());
    const refused = await visitor.post(
      `${world.urls.bridge}${pathOf(CONNECTOR.oidc)}`,
      new URLSearchParams({ csrf_token: csrf }),
    );
    assert.equal(refused.status, 404);
    assert.equal(refused.$('main a[href^="http"]').length, 0);
  });

  it('tells an administrator which connectors are unknown', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const page = await asked(visitor, 'nowhere');
    assert.equal(page.status, 404);
    assert.match(page.text, /connector_unknown/);
  });

  it('asks a browser without a session to sign in first', async () => {
    const page = await asked(new Visitor(), CONNECTOR.oidc);
    assert.match(page.text, /Sign in|Acme/);
    assert.equal(page.$('form[action^="/sign-in/test"]').length, 0);
  });
});

describe('an administrator who is no longer one at the return', () => {
  const world = useWorld({ people: PEOPLE, configure: administered });
  /** The address of the provider, and the administrator's browser. */
  const begun = async (): Promise<{ visitor: Visitor; login: Page }> => {
    const { visitor } = await world.signIn('alice', 'saml');
    const path = pathOf(CONNECTOR.oidc);
    const start = await visitor.get(`${world.urls.bridge}${path}`);
    return { visitor, login: await visitor.submit(start, `form[action="${path}"]`) };
  };

  it('sees nothing after a sign-out, and gets no session', async () => {
    const { visitor, login } = await begun();
    const portal = await visitor.get(`${world.urls.bridge}/`);
    await visitor.submit(portal, 'form[action="/sign-out"]');

    const page = await enterPassword(visitor, login, { username: 'bob' });

    assert.ok(page.status >= 400, page.text);
    assert.doesNotMatch(page.text, /bob@acme|developers/);
    assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), undefined);
  });

  it('sees nothing if another user is signed in by then', async () => {
    const { visitor, login } = await begun();
    const { visitor: other } = await world.signIn('mallory', 'saml');
    const session = other.cookie(world.urls.bridge, 'rolebridge')!;
    visitor.setCookie(world.urls.bridge, 'rolebridge', session);

    const page = await enterPassword(visitor, login, { username: 'bob' });

    assert.equal(page.status, 400, page.text);
    assert.doesNotMatch(page.text, /bob@acme/);
    assert.match((await visitor.get(`${world.urls.bridge}/`)).$('header').text(), /mallory/);
  });

  it('sees nothing once a newer sign-in has lost the group', async () => {
    const { visitor, login } = await begun();
    const groups = PEOPLE[0]!.groups as string[];
    groups.splice(0, 1);
    try {
      await world.signIn('alice', 'saml');
      const page = await enterPassword(visitor, login, { username: 'bob' });
      assert.equal(page.status, 404, page.text);
      assert.doesNotMatch(page.text, /bob@acme/);
    } finally {
      groups.unshift('bridge-admins');
    }
  });
});

describe('a test of a user without an identity', () => {
  const world = useWorld({
    people: [...PEOPLE, person('hei\u200bdi', ['developers'])],
    configure: administered,
  });
  for (const protocol of PROTOCOLS) {
    it(`names the claim, and shows invisible characters (${protocol})`, async () => {
      const { visitor } = await world.signIn('alice', OTHER[protocol]);
      const page = await tryAs(world, visitor, { username: 'hei\u200bdi', protocol });

      assert.equal(page.status, 200, page.text);
      assert.match(page.text, /the username claim "\w+" contains a control or invisible character/);
      assert.ok(page.$('details').text().includes('hei\\u{200b}di'));
      assert.equal(page.$('section[aria-labelledby=rules-title]').length, 0);
      const event = (await world.audit()).find(isTested);
      assert.equal(event?.code, 'identity_incomplete');
      assert.equal(event?.testedPerson, undefined);
    });
  }
});

describe('without administrators', () => {
  const world = useWorld({ people: PEOPLE, configure: withoutAdministrators });
  it('no user can try a sign-in', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const page = await visitor.get(`${world.urls.bridge}${pathOf(CONNECTOR.oidc)}`);
    assert.equal(page.status, 404);
  });
});
