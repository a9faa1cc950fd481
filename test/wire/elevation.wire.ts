/** A refused `aws` command is requested, approved, repeated, and refused after the end. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { awsConfig, renderSections } from '../../src/core/aws-config.ts';
import { MINUTE } from '../../src/core/time.ts';
import { computerFor, QUICK_POLLS } from '../support/cli.ts';
import { callApi, confirmDevice, loginByCode } from '../support/cli-login.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import { missingPackage } from '../support/missing-package.ts';
import { worldFor } from '../support/world.ts';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge');
const AWS = process.env.AWS_CLI ?? join(CACHE, 'aws-cli/aws');
const skip = missingPackage(AWS, 'awscli of trixie: test/wire/install-aws-cli.sh');
const CALLER_IDENTITY = fileURLToPath(new URL('../support/caller-identity.ts', import.meta.url));
const ARN = /arn:aws:sts::111122223333:assumed-role\/Admin\/bob-/;
const ADDRESS = /http:\S+\/elevations\/new\?account=\w+&role=Admin/;
const PROFILE = { AWS_PROFILE: 'prod-Admin' };
const run = promisify(execFile);

/** A world and a computer of bob, and what users do there. */
async function setUp(test: TestContext) {
  const world = await worldFor(test, {
    clock: 'running',
    configure: yaml => QUICK_POLLS.configure(withRules(RULES)(yaml)),
    people: WORKERS,
  });
  const computer = computerFor(test, {
    AWS_ENDPOINT_URL_STS: world.urls.aws,
    AWS_PAGER: '',
    AWS_MAX_ATTEMPTS: '1',
    PYTHONUNBUFFERED: '1',
  });
  const { visitor: bob } = await world.signIn('bob', 'oidc');
  return {
    ...{ world, computer, bob },
    ran: async (program: string, args: readonly string[], env = {}) =>
      run(program, args, { env: { ...computer.env, ...env }, timeout: 60_000 }).then(
        ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
        ({ code, stdout, stderr }) => ({ code, text: `${stdout}${stderr}` }),
      ),
    /** Sends the filled-in request whose address an error contains; the path of its page. */
    request: async (text: string): Promise<string> => {
      const [address] = ADDRESS.exec(text) ?? [];
      assert.ok(address, text);
      const fields = { reason: 'restore the index', duration: `${30 * MINUTE}s` };
      const page = await bob.submit(await bob.get(address), 'form:has(#reason)', fields);
      assert.equal(page.status, 200, page.text);
      return new URL(page.url).pathname;
    },
    approve: async (path: string): Promise<void> => {
      const { visitor } = await world.signIn('erin', 'oidc');
      const page = await visitor.get(world.urls.bridge + path);
      const done = await visitor.submit(page, 'button[value=approve]');
      assert.match(done.text, /The role is granted/);
    },
  };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

async function ssoLogin({ world, computer, bob }: Setting): Promise<void> {
  const child = spawn(AWS, ['sso', 'login', '--no-browser', '--use-device-code'], {
    env: { ...computer.env, ...PROFILE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let confirming: Promise<void> | undefined;
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    const code = /\b[B-Z]{4}-[B-Z]{4}\b/.exec(said)?.[0];
    if (code !== undefined) confirming ??= confirmDevice(world, bob, code);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const exit = await new Promise<number | null>(resolve => child.once('close', resolve));
  await confirming;
  assert.equal(exit, 0, said);
}

/** Time passes for the AWS CLI: its access token and its cached credentials have expired. */
function letCacheExpire({ computer }: Setting): void {
  rmSync(computer.file('.aws/cli/cache'), { recursive: true });
  const place = computer.file('.aws/sso/cache');
  for (const name of readdirSync(place)) {
    const cached = JSON.parse(readFileSync(join(place, name), 'utf8')) as { accessToken?: string };
    const expired = { ...cached, expiresAt: '2026-01-01T00:00:00Z' };
    if (cached.accessToken !== undefined) writeFileSync(join(place, name), JSON.stringify(expired));
  }
}

describe('an elevation by AWS tools', () => {
  it('an `aws sso` profile is refused with an address, works when approved, and ends', {
    skip,
  }, async t => {
    const setting = await setUp(t);
    const { world, computer, ran, request, approve } = setting;
    mkdirSync(computer.file('.aws'));
    const account = { id: '111122223333', name: 'prod', region: 'eu-west-1' };
    const config = awsConfig('sso-session', {
      ...{ baseUrl: world.urls.bridge, ssoRegion: 'us-east-1' },
      roles: [{ account, role: 'Admin' }],
    });
    writeFileSync(computer.file('.aws/config'), renderSections(config));
    await ssoLogin(setting);
    const command = () => ran(AWS, ['sts', 'get-caller-identity'], PROFILE);

    const refused = await command();
    assert.notEqual(refused.code, 0);
    const path = await request(refused.text);
    const early = await command();
    assert.ok(early.text.includes(`${world.urls.bridge}${path}`), early.text);

    await approve(path);
    const given = await command();
    assert.equal(given.code, 0, given.text);
    assert.match(given.text, ARN);

    world.clock.turn(31 * MINUTE);
    letCacheExpire(setting);
    const ended = await command();
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, ADDRESS);
  });

  it('a container works by its token until the end, and again after another approval', async t => {
    const { world, bob, ran, request, approve } = await setUp(t);
    const { accessToken } = await loginByCode(world, bob);
    const body = { account: 'prod', role: 'Admin' };
    const makeToken = () =>
      callApi(world, accessToken, { method: 'POST', path: '/container-tokens', body });
    const early = await makeToken();
    assert.equal(early.status, 403);
    await approve(await request(early.json.request_url));

    const { json } = await makeToken();
    const given = await ran(process.execPath, [CALLER_IDENTITY], {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: json.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: json.token,
      AWS_REGION: 'eu-west-1',
    });
    assert.match(given.text, ARN);

    world.clock.turn(31 * MINUTE);
    const ask = () => fetch(json.url, { headers: { authorization: json.token } });
    const ended = await ask();
    assert.equal(ended.status, 403);
    await approve(await request(await ended.text()));
    assert.equal((await ask()).status, 200);
  });

  it('`rolebridge request --wait` leads to `rolebridge exec` with the AWS CLI', {
    skip,
  }, async t => {
    const { computer, world, bob, approve } = await setUp(t);
    await computer.logInHere(world, bob);
    const use = ['exec', 'prod/Admin', '--', AWS, 'sts', 'get-caller-identity'];
    assert.equal((await computer.run(use)).code, 4);
    const wait = computer.start(['request', 'prod/Admin', '--reason', 'restore it', '--wait']);
    const [page] = await wait.says(/http:\S+\/elevations\/[0-9a-f]{20}/);
    await approve(new URL(page).pathname);
    const { code, stderr } = await wait.ended;
    assert.equal(code, 0, stderr);
    assert.match(await computer.done(use), ARN);
  });
});
