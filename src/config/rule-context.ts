/** A rule as far as it was read, and the accounts in which it gives roles. */
import { MAX_CHAINED_DURATION } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import type { AccountList, ListedAccount } from './account-list.ts';
import { isExact } from './account-selection.ts';
import type { Path } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

export type ReadableRule = NonNullable<Readable<Document['access'][number]>>;

/** What rules for users and for workloads have in common. */
export type ReadableGrant = Pick<ReadableRule, 'accounts' | 'roles' | 'session'>;

/** A rule and the accounts in which it gives roles. */
export interface RuleInContext<Rule = ReadableRule> {
  readonly rule: Rule;
  readonly path: Path;
  /** It gives roles in every account, or in those that groups name. */
  readonly isEverywhere: boolean;
  /** All accounts, or the selected ones. Rules that select alike have the same array. */
  readonly reached: readonly ListedAccount[];
  /**
   * Those of `reached` that it names one by one. What cannot work in such an account is a mistake;
   * a pattern, a label or a path can also match accounts in which some rule gives nothing.
   */
  readonly named: readonly ListedAccount[];
}

export function inContext<Rule extends ReadableGrant>(
  rule: Rule,
  path: Path,
  accounts: AccountList,
): RuleInContext<Rule> {
  const written =
    isWritten(rule, 'accounts') || isWritten(rule, 'groupPattern') ? rule.accounts : [];
  if (written === undefined || written.includes('*'))
    return { rule, path, isEverywhere: true, reached: accounts.all, named: [] };
  const reached = accounts.select(written);
  const exact = written.filter(selector => selector !== undefined && isExact(selector));
  const named = exact.length === written.length ? reached : accounts.select(exact);
  return { rule, path, isEverywhere: false, reached, named };
}

/** An account that a check looks for, and whether the rule names it. */
export interface FoundAccount extends ListedAccount {
  readonly isNamed: boolean;
}

/** Finds an account where a rule gives roles; one that it names comes first. */
export type AccountSearch = (
  where: Pick<RuleInContext, 'reached' | 'named'>,
) => FoundAccount | undefined;

/** Searches each list of accounts once. */
export function accountSearch(isMeant: (listed: ListedAccount) => boolean): AccountSearch {
  const known = new WeakMap<readonly ListedAccount[], ListedAccount | null>();
  const firstOf = (list: readonly ListedAccount[]): ListedAccount | null => {
    const before = known.get(list);
    if (before !== undefined) return before;
    const found = list.find(isMeant) ?? null;
    known.set(list, found);
    return found;
  };
  return ({ reached, named }) => {
    const first = firstOf(named);
    const found = first ?? firstOf(reached);
    return found === null ? undefined : { ...found, isNamed: first !== null };
  };
}

const members = new WeakMap<readonly ListedAccount[], ReadonlySet<ListedAccount>>();

export function isAmong(listed: ListedAccount, list: readonly ListedAccount[]): boolean {
  const known = members.get(list) ?? new Set(list);
  members.set(list, known);
  return known.has(listed);
}

/** The name of an account in messages. */
export function accountLabel({ account, index }: ListedAccount): string {
  return account.name ?? account.id ?? `accounts[${index}]`;
}

interface BehindHub {
  /** The accounts, in words. */
  readonly where: string;
  readonly isNamed: boolean;
}

const firstBehindHub = accountSearch(({ account }) => account.via !== undefined);
const countsBehindHub = new WeakMap<readonly ListedAccount[], number>();

/** The accounts behind a hub where the rule gives roles; undefined for none. */
export function behindHub(context: Omit<RuleInContext, 'rule'>): BehindHub | undefined {
  const found = firstBehindHub(context);
  if (found === undefined) return undefined;
  if (found.isNamed)
    return { where: `${accountLabel(found)}, which is behind a hub`, isNamed: true };
  const { reached } = context;
  const count = countsBehindHub.get(reached) ?? reached.filter(({ account }) => account.via).length;
  countsBehindHub.set(reached, count);
  return {
    where: `${count === 1 ? 'an account' : `${count} accounts`} behind a hub`,
    isNamed: false,
  };
}

/** The most that AWS gives there, as text. */
export const CHAINED_LIMIT = formatDuration(MAX_CHAINED_DURATION);
