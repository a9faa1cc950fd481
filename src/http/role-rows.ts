/** Fills the page of roles: rows of roles, accounts, and the folders that they are in. */
import { type Entitlement, entitledSeconds } from '../core/access-rule.ts';
import { type Evaluation, everyRole } from '../core/policy.ts';
import { explainRequirement, isProof, type UnmetRequirement } from '../core/requirements.ts';
import { type Account, isOfAws } from '../core/role.ts';
import { lastRegion, type RoleUse, rankOf, useFinder } from '../core/role-use.ts';
import { formatDuration, type Instant } from '../core/time.ts';
import { neededFor } from '../core/unmet-approval.ts';
import { accountMark } from './account-mark.ts';
import { elevationPath, neededLink } from './elevation.ts';
import { timeLeft } from './elevation-rows.ts';
import type { AccountRows, FolderRows, RoleRow } from './role-views.ts';
import { stepUpPath } from './step-up.ts';

/** A role of the user, what they lack for it, and how they use it. */
export interface OwnRole {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
  /** 0 for a role that is neither used nor a favourite. */
  readonly rank: number;
  readonly isFavourite: boolean;
  /** Where the newest console in the account opened, if that is not the region of the account. */
  readonly lastRegion: string | undefined;
}

/** Uses of roles that the user no longer has are left out. */
export function ownRoles(
  evaluation: Evaluation,
  uses: readonly RoleUse[],
  now: Instant,
): readonly OwnRole[] {
  const useOf = useFinder(uses);
  return everyRole(evaluation).map(({ entitlement, missing }) => {
    const { account, role } = entitlement;
    const use = useOf(account.id, role);
    if (use === undefined)
      return { entitlement, missing, rank: 0, isFavourite: false, lastRegion: undefined };
    const region = lastRegion(uses, account.id);
    return {
      ...{ entitlement, missing },
      // A favourite that was never used comes before what is no favourite.
      rank: Math.round(rankOf(use, now)) + (use.isFavourite ? 1 : 0),
      isFavourite: use.isFavourite,
      lastRegion: region === account.region ? undefined : region,
    };
  });
}

/** What is said of an account in a line; empty if nothing is. */
function aboutAccount({ details }: Account): string {
  return [details?.description, details?.owner].filter(Boolean).join(' · ');
}

function placeOf({ region, trust, stsEndpoint }: Account): string {
  if (stsEndpoint !== undefined) return `STS at ${new URL(stsEndpoint).host}`;
  return trust.by === 'hub' ? `${region} · through ${trust.hub.name}/${trust.role}` : region;
}

/** Between the names of folders. */
const BELOW = ' › ';

function folderOf({ details }: Account): string {
  return (details?.folder ?? []).join(BELOW);
}

/**
 * What a search looks through of an account, in lower case: what its section on the page shows, so
 * that the page's own script finds the same.
 */
export function searchedText(account: Account): string {
  const { name, id, partition } = account;
  const shown = [
    ...[name, id, accountMark(account)?.word, partition === 'aws' ? undefined : partition],
    ...[placeOf(account), aboutAccount(account), folderOf(account)],
  ];
  return shown.filter(Boolean).join(' ').toLowerCase();
}

export interface Listing {
  readonly now: Instant;
  /** Whether what the user uses comes first. */
  readonly isSearch: boolean;
  /** The title of accounts without a folder. */
  readonly unfiled: string;
}

export function unfiledTitle(roles: readonly OwnRole[]): string {
  const isFiled = ({ entitlement: { account } }: OwnRole) => folderOf(account) !== '';
  return roles.some(isFiled) ? 'Other accounts' : 'Accounts';
}

type AccountRoles = readonly [account: Account, roles: readonly OwnRole[]];

/**
 * By the names of folders and accounts; accounts without a folder come last. In a search, accounts
 * with a role that the user uses come first, by how much they use it.
 */
export function foldersOf(
  roles: readonly OwnRole[],
  { now, isSearch, unfiled }: Listing,
): readonly FolderRows[] {
  const accounts: readonly AccountRoles[] = [
    ...Map.groupBy(roles, ({ entitlement }) => entitlement.account),
  ].sort(([a], [b]) => (a.name < b.name ? -1 : 1));
  const used = isSearch ? accounts.filter(account => rankIn(account) > 0) : [];
  const others = used.length === 0 ? accounts : accounts.filter(account => !used.includes(account));
  const byFolder = Map.groupBy(others, ([account]) => folderOf(account));
  return [
    ...(used.length === 0 ? [] : [usedRows(used, now)]),
    ...[...byFolder]
      .sort(([a], [b]) => byName(a, b))
      .map(([folder, own]) => ({
        title: folder || unfiled,
        isFiled: folder !== '',
        accounts: own.map(account => accountRows(account, now)),
      })),
  ];
}

/** Empty names come last. */
function byName(a: string, b: string): number {
  return b === '' || (a !== '' && a < b) ? -1 : 1;
}

function rankIn([, roles]: AccountRoles): number {
  return Math.max(...roles.map(({ rank }) => rank));
}

function usedRows(accounts: readonly AccountRoles[], now: Instant): FolderRows {
  const sorted = accounts.toSorted((a, b) => rankIn(b) - rankIn(a));
  return {
    title: 'Used by you',
    isFiled: false,
    accounts: sorted.map(own => {
      const rows = accountRows(own, now);
      const about = [folderOf(own[0]), rows.about].filter(Boolean).join(' · ');
      return { ...rows, about: about || undefined };
    }),
  };
}

function accountRows([account, own]: AccountRoles, now: Instant): AccountRows {
  const { id, name, partition, details } = account;
  return {
    ...{ id, name },
    mark: accountMark(account),
    partition: partition === 'aws' ? undefined : partition,
    place: placeOf(account),
    about: aboutAccount(account) || undefined,
    link: details?.link,
    roles: own.map(role => roleRow(role, now)).sort((a, b) => (a.role < b.role ? -1 : 1)),
  };
}

export function roleRow(
  { entitlement, missing, rank, isFavourite }: OwnRole,
  now: Instant,
): RoleRow {
  const { account, role, elevation } = entitlement;
  const asked = { account: account.name, role };
  const approval = missing.find(unmet => unmet.requirement === 'approval');
  return {
    role,
    name: `${account.name} as ${role}`,
    about: aboutRole(entitlement, now),
    rank: rank || undefined,
    isFavourite,
    hasConsole: isOfAws(account),
    missing: missing.map(unmet => explainRequirement(unmet)),
    stepUpHref:
      missing.length > 0 && missing.every(isProof) ? stepUpPath({ role: asked }, '/') : undefined,
    request: approval && neededLink(neededFor(approval, asked)),
    elevation: elevation && {
      href: elevationPath(elevation.id),
      ...timeLeft(elevation.endsAt, now),
    },
  };
}

function aboutRole(entitlement: Entitlement, now: Instant): string {
  const { account, rule, group, elevation } = entitlement;
  const { consoleSeconds } = rule.session;
  const length = formatDuration(entitledSeconds(entitlement, now));
  // The console takes no length of its own for chained credentials.
  const follows =
    consoleSeconds === undefined ||
    account.trust.by === 'hub' ||
    !isOfAws(account) ||
    elevation !== undefined;
  const consoleLength = follows ? length : formatDuration(consoleSeconds);
  return [
    length,
    ...(consoleLength === length ? [] : [`console ${consoleLength}`]),
    ...[group, `rule ${rule.name}`],
  ].join(' · ');
}
