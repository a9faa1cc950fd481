/** Requests in words, one line each: what other users wrote cannot break it. */
import { formatDuration, formatInstant } from '../../core/time.ts';
import { warningOf } from '../roles/list.ts';
import type {
  Alive,
  Elevation,
  ElevationDetail,
  ElevationStatus,
  Party,
} from '../server/elevation-answers.ts';
import type { Server } from '../server/server.ts';
import { printable } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';

type Times = Pick<Server, 'now'>;

/** `prod/Admin` */
export function roleOf({ account, role }: Pick<Elevation, 'account' | 'role'>): string {
  return printable(`${account.name}/${role}`);
}

/** `prod/Admin (production)`; the plain name outside of production. */
export function markedRoleOf(of: {
  readonly account: Elevation['account'];
  readonly role: string;
  readonly environment?: string | null | undefined;
}): string {
  const warning = warningOf(of);
  return `${roleOf(of)}${warning === undefined ? '' : ` (${warning})`}`;
}

/** The same as a word of a command that users copy; `ACCOUNT/ROLE` for a name that is none. */
export function roleWord(of: Pick<Elevation, 'account' | 'role'>): string {
  const name = roleOf(of);
  return /^[\w.][\w.+=,@/-]*$/.test(name) ? name : 'ACCOUNT/ROLE';
}

export function nameOf({ username, display_name }: Party): string {
  return printable(display_name === null ? username : `${username} (${display_name})`);
}

/** `1 more from approvers, 1 more from security` */
export function missingOf({ outstanding }: Pick<ElevationDetail, 'outstanding'>): string {
  return printable(outstanding.join(', '));
}

/** `2026-11-30 10:05 UTC, in 2 h` */
export function moment(text: string, { now }: Times): string {
  const at = Date.parse(text);
  const seconds = Math.floor(Math.abs(at - now()) / 1000);
  const distance = formatDuration(seconds);
  return `${formatInstant(at)}, ${at > now() ? `in ${distance}` : `${distance} ago`}`;
}

const STATUS: { readonly [S in ElevationStatus]: (of: Elevation, times: Times) => string } = {
  waiting: ({ decide_by }, times) => `waits for approval until ${moment(decide_by, times)}`,
  lapsed: ({ decide_by }, times) =>
    `has lapsed: no approver decided by ${moment(decide_by, times)}`,
  scheduled: ({ starts_at }, times) => `approved, begins at ${moment(starts_at!, times)}`,
  active: ({ ends_at }, times) => `active until ${moment(ends_at!, times)}`,
  expired: ({ ends_at }, times) => `ended at ${moment(ends_at!, times)}`,
  denied: (of, times) => `denied${endingOf(of, times)}`,
  withdrawn: (of, times) => `withdrawn${endingOf(of, times)}`,
  revoked: (of, times) => `revoked${endingOf(of, times)}`,
  'rule-changed': (of, times) => `ended, because its rule was changed${endingOf(of, times)}`,
};

function endingOf({ ended }: Elevation, times: Times): string {
  if (ended === null) return '';
  const by = ended.by === null ? '' : ` by ${nameOf(ended.by)}`;
  const note = ended.note === null ? '' : `: ${printable(ended.note)}`;
  return `${by} at ${moment(ended.at, times)}${note}`;
}

/** `denied by alice at 2026-11-30 10:05 UTC, 3 min ago: use ReadOnly` */
export function statusOf(elevation: Elevation, times: Times): string {
  const { status, starts_at, ends_at } = elevation;
  // A server may be of another version, or hostile.
  if (status === 'scheduled' && starts_at === null) return 'approved';
  if ((status === 'active' || status === 'expired') && ends_at === null) return status;
  return STATUS[status](elevation, times);
}

export function lengthOf(
  { requested_seconds, starts_at, status }: Elevation,
  times: Times,
): string {
  const length = formatDuration(requested_seconds);
  return status === 'waiting' && starts_at !== null
    ? `${length} from ${moment(starts_at, times)}`
    : length;
}

/** Everything that an approver looks at, one line each. */
export function factsOf(elevation: ElevationDetail, times: Times): readonly string[] {
  const { requester, reason, ticket, approvals, before } = elevation;
  const earlier = before.map(of => `${roleOf(of)} ${statusOf(of, times)}`);
  const facts: Readonly<Record<string, string | null>> = {
    Role: roleOf(elevation),
    Account: [elevation.account.id, elevation.environment ?? []].flat().join(', '),
    Requester: `${nameOf(requester)} by ${requester.connector}`,
    Requested: `${moment(elevation.requested_at, times)}, from ${elevation.requested_from}`,
    For: lengthOf(elevation, times),
    Reason: reason ?? '-',
    Ticket: ticket,
    Extends: elevation.extends,
    Status: statusOf(elevation, times),
    Approved: approvals.map(({ by, at }) => `by ${nameOf(by)} at ${moment(at, times)}`).join('; '),
    Missing: missingOf(elevation),
    Earlier: earlier.slice(0, 3).join('; '),
    Page: elevation.url,
  };
  return Object.entries(facts)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(11)}${printable(value!)}`);
}

export function aliveTable(alive: readonly Alive[], times: Times, columns: number): string {
  const rows = alive.map(({ access_key_id, kind, issued_at, expires_at }) => [
    ...[access_key_id, kind === 'console-link' ? 'console' : kind],
    ...[moment(issued_at, times), moment(expires_at, times)],
  ]);
  return table([['ACCESS KEY', 'FOR', 'ISSUED', 'EXPIRES'], ...rows], columns);
}
