/**
 * The way back of a sign-in that has ended (threats R9, R16): it leads to paths of this site alone,
 * is told to the browser of the attempt alone, and signs no one in.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginAt, beginPath, type Deliver } from '../support/begun-sign-in.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, leaveOidcIdp, useWorld } from '../support/world.ts';

const SECRET = '/credentials?account=prod&role=SecretProject';
const HOSTILE = [
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  '/a/..//evil.example',
  'javascript:alert(1)',
  '/%0d%0aLocation:%20//evil.example',
  'https://evil.example/console?account=prod',
  '\u2028//evil.example',
  'https://bridge.example:1/console?account=prod',
  '{bridge}@evil.example/',
  '{bridge}//evil.example/',
  '{bridge}/\\evil.example/',
  '{bridge}.evil.example/',
  'http://127.0.0.1:1/sessions',
];

const codeOn = ({ $ }: Page): string => $('.status-line code').text();

describe('the way back, attacked', () => {
  const world = useWorld();
  const session = (visitor: Visitor) => visitor.cookie(world.urls.bridge, 'rolebridge');
  const refusals = async () =>
    (await world.audit()).flatMap(event => (event.type === 'sign-in.refused' ? [event.code] : []));
  const assertHere = (page: Page): void => {
    for (const url of page.path) assert.equal(new URL(url).origin, world.urls.bridge, url);
    for (const link of page.$('main a').toArray()) {
      const { origin } = new URL(page.$(link).attr('href')!, page.url);
      assert.equal(origin, world.urls.bridge);
    }
  };

  for (const protocol of ['oidc', 'saml'] as const) {
    /** An answer that was used in the browser of its attempt. */
    const used = async (browser: Visitor, username: string): Promise<Deliver> => {
      const begun = await beginAt(world, browser, { protocol, path: beginPath(protocol, SECRET) });
      const deliver = await begun.answer(username);
      await deliver(browser);
      return deliver;
    };

    it(`leads to the path of a whole address of this bridge (${protocol})`, async () => {
      const path = beginPath(protocol, `${world.urls.bridge}/sessions`);
      const visitor = new Visitor();
      const deliver = await (await beginAt(world, visitor, { protocol, path })).answer('alice');
      assert.equal((await deliver(visitor)).url, `${world.urls.bridge}/sessions`);
    });

    for (const hostile of HOSTILE)
      it(`stays here for return_to=${JSON.stringify(hostile)} (${protocol})`, async () => {
        const visitor = new Visitor();
        const path = beginPath(protocol, hostile.replace('{bridge}', world.urls.bridge));
        const cancelled = await (await beginAt(world, visitor, { protocol, path })).cancelled(
          visitor,
        );
        assert.equal(codeOn(cancelled), 'sign_in_cancelled');
        assertHere(cancelled);
        const deliver = await (await beginAt(world, visitor, { protocol, path })).answer('alice');
        for (const page of [await deliver(visitor), await deliver(visitor)]) assertHere(page);
      });

    it(`has no effect in the browser of a user who is signed in, and is recorded (${protocol})`, async () => {
      const deliver = await used(new Visitor(), 'bob');
      const { visitor: victim } = await world.signIn('alice', 'saml');
      const [before, recorded] = [session(victim), (await refusals()).length];
      const page = await deliver(victim);
      assert.equal(codeOn(page), 'attempt_invalid');
      assert.doesNotMatch(page.html, /SecretProject/);
      assert.equal(session(victim), before);
      assert.equal((await refusals()).length, recorded + 1, 'an answer of another browser alarms');
    });

    it(`is not told to a browser without the cookie of the attempt (${protocol})`, async () => {
      const deliver = await used(new Visitor(), 'alice');
      const page = await deliver(new Visitor());
      assert.equal(codeOn(page), 'cookie_missing');
      assert.doesNotMatch(page.html, /SecretProject/);
    });

    it(`signs no one in by an answer that was used before (${protocol})`, async () => {
      const browser = new Visitor();
      const deliver = await used(browser, 'alice');
      leaveOidcIdp(browser, world);
      await world.signIn('bob', 'oidc', { visitor: browser });
      const page = await deliver(browser);
      assert.match(page.$('header').text(), /Bob/);
      browser.setCookie(world.urls.bridge, 'rolebridge', 'x'.repeat(43));
      assert.equal(codeOn(await deliver(browser)), 'attempt_expired');
      assert.equal(session(browser), 'x'.repeat(43), 'no session is opened or fixed');
    });
  }

  it('is not told at the address of another connector', async () => {
    const visitor = new Visitor();
    const path = beginPath('saml', SECRET);
    const { attempt } = await beginAt(world, visitor, { protocol: 'saml', path });
    const elsewhere = new URLSearchParams({ state: attempt, code: 'x', iss: world.urls.oidc });
    for (let count = 0; count < 2; count++) {
      const page = await visitor.get(
        `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${elsewhere}`,
      );
      assert.equal(codeOn(page), 'attempt_invalid');
      assert.doesNotMatch(page.html, /SecretProject/);
    }
  });

  for (const hostile of HOSTILE)
    it(`does not lead away after a sign-in or from the sign-in page for ${JSON.stringify(hostile)}`, async () => {
      const { visitor } = await world.signIn('alice', 'oidc');
      const text = hostile.replace('{bridge}', world.urls.bridge);
      const query = `return_to=${encodeURIComponent(text)}`;
      for (const path of [
        `/signed-in?${query}`,
        `/sign-in?${query}`,
        `/sign-in?again=1&${query}`,
      ]) {
        const page = await visitor.get(world.urls.bridge + path);
        assertHere(page);
      }
      assertHere(await new Visitor().get(`${world.urls.bridge}/signed-in?${query}`));
    });

  it('comes to an end for a page that leads to itself', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const loop = `/signed-in?return_to=${encodeURIComponent('/signed-in?return_to=%2Fsessions')}`;
    const page = await visitor.get(world.urls.bridge + loop);
    assert.deepEqual([page.path.length, page.status], [3, 200]);
  });
});

describe('a used answer at a connector that takes unsolicited ones', () => {
  const world = useWorld({
    configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      allowUnsolicited: true'),
  });

  it('is not taken as one', async () => {
    const visitor = new Visitor();
    const begin = { protocol: 'saml', path: beginPath('saml', '/') } as const;
    const deliver = await (await beginAt(world, visitor, begin)).answer('alice');
    await deliver(visitor);
    const other = new Visitor();
    assert.equal(codeOn(await deliver(other)), 'cookie_missing');
    assert.equal(other.cookie(world.urls.bridge, 'rolebridge'), undefined);
  });
});
