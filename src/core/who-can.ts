/**
 * Who can get one role: the rules that give it, and what each user lacks for it. Pure.
 *
 * Only the rules that can give the role are compiled, and for this role alone, so that the groups
 * of a user lead to their rule directly.
 */
import type { AccessRule } from './access-rule.ts';
import { patternNames } from './group-pattern.ts';
import { compileSelector, groupsTaken } from './group-selector.ts';
import type { Identity } from './identity.ts';
import { nearest } from './nearest.ts';
import { type Circumstances, compilePolicy, type Withheld } from './policy.ts';
import type { Account, RoleName } from './role.ts';
import { isReachedByWorkloads } from './workload-policy.ts';
import type { WorkloadRule } from './workload-rule.ts';

/** The parts of a configuration that give roles. */
export interface GivingParts {
  readonly accounts: readonly Account[];
  readonly access: readonly AccessRule[];
  readonly workloadRules: readonly WorkloadRule[];
}

export interface Target {
  readonly account: Account;
  readonly role: RoleName;
}

/** A rule that gives the role, and the groups that it takes for it; `*` for ignored parts. */
export interface GivingRule {
  readonly rule: AccessRule;
  readonly groups: readonly string[];
}

export interface Audience {
  /** In the order of the configuration. */
  readonly rules: readonly GivingRule[];
  readonly workloadRules: readonly WorkloadRule[];
  /**
   * The role with what the user lacks for it, by the first rule that requires nothing more or else
   * by the first that matches; undefined if no rule matches.
   */
  standingOf(identity: Identity, circumstances: Circumstances): Withheld | undefined;
}

export function audienceOf(parts: GivingParts, target: Target): Audience {
  const { account, role } = target;
  const giving = parts.access.filter(rule => canGive(rule, target));
  const only = { accounts: [account.id], roles: [role] };
  const bound = giving.map(rule => ({ ...rule, ...only }));
  // Every account is known, because the longest account name in a group wins.
  const policy = compilePolicy(bound, parts.accounts);
  return {
    rules: giving.map(rule => ({ rule, groups: groupsTaken(compileSelector(rule), target) })),
    workloadRules: isReachedByWorkloads(account)
      ? parts.workloadRules.filter(
          rule => rule.roles.includes(role) && (rule.accounts?.includes(account.id) ?? true),
        )
      : [],
    standingOf: (identity, circumstances) => {
      const { granted, withheld } = policy.evaluate(identity, circumstances);
      const [entitlement] = granted;
      return entitlement === undefined ? withheld[0] : { entitlement, missing: [] };
    },
  };
}

function canGive(rule: AccessRule, { account, role }: Target): boolean {
  const { accounts, roles, groupPattern } = rule;
  if (accounts !== undefined && !accounts.includes(account.id)) return false;
  if (roles.length > 0) return roles.includes(role);
  return groupPattern !== undefined && patternNames(groupPattern, 'role');
}

/** The name of a role that rules give in the account and that is like this one. */
export function nearestGivenRole(
  { access, workloadRules }: Pick<GivingParts, 'access' | 'workloadRules'>,
  { account, role }: Target,
): string | undefined {
  const given = new Set<string>();
  for (const { accounts, roles } of [...access, ...workloadRules])
    if (accounts?.includes(account.id) ?? true) for (const name of roles) given.add(name);
  return nearest(role, given);
}
