/** `rolebridge mfa`: an IAM user, their device and a local AWS. There is no bridge. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { freePort } from '../../support/free-port.ts';
import {
  BREAK_GLASS,
  CREDENTIALS,
  callerOf,
  type IamUser,
  type IamUserOptions,
  iamUserFor,
  KEYS,
  SCRIPT,
  SERIAL,
} from '../../support/iam-user.ts';
import { missingPackage } from '../../support/missing-package.ts';

const OPS = ['--profile', 'ops'];
const ROLE = `
[profile break-glass]
role_arn = ${BREAK_GLASS}
source_profile = ops
mfa_serial = ${SERIAL}
external_id = break-glass-7f3c
role_session_name = ops-on-call
services = lab
region = eu-west-1
`;
const BREAK_GLASS_PROFILE = ['--profile', 'break-glass'];

/** A user whose command prints what the device shows now, as often as it is asked. */
async function withCommand(t: TestContext, options?: IamUserOptions): Promise<IamUser> {
  const user = await iamUserFor(t, options);
  const program = user.script('code', `echo " ${user.code()} "`);
  user.configure(`mfa_serial = ${SERIAL}\nmfa_process = ${program}\n${ROLE}`);
  return user;
}

const actionsOf = ({ events }: IamUser): readonly string[] =>
  events.map(({ action, outcome }) => `${action} ${outcome}`);

