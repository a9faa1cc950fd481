/**
 * The rules of a snapshot, indexed by connector and group, so that a user's groups lead to them
 * directly.
 *
 * Owns: which rules match which group, and what they give through it. Does not own: requirements,
 * order of precedence, reasons (policy.ts).
 */
import type { AccessRule } from './access-rule.ts';
import type { CompiledTerms } from './elevation-terms.ts';
import { patternNames } from './group-pattern.ts';
import {
  type CompiledSelector,
  compileSelector,
  type GroupHolder,
  groupsTaken,
  matchingGroup,
} from './group-selector.ts';
import type { ConnectorId } from './identity.ts';
import { type CompiledRequirements, requirementsCompiler } from './requirements.ts';
import {
  type Account,
  type AccountId,
  accountFinder,
  type RoleArn,
  type RoleName,
  roleArn,
} from './role.ts';

/** A role in an account. The roles that rules name are created once per snapshot, and numbered. */
export interface Cell {
  readonly account: Account;
  readonly role: RoleName;
  readonly arn: RoleArn;
  /** The same for the same role in all matches of one evaluation. */
  readonly number: number;
}

export interface CompiledRule {
  readonly rule: AccessRule;
  readonly order: number;
  readonly selector: CompiledSelector;
  readonly accountIds: ReadonlySet<AccountId> | undefined;
  readonly roleNames: ReadonlySet<RoleName>;
  /** The groups name the role: `roleNames` only limits it, unless it is empty. */
  readonly isRoleInGroup: boolean;
  readonly requirements: CompiledRequirements;
  /** Who approves, for a rule with `elevation`. */
  readonly elevation?: CompiledTerms | undefined;
}

/** A rule that matches a user, with the matching group and what it gives through that group. */
export interface Match {
  readonly compiled: CompiledRule;
  readonly group: string;
  readonly cells: readonly Cell[];
}

export interface RuleIndex {
  /** In the order of the configuration. */
  readonly rules: readonly CompiledRule[];
  /** Those whose groups can name any role. */
  readonly ofAnyRole: readonly CompiledRule[];
  /** By name, or by id. */
  accountNamed(text: string): Account | undefined;
  /**
   * The rules that match a user's groups, in the order of the configuration, and one more than the
   * highest number of their cells.
   */
  matchesOf(holder: GroupHolder): {
    readonly matches: readonly Match[];
    readonly cellCount: number;
  };
  /** The rules that could give a role of this name, in the order of the configuration. */
  rulesFor(role: RoleName): readonly CompiledRule[];
  /** The user's group through which the rule gives the role. */
  groupThatGives(rule: CompiledRule, holder: GroupHolder, asked: AskedRole): string | undefined;
}

interface AskedRole {
  readonly account: Account;
  readonly role: RoleName;
}

/** The rules that take the groups of one connector. */
interface Shelf {
  readonly byGroup: Map<string, CompiledRule[]>;
  readonly byPrefix: Map<string, CompiledRule[]>;
  readonly prefixLengths: number[];
}

/** What an index looks things up in. */
interface Tables {
  readonly accounts: readonly Account[];
  readonly accountNamed: (text: string) => Account | undefined;
  readonly accountById: ReadonlyMap<AccountId, Account>;
  readonly shelves: ReadonlyMap<ConnectorId, Shelf>;
  readonly cells: CellTable;
  readonly cellsByRule: ReadonlyMap<CompiledRule, readonly Cell[]>;
}

