/** What a terminal would get, in a sentence. */
import { attainable, type ReachableRoles } from '../bridge/access.ts';
import { isProduction } from '../core/account-details.ts';
import { listed } from '../core/listed.ts';
import { accountMark } from './account-mark.ts';
import type { ProductionModel } from './terminal-views.ts';

const MOST_NAMED = 4;

export function summaryOfRoles({ granted, withheld, outOfScope }: ReachableRoles): string {
  const names = granted.map(({ account, role }) => `${account.name}/${role}`).sort();
  const eligible = withheld.filter(({ missing }) =>
    missing.some(({ requirement }) => requirement === 'approval'),
  ).length;
  const beyond = [
    ...(eligible === 0 ? [] : [`; ${eligible} more after an approval`]),
    ...(outOfScope.length === 0
      ? []
      : [`; ${outOfScope.length} more of yours are not for logins by a code`]),
  ].join('');
  if (names.length === 0) return `no role now${beyond}`;
  const accounts = new Set(granted.map(({ account }) => account.id)).size;
  const counted = `${names.length} ${names.length === 1 ? 'role' : 'roles'} in ${accounts} ${accounts === 1 ? 'account' : 'accounts'}`;
  const more = names.length - MOST_NAMED;
  return `your access to AWS: ${counted} (${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''})${beyond}`;
}

/** The production accounts that a terminal can reach, also after a proof or an approval. */
export function productionIn(roles: ReachableRoles): ProductionModel | undefined {
  const accounts = attainable(roles).flatMap(({ account }) =>
    isProduction(account) ? [account] : [],
  );
  const [first] = accounts;
  const mark = first && accountMark(first);
  if (mark === undefined) return undefined;
  const names = new Set(accounts.map(({ name }) => name));
  return { mark, accounts: listed([...names].sort()) };
}
