/**
 * Counts the events that the trail leaves out, until they are recorded: one count for each user,
 * and one for all callers who are not signed in.
 *
 * Memory is bounded: beyond a number of addresses or users, the rest is counted together.
 */
import { type Actor, type AuditEvent, actorIn, type Origin } from '../core/audit-event.ts';
import { networkOf } from '../core/network-distance.ts';
import type { Instant } from '../core/time.ts';
import { SITE } from './trail-budget.ts';

export type LeftOutEvent = Extract<AuditEvent, { readonly type: 'events.left-out' }>;

/** Addresses and users with a count of their own. */
const MOST_COUNTED = 1000;
/** Addresses that an event names. */
const MOST_NAMED = 5;
const ELSEWHERE = 'elsewhere';

interface Tally {
  readonly actor: Actor | undefined;
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
  /** By person id; '' is everyone who is not counted apart. */
  const tallies = new Map<string, Tally>();
  return {
    add: event => {
      const tally = tallyOf(tallies, actorIn(event), event.at);
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
      const tally = tallyOf(tallies, event.actor, event.from);
      tally.to = Math.max(tally.to, event.to);
      tally.count += event.count;
      for (const [type, number] of Object.entries(event.byType)) count(tally.byType, type, number);
      for (const { address, count: number } of event.byAddress)
        countAddress(tally.byAddress, address, number);
    },
  };
}

function tallyOf(tallies: Map<string, Tally>, actor: Actor | undefined, at: Instant): Tally {
  const isApart = actor === undefined || tallies.has(actor.person) || tallies.size < MOST_COUNTED;
  const key = isApart ? (actor?.person ?? '') : '';
  const tally = tallies.get(key) ?? {
    actor: isApart ? actor : undefined,
    ...{ from: at, to: at, count: 0 },
    byType: new Map<string, number>(),
    byAddress: new Map<string, number>(),
  };
  tallies.set(key, tally);
  tally.from = Math.min(tally.from, at);
  tally.to = Math.max(tally.to, at);
  return tally;
}

function eventOf({ byType, byAddress, ...tally }: Tally, origin: Origin): LeftOutEvent {
  return {
    type: 'events.left-out',
    at: tally.to,
    origin,
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
