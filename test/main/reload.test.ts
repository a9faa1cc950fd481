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
