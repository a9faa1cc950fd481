import type { Clock } from '../../src/core/ports.ts';
import type { Instant, Seconds } from '../../src/core/time.ts';

/**
 * A clock that moves only when a test turns it. It starts at the real time, so that third parties
 * in the same test agree.
 */
export interface HandTurnedClock extends Clock {
  turn(seconds: Seconds): void;
}

export function handTurnedClock(start: Instant = Date.now()): HandTurnedClock {
  let now = start;
  return {
    now: () => now,
    turn: seconds => {
      now += seconds * 1000;
    },
  };
}

/**
 * A clock that follows the real one and can be turned ahead: for programs in other processes, which
 * wait in real time.
 */
export function runningClock(): HandTurnedClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    turn: seconds => {
      ahead += seconds * 1000;
    },
  };
}