describe('mfa credential-process', () => {
  it('gives credentials of GetSessionToken, which are valid for 12 hours', async t => {
    const user = await withCommand(t);
    const { code, stdout, stderr } = await user.mfa(['credential-process', ...OPS]);
    assert.deepEqual([code, stderr], [0, '']);
    const printed = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual(Object.keys(printed), [
      'Version',
      'AccessKeyId',
      'SecretAccessKey',
      'SessionToken',
      'Expiration',
      'AccountId',
    ]);
    assert.equal(printed.AccountId, '111122223333');
    const hours = (Date.parse(printed.Expiration!) - Date.now()) / 3_600_000;
    assert.ok(hours > 11.9 && hours <= 12, `${hours}`);
    assert.equal(await callerOf(user.url, stdout), 'arn:aws:iam::111122223333:user/ops');
  });

  it('assumes the role of the profile with the keys of its source profile', async t => {
    const user = await withCommand(t);
    const { stdout, stderr } = await user.mfa([
      ...['credential-process', ...BREAK_GLASS_PROFILE],
      ...['--duration', '90m'],
    ]);
    assert.equal(
      await callerOf(user.url, stdout),
      'arn:aws:sts::111122223333:assumed-role/BreakGlass/ops-on-call',
      stderr,
    );
    const { Expiration } = JSON.parse(stdout) as { Expiration: string };
    const minutes = (Date.parse(Expiration) - Date.now()) / 60_000;
    assert.ok(minutes > 89 && minutes <= 90, `${minutes}`);
  });

  it('assumes the role that --role names', async t => {
    const user = await iamUserFor(t);
    const program = user.script('code', `echo ${user.code()}`);
    user.configure(`external_id = break-glass-7f3c\nmfa_serial = ${SERIAL}\n`);
    const { stdout } = await user.mfa([
      ...['credential-process', ...OPS, '--role', BREAK_GLASS],
      ...['--mfa-process', program],
    ]);
    assert.equal(
      await callerOf(user.url, stdout),
      'arn:aws:sts::111122223333:assumed-role/BreakGlass/rolebridge-mfa',
    );
  });

  it('needs no bridge: that of the last login is down', async t => {
    const bridge = `http://127.0.0.1:${await freePort()}`;
    const user = await withCommand(t, { env: { ROLEBRIDGE_SERVER: bridge } });
    mkdirSync(user.computer.file('.config/rolebridge'), { recursive: true, mode: 0o700 });
    writeFileSync(
      user.computer.file('.config/rolebridge/config.json'),
      JSON.stringify({ server: bridge }),
    );
    assert.equal((await user.mfa(['credential-process', ...BREAK_GLASS_PROFILE])).code, 0);
    const { code, stdout } = await user.mfa(['console', ...BREAK_GLASS_PROFILE]);
    assert.equal(code, 0);
    // The console leads there when its session has ended.
    assert.equal(new URL(stdout.trim()).searchParams.get('Issuer'), bridge);
  });

  it('is answered from the sealed cache, without a code and without AWS', async t => {
    const user = await withCommand(t);
    const first = await user.mfa(['credential-process', ...OPS]);
    user.script('code', 'exit 1');
    const second = await user.mfa(['credential-process', ...OPS]);
    assert.deepEqual([second.code, second.stdout], [0, first.stdout]);
    assert.deepEqual(actionsOf(user), ['GetSessionToken answered']);

    const folder = user.computer.file('.config/rolebridge/credentials');
    const [name, ...others] = readdirSync(folder);
    assert.match(name!, /^mfa\.[\da-f]{32}\.[\da-f]{32}$/);
    assert.deepEqual(others, []);
    const sealed = readFileSync(`${folder}/${name}`, 'latin1');
    assert.ok(!sealed.includes('ASIA') && !sealed.includes(KEYS.secret));
    assert.equal(statSync(`${folder}/${name}`).mode & 0o777, 0o600);
  });

  it('hands out nothing from the cache for another key, device, role or endpoint', async t => {
    const user = await withCommand(t);
    assert.equal((await user.mfa(['credential-process', ...OPS])).code, 0);
    user.script('code', 'exit 1');
    const env = { AWS_ENDPOINT_URL_STS: `${user.url}/other` };
    const others: readonly (readonly [string[], object?])[] = [
      [['--serial', `${SERIAL}-2`]],
      [['--role', BREAK_GLASS]],
      [[], { env }],
    ];
    for (const [args, options] of others) {
      const { code, stdout } = await user.mfa(['credential-process', ...OPS, ...args], options);
      assert.deepEqual([code, stdout], [6, ''], args.join(' '));
    }
    writeFileSync(
      user.computer.file('.aws/credentials'),
      CREDENTIALS.replace(KEYS.id, 'AKIAOPSOPSOPSOPSOPS2'),
    );
    assert.equal((await user.mfa(['credential-process', ...OPS])).code, 6);
  });

  it('asks for one code for twenty processes', async t => {
    const user = await withCommand(t);
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => user.mfa(['credential-process', ...OPS])),
    );
    assert.deepEqual([...new Set(runs.map(({ code }) => code))], [0], runs[0]!.stderr);
    assert.equal(new Set(runs.map(({ stdout }) => stdout)).size, 1);
    assert.deepEqual(actionsOf(user), ['GetSessionToken answered']);
  });

  it('asks again when less life is left than --minimum, which must fit into the session', async t => {
    const user = await withCommand(t);
    assert.equal((await user.mfa(['credential-process', ...OPS, '--duration', '1h'])).code, 0);
    const longer = ['credential-process', ...OPS, '--minimum', '2h'];
    // The code was used already: AWS is asked, and refuses it.
    const { code, stderr } = await user.mfa(longer);
    assert.equal(code, 7, stderr);

    const { code: usage, stderr: said } = await user.mfa([...longer, '--duration', '1h']);
    assert.equal(usage, 2);
    assert.match(said, /--minimum is not shorter than the session \(1 h\)/);
  });
});

