/**
 * Who signed a request, as policies see the caller: names, condition keys and the caller's own
 * policies.
 */
import type { Account } from './accounts.ts';
import type { IamUser } from './iam-users.ts';
import { documentOf, policiesOf } from './permissions.ts';
import type { IdentityPolicy } from './policy-document.ts';
import type { RequestContext } from './request-context.ts';
import type { RoleSession, UserSession } from './sessions.ts';
import { evaluateIdentity, type IdentityDecision } from './trust-policy.ts';
import type { World } from './world.ts';

export type Signer =
  | { readonly kind: 'role'; readonly session: RoleSession }
  /** Without a session the request was signed with a long-term key. */
  | { readonly kind: 'user'; readonly user: IamUser; readonly session: UserSession | undefined };

export interface Principal {
  readonly account: Account;
  /** The ARN that GetCallerIdentity tells. */
  readonly arn: string;
  /** The role's ARN with its path, or the user's. */
  readonly principalArn: string;
  /** `AIDA...`, or `AROA...:name` */
  readonly userId: string;
}

export function principalOf(signer: Signer): Principal {
  if (signer.kind === 'role') {
    const { role, arn, userId } = signer.session;
    return { account: role.account, arn, principalArn: role.arn, userId };
  }
  const { account, arn, uniqueId } = signer.user;
  return { account, arn, principalArn: arn, userId: uniqueId };
}

/**
 * Adds the condition keys of the caller (IAM User Guide, "AWS global condition context keys").
 * `mfaAt` is when the caller passed MFA in this very call, in epoch milliseconds.
 */
export function addPrincipalKeys(
  context: RequestContext,
  signer: Signer,
  { now, mfaAt }: { readonly now: number; readonly mfaAt?: number | undefined },
): RequestContext {
  const { account, principalArn, userId } = principalOf(signer);
  context
    .set('aws:PrincipalArn', principalArn)
    .set('aws:PrincipalAccount', account.id)
    .set('aws:userid', userId)
    .set(
      'aws:TokenIssueTime',
      signer.session === undefined ? undefined : new Date(signer.session.issuedAt).toISOString(),
    );
  addMfaKeys(context, signer, { now, mfaAt });
  if (signer.kind === 'user') {
    addTags(context, signer.user.tags);
    return context.set('aws:username', signer.user.name).set('aws:PrincipalType', 'User');
  }
  const { session } = signer;
  // Session tags override the role's tags of the same key, in any case.
  addTags(context, session.role.tags);
  for (const { key, value } of session.tags.tags) context.set(`aws:PrincipalTag/${key}`, value);
  for (const [key, value] of Object.entries(session.contextKeys)) context.set(key, value);
  return context
    .set('aws:PrincipalType', 'AssumedRole')
    .set('aws:SourceIdentity', session.sourceIdentity)
    .set('aws:FederatedProvider', session.federatedProvider);
}

/**
 * Long-term keys have no MFA keys at all. Sessions of AssumeRole never carry MFA on: it counts for
 * the trust policy only.
 */
function addMfaKeys(
  context: RequestContext,
  signer: Signer,
  { now, mfaAt }: { readonly now: number; readonly mfaAt: number | undefined },
): void {
  const passedAt = mfaAt ?? (signer.kind === 'user' ? signer.session?.mfaAt : undefined);
  if (passedAt !== undefined)
    context
      .set('aws:MultiFactorAuthPresent', 'true')
      .set('aws:MultiFactorAuthAge', String(Math.floor((now - passedAt) / 1000)));
  else if (signer.session !== undefined) context.set('aws:MultiFactorAuthPresent', 'false');
}

function addTags(context: RequestContext, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) context.set(`aws:PrincipalTag/${key}`, value);
}

/** `by` is the kind of policy that decided. */
export type CallerDecision = IdentityDecision & {
  readonly by: 'identity-based policy' | 'permissions boundary' | 'session policy';
};

/**
 * What the caller's own policies say: the user's, or the role's as they are now, its boundary and
 * every session policy as well.
 */
export function evaluateCaller(
  { signer, world }: { readonly signer: Signer; readonly world: World },
  attempt: { readonly action: string; readonly resource: string },
  context: RequestContext,
): CallerDecision {
  const identity = (policies: readonly IdentityPolicy[]): CallerDecision => ({
    ...evaluateIdentity(policies, attempt, context),
    by: 'identity-based policy',
  });
  if (signer.kind === 'user') return identity(policiesOf(signer.user, world));
  const { sessionPolicies, roleArn } = signer.session;
  const role = world.roles.get(roleArn);
  const boundary = role?.permissionsBoundary;
  const limits = [
    { by: 'session policy', policies: sessionPolicies },
    {
      by: 'permissions boundary',
      policies: boundary === undefined ? undefined : policiesAt(boundary, world),
    },
  ] as const;
  for (const { by, policies } of limits) {
    if (policies === undefined) continue;
    const narrowed = evaluateIdentity(policies, attempt, context);
    if (!narrowed.allowed) return { ...narrowed, by, reason: `${narrowed.reason} (${by})` };
  }
  return identity(role === undefined ? [] : policiesOf(role, world));
}

/** Of one managed policy; a policy whose content is not known here allows nothing. */
function policiesAt(arn: string, world: World): readonly IdentityPolicy[] {
  const document = documentOf(arn, world);
  return document === undefined ? [] : [document];
}
