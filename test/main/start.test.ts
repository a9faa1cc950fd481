/** A server whose identity providers take connections and never answer. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Visitor } from '../support/visitor.ts';
import { ServerProcess, writeConfiguration } from './server-process.ts';

describe('a server whose identity providers hang', () => {
  const directory = useDirectory();
  let hanging: Server;
  let server: ServerProcess;
  let url: string;
  let asked = 0;

  before(async () => {
    hanging = createServer(() => {
      asked += 1;
    });
    await new Promise<void>(resolve => hanging.listen(0, '127.0.0.1', resolve));
    const provider = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const file = writeConfiguration({
      ...{ directory: directory.path, port },
      ...{ oidcUrl: provider, samlUrl: provider },
    });
    server = new ServerProcess(['serve', '--config', file]);
    await server.line('listening');
  });
  after(async () => {
    hanging.closeAllConnections();
    await new Promise(resolve => hanging.close(resolve));
    await server.kill();
  });

  it('listens, is ready, and calls no sign-in unavailable while it asks', async () => {
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), {
      status: 'ready',
      store: 'ok',
      connectors: { 'corp-oidc': 'starting', 'corp-saml': 'starting' },
    });
    const page = await new Visitor().get(`${url}/sign-in`);
    assert.equal(page.$('a[href^="/sign-in/"]').length, 2);
    assert.doesNotMatch(page.text, /Not available/);
    await eventually(() => asked === 2);
  });

  it('lets a sign-in wait for the outcome', async () => {
    const waiting = new Visitor().get(`${url}/sign-in/corp-oidc`);
    hanging.closeAllConnections();
    const page = await waiting;
    assert.equal(page.status, 503);
    assert.equal(asked, 2, 'the sign-in has not asked once more');
    assert.match((await new Visitor().get(`${url}/sign-in`)).text, /Not available since/);
  });
});
