/**
 * The line in which terminals wait that poll: few are worked on at once, so that whoever signs in
 * meanwhile waits for as few, however many thousands poll.
 */
import { BridgeError } from '../core/errors.ts';

export interface PollLineOptions {
  /** Polls that are worked on at once. */
  readonly atOnce: number;
  readonly mostWaiting: number;
}

/**
 * Waits for its turn, works, and gives way. Throws `slow_down` when the line is too long, and what
 * the work throws.
 */
export type PollLine = <T>(work: () => Promise<T>) => Promise<T>;

export function createPollLine({ atOnce, mostWaiting }: PollLineOptions): PollLine {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) busy -= 1;
    else next();
  };
  return async work => {
    if (busy < atOnce) busy += 1;
    else if (waiting.length < mostWaiting) await new Promise<void>(go => waiting.push(go));
    else throw new BridgeError('slow_down', `more than ${mostWaiting} polls wait for their turn`);
    try {
      return await work();
    } finally {
      // Not at once: what has arrived meanwhile comes first.
      setImmediate(leave);
    }
  };
}
