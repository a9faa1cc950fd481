/**
 * The connector against oidc-provider, an OpenID Certified implementation that shares no code with
 * us or our forge.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';
import { addressIn } from '../support/authentication-request.ts';
import { openConnector, type Registration } from '../support/oidc-sign-in.ts';

interface CertifiedProvider extends Registration {
  /**
   * Follows the redirects of a browser from the authorization endpoint to the bridge; the person
   * signs in on the way.
   */
  browse(redirectTo: string): Promise<URLSearchParams>;
}

const BRIDGE = 'https://aws.example.com';

async function certifiedProvider(
  t: TestContext,
  method: 'client_secret_basic' | 'client_secret_post',
  conformIdTokenClaims: boolean,
) {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = { clientId: 'bridge', clientSecret: 'secret with spaces & "signs" + more' };
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const configuration: Configuration = {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [`${BRIDGE}/oidc/acme/callback`],
        token_endpoint_auth_method: method,
      },
    ],
    conformIdTokenClaims,
    claims: {
      openid: ['sub', 'amr', 'auth_time'],
      profile: ['preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        preferred_username: 'alice',
        email: 'alice@acme.example',
        email_verified: true,
        groups: ['aws-admins'],
      }),
    }),
    loadExistingGrant: async context => {
      const grant = new context.oidc.provider.Grant({
        accountId: context.oidc.session?.accountId,
        clientId: client.clientId,
      });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'k1', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['cookie-key'] },
  };
  // It warns at length that it is not set up for production.
  for (const method of ['info', 'warn'] as const) t.mock.method(console, method, () => {});
  const provider = new Provider(issuer, configuration);
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response);
    await provider.interactionFinished(request, response, {
      login: { accountId: 'alice-0001', amr: ['pwd', 'mfa'] },
    });
  });
  t.after(async () => {
    const closed = new Promise(resolve => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });

  const browse = async (redirectTo: string): Promise<URLSearchParams> => {
    const cookies = new Map<string, string>();
    let address = new URL(redirectTo);
    for (let hops = 0; hops < 10 && address.origin === issuer; hops += 1) {
      const cookie = [...cookies].map(pair => pair.join('=')).join('; ');
      const response = await fetch(address, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0]!.split('=');
        cookies.set(name!, value ?? '');
      }
      const location = response.headers.get('location');
      assert.ok(location, `status ${response.status} without a redirect: ${await response.text()}`);
      address = new URL(location, address);
    }
    assert.equal(address.origin + address.pathname, `${BRIDGE}/oidc/acme/callback`);
    return address.searchParams;
  };
  return { issuer, ...client, browse } satisfies CertifiedProvider;
}

const cases = [
  { where: 'at userinfo', method: 'client_secret_basic', conformIdTokenClaims: true },
  { where: 'in the id_token', method: 'client_secret_post', conformIdTokenClaims: false },
] as const;
for (const { where, method, conformIdTokenClaims } of cases) {
  test(`a certified provider that takes ${method} and has the claims ${where} signs alice in`, async t => {
    const provider = await certifiedProvider(t, method, conformIdTokenClaims);
    const scopes = ['profile', 'email', 'groups'];

    const connector = await openConnector(t, provider, {
      clientAuthentication: method,
      scopes,
      keepCorporateProof: true,
    });
    assert.deepEqual(connector.availability(), { state: 'ready' });

    const { request, expectation } = await connector.begin({
      attemptId: 'attempt-1',
      reauthenticate: true,
    });
    const parameters = await provider.browse(addressIn(request));
    assert.equal(parameters.get('state'), 'attempt-1');

    const { identity, corporateProof } = await connector.complete(
      { protocol: 'oidc', parameters },
      expectation,
    );
    assert.deepEqual(
      [identity.subject, identity.username, identity.email, identity.groups],
      ['alice-0001', 'alice', 'alice@acme.example', ['aws-admins']],
    );
    assert.deepEqual(identity.authentication.methods, ['pwd', 'mfa']);
    assert.equal(identity.authentication.multiFactor, true);
    assert.ok(Math.abs(identity.authentication.at! - Date.now()) < 60_000);
    assert.equal(corporateProof?.kind, 'id-token');
    await assert.rejects(connector.complete({ protocol: 'oidc', parameters }, expectation), {
      code: 'oidc_response_refused',
    });
  });
}
