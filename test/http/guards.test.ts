import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { takeTurns } from '../../src/http/guards.ts';

/** A response as far as the guard looks at it. */
class Visit extends EventEmitter {
  closed = false;
  entered = false;

  enter = (): void => {
    this.entered = true;
  };

  end = (): this => this;

  async leave(): Promise<void> {
    this.closed = true;
    this.emit('close');
    await turn();
    await turn();
  }
}

describe('requests that take turns', () => {
  const arrive = (guard: ReturnType<typeof takeTurns>, count: number): Visit[] =>
    Array.from({ length: count }, () => {
      const visit = new Visit();
      guard({} as Request, visit as unknown as Response, visit.enter);
      return visit;
    });
  const entered = (visits: readonly Visit[]): boolean[] => visits.map(visit => visit.entered);

  it('go in at once up to the limit, and then one for each that leaves, first come first served', async () => {
    const visits = arrive(takeTurns(2), 4);
    assert.deepEqual(entered(visits), [true, true, false, false]);
    await visits[1]!.leave();
    assert.deepEqual(entered(visits), [true, true, true, false]);
    await visits[2]!.leave();
    assert.deepEqual(entered(visits), [true, true, true, true]);
  });

  it('lose their place when they hang up in the line, and cost nobody else theirs', async () => {
    const guard = takeTurns(1);
    const visits = arrive(guard, 20_000 / 4);
    for (const visit of visits.slice(1, -1)) await visit.leave();
    await visits[0]!.leave();
    assert.equal(visits[1]!.entered, false);
    assert.equal(visits.at(-1)!.entered, true);
    await visits.at(-1)!.leave();
    assert.deepEqual(entered(arrive(guard, 2)), [true, false], 'all places are free again');
  });

  it('give their place back when they have been answered, read or not', async () => {
    const visits = arrive(takeTurns(1), 3);
    visits[0]!.end();
    await turn();
    await turn();
    assert.deepEqual(entered(visits), [true, true, false]);
    await visits[0]!.leave();
    assert.deepEqual(entered(visits), [true, true, false], 'once');
  });

  it('are refused when the line is too long', () => {
    const guard = takeTurns(1);
    arrive(guard, 10_001);
    assert.throws(() => arrive(guard, 1), { code: 'unavailable' });
  });
});
