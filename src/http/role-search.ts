/**
 * The search on the page of roles. views/assets/roles.js does the same while the user types: a
 * change here is a change there.
 */
import type { Entitlement } from '../core/access-rule.ts';
import type { Account } from '../core/role.ts';
import { searchedText } from './role-rows.ts';

/** Every word of the query must occur in what is shown of the account, or in the role. */
export function searchFor(query: string): (role: { readonly entitlement: Entitlement }) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  const texts = new Map<Account, string>();
  const textOf = (account: Account): string => {
    const known = texts.get(account) ?? searchedText(account);
    texts.set(account, known);
    return known;
  };
  return ({ entitlement: { account, role } }) => {
    const text = `${textOf(account)} ${role.toLowerCase()}`;
    return words.every(word => text.includes(word));
  };
}
