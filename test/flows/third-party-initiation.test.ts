/** Sign-ins that another application begins (OpenID Connect Core 1.0 section 4). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld } from '../support/world.ts';

type Fields = Readonly<Record<string, string>>;

const codeOn = (page: Page): string => page.$('.status-line code').text();

describe('a sign-in that another application begins', () => {
  const world = useWorld();
  const start = (connector: string): string => `${world.urls.bridge}/sign-in/${connector}`;
  const METHODS = {
    GET: (visitor: Visitor, connector: string, fields: string) =>
      visitor.follow(`${start(connector)}?${fields}`, undefined),
    POST: (visitor: Visitor, connector: string, fields: string) =>
      visitor.post(start(connector), fields, { 'sec-fetch-site': 'cross-site' }),
  };

  for (const [method, initiate] of Object.entries(METHODS)) {
    const begin = (
      fields: Fields | string,
      { visitor = new Visitor(), connector = CONNECTOR.oidc } = {},
    ) => initiate(visitor, connector, String(new URLSearchParams(fields)));
    const authorization = (page: Page): URLSearchParams => {
      const found = page.path.map(url => new URL(url)).find(({ pathname }) => pathname === '/auth');
      assert.ok(found, page.text);
      return found.searchParams;
    };

    it(`leads through the provider to where the application points (${method})`, async () => {
      const visitor = new Visitor();
      const target_link_uri = `${world.urls.bridge}/sessions`;
      const login = await begin(
        { iss: world.urls.oidc, login_hint: 'alice@acme.example', target_link_uri, unknown: 'x' },
        { visitor },
      );
      assert.equal(authorization(login).get('login_hint'), 'alice@acme.example');
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.url, `${world.urls.bridge}/sessions`);
    });

    it(`needs no field at all (${method})`, async () => {
      const visitor = new Visitor();
      const login = await begin({}, { visitor });
      assert.equal(authorization(login).get('login_hint'), null);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.url, `${world.urls.bridge}/`);
    });

    it(`asks once before a console in production opens (${method})`, async () => {
      const visitor = new Visitor();
      const target_link_uri = `${world.urls.bridge}/console?account=prod&role=Developer`;
      const login = await begin({ iss: world.urls.oidc, target_link_uri }, { visitor });
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.$('form[action="/console"]').length, 1, page.text);
    });

    it(`never leads to another site (${method})`, async () => {
      for (const target_link_uri of [
        'https://evil.example/',
        `${world.urls.bridge}@evil.example/`,
        `${world.urls.bridge}//evil.example/`,
        '//evil.example/',
        'javascript:alert(1)',
      ]) {
        const visitor = new Visitor();
        const login = await begin({ target_link_uri }, { visitor });
        const page = await enterPassword(visitor, login, { username: 'alice' });
        assert.equal(page.url, `${world.urls.bridge}/`, target_link_uri);
      }
    });

    it(`is refused for another issuer than the connector's (${method})`, async () => {
      for (const iss of [`${world.urls.oidc}/`, 'https://evil.example', '']) {
        const page = await begin({ iss });
        assert.equal(page.status, 400, page.text);
        assert.equal(codeOn(page), 'bad_request');
        assert.match(page.text, /names another identity provider \(iss\)/);
        assert.equal(new URL(page.url).origin, world.urls.bridge);
      }
    });

    it(`is refused for a field that is repeated (${method})`, async () => {
      for (const name of ['iss', 'login_hint', 'target_link_uri']) {
        const page = await begin(`${name}=a&${name}=a`);
        assert.equal(codeOn(page), 'bad_request');
        assert.match(page.text, new RegExp(name));
      }
    });

    it(`passes on no login_hint that is long or not printable (${method})`, async () => {
      for (const login_hint of ['', 'x'.repeat(257), 'a\nb', 'a\u0000b', 'a\u202eb']) {
        const page = await begin({ login_hint });
        assert.equal(authorization(page).has('login_hint'), false, JSON.stringify(login_hint));
      }
      const longest = 'é'.repeat(256);
      assert.equal(authorization(await begin({ login_hint: longest })).get('login_hint'), longest);
    });

    it(`knows only the entity id of a SAML provider, and passes no hint on (${method})`, async () => {
      const visitor = new Visitor();
      const connector = CONNECTOR.saml;
      const iss = `${world.urls.saml}/metadata`;
      const login = await begin({ iss, login_hint: 'alice' }, { visitor, connector });
      const onward = login.path.slice(1);
      assert.ok(onward.every(url => !url.includes('alice')));
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.match(page.$('header').text(), /Alice Adams/);
      const refused = await begin({ iss: world.urls.saml }, { connector });
      assert.equal(codeOn(refused), 'bad_request');
    });

    it(`is unknown for an unknown connector (${method})`, async () => {
      assert.equal(codeOn(await begin({}, { connector: 'nowhere' })), 'connector_unknown');
    });
  }

  it('is refused by POST if the body is too large or no form', async () => {
    const visitor = new Visitor();
    const large = await visitor.post(start(CONNECTOR.oidc), `iss=${'x'.repeat(70_000)}`);
    assert.equal(large.status, 413);
  });
});
