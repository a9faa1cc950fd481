/**
 * What changes an elevation: pure transitions, each of which appends one event.
 *
 * Owns: what can follow what. Does not own: who may decide (approval.ts, bridge/elevations).
 */
import type { EndedAs, Origin } from './audit-event.ts';
import {
  describeStatus,
  type Elevation,
  type ElevationEvent,
  type ElevationRequest,
  type Granted,
  isOpen,
  nextReminder,
  type Party,
  REMIND_EVERY,
  statusOf,
} from './elevation.ts';
import { BridgeError } from './errors.ts';
import { formatInstant, type Instant, type Seconds } from './time.ts';

/** Who does something, when and from where. */
export interface Act {
  readonly by: Party;
  readonly at: Instant;
  readonly origin: Origin;
}

type NewEvent = ElevationEvent extends infer E
  ? E extends ElevationEvent
    ? Omit<E, 'number'>
    : never
  : never;

function after(elevation: Elevation, event: NewEvent): Elevation {
  const numbered = { ...event, number: elevation.events.length + 1 } as ElevationEvent;
  return { ...elevation, events: [...elevation.events, numbered] };
}

/** A new request. */
export function requested(request: ElevationRequest, { by, at, origin }: Act): Elevation {
  const fresh: Elevation = { ...request, votes: [], events: [], recorded: 0 };
  return after(fresh, { type: 'requested', by, at, origin });
}

/** A request that its requester has granted at once, to be reviewed by another user. */
export function glassBroken(
  request: ElevationRequest,
  { by, at, origin }: Act,
  { reviewSeconds }: { readonly reviewSeconds: Seconds },
): Elevation {
  const endsAt = at + request.seconds * 1000;
  const reviewBy = at + reviewSeconds * 1000;
  const told = after(
    { ...request, votes: [], events: [], recorded: 0 },
    { type: 'glass-broken', by, at, origin, startsAt: at, endsAt, reviewBy },
  );
  return {
    ...told,
    granted: { startsAt: at, endsAt, event: told.events.length },
    review: { dueAt: reviewBy, reminders: 0 },
  };
}

export interface Approval extends Act, Noted {
  readonly groups: readonly string[];
  readonly seconds: Seconds;
  /** The approvals that are missing when this one counts, too. */
  readonly outstanding: number;
  /** When the elevation ends that this one continues, if that is still active. */
  readonly continues?: Instant | undefined;
  /** The longest time from now. */
  readonly longest: Seconds;
}

/**
 * Counts an approval; the last one grants the elevation for the shortest time that any approver
 * gave. Throws `elevation_closed` if it no longer waits.
 */
export function approved(elevation: Elevation, approval: Approval): Elevation {
  requireWaiting(elevation, approval.at);
  const { by, at, origin, groups, seconds, outstanding, note } = approval;
  const votes = [...elevation.votes, { by, at, groups, seconds }];
  const event = { type: 'approved', by, at, origin, seconds, outstanding, note } as const;
  if (outstanding > 0) return after({ ...elevation, votes }, event);
  const times = timesOf({ ...elevation, votes }, approval);
  const told = after({ ...elevation, votes }, { ...event, ...times });
  return { ...told, granted: { ...times, event: told.events.length } };
}

/** An extension begins at once, so that the role is never lost in between. */
function timesOf(
  { votes, seconds, startsAt: notBefore = 0 }: Elevation,
  { at, continues, longest }: Approval,
): Pick<Granted, 'startsAt' | 'endsAt'> {
  const approvedFor = Math.min(seconds, ...votes.map(vote => vote.seconds)) * 1000;
  const startsAt = Math.max(at, notBefore);
  if (continues === undefined || continues <= at)
    return { startsAt, endsAt: startsAt + approvedFor };
  return { startsAt: at, endsAt: Math.min(continues + approvedFor, at + longest * 1000) };
}

/** Throws `elevation_closed` if it no longer waits. */
export function denied(elevation: Elevation, { note, ...act }: Act & Noted): Elevation {
  requireWaiting(elevation, act.at);
  const told = after(elevation, { type: 'denied', ...act, note });
  return { ...told, ended: { at: act.at, why: 'denied', by: act.by, note } };
}

/** Throws `elevation_closed` if it no longer waits. */
export function withdrawn(elevation: Elevation, act: Act): Elevation {
  requireWaiting(elevation, act.at);
  const told = after(elevation, { type: 'withdrawn', ...act });
  return { ...told, ended: { at: act.at, why: 'withdrawn', by: act.by } };
}

interface Noted {
  readonly note?: string | undefined;
}

/** Ends a request or an elevation. Throws `elevation_closed` if nothing can come of it. */
export function revoked(
  elevation: Elevation,
  { as, note, ...act }: Act & Noted & { readonly as: EndedAs },
): Elevation {
  if (!isOpen(elevation, act.at)) throw closed(elevation, act.at);
  const told = after(elevation, { type: 'revoked', ...act, as, note });
  return { ...told, ended: { at: act.at, why: 'revoked', by: act.by, as, note } };
}

/** Ends what was made by a rule that has changed. The same object if nothing can come of it. */
export function endedByRule(
  elevation: Elevation,
  { rule, ...happened }: Omit<Act, 'by'> & { readonly rule: 'changed' | 'removed' },
): Elevation {
  if (!isOpen(elevation, happened.at)) return elevation;
  const told = after(elevation, { type: 'rule-changed', ...happened, rule });
  return { ...told, ended: { at: happened.at, why: 'rule-changed' } };
}

/** Throws `elevation_closed` if there is nothing to review. */
export function reviewed(
  elevation: Elevation,
  { note, ...act }: Act & { readonly note: string },
): Elevation {
  const { review } = elevation;
  if (review === undefined)
    throw new BridgeError('elevation_closed', 'only a break-glass is reviewed', {
      hint: 'Only a break-glass is reviewed.',
    });
  if (review.done !== undefined)
    throw new BridgeError('elevation_closed', 'the break-glass was reviewed already', {
      hint: `${review.done.by.username} reviewed it at ${formatInstant(review.done.at)}.`,
    });
  const told = after(elevation, { type: 'reviewed', ...act, note });
  return { ...told, review: { ...review, done: { at: act.at, by: act.by, note } } };
}

/** Tells that a review is overdue, or still is. The same object if that was told already. */
export function reminded(elevation: Elevation, happened: Omit<Act, 'by'>): Elevation {
  const dueAgain = nextReminder(elevation);
  if (dueAgain === undefined || happened.at < dueAgain) return elevation;
  const review = elevation.review!;
  const { dueAt } = review;
  // After an outage one reminder stands for all that were missed.
  const count = 1 + Math.floor((happened.at - dueAt) / (REMIND_EVERY * 1000));
  const told = after(elevation, { type: 'review-overdue', ...happened, count, dueAt });
  return { ...told, review: { ...review, reminders: count } };
}

function requireWaiting(elevation: Elevation, now: Instant): void {
  if (statusOf(elevation, now) !== 'waiting') throw closed(elevation, now);
}

function closed(elevation: Elevation, now: Instant): BridgeError {
  const status = statusOf(elevation, now);
  return new BridgeError('elevation_closed', `the elevation is ${status}`, {
    hint: `${describeStatus(elevation, now)} Make a new request if you still need the role.`,
  });
}
