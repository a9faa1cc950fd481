/**
 * What the three AssumeRole calls share: finding the role, the duration rules, the request's keys,
 * the answer.
 */

import type { ArmedFaults } from './faults.ts';
import { arns, parseArn } from './identifiers.ts';
import type { Mfa } from './mfa.ts';
import { type RequestContext, requestContext } from './request-context.ts';
import type { SamlMetadataSource } from './saml-metadata.ts';
import {
  packedSize,
  readSessionPolicies,
  type SessionPolicyRequest,
  tooLarge,
} from './session-policies.ts';
import type { SessionTags } from './session-tags.ts';
import {
  credentialsOf,
  endOf,
  type NewRoleSession,
  type RoleSession,
  type Sessions,
} from './sessions.ts';
import { StsError } from './sts-error.ts';
import { evaluateTrust, type RoleAction } from './trust-policy.ts';
import type { WebIdentityVerifier } from './web-identity.ts';
import type { Role, World } from './world.ts';
import type { XmlTree } from './xml-writer.ts';

const DEFAULT_SECONDS = 3600;
const CHAINED_SECONDS = 3600;

/** What the operations work on. */
export interface Sts {
  readonly world: World;
  readonly sessions: Sessions;
  readonly faults: ArmedFaults;
  readonly mfa: Mfa;
  readonly samlMetadata: SamlMetadataSource;
  readonly webIdentity: WebIdentityVerifier;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Undefined if the role does not exist, which STS does not reveal. Throws `StsError` when the text
 * is no ARN.
 */
export function findRole(world: World, arn: string): Role | undefined {
  requireArn(arn);
  return world.roles.get(arn);
}

export function requireArn(arn: string): void {
  if (parseArn(arn) === undefined) throw new StsError('ValidationError', `${arn} is invalid`);
}

/** Throws `StsError` ValidationError: role maximum first, then the hour of role chaining. */
export function checkDuration(
  role: Role | undefined,
  seconds: number | undefined,
  chained: boolean,
): void {
  if (seconds === undefined) return;
  if (role !== undefined && seconds > role.maxSessionDuration) {
    throw new StsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      `${role.arn} allows ${role.maxSessionDuration} s`,
    );
  }
  if (chained && seconds > CHAINED_SECONDS) {
    throw new StsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
}

export interface RoleRequest {
  readonly roleSessionName: string;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
  readonly durationSeconds: number | undefined;
  readonly sourceIp: string;
}

/** The condition keys that every AssumeRole call has. */
export function contextOf(request: RoleRequest, now: number): RequestContext {
  const { tags, transitiveKeys } = request.tags;
  const context = requestContext({ now, sourceIp: request.sourceIp })
    .set('sts:RoleSessionName', request.roleSessionName)
    .set('sts:SourceIdentity', request.sourceIdentity)
    .set(
      'sts:DurationSeconds',
      request.durationSeconds === undefined ? undefined : String(request.durationSeconds),
    )
    .set('sts:TransitiveTagKeys', transitiveKeys.length > 0 ? transitiveKeys : undefined)
    .set('aws:TagKeys', tags.length > 0 ? tags.map(tag => tag.key) : undefined);
  for (const { key, value } of tags) context.set(`aws:RequestTag/${key}`, value);
  return context;
}

/**
 * The permissions that the call needs on the role; tags and source identity need their own, also
 * when inherited.
 */
export function actionsFor(
  assume: RoleAction,
  needs: { readonly tags: boolean; readonly sourceIdentity: boolean },
): readonly RoleAction[] {
  return [
    assume,
    ...(needs.tags ? (['sts:TagSession'] as const) : []),
    ...(needs.sourceIdentity ? (['sts:SetSourceIdentity'] as const) : []),
  ];
}

/**
 * For the calls without signature. Throws `StsError` AccessDenied, which says nothing of the
 * reason.
 */
export function authorizeFederated(
  role: Role | undefined,
  {
    assume,
    provider,
    providerAccount,
    request,
  }: { assume: RoleAction; provider: string; providerAccount: string; request: RoleRequest },
  context: RequestContext,
): asserts role is Role {
  const denied = (reason: string): StsError =>
    new StsError('AccessDenied', `Not authorized to perform ${assume}`, reason);
  if (role === undefined) throw denied('unknown role');
  if (role.account.id !== providerAccount)
    throw denied('the role and the identity provider are in different accounts');
  const needs = {
    tags: request.tags.tags.length > 0,
    sourceIdentity: request.sourceIdentity !== undefined,
  };
  for (const action of actionsFor(assume, needs)) {
    const decision = evaluateTrust(
      role.trustPolicy,
      action,
      { kind: 'federated', provider },
      context,
    );
    if (decision.allowed === false) throw denied(decision.reason);
  }
}

export interface Granted
  extends Pick<
    NewRoleSession,
    'roleSessionName' | 'tags' | 'sourceIdentity' | 'chained' | 'federatedProvider' | 'contextKeys'
  > {
  readonly durationSeconds: number | undefined;
  /** Epoch milliseconds; the session ends no later. */
  readonly notAfter?: number | undefined;
  readonly policies: SessionPolicyRequest;
}

/** Packs, opens the session and gives the members that every answer has. Throws `StsError`. */
export function openSession(
  sts: Sts,
  role: Role,
  granted: Granted,
): { readonly session: RoleSession; readonly members: XmlTree } {
  const sessionPolicies = readSessionPolicies(granted.policies, role);
  if (sts.faults.strikes('sts', 'packedSize')) throw tooLarge('Packed policy', 112);
  const packed = packedSize(granted.policies, granted.tags);
  const issuedAt = sts.now();
  const end = Math.min(
    endOf(issuedAt, granted.durationSeconds ?? DEFAULT_SECONDS),
    granted.notAfter ?? Number.POSITIVE_INFINITY,
  );
  const { partition, id } = role.account;
  const session = sts.sessions.open({
    kind: 'role',
    role,
    roleArn: role.arn,
    roleSessionName: granted.roleSessionName,
    arn: arns.assumedRole(
      { partition: partition.name, account: id },
      role.name,
      granted.roleSessionName,
    ),
    userId: `${role.uniqueId}:${granted.roleSessionName}`,
    issuedAt,
    expiresAt: endOf(end, 0),
    tags: granted.tags,
    sourceIdentity: granted.sourceIdentity,
    chained: granted.chained,
    federatedProvider: granted.federatedProvider,
    contextKeys: granted.contextKeys,
    sessionPolicies,
  });
  const members: XmlTree = {
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    Credentials: credentialsOf(session),
    PackedPolicySize: packed,
    SourceIdentity: session.sourceIdentity,
  };
  return { session, members };
}

/** The shortest of the lengths that are set; undefined when none is. */
export function shortest(...seconds: readonly (number | undefined)[]): number | undefined {
  const set = seconds.filter(value => value !== undefined);
  return set.length > 0 ? Math.min(...set) : undefined;
}