describe('the MFA code', () => {
  const terminal = { skip: missingPackage(SCRIPT, 'bsdutils') };

  it('is typed at the terminal, with a blank in it too', terminal, async t => {
    const user = await iamUserFor(t);
    const code = user.code();
    const { code: exit, screen } = await user.atTerminal(`${user.program} mfa --profile ops`, [
      `${code.slice(0, 3)} ${code.slice(3)}`,
    ]);
    assert.equal(exit, 0, screen);
    assert.ok(screen.includes(`MFA code for ops (${SERIAL}): `), screen);
    assert.match(
      screen,
      /The profile ops has credentials of an MFA session for (?:12 h|11 h 59 min)\./,
    );
    // From now on, without a terminal.
    assert.equal((await user.mfa(['credential-process', ...OPS])).code, 0);
  });

  it('is asked for at the terminal although stdin and stderr are not', terminal, async t => {
    const user = await iamUserFor(t);
    const printed = user.computer.file('printed');
    const { code, screen } = await user.atTerminal(
      `${user.program} mfa credential-process --profile ops </dev/null >${printed} 2>${printed}.errors`,
      [user.code()],
    );
    assert.equal(code, 0, screen);
    assert.equal(readFileSync(`${printed}.errors`, 'utf8'), '');
    assert.equal(
      await callerOf(user.url, readFileSync(printed, 'utf8')),
      'arn:aws:iam::111122223333:user/ops',
    );
  });

  it('is asked for again when it is not one, or is wrong', terminal, async t => {
    const user = await iamUserFor(t);
    const wrong = user.code() === '000000' ? '000001' : '000000';
    const { code, screen } = await user.atTerminal(`${user.program} mfa --profile ops`, [
      '12345',
      wrong,
      user.code(),
    ]);
    assert.equal(code, 0, screen);
    assert.match(screen, /an MFA code has six digits\./);
    assert.match(
      screen,
      /AWS rejected the MFA code: it is wrong, has expired or was used already\.\s+Each code works once\. Wait for the next one, then try again\./,
    );
    assert.deepEqual(actionsOf(user), ['GetSessionToken refused', 'GetSessionToken answered']);
  });

  it('is asked for three times at most', terminal, async t => {
    const user = await iamUserFor(t);
    const wrong = user.code() === '000000' ? '000001' : '000000';
    const { code, screen } = await user.atTerminal(
      `${user.program} mfa --profile ops`,
      Array(4).fill(wrong),
    );
    assert.equal(code, 7, screen);
    assert.equal(actionsOf(user).length, 3);
  });

  it('works once: a used one is rejected with what to do', async t => {
    const user = await withCommand(t);
    assert.equal((await user.mfa(OPS)).code, 0);
    const { code, stderr } = await user.mfa(BREAK_GLASS_PROFILE);
    assert.equal(code, 7);
    assert.equal(
      stderr,
      'rolebridge: AWS rejected the MFA code: it is wrong, has expired or was used already.\nEach code works once. Wait for the next one, then try again.\n',
    );
  });

  it('is required: without a terminal and mfa_process, the error names the command to run', async t => {
    const user = await iamUserFor(t);
    for (const [args, options] of [
      [['credential-process', ...OPS], {}],
      [OPS, { env: { CI: 'true' } }],
      [[...OPS, '--no-login'], {}],
    ] as const) {
      const { code, stdout, stderr } = await user.mfa(args, options);
      assert.deepEqual([code, stdout], [3, '']);
      assert.equal(
        stderr,
        'rolebridge: the profile ops requires an MFA code, which cannot be asked for here.\nRun in a terminal: rolebridge mfa --profile ops\nOr let a command print the code: mfa_process in the profile.\n',
      );
    }
    assert.deepEqual(user.events, []);
  });

  it('is not read from an argument or a pipe', async t => {
    const user = await iamUserFor(t);
    const code = user.code();
    for (const args of [
      [...OPS, code],
      [...OPS, '--code', code],
      [code, ...OPS],
    ])
      assert.equal((await user.mfa(args)).code, 2);
    assert.equal((await user.mfa(OPS, { stdin: `${code}\n` })).code, 3);
    assert.deepEqual(user.events, []);
  });

  it('is printed by a command that no shell runs', async t => {
    const user = await iamUserFor(t);
    const program = user.script('my code', `test "$*" = "a b; touch owned" && echo ${user.code()}`);
    user.configure(`mfa_serial = ${SERIAL}\nmfa_process = "${program}" "a b;" 'touch owned'\n`);
    const { code, stderr } = await user.mfa(OPS);
    assert.equal(code, 0, stderr);

    const owned = user.computer.file('owned');
    user.configure(`mfa_serial = ${SERIAL}\nmfa_process = echo 123456; touch ${owned}\n`);
    assert.equal((await user.mfa([...OPS, '--serial', `${SERIAL}-2`])).code, 6);
    assert.ok(!existsSync(owned));
  });

  const failures: readonly (readonly [title: string, script: string, says: RegExp])[] = [
    ['fails', 'echo 123456; exit 3', /failed \(exit code 3\)/],
    ['prints no code', 'echo 12345', /did not print six digits/],
    ['prints more than one code', 'echo 123456; echo 234567', /did not print six digits/],
    ['prints without an end', 'exec cat /dev/zero', /printed more than a code/],
    ['is killed', 'kill -9 $$', /failed \(SIGKILL\)/],
  ];
  for (const [title, script, says] of failures) {
    it(`is not used when the command ${title}`, async t => {
      const user = await iamUserFor(t);
      const program = user.script('code', script);
      const { code, stderr } = await user.mfa([...OPS, '--mfa-process', program]);
      assert.equal(code, 6, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\d{6}/);
      assert.deepEqual(user.events, []);
    });
  }

  it('is not used when the command is missing, or a quote in it is not closed', async t => {
    const user = await iamUserFor(t);
    for (const [command, says] of [
      ['/nowhere/code', /was not found/],
      ['echo "123456', /is empty, or a quote in it is not closed/],
      [' ', /is empty/],
    ] as const) {
      const { code, stderr } = await user.mfa([...OPS, '--mfa-process', command]);
      assert.equal(code, 6);
      assert.match(stderr, says);
    }
  });
});

