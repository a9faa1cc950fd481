/** The shapes that operations of the bearer API share, and how our values become them. */
import * as z from 'zod';
import type { Entitlement } from '../core/access-rule.ts';
import { ENVIRONMENTS } from '../core/account-details.ts';
import type { AssumedRole } from '../core/assumed-role.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { shownName } from '../core/oauth-client.ts';
import { type Account, isOfAws } from '../core/role.ts';
import { attainableSeconds } from '../core/session.ts';
import type { Instant } from '../core/time.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import type { ActiveElevation } from '../core/unmet-approval.ts';

export const Moment = z.iso.datetime().describe('ISO 8601, UTC');
export const AccountShape = z
  .object({
    id: z.string().describe('Twelve digits'),
    name: z.string(),
    partition: z.string(),
    region: z.string(),
    via: z.string().nullable().describe('The hub role that leads there, as account/role'),
    sts_endpoint: z
      .string()
      .nullable()
      .describe('Its own STS; such an account has no AWS console. null for an AWS account'),
    environment: z.enum(ENVIRONMENTS).nullable().describe('What it is for, if configured'),
    description: z.string().nullable(),
    owner: z.string().nullable().describe('The team or user to ask about it'),
    link: z.string().nullable().describe('A page about it: https, or http on loopback'),
    folder: z
      .array(z.string())
      .describe('The organizational units above it, the outermost first; empty for none'),
  })
  .meta({ id: 'Account' });
export const ElevationReference = z
  .object({ id: z.string(), ends_at: Moment })
  .meta({ id: 'ElevationReference' });
export const RoleShape = z.object({
  account: AccountShape,
  role: z.string(),
  arn: z.string(),
  duration_seconds: z.int().describe('Length of credentials, if the role itself allows it'),
  console_seconds: z
    .int()
    .nullable()
    .describe('Length of console sessions; null when they follow the credentials'),
  rule: z.string().describe('The access rule that gives it'),
  group: z.string().describe('The user’s group that the rule names'),
  usable: z.boolean(),
  missing: z.array(z.string()).describe('One sentence for each reason'),
  elevation: ElevationReference.nullable().describe(
    'The approval by which the user has it; credentials end with it',
  ),
  request_url: z
    .string()
    .nullable()
    .describe('Where it, or an extension, can be requested; null where no approval gives it'),
});
/** Credentials of one role, for any caller. */
export const CredentialsShape = z.object({
  account: AccountShape,
  role: z.string(),
  assumed_role_arn: z.string(),
  access_key_id: z.string(),
  secret_access_key: z.string(),
  session_token: z.string(),
  expires_at: Moment,
  duration_seconds: z.int(),
  reduced_from_seconds: z
    .int()
    .nullable()
    .describe('The length that was requested, where AWS allowed less'),
  packed_policy_percent: z
    .int()
    .nullable()
    .describe(
      'How much of the space for session policies and tags is used, in percent; null when AWS does not say',
    ),
  tags_left_out: z
    .array(z.string())
    .describe(
      'Optional session tags that the session lacks: without a value that AWS accepts, or because it was too large with them',
    ),
});
export const ContainerTokenShape = z
  .object({
    id: z.string().describe('Names the token; gives access to nothing'),
    session: z.string().describe('The id of the session that it ends with'),
    account: z.object({ id: z.string(), name: z.string() }),
    role: z.string(),
    address: z.string().describe('Where it was made from'),
    created_at: Moment,
    last_used_at: Moment.nullable(),
    last_used_address: z.string().nullable(),
    expires_at: Moment,
  })
  .meta({ id: 'ContainerToken' });
export const SessionShape = z
  .object({
    id: z.string().describe('Names the session; gives access to nothing'),
    current: z.boolean().describe('Whether it is the one of this request'),
    client: z.object({
      id: z.string(),
      name: z.string(),
      application: z
        .enum(['spa', 'mobile'])
        .nullable()
        .describe('The kind of an application; null for a terminal'),
    }),
    device_name: z.string().nullable().describe('As the terminal called itself'),
    grant: z.enum(['device_code', 'authorization_code']),
    address: z.string().describe('Where the login was asked for'),
    created_at: Moment,
    last_used_at: Moment.nullable().describe('null while it waits for its terminal'),
    last_used_address: z.string().nullable(),
    expires_at: Moment,
    container_tokens: z
      .array(ContainerTokenShape)
      .describe('Tokens for containers that end with it, the newest first'),
  })
  .meta({ id: 'CliSession' });
