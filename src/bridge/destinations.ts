/**
 * Which role opens an address of the console: the account that the address names, and the role that
 * the user has there.
 *
 * Owns: who chooses the role. Does not own: what an address says (core/console-address), what a
 * user may use, and what opens the console (access).
 */
import type { Entitlement } from '../core/access-rule.ts';
import { consoleAddress, type ReadAddress, readAddress } from '../core/console-address.ts';
import type { Partitions } from '../core/partitions.ts';
import type { Policy } from '../core/policy.ts';
import type { Clock } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { isProof, type UnmetRequirement } from '../core/requirements.ts';
import type { Account, AccountId, RoleName } from '../core/role.ts';
import { type RoleUse, rankOf } from '../core/role-use.ts';
import type { Instant } from '../core/time.ts';
import type { WayIn } from '../core/ways-in.ts';
import { type Access, attainable } from './access.ts';
import type { MyRoles } from './my-roles.ts';

/** A role that the user has, or can get by a proof or a request. */
export interface Candidate {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
  /** The newest use by this user; undefined if there was none. */
  readonly usedAt: Instant | undefined;
  /** Whether it can be used now, or after a sign-in. */
  readonly isUsable: boolean;
}

export type Found =
  /** One role is clear: the one last used there, one that is preferred, or the only one. */
  | { readonly kind: 'role'; readonly entitlement: Entitlement }
  /** The most used first. */
  | { readonly kind: 'choice'; readonly candidates: readonly Candidate[] }
  | {
      readonly kind: 'none';
      /** The accounts as they were named; empty if the user has no role in the whole partition. */
      readonly accounts: readonly string[];
      /** The same for an unknown account and for one where the user could get no role. */
      readonly ways: readonly WayIn[];
    };

export interface Wanted {
  readonly address: ReadAddress;
  /** By name or id. Takes precedence over the accounts that the address names. */
  readonly account?: string | undefined;
}

export interface OwnPlaces {
  /** By name. */
  readonly accounts: readonly Account[];
  /** Names of roles, each once, sorted. */
  readonly roles: readonly RoleName[];
}

export interface Destinations {
  /** Throws `destination_refused`. */
  read(text: string): ReadAddress;
  /** The address of a page: `path` with its fragment. Throws `internal` for a malformed region. */
  addressOf(page: Parameters<typeof consoleAddress>[1]): string;
  /** Throws as `Access.rolesFor`. */
  find(requester: AuthenticatedRequester, wanted: Wanted): Promise<Found>;
  /** What the user has or can get. Throws as `find`. */
  own(requester: AuthenticatedRequester): Promise<OwnPlaces>;
}

export interface DestinationsParts {
  readonly access: Pick<Access, 'rolesFor'>;
  readonly myRoles: Pick<MyRoles, 'uses'>;
  readonly policy: Pick<Policy, 'waysInto'>;
  readonly partitions: Partitions;
  readonly clock: Clock;
}

export function createDestinations(parts: DestinationsParts): Destinations {
  const { partitions, access } = parts;
  return {
    read: text => readAddress(text, partitions),
    addressOf: page => consoleAddress(partitions, page),
    find: (requester, wanted) => find(parts, requester, wanted),
    own: async requester => {
      const entitlements = attainable(await access.rolesFor(requester));
      const accounts = new Set(entitlements.map(({ account }) => account));
      const roles = new Set(entitlements.map(({ role }) => role));
      return {
        accounts: [...accounts].sort((a, b) => (a.name < b.name ? -1 : 1)),
        roles: [...roles].sort(),
      };
    },
  };
}

async function find(
  parts: DestinationsParts,
  requester: AuthenticatedRequester,
  { address, account }: Wanted,
): Promise<Found> {
  const named = account === undefined ? address.accounts : [account];
  const isWanted = wantedBy(named, address);
  const uses = await parts.myRoles.uses(requester);
  const candidates = (await candidatesOf(parts, requester, uses)).filter(({ entitlement }) =>
    isWanted(entitlement.account),
  );
  if (candidates.length === 0) return noneIn(parts, requester, named);
  const clear = clearOf(candidates, named.length === 1);
  if (clear !== undefined) return { kind: 'role', entitlement: clear.entitlement };
  return { kind: 'choice', candidates: inOrder(candidates, uses, parts.clock.now()) };
}

function wantedBy(
  named: readonly string[],
  { partition }: ReadAddress,
): (account: Account) => boolean {
  return account =>
    (partition === undefined || account.partition === partition) &&
    (named.length === 0 || named.includes(account.id) || named.includes(account.name));
}

async function candidatesOf(
  { access }: DestinationsParts,
  requester: AuthenticatedRequester,
  uses: readonly RoleUse[],
): Promise<readonly Candidate[]> {
  const { granted, withheld } = await access.rolesFor(requester);
  const usedAt = new Map(uses.map(use => [keyOf(use), use.usedAt]));
  const rows = [...granted.map(entitlement => ({ entitlement, missing: [] })), ...withheld];
  return rows.map(({ entitlement, missing }) => ({
    ...{ entitlement, missing },
    usedAt: usedAt.get(keyOf({ account: entitlement.account.id, role: entitlement.role })),
    isUsable: missing.every(isProof),
  }));
}

function keyOf({ account, role }: { readonly account: AccountId; readonly role: string }): string {
  return `${account} ${role}`;
}

/** With several accounts, only what leaves no choice is clear. */
function clearOf(candidates: readonly Candidate[], isOneAccount: boolean): Candidate | undefined {
  const usable = candidates.filter(({ isUsable }) => isUsable);
  if (usable.length === 1) return usable[0];
  if (!isOneAccount) return undefined;
  const [lastUsed] = usable
    .filter(({ usedAt }) => usedAt !== undefined)
    .sort((a, b) => b.usedAt! - a.usedAt!);
  return lastUsed ?? usable.find(({ entitlement }) => entitlement.rule.isPreferred === true);
}

/** What can be used comes first, then the most used, then by account and role. */
function inOrder(
  candidates: readonly Candidate[],
  uses: readonly RoleUse[],
  now: Instant,
): readonly Candidate[] {
  const ranks = new Map(uses.map(use => [keyOf(use), rankOf(use, now)]));
  const sorted = candidates.map(candidate => {
    const { account, role } = candidate.entitlement;
    const rank = ranks.get(keyOf({ account: account.id, role })) ?? 0;
    return { candidate, rank, name: `${account.name} ${role}` };
  });
  sorted.sort(
    (a, b) =>
      Number(b.candidate.isUsable) - Number(a.candidate.isUsable) ||
      b.rank - a.rank ||
      (a.name < b.name ? -1 : 1),
  );
  return sorted.map(({ candidate }) => candidate);
}

/** An address can name more accounts than a user can choose from. */
const MOST_NAMED = 5;

function noneIn(
  { policy }: DestinationsParts,
  { subject }: AuthenticatedRequester,
  named: readonly string[],
): Found {
  const { connector } = subject.identity;
  const accounts = named.slice(0, MOST_NAMED);
  const ways = accounts.flatMap(account => policy.waysInto(account, connector));
  return { kind: 'none', accounts, ways };
}
