import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { useDirectory } from '../support/directory.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Line } from '../support/line.ts';
import { exchange, type RawAnswer } from '../support/raw-http.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, enterPassword } from '../support/world.ts';
import { CLIENT_SECRET, MAIN, run, ServerProcess, writeConfiguration } from './server-process.ts';

const STACK = /\n\s+at |node_modules|node:internal/;

describe('the command', () => {
  const directory = useDirectory();

  it('--help prints the usage and ends with 0', async () => {
    const { code, stdout, stderr } = await run('--help');
    assert.equal(code, 0);
    assert.match(stdout, /serve \[CONFIG\][\s\S]*check \[CONFIG\][\s\S]*SIGHUP[\s\S]*78/);
    assert.equal(stderr, '');
  });

  it('a wrong usage ends with 2 and says what is right', async () => {
    const usages = [[], ['sessions'], ['check', 'a.yaml', 'b.yaml'], ['serve', '--port', '1']];
    const outcomes = await Promise.all(usages.map(args => run(...args)));
    for (const { code, stdout, stderr } of outcomes) {
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /rolebridge-server/);
      assert.doesNotMatch(stderr, STACK);
    }
  });

  it('fits help into 80 columns, and says which word of a command line is unknown', async () => {
    const helps = await Promise.all(['doctor', 'init', 'trust'].map(name => run(name, '--help')));
    for (const { stdout } of [await run('--help'), ...helps])
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(
      (await run('doctors')).stderr,
      /unknown command "doctors"\. Did you mean: doctor\?/,
    );
    const { stderr } = await run('doctor', '--acount', 'prod');
    assert.equal(stderr, 'rolebridge-server: unknown option --acount. Did you mean: --account?\n');
  });

  it('ends in silence when its reader closes the pipe', async () => {
    const child = spawn(process.execPath, [MAIN, '--help']);
    child.stdout.destroy();
    const stderr = child.stderr.toArray();
    const [code] = await once(child, 'close');
    assert.equal(Buffer.concat(await stderr).toString(), '');
    assert.equal(code, 0);
  });

  it('serve rejects an unknown log level and names the known ones', async () => {
    const { code, stderr } = await run('serve', '--config', 'a.yaml', '--log-level', 'loud');
    assert.equal(code, 2);
    assert.match(
      stderr,
      /unknown log level "loud"\. Use one of trace, debug, info, warn, error, fatal/,
    );
  });

  it('check says that a good file is in order', async () => {
    const file = writeConfiguration({ directory: directory.path, port: 3000 });
    const { code, stdout, stderr } = await run('check', file);
    assert.equal(stderr, '');
    assert.ok(
      stdout.endsWith(`\n\n${file} is in order: 2 connectors, 4 accounts, 6 access rules.\n`),
      stdout,
    );
    assert.equal(code, 0);
  });

  it('check and serve name every mistake of a bad file with its line, and end with 78', async () => {
    const mistakes: readonly (readonly [right: string, wrong: string])[] = [
      ['baseUrl: http://127.0.0.1:3000', 'baseUrl: http://aws.example.com'],
      ['sessions: { idle: 1h, max: 12h }', 'sessions: { idle: 1h, max: forever }'],
      ['      scopes:', '      scope:'],
      ['accounts: [partner]', 'accounts: [partnre]'],
      ['connectors: [corp-oidc, corp-saml] #', 'connectors: [corp-oidc, corp-sam] #'],
      ['    require: { mfa: true', '    require: { mfa: maybe'],
    ];
    const good = writeConfiguration({ directory: directory.path, port: 3000 });
    let bad = '';
    writeConfiguration({ directory: directory.path, port: 3000 }, yaml => {
      bad = mistakes.reduce((text, [right, wrong]) => text.replace(right, wrong), yaml);
      return bad;
    });

    for (const { code, stdout, stderr } of await Promise.all([
      run('check', good),
      run('serve', '--config', good),
    ])) {
      assert.equal(code, 78);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, STACK);
      assert.ok(!stderr.includes(CLIENT_SECRET));
      for (const [, wrong] of mistakes) {
        const line = bad.split('\n').findIndex(text => text.includes(wrong.trim())) + 1;
        assert.ok(
          line > 0 && stderr.includes(`${good}:${line}:`),
          `line ${line} (${wrong}) in:\n${stderr}`,
        );
      }
    }
  });

  it('check and serve reject rules that do not say whose groups count, unless the file trusts all connectors alike', async () => {
    const file = writeConfiguration({ directory: directory.path, port: 3000 }, yaml =>
      yaml.replaceAll(/^ {4}connectors: .*\n/gm, ''),
    );
    for (const { code, stderr } of await Promise.all([
      run('check', file),
      run('serve', '--config', file),
    ])) {
      assert.equal(code, 78);
      for (let rule = 0; rule < 6; rule++)
        assert.ok(
          stderr.includes(`access[${rule}]: does not name the connectors whose groups count`),
          stderr,
        );
      assert.match(
        stderr,
        /those of corp-oidc, corp-saml whose groups count\..* trustGroupsOf: all at the top level/,
      );
    }

    writeConfiguration(
      { directory: directory.path, port: 3000 },
      yaml => `${yaml.replaceAll(/^ {4}connectors: .*\n/gm, '')}trustGroupsOf: all\n`,
    );
    const { code, stdout, stderr } = await run('check', file);
    assert.ok(
      stdout.endsWith(`\n\n${file} is in order: 2 connectors, 4 accounts, 6 access rules.\n`),
      stdout,
    );
    assert.match(stderr, /^\S+ access\[5\]\.elevation\.approvers: come from several .*\n$/);
    assert.equal(code, 0);
  });

  it('check names a file that is not there', async () => {
    const { code, stderr } = await run('check', directory.file('nothing.yaml'));
    assert.equal(code, 78);
    assert.match(stderr, /nothing\.yaml/);
    assert.doesNotMatch(stderr, STACK);
  });
});