export function indexRules(rules: readonly AccessRule[], accounts: readonly Account[]): RuleIndex {
  const compile = requirementsCompiler();
  const idsOf = sharedSets();
  const compiled = rules.map((rule, order) =>
    compileRule(rule, order, {
      requirements: compile(rule.require),
      accountIds: rule.accounts && idsOf(rule.accounts),
    }),
  );
  const accountNamed = accountFinder(accounts);
  const cells = cellTable(accounts);
  const tables: Tables = {
    accounts,
    accountNamed,
    accountById: new Map(accounts.map(account => [account.id, account])),
    shelves: shelvesOf(compiled),
    cells,
    cellsByRule: new Map(compiled.map(rule => [rule, cells.of(rule.accountIds, rule.roleNames)])),
  };
  const byRole = new Map<RoleName, CompiledRule[]>();
  for (const rule of compiled) for (const role of rule.roleNames) append(byRole, role, rule);
  const ofAnyRole = compiled.filter(rule => rule.roleNames.size === 0 && rule.isRoleInGroup);
  return {
    rules: compiled,
    ofAnyRole,
    accountNamed,
    matchesOf: holder => matchesOf(tables, holder),
    rulesFor: role => [...(byRole.get(role) ?? []), ...ofAnyRole].sort((a, b) => a.order - b.order),
    groupThatGives: (rule, holder, asked) =>
      couldGive(rule, asked)
        ? matchingGroup(rule.selector, holder, { ...asked, accountNamed })
        : undefined,
  };
}

// ---------------------------------------------------------------- from groups to cells

/** One evaluation: it numbers roles that only a group names. */
interface Search {
  readonly tables: Tables;
  readonly numbering: Numbering;
}

function matchesOf(
  tables: Tables,
  { connector, groups }: GroupHolder,
): { readonly matches: readonly Match[]; readonly cellCount: number } {
  const shelf = tables.shelves.get(connector);
  if (shelf === undefined) return { matches: [], cellCount: 0 };
  const { byGroup, byPrefix, prefixLengths } = shelf;
  const { numbering, count } = tables.cells.numbering();
  const search: Search = { tables, numbering };
  const matches: Match[] = [];
  const seen = new Set<CompiledRule>();
  for (const group of groups) {
    for (const rule of byGroup.get(group) ?? []) {
      // A rule without a pattern gives the same through every group, so the first one is enough.
      if (!seen.has(rule))
        matches.push({ compiled: rule, group, cells: tables.cellsByRule.get(rule)! });
      seen.add(rule);
    }
    for (const length of prefixLengths)
      for (const rule of byPrefix.get(group.slice(0, length)) ?? []) {
        const cells = cellsThrough(search, rule, group);
        if (cells.length > 0) matches.push({ compiled: rule, group, cells });
      }
  }
  matches.sort((a, b) => a.compiled.order - b.compiled.order);
  return { matches, cellCount: count() };
}

/** What a rule with a pattern gives through a group. */
function cellsThrough(
  { tables, numbering }: Search,
  rule: CompiledRule,
  group: string,
): readonly Cell[] {
  const { accountNamed } = tables;
  const { roleNames, selector } = rule;
  const named = selector.pattern!.match(group, accountNamed);
  if (named === undefined) return [];
  const { account, role } = named;
  if (account !== undefined && !isBoundTo(rule, account)) return [];
  if (role === undefined)
    return account === undefined ? [] : [...roleNames].map(of => numbering(account, of));
  if (roleNames.size > 0 && !roleNames.has(role)) return [];
  if (account !== undefined) return [numbering(account, role)];
  return accountsOf(tables, rule).map(of => numbering(of, role));
}

function accountsOf(
  { accounts, accountById }: Tables,
  { accountIds }: CompiledRule,
): readonly Account[] {
  if (accountIds === undefined) return accounts;
  return [...accountIds].flatMap(id => accountById.get(id) ?? []);
}

/** The groups through which a rule would give the role; empty if it never gives it. */
export function groupsThatWouldGive(rule: CompiledRule, asked: AskedRole): readonly string[] {
  return couldGive(rule, asked) ? groupsTaken(rule.selector, asked) : [];
}

function shelvesOf(rules: readonly CompiledRule[]): ReadonlyMap<ConnectorId, Shelf> {
  const shelves = new Map<ConnectorId, Shelf>();
  for (const rule of rules) {
    const { groups, pattern, connectors } = rule.selector;
    for (const connector of connectors) {
      const shelf: Shelf = shelves.get(connector) ?? {
        byGroup: new Map(),
        byPrefix: new Map(),
        prefixLengths: [],
      };
      shelves.set(connector, shelf);
      for (const group of groups) append(shelf.byGroup, group, rule);
      if (pattern === undefined) continue;
      append(shelf.byPrefix, pattern.prefix, rule);
      const { length } = pattern.prefix;
      if (!shelf.prefixLengths.includes(length)) shelf.prefixLengths.push(length);
    }
  }
  return shelves;
}

