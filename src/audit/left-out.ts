/**
 * What the trail has left out, counted until it is told: for callers who are not signed in
 * together, and for each user.
 *
 * Memory is bounded: beyond so many addresses or users the rest is counted together.
 */
import { type Actor, type AuditEvent, actorIn, type Origin } from '../core/audit-event.ts';
import { networkOf } from '../core/network-distance.ts';
import type { Instant } from '../core/time.ts';
import { SITE } from './trail-budget.ts';

export type LeftOutEvent = Extract<AuditEvent, { readonly type: 'events.left-out' }>;

/** Addresses and users that are counted apart. */
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
  /** One event for each of whom something was left out; the counting starts again. */
  take(origin: () => Origin): readonly LeftOutEvent[];
  /** Counts again what was taken and could not be told. */
  putBack(event: LeftOutEvent): void;
}

export function createLeftOut(): LeftOut {
  const tallies = new Map<string, Tally>();

  const tallyOf = (actor: Actor | undefined, at: Instant): Tally => {
    const known = actor === undefined || tallies.has(actor.person) || tallies.size < MOST_COUNTED;
    const key = known ? (actor?.person ?? '') : '';
    const tally = tallies.get(key) ?? {
      actor: known ? actor : undefined,
      from: at,
      to: at,
      count: 0,
      byType: new Map<string, number>(),
      byAddress: new Map<string, number>(),
    };
    tallies.set(key, tally);
    tally.from = Math.min(tally.from, at);
    tally.to = Math.max(tally.to, at);
    return tally;
  };

  return {
    add: event => {
      const tally = tallyOf(actorIn(event), event.at);
      tally.count += 1;
      count(tally.byType, event.type, 1);
      countAddress(tally.byAddress, networkOf(event.origin.address, SITE), 1);
    },
    take: origin => {
      const events = [...tallies.values()].map(
        ({ byType, byAddress, ...tally }): LeftOutEvent => ({
          type: 'events.left-out',
          at: tally.to,
          origin: origin(),
          ...tally,
          byType: Object.fromEntries(byType),
          byAddress: heaviest(byAddress),
        }),
      );
      tallies.clear();
      return events;
    },
    putBack: event => {
      const tally = tallyOf(event.actor, event.from);
      tally.to = Math.max(tally.to, event.to);
      tally.count += event.count;
      for (const [type, number] of Object.entries(event.byType)) count(tally.byType, type, number);
      for (const { address, count: number } of event.byAddress)
        countAddress(tally.byAddress, address, number);
    },
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