describe('mfa exec', () => {
  it('runs a command with credentials from an address of this run, and none of its own', async t => {
    const user = await withCommand(t);
    const script = `
      const { env } = process;
      const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = env;
      const { AccessKeyId, Token } = await (await fetch(url, { headers: { authorization: token } })).json();
      console.log(JSON.stringify([env.ROLEBRIDGE_ROLE, env.AWS_REGION, env.AWS_ACCESS_KEY_ID ?? null,
        AccessKeyId.slice(0, 4), Token.length > 100]));`;
    const { code, stdout, stderr } = await user.mfa(
      ['exec', ...BREAK_GLASS_PROFILE, '--', process.execPath, '--input-type=module', '-e', script],
      { env: { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret } },
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), ['mfa/break-glass', 'eu-west-1', null, 'ASIA', true]);
  });

  it('runs a command with fixed credentials, and exits with its code', async t => {
    const user = await withCommand(t);
    const { code, stdout, stderr } = await user.mfa([
      ...['exec', ...OPS, '--env', '--', 'sh', '-c'],
      'echo "$AWS_ACCESS_KEY_ID"; exit 7',
    ]);
    assert.equal(code, 7);
    assert.match(stdout, /^ASIA/);
    assert.match(stderr, /fixed credentials for (?:12 h|11 h 59 min); they are not renewed/);
  });

  it('starts nothing without a command or without credentials', async t => {
    const user = await iamUserFor(t);
    const without = await user.mfa(['exec', ...OPS]);
    assert.equal(without.code, 2);
    assert.match(without.stderr, /rolebridge mfa exec --profile ops -- aws s3 ls/);
    const { code, stdout } = await user.mfa(['exec', ...OPS, '--', 'echo', 'started']);
    assert.deepEqual([code, stdout], [3, '']);
  });
});

