/**
 * Which rules match a user, which nearly do, and which of their groups no rule names: for
 * administrators who try a sign-in.
 *
 * Pure. It looks at every rule and is for single requests, not for the path of a hand-out.
 */
import type { Entitlement } from './access-rule.ts';
import type { ConnectorId } from './identity.ts';
import { listed } from './listed.ts';
import { explainRequirement, type UnmetRequirement } from './requirements.ts';
import type { CompiledRule } from './rule-index.ts';

/** How one rule relates to the groups of a user. `group` is the user's. */
export type RuleReport = { readonly rule: string; readonly group: string } & (
  | { readonly outcome: 'grants'; readonly roles: readonly string[] }
  | {
      readonly outcome: 'proof-missing';
      readonly roles: readonly string[];
      readonly missing: readonly UnmetRequirement[];
    }
  /** The rule accepts this group from other connectors only. */
  | { readonly outcome: 'connector-mismatch'; readonly connectors: readonly ConnectorId[] }
  /** The rule names a group that differs in case, spaces or punctuation only. */
  | { readonly outcome: 'resembles'; readonly named: string }
  /** The group begins like the pattern, but contains no account or role that the rule gives. */
  | { readonly outcome: 'pattern-unread'; readonly pattern: string }
);

export interface RulesReport {
  /** At most 100 that match, then at most 100 that nearly do. */
  readonly rules: readonly RuleReport[];
  /** Groups of the user that no rule names, at the user's connector. */
  readonly unnamed: readonly string[];
}

export interface ReportedUser {
  readonly connector: ConnectorId;
  readonly groups: readonly string[];
}

/** What the policy gives this user. */
interface Evaluated {
  readonly granted: readonly Entitlement[];
  readonly withheld: readonly {
    readonly entitlement: Entitlement;
    readonly missing: readonly UnmetRequirement[];
  }[];
}

const MAX_REPORTS = 100;
/** A shorter prefix of a pattern says nothing about what a group was meant for. */
const SHORTEST_PREFIX = 2;

/** `evaluated` is that of the same user. */
export function reportRules(
  rules: readonly CompiledRule[],
  user: ReportedUser,
  evaluated: Evaluated,
): RulesReport {
  const matching = matchesIn(evaluated);
  const named = new Set(matching.map(({ group }) => group));
  for (const { selector } of rules)
    if (selector.connectors.has(user.connector))
      for (const group of selector.groups) named.add(group);
  const unnamed = user.groups.filter(group => !named.has(group));
  return {
    rules: [...matching.slice(0, MAX_REPORTS), ...nearMatches(rules, user, unnamed)],
    unnamed,
  };
}

/** The rules that grant or withhold roles, each with the group and the roles. */
function matchesIn({ granted, withheld }: Evaluated): readonly RuleReport[] {
  const reports = new Map<string, RuleReport & { readonly roles: string[] }>();
  const entitlements = [
    ...granted.map(entitlement => ({ entitlement, missing: undefined })),
    ...withheld,
  ];
  for (const { entitlement, missing } of entitlements) {
    const { rule, group, account, role } = entitlement;
    const key = JSON.stringify([rule.name, group, missing === undefined]);
    const known = reports.get(key) ?? {
      ...{ rule: rule.name, group, roles: [] },
      ...(missing === undefined
        ? { outcome: 'grants' as const }
        : { outcome: 'proof-missing' as const, missing }),
    };
    known.roles.push(`${account.name}/${role}`);
    reports.set(key, known);
  }
  return [...reports.values()];
}

function nearMatches(
  rules: readonly CompiledRule[],
  { connector, groups }: ReportedUser,
  unnamed: readonly string[],
): readonly RuleReport[] {
  const own = new Set(groups);
  const byFold = new Map(unnamed.map(group => [folded(group), group]));
  const found: RuleReport[] = [];
  for (const { rule, selector } of rules) {
    if (found.length >= MAX_REPORTS) break;
    const { connectors } = rule;
    const isOfConnector = selector.connectors.has(connector);
    for (const named of selector.groups) {
      const group = isOfConnector ? byFold.get(folded(named)) : undefined;
      if (group !== undefined) found.push({ rule: rule.name, group, outcome: 'resembles', named });
      if (!isOfConnector && own.has(named))
        found.push({ rule: rule.name, group: named, outcome: 'connector-mismatch', connectors });
    }
    const { groupPattern } = rule;
    if (groupPattern !== undefined)
      found.push(...nearPattern({ rule, selector }, groupPattern, { connector, unnamed }));
  }
  return found.slice(0, MAX_REPORTS);
}

/** The first group that begins like the pattern. */
function nearPattern(
  { rule, selector }: Pick<CompiledRule, 'rule' | 'selector'>,
  pattern: string,
  { connector, unnamed }: { readonly connector: ConnectorId; readonly unnamed: readonly string[] },
): readonly RuleReport[] {
  const { prefix } = selector.pattern!;
  if (prefix.length < SHORTEST_PREFIX) return [];
  const small = prefix.toLowerCase();
  const group =
    unnamed.find(candidate => candidate.startsWith(prefix)) ??
    unnamed.find(candidate => candidate.toLowerCase().startsWith(small));
  if (group === undefined) return [];
  return selector.connectors.has(connector)
    ? [{ rule: rule.name, group, outcome: 'pattern-unread', pattern }]
    : [{ rule: rule.name, group, outcome: 'connector-mismatch', connectors: rule.connectors }];
}

/** Letters and digits alone, without case: what a reader takes for the same name. */
function folded(group: string): string {
  return group
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

const SENTENCES: {
  readonly [O in RuleReport['outcome']]: (
    report: Extract<RuleReport, { outcome: O }>,
    connector: ConnectorId,
  ) => string;
} = {
  grants: ({ group, roles }) => `The group ${group} gives ${listed(roles)}.`,
  'proof-missing': ({ group, roles, missing }) =>
    `The group ${group} would give ${listed(roles)}. ${missing.map(explainRequirement).join(' ')}`,
  'connector-mismatch': ({ group, connectors }, connector) =>
    `The rule accepts the group ${group} from ${listed(connectors)} only, and it came from ${connector}.`,
  resembles: ({ group, named }) =>
    `The rule names the group ${named}, and the user is in ${group}. Names are compared exactly.`,
  'pattern-unread': ({ group, pattern }) =>
    `The group ${group} begins like the pattern ${pattern}, but contains no account or role that this rule gives.`,
};

export function explainRule(report: RuleReport, connector: ConnectorId): string {
  const explain = SENTENCES[report.outcome] as (
    report: RuleReport,
    connector: ConnectorId,
  ) => string;
  return explain(report, connector);
}
