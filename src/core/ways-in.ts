/**
 * Which roles of an account the rules give to groups of one connector, for a user who has none.
 * Indexed once for each snapshot.
 */
import { groupsTaken } from './group-selector.ts';
import type { ConnectorId } from './identity.ts';
import type { Account, AccountId, RoleName } from './role.ts';
import { append, type CompiledRule } from './rule-index.ts';

/** A role that one rule gives, and who gets it. */
export interface WayIn {
  readonly rule: string;
  /** Undefined if the name of the group names the role: then `groups` contain `{role}`. */
  readonly role: RoleName | undefined;
  /** A member of any of them has the role, or can ask for it. */
  readonly groups: readonly string[];
  /** Given for a time, after an approval. */
  readonly needsApproval: boolean;
}

export interface WaysIn {
  /** In the order of the configuration; empty if no group of this connector gives a role there. */
  to(account: Account | undefined, connector: ConnectorId): readonly WayIn[];
}

/** A page lists no more. */
const MOST_WAYS = 20;

/** The rules that take groups of one connector. */
interface Shelf {
  readonly everywhere: CompiledRule[];
  /** Rules for the same accounts share their list. */
  readonly bySet: Map<ReadonlySet<AccountId>, CompiledRule[]>;
  readonly byAccount: Map<AccountId, (readonly CompiledRule[])[]>;
}

export function indexWaysIn(rules: readonly CompiledRule[]): WaysIn {
  const shelves = new Map<ConnectorId, Shelf>();
  for (const compiled of rules)
    for (const connector of compiled.selector.connectors) {
      const shelf: Shelf = shelves.get(connector) ?? {
        everywhere: [],
        bySet: new Map(),
        byAccount: new Map(),
      };
      shelves.set(connector, shelf);
      put(shelf, compiled);
    }
  return {
    to: (account, connector) => {
      const shelf = shelves.get(connector);
      if (shelf === undefined || account === undefined) return [];
      // Each rule gives a way at least, so no more of them can be shown.
      const everywhere = shelf.everywhere.slice(0, MOST_WAYS);
      const own = (shelf.byAccount.get(account.id) ?? []).flatMap(rules =>
        rules.slice(0, MOST_WAYS),
      );
      return [...everywhere, ...own]
        .sort((a, b) => a.order - b.order)
        .flatMap(compiled => waysOf(compiled, account))
        .slice(0, MOST_WAYS);
    },
  };
}

function put({ everywhere, bySet, byAccount }: Shelf, rule: CompiledRule): void {
  if (rule.accountIds === undefined) {
    everywhere.push(rule);
    return;
  }
  const known = bySet.get(rule.accountIds);
  if (known !== undefined) {
    known.push(rule);
    return;
  }
  const rules = [rule];
  bySet.set(rule.accountIds, rules);
  for (const account of rule.accountIds) append(byAccount, account, rules);
}

function waysOf(compiled: CompiledRule, account: Account): readonly WayIn[] {
  const { rule, roleNames, selector } = compiled;
  const shared = { rule: rule.name, needsApproval: rule.elevation !== undefined };
  if (roleNames.size > 0)
    return [...roleNames].map(role => ({
      ...shared,
      role,
      groups: groupsTaken(selector, { account, role }),
    }));
  const groups = groupsTaken(selector, { account, role: '{role}' as RoleName });
  return [{ ...shared, role: undefined, groups }];
}
