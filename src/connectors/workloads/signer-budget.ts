/**
 * How many requests of unknown signers STS is asked about. Anyone can make a request that only STS
 * can refuse, and AWS slows down a caller that sends it too many: that would stop the credentials
 * of users, too.
 *
 * A key that STS has accepted counts no more, so a flood does not stop the workloads that came
 * before it. Memory is bounded.
 */
import { type Instant, MINUTE } from '../../core/time.ts';

/** In one minute, of one process: more than the instances that one deployment starts. */
const MOST_UNKNOWN = 1_000;
/** Access keys of roles are replaced after hours. Beyond it, the oldest are unknown again. */
const MOST_ACCEPTED = 10_000;
const WINDOW_MILLISECONDS = MINUTE * 1000;

export interface SignerBudget {
  /** Whether STS may be asked about a request of this key; counts it if the key is unknown. */
  admits(accessKeyId: string, now: Instant): boolean;
  /** STS has accepted a signature by this key. */
  accept(accessKeyId: string): void;
}

export function createSignerBudget(): SignerBudget {
  const accepted = new Set<string>();
  let window = { from: Number.NEGATIVE_INFINITY, unknown: 0 };
  return {
    admits: (accessKeyId, now) => {
      if (accepted.has(accessKeyId)) return true;
      // A clock that was turned back begins another window.
      if (Math.abs(now - window.from) >= WINDOW_MILLISECONDS) window = { from: now, unknown: 0 };
      window.unknown += 1;
      return window.unknown <= MOST_UNKNOWN;
    },
    accept: accessKeyId => {
      accepted.delete(accessKeyId);
      accepted.add(accessKeyId);
      if (accepted.size > MOST_ACCEPTED) accepted.delete(accepted.values().next().value!);
    },
  };
}
