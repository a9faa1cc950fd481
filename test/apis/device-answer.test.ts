/** A terminal that did not get the answer to its device code asks again. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import {
  type Answer,
  answerOf,
  beginDevice,
  CLIENT,
  callApi,
  DEVICE_CODE,
  postForm,
  viewerOf,
} from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import { answer, useDatabase, useWorld } from '../support/world.ts';

const HOME = { 'x-forwarded-for': '198.51.100.7', 'user-agent': 'terminal/1' };

describe('the answer to a confirmed device login', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
  });
  const database = useDatabase(world);
  let visitor: Visitor;
  before(async () => {
    ({ visitor } = await world.signIn('alice', 'saml'));
  });

  const poll = async (deviceCode: string, headers: object = HOME): Promise<Answer> =>
    answerOf(
      await fetch(`${world.urls.bridge}/oauth/token`, {
        method: 'POST',
        headers: { ...headers },
        body: new URLSearchParams({
          grant_type: DEVICE_CODE,
          client_id: CLIENT,
          device_code: deviceCode,
        }),
      }),
    );
  const confirmed = async (): Promise<string> => {
    const { json } = await beginDevice(world);
    const viewer = await viewerOf(world, visitor);
    await world.bridge.deviceAuthorization.approve(viewer, { userCode: json.user_code });
    return json.device_code;
  };
  /** The newest ones, in their order: `world.audit` begins with the newest. */
  const eventsOf = async (from: number) => {
    const events = await world.audit();
    return events
      .slice(0, events.length - from)
      .map(({ type }) => type)
      .reverse();
  };
  const refused = (got: Answer): void =>
    assert.deepEqual([got.status, got.json.error], [400, 'invalid_grant']);

  it('is the same for a minute, and one login in the trail', async () => {
    const deviceCode = await confirmed();
    const from = (await world.audit()).length;
    const first = await poll(deviceCode);
    assert.equal(first.status, 200);
    world.clock.turn(20);
    const second = await poll(deviceCode);
    assert.equal(second.status, 200);
    for (const field of ['access_token', 'refresh_token'])
      assert.equal(second.json[field], first.json[field]);
    assert.equal(second.json.expires_in, first.json.expires_in - 20);
    world.clock.turn(39);
    assert.equal((await poll(deviceCode)).status, 200);
    assert.deepEqual(await eventsOf(from), ['cli-session.opened']);
    world.clock.turn(6);
    refused(await poll(deviceCode));
    assert.deepEqual(await eventsOf(from), ['cli-session.opened', 'cli-login.refused']);
    const { status } = await callApi(world, first.json.access_token, { path: '/whoami' });
    assert.equal(status, 200, 'the first answer stays good');
  });

  it('is the same when two replicas are asked at once', async () => {
    const other = await world.compose();
    const deviceCode = await confirmed();
    const from = (await world.audit()).length;
    const [app, again] = [createApp(world.bridge), createApp(other)];
    let count = 0;
    answer(world.servers.bridge, (request, response) =>
      (count++ % 2 === 0 ? app : again)(request, response),
    );
    try {
      const answers = await Promise.all([1, 2, 3, 4].map(() => poll(deviceCode)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      );
      assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
      assert.deepEqual(await eventsOf(from), ['cli-session.opened']);
    } finally {
      answer(world.servers.bridge, app);
      await other.close();
    }
  });

  const strangers: readonly (readonly [string, object])[] = [
    ['another address', { ...HOME, 'x-forwarded-for': '203.0.113.9' }],
    ['another address of the same network', { ...HOME, 'x-forwarded-for': '198.51.100.8' }],
    ['another user agent', { ...HOME, 'user-agent': 'terminal/2' }],
    ['an address of another kind', { ...HOME, 'x-forwarded-for': '2001:db8::7' }],
  ];
  for (const [what, headers] of strangers)
    it(`is not repeated to ${what}, which is recorded`, async () => {
      const deviceCode = await confirmed();
      await poll(deviceCode);
      const from = (await world.audit()).length;
      world.clock.turn(6);
      refused(await poll(deviceCode, headers));
      assert.deepEqual(await eventsOf(from), ['cli-login.refused']);
      world.clock.turn(6);
      assert.equal((await poll(deviceCode)).status, 200, 'the terminal itself still gets it');
    });

  it('is repeated to an IPv4 address that is written as IPv6', async () => {
    const deviceCode = await confirmed();
    await poll(deviceCode);
    world.clock.turn(6);
    const mapped = { ...HOME, 'x-forwarded-for': '::ffff:198.51.100.7' };
    assert.equal((await poll(deviceCode, mapped)).status, 200);
  });

  it('is not repeated to another client', async () => {
    const deviceCode = await confirmed();
    await poll(deviceCode);
    world.clock.turn(6);
    const got = await postForm(world, '/oauth/token', {
      grant_type: DEVICE_CODE,
      client_id: 'other-tool',
      device_code: deviceCode,
    });
    assert.notEqual(got.status, 200);
  });

  it('is not repeated once its session has ended', async () => {
    const deviceCode = await confirmed();
    const first = await poll(deviceCode);
    await postForm(world, '/oauth/revoke', { client_id: CLIENT, token: first.json.refresh_token });
    world.clock.turn(6);
    refused(await poll(deviceCode));
  });

  it('is not repeated once its tokens were refreshed, and the session goes on', async () => {
    const deviceCode = await confirmed();
    const first = await poll(deviceCode);
    const refreshed = await postForm(world, '/oauth/token', {
      grant_type: 'refresh_token',
      client_id: CLIENT,
      refresh_token: first.json.refresh_token,
    });
    assert.equal(refreshed.status, 200);
    world.clock.turn(6);
    const from = (await world.audit()).length;
    refused(await poll(deviceCode));
    assert.deepEqual(await eventsOf(from), ['cli-login.refused']);
    const { status } = await callApi(world, refreshed.json.access_token, { path: '/whoami' });
    assert.equal(status, 200);
  });

  it('is void if it could not be recorded', async () => {
    const deviceCode = await confirmed();
    const from = (await world.audit()).length;
    database.exec('ALTER TABLE audit_events RENAME TO audit_events_gone');
    try {
      assert.equal((await poll(deviceCode)).status, 503);
    } finally {
      database.exec('ALTER TABLE audit_events_gone RENAME TO audit_events');
    }
    world.clock.turn(6);
    // Its session has ended.
    refused(await poll(deviceCode));
    assert.ok(!(await eventsOf(from)).includes('cli-session.opened'));
  });

  it('is not in the database as a token', async () => {
    const deviceCode = await confirmed();
    const { json } = await poll(deviceCode);
    for (const row of database.prepare('SELECT * FROM cli_records').all())
      for (const value of Object.values(row).filter(stored => typeof stored === 'object'))
        for (const secret of [json.access_token, json.refresh_token, deviceCode])
          assert.ok(!Buffer.from((value ?? []) as Uint8Array).includes(secret));
  });
});
