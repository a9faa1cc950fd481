/**
 * Every way to a SAML identity provider that takes AuthnRequests by HTTP-POST alone, and signed
 * ones only: the provider of the demo checks each of them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { button } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld } from '../support/world.ts';

const START = `/sign-in/${CONNECTOR.saml}`;
const CONSOLE = '/console?account=prod&role=Admin';

const IMPATIENT = (yaml: string): string =>
  yaml.replaceAll('authenticatedWithin: 8h', 'authenticatedWithin: 1m');

/** The demo without its OpenID provider. */
const SAML_ALONE = (yaml: string): string =>
  yaml
    .replace(/ {2}- id: corp-oidc\n[\s\S]*?(?= {2}- id: corp-saml\n)/, '')
    .replaceAll('[corp-oidc, corp-saml]', '[corp-saml]')
    .replaceAll('corp-oidc', 'corp-saml');

describe('an identity provider that takes requests by POST', () => {
  const world = useWorld({
    samlSignOn: { binding: 'post', requiresSignature: true },
    configure: IMPATIENT,
  });

  /** The page must be the form of the bridge; gives the AuthnRequest in it. */
  const requestOn = (page: Page): string => {
    assert.equal(page.status, 200, page.text);
    assert.equal(page.$('h1').text(), 'Continue at your identity provider');
    assert.equal(page.$('main form').attr('action'), `${world.urls.saml}/sso`);
    assert.equal(page.$('main form').attr('method'), 'post');
    return Buffer.from(String(page.$('input[name=SAMLRequest]').val()), 'base64').toString();
  };
  const signedInOn = (page: Page): void => assert.match(page.$('header').text(), /Alice Adams/);

  it('gets the request of a sign-in by a form that a user without JavaScript can send', async () => {
    const visitor = new Visitor();
    const form = await visitor.get(`${world.urls.bridge}${START}`);
    const xml = requestOn(form);
    assert.match(xml, /<samlp:AuthnRequest /);
    assert.doesNotMatch(xml, /ForceAuthn/);
    assert.equal(form.$('button[type=submit]').text(), 'Continue');
    const { visitor: _, ...signedIn } = await world.signIn('alice', 'saml', { visitor });
    signedInOn(signedIn.page);
  });

  it('is allowed as the target of the form, with what it may redirect to, and of no other page', async () => {
    const policyOf = (page: Page): string => page.headers.get('content-security-policy') ?? '';
    const form = await new Visitor().get(`${world.urls.bridge}${START}`);
    const { origin } = new URL(world.urls.saml);
    const [, sources = ''] = /form-action ([^;]*)/.exec(policyOf(form)) ?? [];
    assert.ok(sources.startsWith(`'self' ${origin} https: `), sources);
    assert.match(policyOf(form), /default-src 'none'/);
    assert.doesNotMatch(policyOf(form), /unsafe/);
    assert.match(form.headers.get('cache-control') ?? '', /no-store/);
    const other = await new Visitor().get(`${world.urls.bridge}/sign-in`);
    assert.doesNotMatch(policyOf(other), new RegExp(`${origin}| https: `));
  });

  it('gets the requests of a user who must sign in again', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const form = await visitor.get(`${world.urls.bridge}${START}?reauthenticate=1`);
    assert.match(requestOn(form), /ForceAuthn="true"/);
    const login = await visitor.submit(form, 'main form');
    signedInOn(await enterPassword(visitor, login, { username: 'alice' }));
  });

  it('gets the request of a step-up that a link leads to', async () => {
    const { visitor } = await world.signIn('alice', 'saml', { secondFactor: false });
    const form = await visitor.get(world.urls.bridge + CONSOLE);
    assert.match(requestOn(form), /ForceAuthn="true".*<samlp:RequestedAuthnContext/);
    const login = await visitor.submit(form, 'main form');
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.equal(page.status, 200, page.text);
    assert.equal(page.$('h1').text(), 'Admin in prod');
  });

  it('gets the request of a step-up that a button leads to', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const portal = await visitor.get(`${world.urls.bridge}/`);
    world.clock.turn(61);
    const form = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
    requestOn(form);
    const login = await visitor.submit(form, 'main form');
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.equal(new URL(page.url).pathname, '/credentials');
  });

  it('gets the request of a test of the sign-in', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const start = await visitor.get(`${world.urls.bridge}/sign-in/test/${CONNECTOR.saml}`);
    const form = await visitor.submit(start, 'main form');
    assert.match(requestOn(form), /ForceAuthn="true"/);
    const login = await visitor.submit(form, 'main form');
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.match(page.$('main').text(), /\(NameID Format\)/);
  });

  it('gets no request that another browser can use: the answer requires the cookie of the form', async () => {
    const form = await new Visitor().get(`${world.urls.bridge}${START}`);
    const thief = new Visitor();
    const login = await thief.submit(form, 'main form');
    const reposted = await enterPassword(thief, login, { username: 'alice' });
    const page = await thief.submit(reposted, 'main form');
    assert.equal(page.status, 400, page.text);
    assert.equal(page.$('.status-line code').text(), 'cookie_missing');
  });
});

describe('an identity provider that takes requests by POST and is the only one', () => {
  const world = useWorld({
    samlSignOn: { binding: 'post', requiresSignature: false },
    configure: SAML_ALONE,
  });

  it('is asked at once by a user on the way to a page', async () => {
    const visitor = new Visitor();
    const form = await visitor.get(`${world.urls.bridge}/sessions`);
    const action = form.$('form').attr('action');
    assert.equal(action, `${world.urls.saml}/sso`, form.text);
    const request = String(form.$('input[name=SAMLRequest]').val());
    assert.doesNotMatch(Buffer.from(request, 'base64').toString(), /Signature/);
    const login = await visitor.submit(form, 'main form');
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.equal(new URL(page.url).pathname, '/sessions');
  });

  it('is asked by a user of a terminal login', async () => {
    const visitor = new Visitor();
    const form = await visitor.get(`${world.urls.bridge}/device`);
    const login = await visitor.submit(form, `form[action="${world.urls.saml}/sso"]`);
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.equal(new URL(page.url).pathname, '/device');
  });
});
