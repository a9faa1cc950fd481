/** AssumeRole (STS API reference): the hop from a user or a role session to a role. */
import type { RequestContext } from './conditions.ts';
import {
  actionsFor,
  checkDuration,
  contextOf,
  findRole,
  openSession,
  type RoleRequest,
  type Sts,
} from './role-sessions.ts';
import {
  conflictingKey,
  inheritedTags,
  NO_TAGS,
  type SessionTags,
  tagFault,
} from './session-tags.ts';
import type { RoleSession } from './sessions.ts';
import type { Input } from './shapes.ts';
import type { Signer } from './sigv4.ts';
import { StsError } from './sts-error.ts';
import { type Caller, evaluateIdentity, evaluateTrust, type RoleAction } from './trust-policy.ts';
import type { Role, World } from './world.ts';
import type { XmlTree } from './xml-writer.ts';

export function assumeRole(
  sts: Sts,
  input: Input<'AssumeRole'>,
  signer: Signer,
  sourceIp: string,
): XmlTree {
  const from = signer.kind === 'session' ? signer.session : undefined;
  const role = findRole(sts.world, input.RoleArn);
  checkDuration(role, input.DurationSeconds, from !== undefined);
  refuseMfa(input);
  const requested = requestedTags(input);
  const inherited = inheritedTags(from?.tags ?? NO_TAGS);
  const request: RoleRequest = {
    roleSessionName: input.RoleSessionName,
    tags: requested,
    sourceIdentity: input.SourceIdentity ?? from?.sourceIdentity,
    durationSeconds: input.DurationSeconds,
    sourceIp,
  };
  authorizeCall(role, { sts, input, signer, request, inherited });
  refuseConflicts(input, from, conflictingKey(requested, inherited));
  const { members } = openSession(sts, role, {
    ...request,
    tags: {
      tags: [...inherited, ...requested.tags],
      transitiveKeys: [...inherited.map(tag => tag.key), ...requested.transitiveKeys],
    },
    chained: from !== undefined,
    federatedProvider: from?.federatedProvider,
    contextKeys: {},
    policies: input,
  });
  return members;
}

interface Call {
  readonly sts: Sts;
  readonly input: Input<'AssumeRole'>;
  readonly signer: Signer;
  readonly request: RoleRequest;
  readonly inherited: SessionTags['tags'];
}

function authorizeCall(
  role: Role | undefined,
  { sts, input, signer, request, inherited }: Call,
): asserts role is Role {
  const caller = callerOf(signer);
  const context = callerContext(contextOf(request, sts.now()), signer).set(
    'sts:ExternalId',
    input.ExternalId,
  );
  const needs = {
    tags: request.tags.tags.length > 0 || inherited.length > 0,
    sourceIdentity: request.sourceIdentity !== undefined,
  };
  const resource = input.RoleArn;
  for (const action of actionsFor('sts:AssumeRole', needs))
    authorize(role, { action, caller, signer, resource, world: sts.world }, context);
}

function refuseConflicts(
  { SourceIdentity: wanted }: Input<'AssumeRole'>,
  from: RoleSession | undefined,
  conflict: string | undefined,
): void {
  if (conflict !== undefined)
    throw new StsError(
      'ValidationError',
      `The session tag ${conflict} conflicts with a transitive tag of the calling session.`,
    );
  const inherited = from?.sourceIdentity;
  if (inherited !== undefined && wanted !== undefined && wanted !== inherited)
    throw new StsError(
      'ValidationError',
      'The source identity is already set for this assume role session',
    );
}

function refuseMfa(input: Input<'AssumeRole'>): void {
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) {
    // There are no MFA devices here. The blank at the end is in the original.
    throw new StsError(
      'AccessDenied',
      'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
      'SerialNumber or TokenCode was sent',
    );
  }
}

function requestedTags(input: Input<'AssumeRole'>): SessionTags {
  const tags: SessionTags = {
    tags: input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    transitiveKeys: input.TransitiveTagKeys.map(member => member['']),
  };
  const fault = tagFault(tags);
  if (fault !== undefined)
    throw new StsError('ValidationError', `The session tags are not valid: ${fault}`);
  return tags;
}

function callerOf(signer: Signer): Caller & { kind: 'aws' } {
  if (signer.kind === 'user') {
    return {
      kind: 'aws',
      account: signer.user.account.id,
      principalArn: signer.user.arn,
      arn: signer.user.arn,
    };
  }
  const { role, arn } = signer.session;
  return { kind: 'aws', account: role.account.id, principalArn: role.arn, arn };
}

function callerContext(context: RequestContext, signer: Signer): RequestContext {
  const caller = callerOf(signer);
  context.set('aws:PrincipalArn', caller.principalArn).set('aws:PrincipalAccount', caller.account);
  if (signer.kind === 'user')
    return context
      .set('aws:username', signer.user.name)
      .set('aws:userid', signer.user.uniqueId)
      .set('aws:PrincipalType', 'User');
  const { session } = signer;
  context
    .set('aws:PrincipalType', 'AssumedRole')
    .set('aws:userid', session.userId)
    .set('aws:SourceIdentity', session.sourceIdentity)
    .set('aws:FederatedProvider', session.federatedProvider)
    .set('aws:TokenIssueTime', new Date(session.issuedAt).toISOString());
  // Session tags override the role's tags of the same key, in any case.
  for (const [key, value] of Object.entries(session.role.tags))
    context.set(`aws:PrincipalTag/${key}`, value);
  for (const { key, value } of session.tags.tags) context.set(`aws:PrincipalTag/${key}`, value);
  for (const [key, value] of Object.entries(session.contextKeys)) context.set(key, value);
  return context;
}

interface Attempt {
  readonly action: RoleAction;
  readonly caller: Caller & { kind: 'aws' };
  readonly signer: Signer;
  readonly resource: string;
  readonly world: World;
}

/**
 * In one account, a trust policy that names the caller is enough; one that names the account leaves
 * it to the caller's policies. Between accounts both must allow (IAM User Guide, "Cross-account
 * policy evaluation logic").
 */
function authorize(role: Role | undefined, attempt: Attempt, context: RequestContext): void {
  const { action, caller, signer, resource } = attempt;
  const denied = (reason: string): StsError =>
    new StsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`,
      reason,
    );
  if (role === undefined) throw denied('unknown role');
  if (
    role.account.partition.name !==
    (signer.kind === 'user' ? signer.user : signer.session.role).account.partition.name
  ) {
    throw denied('the role is in another partition');
  }
  const trust = evaluateTrust(role.trustPolicy, action, caller, context);
  if (trust.allowed === false) throw denied(trust.reason);
  const own = evaluateCaller(attempt, context);
  const trustSuffices = trust.allowed === 'principal' && caller.account === role.account.id;
  if (!own.allowed && (own.explicit || !trustSuffices)) throw denied(own.reason);
}

/** The role's permissions as they are now, and every session policy must allow as well. */
function evaluateCaller(
  { signer, action, resource, world }: Attempt,
  context: RequestContext,
): ReturnType<typeof evaluateIdentity> {
  if (signer.kind === 'user')
    return evaluateIdentity(signer.user.permissions, { action, resource }, context);
  const { session } = signer;
  if (session.sessionPolicies !== undefined) {
    const narrowed = evaluateIdentity(session.sessionPolicies, { action, resource }, context);
    if (!narrowed.allowed)
      return { ...narrowed, explicit: true, reason: `${narrowed.reason} (session policy)` };
  }
  return evaluateIdentity(
    world.roles.get(session.roleArn)?.permissions ?? [],
    { action, resource },
    context,
  );
}
