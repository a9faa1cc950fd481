/** The accounts of a configuration, and how rules find them: by name, id or what they have. */
import { nearest } from '../core/nearest.ts';
import type { AccountFacts } from './account-facts.ts';
import { type AccountSelector, accountSelection, isExact } from './account-selection.ts';
import { quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

export type ReadableAccount = NonNullable<Readable<Document['accounts'][number]>>;
type ReadableSelectors = Readable<readonly AccountSelector[]>;

export interface ListedAccount {
  readonly account: ReadableAccount;
  readonly index: number;
}

/**
 * The accounts by name and id, with those that have problems of their own: a rule that names them
 * is not wrong as well.
 */
export interface AccountList {
  readonly all: readonly ListedAccount[];
  /** Every account was read whole, so a selector that matches none of them matches none. */
  readonly isWhole: boolean;
  find(nameOrId: string): ListedAccount | undefined;
  /**
   * The accounts that one of the selectors matches, each once. Equal lists of selectors give the
   * same array, so what is found out about one is found out once.
   */
  select(selectors: ReadableSelectors): readonly ListedAccount[];
  /** Why a name or id gives no account; undefined if it does, or if another problem says why. */
  missing(nameOrId: string): MissingAccount | undefined;
}

export interface MissingAccount {
  readonly message: string;
  /** The account exists and is not active: nothing is given there, and that may be for a while. */
  readonly isSkipped: boolean;
}

/**
 * Most names for which a suggestion is searched: a search among thousands of names is slow, and
 * more mistyped names have another cause.
 */
const MAX_SUGGESTIONS = 50;

export function listAccounts(document: Readable<Document>, facts: AccountFacts): AccountList {
  const accounts = document.accounts ?? [];
  const listed = accounts.map((account, index) => account && { account, index });
  const all = listed.filter(item => item !== undefined);
  const byId = indexOf(all, 'id');
  const byName = indexOf(all, 'name');
  const find = (nameOrId: string): ListedAccount | undefined =>
    byName.get(nameOrId) ?? byId.get(nameOrId);
  const suggestionFor = suggesting([...byName.keys(), ...byId.keys()]);
  return {
    all,
    isWhole: facts.isWhole && accounts.every(isReadable),
    find,
    select: selecting({ accounts, listed, find }),
    missing: nameOrId => {
      if (find(nameOrId) !== undefined) return undefined;
      const skipped = facts.skippedAs(nameOrId);
      if (skipped !== undefined) {
        const message = `${quoted(nameOrId)} is ${skipped.state} in AWS Organizations, so it is not used.`;
        return { message, isSkipped: true };
      }
      if (facts.mentions(nameOrId)) return undefined;
      const message = `${quoted(nameOrId)} is not an account of ${facts.where}${suggestionFor(nameOrId) || '.'}`;
      return { message, isSkipped: false };
    },
  };
}

function indexOf(
  all: readonly ListedAccount[],
  key: 'id' | 'name',
): ReadonlyMap<string, ListedAccount> {
  return new Map(
    all.flatMap(listed => {
      const value = listed.account[key];
      return value === undefined ? [] : [[value, listed] as const];
    }),
  );
}

/** Whether selectors can be compared with all that the account has. */
function isReadable(account: ReadableAccount | undefined): boolean {
  if (account === undefined || account.id === undefined || account.name === undefined) return false;
  const { labels, path } = account;
  const isPathRead = path !== undefined || !isWritten(account, 'path');
  return isPathRead && labels !== undefined && !Object.values(labels).includes(undefined);
}

function selecting({
  accounts,
  listed,
  find,
}: {
  readonly accounts: readonly (ReadableAccount | undefined)[];
  readonly listed: readonly (ListedAccount | undefined)[];
  readonly find: AccountList['find'];
}): AccountList['select'] {
  const positionsOf = accountSelection(accounts);
  const known = new Map<string, readonly ListedAccount[]>();
  const selectedBy = (selector: ReadableSelectors[number]): readonly ListedAccount[] => {
    if (selector === undefined) return [];
    if (isExact(selector)) return [find(selector) ?? []].flat();
    return positionsOf(selector as AccountSelector).flatMap(position => listed[position] ?? []);
  };
  return selectors => {
    const key = JSON.stringify(selectors);
    const before = known.get(key);
    if (before !== undefined) return before;
    const selected = [...new Set(selectors.flatMap(selectedBy))];
    known.set(key, selected);
    return selected;
  };
}

/** Gives `; did you mean prod?`, or nothing. */
function suggesting(names: readonly string[]): (nameOrId: string) => string {
  const suggestions = new Map<string, string>();
  return nameOrId => {
    const known = suggestions.get(nameOrId);
    if (known !== undefined || suggestions.size >= MAX_SUGGESTIONS) return known ?? '';
    const guess = nearest(nameOrId, names);
    const suggestion = guess === undefined ? '' : `; did you mean ${guess}?`;
    suggestions.set(nameOrId, suggestion);
    return suggestion;
  };
}
