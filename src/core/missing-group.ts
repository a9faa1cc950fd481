/** Why a rule does not give a role to a user who is in none of its groups. */
import type { TraceStep } from './decision-trace.ts';
import type { Identity, LostGroup } from './identity.ts';
import type { CompiledRule } from './rule-index.ts';

/**
 * Why a rule that could give the role does not match. A user of another connector is not told the
 * groups of this one: users of a less trusted identity provider must not learn their names.
 */
export function stepWithoutGroup(
  { rule, selector }: CompiledRule,
  { connector, lostGroups = [] }: Identity,
  groups: readonly string[],
): TraceStep {
  if (selector.connectors.has(connector)) {
    const lost = lastLost(lostGroups, groups);
    return { rule: rule.name, outcome: 'group-missing', groups, ...(lost && { lost }) };
  }
  return { rule: rule.name, outcome: 'connector-mismatch', connectors: rule.connectors, connector };
}

/** The newest loss among these groups. */
function lastLost(
  lostGroups: readonly LostGroup[],
  groups: readonly string[],
): LostGroup | undefined {
  return lostGroups
    .filter(({ name }) => groups.includes(name))
    .reduce<LostGroup | undefined>(
      (last, lost) => (last === undefined || lost.since > last.since ? lost : last),
      undefined,
    );
}
