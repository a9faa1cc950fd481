/** The command of exec as a process: its end, its signals and the local address. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { viewerOf } from '../../support/cli-login.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

describe('exec', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  let visitor: Visitor;
  before(async () => {
    visitor = await computer.logIn(world, 'alice');
  });

  const node = (script: string): string[] => [
    '--',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];
  const ENDPOINT = `
    import { existsSync } from 'node:fs';
    const ask = async () => {
      const response = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } });
      return { status: response.status, body: await response.json() };
    };
    const until = async (done) => { for (;;) { const answer = await ask(); if (done(answer)) return answer; await new Promise(r => setTimeout(r, 100)); } };
    const file = async (name) => { while (!existsSync(name)) await new Promise(r => setTimeout(r, 50)); };
  `;

  it('--env gives fixed credentials, and no address to ask', async () => {
    const environment = JSON.parse(
      await computer.done([
        'exec',
        'prod/Developer',
        '--env',
        ...node('process.stdout.write(JSON.stringify(process.env))'),
      ]),
    ) as Record<string, string>;

    assert.match(environment.AWS_ACCESS_KEY_ID!, /^ASIA/);
    assert.equal(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI, undefined);
  });

  it('exits with the exit code or signal of the command', async () => {
    assert.equal(
      (await computer.run(['exec', 'prod/Admin', ...node('process.exit(42)')])).code,
      42,
    );
    assert.equal(
      (await computer.run(['exec', 'prod/Admin', ...node('process.kill(process.pid, "SIGKILL")')]))
        .code,
      137,
    );

    const missing = await computer.run(['exec', 'prod/Admin', '--', 'no-such-program-here']);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program-here was not found/);

    const none = await computer.run(['exec', 'prod/Admin']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /rolebridge exec prod\/Admin -- aws s3 ls/);
  });

  it('passes a signal to the command, and waits for it', async () => {
    const script =
      'process.on("SIGTERM", () => { process.stdout.write("ending"); process.exit(9); }); process.stdout.write("ready\\n"); setInterval(() => {}, 1000);';
    const running = computer.start(['exec', 'prod/Admin', ...node(script)]);
    await running.says(/ready/);
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    assert.deepEqual([code, stdout], [9, 'ready\nending']);
  });

  it('the local address answers only with the token of this run', async () => {
    const script = `${ENDPOINT}
      const url = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
      const token = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
      const status = async (address, init) => (await fetch(address, init)).status;
      const { request } = await import('node:http');
      const foreignHost = () => new Promise(resolve => request(url, { headers: { host: 'evil.example', authorization: token } }, r => { r.resume(); resolve(r.statusCode); }).end());
      process.stdout.write(JSON.stringify([
        await status(url), await status(url, { headers: { authorization: 'x' } }), await status(url + '/more', { headers: { authorization: token } }),
        await status(url, { method: 'POST', headers: { authorization: token } }), await foreignHost(), (await ask()).status,
      ]));`;
    assert.deepEqual(
      JSON.parse(await computer.done(['exec', 'prod/Admin', ...node(script)])),
      [403, 403, 404, 404, 404, 200],
    );
  });

  it('continues after a new login when the login ends during the command, and tells SDKs meanwhile', async () => {
    const [ended, signedIn] = [computer.file('ended'), computer.file('signed-in')];
    // ReadOnly lives for an hour: with this minimum it must be renewed after some seconds.
    const script = `${ENDPOINT}
      process.stdout.write('first ' + (await ask()).status + '\\n');
      await file(${JSON.stringify(ended)});
      const refused = await until(({ status, body }) => status !== 200 && body.Code !== 'NotReady');
      process.stdout.write('then ' + refused.status + ' ' + refused.body.Code + ' ' + refused.body.Message + '\\n');
      await file(${JSON.stringify(signedIn)});
      process.stdout.write('again ' + (await until(({ status }) => status === 200)).status + '\\n');`;
    const running = computer.start([
      'exec',
      'prod/ReadOnly',
      '--minimum',
      '59m56s',
      ...node(script),
    ]);
    await running.says(/first 200/);
    await world.bridge.mySessions.endAll(await viewerOf(world, visitor));
    writeFileSync(ended, '');
    await running.says(
      /then 503 LoginEnded rolebridge: your login has ended\. Run "rolebridge login" in another terminal; this command then continues\./,
    );
    visitor = await computer.logIn(world, 'alice');
    writeFileSync(signedIn, '');

    const { code, stdout, stderr } = await running.ended;

    assert.equal(code, 0, stderr);
    assert.match(stdout, /again 200/);
    assert.equal(stderr.match(/the credentials could not be renewed/g)?.length, 1);
    assert.match(stderr, /the credentials are renewed again/);
    assert.ok(existsSync(ended));
  });

  it('does not start the command for a denied role', async () => {
    const marker = computer.file('started');
    const { code } = await computer.run([
      'exec',
      'prod/Nothing',
      ...node(`import('node:fs').then(fs => fs.writeFileSync(${JSON.stringify(marker)}, ''))`),
    ]);
    assert.equal(code, 4);
    assert.ok(!existsSync(marker));
  });
});
