/**
 * What people use: Debian's AWS CLI and the AWS SDK for JavaScript, with profiles that `configure`
 * wrote, against the local AWS.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { computerFor, useComputer } from '../support/cli.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { missingPackage } from '../support/missing-package.ts';
import { enterPassword, useWorld } from '../support/world.ts';

const AWS = '/usr/bin/aws';
const CALLER_IDENTITY = fileURLToPath(new URL('../support/caller-identity.ts', import.meta.url));
const run = promisify(execFile);

describe('profiles that configure wrote', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml =>
      `${yaml}\ncli: { deviceGrant: { interval: 1s }, identityCenter: { region: eu-central-1 } }\n`,
  });
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'alice');
    mkdirSync(computer.file('.aws'));
    writeFileSync(
      computer.file('.aws/config'),
      '# mine\n[default]\nregion = us-east-1\n[profile prod-ReadOnly]\nregion = eu-central-1',
    );
  });
  const config = (): string => readFileSync(computer.file('.aws/config'), 'utf8');
  const skip = missingPackage(AWS, 'awscli');

  it('are shown before they are written, and written only on confirmation', async () => {
    const before = config();
    const dry = await computer.run(['configure', '--dry-run']);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /^\+\[profile prod-Admin\]$/m);

    const asked = await computer.run(['configure']);
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /no terminal to confirm the change, so nothing was written/);
    assert.equal(config(), before);

    const { code, stderr } = await computer.run(['configure', '--yes']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /not written, because .* has these profiles already: prod-ReadOnly/);
    assert.match(stderr, /Wrote 6 profiles to .*\.aws\/config\./);
    assert.ok(config().startsWith(before));

    const pinned = new RegExp(
      `^\\[profile partner-Auditor\\]\ncredential_process = \\S+ \\S+ credential-process partner/Auditor --server ${world.urls.bridge}\nregion = eu-west-1$`,
      'm',
    );
    assert.match(config(), pinned);

    const again = await computer.run(['configure', '--yes']);
    assert.match(again.stderr, /is up to date/);
  });

  for (const [profile, arn] of [
    ['prod-Admin', /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/],
    ['staging-Developer', /^arn:aws:sts::222233334444:assumed-role\/Developer\/alice-/],
    ['partner-Auditor', /^arn:aws:sts::444455556666:assumed-role\/Auditor\/alice-/],
  ] as const) {
    it(`give the AWS CLI the role of ${profile}`, { skip }, async () => {
      const { stdout } = await run(
        AWS,
        [
          'sts',
          'get-caller-identity',
          '--profile',
          profile,
          '--endpoint-url',
          world.urls.aws,
          '--output',
          'text',
          '--query',
          'Arn',
        ],
        {
          env: { ...computer.env, AWS_PAGER: '' } as NodeJS.ProcessEnv,
        },
      );
      assert.match(stdout, arn);
    });

    it(`give the SDK for JavaScript the role of ${profile}`, async () => {
      const { stdout } = await run(process.execPath, [CALLER_IDENTITY], {
        env: {
          ...computer.env,
          AWS_PROFILE: profile,
          AWS_ENDPOINT_URL_STS: world.urls.aws,
        } as NodeJS.ProcessEnv,
      });
      assert.match(stdout, arn);
    });
  }

  it('make the AWS CLI show the address of a step-up, after which the same command works', {
    skip,
  }, async t => {
    const other = computerFor(t);
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    await other.logInHere(world, visitor);
    await other.done(['configure', '--yes']);
    const command = [
      ...['sts', 'get-caller-identity', '--profile', 'prod-Admin'],
      ...['--endpoint-url', world.urls.aws, '--output', 'text', '--query', 'Arn'],
    ];
    const options = { env: { ...other.env, AWS_PAGER: '' } as NodeJS.ProcessEnv };
    const refused = await run(AWS, command, options).then(
      () => assert.fail('it was not refused'),
      ({ stderr }: { stderr: string }) => stderr,
    );
    const [address] = /http:\S+\/step-up\S+/.exec(refused) ?? assert.fail(refused);
    const login = await visitor.submit(await visitor.get(address), 'form[action="/step-up"]');
    const done = await enterPassword(visitor, login, { username: 'alice' });
    assert.match(done.text, /Repeat the command/);

    const { stdout } = await run(AWS, command, options);
    assert.match(stdout, /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/);
  });

  it('make the AWS CLI show our message when the login has ended', { skip }, async t => {
    const stranger = computerFor(t);
    mkdirSync(stranger.file('.aws'));
    writeFileSync(stranger.file('.aws/config'), config().replaceAll(computer.home, stranger.home));
    const failed = run(
      AWS,
      ['sts', 'get-caller-identity', '--profile', 'prod-Admin', '--endpoint-url', world.urls.aws],
      {
        env: stranger.env as NodeJS.ProcessEnv,
      },
    );
    const { bridge } = world.urls;

    await assert.rejects(failed, ({ stderr }: { stderr: string }) =>
      new RegExp(
        `rolebridge: you are not signed in to ${bridge}\\.\\s+Sign in: rolebridge login --server ${bridge}$`,
        'm',
      ).test(stderr),
    );
  });

  it('work with aws sso login and without the client after configure --sso', async () => {
    const { code, stdout, stderr } = await computer.run(['configure', '--sso', '--dry-run']);
    assert.equal(code, 0, stderr);

    const bridge = new URL(world.urls.bridge).host.replace(':', '-');
    const startUrl = `https://rolebridge-${bridge.replaceAll('.', '-')}.portal.eu-central-1.app.aws`;
    const session = `+[sso-session ${bridge}]\n+sso_start_url = ${startUrl}\n+sso_region = eu-central-1\n`;
    assert.ok(stdout.includes(session), stdout);

    const [, profile] = / \[profile staging-Admin\]\n-credential_process = .*\n((?:\+.*\n)+)/.exec(
      stdout,
    )!;
    assert.equal(
      profile,
      `+sso_session = ${bridge}\n+sso_account_id = 222233334444\n+sso_role_name = Admin\n+services = ${bridge}\n`,
    );
    assert.doesNotMatch(stdout, /^\+credential_process/m);
  });

  it('are not written under an invalid name or a name that two roles would share', async () => {
    const before = config();

    for (const [args, says] of [
      [['--profile-name', '{account}'], /gov\/Admin|would have the same profile name, prod\b/],
      [
        ['--profile-name', 'default', '--search', 'gov', '--default', 'prod/Admin'],
        /--default and gov\/Admin would have the same profile name, default/,
      ],
      [['--prefix', 'services '], /"services gov-Admin" is not a valid profile name/],
    ] as const) {
      const { code, stderr } = await computer.run(['configure', '--yes', ...args]);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, says);
    }
    assert.equal(config(), before);
  });

  it('call a program on the PATH by its full path', async () => {
    const bin = computer.file('bin');
    mkdirSync(bin);
    chmodSync(computer.entry, 0o755);
    symlinkSync(computer.entry, `${bin}/rolebridge`);
    const env = { PATH: `${bin}:${dirname(process.execPath)}:${computer.env.PATH}` };
    await computer.done(['configure', '--yes', '--search', 'gov', '--prefix', 'my-'], { env });

    const line = `[profile my-gov-Admin]\ncredential_process = ${process.execPath} ${computer.entry} credential-process gov/Admin --server ${world.urls.bridge}\n`;
    assert.ok(config().includes(line), config());
    assert.ok(!config().includes('prod-Admin'), 'what is not asked for any more is pruned');

    const { stdout } = await run(process.execPath, [CALLER_IDENTITY], {
      env: {
        ...computer.env,
        ...env,
        AWS_PROFILE: 'my-gov-Admin',
        AWS_ENDPOINT_URL_STS: world.urls.aws,
      } as NodeJS.ProcessEnv,
    });
    assert.match(stdout, /^arn:aws-us-gov:sts::333344445555:assumed-role\/Admin\/alice-/);
  });

  it('are removed by --remove, which restores the file', async () => {
    await computer.done(['configure', '--remove', '--yes']);
    assert.equal(
      config(),
      '# mine\n[default]\nregion = us-east-1\n[profile prod-ReadOnly]\nregion = eu-central-1',
    );
  });

  it('are not needed in a container, which gets one role by its own token', async () => {
    const { accessToken } = await loginByDevice(world, 'alice');
    const { json } = await callApi(world, accessToken, {
      method: 'POST',
      path: '/container-tokens',
      body: { account: 'prod', role: 'Developer' },
    });
    for (const token of [json.token, `Bearer ${json.token}`]) {
      const { stdout } = await run(process.execPath, [CALLER_IDENTITY], {
        env: {
          ...computer.env,
          AWS_REGION: 'eu-west-1',
          AWS_CONTAINER_CREDENTIALS_FULL_URI: json.url,
          AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
          AWS_ENDPOINT_URL_STS: world.urls.aws,
        } as NodeJS.ProcessEnv,
      });
      assert.match(stdout, /^arn:aws:sts::111122223333:assumed-role\/Developer\/alice-/);
    }

    const elsewhere = await fetch(json.url.replace('Developer', 'Admin'), {
      headers: { authorization: json.token },
    });
    assert.equal(elsewhere.status, 403);
    assert.equal(((await elsewhere.json()) as { Code: string }).Code, 'role_not_for_token');
  });
});
