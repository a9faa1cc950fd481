/**
 * The rows of the bearer API for elevations: what a program can request, and decisions of its user.
 *
 * Owns: the wire form. Does not own: who may see and decide what (bridge/elevations).
 */
import * as z from 'zod';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import { MAX_REASON } from '../core/elevation-terms.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { text } from '../http/read.ts';
import { operation, type Route } from '../http/route.ts';
import { AskedRole } from './asked-role.ts';
import {
  aliveShape,
  ElevationDetailShape,
  ElevationShape,
  elevationDetailShape,
  elevationShape,
  OfferShape,
  offerShape,
} from './elevation-shapes.ts';

export interface ElevationsApiParts {
  readonly baseUrl: string;
  readonly elevations: ElevationUseCases;
  readonly clock: Clock;
}

/** Roles of one request. */
const MOST_ROLES = 20;
/** Twenty roles with long names, and a reason in which every character is escaped. */
const REQUEST_BYTES = 32 * 1024;

const AskedElevation = { path: z.object({ id: text(64).min(1).describe('Of an elevation') }) };
// A longer one is refused by its own code, with its limit.
const Text = z
  .string()
  .max(8 * MAX_REASON)
  .meta({ maxLength: MAX_REASON });
const Note = z.strictObject({ note: Text.optional() });
const Seconds = z.int().min(1).max(1_000_000);

const DECISION_ERRORS = [
  'elevation_unknown',
  'elevation_closed',
  'elevation_invalid',
  'elevation_not_yours_to_decide',
  'decision_not_for_device_login',
  'recent_sign_in_needed',
] as const satisfies readonly ErrorCode[];
const DECIDES = 'Requires a sign-in of the last 15 minutes, and no login by a device code.';

const ONE = { description: 'The elevation', schema: ElevationDetailShape };

