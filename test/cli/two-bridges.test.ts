/**
 * Two real bridges and one computer: what belongs to one bridge never answers with an identity of
 * the other.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Computer, QUICK_POLLS, useComputer } from '../support/cli.ts';
import { confirmDevice } from '../support/cli-login.ts';
import { missingPackage } from '../support/missing-package.ts';
import { useWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
const ROLE = 'prod/Developer';

describe('two bridges on one computer', () => {
  /** alice is signed in at the first, bob at the second. */
  const first = useWorld(QUICK_POLLS);
  const second = useWorld(QUICK_POLLS);
  /** Both are known there; the second, called lab, is the one of the last login. */
  const prepared = useComputer();
  const computers: Computer[] = [];
  before(async () => {
    await logInAtFirst(prepared);
    await logInAtSecond(prepared, '--as', 'lab');
  });
  afterEach(() => {
    for (const computer of computers.splice(0)) computer.close();
  });

  const laptop = (): Computer => {
    const computer = new Computer();
    computers.push(computer);
    mkdirSync(computer.file('.aws'));
    return computer;
  };
  const logInAtFirst = (computer: Computer, ...args: string[]) =>
    computer.logIn(first, 'alice', { args });
  const logInAtSecond = (computer: Computer, ...args: string[]) =>
    computer.logIn(second, 'bob', { protocol: 'oidc', args });
  /** As prepared. Who ends the login there ends it for all. */
  const both = (): Computer => {
    const computer = laptop();
    cpSync(prepared.home, computer.home, { recursive: true });
    return computer;
  };
  const bothForItself = async (): Promise<Computer> => {
    const computer = laptop();
    await Promise.all([logInAtFirst(computer), logInAtSecond(computer, '--as', 'lab')]);
    await computer.done(['login', '--bridge', 'lab']);
    return computer;
  };
  const at = (world: World): string[] => ['--server', world.urls.bridge];
  const config = (computer: Computer): string => readFileSync(computer.file('.aws/config'), 'utf8');
  const settings = (computer: Computer): unknown =>
    JSON.parse(readFileSync(computer.file('.config/rolebridge/config.json'), 'utf8'));
  const lineOf = (computer: Computer, profile: string): string => {
    const line = new RegExp(`^\\[profile ${profile}\\]\\ncredential_process = (.+)$`, 'm').exec(
      config(computer),
    )?.[1];
    assert.ok(line, `${profile} in ${config(computer)}`);
    return line;
  };
  /** What the line of a profile gives to an AWS tool. */
  const keyOf = async (
    computer: Computer,
    profile: string,
    env: Record<string, string> = {},
  ): Promise<string> => {
    const { stdout } = await run('/bin/sh', ['-c', lineOf(computer, profile)], {
      env: { ...computer.env, ...env } as NodeJS.ProcessEnv,
    });
    return (JSON.parse(stdout) as { AccessKeyId: string }).AccessKeyId;
  };
  const identityAt = async (
    computer: Computer,
    world: World,
  ): Promise<{ key: string; arn: string }> => {
    const said = JSON.parse(
      await computer.done(['credentials', ROLE, '--json', ...at(world)]),
    ) as Record<string, string>;
    return { key: said.access_key_id!, arn: said.assumed_role_arn! };
  };
  const says = (
    result: { code: number | null; stdout: string; stderr: string },
    code: number,
    ...patterns: (RegExp | string)[]
  ): void => {
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '', 'nothing for programs');
    for (const pattern of patterns)
      assert.ok(
        typeof pattern === 'string' ? result.stderr.includes(pattern) : pattern.test(result.stderr),
        `${pattern} in ${result.stderr}`,
      );
  };

  for (const order of ['the first, then the second', 'the second, then the first'] as const) {
    it(`profiles keep the bridge that they were written for, by logins to ${order}`, async () => {
      const computer = laptop();
      const logins = [
        async () => {
          await logInAtFirst(computer, '--as', 'corp');
          await computer.done(['configure', '--yes']);
        },
        async () => {
          await logInAtSecond(computer, '--as', 'lab');
          await computer.done(['configure', '--yes']);
        },
      ];
      for (const login of order === 'the first, then the second' ? logins : logins.reverse())
        await login();
      const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];
      assert.match(alice.arn, /assumed-role\/Developer\/alice-/);
      assert.match(bob.arn, /assumed-role\/Developer\/bob-/);
      assert.equal(await keyOf(computer, 'corp-prod-Developer'), alice.key);
      assert.equal(await keyOf(computer, 'lab-prod-Developer'), bob.key);
      // From the whole client, too, and whatever the environment says.
      rmSync(computer.file('.config/rolebridge/credentials'), { recursive: true });
      const elsewhere = { ROLEBRIDGE_SERVER: second.urls.bridge };
      assert.equal(
        await keyOf(computer, 'corp-prod-Developer', elsewhere),
        (await identityAt(computer, first)).key,
      );
      assert.equal(
        await keyOf(computer, 'corp-prod-Developer', elsewhere),
        (await identityAt(computer, first)).key,
      );
    });
  }

  it('a second bridge without a name takes no profile name of the first, and leaves its profiles as they are', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    await computer.done(['configure', '--yes']);
    const before = config(computer);
    await logInAtSecond(computer);
    const { stderr } = await computer.run(['configure', '--yes']);
    assert.doesNotMatch(stderr, /not written/);
    assert.ok(config(computer).startsWith(before));
    const host = new URL(second.urls.bridge).host.replaceAll(/[.:]/g, '-');
    assert.equal(await keyOf(computer, 'prod-Developer'), (await identityAt(computer, first)).key);
    assert.equal(
      await keyOf(computer, `${host}-prod-Developer`),
      (await identityAt(computer, second)).key,
    );
    // Written again in the other order, and after the first has gone, they are called the same.
    await computer.done(['configure', '--yes', ...at(first)]);
    assert.ok(config(computer).includes(before));
    await computer.done(['configure', '--remove', '--yes', ...at(first)]);
    await computer.done(['configure', '--yes', ...at(second)]);
    assert.ok(!config(computer).includes('[profile prod-Developer]'));
    assert.equal(
      await keyOf(computer, `${host}-prod-Developer`),
      (await identityAt(computer, second)).key,
    );
  });

  it('a template names the bridge where it says so, and a name that the other bridge has is not written', async () => {
    const computer = both();
    await computer.done(['configure', '--yes', ...at(first)]);
    const before = config(computer);
    await computer.done([
      'configure',
      '--yes',
      '--profile-name',
      '{role}-{account}-{bridge}',
      '--bridge',
      'lab',
    ]);
    assert.equal(
      await keyOf(computer, 'Developer-prod-lab'),
      (await identityAt(computer, second)).key,
    );
    const { stderr } = await computer.run([
      'configure',
      '--yes',
      '--profile-name',
      '{account}-{role}',
      '--bridge',
      'lab',
    ]);
    assert.match(stderr, /not written, because a profile is called the same: .*prod-Developer/);
    assert.ok(config(computer).startsWith(before));
  });

  it('a line that names no bridge works while one is known, and then answers with neither', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    const old = ['credential-process', ROLE];
    const alone = await computer.done(old);
    assert.equal(await computer.done(old), alone);
    await logInAtSecond(computer);
    await identityAt(computer, second);
    const refusal = [
      /this profile names no bridge/,
      `rolebridge configure --server ${first.urls.bridge}`,
    ] as const;
    for (const env of [
      {},
      { ROLEBRIDGE_SERVER: first.urls.bridge },
      { ROLEBRIDGE_SERVER: second.urls.bridge },
    ])
      says(
        await computer.run(old, { env }),
        2,
        ...refusal,
        `rolebridge configure --server ${second.urls.bridge}`,
      );
    // As the client before this one left it: one server in the settings, and traces of two.
    writeFileSync(
      computer.file('.config/rolebridge/config.json'),
      JSON.stringify({ server: second.urls.bridge }),
    );
    says(await computer.run(old), 2, refusal[0]);
    assert.equal(await computer.done([...old, ...at(first)]), alone);
    // Whichever is forgotten: the line may have meant it.
    await computer.done(['logout', '--forget', ...at(second)]);
    await computer.done(['login', ...at(first)]);
    says(await computer.run(old), 2, refusal[0]);
    assert.equal(await computer.done([...old, ...at(first)]), alone);
  });

  it('a line that names no bridge works again after its only bridge was forgotten and is used anew, and with no other one', async () => {
    const computer = laptop();
    const old = ['credential-process', ROLE];
    await logInAtFirst(computer);
    await computer.done(['logout', '--forget']);
    await logInAtFirst(computer);
    assert.ok(JSON.parse(await computer.done(old)).AccessKeyId);
    await computer.done(['logout', '--forget']);
    await logInAtSecond(computer);
    says(await computer.run(old), 2, /this profile names no bridge/);
  });

  it('a profile from the page of one bridge is not answered by the other, which alone is known here', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    const { visitor } = await second.signIn('bob', 'oidc');
    const page = await visitor.get(`${second.urls.bridge}/aws-config`);
    writeFileSync(computer.file('.aws/config'), page.$('#text-credential-process').text());
    const [, args] = /^rolebridge (.+)$/.exec(lineOf(computer, 'prod-Developer')) ?? [];
    const hint = `you are not signed in to ${second.urls.bridge}.`;
    says(await computer.run(args!.split(' ')), 3, hint);
    await logInAtSecond(computer);
    const { key } = await identityAt(computer, second);
    assert.equal(
      (JSON.parse(await computer.done(args!.split(' '))) as { AccessKeyId: string }).AccessKeyId,
      key,
    );
  });

  it('a line that names no bridge does not follow the environment to another one', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    await computer.done(['credential-process', ROLE]);
    const env = { ROLEBRIDGE_SERVER: second.urls.bridge };
    says(
      await computer.run(['credential-process', ROLE], { env }),
      2,
      /this profile names no bridge/,
    );
  });

  it('a script names its bridge, or gets no identity at all', async () => {
    const computer = both();
    const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];
    const show = ['exec', ROLE, '--env'];
    const command = ['--', 'printenv', 'AWS_ACCESS_KEY_ID'];
    for (const args of [
      [...show, ...command],
      ['credentials', ROLE],
      ['console', ROLE, '--print'],
    ])
      says(
        await computer.run(args),
        2,
        /several bridges are known, and the command names none/,
        first.urls.bridge,
        `lab (${second.urls.bridge})`,
      );
    assert.equal(await computer.done([...show, ...at(first), ...command]), `${alice.key}\n`);
    assert.equal(await computer.done([...show, '--bridge', 'LAB', ...command]), `${bob.key}\n`);
    assert.equal(
      await computer.done([...show, ...command], { env: { ROLEBRIDGE_BRIDGE: 'lab' } }),
      `${bob.key}\n`,
    );
    assert.equal(
      await computer.done([...show, ...command], { env: { ROLEBRIDGE_SERVER: first.urls.bridge } }),
      `${alice.key}\n`,
    );
    // An option wins over the environment; two that do not agree are refused.
    const env = { ROLEBRIDGE_BRIDGE: 'lab' };
    assert.equal(
      await computer.done([...show, ...at(first), ...command], { env }),
      `${alice.key}\n`,
    );
    says(
      await computer.run(['whoami', ...at(first), '--bridge', 'lab']),
      2,
      /but the server given is/,
    );
    says(
      await computer.run(['whoami'], { env: { ...env, ROLEBRIDGE_SERVER: first.urls.bridge } }),
      2,
      /but the server given is/,
    );
  });

  it('keys of one bridge are not written over by those of another', async () => {
    const computer = both();
    for (const world of [first, second])
      await computer.done(['credentials', ROLE, '--write', ...at(world)]);
    const text = readFileSync(computer.file('.aws/credentials'), 'utf8');
    const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];
    assert.match(
      text,
      new RegExp(`^\\[prod-Developer-keys\\]\naws_access_key_id = ${alice.key}$`, 'm'),
    );
    assert.match(
      text,
      new RegExp(`^\\[lab-prod-Developer-keys\\]\naws_access_key_id = ${bob.key}$`, 'm'),
    );
  });

  it('one address is one bridge, however it is written', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    const { port } = new URL(first.urls.bridge);
    for (const written of [`HTTP://127.0.0.1:${port}`, `${first.urls.bridge}/`]) {
      const { code, stderr } = await computer.run(['login', '--server', written]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^You are signed in as alice/m);
    }
    assert.deepEqual(settings(computer), { server: first.urls.bridge });
  });

  it('commands that name no bridge say which one they mean: that of the last login', async () => {
    const computer = both();
    assert.match(
      await computer.done(['whoami']),
      new RegExp(`^Person {8}bob.*Server {8}${second.urls.bridge} \\(lab\\)$`, 'ms'),
    );
    const { stderr } = await computer.run(['whoami']);
    assert.match(
      stderr,
      new RegExp(`Other bridges on this computer: \\S+ \\(${first.urls.bridge}\\)`),
    );
    assert.match(
      (await computer.run(['roles'])).stderr,
      new RegExp(`Roles at ${second.urls.bridge} \\(lab\\)`),
    );
    const back = await computer.run(['login', ...at(first)]);
    assert.equal(back.code, 0);
    assert.ok(
      back.stderr.includes(`Now using ${first.urls.bridge} (previously ${second.urls.bridge})`),
      back.stderr,
    );
    assert.match(await computer.done(['whoami']), /^Person {8}alice/m);
    const named = await computer.run(['login', '--as', 'lab']);
    assert.match(
      named.stderr,
      new RegExp(`^You are signed in to ${second.urls.bridge} \\(lab\\) as bob`, 'm'),
    );
  });

  it('logout ends the login of one bridge, and what is of the other stays, credentials and all', async () => {
    const computer = await bothForItself();
    await computer.done(['configure', '--yes']);
    const alice = await identityAt(computer, first);
    await identityAt(computer, second);
    const { stderr } = await computer.run(['logout', '--bridge', 'lab']);
    assert.ok(stderr.includes(`Signed out of ${second.urls.bridge} (lab).`), stderr);
    const asked = first.toAws.length;
    assert.equal((await identityAt(computer, first)).key, alice.key);
    assert.equal(first.toAws.length, asked, 'from the cache');
    const hint = [
      `you are not signed in to ${second.urls.bridge} (lab).`,
      'Sign in: rolebridge login --bridge lab\n',
    ];
    says(await computer.run(['credential-process', ROLE, ...at(second)]), 3, ...hint);
    says(await computer.run(['whoami', '--bridge', 'lab']), 3, ...hint);
    await assert.rejects(
      keyOf(computer, 'lab-prod-Developer'),
      ({ stderr: said }: { stderr: string }) => said.includes(hint[1]!),
    );
    says(
      await computer.run(['whoami', '--bridge', 'nowhere']),
      2,
      /unknown bridge "nowhere"/,
      'lab (',
    );
    // The name stays for the next login.
    await logInAtSecond(computer);
    await computer.done(['whoami', '--bridge', 'lab']);
  });

  it('a profile of a bridge that this computer does not know says which one, and what signs in there', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    says(
      await computer.run(['credential-process', ROLE, ...at(second)]),
      3,
      `you are not signed in to ${second.urls.bridge}.`,
      `Sign in: rolebridge login --server ${second.urls.bridge}\n`,
    );
  });

  it('another person at one bridge takes nothing from the other', async () => {
    const computer = await bothForItself();
    const alice = await identityAt(computer, first);
    const { visitor } = await second.signIn('alice', 'saml');
    const login = computer.start(['login', '--device', '--force', '--bridge', 'lab']);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await confirmDevice(second, visitor, code);
    const { code: exit, stderr } = await login.ended;
    assert.equal(exit, 7, stderr);
    assert.match(stderr, /If you mean it: rolebridge login --bridge lab --switch-person/);
    await computer.logIn(second, 'alice', { args: ['--switch-person'] });
    const asked = first.toAws.length;
    assert.equal((await identityAt(computer, first)).key, alice.key);
    assert.equal(first.toAws.length, asked, 'from the cache');
    assert.match((await identityAt(computer, second)).arn, /\/alice-/);
  });

  it('a name is checked, unique, and can be changed', async () => {
    const computer = both();
    const host = new URL(first.urls.bridge).host.replaceAll(/[.:]/g, '-');
    for (const name of [
      '../x',
      'a b',
      'a/b',
      '',
      '-a',
      'a.b',
      'lab\n',
      '__proto__',
      'a'.repeat(41),
    ])
      says(
        await computer.run(['login', ...at(first), `--as=${name}`]),
        2,
        /is not a valid bridge name/,
      );
    for (const name of ['lab', 'LAB'])
      says(
        await computer.run(['login', ...at(first), '--as', name]),
        2,
        `the name ${name} belongs to ${second.urls.bridge}`,
      );
    says(
      await computer.run(['login', '--bridge', 'lab', '--as', host]),
      2,
      `the name ${host} belongs to ${first.urls.bridge}`,
    );
    says(
      await computer.run(['login', '--as', 'corp']),
      2,
      /several bridges are known, so --as "corp" also needs --server/,
    );
    const renamed = await computer.run(['login', '--bridge', 'lab', '--as', 'constructor']);
    assert.equal(renamed.code, 0, renamed.stderr);
    for (const said of [
      'Renamed the bridge lab to constructor. To rename its profiles: rolebridge configure --bridge constructor\n',
      `You are signed in to ${second.urls.bridge} (constructor) as bob`,
      'To sign in again: rolebridge login --bridge constructor --force\n',
    ])
      assert.ok(renamed.stderr.includes(said), renamed.stderr);
    await computer.done(['login', '--bridge', host, '--as', 'lab']);
    assert.deepEqual(settings(computer), {
      server: first.urls.bridge,
      bridges: [
        { server: first.urls.bridge, name: 'lab' },
        { server: second.urls.bridge, name: 'constructor' },
      ],
    });
    assert.match(await computer.done(['whoami', '--bridge', 'lab']), /^Person {8}alice/m);
    assert.match(await computer.done(['whoami', '--bridge', 'constructor']), /^Person {8}bob/m);
    assert.deepEqual(
      readdirSync(computer.file('.config/rolebridge')).filter(name =>
        /lab|constructor|\.lock$/.test(name),
      ),
      [],
    );
  });

  it('settings of the client before stay, and logins at the same time lose none', async () => {
    const computer = laptop();
    const directory = computer.file('.config/rolebridge');
    mkdirSync(directory, { recursive: true });
    const before = { server: 'https://old.example', keychain: false, ofSomebodyElse: { a: [1] } };
    writeFileSync(`${directory}/config.json`, JSON.stringify(before));
    await Promise.all([
      logInAtFirst(computer, '--as', 'one'),
      logInAtSecond(computer, '--as', 'two'),
    ]);
    const { server, bridges, ...rest } = settings(computer) as {
      server: string;
      bridges: { name?: string; server: string }[];
    };
    assert.deepEqual(rest, { keychain: false, ofSomebodyElse: { a: [1] } });
    assert.ok([first.urls.bridge, second.urls.bridge].includes(server));
    assert.deepEqual(bridges[0], { server: 'https://old.example' });
    assert.deepEqual(
      new Set(bridges.slice(1).map(({ name, server: origin }) => `${name} ${origin}`)),
      new Set([`one ${first.urls.bridge}`, `two ${second.urls.bridge}`]),
    );
    assert.ok(!existsSync(`${directory}/config.lock`));
    for (const wrong of [
      '{',
      { server: 'http://far.example' },
      { server: first.urls.bridge },
      { server: 'https://b.example', name: '../x' },
    ]) {
      const list = wrong === '{' ? wrong : [{ server: first.urls.bridge }, wrong];
      writeFileSync(`${directory}/config.json`, JSON.stringify({ bridges: list }));
      says(
        await computer.run(['whoami', ...at(first)]),
        6,
        /config\.json: "bridges" must be a list/,
      );
    }
  });

  it('a name that came from a host never means another bridge, whichever is renamed or forgotten', async () => {
    const computer = laptop();
    mkdirSync(computer.file('.config/rolebridge'), { recursive: true });
    const put = (value: object): void =>
      writeFileSync(computer.file('.config/rolebridge/config.json'), JSON.stringify(value));
    const names = async (): Promise<string> =>
      (await computer.done(['__complete', 'whoami', '--bridge', ''])).trim().replaceAll('\n', ' ');
    const [plain, dashed] = ['https://aws.example.com', 'https://aws-example.com'];
    for (const bridges of [
      [{ server: plain }, { server: dashed }],
      [{ server: plain, name: 'work' }, { server: dashed }],
      [{ server: dashed }, { server: plain }],
      [{ server: dashed }],
    ]) {
      put({ bridges });
      const expected = bridges.map(({ server, ...given }) =>
        'name' in given ? given.name : server === plain ? 'aws-example-com' : 'aws--example-com',
      );
      assert.equal(await names(), expected.join(' '));
    }
    put({
      bridges: [
        'https://a.b',
        'https://a--.b',
        'https://a.--b',
        'https://a_b',
        'https://[2001:db8:1::]',
        'https://[2001:db8::1]',
      ].map(server => ({ server })),
    });
    const all = (await names()).split(' ');
    assert.equal(new Set(all).size, 6);
    for (const name of all) assert.match(name, /^[a-z\d](?:[a-z\d-]{0,38}[a-z\d])?$/);
    // A name that was numbered, because another bridge was given that of the host, is kept.
    const host = new URL(second.urls.bridge).host.replaceAll(/[.:]/g, '-');
    put({});
    await logInAtFirst(computer, '--as', host);
    await logInAtSecond(computer);
    await computer.done(['login', ...at(first), '--as', 'corp']);
    says(await computer.run(['whoami', '--bridge', host]), 2, /unknown bridge/);
    assert.match(await computer.done(['whoami', '--bridge', `${host}-2`]), /^Person {8}bob/m);
  });

  it('completion offers names of bridges, and the roles of the one that is named', async () => {
    const computer = both();
    await computer.done(['roles', ...at(first)]);
    await computer.done(['roles', ...at(second)]);
    const complete = async (...words: string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await computer.run(['__complete', ...words]);
      assert.deepEqual([code, stderr], [0, '']);
      return stdout.split('\n').filter(Boolean);
    };
    const host = new URL(first.urls.bridge).host.replaceAll(/[.:]/g, '-');
    const ofBob = ['prod/Developer', 'prod/ReadOnly'];
    assert.deepEqual(await complete('roles', '--bridge', ''), [host, 'lab']);
    assert.deepEqual(await complete('login', '--as', 'l'), ['lab']);
    assert.deepEqual(await complete('exec', '--bridge', 'lab', 'prod/'), ofBob);
    assert.deepEqual(await complete('exec', 'prod/'), ofBob, 'that of the last login');
    assert.deepEqual(await complete('exec', '--server', first.urls.bridge, 'prod/'), [
      'prod/Admin',
      ...ofBob,
    ]);
    // As bash breaks it.
    const { port } = new URL(first.urls.bridge);
    assert.deepEqual(
      await complete('exec', '--server', '=', 'http', ':', '//127.0.0.1', ':', port, 'prod/'),
      ['prod/Admin', ...ofBob],
    );
    assert.deepEqual(await complete('exec', '--bridge', 'nowhere', 'prod/'), []);
  });

  it('bash hands over what was typed', { skip: missingPackage('/bin/bash', 'bash') }, async () => {
    const computer = both();
    await computer.done(['roles', ...at(first)]);
    const script = `rolebridge() { ${process.execPath} ${computer.entry} "$@"; }
eval "$(rolebridge completion bash)"
COMP_WORDS=(rolebridge exec --server http : //127.0.0.1 : ${new URL(first.urls.bridge).port} prod/A); COMP_CWORD=8; _rolebridge
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('/bin/bash', ['--norc', '-c', script], {
      env: computer.env as NodeJS.ProcessEnv,
    });
    assert.equal(stdout, 'prod/Admin\n');
  });
});
