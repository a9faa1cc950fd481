/** The accounts of a configuration, and how rules find them: by name, id or what they have. */
import { nearest } from '../core/nearest.ts';
import { type AccountSelector, accountSelection, isExact } from './account-selection.ts';
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
  /** Whether the file writes this name or id anywhere, however wrong the account is otherwise. */
  mentions(nameOrId: string): boolean;
  /** `; did you mean prod?`, or nothing. */
  suggestionFor(nameOrId: string): string;
}

/**
 * Most names for which a suggestion is searched: a search among thousands of names is slow, and
 * more mistyped names have another cause.
 */
const MAX_SUGGESTIONS = 50;

/** `raw` is the document as it was written, before anything was checked. */
export function listAccounts(document: Readable<Document>, raw: unknown): AccountList {
  const accounts = document.accounts ?? [];
  const listed = accounts.map((account, index) => account && { account, index });
  const all = listed.filter(item => item !== undefined);
  const byId = indexOf(all, 'id');
  const byName = indexOf(all, 'name');
  const written = (raw as { accounts?: unknown } | null)?.accounts;
  // An id without quotes is a number here.
  const mentioned = new Set(
    (Array.isArray(written) ? written : []).flatMap(account =>
      [account?.id, account?.name].filter(isPlain).map(value => String(value)),
    ),
  );
  const find = (nameOrId: string): ListedAccount | undefined =>
    byName.get(nameOrId) ?? byId.get(nameOrId);
  return {
    all,
    isWhole: accounts.every(isReadable),
    find,
    select: selecting({ accounts, listed, find }),
    mentions: nameOrId => mentioned.has(nameOrId),
    suggestionFor: suggesting([...byName.keys(), ...byId.keys()]),
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

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
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

function suggesting(names: readonly string[]): AccountList['suggestionFor'] {
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