export const ELEVATIONS_API: readonly Route<ElevationsApiParts>[] = [
  operation({
    method: 'get',
    path: '/elevations',
    id: 'listElevations',
    summary: 'Elevations that concern the user, and roles that they can request',
    description:
      '`mine`: newest first. `to_decide`: requests that the user can approve or deny, oldest first. `to_review`: break-glass of others. `to_watch`: elevations of others that the user can revoke.',
    who: 'login token',
    output: {
      description: 'The lists',
      schema: z.object({
        mine: z.array(ElevationShape),
        to_decide: z.array(ElevationShape),
        to_review: z.array(ElevationShape),
        to_watch: z.array(ElevationShape),
        offers: z.array(OfferShape),
      }),
    },
    errors: [],
    handle: async (_input, caller, parts: ElevationsApiParts) => {
      const { elevations } = parts;
      const lists = await elevations.lists(caller);
      const showing = showingOf(parts);
      const shape = (elevation: (typeof lists.mine)[number]) => elevationShape(elevation, showing);
      return {
        mine: lists.mine.map(shape),
        to_decide: lists.toDecide.map(shape),
        to_review: lists.toReview.map(shape),
        to_watch: lists.toWatch.map(shape),
        offers: (await elevations.offers(caller)).map(offer => offerShape(offer, parts)),
      };
    },
  }),

  operation({
    method: 'post',
    path: '/elevations',
    id: 'requestElevations',
    summary: 'Request roles for a time',
    description:
      'One elevation for each role, each with its own approvers, or none. For a role of which an elevation is active, an extension. `break_glass` grants them at once where the rule allows it; another user reviews it. That requires a sign-in of the last 15 minutes, and no login by a device code.',
    who: 'login token',
    reads: {
      json: z.strictObject({
        roles: z.array(z.strictObject(AskedRole.shape)).min(1).max(MOST_ROLES),
        duration_seconds: Seconds.describe('Of each elevation'),
        reason: Text.optional(),
        ticket: text(128).optional(),
        starts_at: z.iso
          .datetime({ offset: true })
          .optional()
          .describe('ISO 8601 with a zone; default: as soon as it is approved'),
        break_glass: z.boolean().optional(),
      }),
      maxBytes: REQUEST_BYTES,
    },
    output: {
      description: 'The new elevations, in the order of the roles',
      schema: z.object({ elevations: z.array(ElevationDetailShape) }),
    },
    errors: [
      'elevation_not_offered',
      'elevation_invalid',
      'elevation_closed',
      'limit_reached',
      'decision_not_for_device_login',
      'recent_sign_in_needed',
    ],
    handle: async (input, caller, parts: ElevationsApiParts) => {
      const { roles, duration_seconds, reason, ticket, starts_at, break_glass = false } = input;
      const made = await parts.elevations.request(caller, {
        roles,
        seconds: duration_seconds,
        startsAt: starts_at === undefined ? undefined : Date.parse(starts_at),
        reason,
        ticket,
        breakGlass: break_glass,
      });
      return { elevations: await Promise.all(made.map(({ id }) => detailOf(parts, caller, id))) };
    },
  }),

  operation({
    method: 'get',
    path: '/elevations/{id}',
    id: 'getElevation',
    summary: 'One elevation',
    description:
      'For its requester, its approvers, administrators and auditors. For everyone else it is unknown.',
    who: 'login token',
    reads: AskedElevation,
    output: ONE,
    errors: ['elevation_unknown'],
    handle: ({ id }, caller, parts: ElevationsApiParts) => detailOf(parts, caller, id),
  }),

  operation({
    method: 'post',
    path: '/elevations/{id}/approve',
    id: 'approveElevation',
    summary: 'Approve a request, also for less time',
    description: `The last approval that is needed grants the role for the shortest time that any approver gave. ${DECIDES}`,
    who: 'login token',
    reads: {
      ...AskedElevation,
      json: z.strictObject({
        duration_seconds: Seconds.optional().describe('Default: what was requested'),
        note: Text.optional(),
      }),
    },
    output: ONE,
    errors: DECISION_ERRORS,
    handle: async ({ id, duration_seconds, note }, caller, parts: ElevationsApiParts) => {
      await parts.elevations.approve(caller, { id, seconds: duration_seconds, note });
      return detailOf(parts, caller, id);
    },
  }),

  operation({
    method: 'post',
    path: '/elevations/{id}/deny',
    id: 'denyElevation',
    summary: 'Deny a request',
    description: `The requester reads the note. ${DECIDES}`,
    who: 'login token',
    reads: { ...AskedElevation, json: Note },
    output: ONE,
    errors: DECISION_ERRORS,
    handle: async ({ id, note }, caller, parts: ElevationsApiParts) => {
      await parts.elevations.deny(caller, { id, note });
      return detailOf(parts, caller, id);
    },
  }),

  operation({
    method: 'post',
    path: '/elevations/{id}/withdraw',
    id: 'withdrawElevation',
    summary: 'Withdraw your own request',
    description: 'While it waits for approval. An elevation that is approved is revoked instead.',
    who: 'login token',
    reads: AskedElevation,
    output: ONE,
    errors: ['elevation_unknown', 'elevation_closed', 'elevation_not_yours_to_decide'],
    handle: async ({ id }, caller, parts: ElevationsApiParts) => {
      await parts.elevations.withdraw(caller, id);
      return detailOf(parts, caller, id);
    },
  }),

  operation({
    method: 'post',
    path: '/elevations/{id}/revoke',
    id: 'revokeElevation',
    summary: 'End an elevation before its time',
    description: `The bridge issues no more credentials for it. AWS does not take back credentials: those in \`alive\` stay valid until they expire. For its requester, approvers and administrators. ${DECIDES} Neither is needed for your own.`,
    who: 'login token',
    reads: { ...AskedElevation, json: Note },
    output: ONE,
    errors: DECISION_ERRORS,
    handle: async ({ id, note }, caller, parts: ElevationsApiParts) => {
      const { alive } = await parts.elevations.revoke(caller, { id, note });
      return { ...(await detailOf(parts, caller, id)), alive: alive.map(aliveShape) };
    },
  }),

  operation({
    method: 'post',
    path: '/elevations/{id}/review',
    id: 'reviewElevation',
    summary: 'Review a break-glass of another user',
    description: `\`note\`: what was found, in 10 characters or more. ${DECIDES}`,
    who: 'login token',
    reads: { ...AskedElevation, json: z.strictObject({ note: Text }) },
    output: ONE,
    errors: DECISION_ERRORS,
    handle: async ({ id, note }, caller, parts: ElevationsApiParts) => {
      await parts.elevations.review(caller, { id, note });
      return detailOf(parts, caller, id);
    },
  }),
];

function showingOf({ baseUrl, clock }: ElevationsApiParts) {
  return { baseUrl, now: clock.now() };
}

async function detailOf(parts: ElevationsApiParts, caller: AuthenticatedRequester, id: string) {
  return elevationDetailShape(await parts.elevations.view(caller, id), showingOf(parts));
}
