/** AssumeRole (STS API reference): the hop from a user or a role session to a role. */

import { addPrincipalKeys, evaluateCaller, principalOf, type Signer } from './principal.ts';
import type { RequestContext } from './request-context.ts';
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
import { StsError } from './sts-error.ts';
import { evaluateTrust, type RoleAction } from './trust-policy.ts';
import type { Role, World } from './world.ts';
import type { XmlTree } from './xml-writer.ts';

export function assumeRole(
  sts: Sts,
  input: Input<'AssumeRole'>,
  signer: Signer,
  sourceIp: string,
): XmlTree {
  const from = signer.kind === 'role' ? signer.session : undefined;
  const role = findRole(sts.world, input.RoleArn);
  // What a user's session assumes is no role chaining.
  checkDuration(role, input.DurationSeconds, from !== undefined);
  const mfaAt = sts.mfa.verify(signer.kind === 'user' ? signer.user : undefined, input);
  const requested = requestedTags(input);
  const inherited = inheritedTags(from?.tags ?? NO_TAGS);
  const request: RoleRequest = {
    roleSessionName: input.RoleSessionName,
    tags: requested,
    sourceIdentity: input.SourceIdentity ?? from?.sourceIdentity,
    durationSeconds: input.DurationSeconds,
    sourceIp,
  };
  authorizeCall(role, { sts, input, signer, request, inherited, mfaAt });
  refuseConflicts(input, from, conflictingKey(requested, inherited));
  const { members } = openSession(sts, role, {
    ...request,
    tags: {
      tags: [...inherited, ...requested.tags],
      transitiveKeys: [...inherited.map(tag => tag.key), ...requested.transitiveKeys],
    },
    chained: signer.session !== undefined,
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
  readonly mfaAt: number | undefined;
}

function authorizeCall(
  role: Role | undefined,
  { sts, input, signer, request, inherited, mfaAt }: Call,
): asserts role is Role {
  const now = sts.now();
  const context = addPrincipalKeys(contextOf(request, now), signer, { now, mfaAt }).set(
    'sts:ExternalId',
    input.ExternalId,
  );
  const needs = {
    tags: request.tags.tags.length > 0 || inherited.length > 0,
    sourceIdentity: request.sourceIdentity !== undefined,
  };
  const resource = input.RoleArn;
  for (const action of actionsFor('sts:AssumeRole', needs))
    authorize(role, { action, signer, resource, world: sts.world }, context);
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

interface Attempt {
  readonly action: RoleAction;
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
  const { action, signer, resource } = attempt;
  const caller = principalOf(signer);
  const denied = (reason: string): StsError =>
    new StsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`,
      reason,
    );
  if (role === undefined) throw denied('unknown role');
  if (role.account.partition.name !== caller.account.partition.name)
    throw denied('the role is in another partition');
  const { principalArn, arn, account } = caller;
  const trust = evaluateTrust(
    role.trustPolicy,
    action,
    { kind: 'aws', account: account.id, principalArn, arn },
    context,
  );
  if (trust.allowed === false) throw denied(trust.reason);
  const own = evaluateCaller(attempt, attempt, context);
  const trustSuffices = trust.allowed === 'principal' && account.id === role.account.id;
  const isFinal = !own.allowed && (own.explicit || own.by !== 'identity-based policy');
  if (!own.allowed && (isFinal || !trustSuffices)) throw denied(own.reason);
}
