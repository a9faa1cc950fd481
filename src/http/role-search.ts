/**
 * The search on the page of roles. views/assets/roles.js does the same while the user types: a
 * change here is a change there.
 */
import type { Account } from '../core/role.ts';
import { accountMark } from './account-mark.ts';
import { type OwnRole, searchedText } from './role-rows.ts';

/**
 * Every word of the query must occur in what is shown of the account, in the role, or in
 * `account/role`.
 */
export function searchFor(query: string): (role: Pick<OwnRole, 'entitlement'>) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  const texts = new Map<Account, string>();
  const textOf = (account: Account): string => {
    const known = texts.get(account) ?? searchedText(account);
    texts.set(account, known);
    return known;
  };
  return ({ entitlement: { account, role } }) => {
    const text = `${textOf(account)} ${account.name}/${role}`.toLowerCase();
    return words.every(word => text.includes(word));
  };
}

/** Whole words that a user may have meant: of their own accounts and roles alone. */
export function vocabularyOf(roles: readonly OwnRole[]): ReadonlySet<string> {
  return new Set(
    roles.flatMap(({ entitlement: { account, role } }) => [
      ...[account.name, account.id, role],
      ...[accountMark(account)?.word ?? [], account.details?.folder ?? []].flat(),
    ]),
  );
}
