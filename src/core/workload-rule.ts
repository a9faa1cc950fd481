/** Rules for workloads: which of them they apply to, and what they grant. */
import { matchesClaimPattern } from './claim-pattern.ts';
import type { Requirements } from './requirements.ts';
import type { Account, AccountId, RoleArn, RoleName } from './role.ts';
import type { SessionSettings } from './session.ts';
import { type Claims, claimTexts, type WorkloadEntryId } from './workload.ts';

/** A claim that must have one of these values, or a value that one of the patterns covers. */
export interface ClaimCondition {
  readonly claim: string;
  readonly values: readonly string[];
  readonly patterns: readonly string[];
}

/** One rule of an entry: workloads whose claims meet every condition get the roles. */
export interface WorkloadRule {
  /** The rule's own name, or `workloads[0].access[1]`. */
  readonly name: string;
  readonly entry: WorkloadEntryId;
  /** At least one. */
  readonly conditions: readonly ClaimCondition[];
  /** Undefined means every account. */
  readonly accounts?: readonly AccountId[] | undefined;
  readonly roles: readonly RoleName[];
  readonly session: SessionSettings;
  /** Networks alone: a workload has no second factor and no time of sign-in. */
  readonly require: Requirements;
  /** A token is accepted once, by its `jti`. */
  readonly once: boolean;
}

/** A role that a workload can use now. */
export interface WorkloadEntitlement {
  readonly account: Account;
  readonly role: RoleName;
  readonly arn: RoleArn;
  readonly rule: WorkloadRule;
}

/** A claim that a rule looked at; undefined if the workload has none of one value. */
export interface SeenClaim {
  readonly claim: string;
  readonly value: string | undefined;
}

/** Whether the workload meets every condition. A rule without one applies to no workload. */
export function applies({ conditions }: WorkloadRule, claims: Claims): boolean {
  return conditions.length > 0 && conditions.every(condition => isMet(condition, claims));
}

/** The conditions that a workload does not meet; a claim that is absent meets none. */
export function unmetConditions(
  { conditions }: WorkloadRule,
  claims: Claims,
): readonly SeenClaim[] {
  return conditions
    .filter(condition => !isMet(condition, claims))
    .map(({ claim }) => seenClaim(claims, claim));
}

export function seenClaim(claims: Claims, claim: string): SeenClaim {
  const texts = claimTexts(claims, claim);
  return { claim, value: texts.length === 0 ? undefined : texts.join(', ') };
}

function isMet({ claim, values, patterns }: ClaimCondition, claims: Claims): boolean {
  return claimTexts(claims, claim).some(
    text => values.includes(text) || patterns.some(pattern => matchesClaimPattern(pattern, text)),
  );
}
