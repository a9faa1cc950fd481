import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import supertest from 'supertest';
import { fieldsOf, type Page, Visitor } from '../support/visitor.ts';
import {
  CONNECTOR,
  enterPassword,
  type Protocol,
  useWorld,
  type World,
  worldFor,
} from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];

describe('signing in through the front door', () => {
  const world = useWorld();
  const signInUrl = (protocol: Protocol, query = ''): string =>
    `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}${query}`;

  it('offers every connector to a stranger', async () => {
    const page = await new Visitor().get(world.urls.bridge);
    assert.equal(page.status, 200);
    assert.match(page.text, /Acme Login OpenID Connect/);
    assert.match(page.text, /Acme AD FS SAML/);
    assert.equal(page.$(`a[href="/sign-in/${CONNECTOR.saml}"]`).length, 1);
  });

  for (const protocol of PROTOCOLS) {
    describe(`by ${protocol}`, () => {
      it('brings alice to her roles', async () => {
        const { page } = await world.signIn('alice', protocol);
        assert.equal(page.url, `${world.urls.bridge}/`);
        assert.match(page.$('header').text(), /Alice Adams/);
        for (const text of ['prod', 'staging', 'gov', 'partner', 'Admin', 'Auditor', 'Developer'])
          assert.match(page.text, new RegExp(text));
      });

      it("takes dave's 240 groups", async () => {
        const { page } = await world.signIn('dave', protocol);
        assert.match(page.text, /ReadOnly/);
        assert.match(page.text, /by-group-name/);
        const [event] = (await world.audit()).filter(({ type }) => type === 'sign-in.succeeded');
        assert.equal(event?.type === 'sign-in.succeeded' && event.groupCount, 240);
      });

      it('brings people back to where they wanted to go', async () => {
        const { page } = await world.signIn('alice', protocol, { returnTo: '/?q=gov' });
        assert.equal(page.url, `${world.urls.bridge}/?q=gov`);
      });

      it('does not bring anybody to another site', async () => {
        const { page } = await world.signIn('alice', protocol, { returnTo: '//evil.example/' });
        assert.equal(page.url, `${world.urls.bridge}/`);
      });

      it('reads the same answer once, and then leads a signed-in user on', async () => {
        const visitor = new Visitor();
        const login = await visitor.get(signInUrl(protocol));
        const { deliver } = await answerOf(world, visitor, login, 'alice');
        const first = await deliver(visitor);
        assert.equal(first.status, 200);
        const session = visitor.cookie(world.urls.bridge, 'rolebridge');
        const second = await deliver(visitor);
        assert.deepEqual([second.status, second.url], [200, `${world.urls.bridge}/`]);
        assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), session);
      });

      it('gives a raced answer to one of two callers only', async () => {
        const visitor = new Visitor();
        const { deliver } = await answerOf(
          world,
          visitor,
          await visitor.get(signInUrl(protocol)),
          'bob',
        );

        const pages = await Promise.all([
          deliver(visitor.clone()),
          deliver(visitor.clone()),
          deliver(visitor.clone()),
        ]);

        assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 400, 400]);
      });

      it('refuses an answer that arrives in another browser', async () => {
        const victim = new Visitor();
        const attacker = new Visitor();
        await victim.get(signInUrl(protocol));
        const { deliver } = await answerOf(
          world,
          attacker,
          await attacker.get(signInUrl(protocol)),
          'bob',
        );

        const page = await deliver(victim);

        assert.equal(page.status, 400);
        assert.equal(victim.cookie(world.urls.bridge, 'rolebridge'), undefined);
      });

      it('refuses an attempt that took longer than ten minutes', async t => {
        const slow = await worldFor(t);
        const visitor = new Visitor();
        const login = await visitor.get(`${slow.urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
        slow.clock.turn(601);
        const page = await enterPassword(visitor, login, { username: 'alice' });
        assert.equal(page.status, 400);
      });

      it('opens a new session at every sign-in and ends the previous one', async () => {
        const { visitor } = await world.signIn('alice', protocol);
        const old = visitor.clone();
        const first = visitor.cookie(world.urls.bridge, 'rolebridge');
        await world.signIn('alice', protocol, { visitor });
        assert.notEqual(visitor.cookie(world.urls.bridge, 'rolebridge'), first);
        assert.match((await old.get(world.urls.bridge)).text, /Sign in/i);
      });

      it('keeps no session id and no state in the log', async () => {
        const { visitor } = await world.signIn('alice', protocol);
        const id = visitor.cookie(world.urls.bridge, 'rolebridge')!;
        assert.ok(id.length >= 43);
        assert.ok(!world.log.join('').includes(id));
        assert.ok(!/SAMLResponse|code=|state=|"eyJ/.test(world.log.join('')));
      });
    });
  }

  it('lets two tabs of a new browser sign in beside each other', async () => {
    const visitor = new Visitor();
    const one = await visitor.get(signInUrl('saml'));
    const other = await visitor.get(signInUrl('oidc'));
    assert.equal((await enterPassword(visitor, one, { username: 'alice' })).status, 200);
    assert.equal((await enterPassword(visitor, other, { username: 'bob' })).status, 200);
    // And a known browser begins with the same cookie.
    assert.equal((await world.signIn('alice', 'saml', { visitor })).page.status, 200);
  });

  it('keeps users of different connectors apart, even with the same name', async () => {
    const names = await Promise.all(
      PROTOCOLS.map(async protocol => {
        const { visitor } = await world.signIn('alice', protocol);
        return (await visitor.get(`${world.urls.bridge}/`)).status;
      }),
    );
    assert.deepEqual(names, [200, 200]);

    const people = new Set(
      (await world.audit()).flatMap(event =>
        'actor' in event && event.actor?.username === 'alice' ? [event.actor.person] : [],
      ),
    );
    assert.equal(people.size, 2);
  });

  it('names the signed-in user, and ends the session at sign-out, on the server as well', async () => {
    const { visitor, page } = await world.signIn('bob', 'oidc');
    const copy = visitor.clone();
    const out = await visitor.submit(page, 'form[action="/sign-out"]');

    assert.match(out.text, /signed out/i);
    assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), undefined);
    assert.equal((await copy.get(world.urls.bridge)).$('form[action="/sign-out"]').length, 0);
    assert.ok((await world.audit()).some(({ type }) => type === 'sign-out'));
  });

  it('does not sign anybody out for another site', async () => {
    const { visitor, page } = await world.signIn('bob', 'oidc');
    const token = page.$('form[action="/sign-out"] input[name=csrf_token]').attr('value')!;
    const cookie = `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`;
    const post = () =>
      supertest(world.urls.bridge).post('/sign-out').set('cookie', cookie).type('form');

    assert.equal((await post().send({})).status, 403);
    assert.equal((await post().send({ csrf_token: 'x'.repeat(43) })).status, 403);
    assert.equal(
      (await post().set('sec-fetch-site', 'cross-site').send({ csrf_token: token })).status,
      403,
    );
    assert.equal(
      (await post().set('sec-fetch-site', 'same-site').send({ csrf_token: token })).status,
      403,
    );
    assert.equal(
      (await post().set('origin', 'https://evil.example').send({ csrf_token: token })).status,
      403,
    );
    assert.equal((await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length, 1);
    assert.equal(
      (await post().set('origin', world.urls.bridge).send({ csrf_token: token })).status,
      200,
    );
  });

  it('posts the response again from its own page if the browser did not send its cookie', async () => {
    const visitor = new Visitor();
    const login = await visitor.get(signInUrl('saml'));
    const answer = await visitor.submit(login, 'form', { username: 'alice', password: 'alice' });
    const fields = fieldsOf(answer.$('form'));

    const withoutCookie = await new Visitor().post(
      answer.$('form').attr('action')!,
      new URLSearchParams(fields),
    );
    assert.equal(withoutCookie.$('form').attr('action'), `/saml/${CONNECTOR.saml}/acs`);

    const page = await visitor.submit(
      { ...withoutCookie, url: `${world.urls.bridge}/saml/${CONNECTOR.saml}/acs` },
      'form',
    );
    assert.match(page.$('header').text(), /Alice Adams/);

    // Posted again and still no cookie: another browser's answer.
    const refused = await new Visitor().post(
      answer.$('form').attr('action')!,
      new URLSearchParams({ ...fields, reposted: '1' }),
    );
    assert.equal(refused.status, 400);
  });

  it('asks the person once more when a role needs a fresh sign-in', async () => {
    for (const protocol of PROTOCOLS) {
      const { visitor } = await world.signIn('alice', protocol);
      const again = await visitor.get(signInUrl(protocol));
      assert.equal(
        again.$('input[type=password]').length,
        0,
        `${protocol}: the identity provider remembers her`,
      );
      const fresh = await visitor.get(signInUrl(protocol, '?reauthenticate=1'));
      assert.equal(fresh.$('input[type=password]').length, 1, `${protocol}: it asks again`);
    }
  });

  it('refuses a wrong password at the identity provider, and the next sign-in works', async () => {
    for (const protocol of PROTOCOLS) {
      const visitor = new Visitor();
      const page = await enterPassword(visitor, await visitor.get(signInUrl(protocol)), {
        username: 'alice',
        password: 'wrong',
      });
      assert.ok(!page.url.startsWith(world.urls.bridge));
      assert.equal((await world.signIn('alice', protocol)).page.status, 200);
    }
  });

  it('knows no connector of another name', async () => {
    for (const name of ['unknown', '__proto__', 'idp', '..%2f'])
      assert.equal(
        (await new Visitor().get(`${world.urls.bridge}/sign-in/${name}`)).status,
        404,
        name,
      );
  });

  it('does not sign requests for an identity provider that does not require it, unless the configuration says so', async t => {
    const requestOf = async (of: World): Promise<URL> => {
      const toIdp = (url: string): boolean => url.startsWith(of.urls.saml);
      const { path } = await new Visitor().get(`${of.urls.bridge}/sign-in/${CONNECTOR.saml}`, {
        stopAt: toIdp,
      });
      return new URL(path.at(-1)!);
    };
    assert.equal((await requestOf(world)).searchParams.has('Signature'), false);

    const signing = await worldFor(t, {
      configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      signRequests: true'),
    });
    assert.ok((await requestOf(signing)).searchParams.has('Signature'));
    assert.equal((await signing.signIn('alice', 'saml')).page.status, 200);
  });

  it('publishes the metadata of the service provider', async () => {
    const answer = await supertest(world.urls.bridge).get(`/saml/${CONNECTOR.saml}/metadata`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type']!, /samlmetadata\+xml/);
    assert.equal(
      (await supertest(world.urls.bridge).get(`/saml/${CONNECTOR.oidc}/metadata`)).status,
      404,
    );
  });
});

describe('a session', () => {
  it('ends after an hour without use, and after twelve hours in any case', async t => {
    const world = await worldFor(t);
    const signedIn = async (visitor: Visitor): Promise<boolean> =>
      (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;
    const idle = (await world.signIn('alice', 'saml')).visitor;

    const busy = (await world.signIn('bob', 'oidc')).visitor;
    for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
      assert.ok(await signedIn(busy), `after ${minutes} minutes`);
      world.clock.turn(30 * 60);
    }
    assert.ok(!(await signedIn(idle)));
    assert.ok(await signedIn(busy));

    world.clock.turn(30 * 60);
    assert.ok(!(await signedIn(busy)));
  });
});

describe('a session that the identity provider limits', () => {
  it('ends at its SessionNotOnOrAfter, ten hours after the sign-in', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('alice', 'saml');
    const signedIn = async (): Promise<boolean> =>
      (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;

    for (let minutes = 0; minutes < 10 * 60; minutes += 30) {
      assert.ok(await signedIn(), `after ${minutes} minutes`);
      world.clock.turn(30 * 60);
    }
    assert.ok(!(await signedIn()));
  });
});

describe('over https', () => {
  it('the cookies are __Host- cookies, and the attempt cookie travels with the post of another site', async t => {
    const world = await worldFor(t, {
      configure: (yaml, urls) =>
        yaml
          .replaceAll(urls.bridge, 'https://aws.acme.example')
          .replace(/^listen:.*$/m, 'listen: { host: 127.0.0.1, port: 3000 }'),
    });
    const answer = await supertest(world.urls.bridge).get(`/sign-in/${CONNECTOR.oidc}`);
    assert.equal(answer.status, 303);

    const [cookie] = answer.headers['set-cookie'] as unknown as string[];
    assert.match(cookie!, /^__Host-rolebridge-attempt=[\w-]{43}; /);

    for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=None'])
      assert.ok(cookie!.includes(attribute), attribute);
    assert.match(answer.headers['strict-transport-security']!, /max-age=/);
  });
});

/** Stops in front of the bridge with the identity provider's answer in hand. */
async function answerOf(
  world: World,
  visitor: Visitor,
  login: Page,
  username: string,
): Promise<{ deliver: (browser: Visitor) => Promise<Page> }> {
  const toBridge = (url: string): boolean => url.startsWith(`${world.urls.bridge}/oidc/`);
  const page = await visitor.submit(
    login,
    'form',
    { username, password: username },
    { stopAt: toBridge },
  );
  const callback = page.path.at(-1)!;
  if (toBridge(callback)) return { deliver: browser => browser.get(callback) };
  return { deliver: browser => browser.submit(page, 'form') };
}
