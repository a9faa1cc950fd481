/** Shapes of elevations in the bearer API, and how our values become them. */
import * as z from 'zod';
import { ENVIRONMENTS } from '../core/account-details.ts';
import type { EndedAs } from '../core/audit-event.ts';
import { endOfHandOut } from '../core/aws-session.ts';
import {
  type Elevation,
  type ElevationEvent,
  isRecorded,
  type Party,
  statusOf,
} from '../core/elevation.ts';
import type { HandOut } from '../core/elevation-notice.ts';
import type { ElevationRight, ElevationView, Offer } from '../core/elevation-view.ts';
import type { Instant } from '../core/time.ts';
import { elevationPath, requestPath } from '../http/elevation.ts';
import { AccountShape, accountShape, iso, Moment } from './api-shapes.ts';

const STATUSES = [
  'waiting',
  'lapsed',
  'scheduled',
  'active',
  'expired',
  'denied',
  'withdrawn',
  'revoked',
  'rule-changed',
] as const satisfies readonly ReturnType<typeof statusOf>[];

const RIGHTS = [
  'approve',
  'deny',
  'withdraw',
  'revoke',
  'review',
  'extend',
] as const satisfies readonly ElevationRight[];

const ENDED_AS = [
  'requester',
  'approver',
  'administrator',
  'operator',
] as const satisfies readonly EndedAs[];

const PartyShape = z
  .object({
    person: z.string(),
    username: z.string(),
    connector: z.string(),
    display_name: z.string().nullable(),
  })
  .meta({ id: 'Party' });

const AliveShape = z
  .object({
    kind: z.enum(['credentials', 'console-link']),
    issued_at: Moment,
    expires_at: Moment.describe('When its AWS credentials expire. ISO 8601, UTC'),
    access_key_id: z.string().describe('Leads to its actions in CloudTrail'),
    address: z.string().describe('Who asked for it'),
  })
  .meta({ id: 'AliveCredentials' });

