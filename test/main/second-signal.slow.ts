/** Signals while a server waits for its load balancer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { ServerProcess, writeConfiguration } from './server-process.ts';

/** Signals within half a second count as one. */
const ONE_PRESS_MILLISECONDS = 500;

describe('a server in the delay of its stop', () => {
  const directory = useDirectory();
  let url: string;
  let server: ServerProcess;
  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const file = writeConfiguration({ directory: directory.path, port }, yaml =>
      yaml.replace(/^shutdown: .*$/m, 'shutdown: { delay: 5m }'),
    );
    server = new ServerProcess(['serve', '--config', file]);
    await server.line('listening');
  });
  after(() => server.kill());

  it('goes on for the same signal once more, and ends with 0 at a later one', async () => {
    const signalled = performance.now();
    server.signal('SIGINT');
    const { delaySeconds } = await server.line('stopping');
    assert.equal(delaySeconds, 300);
    if (performance.now() - signalled < ONE_PRESS_MILLISECONDS / 2) server.signal('SIGINT');

    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { status: string }).status, 'stopping');
    assert.equal(ready.headers.get('connection'), 'close');
    assert.equal((await fetch(`${url}/healthz`)).status, 200);

    await eventually(() => performance.now() - signalled > 2 * ONE_PRESS_MILLISECONDS);
    server.signal('SIGTERM');
    assert.equal(await server.end(), 0);
  });
});
