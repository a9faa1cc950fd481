import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { useWorld } from '../../support/world.ts';

const CALLER_IDENTITY = fileURLToPath(new URL('../../support/caller-identity.ts', import.meta.url));

describe('exec', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'alice');
  });

  const node = (script: string): string[] => [
    '--',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];

  it('gives its role to the AWS SDK of a program without configuration', async () => {
    const { code, stdout, stderr } = await computer.run(
      ['exec', 'prod/Admin', '--', process.execPath, CALLER_IDENTITY],
      {
        env: { AWS_ENDPOINT_URL_STS: world.urls.aws },
      },
    );
    assert.equal(code, 0, stderr + stdout);
    assert.match(stdout, /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}\n$/);
  });

  const show = node('process.stdout.write(JSON.stringify(process.env))');
  const environmentOf = async (
    env: Record<string, string>,
    args: readonly string[] = [],
  ): Promise<Record<string, string>> =>
    JSON.parse(
      await computer.done(['exec', 'prod/Developer', ...args, ...show], { env }),
    ) as Record<string, string>;
  const withAwsFiles = async (
    files: Readonly<Record<string, string>>,
    use: () => Promise<void>,
  ): Promise<void> => {
    mkdirSync(computer.file('.aws'));
    for (const [name, text] of Object.entries(files))
      writeFileSync(computer.file('.aws', name), text, 'latin1');
    try {
      await use();
    } finally {
      rmSync(computer.file('.aws'), { recursive: true });
    }
  };

  it('gives sessions of the chosen length, which the cache neither gives nor keeps', async () => {
    const lengths = () =>
      world.toAws.flatMap(({ form }) => form.get('DurationSeconds') ?? []).map(Number);
    await computer.done(['credentials', 'prod/Developer']);
    const cached = lengths().length;
    const expiry = ['exec', 'prod/Developer', '--env', '--duration', '30m'];
    const until = await computer.done([
      ...[...expiry, ...node('process.stdout.write(process.env.AWS_CREDENTIAL_EXPIRATION)')],
    ]);
    assert.ok(Math.abs(Date.parse(until) - world.clock.now() - 30 * 60_000) < 60_000, until);
    const printed = await computer.done([
      ...['credentials', 'prod/Developer', '--json', '--duration', '1h15m'],
    ]);
    assert.equal(JSON.parse(printed).duration_seconds, 4500);
    await computer.done(['credentials', 'prod/Developer']);
    assert.deepEqual(lengths().slice(cached), [1800, 4500]);
  });

  it('is refused a length that the role does not have', async () => {
    for (const [duration, hint] of [
      ['14m', /AWS gives sessions of 15 min or more\. Choose a length from 15 min to 2 h\./],
      ['3h', /The rule of this role gives at most 2 h\. Choose a length from 15 min to 2 h\./],
    ] as const) {
      const { code, stdout, stderr } = await computer.run([
        ...['exec', 'prod/Developer', '--duration', duration],
        ...node('process.stdout.write("started")'),
      ]);
      assert.deepEqual([code, stdout], [4, ''], stderr);
      assert.match(stderr, hint);
    }
  });

  it('says that AWS gave less than was requested', async () => {
    const { code, stderr } = await computer.run([
      ...['exec', 'prod/ReadOnly', '--duration', '2h', '--', 'true'],
    ]);
    assert.equal(code, 0);
    assert.match(stderr, /AWS allows 1 h for prod\/ReadOnly, not 2 h/);
  });

  it('removes variables that would override the role', async () => {
    const stray = {
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'y',
      AWS_ACCESS_KEY: 'AKIAEXAMPLE',
      AWS_SECRET_KEY: 'x',
      AMAZON_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_CREDENTIAL_FILE: '/nowhere',
      AWS_BEARER_TOKEN_BEDROCK: 'x',
      AWS_ROLE_ARN: 'arn:aws:iam::222233334444:role/Developer',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere',
    };
    const environment = await environmentOf({ ...stray, AWS_PROFILE: 'mine' });

    for (const name of Object.keys(stray)) assert.equal(environment[name], undefined, name);
    assert.equal(environment.AWS_PROFILE, 'rolebridge-exec-prod-Developer');
    assert.equal(environment.ROLEBRIDGE_ROLE, 'prod/Developer');
  });

  it('takes the region from the variables, else from the profile of the user, else from the account', async () => {
    const regions = async (env: Record<string, string>): Promise<readonly unknown[]> => {
      const { AWS_REGION, AWS_DEFAULT_REGION } = await environmentOf(env);
      return [AWS_REGION, AWS_DEFAULT_REGION];
    };
    assert.deepEqual(await regions({}), ['eu-west-1', 'eu-west-1']);
    assert.deepEqual(await regions({ AWS_REGION: 'us-east-1' }), ['us-east-1', 'us-east-1']);
    assert.deepEqual(await regions({ AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-west-2' }), [
      'us-east-1',
      'us-west-2',
    ]);

    await withAwsFiles(
      { config: '[default]\nregion = ap-south-1\n[profile mine]\nregion = sa-east-1\n' },
      async () => {
        assert.deepEqual(await regions({}), ['ap-south-1', 'ap-south-1']);
        assert.deepEqual(await regions({ AWS_PROFILE: 'mine' }), ['sa-east-1', 'sa-east-1']);
        assert.deepEqual(await regions({ AWS_DEFAULT_REGION: 'us-west-2' }), [
          'us-west-2',
          'us-west-2',
        ]);
      },
    );
    await computer.done(['configure', '--yes', '--default', 'gov/Admin']);
    try {
      assert.deepEqual(
        await regions({}),
        ['eu-west-1', 'eu-west-1'],
        'a profile of configure has the region of its own account',
      );
    } finally {
      rmSync(computer.file('.aws'), { recursive: true });
    }
  });

  it('leaves the proxy variables of the user as they are, and adds the local address where it is missing', async () => {
    const of = async (env: Record<string, string>): Promise<Record<string, string>> => {
      const environment = await environmentOf(env);
      return Object.fromEntries(
        Object.entries(environment).filter(([name]) => /proxy$/i.test(name)),
      );
    };
    assert.deepEqual(await of({}), {});

    const HTTPS_PROXY = 'http://alice:secret@proxy.corp.invalid:3128';
    assert.deepEqual(await of({ HTTPS_PROXY }), {
      HTTPS_PROXY,
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
    });
    assert.deepEqual(await of({ HTTPS_PROXY, no_proxy: '.corp' }), {
      HTTPS_PROXY,
      no_proxy: '.corp,127.0.0.1',
    });
    assert.deepEqual(await of({ NO_PROXY: 'a b', no_proxy: '*' }), {
      NO_PROXY: 'a b,127.0.0.1',
      no_proxy: '*',
    });
    assert.deepEqual(await of({ NO_PROXY: 'x, 127.0.0.1', no_proxy: '' }), {
      NO_PROXY: 'x, 127.0.0.1',
      no_proxy: '127.0.0.1',
    });
    assert.equal((await environmentOf({ HTTPS_PROXY }, ['--env'])).NO_PROXY, undefined);
  });

  it('keeps the settings of the profile and the other profiles, without any secret, in a file for the user alone', async () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    const config = `# caf\u00e9
[default]
output = text
region = eu-north-1
retry_mode = adaptive
ca_bundle = /etc/ssl/corp.pem
services = local
s3 =
  addressing_style = path
sso_session = s
sso_account_id = 222233334444
sso_role_name = Developer
login_session = x
role_arn = arn:aws:iam::222233334444:role/Developer
[profile keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = ${secret}
[profile other]
credential_process = /bin/other
[services local]
dynamodb =
  endpoint_url = http://localhost:8000
`;
    await withAwsFiles(
      { config, credentials: `[default]\naws_secret_access_key = ${secret}\n` },
      async () => {
        const script = `
        const { readFileSync, statSync } = await import('node:fs');
        const { dirname } = await import('node:path');
        const file = process.env.AWS_CONFIG_FILE;
        process.stdout.write(JSON.stringify({
          file, text: readFileSync(file, 'utf8'), credentials: process.env.AWS_SHARED_CREDENTIALS_FILE,
          modes: [statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777],
        }));`;
        const { code, stdout, stderr } = await computer.run([
          'exec',
          'prod/Developer',
          ...node(script),
        ]);
        assert.equal(code, 0, stderr);
        const { file, text, modes, credentials } = JSON.parse(stdout) as Record<string, string> & {
          modes: number[];
        };
        assert.deepEqual(modes, [0o400, 0o700]);
        assert.equal(credentials, undefined, "the user's own credentials file stays");
        assert.ok(!text!.includes(secret));
        assert.match(
          stderr,
          /not available to this command, because their keys are in .*\.aws\/config: keys /,
        );
        const [, own] = /^\[profile rolebridge-exec-prod-Developer\]\n([^[]*)\n\[/.exec(text!)!;
        assert.equal(
          own!.replace(/^credential_process = .*print-credentials\.js"?$/m, 'credential_process'),
          `output = text
retry_mode = adaptive
ca_bundle = /etc/ssl/corp.pem
services = local
s3 =
  addressing_style = path
region = eu-north-1
credential_process
`,
        );
        assert.match(text!, /\[profile other\]\ncredential_process = \/bin\/other\n/);
        assert.match(
          text!,
          /\[services local\]\ndynamodb =\n {2}endpoint_url = http:\/\/localhost:8000\n/,
        );
        assert.ok(!existsSync(dirname(file!)), 'it is removed at the end');
      },
    );
  });

  it('names the file and line that AWS tools cannot read, and still runs the command as the role', async () => {
    const show = node('process.stdout.write(process.env.AWS_SHARED_CREDENTIALS_FILE ?? "own")');
    await withAwsFiles(
      { config: '[default]\nregion = eu-north-1\nnonsense\n', credentials: 'x\n' },
      async () => {
        const { code, stdout, stderr } = await computer.run(['exec', 'prod/Developer', ...show]);
        assert.equal(code, 0);
        assert.match(
          stderr,
          /\.aws\/config: AWS tools cannot read line 3\. These lines are ignored/,
        );
        assert.match(
          stderr,
          /\.aws\/credentials: AWS tools cannot read line 1\. The file is ignored/,
        );
        assert.notEqual(stdout, 'own');
      },
    );
    const env = { AWS_CONFIG_FILE: computer.home, AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };

    assert.equal(
      (await computer.run(['exec', 'prod/Developer', ...show], { env })).stdout,
      '/dev/null',
    );
  });

  it('does not start the command where its profile cannot be written', async () => {
    const marker = computer.file('started');
    rmSync(computer.file('.config/rolebridge/exec'), { recursive: true, force: true });
    writeFileSync(computer.file('.config/rolebridge/exec'), '');

    try {
      const { code, stderr } = await computer.run(
        [
          'exec',
          'prod/Developer',
          ...node(`import('node:fs').then(fs => fs.writeFileSync(${JSON.stringify(marker)}, ''))`),
        ],
        { env: { TMPDIR: '/nowhere' } },
      );
      assert.equal(code, 6);
      assert.match(
        stderr,
        /the command was not started: its AWS profile cannot be written \(.*rolebridge\/exec.*; \/nowhere.*\)/,
      );
      assert.match(stderr, /ROLEBRIDGE_CONFIG_DIR/);
      assert.ok(!existsSync(marker));
      assert.equal(
        (await computer.run(['exec', 'prod/Developer', ...node('')])).code,
        0,
        'the directory of temporary files serves, too',
      );
    } finally {
      rmSync(computer.file('.config/rolebridge/exec'));
    }
  });

  it('removes the files of a killed run, and none of a live run', async () => {
    const wait = node(
      'process.stdout.write("ready " + process.pid + "\\n"); setTimeout(() => {}, 20_000)',
    );
    const killed = computer.start(['exec', 'prod/Developer', ...wait]);
    const [, pid] = await killed.says(/ready (\d+)\n/);
    const running = computer.start(['exec', 'prod/Developer', ...wait]);
    await running.says(/ready/);

    const left = (): string[] =>
      readdirSync(computer.file('.config/rolebridge/exec')).map(name => name.split('-')[0]!);
    assert.deepEqual(new Set(left()), new Set([killed.child.pid, running.child.pid].map(String)));

    killed.child.kill('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await killed.ended;
    assert.ok(left().includes(String(killed.child.pid)));
    await environmentOf({});
    assert.deepEqual(left(), [String(running.child.pid)]);

    running.child.kill('SIGTERM');
    await running.ended;
    assert.deepEqual(left(), []);
  });

  it('keeps the files of another container with the same host name', async () => {
    const mark = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const theirs = computer.file(`.config/rolebridge/exec/${2 ** 30}-${mark}-abcdef`);
    mkdirSync(theirs, { recursive: true });
    await environmentOf({});
    assert.ok(existsSync(theirs));
    rmSync(theirs, { recursive: true });
  });

  it('has the role in every directory, also with relative paths in the environment', async () => {
    const staging = computer.file('relative');
    mkdirSync(staging);
    writeFileSync(
      `${staging}/credentials`,
      '[mine]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n',
    );

    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [
          computer.entry,
          'exec',
          'prod/Developer',
          '--',
          'sh',
          '-c',
          `cd / && exec ${process.execPath} -p 'JSON.stringify(process.env)'`,
        ],
        {
          cwd: computer.home,
          env: {
            ...computer.env,
            ROLEBRIDGE_CONFIG_DIR: '.config/rolebridge',
            AWS_SHARED_CREDENTIALS_FILE: 'relative/credentials',
          } as NodeJS.ProcessEnv,
        },
      );
      const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = JSON.parse(stdout) as Record<
        string,
        string
      >;
      assert.ok(
        AWS_CONFIG_FILE!.startsWith(computer.file('.config/rolebridge/exec/')),
        AWS_CONFIG_FILE,
      );
      assert.equal(AWS_SHARED_CREDENTIALS_FILE, `${staging}/credentials`);
    } finally {
      rmSync(staging, { recursive: true });
    }
  });

  it('works inside exec as outside, and so does configure', async () => {
    await withAwsFiles({ config: '[default]\noutput = text\n' }, async () => {
      const rolebridge = (...args: string[]): string[] => [
        process.execPath,
        computer.entry,
        ...args,
      ];
      const stdout = await computer.done(
        ['exec', 'gov/Admin', '--', ...rolebridge('exec', 'prod/Developer', ...show)],
        {
          env: {
            AWS_PROFILE: 'mine',
            HTTPS_PROXY: 'http://proxy.corp.invalid:1',
            NO_PROXY: 'corp',
          },
        },
      );
      const inner = JSON.parse(stdout) as Record<string, string>;
      assert.deepEqual(
        [inner.AWS_PROFILE, inner.AWS_REGION, inner.NO_PROXY, inner.ROLEBRIDGE_ROLE],
        ['rolebridge-exec-prod-Developer', 'eu-west-1', 'corp,127.0.0.1', 'prod/Developer'],
      );
      const changed = { AWS_PROFILE: 'mine', NO_PROXY: 'corp', AWS_CONFIG_FILE: null };
      const changes = JSON.parse(inner.ROLEBRIDGE_EXEC_CHANGES!) as Record<
        string,
        [string, string | null]
      >;
      for (const [name, before] of Object.entries(changed))
        assert.equal(changes[name]![1], before, name);
      await computer.done(['exec', 'gov/Admin', '--', ...rolebridge('configure', '--yes')]);
      assert.match(readFileSync(computer.file('.aws/config'), 'utf8'), /\[profile prod-Admin\]/);
    });
  });
});
