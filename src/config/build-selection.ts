/** The accounts that the selectors of a checked document give. */

import type { AccountId } from '../core/role.ts';
import type { AccountFacts } from './account-facts.ts';
import { type AccountSelector, accountSelection, isExact } from './account-selection.ts';
import type { Document } from './schema.ts';

export interface AccountChoice {
  /**
   * The ids of the selected accounts; undefined means every account. Equal lists of selectors give
   * the same array: thousands of rules can select thousands of accounts.
   */
  idsOf(selectors: readonly AccountSelector[] | undefined): readonly AccountId[] | undefined;
  /**
   * What an approval is bound to: the ids of accounts that are named, and selectors as they are
   * written. An account more or less behind a selector changes nothing for the others.
   */
  termsOf(selectors: readonly AccountSelector[] | undefined): readonly string[] | undefined;
}

export function accountChoice(
  accounts: Document['accounts'],
  { skippedAs }: Pick<AccountFacts, 'skippedAs'>,
): AccountChoice {
  const positionsOf = accountSelection(accounts);
  const selectedBy = (selector: AccountSelector): readonly AccountId[] =>
    positionsOf(selector).map(position => accounts[position]!.id);
  // An account that is suspended for a while ends no approval for the others.
  const namedIds = (name: string): readonly string[] => {
    const selected = selectedBy(name);
    return selected.length > 0 ? selected : [skippedAs(name)?.id].filter(id => id !== undefined);
  };
  const known = new Map<string, readonly AccountId[]>();
  return {
    idsOf: selectors => {
      if (isEvery(selectors)) return undefined;
      const key = JSON.stringify(selectors);
      const ids = known.get(key) ?? [...new Set(selectors.flatMap(selectedBy))];
      known.set(key, ids);
      return ids;
    },
    termsOf: selectors =>
      isEvery(selectors)
        ? undefined
        : selectors.flatMap((selector): readonly string[] =>
            isExact(selector) ? namedIds(selector) : [selectorTerm(selector)],
          ),
  };
}

function isEvery(selectors: readonly AccountSelector[] | undefined): selectors is undefined {
  return selectors === undefined || selectors.includes('*');
}

/** The same for the same meaning; no account has such an id. */
function selectorTerm(selector: AccountSelector): string {
  if (typeof selector === 'string') return selector;
  const { label = {}, path } = selector;
  const labels = Object.entries(label).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ labels, path });
}
