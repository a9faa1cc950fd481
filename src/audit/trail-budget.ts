/**
 * How many events of each type the trail keeps, so that no caller can fill the store or hide what
 * others do (threats R48).
 *
 * A budget is a token bucket: a burst at once, then a number a minute. An event is kept if each of
 * its buckets has a token left. Each process has its own budgets, which start full. The time is
 * that of the events.
 */
import { type AuditEvent, KEPT, principalIn } from '../core/audit-event.ts';
import { networkOf, type PrefixBits } from '../core/network-distance.ts';
import { type Instant, MINUTE } from '../core/time.ts';

interface Budget {
  readonly burst: number;
  readonly perMinute: number;
}

/** One IPv4 address, or the IPv6 prefix of one household. Rate limits count by it, too. */
export const SITE: PrefixBits = { ipv4: 32, ipv6: 56 };
/** What one owner may have. An IPv6 /32 contains 16 million sites. */
const NETWORK: PrefixBits = { ipv4: 24, ipv6: 32 };

/** Of one user or workload, for each type. */
const PRINCIPAL: Budget = { burst: 100, perMinute: 10 };

/** Of callers who are not signed in, and workloads that no rule concerns, for each type. */
interface StrangerBudgets {
  readonly site: Budget;
  readonly network: Budget;
  readonly type: Budget;
}
/**
 * Rejected sign-ins share no budget with other types, so they are the last to be left out. In
 * thirty days one site, or all other types together, cause fewer rows than the store keeps
 * (`MOST_STRANGER_EVENTS` in store/audit-tables).
 */
const SIGN_INS: StrangerBudgets = {
  site: { burst: 100, perMinute: 30 },
  network: { burst: 300, perMinute: 100 },
  type: { burst: 1000, perMinute: 300 },
};
const OTHERS: StrangerBudgets = {
  site: { burst: 100, perMinute: 10 },
  network: { burst: 200, perMinute: 30 },
  type: { burst: 400, perMinute: 60 },
};
const ALL_OTHERS: Budget = { burst: 600, perMinute: 100 };

const MINUTE_MILLISECONDS = MINUTE * 1000;
/** Full buckets are dropped at this number of buckets, and each time that the rest has doubled. */
const SWEEP_AT = 1024;

interface Bucket {
  readonly budget: Budget;
  readonly tokens: number;
  readonly at: Instant;
}

export interface TrailBudget {
  /** Whether the trail keeps the event; takes tokens if so. */
  admits(event: AuditEvent): boolean;
  /** Buckets in memory. */
  size(): number;
}

export function createTrailBudget(): TrailBudget {
  const buckets = new Map<string, Bucket>();
  let sweepAt = SWEEP_AT;

  const sweep = (now: Instant): void => {
    for (const [key, bucket] of buckets)
      if (filledUp(bucket, now).tokens >= bucket.budget.burst) buckets.delete(key);
    sweepAt = Math.max(SWEEP_AT, buckets.size * 2);
  };

  return {
    admits: event => {
      if (KEPT[event.type] === 'always') return true;
      const drawn = budgetsOf(event).map(([key, budget]) => {
        const bucket = buckets.get(key) ?? { budget, tokens: budget.burst, at: event.at };
        return [key, filledUp(bucket, event.at)] as const;
      });
      // What is left out takes no token and adds no bucket, so one site cannot use up the budget of
      // its network.
      const isKept = drawn.every(([, { tokens }]) => tokens >= 1);
      for (const [key, bucket] of drawn) {
        if (isKept) buckets.set(key, { ...bucket, tokens: bucket.tokens - 1 });
        else if (buckets.has(key)) buckets.set(key, bucket);
      }
      if (buckets.size >= sweepAt) sweep(event.at);
      return isKept;
    },
    size: () => buckets.size,
  };
}

function filledUp({ budget, tokens, at }: Bucket, now: Instant): Bucket {
  // Events overtake each other by moments, which must give no tokens. A clock that was turned back
  // counts from its new time.
  const later = now < at - MINUTE_MILLISECONDS ? now : Math.max(now, at);
  const gained = (Math.max(0, later - at) / MINUTE_MILLISECONDS) * budget.perMinute;
  return { budget, tokens: Math.min(budget.burst, tokens + gained), at: later };
}

/** The budgets of an event, each by its own key. */
function budgetsOf(event: AuditEvent): readonly (readonly [key: string, budget: Budget])[] {
  const { type } = event;
  const principal = principalIn(event);
  if (principal !== undefined) return [[`${type} caller ${principal}`, PRINCIPAL]];
  const { address } = event.origin;
  const { site, network, type: all } = type === 'sign-in.refused' ? SIGN_INS : OTHERS;
  return [
    [`${type} site ${networkOf(address, SITE)}`, site],
    [`${type} network ${networkOf(address, NETWORK)}`, network],
    [type, all],
    ...(type === 'sign-in.refused' ? [] : [['other types', ALL_OTHERS] as const]),
  ];
}
