/** Fills the page of roles: rows of roles, accounts, and the folders that they are in. */
import { type Entitlement, entitledSeconds } from '../core/access-rule.ts';
import type { Evaluation } from '../core/policy.ts';
import { explainRequirement, isProof, type UnmetRequirement } from '../core/requirements.ts';
import type { Account } from '../core/role.ts';
import { formatDuration, type Instant } from '../core/time.ts';
import { neededFor } from '../core/unmet-approval.ts';
import { accountMark } from './account-mark.ts';
import { elevationPath, neededLink } from './elevation.ts';
import { timeLeft } from './elevation-rows.ts';
import type { AccountRows, FolderRows, RoleRow } from './role-views.ts';
import { stepUpPath } from './step-up.ts';

/** A role of the user, and what they lack for it. */
export interface OwnRole {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
  /** How much they use it; 0 if they do not. */
  readonly rank: number;
}

export function ownRoles(
  { granted, withheld }: Evaluation,
  rankOf: (entitlement: Entitlement) => number,
): readonly OwnRole[] {
  return [
    ...granted.map(entitlement => ({ entitlement, missing: [], rank: rankOf(entitlement) })),
    ...withheld.map(({ entitlement, missing }) => ({
      entitlement,
      missing,
      rank: rankOf(entitlement),
    })),
  ];
}

/** What is said of an account in a line; empty if nothing is. */
function aboutAccount({ details }: Account): string {
  return [details?.description, details?.owner].filter(Boolean).join(' · ');
}

function placeOf({ region, trust }: Account): string {
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

/** By the names of folders and accounts; accounts without a folder come last. */
export function foldersOf(roles: readonly OwnRole[], now: Instant): readonly FolderRows[] {
  const byAccount = Map.groupBy(roles, ({ entitlement }) => entitlement.account);
  const byFolder = Map.groupBy(byAccount, ([account]) => folderOf(account));
  const unfiled = byFolder.size > 1 ? 'Other accounts' : 'Accounts';
  return [...byFolder]
    .sort(([a], [b]) => (b === '' || (a !== '' && a < b) ? -1 : 1))
    .map(([folder, accounts]) => ({
      title: folder || unfiled,
      isFiled: folder !== '',
      accounts: accounts
        .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
        .map(([account, own]) => accountRows(account, own, now)),
    }));
}

function accountRows(account: Account, own: readonly OwnRole[], now: Instant): AccountRows {
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

function roleRow({ entitlement, missing, rank }: OwnRole, now: Instant): RoleRow {
  const { account, role, elevation } = entitlement;
  const asked = { account: account.name, role };
  const approval = missing.find(unmet => unmet.requirement === 'approval');
  return {
    role,
    name: `${account.name} as ${role}`,
    about: aboutRole(entitlement, now),
    rank: rank || undefined,
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
    consoleSeconds === undefined || account.trust.by === 'hub' || elevation !== undefined;
  const consoleLength = follows ? length : formatDuration(consoleSeconds);
  return [
    length,
    ...(consoleLength === length ? [] : [`console ${consoleLength}`]),
    ...[group, `rule ${rule.name}`],
  ].join(' · ');
}
