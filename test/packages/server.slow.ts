import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { ServerProcess, writeConfiguration } from '../main/server-process.ts';
import { useDirectory } from '../support/directory.ts';
import { freePort } from '../support/free-port.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, enterPassword } from '../support/world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

describe('the package of the server', () => {
  const directory = useDirectory();
  /** Where npm has installed the package. */
  let home: string;
  let command: string;
  before(() => {
    const npm = (args: readonly string[]): string =>
      execFileSync('npm', args, {
        cwd: directory.path,
        encoding: 'utf8',
        // An empty cache, and no network.
        env: { ...process.env, npm_config_cache: join(directory.path, 'npm-cache') },
      });
    execFileSync(process.execPath, [join(ROOT, 'src/packages/server.ts')], { stdio: 'inherit' });
    const archive = npm(['pack', '--silent', join(ROOT, 'dist/server')]).trim();
    const prefix = join(directory.path, 'installed');
    mkdirSync(prefix);
    npm(['install', '--global', '--offline', '--prefix', prefix, join(directory.path, archive)]);
    home = join(prefix, 'lib/node_modules/rolebridge-server');
    command = join(prefix, 'bin/rolebridge-server');
  });

  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [command, ...args], { cwd: directory.path, encoding: 'utf8' });

  it('is installed from one file, without a registry, as a command', () => {
    assert.equal(realpathSync(command), realpathSync(join(home, 'lib/rolebridge-server.js')));
    const { status, stdout, stderr } = run('--help');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /rolebridge-server serve/);
  });

  it('has the versions of the lockfile, and no development dependency', () => {
    const { dependencies } = read(join(home, 'package.json'));
    const { devDependencies } = read(join(ROOT, 'package.json'));
    for (const [name, version] of Object.entries(dependencies!)) {
      assert.equal(read(join(home, 'node_modules', name, 'package.json')).version, version);
      assert.equal(read(join(ROOT, 'node_modules', name, 'package.json')).version, version);
      assert.equal(devDependencies![name], undefined);
    }
    for (const name of ['typescript', 'oidc-provider', 'playwright-core', 'node'])
      assert.equal(existsSync(join(home, 'node_modules', name)), false, name);
  });

  it('has the compiled server with its views, and no double and no TypeScript', () => {
    const names = ['lib', 'views', 'examples', 'docs'].flatMap(place =>
      readdirSync(join(home, place), { recursive: true, encoding: 'utf8' }).map(name =>
        join(place, name),
      ),
    );
    for (const name of ['views/roles.eta', 'examples/rolebridge.yaml', 'docs/deploy.md'])
      assert.ok(names.includes(name), name);
    const { mode } = statSync(join(home, 'examples/organization-accounts.sh'));
    assert.equal(mode & 0o111, 0o111);
    assert.deepEqual(
      names.filter(name => /^lib\/(?:dev|cli|packages)\/|\.ts$/.test(name)),
      [],
    );
    assert.ok(existsSync(join(home, 'LICENSE')));
  });

  it('names the version of Node.js that it requires', () => {
    const pretence = "Object.defineProperty(process, 'versions', { value: { node: '24.11.1' } })";
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretence)}`, command, '--help'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^rolebridge-server: Node\.js 24\.12 or newer is required, and this is 24/,
    );
    assert.match(stderr, /\nInstall a newer Node\.js\.\n$/);
  });

  it('checks a configuration', () => {
    const file = writeConfiguration({ directory: directory.path, port: 3000 });
    const { status, stdout, stderr } = run('check', file);
    assert.equal(stderr, '');
    assert.match(stdout, /is in order/);
    assert.equal(status, 0);
  });

  it('runs init, trust, check and doctor in an empty directory', () => {
    const cwd = directory.file('first');
    mkdirSync(cwd);
    const metadata = join(ROOT, 'test/operate/init/idp-metadata.xml');
    const given = ['--provider', 'other', '--metadata', metadata, '--offline'];
    const rest = ['--account', '111122223333=prod', '--rule', 'aws-admins=prod/Admin'];
    const commands: readonly (readonly [status: number | undefined, args: readonly string[]])[] = [
      [0, ['init', '--yes', ...given, '--base-url', 'https://aws.example.com', ...rest]],
      [0, ['trust', 'terraform', '--out', 'trust']],
      [0, ['check']],
      // What doctor finds depends on the network; that it ends by itself does not.
      [undefined, ['doctor', '--connector', 'sso']],
    ];
    for (const [expected, args] of commands) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
        ...{ cwd, encoding: 'utf8' },
      });
      assert.doesNotMatch(stderr, /\n\s+at |is missing/, args.join(' '));
      assert.ok(status === expected || (expected === undefined && status! <= 1), stderr);
      assert.notEqual(stdout, '', args.join(' '));
    }
    assert.ok(existsSync(join(cwd, 'rolebridge.yaml')));
    assert.ok(readdirSync(join(cwd, 'trust')).length > 0);
  });

  describe('that serves', () => {
    let idp: Server;
    let url: string;
    let server: ServerProcess;
    before(async () => {
      idp = createServer();
      await new Promise<void>(resolve => idp.listen(0, '127.0.0.1', resolve));
      const samlUrl = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const { handler } = await createSamlIdp({
        baseUrl: samlUrl,
        people: PEOPLE,
        serviceProviders: [{ metadataUrl: `${url}/saml/corp-saml/metadata` }],
      });
      answer(idp, handler as RequestListener);
      const config = writeConfiguration({ directory: directory.path, port, samlUrl });
      server = new ServerProcess(['serve', '--config', config], {
        entry: command,
        cwd: directory.path,
      });
      await server.line('listening');
    });
    after(async () => {
      await server?.kill();
      idp.closeAllConnections();
      await new Promise(resolve => idp.close(resolve));
    });

    it('signs users in, which needs the thread, the views and the migrations', async () => {
      const visitor = new Visitor();
      await enterPassword(visitor, await visitor.get(`${url}/sign-in/corp-saml`), {
        username: 'bob',
      });
      const portal = await visitor.get(url);
      assert.equal(portal.$('form[action="/sign-out"]').length, 1);
    });

    it('delivers its styles', async () => {
      const page = await (await fetch(url)).text();
      const [, style] = /href="([^"]+\.css)"/.exec(page)!;
      const { status, headers } = await fetch(new URL(style!, url));
      assert.equal(status, 200);
      assert.match(String(headers.get('content-type')), /^text\/css/);
    });

    it('reloads and stops', async () => {
      server.signal('SIGHUP');
      await server.line('the configuration was read again');
      server.signal('SIGTERM');
      assert.equal(await server.end(), 0);
      assert.doesNotMatch(server.stderr, /\n\s+at /);
    });
  });
});
