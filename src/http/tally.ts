/** Counts by key in windows of time, in this process: who has done a thing how often. */
import type { Instant, Seconds } from '../core/time.ts';

export interface Tally {
  /** Counts one more; gives how many there are in this window now. */
  add(key: string, now: Instant): number;
  /** Takes one back that did not count after all. */
  takeBack(key: string, now: Instant): void;
  of(key: string, now: Instant): number;
  /** Until the window ends and every count is 0. At least 1. */
  secondsLeft(now: Instant): Seconds;
}

/** Beyond that the key that came first is forgotten: strangers must not fill the memory. */
const MOST_KEYS = 100_000;

export function createTally(windowSeconds: Seconds): Tally {
  const counts = new Map<string, number>();
  let window = 0;
  const change = (key: string, now: Instant, by: number): number => {
    const current = Math.floor(now / (windowSeconds * 1000));
    if (current !== window) {
      window = current;
      counts.clear();
    }
    const next = Math.max(0, (counts.get(key) ?? 0) + by);
    if (by !== 0) counts.set(key, next);
    if (counts.size > MOST_KEYS) counts.delete(counts.keys().next().value!);
    return next;
  };
  return {
    add: (key, now) => change(key, now, 1),
    takeBack: (key, now) => void change(key, now, -1),
    of: (key, now) => change(key, now, 0),
    secondsLeft: now => Math.ceil(windowSeconds - ((now / 1000) % windowSeconds)),
  };
}
