/** The queue of terminals that poll, so that polling cannot starve interactive requests. */
import { BridgeError } from '../core/errors.ts';

export interface PollQueueOptions {
  /** Polls that run at once. */
  readonly atOnce: number;
  readonly mostWaiting: number;
}

/**
 * Runs a poll when its turn has come. Throws `slow_down` when the queue is full, and what the poll
 * throws.
 */
export type PollQueue = <T>(poll: () => Promise<T>) => Promise<T>;

export function createPollQueue({ atOnce, mostWaiting }: PollQueueOptions): PollQueue {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return async poll => {
    if (running < atOnce) running += 1;
    else if (waiting.length < mostWaiting) await new Promise<void>(go => waiting.push(go));
    else throw new BridgeError('slow_down', `more than ${mostWaiting} polls wait for their turn`);
    try {
      return await poll();
    } finally {
      // Not at once: what has arrived meanwhile comes first.
      setImmediate(leave);
    }
  };
}
