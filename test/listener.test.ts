import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Listener, openListener, type Wait } from '../src/listener.ts';
import { Line } from './support/line.ts';
import { exchange } from './support/raw-http.ts';

const GET = 'GET /now HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const LATER = 'GET /later HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const DELAY = 5;
const DRAIN = 10;

/** Waits that end when a test turns them. */
function handTurnedWaits() {
  const waiting: { readonly seconds: number; readonly end: () => void }[] = [];
  const wait: Wait = (seconds, signal) =>
    new Promise(end => {
      waiting.push({ seconds, end });
      if (signal.aborted) end();
      else signal.addEventListener('abort', () => end());
    });
  return {
    wait,
    seconds: () => waiting.map(({ seconds }) => seconds),
    /** Ends the newest wait. */
    turn: () => waiting.at(-1)!.end(),
  };
}

describe('a listener that stops', () => {
  let waits: ReturnType<typeof handTurnedWaits>;
  let listener: Listener;
  let stopped: Promise<void> | undefined;
  /** Responses to `/later`, which a test ends. */
  let held: ServerResponse[];
  let lines: Line[];
  let onHeld: () => void;

  beforeEach(async () => {
    [waits, held, lines, stopped] = [handTurnedWaits(), [], [], undefined];
    onHeld = () => {};
    listener = await openListener(
      (request, response) => {
        if (request.url === '/now') return response.end('now');
        held.push(response);
        onHeld();
      },
      { host: '127.0.0.1', port: 0 },
      waits.wait,
    );
  });
  afterEach(async () => {
    stopped ??= listener.stop(0);
    for (const line of lines) line.destroy();
    listener.hurry();
    await stopped;
  });

  const line = (): Line => {
    const opened = new Line(listener.address.port);
    lines.push(opened);
    return opened;
  };
  const now = () => exchange(`http://127.0.0.1:${listener.address.port}`, { target: '/now' });
  const stop = (seconds = DELAY): void => {
    stopped = listener.stop(seconds);
  };
  /** Sends a request that is answered later, and waits until it is there. */
  const hold = async (on: Line): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    onHeld = resolve;
    on.send(LATER);
    await promise;
  };

  it('answers new and kept connections during the delay, and closes each after its answer', async () => {
    const kept = line();
    kept.send(GET);
    assert.equal((await kept.answer()).header('connection'), 'keep-alive');

    stop();

    kept.send(GET);
    const last = await kept.answer();
    assert.deepEqual([last.status, last.header('connection')], [200, 'close']);
    await kept.closed;
    const fresh = line();
    fresh.send(GET);
    assert.equal((await fresh.answer()).header('connection'), 'close');
    assert.deepEqual(waits.seconds(), [DELAY]);
  });

  it('keeps an idle connection during the delay, and closes it at its end', async () => {
    const [used, idle] = [line(), line()];
    for (const kept of [used, idle]) {
      kept.send(GET);
      await kept.answer();
    }
    stop();
    assert.equal((await now()).status, 200);
    used.send(GET);
    assert.equal((await used.answer()).status, 200);

    waits.turn();

    await idle.closed;
    await stopped;
  });

  it('closes a connection after the answer to a request that was in flight', async () => {
    const kept = line();
    await hold(kept);

    stop();
    held[0]!.end('later');

    assert.equal((await kept.answer()).header('connection'), 'close');
    await kept.closed;
  });

  it('answers a request that was sent behind another one, and closes after it alone', async () => {
    const kept = line();
    await hold(kept);
    stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    onHeld = resolve;
    kept.send(LATER);
    await promise;

    held[0]!.end('first');
    held[1]!.end('second');

    assert.notEqual((await kept.answer()).header('connection'), 'close');
    assert.equal((await kept.answer()).header('connection'), 'close');
    await kept.closed;
  });

  it('takes no connection after the delay, and ends when the requests in flight have ended', async () => {
    const kept = line();
    await hold(kept);
    stop();

    waits.turn();
    await Promise.resolve();

    assert.equal((await now()).status, 0);
    assert.deepEqual(waits.seconds(), [DELAY, DRAIN]);
    held[0]!.end('later');
    assert.equal((await kept.answer()).status, 200);
    await stopped;
  });

  it('takes no connection at once where the delay is none', async () => {
    stop(0);
    assert.equal((await now()).status, 0);
    assert.deepEqual(waits.seconds(), [DRAIN]);
    await stopped;
  });

  it('waits for no connection that never sent anything', async () => {
    const silent = connect(listener.address.port, '127.0.0.1');
    const closed = once(silent, 'close');
    await once(silent, 'connect');
    await now();

    stop(0);

    await stopped;
    await closed;
  });

  it('cuts off requests in flight when their time is over', async () => {
    const kept = line();
    await hold(kept);
    stop(0);

    waits.turn();

    await stopped;
    await kept.closed;
  });

  it('ends the delay when it is hurried, and then the wait for requests in flight', async () => {
    const kept = line();
    await hold(kept);
    stop();

    listener.hurry();
    await Promise.resolve();
    assert.equal((await now()).status, 0);
    assert.deepEqual(waits.seconds(), [DELAY, DRAIN]);

    listener.hurry();
    await stopped;
    await kept.closed;
  });
});
