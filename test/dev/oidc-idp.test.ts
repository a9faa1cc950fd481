import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { createOidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { handTurnedClock } from '../support/clock.ts';
import {
  type Answer,
  formOf,
  type Listening,
  listen,
  newVisitor,
  type Visitor,
} from './visitor.ts';

const MFA = 'https://refeds.org/profile/mfa';
const REDIRECT_URI = 'http://127.0.0.1:9/oidc/corp/callback';
const SECRET = 'a-client-secret-with-specials:/+%';

describe('the demo OpenID provider', () => {
  const clock = handTurnedClock();
  let server: Listening;
  let visitor: Visitor;
  let configuration: client.Configuration;

  before(async () => {
    server = await listen();
    const idp = await createOidcIdp({
      baseUrl: server.url,
      people: PEOPLE,
      clients: [
        {
          clientId: 'bridge',
          clientSecret: SECRET,
          redirectUris: [REDIRECT_URI],
          postLogoutRedirectUris: ['http://127.0.0.1:9/'],
        },
      ],
      now: clock.now,
    });
    server.handler = idp.handler;
    configuration = await discover(client.ClientSecretBasic(SECRET));
  });
  after(() => server.close());
  beforeEach(() => {
    visitor = newVisitor();
  });

  async function discover(authentication: client.ClientAuth): Promise<client.Configuration> {
    const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
    return client.discovery(new URL(server.url), 'bridge', undefined, authentication, { execute });
  }

  async function request(extra: Record<string, string> = {}) {
    const codeVerifier = client.randomPKCECodeVerifier();
    const checks = {
      pkceCodeVerifier: codeVerifier,
      expectedNonce: client.randomNonce(),
      expectedState: client.randomState(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email groups',
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      nonce: checks.expectedNonce,
      state: checks.expectedState,
      ...extra,
    });
    return { url: url.href, checks };
  }

  async function submit(
    name: string,
    page: Answer,
    { secondFactor = true, password = name } = {},
  ): Promise<Answer> {
    const { action } = formOf(page);
    const fields = { username: name, password, ...(secondFactor ? { second_factor: 'on' } : {}) };
    const posted = await visitor.post(action, fields, { origin: server.url });
    return posted.status === 303
      ? visitor.follow(new URL(posted.headers.get('location')!, server.url).href)
      : posted;
  }

  const callbackOf = (answer: Answer): URL => {
    const location = answer.headers.get('location') ?? '';
    assert.ok(location.startsWith(REDIRECT_URI), `${answer.status} ${location} ${answer.text}`);
    return new URL(location);
  };

  async function claimsFor(name: string, { extra = {}, secondFactor = true } = {}) {
    const { url, checks } = await request(extra);
    const page = await visitor.follow(url);
    const answer = page.status === 200 ? await submit(name, page, { secondFactor }) : page;
    const tokens = await client.authorizationCodeGrant(configuration, callbackOf(answer), checks);
    return tokens.claims()!;
  }

  it('signs alice in and puts every claim into the id_token', async () => {
    const claims = await claimsFor('alice');

    assert.equal(claims.preferred_username, 'alice');
    assert.equal(claims.name, 'Alice Adams');
    assert.equal(claims.email, 'alice@acme.example');
    assert.equal(claims.email_verified, true);
    assert.equal(claims.department, 'Platform');
    assert.deepEqual(claims.groups, ['aws-admins', 'developers']);
    assert.deepEqual(claims.amr, ['pwd', 'mfa']);
    assert.equal(claims.acr, MFA);
    assert.equal(claims.auth_time, Math.floor(clock.now() / 1000));
    assert.notEqual(claims.sub, 'alice');
  });

  it('sends all 240 groups of dave and no groups claim for carol', async () => {
    const claims = await claimsFor('dave');
    assert.equal(new Set(claims.groups as string[]).size, 240);
    visitor = newVisitor();
    assert.equal((await claimsFor('carol')).groups, undefined);
  });

  it('asserts a password alone without the second factor', async () => {
    const claims = await claimsFor('bob', { secondFactor: false });
    assert.deepEqual(claims.amr, ['pwd']);
    assert.notEqual(claims.acr, MFA);
  });

  it('asks for the password again only for prompt=login or after max_age', async () => {
    await claimsFor('alice');
    const asks = async (extra: Record<string, string>) =>
      (await visitor.follow((await request(extra)).url)).status === 200;
    assert.equal(await asks({}), false);
    assert.equal(await asks({ max_age: '3600' }), false);
    assert.equal(await asks({ prompt: 'login' }), true);
    assert.equal(await asks({ max_age: '0' }), true);
  });

  it('answers prompt=none without a session with login_required', async () => {
    const answer = await visitor.follow((await request({ prompt: 'none' })).url);
    const { searchParams } = callbackOf(answer);
    assert.equal(searchParams.get('error'), 'login_required');
    assert.equal(searchParams.get('iss'), server.url);
  });

  it('rejects a wrong password and lets the user try again', async () => {
    const page = await visitor.follow((await request()).url);
    for (const [name, password] of [
      ['alice', 'bob'],
      ['mallory', 'mallory'],
      ['mallory', ''],
      ['', ''],
    ] as const) {
      const answer = await submit(name, page, { password });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /Wrong user name or password/);
    }
    callbackOf(await submit('alice', page));
  });

  it('accepts a sign-in form only from its own browser and not from another site', async () => {
    const page = await visitor.follow((await request()).url);
    const { action } = formOf(page);
    const fields = { username: 'alice', password: 'alice' };

    assert.equal((await newVisitor().post(action, fields)).status, 400);
    assert.equal(
      (await visitor.post(action, fields, { origin: 'http://127.0.0.1:1' })).status,
      403,
    );
    assert.equal((await visitor.post(action, fields)).status, 303);
  });

  it('rejects an unregistered redirect URI, an unknown client and another response type on its own page', async () => {
    for (const [extra, reason] of [
      [{ redirect_uri: 'http://127.0.0.1:9/other' }, /redirect_uri/],
      [{ client_id: '"><script>' }, /invalid_client/],
    ] as const) {
      const answer = await visitor.follow((await request(extra)).url);
      assert.equal(answer.status, 400);
      assert.match(answer.text, reason);
      assert.doesNotMatch(answer.text, /<script>/);
    }

    const implicit = callbackOf(
      await visitor.follow((await request({ response_type: 'id_token' })).url),
    );
    assert.match(implicit.href, /unsupported_response_type/);
  });

  it('requires PKCE with S256', async () => {
    for (const extra of [
      { code_challenge: '', code_challenge_method: '' },
      { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' },
    ]) {
      assert.match(
        callbackOf(await visitor.follow((await request(extra)).url)).search,
        /error=invalid_request/,
      );
    }

    const { url, checks } = await request();
    const callback = callbackOf(await submit('alice', await visitor.follow(url)));
    const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await assert.rejects(
      client.authorizationCodeGrant(configuration, callback, other),
      /invalid_grant|OAUTH_RESPONSE_BODY|server responded/,
    );
  });

  it('accepts a code once, from an authenticated client only', async () => {
    const { url, checks } = await request();
    const callback = callbackOf(await submit('alice', await visitor.follow(url)));
    assert.equal(callback.searchParams.get('iss'), server.url);

    const refused = (error: string) => (thrown: unknown) =>
      thrown instanceof client.WWWAuthenticateChallengeError
        ? thrown.cause[0]?.parameters.error === error
        : (thrown as client.ResponseBodyError).error === error;
    const impostor = await discover(client.ClientSecretBasic('wrong'));
    await assert.rejects(
      client.authorizationCodeGrant(impostor, callback, checks),
      refused('invalid_client'),
    );

    await client.authorizationCodeGrant(configuration, callback, checks);
    await assert.rejects(
      client.authorizationCodeGrant(configuration, callback, checks),
      refused('invalid_grant'),
    );
  });

  it('publishes RS256 alone, PKCE S256, the iss parameter and an end_session endpoint', async () => {
    const metadata = configuration.serverMetadata();
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['RS256']);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.equal(metadata.end_session_endpoint, `${server.url}/session/end`);
  });

  it('signs users out and redirects to a registered address', async () => {
    await claimsFor('alice');
    const parameters = new URLSearchParams({
      client_id: 'bridge',
      post_logout_redirect_uri: 'http://127.0.0.1:9/',
    });
    const asked = await visitor.get(`${server.url}/session/end?${parameters}`);
    const { action, fields } = formOf(asked);

    const done = await visitor.post(action, { ...fields, logout: 'yes' });
    assert.equal(done.headers.get('location'), 'http://127.0.0.1:9/');
    assert.equal((await visitor.follow((await request()).url)).status, 200);

    parameters.set('post_logout_redirect_uri', 'http://127.0.0.1:9/other');
    assert.equal((await visitor.get(`${server.url}/session/end?${parameters}`)).status, 400);
  });

  it('prints nothing while it starts', async t => {
    const said = [t.mock.method(console, 'warn'), t.mock.method(console, 'info')];
    await createOidcIdp({ baseUrl: server.url, people: PEOPLE, clients: [] });
    assert.deepEqual(
      said.map(({ mock }) => mock.callCount()),
      [0, 0],
    );
  });
});
