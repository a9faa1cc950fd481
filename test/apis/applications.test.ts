/** What an application can do with its tokens, and how long. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import {
  type ApplicationLogin,
  applicationLogin,
  callAs,
  consented,
  newKey,
  PHOTOS,
  PHOTOS_MOBILE,
  postToken,
  refreshFields,
  tokenProof,
  WITH_APPLICATIONS,
} from '../support/application.ts';
import { callApi, loginByCode, postForm } from '../support/cli-login.ts';
import { useFixture } from '../support/fixture.ts';
import { answer, useWorld, type World, worldFor } from '../support/world.ts';

interface RoleRow {
  readonly account: { readonly name: string };
  readonly role: string;
  readonly usable: boolean;
}
interface SessionRow {
  readonly current: boolean;
  readonly client: { readonly application: string | null };
}

const bobs = async (world: World): Promise<ApplicationLogin> =>
  applicationLogin(world, (await world.signIn('bob', 'oidc')).visitor);

describe('an application', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const login = useFixture(() => bobs(world));
  const call = (path: string, method = 'GET', body?: unknown) =>
    callAs(world, login, { method, path, body, origin: PHOTOS.origin });

  it('gets credentials of a listed role, in the name of its user and with their tags', async () => {
    const { status, json } = await call('/credentials', 'POST', PHOTOS.role);
    assert.equal(status, 200, JSON.stringify(json));
    assert.match(json.assumed_role_arn, /assumed-role\/PhotoUser\/bob-/);
    const event = (await world.audit()).find(({ type }) => type === 'credentials.issued');
    assert.ok(event?.type === 'credentials.issued');
    assert.deepEqual([event.application, event.actor.username], [PHOTOS.id, 'bob']);
    assert.ok(event.cliSession !== undefined);
  });

  it('is told of its listed roles alone, and what is missing for them', async () => {
    const { json } = await call('/roles');
    assert.deepEqual(
      json.roles.map(({ account, role, usable }: RoleRow) => [account.name, role, usable]),
      [
        ['prod', 'Operator', false],
        ['prod', 'PhotoUser', true],
      ],
    );
    assert.match(json.roles[0].request_url, /\/elevations\/new\?/);
  });

  it('is told the same of every other role, whether the user has it or not', async () => {
    const answers: string[] = [];
    for (const role of ['Developer', 'Admin', 'Nothing'])
      for (const account of ['prod', '111122223333', 'nowhere']) {
        const asked = { account, role };
        const refused = await call('/credentials', 'POST', asked);
        const explained = await call(`/explain?${new URLSearchParams(asked)}`);
        for (const { status, json } of [refused, explained]) {
          const { correlation_id: _, ...problem } = json;
          answers.push(JSON.stringify([status, problem]));
        }
      }
    assert.equal(new Set(answers).size, 1);
    assert.match(answers[0]!, /^\[403,.*"role_not_for_application"/);
    const event = (await world.audit()).find(
      ({ type, ...rest }) => type === 'access.refused' && 'role' in rest && rest.role === 'Admin',
    );
    assert.ok(event?.type === 'access.refused');
    assert.deepEqual([event.code, event.application], ['role_not_for_application', PHOTOS.id]);
  });

  it('explains a listed role', async () => {
    const { status, json } = await call('/explain?account=prod&role=PhotoUser');
    assert.deepEqual([status, json.outcome], [200, 'granted']);
  });

  it('is told of its user and its own session, and of no other one', async () => {
    const other = await loginByCode(world, login.visitor);
    const { json } = await call('/whoami');
    assert.equal(json.person.username, 'bob');
    assert.deepEqual(
      json.sessions.map(({ current, client }: SessionRow) => [current, client]),
      [[true, { id: PHOTOS.id, name: 'Photos', application: 'spa' }]],
    );
    const own = await callApi(world, other.accessToken, { path: '/whoami' });
    assert.deepEqual(
      new Set(own.json.sessions.map(({ client }: SessionRow) => client.application)),
      new Set([null, 'spa']),
      'a terminal sees both',
    );
  });

  const CLOSED: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['POST', '/console-link', PHOTOS.role],
    ['POST', '/container-tokens', PHOTOS.role],
    ['GET', '/container-tokens'],
    ['DELETE', '/container-tokens/0123456789abcdef0123'],
    ['GET', '/elevations'],
    ['POST', '/elevations', { roles: [PHOTOS.role], duration_seconds: 3600 }],
    ['GET', '/elevations/0123456789abcdef0123'],
    ['POST', '/elevations/0123456789abcdef0123/approve', {}],
    ['POST', '/elevations/0123456789abcdef0123/deny', {}],
    ['POST', '/elevations/0123456789abcdef0123/withdraw'],
    ['POST', '/elevations/0123456789abcdef0123/revoke', {}],
    ['POST', '/elevations/0123456789abcdef0123/review', { note: 'looked at it all' }],
    ['DELETE', '/sessions'],
    ['DELETE', '/sessions/0123456789abcdef0123'],
  ];
  for (const [method, path, body] of CLOSED)
    it(`cannot call ${method} ${path.replace(/\/0123456789abcdef0123/, '/{id}')}`, async () => {
      // Without the origin: a program that has the key is not a page.
      const { status, json } = await callAs(world, login, { method, path, body });
      assert.deepEqual([status, json.code], [403, 'operation_not_for_application']);
      const event = (await world.audit()).find(({ type }) => type === 'request.refused');
      assert.ok(event?.type === 'request.refused');
      assert.deepEqual([event.code, event.actor?.username], [json.code, 'bob']);
    });

  it('finds every operation open to it in the OpenAPI document, and no other one', async () => {
    const response = await fetch(`${world.urls.bridge}/api/v1/openapi.json`);
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, never>> };
    const open = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { security }]) => JSON.stringify(security).includes('application'))
        .map(([method]) => `${method} ${path}`),
    );
    assert.deepEqual(open.sort(), [
      'get /api/v1/explain',
      'get /api/v1/roles',
      'get /api/v1/whoami',
      'post /api/v1/credentials',
    ]);
  });

  it('gets no device code', async () => {
    const { status, json } = await postForm(world, '/oauth/device_authorization', {
      client_id: PHOTOS.id,
    });
    assert.deepEqual([status, json.error], [400, 'unauthorized_client']);
  });
});

describe('a session of an application', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const refresh = async (
    { key, refreshToken }: Pick<ApplicationLogin, 'key' | 'refreshToken'>,
    origin = PHOTOS.origin,
  ) =>
    postToken(world, {
      fields: refreshFields(refreshToken),
      proof: await tokenProof(world, key),
      origin,
    });

  it('renews its tokens, each once, with a grace for tabs that race', async () => {
    const login = await bobs(world);
    const [one, other] = await Promise.all([refresh(login), refresh(login)]);
    assert.equal(one.status, 200, JSON.stringify(one.json));
    assert.equal(one.json.token_type, 'DPoP');
    assert.equal(other.json.refresh_token, one.json.refresh_token, 'both tabs have the same');
    const renewed = { key: login.key, accessToken: one.json.access_token };
    assert.equal((await callAs(world, renewed, { path: '/roles' })).status, 200);

    world.clock.turn(61);
    assert.equal((await refresh(login)).json.error, 'invalid_grant', 'reuse');
    assert.equal((await callAs(world, renewed, { path: '/roles' })).status, 401, 'it has ended');
  });

  it('has access tokens of ten minutes, and ends at its limit', async () => {
    const login = await bobs(world);
    const first = await refresh(login);
    assert.deepEqual([first.json.expires_in, first.json.session_expires_in], [600, 8 * 3600]);
    world.clock.turn(600);
    const { key } = login;
    const accessToken = first.json.access_token;
    const late = await callAs(world, { key, accessToken }, { path: '/roles' });
    assert.deepEqual([late.status, late.json.code], [401, 'token_invalid']);
    assert.match(late.headers.get('www-authenticate')!, /^DPoP error="invalid_token"/);

    world.clock.turn(8 * 3600 - 600);
    const ended = await refresh({ key, refreshToken: first.json.refresh_token });
    assert.equal(ended.json.error, 'invalid_grant');
  });

  it('ends no later than a terminal’s would: its groups are as old as the sign-in', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    for (let hour = 0; hour < 11; hour++) {
      world.clock.turn(3000);
      await visitor.get(`${world.urls.bridge}/`);
    }
    const login = await applicationLogin(world, visitor);
    const { json } = await refresh(login);
    assert.equal(json.session_expires_in, 12 * 3600 - 11 * 3000);
  });

  it('ends by a revocation, which needs no proof', async () => {
    const login = await bobs(world);
    const fields = { token: login.refreshToken, client_id: PHOTOS.id };
    const { status } = await postToken(world, { fields, origin: PHOTOS.origin }, '/oauth/revoke');
    assert.equal(status, 200);
    assert.equal((await callAs(world, login, { path: '/roles' })).status, 401);
    const event = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(event?.type === 'cli-session.ended');
    assert.deepEqual([event.by, event.why], ['client', 'logged out in the application']);
  });

  it('is recorded as that of an application', async () => {
    await bobs(world);
    const events = await world.audit();
    for (const expected of ['cli-login.approved', 'cli-session.opened'] as const) {
      const event = events.find(({ type }) => type === expected);
      assert.ok(event?.type === expected);
      const { client, clientName, clientKind, grant } = event;
      assert.deepEqual(
        [client, clientName, clientKind, grant],
        [PHOTOS.id, 'Photos', 'spa', 'authorization_code'],
      );
    }
  });

  it('opens for an app on a phone, with a proof and no origin', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const consent = { client: PHOTOS_MOBILE.id, redirectUri: PHOTOS_MOBILE.redirectUri };
    const login = await applicationLogin(world, visitor, consent);
    assert.equal((await callAs(world, login, { path: '/roles' })).status, 200);
    const page = await callAs(world, login, { path: '/roles', origin: PHOTOS.origin });
    assert.deepEqual([page.status, page.json.code], [403, 'origin_refused']);
  });
});

describe('an application that the configuration changes', () => {
  it('loses a role at once, and everything once it is removed', async t => {
    const world = await worldFor(t, WITH_APPLICATIONS);
    const login = await bobs(world);
    const terminal = await loginByCode(world, login.visitor);
    const rolesAfter = async (change: 'no roles' | 'removed') => {
      const later = await world.compose(configuration => ({
        ...configuration,
        applications: configuration.applications.flatMap(client =>
          client.id !== PHOTOS.id
            ? [client]
            : change === 'removed'
              ? []
              : [{ ...client, application: { ...client.application, roles: [] } }],
        ),
      }));
      answer(world.servers.bridge, createApp(later));
      return callAs(world, login, { path: '/roles' });
    };
    assert.deepEqual((await rolesAfter('no roles')).json.roles, []);
    const removed = await rolesAfter('removed');
    assert.deepEqual([removed.status, removed.json.code], [401, 'token_invalid']);
    assert.equal((await callApi(world, terminal.accessToken, { path: '/roles' })).status, 200);
  });
});

describe('any other client', () => {
  const world = useWorld(WITH_APPLICATIONS);

  it('can bind its tokens to a key, and then they are bound', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const terminal = await loginByCode(world, visitor);
    const key = await newKey();
    const plain = await postForm(world, '/oauth/token', {
      ...refreshFields(terminal.refreshToken, 'rolebridge-cli'),
    });
    assert.equal(plain.json.token_type, 'Bearer');

    const REDIRECT = 'http://127.0.0.1:49153/callback';
    const consent = { client: 'rolebridge-cli', redirectUri: REDIRECT };
    const { answer: got, verifier } = await consented(world, visitor, consent);
    const { json } = await postToken(world, {
      fields: {
        grant_type: 'authorization_code',
        client_id: 'rolebridge-cli',
        redirect_uri: REDIRECT,
        code: got.get('code')!,
        code_verifier: verifier,
      },
      proof: await tokenProof(world, key),
    });
    assert.equal(json.token_type, 'DPoP');
    const bearer = await callApi(world, json.access_token, { path: '/elevations' });
    assert.deepEqual([bearer.status, bearer.json.code], [401, 'token_binding_invalid']);
    const bound = { key, accessToken: json.access_token };
    assert.equal((await callAs(world, bound, { path: '/elevations' })).status, 200);
  });

  it('cannot send a token without a key by the scheme DPoP', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { accessToken } = await loginByCode(world, visitor);
    const { status, json } = await callAs(
      world,
      { key: await newKey(), accessToken },
      { path: '/roles' },
    );
    assert.deepEqual([status, json.code], [401, 'token_binding_invalid']);
  });
});
