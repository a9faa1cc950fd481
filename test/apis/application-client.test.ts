/** An OpenID Certified client library signs an application in, by what the metadata says. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as client from 'openid-client';
import { PHOTOS, WITH_APPLICATIONS } from '../support/application.ts';
import { worldFor } from '../support/world.ts';

it('openid-client logs in, calls the API, renews and revokes, with DPoP', async t => {
  const world = await worldFor(t, { ...WITH_APPLICATIONS, clock: 'running' });
  const { visitor } = await world.signIn('bob', 'oidc');
  const configuration = await client.discovery(
    new URL(world.urls.bridge),
    PHOTOS.id,
    undefined,
    client.None(),
    { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
  );
  const keys = await client.randomDPoPKeyPair('ES256');
  const options = { DPoP: client.getDPoPHandle(configuration, keys) };

  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: PHOTOS.redirectUri,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    dpop_jkt: await options.DPoP.calculateThumbprint(),
  });
  const consent = await visitor.get(address.href);
  const stopAt = (url: string): boolean => url.startsWith(PHOTOS.redirectUri);
  const sent = await visitor.submit(consent, 'button[value=approve]', {}, { stopAt });

  const checks = { pkceCodeVerifier, expectedState };
  const tokens = await client.authorizationCodeGrant(
    configuration,
    new URL(sent.path.at(-1)!),
    checks,
    undefined,
    options,
  );
  assert.equal(tokens.token_type, 'dpop');

  const roles = new URL(`${world.urls.bridge}/api/v1/roles`);
  const statusWith = async (accessToken: string): Promise<number> => {
    const response = await client.fetchProtectedResource(
      configuration,
      accessToken,
      roles,
      'GET',
      undefined,
      undefined,
      options,
    );
    return response.status;
  };
  assert.equal(await statusWith(tokens.access_token), 200);

  const renewed = await client.refreshTokenGrant(
    configuration,
    tokens.refresh_token!,
    undefined,
    options,
  );
  assert.notEqual(renewed.access_token, tokens.access_token);
  assert.equal(await statusWith(renewed.access_token), 200);

  await client.tokenRevocation(configuration, renewed.refresh_token!);
  await assert.rejects(
    statusWith(renewed.access_token),
    (error: client.WWWAuthenticateChallengeError) => {
      assert.deepEqual(
        error.cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.algs]),
        [['dpop', 'invalid_token', 'ES256']],
      );
      return true;
    },
  );
});
