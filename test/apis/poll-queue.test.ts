import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createPollQueue } from '../../src/apis/poll-queue.ts';

/** Polls that end when they are told to. */
function polls(line: ReturnType<typeof createPollQueue>, count: number) {
  return Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const poll = { begun: false, end: resolve, fail: reject, done: Promise.resolve() };
    poll.done = line(() => {
      poll.begun = true;
      return promise;
    });
    return poll;
  });
}

describe('terminals that poll', () => {
  it('run up to the limit at once, then one for each that ends, in order of arrival', async () => {
    const all = polls(createPollQueue({ atOnce: 2, mostWaiting: 10 }), 4);
    const begun = (): boolean[] => all.map(poll => poll.begun);
    assert.deepEqual(begun(), [true, true, false, false]);

    all[1]!.end();
    await turn();
    await turn();
    assert.deepEqual(begun(), [true, true, true, false]);
    all[2]!.fail(new Error('refused'));
    await assert.rejects(all[2]!.done, /refused/);

    await turn();
    await turn();
    assert.deepEqual(begun(), [true, true, true, true], 'a refusal gives its place back, too');
  });

  it('let requests that arrived meanwhile go first', async () => {
    const [first, second] = polls(createPollQueue({ atOnce: 1, mostWaiting: 10 }), 2);
    const order: string[] = [];
    setImmediate(() => order.push(second!.begun ? 'the next poll' : 'another request'));
    first!.end();

    await first!.done;
    assert.equal(second!.begun, false);

    await turn();
    await turn();
    assert.deepEqual([order, second!.begun], [['another request'], true]);
  });

  it('are told to slow down when the queue is full, and the queue continues', async () => {
    const line = createPollQueue({ atOnce: 1, mostWaiting: 2 });
    const [first, second, third] = polls(line, 3);
    const [fourth] = polls(line, 1);
    await assert.rejects(fourth!.done, { code: 'slow_down' });

    for (const poll of [first!, second!, third!]) {
      poll.end();
      await poll.done;
      await turn();
      await turn();
    }
    const [later] = polls(line, 1);
    assert.equal(later!.begun, true);
  });
});