describe('mfa console', () => {
  it('prints a link for a role, which AWS sign-in accepts for the length of the session', async t => {
    const user = await withCommand(t);
    const destination = 'https://eu-west-1.console.aws.amazon.com/s3/home';
    const { code, stdout, stderr } = await user.mfa([
      ...['console', ...BREAK_GLASS_PROFILE, '--destination', destination],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr,
      'Anyone who has this link acts as you in AWS. It expires in 15 minutes.\n',
    );
    const link = new URL(stdout.trim());
    assert.equal(link.searchParams.get('Destination'), destination);
    const opened = await fetch(link, { redirect: 'manual' });
    assert.equal(opened.status, 302);
    assert.deepEqual(actionsOf(user), [
      'AssumeRole answered',
      'getSigninToken answered',
      'login answered',
    ]);
  });

  it('prints a link without a length where AWS sign-in refuses one', async t => {
    const user = await withCommand(t);
    user.aws.faults.arm({ federation: { refuseDuration: 1 } });
    const { code, stdout, stderr } = await user.mfa(['console', ...BREAK_GLASS_PROFILE]);
    assert.equal(code, 0, stderr);
    assert.equal((await fetch(stdout.trim(), { redirect: 'manual' })).status, 302);
    assert.deepEqual(actionsOf(user).slice(1, 3), [
      'getSigninToken refused',
      'getSigninToken answered',
    ]);
  });

  it('prints none where AWS sign-in gives none, and nothing of its answer', async t => {
    const user = await withCommand(t);
    for (const [fault, exit] of [
      ['serverError', 5],
      ['throttling', 5],
      ['notXml', 5],
    ] as const) {
      user.aws.faults.arm({ federation: { [fault]: 1 } });
      const { code, stdout, stderr } = await user.mfa(['console', ...BREAK_GLASS_PROFILE]);
      assert.deepEqual([code, stdout], [exit, ''], stderr);
      assert.doesNotMatch(stderr, /<|ASIA/);
    }
  });

  it('requires a role: credentials of GetSessionToken get no console session', async t => {
    const user = await withCommand(t);
    const { code, stdout, stderr } = await user.mfa(['console', ...OPS]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /the profile ops has no role, and the console requires one/);
    assert.match(stderr, /AWS gives no console session for credentials of GetSessionToken/);
    assert.deepEqual(user.events, []);
  });

  it('rejects a destination outside the console', async t => {
    const user = await withCommand(t);
    const { code, stdout } = await user.mfa([
      ...['console', ...BREAK_GLASS_PROFILE, '--destination', 'https://evil.example/'],
    ]);
    assert.deepEqual([code, stdout], [4, '']);
  });
});

describe('mfa and its options', () => {
  const wrong: readonly (readonly [args: string[], says: RegExp])[] = [
    [[], /no profile was given/],
    [['renew', ...OPS], /mfa has no action "renew"/],
    [['import', ...OPS, '--serial', SERIAL], /--serial is not an option of "mfa import"/],
    [['login', ...OPS, '--env'], /--env is not an option of "mfa login"/],
    [[...OPS, '--', 'aws', 's3', 'ls'], /only "mfa exec" takes a command after --/],
    [[...OPS, '--server', 'https://aws.example.com'], /unknown option --server/],
    [[...OPS, '--duration', '10m'], /GetSessionToken gives credentials for 15 min to 36 h/],
    [[...OPS, '--duration', '37h'], /GetSessionToken gives credentials for 15 min to 36 h/],
    [[...OPS, '--role', BREAK_GLASS, '--duration', '13h'], /AssumeRole gives .* to 12 h/],
  ];
  it('suggests a command line in which a profile name with blanks is one word', async t => {
    const user = await iamUserFor(t);
    user.configure(`[profile on call]\nrole_arn = ${BREAK_GLASS}\nmfa_serial = ${SERIAL}\n`);
    const { code, stderr } = await user.mfa(['--profile', 'on call']);
    assert.equal(code, 3);
    assert.match(stderr, /rolebridge mfa --profile "on call"\n/);
  });

  it('has the actions that completion and help name', async t => {
    const user = await iamUserFor(t);
    const { completes, description } = COMMANDS.find(({ name }) => name === 'mfa')!;
    const { stderr } = await user.mfa(['renew', ...OPS]);
    const [, actions] = /Actions: (.*)\n/.exec(stderr)!;
    assert.deepEqual(actions!.split(', '), completes);
    const described = [...description.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name);
    assert.deepEqual(described, completes);
  });

  it('completes actions and the names of profiles', async t => {
    const user = await iamUserFor(t);
    const complete = (...words: string[]): Promise<string> =>
      user.computer.done(['__complete', 'mfa', ...words]);
    assert.equal(await complete('e'), 'exec\n');
    assert.equal(await complete('exec', '--profile', ''), 'ops\n');
    assert.ok(!(await complete('exec', '--')).includes('--bridge'));
  });

  it('rejects those that do not fit, before anything is asked', async t => {
    const user = await withCommand(t);
    for (const [args, says] of wrong) {
      const { code, stderr } = await user.mfa(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, says);
    }
    assert.deepEqual(user.events, []);
  });
});
