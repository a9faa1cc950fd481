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
import { everyRole, type Policy } from '../core/policy.ts';
import type { Clock } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { isProof, type UnmetRequirement } from '../core/requirements.ts';
import { type Account, isOfAws, type RoleName } from '../core/role.ts';
import { rankOf, useFinder } from '../core/role-use.ts';
import type { Instant } from '../core/time.ts';
import type { WayIn } from '../core/ways-in.ts';
import { type Access, attainable, requireConsole } from './access.ts';
import type { MyRoles } from './my-roles.ts';

/** A role that the user has, or can get by a proof or a request. */
export interface Candidate {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
  /** The newest use by this user; undefined if there was none. */
  readonly usedAt: Instant | undefined;
  /** How much the user uses it (core/role-use). */
  readonly rank: number;
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
  /** Throws as `Access.rolesFor`, and `console_missing`. */
  find(requester: AuthenticatedRequester, wanted: Wanted): Promise<Found>;
  /** What the user has or can get, and has a console. Throws as `Access.rolesFor`. */
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
      const all = attainable(await access.rolesFor(requester));
      const entitlements = all.filter(({ account }) => isOfAws(account));
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
  const wanted = (await candidatesOf(parts, requester)).filter(({ entitlement }) =>
    isWanted(entitlement.account),
  );
  const candidates = wanted.filter(({ entitlement }) => isOfAws(entitlement.account));
  const [other] = wanted;
  if (candidates.length === 0 && other !== undefined) requireConsole(other.entitlement.account);
  if (candidates.length === 0) return noneIn(parts, requester, named);
  const clear = clearOf(candidates, named.length === 1);
  if (clear !== undefined) return { kind: 'role', entitlement: clear.entitlement };
  return { kind: 'choice', candidates: candidates.toSorted(byChoice) };
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
  { access, myRoles, clock }: DestinationsParts,
  requester: AuthenticatedRequester,
): Promise<readonly Candidate[]> {
  const useOf = useFinder(await myRoles.uses(requester));
  const now = clock.now();
  return everyRole(await access.rolesFor(requester)).map(({ entitlement, missing }) => {
    const use = useOf(entitlement.account.id, entitlement.role);
    return {
      ...{ entitlement, missing },
      usedAt: use?.usedAt,
      rank: use === undefined ? 0 : rankOf(use, now),
      isUsable: missing.every(isProof),
    };
  });
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
function byChoice(a: Candidate, b: Candidate): number {
  return (
    Number(b.isUsable) - Number(a.isUsable) || b.rank - a.rank || (nameOf(a) < nameOf(b) ? -1 : 1)
  );
}

function nameOf({ entitlement: { account, role } }: Candidate): string {
  return `${account.name} ${role}`;
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
