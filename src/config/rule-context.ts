/** A rule as far as it was read, and the accounts in which it gives roles. */
import { MAX_CHAINED_DURATION } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import type { AccountList, ListedAccount } from './account-checks.ts';
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
  /**
   * The accounts that it names; undefined for every account, or for those that groups name.
   */
  readonly named: readonly ListedAccount[] | undefined;
  /** `named`, or all. */
  readonly reached: readonly ListedAccount[];
}

export function inContext<Rule extends ReadableGrant>(
  rule: Rule,
  path: Path,
  accounts: AccountList,
): RuleInContext<Rule> {
  const written =
    isWritten(rule, 'accounts') || isWritten(rule, 'groupPattern') ? rule.accounts : [];
  if (written === undefined || written.includes('*'))
    return { rule, path, named: undefined, reached: accounts.all };
  const named = written.flatMap(name => (name === undefined ? [] : (accounts.find(name) ?? [])));
  return { rule, path, named, reached: named };
}

/** The accounts behind a hub where the rule gives roles, in words; undefined for none. */
export function behindHub({ named, reached }: Omit<RuleInContext, 'rule'>): string | undefined {
  const chained = reached.filter(({ account }) => account.via !== undefined);
  const [first] = chained;
  if (first === undefined) return undefined;
  return named === undefined
    ? `${chained.length === 1 ? 'an account' : `${chained.length} accounts`} behind a hub`
    : `${first.account.name ?? first.account.id}, which is behind a hub`;
}

/** The most that AWS gives there, as text. */
export const CHAINED_LIMIT = formatDuration(MAX_CHAINED_DURATION);
