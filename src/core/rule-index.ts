/**
 * The rules of a snapshot, indexed so that a person's groups lead to them at once.
 *
 * Owns: which rules fit which group, and what they give through it. Does not own: proofs, order of precedence, reasons (policy.ts).
 */
import type { AccessRule, Entitlement } from './access-rule.ts';
import { compileGroupPattern, type GroupPattern } from './group-pattern.ts';
import { type Proofs, proofsReader } from './proofs.ts';
import { type Account, type AccountId, type RoleArn, type RoleName, roleArn } from './role.ts';

/** Bounds of what a snapshot remembers of group names that it has seen. */
const MAX_REMEMBERED_GROUPS = 20_000;
const MAX_REMEMBERED_CELLS = 500_000;

export interface CompiledRule {
  readonly rule: AccessRule;
  readonly order: number;
  readonly accountIds: ReadonlySet<AccountId> | undefined;
  readonly roleNames: ReadonlySet<RoleName>;
  readonly pattern: GroupPattern | undefined;
  readonly proofs: Proofs;
}

/** A rule that fits a person, with the group that fits and what it would give through that group. */
export interface Match {
  readonly compiled: CompiledRule;
  readonly group: string;
  readonly entitlements: readonly Entitlement[];
  /** A small number for the role of each entitlement, the same in all matches of a snapshot. */
  readonly cells: readonly number[];
}

export interface RuleIndex {
  /** By name, or by id. */
  accountNamed(text: string): Account | undefined;
  /** The rules that fit these groups, in the order of the configuration. */
  matchesOf(groups: readonly string[]): readonly Match[];
  /** How many cells there are; read it after `matchesOf`. */
  cellCount(): number;
  /** The rules that could give a role of this name, in the order of the configuration. */
  rulesFor(role: RoleName): readonly CompiledRule[];
}

export function indexRules(rules: readonly AccessRule[], accounts: readonly Account[]): RuleIndex {
  const proofsOf = proofsReader();
  const compiled = rules.map((rule, order) => compileRule(rule, order, proofsOf(rule.require)));
  const accountById = new Map<string, Account>(accounts.map(account => [account.id, account]));
  const accountByName = new Map<string, Account>(accounts.map(account => [account.name, account]));
  const accountNamed = (text: string): Account | undefined => accountByName.get(text) ?? accountById.get(text);
  const isAccount = (text: string): boolean => accountNamed(text) !== undefined;

  const byGroup = new Map<string, CompiledRule[]>();
  const byPrefix = new Map<string, CompiledRule[]>();
  const byRole = new Map<RoleName, CompiledRule[]>();
  for (const rule of compiled) {
    for (const role of rule.roleNames) append(byRole, role, rule);
    for (const group of rule.rule.groups) append(byGroup, group, rule);
    if (rule.pattern !== undefined) append(byPrefix, rule.pattern.prefix, rule);
  }
  const ofAnyRole = compiled.filter(rule => rule.roleNames.size === 0);
  const prefixLengths = [...new Set([...byPrefix.keys()].map(prefix => prefix.length))];

  const cellByRole = new Map<RoleArn, number>();
  const cellOf = (arn: RoleArn): number => {
    const cell = cellByRole.get(arn) ?? cellByRole.size;
    cellByRole.set(arn, cell);
    return cell;
  };

  const give = (rule: CompiledRule, group: string, of: readonly Account[], roles: Iterable<RoleName>): Match => {
    const names = [...roles];
    const entitlements = of.flatMap(account => names.map(role => ({ account, role, arn: roleArn(account, role), rule: rule.rule, group })));
    return { compiled: rule, group, entitlements, cells: entitlements.map(({ arn }) => cellOf(arn)) };
  };
  const accountsOf = (rule: CompiledRule): readonly Account[] =>
    rule.accountIds === undefined ? accounts : accounts.filter(account => rule.accountIds!.has(account.id));

  const byPattern = (group: string, rule: CompiledRule): Match | undefined => {
    const said = rule.pattern!.match(group, isAccount);
    if (said === undefined) return undefined;
    const account = said.account === undefined ? undefined : accountNamed(said.account)!;
    if (account !== undefined && rule.accountIds !== undefined && !rule.accountIds.has(account.id)) return undefined;
    if (said.role !== undefined && rule.roleNames.size > 0 && !rule.roleNames.has(said.role)) return undefined;
    return give(rule, group, account === undefined ? accountsOf(rule) : [account], said.role === undefined ? rule.roleNames : [said.role]);
  };

  const find = (group: string): readonly Match[] => [
    ...(byGroup.get(group) ?? []).map(rule => give(rule, group, accountsOf(rule), rule.roleNames)),
    ...prefixLengths.flatMap(length => (byPrefix.get(group.slice(0, length)) ?? []).flatMap(rule => byPattern(group, rule) ?? [])),
  ];

  // What a group gives depends on nothing but the snapshot, so it is worked out once.
  const remembered = new Map<string, readonly Match[]>();
  let rememberedCells = 0;
  const matchesOfGroup = (group: string): readonly Match[] => {
    const known = remembered.get(group);
    if (known !== undefined) return known;
    const found = find(group);
    remembered.set(group, found);
    rememberedCells += found.reduce((sum, match) => sum + match.cells.length, 0);
    return found;
  };

  /** Called between evaluations only: the cells of one evaluation must come from one numbering. */
  const forgetIfMany = (): void => {
    if (remembered.size <= MAX_REMEMBERED_GROUPS && rememberedCells <= MAX_REMEMBERED_CELLS) return;
    remembered.clear();
    cellByRole.clear();
    rememberedCells = 0;
  };

  const matchesOf = (groups: readonly string[]): readonly Match[] => {
    forgetIfMany();
    const matches = new Map<CompiledRule, Match[]>();
    for (const group of groups) {
      for (const match of matchesOfGroup(group)) {
        const earlier = matches.get(match.compiled);
        if (earlier === undefined) matches.set(match.compiled, [match]);
        // A pattern rule gives something else through each group; a plain rule gives the same through all.
        else if (match.compiled.pattern !== undefined) earlier.push(match);
      }
    }
    return [...matches.values()].flat().sort((a, b) => a.compiled.order - b.compiled.order);
  };

  return {
    accountNamed,
    matchesOf,
    cellCount: () => cellByRole.size,
    rulesFor: role => [...(byRole.get(role) ?? []), ...ofAnyRole].sort((a, b) => a.order - b.order),
  };
}

function compileRule(rule: AccessRule, order: number, proofs: Proofs): CompiledRule {
  return {
    rule,
    order,
    accountIds: rule.accounts && new Set(rule.accounts),
    roleNames: new Set(rule.roles),
    pattern: rule.groupPattern === undefined ? undefined : compileGroupPattern(rule.groupPattern),
    proofs,
  };
}

/** The groups through which a rule would give the role; empty when it does not give it at all. */
export function groupsThatWouldGive(rule: CompiledRule, account: Account, role: RoleName): readonly string[] {
  if (rule.accountIds !== undefined && !rule.accountIds.has(account.id)) return [];
  if (rule.roleNames.size > 0 && !rule.roleNames.has(role)) return [];
  return rule.pattern === undefined ? rule.rule.groups : [rule.pattern.groupFor(account.name, role)];
}

function append<K, V>(index: Map<K, V[]>, key: K, value: V): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [value]);
  else list.push(value);
}
