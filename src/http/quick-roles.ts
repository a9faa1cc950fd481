/** Favourites and roles that the user uses: what stands above the accounts. */
import type { Instant } from '../core/time.ts';
import { accountMark } from './account-mark.ts';
import { type OwnRole, roleRow } from './role-rows.ts';
import type { QuickRole, QuickRoles } from './role-views.ts';

/** Roles that are no favourites. */
const MOST_RECENT = 6;

/** Undefined if there are none. */
export function quickRoles(roles: readonly OwnRole[], now: Instant): QuickRoles | undefined {
  const used = roles.filter(({ rank }) => rank > 0).sort(mostUsedFirst);
  const favourites = used.filter(({ isFavourite }) => isFavourite);
  const recent = used.filter(({ isFavourite }) => !isFavourite).slice(0, MOST_RECENT);
  if (used.length === 0) return undefined;
  return {
    title: titleFor(favourites, recent),
    roles: [...favourites, ...recent].map(role => quickRole(role, now)),
  };
}

function mostUsedFirst(a: OwnRole, b: OwnRole): number {
  return b.rank - a.rank || (nameOf(a) < nameOf(b) ? -1 : 1);
}

function nameOf({ entitlement: { account, role } }: OwnRole): string {
  return `${account.name} ${role}`;
}

function titleFor(favourites: readonly OwnRole[], recent: readonly OwnRole[]): string {
  if (recent.length === 0) return 'Favourites';
  return favourites.length === 0 ? 'Recent' : 'Favourites and recent';
}

function quickRole(role: OwnRole, now: Instant): QuickRole {
  const { account } = role.entitlement;
  const { id, name } = account;
  return { ...roleRow(role, now), account: { id, name, mark: accountMark(account) } };
}
