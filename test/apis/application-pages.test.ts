/** Which pages of other sites can call the bridge (CORS), and what they can read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ApplicationLogin,
  applicationLogin,
  callAs,
  NOTES,
  PHOTOS,
  postToken,
  proofOf,
  refreshFields,
  tokenProof,
  WITH_APPLICATIONS,
} from '../support/application.ts';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { useFixture } from '../support/fixture.ts';
import { useWorld } from '../support/world.ts';

/** What pages of applications can call. */
const OPEN: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/.well-known/oauth-authorization-server'],
  ['POST', '/oauth/token'],
  ['POST', '/oauth/revoke'],
  ['GET', '/api/v1/roles'],
  ['POST', '/api/v1/credentials'],
  ['GET', '/api/v1/explain'],
  ['GET', '/api/v1/whoami'],
];
/** What they cannot. */
const CLOSED = [
  '/',
  '/oauth/authorize',
  '/oauth/device_authorization',
  '/api/v1/console-link',
  '/api/v1/container-tokens',
  '/api/v1/elevations',
  '/api/v1/sessions',
  '/api/v1/openapi.json',
  '/token',
  '/client/register',
  '/sessions',
  '/readyz',
] as const;
const STRANGERS = [
  'https://evil.example',
  'http://photos.example.com',
  'https://photos.example.com:8443',
  'https://photos.example.com.evil.example',
  'https://PHOTOS.example.com',
  'null',
] as const;

const corsOf = (headers: Headers): readonly string[] =>
  [...headers.keys()].filter(name => name.startsWith('access-control-'));

describe('a page of an application', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const login = useFixture(async () =>
    applicationLogin(world, (await world.signIn('bob', 'oidc')).visitor),
  );
  const preflight = async (path: string, method: string, origin: string): Promise<Response> => {
    const response = await fetch(world.urls.bridge + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,dpop',
      },
    });
    await response.body?.cancel();
    return response;
  };
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(world.urls.bridge + path, { redirect: 'manual', ...init });
    await response.body?.cancel();
    return response;
  };

  for (const [method, path] of OPEN) {
    it(`may call ${method} ${path}, with the headers that it needs`, async () => {
      const { status, headers } = await preflight(path, method, PHOTOS.origin);
      assert.equal(status, 204);
      assert.equal(headers.get('access-control-allow-origin'), PHOTOS.origin);
      assert.equal(headers.get('access-control-allow-methods'), method);
      assert.equal(
        headers.get('access-control-allow-headers'),
        'Authorization, Content-Type, DPoP',
      );
      assert.equal(headers.get('access-control-allow-credentials'), null);
      assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
    });

    it(`of any other origin is told nothing at ${method} ${path}`, async () => {
      for (const origin of STRANGERS) {
        for (const response of [
          await preflight(path, method, origin),
          await ask(path, { method, headers: { origin } }),
        ]) {
          assert.deepEqual(corsOf(response.headers), [], origin);
          assert.match(response.headers.get('vary') ?? '', /\bOrigin\b/, origin);
        }
      }
    });
  }

  for (const path of CLOSED)
    it(`is told nothing at ${path}`, async () => {
      for (const response of [
        await preflight(path, 'POST', PHOTOS.origin),
        await ask(path, { headers: { origin: PHOTOS.origin } }),
        await ask(path, { method: 'POST', headers: { origin: PHOTOS.origin } }),
      ])
        assert.deepEqual(corsOf(response.headers), []);
    });

  it('reads answers, errors and their headers', async () => {
    const proof = await proofOf(world, login.key, {
      ...{ method: 'GET', path: '/api/v1/roles' },
      accessToken: login.accessToken,
    });
    const authorization = `DPoP ${login.accessToken}`;
    for (const [status, headers] of [
      [200, { authorization, dpop: proof }],
      [401, { authorization, dpop: proof }],
      [401, { authorization: `Bearer ${login.accessToken}` }],
      [401, {}],
    ] as const) {
      const sent = { ...headers, origin: PHOTOS.origin };
      const response = await ask('/api/v1/roles', { headers: sent });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('access-control-allow-origin'), PHOTOS.origin);
      assert.equal(
        response.headers.get('access-control-expose-headers'),
        'DPoP-Nonce, WWW-Authenticate, Retry-After',
      );
    }
    const rejected = await postToken(world, { fields: {}, origin: PHOTOS.origin });
    assert.equal(rejected.status, 400);
    assert.equal(rejected.headers.get('access-control-allow-origin'), PHOTOS.origin);
  });

  it('of another application cannot use the token, nor read the refusal', async () => {
    const { status, json, headers } = await callAs(world, login, {
      path: '/roles',
      origin: NOTES.origin,
    });
    assert.deepEqual([status, json.code], [403, 'origin_refused']);
    assert.deepEqual(corsOf(headers), []);
    const event = (await world.audit()).find(({ type }) => type === 'request.refused');
    assert.ok(event?.type === 'request.refused');
    assert.deepEqual([event.code, event.actor?.username], ['origin_refused', 'bob']);
  });

  it('of another application cannot redeem, renew or revoke under its client id', async () => {
    const fields = refreshFields(login.refreshToken);
    const renewed = await postToken(world, {
      fields,
      proof: await tokenProof(world, login.key),
      origin: NOTES.origin,
    });
    const revoked = await postToken(
      world,
      { fields: { token: login.refreshToken, client_id: PHOTOS.id }, origin: NOTES.origin },
      '/oauth/revoke',
    );
    for (const { status, json, headers } of [renewed, revoked]) {
      assert.deepEqual([status, json.error], [400, 'unauthorized_client']);
      assert.deepEqual(corsOf(headers), []);
    }
    assert.equal((await stillWorks(login)).status, 200);
  });

  const stillWorks = (of: ApplicationLogin) =>
    callAs(world, of, { path: '/roles', origin: PHOTOS.origin });

  it('cannot use the token or the client id of a terminal', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { accessToken, refreshToken } = await loginByCode(world, visitor);
    const headers = { origin: PHOTOS.origin };
    const roles = await callApi(world, accessToken, { path: '/roles', headers });
    assert.deepEqual([roles.status, roles.json.code], [403, 'origin_refused']);
    const fields = refreshFields(refreshToken, 'rolebridge-cli');
    const renewed = await postToken(world, { fields, origin: PHOTOS.origin });
    assert.deepEqual([renewed.status, renewed.json.error], [400, 'unauthorized_client']);
    for (const answer of [roles, renewed]) assert.deepEqual(corsOf(answer.headers), []);
    assert.equal((await callApi(world, accessToken, { path: '/roles' })).status, 200);
  });

  it('is described by the metadata that it needs', async () => {
    const response = await fetch(`${world.urls.bridge}/.well-known/oauth-authorization-server`, {
      headers: { origin: PHOTOS.origin },
    });
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(metadata.dpop_signing_alg_values_supported, ['ES256']);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.equal(metadata.issuer, world.urls.bridge);
    assert.equal(response.headers.get('access-control-allow-origin'), PHOTOS.origin);
  });
});

describe('without applications', () => {
  const world = useWorld();

  it('no page is told anything', async () => {
    for (const [method, path] of OPEN) {
      const response = await fetch(world.urls.bridge + path, {
        method: 'OPTIONS',
        headers: { origin: PHOTOS.origin, 'access-control-request-method': method },
      });
      await response.body?.cancel();
      assert.deepEqual(corsOf(response.headers), [], path);
    }
  });
});
