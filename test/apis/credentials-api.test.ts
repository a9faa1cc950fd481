import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { ROUTES } from '../../src/app.ts';
import { type ApiDocument, checkedCaller } from '../support/api-document.ts';
import {
  beginDevice,
  callApi,
  confirmDevice,
  loginByDevice,
  pollDevice,
} from '../support/cli-login.ts';
import { useWorld, worldFor } from '../support/world.ts';

describe('the bearer API', () => {
  const world = useWorld();
  let document: ApiDocument;
  let call: ReturnType<typeof checkedCaller>;
  let alice: string;
  let bob: string;
  before(async () => {
    document = await (await fetch(`${world.urls.bridge}/api/v1/openapi.json`)).json();
    call = checkedCaller(world, document);
    alice = (await loginByDevice(world, 'alice')).accessToken;
    bob = (await loginByDevice(world, 'bob', 'oidc')).accessToken;
  });

  it('names the answers to a body that is too large or is no JSON, where one is read', () => {
    const operations = Object.values(document.paths as Record<string, object>).flatMap(
      methods => Object.values(methods) as { requestBody?: object; responses: object }[],
    );
    assert.ok(operations.some(({ requestBody }) => requestBody !== undefined));
    for (const { requestBody, responses } of operations)
      for (const status of ['413', '415'])
        assert.equal(status in responses, requestBody !== undefined);
  });

  it('describes itself by a valid OpenAPI document, with every route and no other', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    assert.ok(valid, JSON.stringify(errors));

    const described = Object.entries(document.paths as Record<string, object>).flatMap(
      ([path, methods]) => Object.keys(methods).map(method => `${method} ${path}`),
    );
    const routes = ROUTES.filter(({ operation }) => operation !== undefined).map(
      ({ method, path }) => `${method} ${path}`,
    );
    assert.deepEqual(described.sort(), routes.sort());

    for (const route of routes) {
      const [method, path] = route.split(' ') as [string, string];
      const { status } = await fetch(world.urls.bridge + path.replaceAll(/\{\w+\}/g, 'x'), {
        method: method.toUpperCase(),
      });
      assert.equal(status, 401, route);
    }

    const ids = Object.values(
      document.paths as Record<string, Record<string, { operationId: string }>>,
    ).flatMap(methods => Object.values(methods).map(({ operationId }) => operationId));
    assert.equal(new Set(ids).size, ids.length);
  });

  it('says who is asking', async () => {
    const { json } = await call(alice, { path: '/whoami' });
    assert.deepEqual(json.person.username, 'alice');
    assert.equal(json.person.connector_label, 'Acme AD FS');
    assert.equal(json.session.current, true);
    assert.equal(json.session.device_name, 'terminal-of-a-test');
    assert.ok(!('id' in json.person) || /^[a-z2-7]{16}$/.test(json.person.id));
  });

  it('lists roles, sorted', async () => {
    const { json } = await call(alice, { path: '/roles' });
    const names = json.roles.map(
      ({ account, role }: { account: { name: string }; role: string }) => `${account.name}/${role}`,
    );

    assert.deepEqual(names, [
      'gov/Admin',
      'partner/Auditor',
      'prod/Admin',
      'prod/Developer',
      'prod/ReadOnly',
      'staging/Admin',
      'staging/Developer',
    ]);
    assert.deepEqual(
      [json.roles[1].account.via, json.roles[1].duration_seconds, json.roles[1].console_seconds],
      ['prod/BridgeHub', 3600, null],
    );
  });

  it('says what is configured of an account, and null for the rest', async () => {
    const { json } = await call(alice, { path: '/roles' });
    const accountOf = (named: string) =>
      json.roles.find(({ account }: { account: { name: string } }) => account.name === named)
        .account;
    assert.deepEqual(accountOf('prod'), {
      ...{
        id: '111122223333',
        name: 'prod',
        partition: 'aws',
        region: 'eu-west-1',
        via: null,
        sts_endpoint: null,
      },
      ...{ environment: 'production', owner: 'Platform team', link: null, folder: [] },
      description: 'The shop, as customers see it',
    });
    assert.deepEqual(accountOf('gov').environment, null);
  });

  it('gives credentials, by name and by id of the account, and says what AWS reduced', async () => {
    const { json } = await call(alice, {
      method: 'POST',
      path: '/credentials',
      body: { account: '111122223333', role: 'ReadOnly' },
    });
    assert.match(json.access_key_id, /^ASIA/);
    assert.match(json.assumed_role_arn, /assumed-role\/ReadOnly\/alice-/);
    assert.deepEqual(
      [json.account.name, json.duration_seconds, json.reduced_from_seconds],
      ['prod', 3600, 14_400],
    );

    const event = (await world.audit())[0];
    assert.ok(event?.type === 'credentials.issued');
    const { json: who } = await call(alice, { path: '/whoami' });
    assert.deepEqual([event.cliSession, event.accessKeyId], [who.session.id, json.access_key_id]);
  });

  it('gives a console link for one page of the console', async () => {
    const { json } = await call(alice, {
      method: 'POST',
      path: '/console-link',
      body: { account: 'prod', role: 'Admin' },
    });
    assert.ok(json.url.startsWith(`${world.urls.aws}/federation?Action=login`));

    const refused = await call(alice, {
      method: 'POST',
      path: '/console-link',
      body: { account: 'prod', role: 'Admin', destination: 'https://evil.example/' },
    });
    assert.deepEqual([refused.status, refused.json.code], [400, 'destination_refused']);
  });

  it('explains a role that is granted, one that is missing, and one that no user has', async () => {
    const explain = async (token: string, account: string, role: string) =>
      (await call(token, { path: `/explain?${new URLSearchParams({ account, role })}` })).json;
    assert.deepEqual(await explain(alice, 'prod', 'Admin'), {
      account: 'prod',
      role: 'Admin',
      outcome: 'granted',
      steps: [
        {
          rule: 'admins',
          outcome: 'grants',
          sentence: 'Gives the role, because you are in the group aws-admins.',
        },
      ],
      next_step: null,
    });

    const refused = await explain(bob, 'prod', 'Admin');
    assert.equal(refused.outcome, 'refused');
    assert.match(refused.next_step, /Ask for membership of the group aws-admins/);
    const unknown = await explain(bob, 'nowhere', 'Admin');
    assert.deepEqual([unknown.steps, unknown.outcome], [[], 'refused']);
  });

  it('refuses a role with the reasons of the policy, and records it', async () => {
    const { status, json } = await call(bob, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'prod', role: 'Admin' },
    });
    assert.deepEqual([status, json.code, json.sign_in_again], [403, 'access_denied', undefined]);
    assert.deepEqual(json.trace.steps[0], {
      rule: 'admins',
      outcome: 'group-missing',
      sentence: 'Gives the role to the group aws-admins, and you are not in it.',
    });

    const event = (await world.audit())[0];
    assert.ok(
      event?.type === 'access.refused' &&
        event.cliSession !== undefined &&
        event.actor.username === 'bob',
    );
    assert.equal(event.origin.correlationId, json.correlation_id);
  });

  it('makes a token for one role, which opens that and nothing else', async () => {
    const { json } = await call(alice, {
      method: 'POST',
      path: '/container-tokens',
      body: { account: 'prod', role: 'Developer' },
    });
    const path = new URL(json.url).pathname.replace('/api/v1', '');

    const { json: credentials } = await call(json.token, { path });
    assert.deepEqual(Object.keys(credentials), [
      'AccessKeyId',
      'SecretAccessKey',
      'Token',
      'Expiration',
      'AccountId',
      'RoleArn',
    ]);
    assert.equal(credentials.RoleArn, 'arn:aws:iam::111122223333:role/Developer');

    const before = world.toAws.length;
    const keys = await Promise.all(
      Array.from(
        { length: 20 },
        async () => (await call(json.token, { path })).json.AccessKeyId as string,
      ),
    );
    assert.deepEqual(
      new Set(keys),
      new Set([credentials.AccessKeyId]),
      'twenty containers share what one was given',
    );
    assert.equal(world.toAws.length, before);

    const other = await call(json.token, { path: '/container-credentials/prod/Admin' });
    assert.deepEqual([other.status, other.json.Code], [403, 'role_not_for_token']);
    assert.match(other.json.Message, /This token is for another role\. /);
    assert.equal((await call(json.token, { path: '/roles' })).status, 401);
    assert.equal(
      (await call(alice, { path })).status,
      401,
      'the token of a login does not open it',
    );
    assert.equal(
      (
        await call(bob, {
          method: 'POST',
          path: '/container-tokens',
          body: { account: 'prod', role: 'Admin' },
        })
      ).status,
      403,
    );
  });

  it('ends one session, or all', async () => {
    const [here, there] = [
      (await loginByDevice(world, 'bob', 'oidc')).accessToken,
      (await loginByDevice(world, 'bob', 'oidc')).accessToken,
    ];
    const { json: container } = await call(there, {
      method: 'POST',
      path: '/container-tokens',
      body: { account: 'prod', role: 'Developer' },
    });

    const { json } = await call(there, { path: '/whoami' });
    assert.equal(
      (await call(here, { method: 'DELETE', path: `/sessions/${json.session.id}` })).status,
      204,
    );
    assert.equal((await call(there, { path: '/whoami' })).status, 401);
    assert.equal(
      (
        await call(container.token, {
          path: new URL(container.url).pathname.replace('/api/v1', ''),
        })
      ).status,
      401,
    );
    assert.equal(
      (await call(here, { method: 'DELETE', path: `/sessions/${json.session.id}` })).status,
      404,
    );

    const { json: alices } = await call(alice, { path: '/whoami' });
    assert.equal(
      (await call(here, { method: 'DELETE', path: `/sessions/${alices.session.id}` })).status,
      404,
      'another user’s',
    );
    assert.equal((await call(here, { method: 'DELETE', path: '/sessions' })).status, 204);
    assert.equal((await call(bob, { path: '/whoami' })).status, 401);
    assert.equal((await call(alice, { path: '/whoami' })).status, 200);
  });

  it('wants a token, in the header, of the right kind', async () => {
    const none = await call(undefined, { path: '/whoami' });
    assert.deepEqual(
      [none.status, none.json.code, none.headers.get('www-authenticate')],
      [401, 'token_invalid', 'Bearer'],
    );

    for (const wrong of ['rba_nonsense', alice.toUpperCase(), `${alice}x`, '', 'a b', '\u00e9']) {
      const answered = await callApi(world, undefined, {
        path: '/whoami',
        headers: { authorization: `Bearer ${encodeURIComponent(wrong)}` },
      });
      assert.deepEqual(
        [answered.status, answered.headers.get('www-authenticate')],
        [401, 'Bearer error="invalid_token"'],
        wrong,
      );
    }
    assert.equal(
      (await callApi(world, undefined, { path: `/whoami?access_token=${alice}` })).status,
      401,
    );
  });

  it('answers bad input with what is wrong with it', async () => {
    const post = (body: unknown, headers = {}) =>
      callApi(world, alice, { method: 'POST', path: '/credentials', body, headers });

    for (const [what, answered, status, code] of [
      ['no fields', await post({}), 400, 'bad_request'],
      ['fields of another type', await post({ account: 1, role: ['Admin'] }), 400, 'bad_request'],
      ['a list', await post([]), 400, 'bad_request'],
      ['no JSON', await post('{"account":'), 400, 'bad_request'],
      [
        'a form',
        await post('account=prod', { 'content-type': 'application/x-www-form-urlencoded' }),
        415,
        'unsupported_media_type',
      ],
      [
        'a body too large',
        await post({ account: 'x'.repeat(9000), role: 'y' }),
        413,
        'payload_too_large',
      ],
      [
        'a prototype',
        await post('{"__proto__":{"account":"prod","role":"Admin"}}'),
        400,
        'bad_request',
      ],
      [
        'a query twice',
        await callApi(world, alice, { path: '/explain?account=prod&account=gov&role=Admin' }),
        400,
        'bad_request',
      ],
      [
        'another method',
        await callApi(world, alice, { method: 'PUT', path: '/roles' }),
        405,
        'method_not_allowed',
      ],
      ['an unknown operation', await callApi(world, alice, { path: '/nothing' }), 404, 'not_found'],
    ] as const)
      assert.deepEqual([answered.status, answered.json.code], [status, code], what);
    assert.equal(
      (await callApi(world, alice, { method: 'PUT', path: '/roles' })).headers.get('allow'),
      'GET',
    );
  });

  it('an unknown operation is counted, also with a malformed escape', async () => {
    for (const path of ['/nothing', '/%zz', '/roles%zz', '/sessions/x/%zz']) {
      const answered = await callApi(world, alice, { path });
      assert.deepEqual([answered.status, answered.json.code], [404, 'not_found'], path);
      assert.match(answered.headers.get('ratelimit') ?? '', /^limit=3000/, path);
    }
  });

  it('a sign-in that is too old is said, with that a new one helps', async t => {
    const own = await worldFor(t);
    const { accessToken, refreshToken, visitor } = await loginByDevice(own, 'alice');
    assert.ok(accessToken && visitor);

    own.clock.turn(8 * 3600 + 60);
    const refreshed = await fetch(`${own.urls.bridge}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'rolebridge-cli',
        refresh_token: refreshToken,
      }),
    });
    const { access_token } = (await refreshed.json()) as { access_token: string };
    const { status, json } = await callApi(own, access_token, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'prod', role: 'Admin' },
    });
    assert.deepEqual([status, json.code, json.sign_in_again], [403, 'proof_missing', true]);
    assert.match(json.detail, /Sign in again/);

    const { json: roles } = await callApi(own, access_token, { path: '/roles' });
    const admin = roles.roles.find(({ role }: { role: string }) => role === 'Admin');
    assert.equal(admin.usable, false);
    assert.match(admin.missing[0], /It requires a sign-in of the last 8 h/);
  });

  it('no token and no credential is in the log', async () => {
    const { json } = await call(alice, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'prod', role: 'Admin' },
    });
    const log = world.log.join('');
    assert.ok(log.includes(json.access_key_id), 'the audit names the key id');

    for (const secret of [json.secret_access_key, json.session_token, alice, bob])
      assert.ok(!log.includes(secret));
  });
});

describe('logins by a code that are limited to roles', () => {
  it('reach those and no others, and say why', async t => {
    const world = await worldFor(t, {
      configure: yaml =>
        `${yaml}\ncli: { deviceGrant: { roles: ["prod/ReadOnly", "*/Developer"] } }\n`,
    });
    const { visitor } = await world.signIn('alice', 'saml');
    const begun = await beginDevice(world);
    const form = await visitor.get(`${world.urls.bridge}/device`);

    const question = await visitor.submit(form, 'form[action="/device"]', {
      user_code: begun.json.user_code,
    });
    assert.match(
      question.text,
      /3 roles in 2 accounts .*; 4 more of yours are not for logins by a code/,
    );

    await confirmDevice(world, visitor, begun.json.user_code);
    const { json } = await pollDevice(world, begun.json.device_code);
    const ask = (role: string, path = '/credentials') =>
      callApi(world, json.access_token, {
        method: 'POST',
        path,
        body: { account: 'prod', role },
      });
    assert.equal((await ask('ReadOnly')).status, 200);

    for (const path of ['/credentials', '/console-link', '/container-tokens']) {
      const refused = await ask('Admin', path);
      assert.deepEqual(
        [refused.status, refused.json.code],
        [403, 'role_not_for_device_login'],
        path,
      );
    }

    const { json: list } = await callApi(world, json.access_token, { path: '/roles' });
    const admin = list.roles.find(({ role }: { role: string }) => role === 'Admin');
    assert.equal(admin.usable, false);
    assert.match(admin.missing[0], /This role is not available to device-code logins/);
  });
});
