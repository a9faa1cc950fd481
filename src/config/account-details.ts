/**
 * What users are shown of each account: its own keys, then those of the first entry of
 * `accountDetails` that has the key.
 */
import {
  type AccountSelection,
  type AccountSelector,
  accountSelection,
  type SelectableAccount,
} from './account-selection.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

type Entry = Document['accountDetails'][number];

export const DETAIL_KEYS = ['environment', 'color', 'description', 'owner', 'link'] as const;
export type DetailKey = (typeof DETAIL_KEYS)[number];

/** What can be written for many accounts at once. */
export type SharedDetails = { readonly [K in DetailKey]?: Entry[K] | undefined };

export interface MergedDetails {
  /** By the position of the account. */
  readonly details: readonly SharedDetails[];
  /** By the position of the entry: how many accounts each of its selectors names. */
  readonly selected: readonly (readonly number[])[];
  /** By the position of the entry: the keys that it gives to an account. */
  readonly given: readonly ReadonlySet<DetailKey>[];
}

type DescribedAccount = SelectableAccount & SharedDetails;
type ReadableEntry = SharedDetails & {
  readonly accounts?: readonly (AccountSelector | undefined)[] | undefined;
};

/** Accounts and entries can have problems; what an account has written is its own, even so. */
export function mergeDetails({
  accounts = [],
  accountDetails: entries = [],
}: {
  readonly accounts?: readonly (DescribedAccount | undefined)[] | undefined;
  readonly accountDetails?: readonly (Readable<Entry> | undefined)[] | undefined;
}): MergedDetails {
  const select = accountSelection(accounts);
  const details = accounts.map(account => ownDetails(account));
  const taken = accounts.map(
    account => new Set(DETAIL_KEYS.filter(key => account !== undefined && isWritten(account, key))),
  );
  const merged = entries.map(entry => {
    const lists = listsOf((entry ?? {}) as ReadableEntry, select);
    const given = new Set<DetailKey>();
    for (const key of DETAIL_KEYS) {
      const value = entry?.[key];
      if (value === undefined) continue;
      // An account that two selectors name has the key by the second.
      for (const positions of lists)
        for (const position of positions) {
          if (taken[position]!.has(key)) continue;
          taken[position]!.add(key);
          details[position] = { ...details[position], [key]: value };
          given.add(key);
        }
    }
    return { counts: lists.map(({ length }) => length), given };
  });
  return {
    details,
    selected: merged.map(({ counts }) => counts),
    given: merged.map(({ given }) => given),
  };
}

function ownDetails(account: DescribedAccount | undefined): SharedDetails {
  return Object.fromEntries(
    DETAIL_KEYS.flatMap(key => (account?.[key] === undefined ? [] : [[key, account[key]]])),
  );
}

function listsOf({ accounts = [] }: ReadableEntry, select: AccountSelection) {
  return accounts.map(selector => (selector === undefined ? [] : select(selector)));
}
