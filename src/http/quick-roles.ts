/** Favourites and roles that the user uses: what stands above the accounts. */
import type { Destinations } from '../bridge/destinations.ts';
import { withQuery } from '../core/local-path.ts';
import { isOfAws } from '../core/role.ts';
import type { Instant } from '../core/time.ts';
import { accountMark } from './account-mark.ts';
import { CONSOLE_PATH } from './console-paths.ts';
import { type OwnRole, roleRow } from './role-rows.ts';
import type { QuickRole, QuickRoles } from './role-views.ts';

/** Roles that are no favourites. */
const MOST_RECENT = 6;

export interface QuickParts {
  readonly now: Instant;
  readonly destinations: Pick<Destinations, 'addressOf'>;
}

/** Undefined if there are none. */
export function quickRoles(roles: readonly OwnRole[], parts: QuickParts): QuickRoles | undefined {
  const used = roles.filter(({ rank }) => rank > 0).sort(mostUsedFirst);
  const favourites = used.filter(({ isFavourite }) => isFavourite);
  const recent = used.filter(({ isFavourite }) => !isFavourite).slice(0, MOST_RECENT);
  if (used.length === 0) return undefined;
  return {
    title: titleFor(favourites, recent),
    roles: [...favourites, ...recent].map(role => quickRole(role, parts)),
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

function quickRole(own: OwnRole, { now, destinations }: QuickParts): QuickRole {
  const { account, role } = own.entitlement;
  const { id, name, partition } = account;
  const { lastRegion: region } = own;
  const row = { ...roleRow(own, now), account: { id, name, mark: accountMark(account) } };
  if (region === undefined || !isOfAws(account)) return row;
  const destination = destinations.addressOf({ partition, path: '/console/home', region });
  const href = withQuery(CONSOLE_PATH, { account: name, role, destination });
  return { ...row, lastRegion: { name: region, href } };
}
