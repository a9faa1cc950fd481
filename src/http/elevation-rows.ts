/** Elevations in lists, and what single elevations and lists say alike. */
import { type Elevation, type ElevationStatus, type Party, statusOf } from '../core/elevation.ts';
import { formatAge, formatDuration, type Instant, MINUTE } from '../core/time.ts';
import { elevationPath, requestPath } from './elevation.ts';
import type {
  ElevationRow,
  LabelledTime,
  OwnElevationRow,
  PartyModel,
  StatusModel,
  TimeLeft,
} from './elevation-views.ts';

const LABELS: { readonly [S in ElevationStatus]: string } = {
  waiting: 'Waiting for approval',
  lapsed: 'Not decided in time',
  scheduled: 'Approved, starts later',
  active: 'Active',
  expired: 'Ended',
  denied: 'Denied',
  withdrawn: 'Withdrawn',
  revoked: 'Revoked',
  'rule-changed': 'Ended: rule changed',
};

export function statusModel(elevation: Elevation, now: Instant): StatusModel {
  const kind = statusOf(elevation, now);
  return { kind, label: LABELS[kind] };
}

export function partyModel({ username, displayName }: Party): PartyModel {
  return { name: displayName ?? username, username };
}

export function sortOf({ breakGlass, extends: base }: Elevation): string | undefined {
  if (breakGlass) return 'Break-glass';
  return base === undefined ? undefined : 'Extension';
}

/** ISO 8601. */
export function iso(at: Instant): string {
  return new Date(at).toISOString();
}

const requested = ({ requestedAt }: Elevation) => ({ label: 'Requested', at: iso(requestedAt) });
const ends = ({ granted }: Elevation) => ({ label: 'Ends', at: iso(granted!.endsAt) });
const ended = (label: string) => (elevation: Elevation) => [
  { label, at: iso(elevation.ended!.at) },
];

const TIMES: { readonly [S in ElevationStatus]: (of: Elevation) => readonly LabelledTime[] } = {
  waiting: elevation => [
    { label: 'Decide by', at: iso(elevation.decideBy) },
    ...(elevation.startsAt === undefined ? [] : [{ label: 'Starts', at: iso(elevation.startsAt) }]),
  ],
  lapsed: elevation => [
    requested(elevation),
    { label: 'Decision was due', at: iso(elevation.decideBy) },
  ],
  scheduled: elevation => [
    { label: 'Starts', at: iso(elevation.granted!.startsAt) },
    ends(elevation),
  ],
  active: elevation => [ends(elevation)],
  expired: ({ granted }) => [{ label: 'Ended', at: iso(granted!.endsAt) }],
  denied: ended('Denied'),
  withdrawn: ended('Withdrawn'),
  revoked: ended('Revoked'),
  'rule-changed': ended('Ended'),
};

export function rowOf(elevation: Elevation, now: Instant): ElevationRow {
  const { id, accountName, role, requester, seconds, granted, reason, ticket } = elevation;
  const status = statusModel(elevation, now);
  const length = granted === undefined ? seconds : (granted.endsAt - granted.startsAt) / 1000;
  return {
    href: elevationPath(id),
    account: accountName,
    role,
    who: partyModel(requester),
    status,
    length: formatDuration(length),
    sort: sortOf(elevation),
    reason,
    ticket,
    times: TIMES[status.kind](elevation),
    age: status.kind === 'waiting' ? ageOf(elevation, now) : undefined,
    left: leftOf(elevation, now),
    isOverdue: false,
  };
}

/** How long ago it was requested. */
function ageOf({ requestedAt }: Elevation, now: Instant): string {
  const seconds = Math.floor((now - requestedAt) / 1000);
  return seconds < MINUTE ? 'less than a minute' : formatAge(seconds);
}

/** Undefined unless it is active. */
export function leftOf(elevation: Elevation, now: Instant): TimeLeft | undefined {
  if (statusOf(elevation, now) !== 'active') return undefined;
  return timeLeft(elevation.granted!.endsAt, now);
}

/** What is left until `end`. */
export function timeLeft(end: Instant, now: Instant): TimeLeft {
  const secondsLeft = Math.max(0, Math.floor((end - now) / 1000));
  return { secondsLeft, timeLeft: formatDuration(secondsLeft) };
}

/** A break-glass that waits for its review. */
export function reviewRowOf(elevation: Elevation, now: Instant): ElevationRow {
  const { requestedAt, review } = elevation;
  return {
    ...rowOf(elevation, now),
    times: [
      { label: 'Granted', at: iso(requestedAt) },
      { label: 'Review by', at: iso(review!.dueAt) },
    ],
    isOverdue: now >= review!.dueAt,
  };
}

/** `isOffered` says whether the role can be requested now. */
export function ownRowOf(
  elevation: Elevation,
  now: Instant,
  isOffered: (elevation: Elevation) => boolean,
): OwnElevationRow {
  const row = rowOf(elevation, now);
  const { kind } = row.status;
  const { accountName: account, role } = elevation;
  const canEnd = kind === 'active' || kind === 'scheduled';
  const isOpen = canEnd || kind === 'waiting';
  const label = kind === 'active' ? 'Extend' : 'Request again';
  const hasNext = isOffered(elevation) && (kind === 'active' || !isOpen);
  return {
    ...row,
    canWithdraw: kind === 'waiting',
    canEnd,
    again: hasNext ? { label, href: requestPath({ account, role }) } : undefined,
  };
}
