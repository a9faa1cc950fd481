import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { before, describe, it } from 'node:test';
import { processSpace } from '../../src/cli/session/process-space.ts';
import { readSettings } from '../../src/cli/warm/settings.ts';
import { computerFor, QUICK_POLLS, useComputer } from '../support/cli.ts';
import { viewerOf } from '../support/cli-login.ts';
import { startTlsProxy } from '../support/tls-proxy.ts';
import { enterPassword, useWorld, worldFor } from '../support/world.ts';

/**
 * One line on stderr that says what, below it what to do; nothing on stdout, no stack, and the exit
 * code.
 */
function saysPlainly(
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
  exit: number,
  ...patterns: RegExp[]
): void {
  assert.deepEqual([code, stdout], [exit, ''], stderr);
  for (const pattern of patterns) assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /\n {4}at |node:internal|Error:/);
}

describe('problems on this computer', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'alice');
  });
  const directory = (): string => computer.file('.config/rolebridge');

  it('names an invalid settings file by its path, and does not overwrite it', async t => {
    const other = computerFor(t);
    mkdirSync(other.file('.config/rolebridge'), { recursive: true });
    const file = other.file('.config/rolebridge/config.json');

    for (const [text, says] of [
      ['{ "server": ', /config\.json is not valid JSON/],
      ['[]', /must contain one JSON object/],
      ['{ "server": 7 }', /"server" must be a string/],
    ] as const) {
      writeFileSync(file, text);
      for (const args of [
        ['whoami'],
        ['login', '--server', world.urls.bridge],
        ['credential-process', 'prod/Admin'],
      ])
        saysPlainly(
          await other.run(args),
          6,
          says,
          /Fix the file or move it away\. It was not changed\./,
        );
      assert.equal(readFileSync(file, 'utf8'), text);
    }
  });

  it('ignores a half-written or altered cache, and writes it again', async () => {
    const first = await computer.done(['credential-process', 'prod/Admin']);
    const [name] = readdirSync(`${directory()}/credentials`);
    const file = `${directory()}/credentials/${name}`;
    const whole = readFileSync(file);

    for (const spoiled of [
      whole.subarray(0, 20),
      Buffer.alloc(0),
      Buffer.concat([whole, Buffer.of(0)]),
      Buffer.from(whole).fill(7, 40, 41),
      Buffer.from('{}'),
    ]) {
      writeFileSync(file, spoiled);
      const again = await computer.done(['credential-process', 'prod/Admin']);
      assert.notEqual(again, first);
      assert.equal(await computer.done(['credential-process', 'prod/Admin']), again);
    }
  });

  it('does not read the cache of another role', async () => {
    await computer.done(['credential-process', 'prod/Developer']);
    const files = readdirSync(`${directory()}/credentials`).map(
      name => `${directory()}/credentials/${name}`,
    );
    const contents = files.map(file => readFileSync(file));
    writeFileSync(files[0]!, contents[1]!);
    writeFileSync(files[1]!, contents[0]!);

    const arnOf = async (role: string): Promise<string> =>
      (
        JSON.parse(await computer.done(['credentials', role, '--json'])) as {
          assumed_role_arn: string;
        }
      ).assumed_role_arn;

    assert.match(await arnOf('prod/Admin'), /assumed-role\/Admin\//);
    assert.match(await arnOf('prod/Developer'), /assumed-role\/Developer\//);
  });

  it('names a home directory that cannot be written', async () => {
    const blocked = computer.file('a-file');
    writeFileSync(blocked, '');
    const env = {
      ROLEBRIDGE_CONFIG_DIR: `${blocked}/config`,
      ROLEBRIDGE_SERVER: world.urls.bridge,
    };

    saysPlainly(
      await computer.run(['login', '--device'], { env }),
      6,
      /a file is where a directory should be/,
      /ROLEBRIDGE_CONFIG_DIR/,
    );
  });

  it('rejects a directory that other users own or can write to', async t => {
    const theirs = computer.file('theirs');
    mkdirSync(theirs, { mode: 0o700 });
    writeFileSync(`${theirs}/config.json`, JSON.stringify({ server: world.urls.bridge }));
    const env = { ROLEBRIDGE_CONFIG_DIR: theirs };
    chmodSync(theirs, 0o777);
    for (const args of [
      ['whoami'],
      ['credential-process', 'prod/Admin'],
      ['exec', 'prod/Admin', '--', 'true'],
    ])
      saysPlainly(
        await computer.run(args, { env }),
        6,
        /theirs is writable by every user of this computer\.\n.*ROLEBRIDGE_CONFIG_DIR/,
      );

    chmodSync(theirs, 0o700);
    saysPlainly(await computer.run(['whoami'], { env }), 3, /you are not signed in/);

    if (process.getuid?.() === 0) chownSync(theirs, 65_533, 65_533);
    assert.equal(
      readSettings(theirs).server,
      world.urls.bridge,
      'one’s own, and as root that of others, as with sudo',
    );

    t.mock.method(process as { getuid(): number }, 'getuid', () => 65_534);
    assert.throws(() => readSettings(theirs), /theirs belongs to another user/);
  });

  it('ignores the lock of a dead process, and names the holder of a live one in the end', async () => {
    rmSync(`${directory()}/credentials`, { recursive: true });
    mkdirSync(`${directory()}/credentials`);
    await computer.done(['credential-process', 'prod/Admin']);
    const [name] = readdirSync(`${directory()}/credentials`);
    const lock = `${directory()}/credentials/${name}.lock`;
    rmSync(`${directory()}/credentials/${name}`);
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: processSpace(), nonce: 'x' }));

    await computer.done(['credential-process', 'prod/Admin']);

    assert.ok(!existsSync(lock));
  });

  it('rejects a minimum that is too long, and one that is not a duration', async () => {
    saysPlainly(
      await computer.run(['credential-process', 'prod/ReadOnly', '--minimum', '2h']),
      4,
      /credentials of this role expire after .*, and --minimum requires 2 h/,
    );
    saysPlainly(
      await computer.run(['credential-process', 'prod/ReadOnly', '--minimum', 'soon']),
      2,
      /--minimum "soon" is not a valid duration/,
    );
  });

  it('rejects an invalid role name, and a missing one in scripts', async () => {
    saysPlainly(
      await computer.run(['credentials', 'admin']),
      2,
      /"admin" is not a role name/,
      /Write ACCOUNT\/ROLE/,
    );
    saysPlainly(await computer.run(['console', '--print']), 2, /no role was given/);
    saysPlainly(await computer.run(['exec', 'prod/Admin', 'aws']), 2, /unexpected argument "aws"/);
  });

  it('gives the address of a step-up for a missing proof, after which the same command works', async t => {
    const without = computerFor(t);
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    await without.logInHere(world, visitor);
    const refused = await without.run(['credential-process', 'prod/Admin']);
    saysPlainly(
      refused,
      4,
      /This role requires additional verification/,
      /It requires a sign-in with a second factor/,
      /^Open http:\S+\/step-up\?session=[0-9a-f]{20}&account=prod&role=Admin in your browser, then run the command again\.$/m,
    );
    assert.doesNotMatch(refused.stderr, /--fresh|Sign in again/);

    const [address] = /http:\S+\/step-up\S+/.exec(refused.stderr)!;
    const question = await visitor.get(address);
    const login = await visitor.submit(question, 'form[action="/step-up"]');
    const done = await enterPassword(visitor, login, { username: 'alice' });
    assert.match(done.text, /Your terminal is verified/);
    assert.match(await without.done(['credential-process', 'prod/Admin']), /"AccessKeyId"/);
  });

  it('explains a missing proof of a login by a code, and how to sign in again', async t => {
    const without = computerFor(t);
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    await without.logIn(world, 'alice', { visitor });

    saysPlainly(
      await without.run(['credential-process', 'prod/Admin']),
      4,
      /This role requires additional verification/,
      /It requires a sign-in with a second factor/,
      /In a terminal: rolebridge login --fresh/,
    );
    assert.match(
      await without.done(['roles', '--all']),
      /^prod +111122223333 +Admin +production +no +It requires a sign-in with a second factor/m,
    );
  });

  it('reports a login that was ended elsewhere, and uses cached credentials until they expire', async t => {
    const other = computerFor(t);
    const visitor = await other.logIn(world, 'bob', { protocol: 'oidc' });
    const cached = await other.done(['credential-process', 'prod/Developer']);
    await world.bridge.mySessions.endAll(await viewerOf(world, visitor));

    saysPlainly(await other.run(['whoami']), 3, /your login has ended/, /rolebridge login/);
    assert.equal(await other.done(['credential-process', 'prod/Developer']), cached);
    saysPlainly(
      await other.run(['credential-process', 'staging/Developer']),
      3,
      /you are not signed in/,
    );
  });
});

