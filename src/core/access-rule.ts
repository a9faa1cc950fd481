/** Access rules: whom they select, what they require, and what they grant. */
import type { ElevationTerms } from './elevation-terms.ts';
import type { GroupSelector } from './group-selector.ts';
import type { Requirements } from './requirements.ts';
import type { Account, AccountId, RoleArn, RoleName } from './role.ts';
import { attainableSeconds, type SessionSettings } from './session.ts';
import type { Instant, Seconds } from './time.ts';
import type { ActiveElevation } from './unmet-approval.ts';

/** One rule of the configuration: the selected users get the roles. */
export interface AccessRule extends GroupSelector {
  /** Its name in pages and audit events: the rule's own name, or `access[0]`. */
  readonly name: string;
  /** Account ids; undefined means every account. */
  readonly accounts?: readonly AccountId[] | undefined;
  /** Empty only with a pattern that names the role. With a pattern, a bound on what it may name. */
  readonly roles: readonly RoleName[];
  readonly session: SessionSettings;
  readonly require: Requirements;
  /** Its roles are offered first where a link names no role. */
  readonly isPreferred?: boolean | undefined;
  /** Makes users eligible: the roles are given for a time, after an approval. */
  readonly elevation?: ElevationTerms | undefined;
}

/** A role that a user can use now. */
export interface Entitlement {
  readonly account: Account;
  readonly role: RoleName;
  readonly arn: RoleArn;
  readonly rule: AccessRule;
  /** The user's group that matched. */
  readonly group: string;
  /** The approval by which it is granted; undefined if the rule requires none. */
  readonly elevation?: ActiveElevation | undefined;
}

/** How long credentials last that are handed out now: they end with the elevation. */
export function entitledSeconds(
  { account, rule, elevation }: Pick<Entitlement, 'account' | 'rule' | 'elevation'>,
  now: Instant,
): Seconds {
  const seconds = attainableSeconds(account, rule.session.durationSeconds);
  if (elevation === undefined) return seconds;
  return Math.min(seconds, Math.floor((elevation.endsAt - now) / 1000));
}
