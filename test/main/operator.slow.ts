import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { callApi, loginByDevice, makeContainerToken, viewerOf } from '../support/cli-login.ts';
import { freePort } from '../support/free-port.ts';
import { placeSigningKeys } from '../support/keys.ts';
import { Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';
import { run, ServerProcess, writeConfiguration } from './server-process.ts';

describe('an operator, beside a bridge that runs', () => {
  const world = useWorld();
  let config: string[];
  before(() => {
    config = ['--config', join(world.directory, 'rolebridge.yaml')];
  });
  const isLive = async (token: string): Promise<boolean> =>
    (await callApi(world, token, { path: '/whoami' })).status === 200;
  const handleOf = async (token: string): Promise<string> =>
    (await callApi(world, token, { path: '/whoami' })).json.session.id;

  it('sees who is signed in from a terminal', async () => {
    assert.match((await run('sessions', ...config)).stderr, /No user is signed in from a terminal/);

    await loginByDevice(world, 'alice');
    await loginByDevice(world, 'bob', 'oidc');
    const { code, stdout } = await run('sessions', ...config);
    assert.equal(code, 0);
    assert.match(stdout, /^SESSION +USER +DEVICE +FROM +SINCE +LAST USE +ENDS$/m);
    assert.match(stdout, /^[0-9a-f]{20} +alice +terminal-of-a-test +127\.0\.0\.1/m);

    const listed = JSON.parse(
      (await run('sessions', ...config, '--user', 'bob', '--json')).stdout,
    ) as { user: string; client: string }[];
    assert.deepEqual(
      listed.map(({ user, client }) => [user, client]),
      [['bob', 'rolebridge-cli']],
    );
  });

  it('sees container tokens with the session that they end with, and never the tokens', async () => {
    const login = await loginByDevice(world, 'alice');
    const made = await makeContainerToken(world, login);
    const session = await handleOf(login.accessToken);
    const { stdout } = await run('sessions', ...config);
    assert.match(stdout, /^CONTAINER TOKEN +SESSION +ACCOUNT +ROLE +FROM +SINCE +LAST USE +BY$/m);
    assert.match(
      stdout,
      new RegExp(`^${made.id} +${session} +prod +Developer +127\\.0\\.0\\.1 +\\S+ +never +-$`, 'm'),
    );

    const listed = await run('sessions', ...config, '--user', 'alice', '--json');
    const sessions = JSON.parse(listed.stdout) as {
      session: string;
      container_tokens: { container_token: string; role: string }[];
    }[];
    const [token, ...more] = sessions.find(one => one.session === session)!.container_tokens;
    assert.deepEqual([token?.container_token, token?.role, more], [made.id, 'Developer', []]);
    assert.ok(!`${stdout}${listed.stdout}`.includes(made.token));
    assert.doesNotMatch(
      (await run('sessions', ...config, '--user', 'bob')).stdout,
      /CONTAINER TOKEN/,
    );
  });

  it('ends one session, and the bridge knows at once', async () => {
    const [one, other] = [await loginByDevice(world, 'alice'), await loginByDevice(world, 'alice')];
    const { code, stdout } = await run(
      'end-sessions',
      ...config,
      '--session',
      await handleOf(one.accessToken),
    );
    assert.equal(code, 0);
    assert.match(stdout, /^Ended the session [0-9a-f]{20} of alice\.$/m);
    assert.deepEqual(
      [await isLive(one.accessToken), await isLive(other.accessToken)],
      [false, true],
    );

    const event = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(event?.type === 'cli-session.ended');
    assert.deepEqual(
      [event.by, event.actor.username, event.origin.address],
      ['operator', 'alice', 'local'],
    );
  });

  it('sees who is signed in from a browser, and ends one such session', async () => {
    const visitor = new Visitor('Mozilla/5.0 Firefox/140.0');
    await world.signIn('bob', 'oidc', { visitor });
    const { stdout } = await run('sessions', ...config, '--browsers', '--user', 'bob');
    assert.match(stdout, /^SESSION +USER +FROM +SINCE +LAST USE +ENDS +USER AGENT$/m);
    const row = /^([0-9a-f]{20}) +bob +127\.0\.0\.1 .+Firefox\/140\.0/m.exec(stdout);
    const { code, stdout: said } = await run('end-sessions', ...config, '--session', row![1]!);
    assert.deepEqual([code, said], [0, `Ended the session ${row![1]} of bob.\n`]);
    assert.match((await visitor.get(`${world.urls.bridge}/sessions`)).url, /sign-in/);

    const event = (await world.audit()).find(({ type }) => type === 'browser-session.ended');
    assert.ok(event?.type === 'browser-session.ended');
    assert.deepEqual([event.browserSession, event.by], [row![1], 'operator']);
    const listed = await run('sessions', ...config, '--browsers', '--json');
    const all = JSON.parse(listed.stdout) as { session: string; user: string }[];
    assert.ok(all.length > 0 && all.every(({ session }) => session !== row![1]));
  });

  it('exports the audit trail as lines of the log, to standard output or to a new file', async () => {
    await loginByDevice(world, 'alice');
    const { code, stdout } = await run('audit', 'export', ...config);
    assert.equal(code, 0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    const stored = (await world.audit()).toReversed();
    assert.deepEqual(
      events.map(({ msg, at }: { msg: string; at: string }) => [msg, Date.parse(at)]),
      stored.map(({ type, at }) => [type, at]),
    );
    const opened = events.find(({ msg }) => msg === 'cli-session.opened');
    assert.deepEqual([opened.username, opened.audit, opened.kept], ['alice', true, true]);

    const output = join(world.directory, 'export.jsonl');
    const written = await run('audit', 'export', ...config, '--output', output);
    assert.match(written.stderr, /^\d+ events written to .+export\.jsonl$/m);
    assert.deepEqual([written.code, written.stdout], [0, '']);
    assert.ok(readFileSync(output, 'utf8').startsWith(stdout));
    assert.equal(statSync(output).mode & 0o777, 0o600);
    const again = await run('audit', 'export', ...config, '--output', output);
    assert.deepEqual([again.code, /exists\. Name another file/.test(again.stderr)], [1, true]);
  });

  it('exports a span of time, and says which times it does not understand', async () => {
    const [last] = await world.audit();
    const at = new Date(last!.at).toISOString();
    const until = await run('audit', 'export', ...config, '--from', '2000-01-01', '--to', at);
    const since = await run('audit', 'export', ...config, '--from', at);
    const linesOf = ({ stdout }: { stdout: string }): number => stdout.split('\n').length - 1;
    const stored = await world.audit();
    assert.equal(linesOf(until) + linesOf(since), stored.length);
    assert.equal(linesOf(since), stored.filter(event => event.at >= last!.at).length);

    for (const time of ['yesterday', '2026-02-30', '2026-03-01T09:00', '1767225600000', '']) {
      const { code, stderr } = await run('audit', 'export', ...config, '--from', time);
      assert.equal(code, 2, time);
      assert.ok(stderr.includes(`--from "${time}" is not a day or a time. Write 2026-03-01`));
    }
    const turned = ['--from', '2026-03-02', '--to', '2026-03-01'];
    const { code, stderr } = await run('audit', 'export', ...config, ...turned);
    assert.deepEqual([code, /--from must be before --to/.test(stderr)], [2, true]);
    const nowhere = ['--output', join(world.directory, 'absent', 'export.jsonl')];
    const failed = await run('audit', 'export', ...config, ...nowhere);
    assert.match(failed.stderr, /cannot be written \(ENOENT\)\. Check the directory/);
    assert.deepEqual([failed.code, readdirSync(world.directory).includes('absent')], [1, false]);
  });

  it('ends everything of a person, in browsers and terminals, by name or id', async () => {
    const alice = await loginByDevice(world, 'alice');
    const bob = await loginByDevice(world, 'bob', 'oidc');
    const { person } = (await viewerOf(world, alice.visitor)).subject.identity;
    const { code, stdout } = await run('end-sessions', ...config, '--user', 'bob');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^bob \([a-z2-7]{16}, corp-oidc\): ended \d+ in browsers and \d+ in terminals\.$/m,
    );
    assert.match(stdout, /Credentials that AWS has already issued stay valid/);
    assert.ok(!(await isLive(bob.accessToken)));
    assert.match((await bob.visitor.get(`${world.urls.bridge}/sessions`)).url, /sign-in/);
    assert.ok(await isLive(alice.accessToken));

    const byId = JSON.parse(
      (await run('end-sessions', ...config, '--person', person, '--json')).stdout,
    ) as {
      people: { cli_sessions: object[] }[];
    };
    assert.ok(byId.people[0]!.cli_sessions.length >= 1);
    assert.ok(!(await isLive(alice.accessToken)));
  });

  it('names the missing user, and what to write', async () => {
    for (const [args, says] of [
      [
        ['--user', 'unknown'],
        /unknown user\. Use the user name or the person id from the audit trail/,
      ],
      [['--person', 'alice'], /a person id has 16 characters/],
      [['--session', 'f'.repeat(20)], /unknown session/],
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

describe('what operators do', () => {
  it('is in the log of one of the bridges that run on the store, once, and in the log of the next when none runs', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'rolebridge-operator-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    await placeSigningKeys(join(directory, 'keys'));
    const file = writeConfiguration({ directory, port: await freePort() });
    const others = join(directory, 'other.yaml');
    const start = (config: string): ServerProcess => {
      const server = new ServerProcess(['serve', '--config', config]);
      t.after(() => server.kill());
      return server;
    };
    const linesOf = (server: ServerProcess) =>
      server.log().filter(({ msg }) => msg === 'person.blocked');
    const block = (letter: string) =>
      run('block', '--config', file, '--person', letter.repeat(16), '--reason', 'lost');

    const first = start(file);
    await first.line('listening');
    const second = new URL(`http://127.0.0.1:${await freePort()}`);
    writeConfiguration(
      { directory: mkdtempSync(join(directory, 'second-')), port: Number(second.port) },
      yaml => {
        // The same keys and the same store, at another port.
        writeFileSync(others, yaml.replaceAll(/second-\w+\//g, ''), { mode: 0o600 });
        return yaml;
      },
    );
    const twin = start(others);
    await twin.line('listening');
    assert.equal((await block('a')).code, 0);
    const seen = await Promise.race([first.line('person.blocked'), twin.line('person.blocked')]);
    assert.deepEqual(
      [seen.person, seen.reason, seen.audit, seen.kept, seen.address],
      ['a'.repeat(16), 'lost', true, true, 'local'],
    );
    assert.match(String(seen.userAgent), /^rolebridge-server, ./);
    for (const server of [first, twin]) {
      server.signal('SIGTERM');
      await server.end();
    }
    assert.equal(linesOf(first).length + linesOf(twin).length, 1);

    assert.equal((await block('b')).code, 0);
    const next = start(file);
    assert.equal((await next.line('person.blocked')).person, 'b'.repeat(16));
    assert.equal((await next.line('sign-out.everywhere')).person, 'b'.repeat(16));
    assert.equal(linesOf(next).length, 1);
  });
});

describe('a command without the secrets of the server', () => {
  const prepared = async (): Promise<{ file: string; directory: string }> => {
    const directory = mkdtempSync(join(tmpdir(), 'rolebridge-without-secrets-'));
    await placeSigningKeys(join(directory, 'keys'));
    const file = writeConfiguration({ directory, port: await freePort() });
    const sealing = randomBytes(32).toString('base64url');
    writeFileSync(join(directory, 'keys', 'sealing.key'), sealing, { mode: 0o600 });
    rmSync(join(directory, 'secrets'), { recursive: true });
    return { file, directory };
  };

  it('checks the configuration, and warns of each secret that the server needs', async t => {
    const { file, directory } = await prepared();
    t.after(() => rmSync(directory, { recursive: true }));
    const { code, stdout, stderr } = await run('check', file);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /is in order/);
    assert.match(stderr, /clientSecret: the file .+ does not exist; the server needs it\./);
    assert.match(stderr, /externalId: the file .+ does not exist; the server needs it\./);
    assert.equal((await run('serve', file)).code, 78);
  });

  it('lists and ends sessions and blocks a user, and says nothing of secrets', async t => {
    const { file, directory } = await prepared();
    t.after(() => rmSync(directory, { recursive: true }));
    const person = ['--person', 'a'.repeat(16)];
    for (const args of [
      ['sessions'],
      ['block', ...person],
      ['sessions', '--blocked'],
      ['unblock', ...person],
    ]) {
      const { code, stderr } = await run(...args, '--config', file);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /secret/);
    }
  });

  it('requires the URL of the database where it opens the store', async t => {
    const { file, directory } = await prepared();
    t.after(() => rmSync(directory, { recursive: true }));
    const yaml = readFileSync(file, 'utf8').replace(
      /^store: .+$/m,
      'store: { postgres: { url: { env: DATABASE_URL } } }',
    );
    writeFileSync(file, yaml, { mode: 0o600 });
    assert.equal((await run('check', file)).code, 0);
    const { code, stderr } = await run('sessions', '--config', file);
    assert.equal(code, 78);
    assert.match(
      stderr,
      /store\.postgres\.url: the environment variable DATABASE_URL is not set\./,
    );
    assert.doesNotMatch(stderr, /clientSecret/);
  });
});
