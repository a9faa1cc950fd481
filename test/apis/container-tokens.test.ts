/**
 * Tokens for containers as their people see them: recorded, listed, capped, revoked; and what a
 * refresh leaves in the trail.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { MOST_CLI_SESSIONS, MOST_CONTAINER_TOKENS } from '../../src/core/tokens.ts';
import { awsTools } from '../support/aws-tools.ts';
import {
  type Answer,
  CLIENT,
  callApi,
  loginByDevice,
  postForm,
  viewerOf,
} from '../support/cli-login.ts';
import { usePostgres } from '../support/postgres.ts';
import { answer, storedIn, useDatabase, useWorld, type World, worldFor } from '../support/world.ts';

const ROLE = { account: 'prod', role: 'Developer' };
const make = (world: World, token: string, body: unknown = ROLE): Promise<Answer> =>
  callApi(world, token, { method: 'POST', path: '/container-tokens', body });
const use = (
  world: World,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  callApi(world, token, { path: '/container-credentials/prod/Developer', headers });
const list = async (world: World, token: string): Promise<Answer['json'][]> =>
  (await callApi(world, token, { path: '/container-tokens' })).json.container_tokens;
const eventsOf = async <T extends AuditEvent['type']>(
  world: World,
  type: T,
): Promise<Extract<AuditEvent, { type: T }>[]> =>
  (await world.audit()).filter(
    (event): event is Extract<AuditEvent, { type: T }> => event.type === type,
  );

describe('a container token', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
  });

  const own = async (accessToken: string, id: string): Promise<Answer['json']> =>
    (await list(world, accessToken)).find(one => one.id === id);

  it('is recorded with its handle, which is not the token, and its use says which one it was', async () => {
    const { accessToken } = await loginByDevice(world, 'alice');
    const { json } = await make(world, accessToken);
    const issued = (await eventsOf(world, 'container-token.issued')).find(
      ({ containerToken }) => containerToken === json.id,
    );

    const { sessions } = (await callApi(world, accessToken, { path: '/whoami' })).json;
    assert.deepEqual(
      [
        issued!.containerToken,
        issued!.actor.username,
        issued!.account,
        issued!.role,
        issued!.cliSession,
      ],
      [json.id, 'alice', '111122223333', 'Developer', sessions[0].id],
    );
    assert.equal((await use(world, json.token)).status, 200);

    const [handout] = await eventsOf(world, 'credentials.issued');
    assert.equal(handout!.containerToken, json.id);
    assert.equal((await use(world, json.id)).status, 401, 'the handle opens nothing');
    assert.ok(!JSON.stringify(await world.audit()).includes(json.token));
    assert.ok(!world.log.join('').includes(json.token));
  });

  it('is listed by the API and on the page, with its last use, and never with the token', async () => {
    const { accessToken, visitor } = await loginByDevice(world, 'alice');
    const { json } = await make(world, accessToken);
    const fresh = await own(accessToken, json.id);
    assert.deepEqual(
      [fresh.id, fresh.role, fresh.account.name, fresh.last_used_at],
      [json.id, 'Developer', 'prod', null],
    );

    await use(world, json.token, { 'x-forwarded-for': '198.51.100.7' });
    const used = await own(accessToken, json.id);
    assert.equal(used.last_used_address, '198.51.100.7');
    assert.ok(used.last_used_at !== null);
    const { json: me } = await callApi(world, accessToken, { path: '/whoami' });
    assert.deepEqual(me.session.container_tokens, [used]);

    const page = await visitor.get(`${world.urls.bridge}/sessions`);
    assert.match(
      page.text,
      /Container tokens.*Developer in prod.*Last used .* from 198\.51\.100\.7/,
    );
    assert.ok(!page.html.includes(json.token) && !JSON.stringify(me).includes(json.token));
  });

  it('is revoked alone, on the page, by the API or by its holder, and that is recorded', async () => {
    const { accessToken, visitor } = await loginByDevice(world, 'alice');
    const [byPage, byApi, byItself, other] = [
      ...[(await make(world, accessToken)).json, (await make(world, accessToken)).json],
      ...[(await make(world, accessToken)).json, (await make(world, accessToken)).json],
    ];

    const page = await visitor.get(`${world.urls.bridge}/sessions`);
    for (const _ of ['first', 'again']) {
      const done = await visitor.submit(
        page,
        `form:has(input[value="${byPage.id}"]) button[value=revoke]`,
      );
      assert.match(done.text, /The container token was revoked/);
    }

    const path = `/container-tokens/${byApi.id}`;
    assert.equal((await callApi(world, accessToken, { method: 'DELETE', path })).status, 204);
    assert.equal((await callApi(world, accessToken, { method: 'DELETE', path })).status, 404);
    assert.equal(
      (await postForm(world, '/oauth/revoke', { client_id: CLIENT, token: byItself.token })).status,
      200,
    );

    for (const { token } of [byPage, byApi, byItself])
      assert.equal((await use(world, token)).status, 401);
    assert.equal((await use(world, other.token)).status, 200);

    const revoked = (await eventsOf(world, 'container-token.revoked')).map(
      ({ containerToken, by }) => [containerToken, by],
    );
    assert.deepEqual(revoked, [
      [byItself.id, 'client'],
      [byApi.id, 'person'],
      [byPage.id, 'person'],
    ]);

    const left = new Set((await list(world, accessToken)).map(({ id }) => id));
    assert.deepEqual(
      [byPage, byApi, byItself, other].map(({ id }) => left.has(id)),
      [false, false, false, true],
    );
  });

  it('of another user is neither listed nor revoked', async () => {
    const [alice, bob] = [await loginByDevice(world, 'alice'), await loginByDevice(world, 'bob')];
    const { json } = await make(world, alice.accessToken);

    assert.deepEqual(await list(world, bob.accessToken), []);
    assert.equal(
      (
        await callApi(world, bob.accessToken, {
          method: 'DELETE',
          path: `/container-tokens/${json.id}`,
        })
      ).status,
      404,
    );
    assert.equal((await use(world, json.token)).status, 200);
  });

  it('ends with its session, and leaves the lists with it', async () => {
    const { accessToken, visitor } = await loginByDevice(world, 'bob');
    const { json } = await make(world, accessToken);
    const { session } = (await callApi(world, accessToken, { path: '/whoami' })).json;
    const page = await visitor.get(`${world.urls.bridge}/sessions`);

    await visitor.submit(page, `form:has(input[value="${session.id}"]) button[value=end]`);
    assert.equal((await use(world, json.token)).status, 401);

    const again = await loginByDevice(world, 'bob');
    assert.deepEqual(
      (await list(world, again.accessToken)).filter(({ id }) => id === json.id),
      [],
    );
  });

  it('is one of so many in a session: one more is refused, recorded, and told how to revoke', async () => {
    const { accessToken } = await loginByDevice(world, 'bob');
    const answers = await Promise.all(
      Array.from({ length: MOST_CONTAINER_TOKENS + 5 }, () => make(world, accessToken)),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, MOST_CONTAINER_TOKENS);

    const refused = answers.filter(({ status }) => status !== 200);
    assert.deepEqual(
      new Set(refused.map(({ status, json }) => `${status} ${json.code}`)),
      new Set(['409 limit_reached']),
    );
    assert.match(refused[0]!.json.detail, /Revoke some.*DELETE \/api\/v1\/container-tokens/);

    const recorded = (await eventsOf(world, 'access.refused')).filter(
      ({ code }) => code === 'limit_reached',
    );
    assert.equal(recorded.length, 5);
    assert.equal(recorded[0]!.purpose, 'container-token');

    const mine = await list(world, accessToken);
    await callApi(world, accessToken, {
      method: 'DELETE',
      path: `/container-tokens/${mine[0].id}`,
    });
    assert.equal((await make(world, accessToken)).status, 200);
  });
});

describe('sessions in terminals of one person', () => {
  it('are so many: one more is refused on the page, with the way to end some', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('alice', 'saml');
    const viewer = await viewerOf(world, visitor);
    const open = () =>
      world.bridge.tokens.open(viewer, {
        client: { id: CLIENT, name: CLIENT },
        grant: 'device_code',
        address: '192.0.2.1',
        pickUpBy: world.clock.now() + 600_000,
      });

    for (let count = 0; count < MOST_CLI_SESSIONS; count++) await open();
    await assert.rejects(open(), { code: 'limit_reached', hint: /End some on the sessions page/ });

    world.clock.turn(601);
    await open();
  });
});

const refresh = (world: World, token: string, address?: string): Promise<Answer> =>
  fetch(`${world.urls.bridge}/oauth/token`, {
    method: 'POST',
    headers: address === undefined ? {} : { 'x-forwarded-for': address },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT,
      refresh_token: token,
    }),
  }).then(async response => ({
    status: response.status,
    headers: response.headers,
    json: await response.json(),
  }));

for (const database of ['SQLite', 'PostgreSQL'] as const)
  describe(`a refresh, on two instances of the bridge on one ${database}`, () => {
    const behindProxy = (yaml: string): string => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`;
    const postgres = database === 'PostgreSQL' ? usePostgres() : undefined;
    const world = useWorld(() =>
      postgres === undefined ? { configure: behindProxy } : storedIn(postgres, behindProxy),
    );
    before(async () => {
      const [one, other] = [createApp(world.bridge), createApp(await world.compose())];
      let count = 0;
      answer(world.servers.bridge, (request, response) =>
        (request.url === '/oauth/token' && count++ % 2 === 1 ? other : one)(request, response),
      );
    });

    const isLive = async (token: string): Promise<boolean> =>
      (await callApi(world, token, { path: '/whoami' })).status === 200;

    it('is repeated within its grace for the same network, and refused for another one, where the session goes on', async () => {
      const { refreshToken } = await loginByDevice(world, 'alice');
      const first = await refresh(world, refreshToken, '192.0.2.10');
      assert.equal(first.status, 200, JSON.stringify(first.json));
      const same = await refresh(world, refreshToken, '192.0.2.20');
      assert.equal(same.json.access_token, first.json.access_token);

      for (const elsewhere of ['198.51.100.1', '2001:db8::1']) {
        const refused = await refresh(world, refreshToken, elsewhere);
        assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_grant']);
      }
      assert.ok(await isLive(first.json.access_token), 'the session goes on');

      const recorded = (await eventsOf(world, 'cli-login.refused')).map(
        ({ origin, why }) => `${origin.address} ${why}`,
      );
      assert.deepEqual(recorded.sort(), [
        '198.51.100.1 the refresh token was used a moment ago from another network; its session goes on',
        '2001:db8::1 the refresh token was used a moment ago from another network; its session goes on',
      ]);
      assert.equal((await refresh(world, first.json.refresh_token, '192.0.2.10')).status, 200);

      world.clock.turn(61);
      assert.equal((await refresh(world, refreshToken, '198.51.100.1')).status, 400);
      assert.ok(!(await isLive(first.json.access_token)), 'beyond the grace it ends');
    });

    it('is recorded at its first use, then now and then, however often and by how many it comes', async () => {
      const { refreshToken } = await loginByDevice(world, 'bob');
      const count = async (): Promise<number> =>
        (await eventsOf(world, 'cli-session.refreshed')).filter(
          ({ actor }) => actor.username === 'bob',
        ).length;

      const answers = await Promise.all(
        Array.from({ length: 10 }, () => refresh(world, refreshToken)),
      );
      assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
      assert.equal(await count(), 1);

      let token: string = answers[0]!.json.refresh_token;
      const next = async (address?: string): Promise<void> => {
        token = (await refresh(world, token, address)).json.refresh_token;
      };
      for (let times = 0; times < 5; times++) await next();
      assert.equal(await count(), 1);

      world.clock.turn(15 * 60);
      await next();
      await next();
      assert.equal(await count(), 2);

      world.clock.turn(60);
      await next('198.51.100.1');
      await next('198.51.100.1');
      assert.equal(await count(), 3, 'and when it comes from another network');
    });
  });

describe('a refresh by AWS tools', () => {
  it('is repeated within its grace for the same network, and refused for another one, where the session goes on', async t => {
    const world = await worldFor(t, {
      configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
    });
    const tools = awsTools(world);
    t.after(() => tools.close());
    const { client, tokens } = await tools.logIn((await world.signIn('alice', 'saml')).visitor);
    const refreshFrom = async (address: string): Promise<Answer> => {
      const { clientId, clientSecret } = client;
      const response = await fetch(`${world.urls.bridge}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({
          clientId,
          clientSecret,
          grantType: 'refresh_token',
          refreshToken: tokens.refreshToken,
        }),
      });
      return { status: response.status, headers: response.headers, json: await response.json() };
    };

    const first = await refreshFrom('192.0.2.10');
    assert.equal(first.status, 200, JSON.stringify(first.json));
    assert.deepEqual((await refreshFrom('192.0.2.20')).json, first.json);

    const refused = await refreshFrom('198.51.100.1');
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_grant']);
    assert.equal(
      (await callApi(world, first.json.accessToken, { path: '/whoami' })).status,
      200,
      'the session goes on',
    );

    const [recorded, ...more] = await eventsOf(world, 'cli-login.refused');
    assert.deepEqual(
      [recorded!.origin.address, recorded!.actor?.username, more],
      ['198.51.100.1', 'alice', []],
    );
    assert.equal((await eventsOf(world, 'cli-session.refreshed')).length, 1);
  });
});

describe('a trail that cannot be written', () => {
  const world = useWorld();
  const database = useDatabase(world);
  const whileItFails = async <T>(use: () => Promise<T>): Promise<T> => {
    database.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    try {
      return await use();
    } finally {
      database.exec('DROP TRIGGER broken');
    }
  };

  it('leaves no container token that was not recorded', async () => {
    const { accessToken } = await loginByDevice(world, 'alice');
    const { status, json } = await whileItFails(() => make(world, accessToken));
    assert.deepEqual([status, json.code, json.token], [503, 'unavailable', undefined]);
    assert.deepEqual(await list(world, accessToken), []);
    assert.equal((await make(world, accessToken)).status, 200);
  });

  it('gives no tokens at a refresh, and leaves the refresh token good for another try', async () => {
    const { refreshToken } = await loginByDevice(world, 'bob');
    const failed = await whileItFails(() => refresh(world, refreshToken));
    assert.deepEqual([failed.status, failed.json.access_token], [503, undefined]);

    // Beyond the grace, in which a token that was used would give the same answer.
    world.clock.turn(61);
    const again = await refresh(world, refreshToken);
    assert.equal(again.status, 200, JSON.stringify(again.json));
    assert.equal((await callApi(world, again.json.access_token, { path: '/whoami' })).status, 200);
    assert.equal((await eventsOf(world, 'cli-session.refreshed')).length, 1);
  });
});
