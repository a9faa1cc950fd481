/** Two replicas on one PostgreSQL, restarted one after the other under constant load. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { type Balancer, openBalancer } from '../support/balancer.ts';
import { useDirectory } from '../support/directory.ts';
import { freePort } from '../support/free-port.ts';
import { postgresMissing, usePostgres } from '../support/postgres.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, enterPassword } from '../support/world.ts';
import { ServerProcess, writeConfiguration } from './server-process.ts';

const RESTARTS = 4;
const REQUEST_EVERY_MILLISECONDS = 20;

describe('two replicas behind a load balancer', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  const directory = useDirectory();
  let idp: Server;
  let balancer: Balancer;
  let replicas: { readonly port: number; readonly file: string; process: ServerProcess }[];

  before(async () => {
    const ports = [await freePort(), await freePort()];
    balancer = await openBalancer(ports);
    idp = createServer();
    await new Promise<void>(resolve => idp.listen(0, '127.0.0.1', resolve));
    const samlUrl = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    const { handler } = await createSamlIdp({
      baseUrl: samlUrl,
      people: PEOPLE,
      serviceProviders: [{ metadataUrl: `${balancer.url}/saml/corp-saml/metadata` }],
    });
    answer(idp, handler as RequestListener);
    writeFileSync(directory.file('database-url'), postgres.url, { mode: 0o600 });
    const { port: balanced } = new URL(balancer.url);
    const written = writeConfiguration(
      { directory: directory.path, port: Number(balanced), samlUrl },
      yaml =>
        yaml
          .replace(/^store: .*$/m, 'store: { postgres: { url: { file: database-url } } }')
          // The default: five seconds.
          .replace(/^shutdown: .*$/m, 'proxy: { trusted: [127.0.0.1/32] }'),
    );
    const yaml = readFileSync(written, 'utf8');
    replicas = [];
    for (const port of ports) {
      const file = directory.file(`replica-${port}.yaml`);
      const listening = yaml.replace(/^listen: .*$/m, `listen: { host: 127.0.0.1, port: ${port} }`);
      writeFileSync(file, listening, { mode: 0o600 });
      const process = start(file);
      replicas.push({ port, file, process });
      // The first one creates keys and tables.
      await process.line('listening');
    }
    for (const port of ports) await balancer.sees(port, 'ready');
  });
  after(async () => {
    await Promise.all(replicas.map(replica => replica.process.kill()));
    await balancer.close();
    idp.closeAllConnections();
    await new Promise(resolve => idp.close(resolve));
  });

  const start = (file: string): ServerProcess => new ServerProcess(['serve', '--config', file]);

  it('are restarted without a failed request or a lost session', async t => {
    const bob = new Visitor();
    const login = await bob.get(`${balancer.url}/sign-in/corp-saml`);
    await enterPassword(bob, login, { username: 'bob' });
    const cookie = `rolebridge=${bob.cookie(balancer.url, 'rolebridge')}`;
    const failed: string[] = [];
    const sent = new Set<Promise<void>>();
    let requests = 0;
    const ask = async (): Promise<void> => {
      requests += 1;
      try {
        const response = await fetch(balancer.url, { headers: { cookie } });
        const text = await response.text();
        if (response.status !== 200 || !text.includes('Bob Brandt'))
          failed.push(`${response.status} ${text.slice(0, 80)}`);
      } catch (fault) {
        failed.push(String(fault));
      }
    };
    const load = setInterval(() => {
      const asked = ask().finally(() => sent.delete(asked));
      sent.add(asked);
    }, REQUEST_EVERY_MILLISECONDS);

    t.after(() => clearInterval(load));

    for (let restart = 0; restart < RESTARTS; restart++) {
      const replica = replicas[restart % replicas.length]!;
      replica.process.signal('SIGTERM');
      assert.equal(await replica.process.end(), 0);
      replica.process = start(replica.file);
      await replica.process.line('listening');
      await balancer.sees(replica.port, 'ready');
    }
    clearInterval(load);
    await Promise.all(sent);

    assert.deepEqual(failed, []);
    t.diagnostic(`${requests} requests over ${RESTARTS} restarts, none failed`);
    assert.ok(requests > 500, `only ${requests} requests`);
  });
});