function couldGive(rule: CompiledRule, { account, role }: AskedRole): boolean {
  return (
    isBoundTo(rule, account) &&
    (rule.roleNames.has(role) || (rule.roleNames.size === 0 && rule.isRoleInGroup))
  );
}

/** Whether a rule is for this account. */
export function isBoundTo({ accountIds }: CompiledRule, account: Account): boolean {
  return accountIds === undefined || accountIds.has(account.id);
}

type Numbering = (account: Account, role: RoleName) => Cell;
type CellTable = ReturnType<typeof cellTable>;

/** The cells of a snapshot; rules that name the same accounts and roles share one list. */
function cellTable(accounts: readonly Account[]) {
  const byId = new Map(accounts.map(account => [account.id, account]));
  const known = new Map<Account, Map<RoleName, Cell>>(
    accounts.map(account => [account, new Map()]),
  );
  const lists = new Map<ReadonlySet<AccountId> | undefined, Map<string, readonly Cell[]>>();
  let size = 0;

  const cellFor = (account: Account, role: RoleName): Cell => {
    const roles = known.get(account)!;
    const cell = roles.get(role) ?? { account, role, arn: roleArn(account, role), number: size++ };
    roles.set(role, cell);
    return cell;
  };

  return {
    of: (
      accountIds: ReadonlySet<AccountId> | undefined,
      roles: ReadonlySet<RoleName>,
    ): readonly Cell[] => {
      const ofRoles = lists.get(accountIds) ?? new Map<string, readonly Cell[]>();
      lists.set(accountIds, ofRoles);
      const key = [...roles].join();
      const known = ofRoles.get(key);
      if (known !== undefined) return known;
      const of =
        accountIds === undefined ? accounts : [...accountIds].flatMap(id => byId.get(id) ?? []);
      const list = of.flatMap(account => [...roles].map(role => cellFor(account, role)));
      ofRoles.set(key, list);
      return list;
    },
    /**
     * Numbers for one evaluation. A role that only a group names is not kept: groups could fill the
     * memory.
     */
    numbering: (): { readonly numbering: Numbering; readonly count: () => number } => {
      const fresh = new Map<RoleArn, Cell>();
      return {
        numbering: (account, role) => {
          const cell = known.get(account)!.get(role);
          if (cell !== undefined) return cell;
          const arn = roleArn(account, role);
          const made = fresh.get(arn) ?? { account, role, arn, number: size + fresh.size };
          fresh.set(arn, made);
          return made;
        },
        count: () => size + fresh.size,
      };
    },
  };
}

/** Rules that share a list of accounts share its set. */
function sharedSets(): (ids: readonly AccountId[]) => ReadonlySet<AccountId> {
  const known = new Map<readonly AccountId[], ReadonlySet<AccountId>>();
  return ids => {
    const set = known.get(ids) ?? new Set(ids);
    known.set(ids, set);
    return set;
  };
}

function compileRule(
  rule: AccessRule,
  order: number,
  shared: Pick<CompiledRule, 'requirements' | 'accountIds'>,
): CompiledRule {
  return {
    rule,
    order,
    selector: compileSelector(rule),
    ...shared,
    roleNames: new Set(rule.roles),
    isRoleInGroup: rule.groupPattern !== undefined && patternNames(rule.groupPattern, 'role'),
    elevation: rule.elevation && {
      approvers: rule.elevation.approvers.map(compileSelector),
      breakGlass: rule.elevation.breakGlass && compileSelector(rule.elevation.breakGlass),
    },
  };
}

/** Adds to the list of a key. */
export function append<K, V>(index: Map<K, V[]>, key: K, value: V): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [value]);
  else list.push(value);
}
