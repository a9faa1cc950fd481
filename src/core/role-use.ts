/**
 * How a user uses their roles: favourites, the newest uses, the region of the last console. It
 * orders what users see, and does not affect access.
 */
import type { AccountId, RoleName } from './role.ts';
import { DAY, type Instant } from './time.ts';

export interface UsedRole {
  readonly account: AccountId;
  readonly role: RoleName;
}

export interface RoleUse extends UsedRole {
  readonly isFavourite: boolean;
  /** In how many minutes the role was handed out; 0 for a favourite that was never used. */
  readonly uses: number;
  /** The newest hand-out; undefined if there was none. */
  readonly usedAt?: Instant | undefined;
  /** Where the newest console of this role opened, if its address named a region. */
  readonly region?: string | undefined;
}

/** Favourites of one user. */
export const MOST_FAVOURITES = 100;

/** How much a use counts, by its age in days. */
const WEIGHTS: readonly (readonly [days: number, weight: number])[] = [
  [4, 100],
  [14, 70],
  [31, 50],
  [90, 30],
];

/** How much a role is used: often and lately. 0 for one that was not used in 90 days. */
export function rankOf({ uses, usedAt }: RoleUse, now: Instant): number {
  if (usedAt === undefined) return 0;
  const age = now - usedAt;
  const weight = WEIGHTS.find(([days]) => age <= days * DAY * 1000)?.[1] ?? 0;
  return weight * Math.log2(uses + 1);
}

/** Finds the use of a role. */
export function useFinder(
  uses: readonly RoleUse[],
): (account: AccountId, role: RoleName) => RoleUse | undefined {
  const byRole = new Map(uses.map(use => [`${use.account} ${use.role}`, use]));
  return (account, role) => byRole.get(`${account} ${role}`);
}

/** The region that was last used in an account; undefined if no console named one. */
export function lastRegion(uses: readonly RoleUse[], account: AccountId): string | undefined {
  const newest = uses
    .filter(use => use.account === account && use.region !== undefined)
    .reduce<RoleUse | undefined>(
      (best, use) => ((best?.usedAt ?? -1) < (use.usedAt ?? 0) ? use : best),
      undefined,
    );
  return newest?.region;
}