const ElevationFields = z.object({
  id: z.string().describe('Names the elevation; gives access to nothing'),
  batch: z.string().nullable().describe('The same for requests that were made together'),
  status: z
    .enum(STATUSES)
    .describe(
      '`waiting` for approvers; `lapsed`: no approver decided in time; `scheduled`: approved, begins later; `active`: gives the role',
    ),
  requester: PartyShape,
  account: z.object({ id: z.string(), name: z.string() }),
  role: z.string(),
  rule: z.string().describe('The access rule that offers it'),
  requested_seconds: z.int(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  extends: z.string().nullable().describe('The id of the elevation that it continues'),
  break_glass: z.boolean(),
  requested_at: Moment,
  decide_by: Moment.describe('A request that is not decided by then lapses. ISO 8601, UTC'),
  starts_at: Moment.nullable().describe(
    'Before the approval the start that was asked for; null: as soon as it is approved',
  ),
  ends_at: Moment.nullable().describe('null until it is approved'),
  approvals: z.array(
    z.object({
      by: PartyShape,
      at: Moment,
      duration_seconds: z.int(),
      note: z.string().nullable(),
    }),
  ),
  ended: z
    .object({
      at: Moment,
      why: z.enum(['denied', 'withdrawn', 'revoked', 'rule-changed']),
      as: z.enum(ENDED_AS).nullable().describe('By which right it was revoked'),
      by: PartyShape.nullable().describe('null when the rule has changed, or by an operator'),
      note: z.string().nullable(),
    })
    .nullable()
    .describe('Who ended it, before its time was over'),
  review: z
    .object({
      due_at: Moment,
      done_at: Moment.nullable(),
      by: PartyShape.nullable(),
      note: z.string().nullable(),
    })
    .nullable()
    .describe('Of a break-glass'),
  url: z.string().describe('Its page'),
});

export const ElevationShape = ElevationFields.meta({ id: 'Elevation' });

export const ElevationDetailShape = ElevationFields.extend({
  outstanding: z.array(z.string()).describe('Approvals that are missing, one phrase each'),
  rights: z.array(z.enum(RIGHTS)).describe('What the caller can do with it'),
  why_not_approve: z
    .string()
    .nullable()
    .describe('Why the caller cannot approve it, although they are an approver'),
  environment: z
    .enum(ENVIRONMENTS)
    .nullable()
    .describe('What the account is for, if it is configured'),
  longest_seconds: z.int().describe('What an approver can give at most'),
  requested_from: z.string().describe('The address of the request'),
  before: z
    .array(ElevationShape)
    .describe('Earlier elevations of the requester, newest first, for those who decide'),
  alive: z.array(AliveShape).describe('What AWS gave by it and is still valid'),
}).meta({ id: 'ElevationDetail' });

export const OfferShape = z
  .object({
    account: AccountShape,
    role: z.string(),
    rule: z.string(),
    longest_seconds: z.int(),
    reason: z.enum(['required', 'optional']),
    ticket: z
      .object({ projects: z.array(z.string()).nullable().describe('null: any ticket') })
      .nullable()
      .describe('null: no ticket is asked for'),
    approvals: z.int().describe('How many are needed'),
    break_glass: z
      .object({ review_seconds: z.int() })
      .nullable()
      .describe('null where the user cannot grant it to themselves'),
    open: z.string().nullable().describe('The id of an elevation of the user that is open'),
    request_url: z.string().describe('The form, filled in with the role'),
  })
  .meta({ id: 'ElevationOffer' });

/** What a shape depends on besides the elevation. */
export interface Showing {
  readonly baseUrl: string;
  readonly now: Instant;
}

function partyShape({
  person,
  username,
  connector,
  displayName,
}: Party): z.output<typeof PartyShape> {
  return { person, username, connector, display_name: displayName ?? null };
}

export function elevationShape(
  elevation: Elevation,
  { baseUrl, now }: Showing,
): z.output<typeof ElevationShape> {
  const { id, requester, account, accountName, role, rule, granted } = elevation;
  return {
    id,
    batch: elevation.batch ?? null,
    status: statusFor(elevation, now),
    requester: partyShape(requester),
    account: { id: account, name: accountName },
    role,
    rule,
    requested_seconds: elevation.seconds,
    reason: elevation.reason ?? null,
    ticket: elevation.ticket ?? null,
    extends: elevation.extends ?? null,
    break_glass: elevation.breakGlass,
    requested_at: iso(elevation.requestedAt),
    decide_by: iso(elevation.decideBy),
    starts_at: momentOf(granted?.startsAt ?? elevation.startsAt),
    ends_at: momentOf(granted?.endsAt),
    approvals: elevation.events.flatMap(approvalShape),
    ended: endedShape(elevation),
    review: reviewShape(elevation),
    url: `${baseUrl}${elevationPath(id)}`,
  };
}

/** A grant counts once it is in the audit trail: a program that sees `active` gets the role. */
function statusFor(elevation: Elevation, now: Instant): ReturnType<typeof statusOf> {
  const status = statusOf(elevation, now);
  const isGranted = status === 'active' || status === 'scheduled';
  return isGranted && !isRecorded(elevation) ? 'waiting' : status;
}

function approvalShape(event: ElevationEvent): z.output<typeof ElevationShape>['approvals'] {
  if (event.type !== 'approved') return [];
  const { by, at, seconds, note } = event;
  return [{ by: partyShape(by), at: iso(at), duration_seconds: seconds, note: note ?? null }];
}

function endedShape({ ended }: Elevation): z.output<typeof ElevationShape>['ended'] {
  if (ended === undefined) return null;
  const { at, why, as = null, by, note = null } = ended;
  // The event of an operator names the requester, whom it concerns.
  const isNamed = by !== undefined && as !== 'operator';
  return { at: iso(at), why, as, by: isNamed ? partyShape(by) : null, note };
}

function reviewShape({ review }: Elevation): z.output<typeof ElevationShape>['review'] {
  if (review === undefined) return null;
  const { dueAt, done } = review;
  return {
    due_at: iso(dueAt),
    done_at: momentOf(done?.at),
    by: done === undefined ? null : partyShape(done.by),
    note: done?.note ?? null,
  };
}

export function elevationDetailShape(
  view: ElevationView,
  showing: Showing,
): z.output<typeof ElevationDetailShape> {
  const { elevation, rights, outstanding, before, alive } = view;
  return {
    ...elevationShape(elevation, showing),
    outstanding: [...outstanding],
    rights: RIGHTS.filter(right => rights.has(right)),
    why_not_approve: view.whyNotApprove ?? null,
    environment: view.account?.details?.environment ?? null,
    longest_seconds: view.longestSeconds,
    requested_from: elevation.events[0]!.origin.address,
    before: before.map(earlier => elevationShape(earlier, showing)),
    alive: alive.map(aliveShape),
  };
}

export function aliveShape(handOut: HandOut): z.output<typeof AliveShape> {
  const { type, at, accessKeyId, origin } = handOut;
  return {
    kind: type === 'console-link.issued' ? 'console-link' : 'credentials',
    issued_at: iso(at),
    expires_at: iso(endOfHandOut(handOut)),
    access_key_id: accessKeyId,
    address: origin.address,
  };
}

export function offerShape(
  { account, role, rule, terms, longestSeconds, mayBreakGlass, open }: Offer,
  { baseUrl }: Pick<Showing, 'baseUrl'>,
): z.output<typeof OfferShape> {
  const { ticket, breakGlass } = terms;
  return {
    account: accountShape(account),
    role,
    rule,
    longest_seconds: longestSeconds,
    reason: terms.reason,
    ticket:
      ticket === undefined
        ? null
        : { projects: ticket.kind === 'projects' ? [...ticket.projects] : null },
    approvals: terms.approvers.reduce((sum, { count }) => sum + count, 0),
    break_glass:
      mayBreakGlass && breakGlass !== undefined
        ? { review_seconds: breakGlass.reviewSeconds }
        : null,
    open: open?.id ?? null,
    request_url: `${baseUrl}${requestPath({ account: account.name, role })}`,
  };
}

function momentOf(instant: Instant | undefined): string | null {
  return instant === undefined ? null : iso(instant);
}
