/**
 * A client that is not our own: openid-client, by both flows, against the real endpoints and
 * pages.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { before, describe, it } from 'node:test';
import * as openid from 'openid-client';
import { callApi, confirmDevice } from '../support/cli-login.ts';
import { useWorld } from '../support/world.ts';

describe('a stranger’s client', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => `${yaml}
cli:
  deviceGrant: { interval: 1s }
  clients: [{ id: strangers-tool, name: "Stranger's tool", redirectUris: ["http://127.0.0.1/cb"] }]
`,
  });
  let client: openid.Configuration;
  before(async () => {
    client = await openid.discovery(
      new URL(world.urls.bridge),
      'strangers-tool',
      undefined,
      openid.None(),
      {
        algorithm: 'oauth2',
        execute: [openid.allowInsecureRequests],
      },
    );
  });

  it('logs in by a device code, refreshes and revokes', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const begun = await openid.initiateDeviceAuthorization(client, { scope: 'aws' });
    const polling = openid.pollDeviceAuthorizationGrant(client, begun);
    await confirmDevice(world, visitor, begun.user_code);

    const tokens = await polling;
    assert.equal(
      (await callApi(world, tokens.access_token, { path: '/whoami' })).json.session.client.name,
      "Stranger's tool",
    );

    const refreshed = await openid.refreshTokenGrant(client, tokens.refresh_token!);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    await openid.tokenRevocation(client, refreshed.refresh_token!);
    assert.equal((await callApi(world, refreshed.access_token, { path: '/whoami' })).status, 401);
  });

  it('is told when the person refuses', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const begun = await openid.initiateDeviceAuthorization(client, {});
    const form = await visitor.get(begun.verification_uri);

    const question = await visitor.submit(form, 'form[action="/device"]', {
      user_code: begun.user_code,
    });
    assert.match(question.text, /Stranger's tool/);

    await visitor.submit(question, 'button[value=disown]');
    await assert.rejects(openid.pollDeviceAuthorizationGrant(client, begun), {
      error: 'access_denied',
    });
  });

  it('logs in by an authorization code with PKCE, and checks who answers', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const landed = createServer((_request, response) => response.end('thank you'));
    await new Promise<void>(resolve => landed.listen(0, '127.0.0.1', resolve));

    try {
      const codeVerifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      const address = openid.buildAuthorizationUrl(client, {
        redirect_uri: `http://127.0.0.1:${(landed.address() as AddressInfo).port}/cb`,
        scope: 'aws',
        code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        state,
      });
      const page = await visitor.get(address.href);
      const done = await visitor.submit(page, 'button[value=approve]');
      assert.equal(done.text, 'thank you');
      const tokens = await openid.authorizationCodeGrant(client, new URL(done.url), {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
      });
      assert.equal(
        (await callApi(world, tokens.access_token, { path: '/whoami' })).json.person.username,
        'bob',
      );
      await assert.rejects(
        openid.authorizationCodeGrant(client, new URL(done.url), {
          pkceCodeVerifier: codeVerifier,
          expectedState: state,
        }),
        {
          error: 'invalid_grant',
        },
      );
    } finally {
      landed.closeAllConnections();
      await new Promise(resolve => landed.close(resolve));
    }
  });
});
