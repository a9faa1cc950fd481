/** Two real bridges and one computer: by which name and command a user means one of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { confirmDevice } from '../support/cli-login.ts';
import { missingPackage } from '../support/missing-package.ts';
import { ROLE, useTwoBridges } from './two-bridges.ts';

const run = promisify(execFile);

describe('two bridges on one computer', () => {
  const {
    first,
    second,
    laptop,
    logInAtFirst,
    logInAtSecond,
    both,
    bothForItself,
    at,
    settings,
    keyOf,
    identityAt,
    says,
  } = useTwoBridges();

  it('reads every spelling of an address as one bridge', async () => {
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

  it('commands without a bridge use that of the last login, and name it', async () => {
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

  it('logout ends the login of one bridge, and keeps everything of the other', async () => {
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

  it('a profile of an unknown bridge names it, and the command that signs in there', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    says(
      await computer.run(['credential-process', ROLE, ...at(second)]),
      3,
      `you are not signed in to ${second.urls.bridge}.`,
      `Sign in: rolebridge login --server ${second.urls.bridge}\n`,
    );
  });

  it('another user at one bridge changes nothing of the other', async () => {
    const computer = await bothForItself();
    const alice = await identityAt(computer, first);
    const { visitor } = await second.signIn('alice', 'saml');
    const login = computer.start(['login', '--device', '--force', '--bridge', 'lab']);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await confirmDevice(second, visitor, code);

    const { code: exit, stderr } = await login.ended;
    assert.equal(exit, 7, stderr);
    assert.match(
      stderr,
      /To switch to the new user: rolebridge login --bridge lab --switch-person/,
    );

    await computer.logIn(second, 'alice', { args: ['--switch-person'] });
    const asked = first.toAws.length;
    assert.equal((await identityAt(computer, first)).key, alice.key);
    assert.equal(first.toAws.length, asked, 'from the cache');
    assert.match((await identityAt(computer, second)).arn, /\/alice-/);
  });

  it('checks that a name is valid and unique, and changes it', async () => {
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
      /this computer knows several bridges, so --as "corp" also requires --server/,
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

  it('keeps settings of earlier versions, and every one of concurrent logins', async () => {
    const computer = laptop();
    const directory = computer.file('.config/rolebridge');
    mkdirSync(directory, { recursive: true });
    const before = { server: 'https://old.example', keychain: false, ofAnotherProgram: { a: [1] } };
    writeFileSync(`${directory}/config.json`, JSON.stringify(before));
    await Promise.all([
      logInAtFirst(computer, '--as', 'one'),
      logInAtSecond(computer, '--as', 'two'),
    ]);

    const { server, bridges, ...rest } = settings(computer) as {
      server: string;
      bridges: { name?: string; server: string }[];
    };
    assert.deepEqual(rest, { keychain: false, ofAnotherProgram: { a: [1] } });
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

  it('a name from a host never passes to another bridge, whichever is renamed or forgotten', async () => {
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

  it('completion offers names of bridges, and the roles of the named one', async () => {
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

  it('bash completion passes on the words as typed', {
    skip: missingPackage('/bin/bash', 'bash'),
  }, async () => {
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
