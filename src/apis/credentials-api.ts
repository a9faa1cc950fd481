/**
 * The bearer API: what a program may do with a login, as a table of operations. Each row is its
 * route, its checks and its description.
 *
 * Owns: the wire form of requests and answers. Does not own: who gets what (bridge/access), tokens
 * (bridge/tokens), how rows become routes and a document (http/mount, openapi).
 */
import * as z from 'zod';
import type { SignIn } from '../bridge/sign-in.ts';
import type { Entitlement } from '../core/access-rule.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { MAX_DESTINATION } from '../core/console-destination.ts';
import { BridgeError, ERRORS } from '../core/errors.ts';
import type { ConnectorId } from '../core/identity.ts';
import type { Withheld } from '../core/policy.ts';
import type { Clock } from '../core/ports.ts';
import { explainRequirement } from '../core/requirements.ts';
import { compareTexts } from '../core/text-order.ts';
import { MINUTE } from '../core/time.ts';
import { neededFor } from '../core/unmet-approval.ts';
import { quickly } from '../http/compression.ts';
import { neededPath, requestPath } from '../http/elevation.ts';
import { stepOf } from '../http/error-json.ts';
import { text } from '../http/read.ts';
import { operation, type Route } from '../http/route.ts';
import {
  AccountShape,
  accountShape,
  CredentialsShape,
  credentialsShape,
  ElevationReference,
  elevationReference,
  iso,
  Moment,
  RoleShape,
  roleShape,
  SessionShape,
  StepShape,
  sessionShape,
} from './api-shapes.ts';
import { AskedRole, AskedSession, HANDOUT_ERRORS } from './asked-role.ts';
import { CONTAINER_API, type ContainerApiParts } from './container-api.ts';

export interface CredentialsApiParts extends ContainerApiParts {
  readonly signIn: Pick<SignIn, 'connectors'>;
  readonly clock: Clock;
}

/**
 * A console link is good for fifteen minutes (IAM User Guide, "Enabling custom identity broker
 * access to the AWS console").
 */
const CONSOLE_LINK_SECONDS = 15 * MINUTE;

/**
 * The longest destination with every character escaped (`\u00e9`), and more, so that a longer one
 * is refused by its own code.
 */
const LINK_BODY_BYTES = 12 * MAX_DESTINATION;

// ---------------------------------------------------------------- operations

