import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { callApi, loginByDevice, viewerOf } from '../support/cli-login.ts';
import { startWorld, type World } from '../support/world.ts';
import { run } from './server-process.ts';

describe('an operator, beside a bridge that runs', () => {
  let world: World;
  let config: string[];
  before(async () => {
    world = await startWorld();
    config = ['--config', join(world.directory, 'rolebridge.yaml')];
  });
  after(() => world.close());
  const isLive = async (token: string): Promise<boolean> => (await callApi(world, token, { path: '/whoami' })).status === 200;
  const handleOf = async (token: string): Promise<string> => (await callApi(world, token, { path: '/whoami' })).json.session.id;

  it('sees who is signed in from a terminal', async () => {
    assert.match((await run('sessions', ...config)).stderr, /Nobody is signed in from a terminal/);
    await loginByDevice(world, 'alice');
    await loginByDevice(world, 'bob', 'oidc');
    const { code, stdout } = await run('sessions', ...config);
    assert.equal(code, 0);
    assert.match(stdout, /^SESSION +USER +DEVICE +FROM +SINCE +LAST USE +ENDS$/m);
    assert.match(stdout, /^[0-9a-f]{20} +alice +terminal-of-a-test +127\.0\.0\.1/m);
    const listed = JSON.parse((await run('sessions', ...config, '--user', 'bob', '--json')).stdout) as { user: string; client: string }[];
    assert.deepEqual(
      listed.map(({ user, client }) => [user, client]),
      [['bob', 'rolebridge-cli']],
    );
  });

  it('ends one session, and the bridge knows at once', async () => {
    const [one, other] = [await loginByDevice(world, 'alice'), await loginByDevice(world, 'alice')];
    const { code, stdout } = await run('end-sessions', ...config, '--session', await handleOf(one.accessToken));
    assert.equal(code, 0);
    assert.match(stdout, /^Ended the session [0-9a-f]{20} of alice\.$/m);
    assert.deepEqual([await isLive(one.accessToken), await isLive(other.accessToken)], [false, true]);
    const event = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(event?.type === 'cli-session.ended');
    assert.deepEqual([event.by, event.actor.username, event.origin.address], ['operator', 'alice', 'local']);
  });

  it('ends everything of a person, in browsers and terminals, by name or id', async () => {
    const alice = await loginByDevice(world, 'alice');
    const bob = await loginByDevice(world, 'bob', 'oidc');
    const { person } = (await viewerOf(world, alice.visitor)).identity;
    const { code, stdout } = await run('end-sessions', ...config, '--user', 'bob');
    assert.equal(code, 0);
    assert.match(stdout, /^bob \([a-z2-7]{16}, corp-oidc\): ended \d+ in browsers and \d+ in terminals\.$/m);
    assert.match(stdout, /Credentials that AWS has given already stay valid/);
    assert.ok(!(await isLive(bob.accessToken)));
    assert.match((await bob.visitor.get(`${world.urls.bridge}/sessions`)).url, /sign-in/);
    assert.ok(await isLive(alice.accessToken));
    const byId = JSON.parse((await run('end-sessions', ...config, '--person', person, '--json')).stdout) as {
      people: { cli_sessions: object[] }[];
    };
    assert.ok(byId.people[0]!.cli_sessions.length >= 1);
    assert.ok(!(await isLive(alice.accessToken)));
  });

  it('is told when nobody is meant, and what to write', async () => {
    for (const [args, says] of [
      [['--user', 'nobody'], /nobody has signed in under that name or id\. Write the user name as the audit trail has it/],
      [['--person', 'alice'], /a person id has 16 characters/],
      [['--session', 'f'.repeat(20)], /no CLI session has that handle/],
    ] as const) {
      const { code, stdout, stderr } = await run('end-sessions', ...config, ...args);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
    for (const args of [[], ['--user', 'a', '--session', 'b'], ['extra', '--user', 'a']])
      assert.equal((await run('end-sessions', ...config, ...args)).code, 2);
    const broken = join(world.directory, 'broken.yaml');
    writeFileSync(broken, 'baseUrl: 7\n', { mode: 0o600 });
    assert.equal((await run('sessions', '--config', broken)).code, 78);
  });
});
