import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { createOidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { callbackOf, isRefusal, MFA, SIGNED_OUT_URI, useRelyingParty } from './relying-party.ts';
import { formOf, newVisitor } from './visitor.ts';

describe('the demo OpenID provider', () => {
  const party = useRelyingParty();
  beforeEach(() => party.newBrowser());

  it('signs alice in and puts every claim into the id_token', async () => {
    const claims = await party.claimsFor('alice');

    assert.equal(claims.preferred_username, 'alice');
    assert.equal(claims.name, 'Alice Adams');
    assert.equal(claims.email, 'alice@acme.example');
    assert.equal(claims.email_verified, true);
    assert.equal(claims.department, 'Platform');
    assert.deepEqual(claims.groups, ['aws-admins', 'developers']);
    assert.deepEqual(claims.amr, ['pwd', 'mfa']);
    assert.equal(claims.acr, MFA);
    assert.equal(claims.auth_time, Math.floor(party.clock.now() / 1000));
    assert.notEqual(claims.sub, 'alice');
  });

  it('sends all 240 groups of dave and no groups claim for carol', async () => {
    const claims = await party.claimsFor('dave');
    assert.equal(new Set(claims.groups as string[]).size, 240);
    party.newBrowser();
    assert.equal((await party.claimsFor('carol')).groups, undefined);
  });

  it('asserts a password alone without the second factor', async () => {
    const claims = await party.claimsFor('bob', { secondFactor: false });
    assert.deepEqual(claims.amr, ['pwd']);
    assert.notEqual(claims.acr, MFA);
  });

  it('asks for the password again only for prompt=login or after max_age', async () => {
    await party.claimsFor('alice');
    assert.equal(await party.asks({}), false);
    assert.equal(await party.asks({ max_age: '3600' }), false);
    assert.equal(await party.asks({ prompt: 'login' }), true);
    assert.equal(await party.asks({ max_age: '0' }), true);
  });

  it('answers prompt=none without a session with login_required', async () => {
    const answer = await party.visitor.follow((await party.request({ prompt: 'none' })).url);
    const { searchParams } = callbackOf(answer);
    assert.equal(searchParams.get('error'), 'login_required');
    assert.equal(searchParams.get('iss'), party.idp.issuer);
  });

  it('rejects a wrong password and lets the user try again', async () => {
    const page = await party.visitor.follow((await party.request()).url);
    for (const [name, password] of [
      ['alice', 'bob'],
      ['mallory', 'mallory'],
      ['mallory', ''],
      ['', ''],
    ] as const) {
      const answer = await party.submit(name, page, { password });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /Wrong user name or password/);
    }
    callbackOf(await party.submit('alice', page));
  });

  it('accepts a sign-in form only from its own browser and not from another site', async () => {
    const page = await party.visitor.follow((await party.request()).url);
    const { action } = formOf(page);
    const fields = { username: 'alice', password: 'alice' };

    assert.equal((await newVisitor().post(action, fields)).status, 400);
    assert.equal(
      (await party.visitor.post(action, fields, { origin: 'http://127.0.0.1:1' })).status,
      403,
    );
    assert.equal((await party.visitor.post(action, fields)).status, 303);
  });

  it('rejects an unregistered redirect URI, an unknown client and another response type on its own page', async () => {
    for (const [extra, reason] of [
      [{ redirect_uri: 'http://127.0.0.1:9/other' }, /redirect_uri/],
      [{ client_id: '"><script>' }, /invalid_client/],
    ] as const) {
      const answer = await party.visitor.follow((await party.request(extra)).url);
      assert.equal(answer.status, 400);
      assert.match(answer.text, reason);
      assert.doesNotMatch(answer.text, /<script>/);
    }

    const implicit = callbackOf(
      await party.visitor.follow((await party.request({ response_type: 'id_token' })).url),
    );
    assert.match(implicit.href, /unsupported_response_type/);
  });

  it('requires PKCE with S256', async () => {
    for (const extra of [
      { code_challenge: '', code_challenge_method: '' },
      { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' },
    ]) {
      assert.match(
        callbackOf(await party.visitor.follow((await party.request(extra)).url)).search,
        /error=invalid_request/,
      );
    }

    const { url, checks } = await party.request();
    const callback = callbackOf(await party.submit('alice', await party.visitor.follow(url)));
    const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await assert.rejects(
      client.authorizationCodeGrant(party.configuration, callback, other),
      /invalid_grant|OAUTH_RESPONSE_BODY|server responded/,
    );
  });

  it('accepts a code once, from an authenticated client only', async () => {
    const { url, checks } = await party.request();
    const callback = callbackOf(await party.submit('alice', await party.visitor.follow(url)));
    assert.equal(callback.searchParams.get('iss'), party.idp.issuer);

    const impostor = await party.as(client.ClientSecretBasic('wrong'));
    await assert.rejects(
      client.authorizationCodeGrant(impostor, callback, checks),
      isRefusal('invalid_client'),
    );

    await client.authorizationCodeGrant(party.configuration, callback, checks);
    await assert.rejects(
      client.authorizationCodeGrant(party.configuration, callback, checks),
      isRefusal('invalid_grant'),
    );
  });

  it('publishes RS256 alone, PKCE S256, the iss parameter and an end_session endpoint', async () => {
    const metadata = party.configuration.serverMetadata();
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['RS256']);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.equal(metadata.end_session_endpoint, `${party.idp.issuer}/session/end`);
  });

  it('signs users out and redirects to a registered address', async () => {
    await party.claimsFor('alice');
    const parameters = new URLSearchParams({
      client_id: 'bridge',
      post_logout_redirect_uri: SIGNED_OUT_URI,
    });
    const asked = await party.visitor.get(`${party.idp.issuer}/session/end?${parameters}`);
    const { action, fields } = formOf(asked);

    const done = await party.visitor.post(action, { ...fields, logout: 'yes' });
    assert.equal(done.headers.get('location'), SIGNED_OUT_URI);
    assert.equal((await party.visitor.follow((await party.request()).url)).status, 200);

    parameters.set('post_logout_redirect_uri', 'http://127.0.0.1:9/other');
    assert.equal(
      (await party.visitor.get(`${party.idp.issuer}/session/end?${parameters}`)).status,
      400,
    );
  });

  it('prints nothing while it starts', async t => {
    const said = [t.mock.method(console, 'warn'), t.mock.method(console, 'info')];
    await createOidcIdp({ baseUrl: party.idp.issuer, people: PEOPLE, clients: [] });
    assert.deepEqual(
      said.map(({ mock }) => mock.callCount()),
      [0, 0],
    );
  });
});
