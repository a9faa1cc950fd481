/**
 * Which names of roles count as known. A rule whose groups can name any role
 * (`aws-{account}-{role}`) would also give a role that was invented: that a role exists must follow
 * from something else.
 */
import type { GroupHolder } from './group-selector.ts';
import type { Account, RoleName } from './role.ts';
import { type CompiledRule, isBoundTo, type RuleIndex } from './rule-index.ts';

/**
 * Whether a rule that the user is told of names the role, or one of the user's groups does, in any
 * account. `rules` are those of `rulesFor(role)`, collected again at each call.
 */
export function isKnownRole(
  index: RuleIndex,
  holder: GroupHolder,
  {
    account,
    role,
    rules,
  }: {
    readonly account: Account;
    readonly role: RoleName;
    readonly rules: readonly CompiledRule[];
  },
): boolean {
  const isNamed = rules.some(
    rule =>
      rule.roleNames.has(role) &&
      (isBoundTo(rule, account) || rule.selector.connectors.has(holder.connector)),
  );
  return isNamed || isInGroup(index, holder, role);
}

function isInGroup(index: RuleIndex, holder: GroupHolder, role: RoleName): boolean {
  return index
    .matchesOf(holder)
    .matches.some(
      ({ compiled, cells }) => takesAnyRole(compiled) && cells.some(cell => cell.role === role),
    );
}

/** Whether only the groups of a rule say which roles it gives. */
export function takesAnyRole({ roleNames }: CompiledRule): boolean {
  return roleNames.size === 0;
}

/** The patterns of such rules that take groups of this connector, each once. */
export function anyRolePatterns(
  { ofAnyRole }: RuleIndex,
  { connector }: GroupHolder,
): readonly string[] {
  const patterns = ofAnyRole
    .filter(({ selector }) => selector.connectors.has(connector))
    .flatMap(({ rule }) => rule.groupPattern ?? []);
  return [...new Set(patterns)];
}
