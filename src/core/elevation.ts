/**
 * Elevation: a role that a user asks for, others approve, and that expires.
 *
 * What it is worth now (active, expired, lapsed) is worked out of its times and never stored. Every
 * change appends one event to the record itself: the audit trail and the notifications are told
 * from there, so that neither can miss or contradict a change.
 *
 * Owns: the record, and where it stands. Does not own: what changes it (elevation-changes.ts), what
 * it gives (elevation-standing.ts, policy.ts).
 */
import type { Actor, EndedAs, Origin } from './audit-event.ts';
import type { AccountId, RoleName } from './role.ts';
import { DAY, formatInstant, type Instant, type Seconds } from './time.ts';

/** A user as they were named when they acted. */
export interface Party extends Actor {
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
}

/** A user who has approved. */
export interface Vote {
  readonly by: Party;
  readonly at: Instant;
  /** Their groups that approve this rule. */
  readonly groups: readonly string[];
  /** What they approve at most. */
  readonly seconds: Seconds;
}

export interface Ending {
  readonly at: Instant;
  readonly why: 'denied' | 'withdrawn' | 'revoked' | 'rule-changed';
  /** Undefined when the rule has changed. */
  readonly by?: Party | undefined;
  readonly as?: EndedAs | undefined;
  readonly note?: string | undefined;
}

export interface Review {
  readonly dueAt: Instant;
  /** How often it was called overdue. */
  readonly reminders: number;
  readonly done?: { readonly at: Instant; readonly by: Party; readonly note: string } | undefined;
}

/** What is asked for. It never changes. */
export interface ElevationRequest {
  /** Names the elevation in pages, lists and the trail; gives access to nothing. */
  readonly id: string;
  /** The same for requests that were made together. */
  readonly batch?: string | undefined;
  readonly requester: Party;
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  /** The name of the rule, and the digest of its terms. */
  readonly rule: string;
  readonly terms: string;
  /** The requester's group that the rule names. */
  readonly group: string;
  readonly seconds: Seconds;
  /** Not before; undefined means as soon as it is approved. */
  readonly startsAt?: Instant | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  /** The id of the elevation that it continues. */
  readonly extends?: string | undefined;
  readonly breakGlass: boolean;
  /** The public id of the session in a terminal that asked. */
  readonly cliSession?: string | undefined;
  readonly requestedAt: Instant;
  /** A request that is not decided by then lapses. */
  readonly decideBy: Instant;
}

export interface Elevation extends ElevationRequest {
  readonly votes: readonly Vote[];
  readonly granted?: Granted | undefined;
  readonly ended?: Ending | undefined;
  /** Of a break-glass. */
  readonly review?: Review | undefined;
  readonly events: readonly ElevationEvent[];
  /** How many events are in the audit trail. The store keeps it beside the record. */
  readonly recorded: number;
}

export interface Granted {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  /** The number of the event that granted it: it counts once that is in the trail. */
  readonly event: number;
}

interface Happened {
  /** Counts from 1. */
  readonly number: number;
  readonly at: Instant;
  /** Of the request that caused it. */
  readonly origin: Origin;
}

/** What happened, with everything that the trail and notifications say of it. */
export type ElevationEvent = Happened &
  (
    | { readonly type: 'requested'; readonly by: Party }
    | {
        readonly type: 'approved';
        readonly by: Party;
        readonly seconds: Seconds;
        readonly note?: string | undefined;
        /** Approvals that are still missing. */
        readonly outstanding: number;
        /** Set by the last approval. */
        readonly startsAt?: Instant | undefined;
        readonly endsAt?: Instant | undefined;
      }
    | {
        readonly type: 'glass-broken';
        readonly by: Party;
        readonly startsAt: Instant;
        readonly endsAt: Instant;
        readonly reviewBy: Instant;
      }
    | { readonly type: 'denied'; readonly by: Party; readonly note?: string | undefined }
    | { readonly type: 'withdrawn'; readonly by: Party }
    | {
        readonly type: 'revoked';
        readonly by: Party;
        readonly as: EndedAs;
        readonly note?: string | undefined;
      }
    | { readonly type: 'rule-changed'; readonly rule: 'changed' | 'removed' }
    | { readonly type: 'reviewed'; readonly by: Party; readonly note: string }
    /** No user has reviewed a break-glass in time. `count` counts from 1. */
    | { readonly type: 'review-overdue'; readonly count: number; readonly dueAt: Instant }
  );

export type ElevationEventType = ElevationEvent['type'];

/** The events of one type. */
export type ElevationEventOf<T extends ElevationEventType> = Extract<
  ElevationEvent,
  { readonly type: T }
>;

export type ElevationStatus =
  /** For approvers. */
  | 'waiting'
  /** No approver decided in time. */
  | 'lapsed'
  /** Approved, and begins later. */
  | 'scheduled'
  | 'active'
  | 'expired'
  | Ending['why'];

export function statusOf({ ended, granted, decideBy }: Elevation, now: Instant): ElevationStatus {
  if (ended !== undefined) return ended.why;
  if (granted === undefined) return now < decideBy ? 'waiting' : 'lapsed';
  if (now < granted.startsAt) return 'scheduled';
  return now < granted.endsAt ? 'active' : 'expired';
}

/** Whether something can still come of it: it waits, or it is or will be active. */
export function isOpen(elevation: Elevation, now: Instant): boolean {
  const status = statusOf(elevation, now);
  return status === 'waiting' || status === 'scheduled' || status === 'active';
}

/** Whether the grant is in the audit trail. Until then it gives nothing. */
export function isRecorded({ granted, recorded }: Elevation): boolean {
  return granted !== undefined && recorded >= granted.event;
}

/** An overdue review is told of again after this time. */
export const REMIND_EVERY: Seconds = DAY;

/** When the review of a break-glass is overdue, or told of again; undefined if none is needed. */
export function nextReminder({ review }: Elevation): Instant | undefined {
  if (review === undefined || review.done !== undefined) return undefined;
  return review.dueAt + review.reminders * REMIND_EVERY * 1000;
}

const STATUS: { readonly [S in ElevationStatus]: (of: Elevation) => string } = {
  waiting: ({ decideBy }) => `It waits for approval until ${formatInstant(decideBy)}.`,
  lapsed: ({ decideBy }) => `No approver decided by ${formatInstant(decideBy)}.`,
  scheduled: ({ granted }) => `It is approved and begins at ${formatInstant(granted!.startsAt)}.`,
  active: ({ granted }) => `It is approved and ends at ${formatInstant(granted!.endsAt)}.`,
  expired: ({ granted }) => `It ended at ${formatInstant(granted!.endsAt)}.`,
  denied: ({ ended }) => `${ended!.by!.username} denied it at ${formatInstant(ended!.at)}.`,
  withdrawn: ({ ended }) => `It was withdrawn at ${formatInstant(ended!.at)}.`,
  revoked: ({ ended }) =>
    `${ended!.as === 'operator' ? 'An operator' : ended!.by!.username} revoked it at ${formatInstant(ended!.at)}.`,
  'rule-changed': ({ ended }) =>
    `It ended at ${formatInstant(ended!.at)}, because the rule was changed or removed.`,
};

/** Where an elevation stands, as a sentence. */
export function describeStatus(elevation: Elevation, now: Instant): string {
  return STATUS[statusOf(elevation, now)](elevation);
}
