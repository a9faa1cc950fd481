import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import * as client from 'openid-client';
import {
  LOGOUT_EVENT,
  RIGHT_LOGOUT_TOKENS,
  WRONG_LOGOUT_TOKENS,
} from '../support/logout-token-forge.ts';
import { forgeFor } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge, SESSION_ID } from '../support/openid-provider-forge.ts';
import { isRefusal } from './relying-party.ts';

const REDIRECT_URI = 'https://aws.example.com/oidc/acme/callback';
const [STATE, NONCE] = ['state-0001', 'nonce-0001'];
const VERIFIER = client.randomPKCECodeVerifier();

async function configurationOf(forge: OpenIdProviderForge): Promise<client.Configuration> {
  return client.discovery(
    new URL(forge.issuer),
    forge.clientId,
    {},
    client.ClientSecretBasic(forge.clientSecret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
}

async function signIn(forge: OpenIdProviderForge, configuration: client.Configuration) {
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: STATE,
    nonce: NONCE,
    code_challenge: await client.calculatePKCECodeChallenge(VERIFIER),
    code_challenge_method: 'S256',
  });
  const callback = new URL(`${REDIRECT_URI}?${forge.authorize(url.href)}`);
  return client.authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier: VERIFIER,
    expectedState: STATE,
    expectedNonce: NONCE,
  });
}

describe('the refresh tokens of the forged OpenID provider', () => {
  const opened = async (t: TestContext) => {
    const forge = await forgeFor(t);
    const configuration = await configurationOf(forge);
    const { refresh_token: token } = await signIn(forge, configuration);
    return { forge, configuration, token: token! };
  };

  it('are good once, and the id_token of the answer has no nonce', async t => {
    const { configuration, token } = await opened(t);
    const refreshed = await client.refreshTokenGrant(configuration, token);
    assert.equal(refreshed.claims()!.sub, ALICE.sub);
    assert.equal(refreshed.claims()!.nonce, undefined);
    assert.notEqual(refreshed.refresh_token, token);
    await assert.rejects(
      client.refreshTokenGrant(configuration, token),
      isRefusal('invalid_grant'),
    );
    await client.refreshTokenGrant(configuration, refreshed.refresh_token!);
  });

  it('are refused with the error of a test', async t => {
    const { forge, configuration, token } = await opened(t);
    forge.faults.refresh = { error: 'interaction_required' };
    await assert.rejects(
      client.refreshTokenGrant(configuration, token),
      isRefusal('interaction_required'),
    );
  });

  it('are revoked for their client alone', async t => {
    const { forge, configuration, token } = await opened(t);
    const impostor = new client.Configuration(
      configuration.serverMetadata(),
      forge.clientId,
      {},
      client.ClientSecretBasic('wrong'),
    );
    client.allowInsecureRequests(impostor);
    await assert.rejects(client.tokenRevocation(impostor, token), isRefusal('invalid_client'));
    assert.deepEqual(forge.revoked, []);
    await client.tokenRevocation(configuration, token);
    assert.deepEqual(forge.revoked, [token]);
    await assert.rejects(
      client.refreshTokenGrant(configuration, token),
      isRefusal('invalid_grant'),
    );
  });
});

describe('a logout token of the forged OpenID provider', () => {
  for (const [title, fault] of Object.entries(RIGHT_LOGOUT_TOKENS))
    it(`${title} is right`, async t => {
      const forge = await forgeFor(t);
      const { sub, sid } = await verified(forge, await forge.logoutToken(fault));
      assert.ok([ALICE.sub, undefined].includes(sub));
      assert.ok([SESSION_ID, undefined].includes(sid as string | undefined));
    });

  for (const [title, fault] of Object.entries(WRONG_LOGOUT_TOKENS))
    it(`${title} is wrong`, async t => {
      const forge = await forgeFor(t);
      await assert.rejects(verified(forge, await forge.logoutToken(fault)));
    });
});

/** The validation of OpenID Connect Back-Channel Logout 1.0, 2.6, written from its text. */
async function verified(forge: OpenIdProviderForge, token: string): Promise<JWTPayload> {
  const { keys } = (await (await fetch(`${forge.issuer}/jwks`)).json()) as { keys: object[] };
  const { payload, protectedHeader } = await jwtVerify(
    token,
    createLocalJWKSet({ keys } as never),
    {
      algorithms: ['ES256'],
      issuer: forge.issuer,
      audience: forge.clientId,
      maxTokenAge: 120,
      requiredClaims: ['iat', 'jti'],
    },
  );
  const { azp, sub, sid, jti, nonce } = payload;
  const events = payload.events as Record<string, unknown> | undefined;
  const event = Array.isArray(events) ? undefined : events?.[LOGOUT_EVENT];
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const names = [sub, sid].filter(name => name !== undefined);
  assert.ok(['logout+jwt', 'JWT', undefined].includes(protectedHeader.typ), 'typ');
  assert.ok(azp === undefined || azp === forge.clientId, 'azp');
  assert.ok(isText(jti), 'jti');
  assert.ok(nonce === undefined, 'nonce');
  assert.ok(typeof event === 'object' && event !== null && !Array.isArray(event), 'events');
  assert.ok(names.length > 0 && names.every(isText), 'sub and sid');
  return payload;
}
