import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { useDirectory } from '../support/directory.ts';
import { freePort } from '../support/free-port.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, enterPassword } from '../support/world.ts';
import { ServerProcess, writeConfiguration } from './server-process.ts';

const LOST = 'store: what was in memory, sessions and audit events included, is gone';

describe('a server with its store in memory, and --log-level against its configuration', () => {
  let directory: string;
  let url: string;
  let idp: Server;
  let server: ServerProcess;
  /** Writes the configuration with this store. */
  let write: (store?: string) => string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rolebridge-reload-'));
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
    write = (store = '{ sqlite: ":memory:" }') =>
      writeConfiguration({ directory, port, samlUrl }, yaml =>
        yaml.replace(/^store: .*$/m, `store: ${store}\nlog: { level: error }`),
      );
    server = new ServerProcess(['serve', '--config', write(), '--log-level', 'info']);
    await server.line('listening');
  });
  after(async () => {
    await server.kill();
    idp.closeAllConnections();
    await new Promise(resolve => idp.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  const signIn = async (): Promise<Visitor> => {
    const visitor = new Visitor();
    const login = await visitor.get(`${url}/sign-in/corp-saml`);
    await enterPassword(visitor, login, { username: 'bob' });
    assert.ok(await isSignedIn(visitor));
    return visitor;
  };
  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    (await visitor.get(url)).$('form[action="/sign-out"]').length === 1;
  /** Reloads, and gives the warnings that the log has of it. */
  const reload = async (): Promise<unknown[]> => {
    const from = server.log().length;
    server.signal('SIGHUP');
    await server.line('the configuration was read again', from);
    // Lines come in order: what the reload wrote is there when that of a later sign-in is.
    await signIn();
    await server.line('sign-in.succeeded', from);
    return server
      .log()
      .slice(from)
      .filter(({ msg }) => msg === 'this takes effect at the next start')
      .map(({ why }) => why);
  };

  it('keeps its sessions through a reload, and warns of nothing', async () => {
    const bob = await signIn();
    write();
    assert.deepEqual(await reload(), []);
    assert.ok(await isSignedIn(bob));
  });

  it('loses them with another sealing secret, and says so', async () => {
    const bob = await signIn();
    const secret = `${randomBytes(32).toString('base64url')}\n`;
    writeFileSync(join(directory, 'keys', 'sealing.key'), secret, { mode: 0o600 });
    assert.deepEqual(await reload(), [LOST]);
    assert.ok(!(await isSignedIn(bob)));
  });

  it('loses them with another store, and says so', async () => {
    const bob = await signIn();
    write('{ sqlite: ./rolebridge.db }');
    assert.deepEqual(await reload(), [LOST]);
    assert.ok(!(await isSignedIn(bob)));
    assert.deepEqual(await reload(), []);
  });

  it('keeps the counters of rate limits through a reload', async () => {
    const answer = async (): Promise<number> => {
      const form = { method: 'POST', body: new URLSearchParams({ SAMLResponse: 'none' }) };
      const response = await fetch(`${url}/saml/corp-saml/acs`, form);
      await response.body?.cancel();
      return response.status;
    };
    let rejected = 0;
    while ((await answer()) !== 429) assert.ok(++rejected <= 60);
    const from = server.log().length;
    server.signal('SIGHUP');

    await server.line('the configuration was read again', from);

    assert.equal(await answer(), 429);
  });
});

describe('a server with the accounts of an organization', () => {
  const directory = useDirectory();
  let server: ServerProcess;
  before(async () => {
    put([PROD, STAGING]);
    const file = writeConfiguration({ directory: directory.path, port: await freePort() }, yaml =>
      yaml
        .replace(/^accounts:\n(?: {2}.*\n)+/m, 'accounts: { file: accounts.json }\n')
        .replaceAll(
          /^ {4}accounts: \[(?:prod, staging, gov|partner)\]/gm,
          '    accounts: ["*a*", prod]',
        ),
    );
    server = new ServerProcess(['serve', '--config', file]);
    await server.line('listening');
  });
  after(() => server.kill());

  const PROD = { Id: '111122223333', Name: 'prod', State: 'ACTIVE' };
  const STAGING = { Id: '222233334444', Name: 'staging', State: 'ACTIVE' };
  const put = (accounts: readonly object[], change = (json: string): string => json): void =>
    writeFileSync(
      join(directory.path, 'accounts.json'),
      change(JSON.stringify({ Accounts: accounts })),
      { mode: 0o600 },
    );
  /** Reloads, and gives the log of it. */
  const reload = async (outcome: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const from = server.log().length;
    server.signal('SIGHUP');
    await server.line(outcome, from);
    return server.log().slice(from);
  };
  const TAKEN = 'the configuration was read again';
  const KEPT = 'the configuration was not taken; the old one stays';

  it('logs which accounts and rules a reload changed', async () => {
    put([
      PROD,
      { ...STAGING, Path: 'Workloads' },
      { ...STAGING, Id: '999900001111', Name: 'lab a' },
    ]);
    await reload(TAKEN);
    const { added, removed, changed, rules } = await server.line('accounts changed');
    assert.deepEqual(added, ['lab-a (999900001111)']);
    assert.equal(removed, undefined);
    assert.deepEqual(changed, ['staging (222233334444): path']);
    assert.deepEqual(rules, ['admins: 1 more (lab-a)', 'partner-audit: 1 more (lab-a)']);
  });

  it('logs nothing of accounts that stay', async () => {
    await reload(TAKEN);
    const log = await reload(TAKEN);
    assert.ok(!log.some(({ msg }) => msg === 'accounts changed'));
  });

  for (const [title, write, why] of [
    [
      'lacks an account that a rule names',
      () => put([STAGING]),
      /rolebridge\.yaml:\d+:\d+ access\[0\]\.accounts\[1\]: "prod" is not an account of this file or of accounts\.json\. .*\(the first of \d+ mistakes\)/,
    ],
    [
      'is written in part',
      () => put([PROD, STAGING], json => json.slice(0, -10)),
      /accounts\.file: accounts\.json is not valid JSON, or only a part of it\./,
    ],
    [
      'is empty',
      () => put([], () => ''),
      /accounts\.json is not valid JSON, or only a part of it\./,
    ],
    [
      'is gone',
      () => rmSync(join(directory.path, 'accounts.json')),
      /the file \S+accounts\.json does not exist\./,
    ],
  ] as const)
    it(`keeps what it has when the file ${title}`, async () => {
      write();
      const log = await reload(KEPT);
      const line = log.find(({ msg }) => msg === KEPT);
      assert.match(String(line?.why), why);
      assert.ok(!log.some(({ msg }) => msg === 'accounts changed'));
    });

  it('takes the file again when it is whole', async () => {
    put([PROD, STAGING]);
    await reload(TAKEN);
    const from = server.log().length;
    put([PROD, STAGING, { ...STAGING, Id: '999900001111', Name: 'lab a' }]);
    await reload(TAKEN);
    const { added } = await server.line('accounts changed', from);
    assert.deepEqual(added, ['lab-a (999900001111)']);
  });
});