/** What stands where an identity provider should: a test says what it answers. */
async function openServer(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((_request, response) => response.destroy());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function closeServer(server: Server): Promise<unknown> {
  server.closeAllConnections();
  return new Promise(resolve => server.close(resolve));
}

describe('the server', () => {
  const directory = useDirectory();
  let port: number;
  let url: string;
  let file: string;
  let oidc: Awaited<ReturnType<typeof openServer>>;
  let saml: Awaited<ReturnType<typeof openServer>>;
  let server: ServerProcess;
  /** Sends the first half of a request and no more. */
  let slow: Line;

  before(async () => {
    [oidc, saml] = [await openServer(), await openServer()];
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    file = writeConfiguration({
      directory: directory.path,
      port,
      oidcUrl: oidc.url,
      samlUrl: saml.url,
    });
    server = new ServerProcess(['serve', '--config', file]);
    await server.line('listening');
    slow = new Line(port);
    slow.send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
  });
  after(async () => {
    slow.destroy();
    await server.kill();
    await Promise.all([closeServer(oidc.server), closeServer(saml.server)]);
  });

  const get = (target: string): Promise<RawAnswer> => exchange(url, { target });

  it('starts without its identity providers, is ready, and says which sign-ins are not available', async () => {
    assert.deepEqual(JSON.parse((await get('/healthz')).body), { status: 'ok' });
    const isDown = (): number =>
      server.log().filter(({ msg }) => msg === 'connector unavailable').length;
    await eventually(() => isDown() === 2);

    const ready = await get('/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(JSON.parse(ready.body), {
      status: 'ready',
      store: 'ok',
      connectors: { 'corp-oidc': 'unavailable', 'corp-saml': 'unavailable' },
    });
    assert.equal((await new Visitor().get(url)).text.match(/Not available since/g)?.length, 2);
  });

  it('keeps its keys and its database to itself', () => {
    for (const name of [
      'keys/saml.pem',
      'keys/web-identity.pem',
      'keys/service-provider.pem',
      'keys/service-provider-encryption.pem',
      'rolebridge.db',
    ]) {
      assert.equal(statSync(directory.file(name)).mode & 0o777, 0o600, name);
    }
  });

  it('refuses headers of more than 16 kB and answers pages without a word of what it runs on', async () => {
    const large = await exchange(url, {
      target: '/',
      headers: [['Cookie', `rolebridge=${'a'.repeat(20_000)}`]],
    });
    assert.equal(large.status, 431);
    const page = await get('/nowhere');
    assert.equal(page.status, 404);
    assert.doesNotMatch([...page.headers].flat(2).join(), /express|node|powered/i);
  });

  it('a second one on the same port ends with 1 and says what to do', async () => {
    const { code, stderr } = await run('serve', '--config', file);

    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(
        `127\\.0\\.0\\.1:${port} is taken by another process\\. Stop it, or change listen\\.port`,
      ),
    );
    assert.doesNotMatch(stderr, STACK);
    assert.equal((await get('/healthz')).status, 200);
  });

  it('SIGHUP takes a changed rule for people who are signed in already, and a broken file changes nothing', async () => {
    const idp = await createSamlIdp({
      baseUrl: saml.url,
      people: PEOPLE,
      serviceProviders: [{ metadataUrl: `${url}/saml/corp-saml/metadata` }],
    });
    answer(saml.server, idp.handler as RequestListener);
    const reload = async (message: string): Promise<unknown> => {
      const from = server.log().length;
      server.signal('SIGHUP');
      return (await server.line(message, from)).why;
    };
    const rewrite = (change: (yaml: string) => string): void => {
      writeConfiguration(
        { directory: directory.path, port, oidcUrl: oidc.url, samlUrl: saml.url },
        change,
      );
    };

    await reload('the configuration was read again');
    const bob = new Visitor();
    const roles = await enterPassword(bob, await bob.get(`${url}/sign-in/corp-saml`), {
      username: 'bob',
    });
    const canRead = async (): Promise<boolean> =>
      (await bob.get(url)).$('button[aria-label="Console: prod as ReadOnly"]').length === 1;
    assert.match(roles.$('header').text(), /Bob Brandt/);
    assert.ok(await canRead());

    rewrite(yaml => yaml.replace('roles: [ReadOnly]', 'roles: [Nothing]'));
    assert.ok(await canRead(), 'a file alone changes nothing');
    await reload('the configuration was read again');
    assert.ok(!(await canRead()));

    rewrite(yaml =>
      yaml
        .replace(/^ {4}connectors: .*\n/m, '')
        .replace('roles: [ReadOnly]', 'roles: [ReadOnly, More]'),
    );
    const unsaid =
      'access[0]: does not name the connectors whose groups count, and there are several';
    assert.ok(
      String(await reload('the configuration was not taken; the old one stays')).includes(unsaid),
      'the log has the reason',
    );
    await server.complaint(unsaid);
    assert.ok(!(await canRead()), 'a rule that any connector could satisfy is not taken');

    rewrite(yaml => yaml.replace('roles: [ReadOnly]', 'roles: [ReadOnly]\n    nonsense: true'));
    await reload('the configuration was not taken; the old one stays');
    await server.complaint('nonsense');
    assert.match(server.stderr, new RegExp(`${file}:\\d+:\\d+`));
    assert.ok(!(await canRead()));

    writeFileSync(file, ':\n\t- {');
    await reload('the configuration was not taken; the old one stays');
    assert.match((await bob.get(url)).$('header').text(), /Bob Brandt/);

    rewrite(yaml => yaml);
    await reload('the configuration was read again');
    assert.ok(await canRead());
  });

  it('a key that others may read stops a start and a reload, with the command that fixes it', async () => {
    const key = directory.file('keys', 'saml.pem');
    chmodSync(key, 0o644);

    try {
      const { code, stderr } = await run('serve', '--config', file);
      assert.equal(code, 1);
      assert.ok(
        stderr.includes(`${key}: others may read this private key; run: chmod 600 ${key}`),
        stderr,
      );
      assert.doesNotMatch(stderr, STACK);
      const from = server.log().length;
      server.signal('SIGHUP');
      const { why } = await server.line('the configuration was not taken; the old one stays', from);
      assert.match(String(why), /others may read this private key/);
    } finally {
      chmodSync(key, 0o600);
    }
    assert.equal((await get('/readyz')).status, 200);
  });

  it('a request that never ends is cut off, and delays no other request', async () => {
    const cut = await slow.answer();
    assert.equal(cut.status, 408);
    await slow.closed;
  });

  it('SIGTERM lets a request in flight end, says that it is stopping, accepts no new request, and ends with 0', async () => {
    const person = new Line(port);
    const form = 'csrf_token=x';
    person.send(
      `POST /sign-out HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    assert.equal(
      (await person.answer()).status,
      100,
      'the request is in flight: the server waits for its body',
    );
    const idle = new Line(port);
    idle.send('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    assert.equal((await idle.answer()).status, 200);

    server.signal('SIGTERM');
    await server.line('stopping');
    await idle.closed;
    assert.equal((await get('/healthz')).status, 0);
    // Another one is on the way already, behind the request in flight.
    person.send(`${form}GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    assert.equal((await person.answer()).status, 200, 'the request is answered');
    const ready = await person.answer();
    assert.equal(ready.status, 503);
    assert.equal((JSON.parse(ready.body) as { status: string }).status, 'stopping');
    const released = Date.now();
    assert.equal(await server.end(), 0);
    assert.ok(
      Date.now() - released < 3000,
      `it ended ${Date.now() - released} ms after the last answer`,
    );
  });

  it('has written one JSON object a line, and no secret', () => {
    for (const line of server.log()) {
      assert.equal(typeof line.level, 'string');
      assert.equal(typeof line.time, 'string');
    }

    const everything = server.stdout + server.stderr;
    for (const secret of [CLIENT_SECRET, 'acme-partner-7f3c', 'PRIVATE KEY'])
      assert.ok(!everything.includes(secret), secret);
    assert.ok(
      server.log().some(line => line.msg === 'sign-in.succeeded' && line.username === 'bob'),
    );
  });
});
