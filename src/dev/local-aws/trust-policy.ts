/**
 * Who may do what to a role: trust policies, and identity policies for the hop from one role to
 * another (IAM User Guide, "Policy evaluation logic"). An answer carries the reason, which only the
 * local log sees.
 */
import { evaluateConditions } from './conditions.ts';
import { parseArn } from './identifiers.ts';
import {
  coversAction,
  type IdentityPolicy,
  type IdentityStatement,
  type PolicyVersion,
  type TrustPolicy,
  type TrustStatement,
} from './policy-document.ts';
import { resolveVariables } from './policy-variables.ts';
import type { RequestContext } from './request-context.ts';
import { matchesWildcard } from './wildcard.ts';

/**
 * The permission that every federation call needs, and the two that tags and source identity add.
 */
export type RoleAction =
  | 'sts:AssumeRole'
  | 'sts:AssumeRoleWithSAML'
  | 'sts:AssumeRoleWithWebIdentity'
  | 'sts:TagSession'
  | 'sts:SetSourceIdentity';

/** The caller that asks for a role. */
export type Caller =
  | { readonly kind: 'federated'; readonly provider: string }
  | {
      readonly kind: 'aws';
      readonly account: string;
      /** The role's ARN with its path, or the user's. */
      readonly principalArn: string;
      /** The ARN that GetCallerIdentity tells. */
      readonly arn: string;
    };

/** `account`: the trust policy names the account only, so that the caller's own policies decide. */
export type TrustDecision =
  | { readonly allowed: 'principal' | 'account' }
  | { readonly allowed: false; readonly reason: string };

/** Whether the trust policy lets the caller perform the action on its role. */
export function evaluateTrust(
  policy: TrustPolicy,
  action: RoleAction,
  caller: Caller,
  context: RequestContext,
): TrustDecision {
  let best: 'principal' | 'account' | undefined;
  const unmet: string[] = [];
  for (const [index, statement] of policy.Statement.entries()) {
    const label = statement.Sid ?? `statement ${index + 1}`;
    if (!coversAction(statement.Action, action)) continue;
    const match = principalMatch(statement, caller);
    if (match === undefined) {
      unmet.push(`${label}: another principal`);
      continue;
    }
    const outcome = applies(statement, context, policy.Version);
    if (outcome.applies && statement.Effect === 'Deny')
      return { allowed: false, reason: `${label} of the trust policy denies ${action}` };
    if (outcome.applies) best = best === 'principal' ? best : match;
    else unmet.push(`${label}: ${outcome.because}`);
  }
  if (best !== undefined) return { allowed: best };
  const detail = unmet.length > 0 ? unmet.join('; ') : 'no statement names this action';
  return { allowed: false, reason: `the trust policy does not allow ${action} (${detail})` };
}

function principalMatch(
  { Effect, Principal }: TrustStatement,
  caller: Caller,
): 'principal' | 'account' | undefined {
  if (caller.kind === 'federated') {
    const { Federated = [], AWS = [] } = Principal;
    // Everybody can be denied in one word. Whether a star also lets federated people in is not
    // documented: here it does not.
    const everybody = Effect === 'Deny' && (Federated.includes('*') || AWS.includes('*'));
    return everybody || Federated.includes(caller.provider) ? 'principal' : undefined;
  }
  let match: 'principal' | 'account' | undefined;
  for (const name of Principal.AWS ?? []) {
    if (name === '*' || name === caller.principalArn || name === caller.arn) return 'principal';
    if (name === caller.account || isRootOf(name, caller)) match = 'account';
  }
  return match;
}

function isRootOf(name: string, caller: Caller & { kind: 'aws' }): boolean {
  const root = parseArn(name);
  return (
    root?.service === 'iam' &&
    root.resource === 'root' &&
    root.account === caller.account &&
    root.partition === parseArn(caller.arn)?.partition
  );
}

export type IdentityDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly explicit: boolean; readonly reason: string };

/** Whether the caller's own policies allow the action on the resource. */
export function evaluateIdentity(
  policies: readonly IdentityPolicy[],
  { action, resource }: { readonly action: string; readonly resource: string },
  context: RequestContext,
): IdentityDecision {
  let allowed = false;
  const unmet: string[] = [];
  const statements = policies.flatMap(({ Statement, Version }) =>
    Statement.map(statement => ({ ...statement, Version })),
  );
  for (const { Version, ...statement } of statements) {
    if (
      !coversAction(statement.Action, action) ||
      !coversResource(statement, resource, { context, version: Version })
    )
      continue;
    const outcome = applies(statement, context, Version);
    if (outcome.applies && statement.Effect === 'Deny') {
      return {
        allowed: false,
        explicit: true,
        reason: `${statement.Sid ?? 'a statement'} of the caller's policies denies ${action}`,
      };
    }
    if (outcome.applies) allowed = true;
    else unmet.push(outcome.because);
  }
  if (allowed) return { allowed };
  return {
    allowed: false,
    explicit: false,
    reason: [`the caller's policies do not allow ${action}`, ...unmet].join('; '),
  };
}

/** A resource whose variable has no value is covered by a Deny, and by no Allow. */
function coversResource(
  { Effect, Resource }: IdentityStatement,
  resource: string,
  { context, version }: { readonly context: RequestContext; readonly version: PolicyVersion },
): boolean {
  return Resource.some(value => {
    const resolved = resolveVariables(value, context, version);
    return resolved === undefined ? Effect === 'Deny' : matchesWildcard(resolved.pattern, resource);
  });
}

/** What cannot be decided does not allow, and does deny. */
function applies(
  { Effect, Condition }: Pick<IdentityStatement, 'Effect' | 'Condition'>,
  context: RequestContext,
  version: PolicyVersion,
): { readonly applies: true } | { readonly applies: false; readonly because: string } {
  const verdict = evaluateConditions(Condition, context, version);
  if ('undecidable' in verdict)
    return Effect === 'Deny' ? { applies: true } : { applies: false, because: verdict.undecidable };
  return verdict.met
    ? { applies: true }
    : { applies: false, because: verdict.because ?? 'a condition is not met' };
}
