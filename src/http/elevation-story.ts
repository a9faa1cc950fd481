/** What happened to an elevation, for readers. */
import type {
  Elevation,
  ElevationEvent,
  ElevationEventOf,
  ElevationEventType,
  Party,
} from '../core/elevation.ts';
import type { PersonId } from '../core/identity.ts';
import { formatDuration, formatInstant } from '../core/time.ts';
import { iso, partyModel } from './elevation-rows.ts';
import type { StoryRow } from './elevation-views.ts';

function timesOf({
  startsAt,
  endsAt,
}: {
  readonly startsAt?: number | undefined;
  readonly endsAt?: number | undefined;
}): string {
  return startsAt === undefined || endsAt === undefined
    ? ''
    : `from ${formatInstant(startsAt)} to ${formatInstant(endsAt)}`;
}

const WHAT: { readonly [T in ElevationEventType]: (event: ElevationEventOf<T>) => string } = {
  requested: () => 'requested the role',
  approved: event => {
    const length = `approved it for ${formatDuration(event.seconds)}`;
    return event.outstanding > 0
      ? `${length}; ${event.outstanding} more needed`
      : `${length}; granted ${timesOf(event)}`;
  },
  'glass-broken': event => `used break-glass; granted ${timesOf(event)}`,
  denied: () => 'denied it',
  withdrawn: () => 'withdrew it',
  revoked: ({ as }) => (as === 'requester' ? 'ended it' : 'revoked it'),
  'rule-changed': ({ rule }) => `The rule was ${rule}, which ended the elevation`,
  reviewed: () => 'reviewed the break-glass',
  'review-overdue': ({ dueAt }) => `The review was due at ${formatInstant(dueAt)}`,
};

export function storyOf({ events }: Elevation): readonly StoryRow[] {
  return events.map(event => ({
    at: iso(event.at),
    who: nameOf(event),
    what: (WHAT[event.type] as (event: ElevationEvent) => string)(event),
    note: 'note' in event ? event.note : undefined,
  }));
}

function nameOf(event: ElevationEvent): string | undefined {
  if (!('by' in event)) return undefined;
  if (event.type === 'revoked' && event.as === 'operator') return 'An operator';
  return fullName(event.by);
}

/** `Bob Brandt (bob)` */
export function fullName(party: Party): string {
  const { name, username } = partyModel(party);
  return name === username ? name : `${name} (${username})`;
}

// ---------------------------------------------------------------- what was just done

/** What a user does on the pages of elevations. */
export const DONE = {
  request: 'requested',
  'break-glass': 'glass-broken',
  approve: 'approved',
  deny: 'denied',
  withdraw: 'withdrawn',
  revoke: 'revoked',
  review: 'reviewed',
} as const satisfies Record<string, ElevationEventType>;
export type Done = keyof typeof DONE;

const NOTICES: { readonly [D in Done]: (event: ElevationEventOf<(typeof DONE)[D]>) => string } = {
  request: () => 'You requested the role. Its approvers can decide now.',
  'break-glass': ({ endsAt }) =>
    `You have the role until ${formatInstant(endsAt)}. Another user must review the break-glass.`,
  approve: event =>
    event.outstanding > 0
      ? `You approved it. ${event.outstanding} more ${event.outstanding === 1 ? 'approval is' : 'approvals are'} needed.`
      : `You approved it. The role is granted ${timesOf(event)}.`,
  deny: () => 'You denied the request.',
  withdraw: () => 'You withdrew the request.',
  revoke: () => 'You ended it. The bridge hands out no more credentials for it.',
  review: () => 'You reviewed the break-glass.',
};

/**
 * Says what the viewer has done. It follows the events and not the address alone, so a link
 * cannot claim what did not happen.
 */
export function noticeOf(
  { events }: Elevation,
  done: Done | undefined,
  viewer: PersonId,
): string | undefined {
  if (done === undefined) return undefined;
  const type = DONE[done];
  const event = events.findLast(of => of.type === type && 'by' in of && of.by.person === viewer);
  return event && (NOTICES[done] as (event: ElevationEvent) => string)(event);
}