export const CREDENTIALS_API: readonly Route<CredentialsApiParts>[] = [
  operation({
    method: 'get',
    path: '/whoami',
    id: 'whoAmI',
    summary: 'Who is signed in',
    description:
      'The user, how they signed in, and their sessions in terminals and applications, newest first. An application is told of its own session alone.',
    who: 'login or application token',
    output: {
      description: 'The user and their sessions',
      schema: z.object({
        person: z.object({
          id: z
            .string()
            .describe(
              'Stable and opaque; part of every role session name, so CloudTrail leads to it',
            ),
          username: z.string(),
          display_name: z.string().nullable(),
          email: z.string().nullable(),
          connector: z.string(),
          connector_label: z.string(),
        }),
        authentication: z.object({
          at: Moment.nullable().describe('null when the identity provider did not say'),
          methods: z.array(z.string()),
          multi_factor: z.boolean(),
        }),
        session: SessionShape,
        sessions: z.array(SessionShape),
      }),
    },
    errors: [],
    handle: async (_input, caller, parts: CredentialsApiParts) => {
      const { signIn, mySessions, containerAccess } = parts;
      const { session } = caller;
      const { identity } = caller.subject;
      const { authentication } = identity;
      const all = await mySessions.list(caller);
      const isOwn = ({ publicId }: CliSessionSummary) => publicId === session.summary.publicId;
      const sessions = caller.application === undefined ? all : all.filter(isOwn);
      const tokens = await containerAccess.list(sessions);
      const shape = (summary: CliSessionSummary) =>
        sessionShape(summary, session.summary.publicId, tokens);
      return {
        person: {
          id: identity.person,
          username: identity.username,
          display_name: identity.displayName ?? null,
          email: identity.email ?? null,
          connector: identity.connector,
          connector_label: labelOf(identity.connector, signIn),
        },
        authentication: {
          at: authentication.at === undefined ? null : iso(authentication.at),
          methods: [...authentication.methods],
          multi_factor: authentication.multiFactor,
        },
        session: shape(session.summary),
        sessions: sessions.map(shape),
      };
    },
  }),

  operation({
    method: 'get',
    path: '/roles',
    id: 'listRoles',
    summary: 'List the roles of the user',
    description:
      'Sorted by account name and role. A role with unmet requirements, or that this login must not use, has `usable: false` and the reasons. `request_url` leads to an approval. An application is told only of the roles on its list.',
    who: 'login or application token',
    output: {
      description: 'The roles',
      schema: z.object({
        roles: z.array(RoleShape),
      }),
    },
    errors: [],
    compress: quickly,
    handle: async (_input, caller, { access, baseUrl }: CredentialsApiParts) => {
      const { granted, withheld, outOfScope } = await access.rolesFor(caller);
      const beyond = `${ERRORS.role_not_for_device_login.title}. ${ERRORS.role_not_for_device_login.hint}`;
      const rows = [
        ...granted.map(entitlement =>
          roleShape(entitlement, { missing: [], requestUrl: extensionUrl(entitlement, baseUrl) }),
        ),
        ...withheld.map(({ entitlement, missing }) =>
          roleShape(entitlement, {
            missing: missing.map(unmet => explainRequirement(unmet)),
            requestUrl: requestUrl({ entitlement, missing }, baseUrl),
          }),
        ),
        ...outOfScope.map(entitlement =>
          roleShape(entitlement, { missing: [beyond], requestUrl: undefined }),
        ),
      ];
      return {
        roles: rows.sort(
          (a, b) => compareTexts(a.account.name, b.account.name) || compareTexts(a.role, b.role),
        ),
      };
    },
  }),

  operation({
    method: 'post',
    path: '/credentials',
    id: 'getCredentials',
    summary: 'Temporary credentials for one role',
    description:
      'Requests them from AWS STS and records that they were issued. The response contains secrets: keep it out of logs.',
    who: 'login or application token',
    reads: { json: AskedSession },
    output: {
      description: 'Credentials',
      schema: CredentialsShape.extend({
        elevation: ElevationReference.nullable().describe(
          'The approval by which the user has the role; null where none is required',
        ),
      }),
    },
    errors: [...HANDOUT_ERRORS, 'duration_refused'],
    handle: async (input, caller, { access }: CredentialsApiParts) => {
      const asked = { ...input, seconds: input.duration_seconds };
      const { entitlement, assumed } = await access.credentialsFor(caller, asked);
      return {
        ...credentialsShape(entitlement, assumed),
        elevation:
          entitlement.elevation === undefined ? null : elevationReference(entitlement.elevation),
      };
    },
  }),

  operation({
    method: 'post',
    path: '/console-link',
    id: 'getConsoleLink',
    summary: 'A link into the AWS console',
    description: 'Anyone who opens the link within fifteen minutes acts as the user in that role.',
    who: 'login token',
    reads: {
      json: AskedSession.extend({
        // A longer one is refused by its own code, with its length.
        destination: z.string().min(1).optional().meta({
          description: 'A console address of the same partition',
          maxLength: MAX_DESTINATION,
        }),
      }),
      maxBytes: LINK_BODY_BYTES,
    },
    output: {
      description: 'The link, a secret',
      schema: z.object({
        account: AccountShape,
        role: z.string(),
        url: z.string(),
        destination: z.string(),
        expires_at: Moment.describe('Until when the link can be opened'),
        duration_seconds: z.int().describe('Length of the credentials of the link'),
        console_seconds: z
          .int()
          .nullable()
          .describe('Length of the console session; null when it ends with the credentials'),
      }),
    },
    errors: [...HANDOUT_ERRORS, 'destination_refused', 'duration_refused'],
    handle: async (input, caller, { access, clock }: CredentialsApiParts) => {
      const asked = { ...input, seconds: input.duration_seconds };
      const { entitlement, assumed, link } = await access.consoleLinkFor(caller, asked);
      return {
        account: accountShape(entitlement.account),
        role: entitlement.role,
        url: link.url,
        destination: link.destination,
        expires_at: iso(clock.now() + CONSOLE_LINK_SECONDS * 1000),
        duration_seconds: assumed.durationSeconds,
        console_seconds: link.consoleSeconds ?? null,
      };
    },
  }),

  operation({
    method: 'get',
    path: '/explain',
    id: 'explainRole',
    summary: 'Explain why the user has or does not have a role',
    description:
      'The decision of the access policy, rule by rule. It names groups that rules name, and no membership except the caller’s own.',
    who: 'login or application token',
    reads: { query: AskedRole },
    output: {
      description: 'The decision',
      schema: z.object({
        account: z.string(),
        role: z.string(),
        outcome: z.enum(['granted', 'refused']),
        steps: z.array(StepShape),
        next_step: z.string().nullable().describe('What the user can do about a denial'),
      }),
    },
    errors: [],
    handle: async (input, caller, { access }: CredentialsApiParts) => {
      const { trace, nextStep } = await access.explain(caller, input);
      const { account, role, outcome, steps } = trace;
      return { account, role, outcome, steps: steps.map(stepOf), next_step: nextStep ?? null };
    },
  }),

  ...CONTAINER_API,

  operation({
    method: 'delete',
    path: '/sessions/{id}',
    id: 'endSession',
    summary: 'End one session in a terminal',
    description:
      'Its tokens end with it, including container tokens. Credentials that AWS has already issued stay valid until they expire.',
    who: 'login token',
    reads: {
      path: z.object({ id: text(64).min(1).describe('The id of one of the user’s sessions') }),
    },
    errors: ['not_found'],
    handle: async ({ id }, caller, { mySessions }: CredentialsApiParts) => {
      const isEnded = await mySessions.end(caller, id);
      if (!isEnded)
        throw new BridgeError('not_found', 'the user has no CLI session of that id', {
          hint: SESSION_GONE,
        });
    },
  }),

  operation({
    method: 'delete',
    path: '/sessions',
    id: 'signOutEverywhere',
    summary: 'Sign out everywhere',
    description: 'Ends every session of the user, in terminals and browsers, including this one.',
    who: 'login token',
    errors: [],
    handle: async (_input, caller, { mySessions }: CredentialsApiParts) => {
      await mySessions.endAll(caller);
    },
  }),
];

/** Where the approval comes from that a withheld role requires. */
function requestUrl(
  { entitlement: { account, role }, missing }: Withheld,
  baseUrl: string,
): string | undefined {
  const unmet = missing.find(({ requirement }) => requirement === 'approval');
  if (unmet?.requirement !== 'approval') return undefined;
  return `${baseUrl}${neededPath(neededFor(unmet, { account: account.name, role }))}`;
}

function extensionUrl(
  { account, role, elevation }: Entitlement,
  baseUrl: string,
): string | undefined {
  if (elevation === undefined) return undefined;
  return `${baseUrl}${requestPath({ account: account.name, role })}`;
}

function labelOf(connector: ConnectorId, { connectors }: Pick<SignIn, 'connectors'>): string {
  return connectors.find(({ id }) => id === connector)?.label ?? connector;
}

const SESSION_GONE =
  'Unknown session: it has ended, or it is not yours. GET /api/v1/whoami lists your sessions.';
