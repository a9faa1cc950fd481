import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Computer, QUICK_POLLS } from '../support/cli.ts';
import { viewerOf } from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import { startWorld, type World } from '../support/world.ts';

const CALLER_IDENTITY = fileURLToPath(new URL('../support/caller-identity.ts', import.meta.url));

describe('exec', () => {
  let world: World;
  let computer: Computer;
  let visitor: Visitor;
  before(async () => {
    world = await startWorld(QUICK_POLLS);
    computer = new Computer();
    visitor = await computer.logIn(world, 'alice');
  });
  after(async () => {
    computer.close();
    await world.close();
  });

  const node = (script: string): string[] => ['--', process.execPath, '--input-type=module', '-e', script];
  const ENDPOINT = `
    import { existsSync } from 'node:fs';
    const ask = async () => {
      const response = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } });
      return { status: response.status, body: await response.json() };
    };
    const until = async (done) => { for (;;) { const answer = await ask(); if (done(answer)) return answer; await new Promise(r => setTimeout(r, 100)); } };
    const file = async (name) => { while (!existsSync(name)) await new Promise(r => setTimeout(r, 50)); };
  `;

  it('the AWS SDK of a program finds the role by itself', async () => {
    const { code, stdout, stderr } = await computer.run(['exec', 'prod/Admin', '--', process.execPath, CALLER_IDENTITY], {
      env: { AWS_ENDPOINT_URL_STS: world.urls.aws },
    });
    assert.equal(code, 0, stderr + stdout);
    assert.match(stdout, /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}\n$/);
  });

  it('what would win over the role is taken away, and the region of the account is set unless there is one', async () => {
    const stray = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x', AWS_PROFILE: 'mine', AWS_SESSION_TOKEN: 'y' };
    const show = node('process.stdout.write(JSON.stringify(process.env))');
    const environment = JSON.parse(await computer.done(['exec', 'prod/Developer', ...show], { env: stray })) as Record<string, string>;
    for (const name of Object.keys(stray)) assert.equal(environment[name], undefined, name);
    assert.deepEqual([environment.AWS_REGION, environment.ROLEBRIDGE_ROLE], ['eu-west-1', 'prod/Developer']);
    assert.match(environment.NO_PROXY!, /127\.0\.0\.1/);
    const own = JSON.parse(await computer.done(['exec', 'prod/Developer', ...show], { env: { AWS_REGION: 'us-east-1' } })) as Record<
      string,
      string
    >;
    assert.equal(own.AWS_REGION, 'us-east-1');
  });

  it('--env gives fixed credentials, and no address to ask', async () => {
    const environment = JSON.parse(
      await computer.done(['exec', 'prod/Developer', '--env', ...node('process.stdout.write(JSON.stringify(process.env))')]),
    ) as Record<string, string>;
    assert.match(environment.AWS_ACCESS_KEY_ID!, /^ASIA/);
    assert.equal(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI, undefined);
  });

  it('the exit code is the command’s, and so is its end by a signal', async () => {
    assert.equal((await computer.run(['exec', 'prod/Admin', ...node('process.exit(42)')])).code, 42);
    assert.equal((await computer.run(['exec', 'prod/Admin', ...node('process.kill(process.pid, "SIGKILL")')])).code, 137);
    const missing = await computer.run(['exec', 'prod/Admin', '--', 'no-such-program-here']);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program-here was not found/);
    const none = await computer.run(['exec', 'prod/Admin']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /rolebridge exec prod\/Admin -- aws s3 ls/);
  });

  it('a signal to us reaches the command, and we wait for it', async () => {
    const script =
      'process.on("SIGTERM", () => { process.stdout.write("ending"); process.exit(9); }); process.stdout.write("ready\\n"); setInterval(() => {}, 1000);';
    const running = computer.start(['exec', 'prod/Admin', ...node(script)]);
    await running.says(/ready/);
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    assert.deepEqual([code, stdout], [9, 'ready\nending']);
  });

  it('the local address answers only who has the token of this run', async () => {
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
    assert.deepEqual(JSON.parse(await computer.done(['exec', 'prod/Admin', ...node(script)])), [403, 403, 404, 404, 404, 200]);
  });

  it('a login that ends in the middle: SDKs are told, the command lives on, and goes on after a new login', async () => {
    const [ended, signedIn] = [computer.file('ended'), computer.file('signed-in')];
    // ReadOnly lives for an hour: with this minimum it must be renewed after some seconds.
    const script = `${ENDPOINT}
      process.stdout.write('first ' + (await ask()).status + '\\n');
      await file(${JSON.stringify(ended)});
      const refused = await until(({ status, body }) => status !== 200 && body.Code !== 'NotReady');
      process.stdout.write('then ' + refused.status + ' ' + refused.body.Code + ' ' + refused.body.Message + '\\n');
      await file(${JSON.stringify(signedIn)});
      process.stdout.write('again ' + (await until(({ status }) => status === 200)).status + '\\n');`;
    const running = computer.start(['exec', 'prod/ReadOnly', '--minimum', '59m56s', ...node(script)]);
    await running.says(/first 200/);
    await world.bridge.mySessions.endAll((await viewerOf(world, visitor)).identity, { correlationId: 'test', address: '127.0.0.1' });
    writeFileSync(ended, '');
    await running.says(
      /then 503 LoginEnded rolebridge: your login has ended\. Run "rolebridge login" in another terminal; this command then goes on\./,
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

  it('a role that is refused never starts the command', async () => {
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