export const StepShape = z
  .object({
    rule: z.string(),
    outcome: z.enum(['grants', 'proof-missing', 'group-missing', 'connector-mismatch']),
    sentence: z.string().describe('For users'),
  })
  .meta({ id: 'DecisionStep' });

export function accountShape({
  id,
  name,
  partition,
  region,
  trust,
  stsEndpoint,
  details = {},
}: Account): z.output<typeof AccountShape> {
  const { environment, description, owner, link, folder } = details;
  return {
    id,
    name,
    partition,
    region,
    via: trust.by === 'hub' ? `${trust.hub.name}/${trust.role}` : null,
    sts_endpoint: stsEndpoint ?? null,
    environment: environment ?? null,
    description: description ?? null,
    owner: owner ?? null,
    link: link ?? null,
    folder: [...(folder ?? [])],
  };
}

/** Why a role cannot be used, and where it can be requested. */
export interface RoleStanding {
  /** One sentence for each reason; empty for a role that can be used. */
  readonly missing: readonly string[];
  readonly requestUrl: string | undefined;
}

export function roleShape(
  { account, role, arn, rule, group, elevation }: Entitlement,
  { missing, requestUrl }: RoleStanding,
): z.output<typeof RoleShape> {
  const { durationSeconds, consoleSeconds } = rule.session;
  return {
    account: accountShape(account),
    role,
    arn,
    duration_seconds: attainableSeconds(account, durationSeconds),
    // The console takes no length of its own for chained credentials.
    console_seconds:
      account.trust.by === 'hub' || !isOfAws(account) ? null : (consoleSeconds ?? null),
    rule: rule.name,
    group,
    usable: missing.length === 0,
    missing: [...missing],
    elevation: elevation === undefined ? null : elevationReference(elevation),
    request_url: requestUrl ?? null,
  };
}

export function credentialsShape(
  { account, role }: Pick<Entitlement, 'account' | 'role'>,
  assumed: AssumedRole,
): z.output<typeof CredentialsShape> {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = assumed.credentials;
  return {
    account: accountShape(account),
    role,
    assumed_role_arn: assumed.assumedRoleArn,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
    expires_at: iso(expiresAt),
    duration_seconds: assumed.durationSeconds,
    reduced_from_seconds: assumed.reducedFrom ?? null,
    packed_policy_percent: assumed.packedPolicyPercent ?? null,
    tags_left_out: [...assumed.tagsLeftOut],
  };
}

/** The approval by which a role is granted. */
export function elevationReference({
  id,
  endsAt,
}: ActiveElevation): z.output<typeof ElevationReference> {
  return { id, ends_at: iso(endsAt) };
}

export function containerTokenShape(
  summary: ContainerTokenSummary,
): z.output<typeof ContainerTokenShape> {
  const {
    publicId,
    cliSession,
    account,
    accountName,
    role,
    address,
    createdAt,
    lastUsedAt,
    lastUsedAddress,
    expiresAt,
  } = summary;
  return {
    id: publicId,
    session: cliSession,
    account: { id: account, name: accountName },
    role,
    address,
    created_at: iso(createdAt),
    last_used_at: lastUsedAt === undefined ? null : iso(lastUsedAt),
    last_used_address: lastUsedAddress ?? null,
    expires_at: iso(expiresAt),
  };
}

/** `current` is the public id of the session that asks; `tokens` are those of all sessions. */
export function sessionShape(
  summary: CliSessionSummary,
  current: string,
  tokens: readonly ContainerTokenSummary[],
): z.output<typeof SessionShape> {
  const {
    publicId,
    client,
    deviceName,
    grant,
    address,
    createdAt,
    lastUsedAt,
    lastUsedAddress,
    expiresAt,
  } = summary;
  return {
    id: publicId,
    current: publicId === current,
    client: { id: client.id, name: shownName(client), application: client.kind ?? null },
    device_name: deviceName ?? null,
    grant,
    address,
    created_at: iso(createdAt),
    last_used_at: lastUsedAt === undefined ? null : iso(lastUsedAt),
    last_used_address: lastUsedAddress ?? null,
    expires_at: iso(expiresAt),
    container_tokens: tokens
      .filter(({ cliSession }) => cliSession === publicId)
      .map(containerTokenShape),
  };
}

/**
 * Whole seconds, rounded down: older SDKs read no fractions, and no client relies on a moment too
 * many.
 */
export function iso(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, -'.000Z'.length)}Z`;
}