describe('problems on the way to the server', () => {
  const world = useWorld(QUICK_POLLS);

  const listening = async (
    answer: Parameters<typeof createServer>[1],
  ): Promise<{ server: Server; url: string }> => {
    const server = createServer(answer as never);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  it('reports a server that does not answer, is not rolebridge, or has an invalid address', async t => {
    const computer = computerFor(t);
    const { server, url } = await listening((_request, response) =>
      response.writeHead(302, { location: '/portal' }).end(),
    );
    try {
      const gone = await listening(() => {});
      await new Promise(resolve => gone.server.close(resolve));
      saysPlainly(
        await computer.run(['login', '--server', gone.url]),
        5,
        /nothing answers at http:\/\/127\.0\.0\.1:\d+/,
        /VPN/,
      );
      saysPlainly(
        await computer.run(['login', '--server', url]),
        5,
        /answered with a redirect, as a sign-in page of a network/,
      );
      saysPlainly(
        await computer.run(['login', '--server', world.urls.aws]),
        5,
        /is not a rolebridge server/,
      );
      saysPlainly(
        await computer.run(['login', '--server', 'http://aws.example.com']),
        2,
        /must be an https address/,
      );
      saysPlainly(
        await computer.run(['login', '--server', 'https://aws.example.com/path']),
        2,
        /without a path/,
      );
      saysPlainly(
        await computer.run(['whoami']),
        2,
        /no server configured/,
        /rolebridge login --server/,
      );
    } finally {
      server.close();
    }
  });

  it('uses cached credentials while the server is down, and reports their life when it is too short', async t => {
    const computer = computerFor(t);
    await computer.logIn(world, 'alice');
    const printed = await computer.done(['credential-process', 'prod/ReadOnly']);
    const gone = world.servers.bridge;
    const port = (gone.address() as AddressInfo).port;
    gone.closeAllConnections();

    await new Promise<void>(resolve => gone.close(() => resolve()));

    try {
      assert.equal(await computer.done(['credential-process', 'prod/ReadOnly']), printed);
      saysPlainly(
        await computer.run(['credential-process', 'prod/ReadOnly', '--minimum', '61m']),
        5,
        /nothing answers at/,
        /The cached credentials expire in (?:59 min|1 h)/,
        /To use them: --minimum (?:59m|60m|1h)$/m,
      );
      saysPlainly(
        await computer.run(['credential-process', 'prod/Admin']),
        5,
        /nothing answers at/,
      );
      const loggedOut = await computer.run(['logout']);
      assert.equal(loggedOut.code, 5);
      assert.match(loggedOut.stderr, /removed here, but not ended at the server/);
    } finally {
      await new Promise<void>(resolve => gone.listen(port, '127.0.0.1', resolve));
    }
  });

  it('reports a clock skew once, and does not loop because of it', async t => {
    const computer = computerFor(t);
    const skewed = await listening((_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        date: new Date(Date.now() + 7 * 60_000).toUTCString(),
      });
      response.end(JSON.stringify({ issuer: 'http://elsewhere' }));
    });

    try {
      const { stderr } = await computer.run(['login', '--server', skewed.url]);
      assert.match(
        stderr,
        /clock skew: the clock of this computer is 7 minutes behind that of the server\. AWS rejects requests with a clock skew\. Set the clock \(in WSL after a sleep: sudo hwclock -s\)/,
      );
      assert.equal(stderr.match(/the clock of this computer/g)?.length, 1);
    } finally {
      skewed.server.close();
    }
  });

  it('trusts a private certificate authority only by SSL_CERT_FILE, NODE_EXTRA_CA_CERTS or the settings', async t => {
    const computer = computerFor(t);
    let proxy: Awaited<ReturnType<typeof startTlsProxy>> | undefined;
    await worldFor(t, {
      ...QUICK_POLLS,
      proxy: async target => {
        proxy = await startTlsProxy(target);
        return proxy;
      },
    });
    const authorities = computer.file('ca.pem');
    writeFileSync(authorities, proxy!.certificatePem);

    const login = ['login', '--device', '--server', proxy!.url];
    saysPlainly(
      await computer.run(login),
      5,
      /the certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted here/,
      /SSL_CERT_FILE or NODE_EXTRA_CA_CERTS/,
    );
    saysPlainly(
      await computer.run(login, { env: { SSL_CERT_FILE: computer.file('nowhere') } }),
      6,
      /cannot be read \(ENOENT\)/,
    );

    execFileSync('mkfifo', [computer.file('pipe')]);
    saysPlainly(
      await computer.run(login, { env: { SSL_CERT_FILE: computer.file('pipe') } }),
      6,
      /cannot be read \(not a regular file\)/,
    );

    for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
      const running = computer.start(login, { env: { [name]: authorities } });
      await running.says(/Waiting for you to confirm/);
      running.child.kill('SIGINT');
      await running.ended;
    }
    mkdirSync(computer.file('.config/rolebridge'), { recursive: true });
    writeFileSync(
      computer.file('.config/rolebridge/config.json'),
      JSON.stringify({ server: proxy!.url, caFile: authorities }),
    );
    saysPlainly(await computer.run(['whoami']), 3, /you are not signed in/);
  });

  it('uses HTTPS_PROXY for a server that is not on this computer', async t => {
    const computer = computerFor(t);
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url!);
      const [host, port] = request.url!.split(':');
      void connect({ host: '127.0.0.1', port: 1 }).on('error', () =>
        socket.end(`HTTP/1.1 502 no way to ${host}:${port}\r\n\r\n`),
      );
    });

    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));

    try {
      const env = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
      const { code } = await computer.run(['login', '--server', 'https://aws.example.com'], {
        env,
      });
      assert.equal(code, 5);
      assert.deepEqual(asked, ['aws.example.com:443']);
    } finally {
      proxy.close();
    }
  });
});
