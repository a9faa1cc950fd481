/** The consent page of an application: what a user reads, and what their decision does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  applicationLogin,
  codeFields,
  consented,
  digestOf,
  NOTES,
  newKey,
  PHOTOS,
  PHOTOS_MOBILE,
  postToken,
  tokenProof,
  WITH_APPLICATIONS,
} from '../support/application.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { enterPassword, useWorld } from '../support/world.ts';

describe('the consent page of an application', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const query = (over: Readonly<Record<string, string>> = {}): URLSearchParams =>
    new URLSearchParams({
      response_type: 'code',
      client_id: PHOTOS.id,
      redirect_uri: PHOTOS.redirectUri,
      state: 'the-state',
      code_challenge: digestOf('verifier'),
      code_challenge_method: 'S256',
      ...over,
    });
  const page = (visitor: Visitor, over: Readonly<Record<string, string>> = {}): Promise<Page> =>
    visitor.get(`${world.urls.bridge}/oauth/authorize?${query(over)}`, {
      stopAt: url => url.startsWith('https:'),
    });
  const factsOf = ({ $ }: Page): Readonly<Record<string, string>> =>
    Object.fromEntries(
      $('.facts > div')
        .toArray()
        .map(row => [$(row).find('dt').text(), $(row).find('dd').text().replace(/\s+/g, ' ')]),
    );

  it('comes after the sign-in, and names the application, its roles, the user and where the browser goes', async () => {
    const visitor = new Visitor();
    const choice = await page(visitor);
    assert.match(choice.url, /\/sign-in\?/);
    const login = await visitor.get(
      `${world.urls.bridge}/sign-in/corp-oidc?return_to=${encodeURIComponent(`/oauth/authorize?${query()}`)}`,
    );
    const consent = await enterPassword(visitor, login, { username: 'bob' });
    assert.equal(consent.status, 200);
    assert.equal(consent.$('h1').text(), 'Allow Photos to use AWS as you?');
    assert.match(consent.$('.kind').text(), /Web application/);
    assert.match(consent.$('.lede').text(), /signed in as Bob/);
    const { 'In prod': prod, 'You return to': returnsTo, Until: until } = factsOf(consent);
    assert.match(prod!, /^PhotoUserOperator .*approval/i);
    assert.equal(returnsTo, PHOTOS.origin);
    assert.match(until!, /or until you end it/);
    assert.deepEqual(
      consent
        .$('button[name=decision]')
        .toArray()
        .map(button => consent.$(button).text()),
      ['Allow', 'Deny'],
    );
    assert.doesNotMatch(consent.text, /terminal/i, 'it is not the page of terminals');
    const policy = consent.headers.get('content-security-policy')!;
    assert.match(policy, /form-action 'self' https:\/\/photos\.example\.com/);
  });

  it('says that none of the roles is the user’s, and what they lack', async () => {
    const { visitor } = await world.signIn('carol', 'oidc');
    const consent = await page(visitor);
    assert.match(factsOf(consent)['In prod']!, /PhotoUser you do not have this role/);
    assert.match(consent.text, /You have none of these roles now/);
    assert.equal(consent.$('button[value=approve]').length, 1, 'they may still sign in');
  });

  it('names an app on a phone as one, and ignores a device name', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const consent = await page(visitor, {
      client_id: PHOTOS_MOBILE.id,
      redirect_uri: PHOTOS_MOBILE.redirectUri,
      device_name: 'the laptop of alice',
    });
    assert.match(consent.$('.kind').text(), /Mobile application/);
    const body = consent.$('main').clone();
    body.find('input').remove();
    assert.doesNotMatch(body.text(), /laptop of alice/);
  });

  it('is the same every time', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    await applicationLogin(world, visitor);
    const again = await page(visitor);
    assert.equal(again.$('h1').text(), 'Allow Photos to use AWS as you?');
    const silent = await page(visitor, { prompt: 'none' });
    const answered = new URL(silent.path.at(-1)!);
    assert.equal(answered.searchParams.get('error'), 'interaction_required');
  });

  it('sends a denial back, and records it as one', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { answer } = await consented(world, visitor, { decision: 'deny' });
    assert.deepEqual(
      [answer.get('error'), answer.get('state'), answer.get('iss'), answer.get('code')],
      ['access_denied', 'the-state', world.urls.bridge, null],
    );
    const event = (await world.audit()).find(({ type }) => type.startsWith('cli-login.'));
    assert.ok(event?.type === 'cli-login.denied');
    assert.deepEqual(
      [event.client, event.clientKind, event.actor.username],
      ['photos', 'spa', 'bob'],
    );
  });

  it('sends a good consent back with code, state and issuer', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { answer } = await consented(world, visitor);
    assert.deepEqual([...answer.keys()].sort(), ['code', 'iss', 'state']);
  });

  it('says that the application is signed in when the form is sent again later', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const verifier = 'v'.repeat(43);
    const consent = await page(visitor, { code_challenge: digestOf(verifier) });
    const stopAt = (url: string): boolean => url.startsWith('https:');
    const sent = await visitor.submit(consent, 'button[value=approve]', {}, { stopAt });
    const code = new URL(sent.path.at(-1)!).searchParams.get('code')!;
    const again = await visitor.submit(consent, 'button[value=approve]', {}, { stopAt });
    assert.equal(new URL(again.path.at(-1)!).searchParams.get('code'), code, 'nothing new');

    const key = await newKey();
    const fields = codeFields(code, verifier);
    const redeemed = await postToken(world, { fields, proof: await tokenProof(world, key) });
    assert.equal(redeemed.status, 200, JSON.stringify(redeemed.json));
    const after = await visitor.submit(consent, 'button[value=approve]', {}, { stopAt });
    assert.equal(after.$('h1').text(), 'Photos is signed in');
  });

  it('lists the session among applications, and ends it there', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const login = await applicationLogin(world, visitor);
    const sessions = await visitor.get(`${world.urls.bridge}/sessions`);
    const section = sessions.$('section[aria-labelledby=applications-title]');
    assert.match(section.text(), /Photos\s+Web application, allowed in a browser/);
    await visitor.submit(sessions, 'section[aria-labelledby=applications-title] button[value=end]');
    const { status } = await postToken(world, {
      fields: {
        grant_type: 'refresh_token',
        client_id: 'photos',
        refresh_token: login.refreshToken,
      },
      proof: await tokenProof(world, login.key),
    });
    assert.equal(status, 400);
  });

  it('never comes for a redirect URI that is not registered, and sends nothing there', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    for (const redirect_uri of [
      `${PHOTOS.redirectUri}/`,
      `${PHOTOS.redirectUri}?x=1`,
      `${PHOTOS.redirectUri}#x`,
      'https://photos.example.com:8443/callback',
      'http://photos.example.com/callback',
      'https://PHOTOS.example.com/callback',
      'https://photos.example.com/../callback',
      'https://evil.example/callback',
      PHOTOS_MOBILE.redirectUri,
      `${NOTES.origin}/`,
      'http://127.0.0.1:4000/callback',
      '',
    ]) {
      const refused = await page(visitor, { redirect_uri });
      assert.equal(refused.status, 400, redirect_uri);
      assert.equal(refused.$('.status-line code').text(), 'redirect_refused', redirect_uri);
    }
  });

  for (const [title, over, error] of [
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a thumbprint that is none', { dpop_jkt: 'x' }, 'invalid_request'],
    ['for a token', { response_type: 'token' }, 'unsupported_response_type'],
    ['for another scope', { scope: 'openid' }, 'invalid_scope'],
  ] as const)
    it(`is replaced by an error for a request ${title}`, async () => {
      const { visitor } = await world.signIn('bob', 'oidc');
      const refused = await page(visitor, over);
      const answered = new URL(refused.path.at(-1)!);
      assert.ok(answered.href.startsWith(`${PHOTOS.redirectUri}?`));
      assert.equal(answered.searchParams.get('error'), error);
      assert.equal(answered.searchParams.get('state'), 'the-state');
    });
});
