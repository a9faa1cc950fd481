/**
 * Counts the events that the trail leaves out, until they are recorded: one count for each user
 * and workload, and one for all callers who are not signed in.
 *
 * Memory is bounded: beyond a number of addresses or callers, the rest is counted together.
 */
import {
  type AuditEvent,
  actorIn,
  type Origin,
  principalIn,
  workloadIn,
} from '../core/audit-event.ts';
import { networkOf } from '../core/network-distance.ts';
import type { Instant } from '../core/time.ts';
import { SITE } from './trail-budget.ts';

export type LeftOutEvent = Extract<AuditEvent, { readonly type: 'events.left-out' }>;

/** Addresses and callers with a count of their own. */
const MOST_COUNTED = 1000;
/** Addresses that an event names. */
const MOST_NAMED = 5;
const ELSEWHERE = 'elsewhere';

/** Whose events are counted; empty for callers who are not signed in. */
type Whose = Pick<LeftOutEvent, 'actor' | 'workload'>;

interface Tally {
  readonly whose: Whose;
  from: Instant;
  to: Instant;
  count: number;
  readonly byType: Map<string, number>;
  readonly byAddress: Map<string, number>;
}

export interface LeftOut {
  add(event: AuditEvent): void;
  /** One event for each count; counting starts again. */
  take(origin: () => Origin): readonly LeftOutEvent[];
  /** Counts an event again that was taken and could not be recorded. */
  putBack(event: LeftOutEvent): void;
}

export function createLeftOut(): LeftOut {
  /** By person or workload id; '' is everyone who is not counted apart. */
  const tallies = new Map<string, Tally>();
  return {
    add: event => {
      const tally = tallyOf(tallies, event, event.at);
      tally.count += 1;
      count(tally.byType, event.type, 1);
      countAddress(tally.byAddress, networkOf(event.origin.address, SITE), 1);
    },
    take: origin => {
      const events = [...tallies.values()].map(tally => eventOf(tally, origin()));
      tallies.clear();
      return events;
    },
    putBack: event => {
      const tally = tallyOf(tallies, event, event.from);
      tally.to = Math.max(tally.to, event.to);
      tally.count += event.count;
      for (const [type, number] of Object.entries(event.byType)) count(tally.byType, type, number);
      for (const { address, count: number } of event.byAddress)
        countAddress(tally.byAddress, address, number);
    },
  };
}

function tallyOf(tallies: Map<string, Tally>, event: AuditEvent, at: Instant): Tally {
  const principal = principalIn(event) ?? '';
  const isApart = tallies.has(principal) || tallies.size < MOST_COUNTED;
  const key = isApart ? principal : '';
  const tally = tallies.get(key) ?? {
    whose: isApart ? whoseOf(event) : {},
    ...{ from: at, to: at, count: 0 },
    byType: new Map<string, number>(),
    byAddress: new Map<string, number>(),
  };
  tallies.set(key, tally);
  tally.from = Math.min(tally.from, at);
  tally.to = Math.max(tally.to, at);
  return tally;
}

function whoseOf(event: AuditEvent): Whose {
  const [actor, workload] = [actorIn(event), workloadIn(event)];
  return { ...(actor && { actor }), ...(workload && { workload }) };
}

function eventOf({ byType, byAddress, whose, ...tally }: Tally, origin: Origin): LeftOutEvent {
  return {
    type: 'events.left-out',
    at: tally.to,
    origin,
    ...whose,
    ...tally,
    byType: Object.fromEntries(byType),
    byAddress: heaviest(byAddress),
  };
}

function count(counts: Map<string, number>, key: string, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}

function countAddress(counts: Map<string, number>, address: string, number: number): void {
  count(counts, counts.has(address) || counts.size < MOST_COUNTED ? address : ELSEWHERE, number);
}

function heaviest(counts: ReadonlyMap<string, number>): LeftOutEvent['byAddress'] {
  return [...counts]
    .map(([address, number]) => ({ address, count: number }))
    .sort((one, other) => other.count - one.count)
    .slice(0, MOST_NAMED);
}
