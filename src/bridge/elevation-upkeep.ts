/**
 * What no user asks for: events that were not recorded yet, reviews that are overdue, elevations
 * whose rule was changed or removed. Several instances can do it at once.
 */
import type { Origin } from '../core/audit-event.ts';
import type { Elevation } from '../core/elevation.ts';
import { endedByRule, reminded } from '../core/elevation-changes.ts';
import type { ElevatedRule, Policy } from '../core/policy.ts';
import type { Clock, Elevations } from '../core/ports.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { type ElevationTrailParts, recordEvents } from './elevation-trail.ts';

export interface ElevationUpkeepParts extends ElevationTrailParts {
  readonly policy: Policy;
  readonly clock: Clock;
  /** When the configuration of the policy was read. */
  readonly openedAt: Instant;
  /** Of the bridge itself. */
  readonly origin: () => Origin;
  readonly onChange: () => void;
}

const MOST_AT_ONCE = 10_000;
/** A change is recorded at once by the request that made it, unless that is interrupted. */
const INTERRUPTED_AFTER: Seconds = 10;

/**
 * One run of the upkeep. It throws the first fault after everything else is done, and the next run
 * does the rest: an elevation whose events cannot be recorded must not keep others from their end.
 */
export function createElevationUpkeep(parts: ElevationUpkeepParts): () => Promise<void> {
  // Rules are those of one configuration, and what comes later was asked for by them.
  let isEndedByRules = false;
  return async () => {
    const faults: unknown[] = [];
    const attempt: Attempt = work => work().catch((fault: unknown) => void faults.push(fault));
    if (!isEndedByRules) {
      await attempt(() => endByRules(parts, attempt));
      isEndedByRules = faults.length === 0;
    }
    await attempt(() => recordInterrupted(parts, attempt));
    await attempt(() => remindOfReviews(parts, attempt));
    if (faults.length > 0) throw faults[0];
  };
}

/** Keeps a fault for the end. */
type Attempt = (work: () => Promise<void>) => Promise<void>;

async function recordInterrupted(parts: ElevationUpkeepParts, attempt: Attempt): Promise<void> {
  const { elevations, clock } = parts;
  const before = clock.now() - INTERRUPTED_AFTER * 1000;
  for (const elevation of await elevations.list({ kind: 'unrecorded' }, MOST_AT_ONCE)) {
    if (elevation.events.at(-1)!.at > before) continue;
    await attempt(async () => {
      await recordEvents(parts, elevation);
      parts.onChange();
    });
  }
}

async function remindOfReviews(parts: ElevationUpkeepParts, attempt: Attempt): Promise<void> {
  const { elevations, clock, origin } = parts;
  const now = clock.now();
  for (const { id } of await elevations.list({ kind: 'overdue', now }, MOST_AT_ONCE))
    await attempt(() =>
      changeTo(parts, id, elevation => reminded(elevation, { at: now, origin: origin() })),
    );
}

/**
 * An instance that still has the configuration of before must not end what was asked for by the new
 * one: only what is older than its own configuration is ended.
 */
async function endByRules(parts: ElevationUpkeepParts, attempt: Attempt): Promise<void> {
  const { elevations, policy, clock, openedAt, origin } = parts;
  const now = clock.now();
  const open = [
    ...(await elevations.list({ kind: 'waiting', now }, MOST_AT_ONCE)),
    ...(await elevations.list({ kind: 'granted', now }, MOST_AT_ONCE)),
  ];
  for (const elevation of open) {
    const { id, rule: name, requestedAt } = elevation;
    const rule = policy.elevatedRules.get(name)?.rule;
    if (isOffered(elevation, rule) || requestedAt >= openedAt) continue;
    const change = rule === undefined ? 'removed' : 'changed';
    await attempt(() =>
      changeTo(parts, id, elevation =>
        endedByRule(elevation, { at: now, origin: origin(), rule: change }),
      ),
    );
  }
}

/** Whether the rule gives what was asked for, and in this account: a selector can lose it. */
function isOffered({ terms, account }: Elevation, rule: ElevatedRule | undefined): boolean {
  return rule?.elevation.digest === terms && (rule.accounts?.includes(account) ?? true);
}

async function changeTo(
  parts: ElevationUpkeepParts & { readonly elevations: Elevations },
  id: string,
  transition: (elevation: Elevation) => Elevation,
): Promise<void> {
  const changed = await parts.elevations.update<Elevation | undefined>(id, elevation => {
    const next = transition(elevation);
    return { next, value: next === elevation ? undefined : next };
  });
  if (changed === undefined) return;
  await recordEvents(parts, changed);
  parts.onChange();
}
