/**
 * Which ways the rules make into each account, by role: what is known before policies are written.
 *
 * Owns: the rules by account, roles that groups name, hubs. Does not own: what the bridge sends
 * (ways.ts).
 */
import type { AccessRule } from '../access-rule.ts';
import type { ConnectorId } from '../identity.ts';
import type { Application } from '../oauth-client.ts';
import { type PartitionOverrides, partitionTable } from '../partitions.ts';
import {
  type Account,
  type AccountId,
  isReservedRole,
  type Partition,
  type RoleName,
  roleArn,
} from '../role.ts';
import type { RolePattern } from '../role-scope.ts';
import type { WorkloadRule } from '../workload-rule.ts';
import type { HubTarget } from './policy.ts';
import {
  type Grant,
  type Issuers,
  obstacle,
  type PlannedWay,
  type TrustConnector,
  waysInto,
  waysIntoHub,
} from './ways.ts';

/** The parts of a configuration that a plan is made of. */
export interface TrustParts extends Pick<Issuers, 'baseUrl' | 'issuer'> {
  readonly connectors: readonly TrustConnector[];
  readonly accounts: readonly Account[];
  readonly access: readonly AccessRule[];
  readonly workloadRules: readonly WorkloadRule[];
  /** Their roles, and those of terminals, are known also where only groups name them. */
  readonly applications: readonly Application[];
  readonly cli: { readonly deviceGrant: { readonly roles?: readonly RolePattern[] | undefined } };
  readonly aws: {
    readonly partitions: Readonly<Partial<Record<Partition, PartitionOverrides>>>;
  };
}

export interface PlanOptions {
  /** Undefined: every account. */
  readonly accounts?: readonly AccountId[] | undefined;
  /** Further roles, for rules whose groups can name any role. */
  readonly roles?: readonly RoleName[] | undefined;
  /** Entity ids of SAML connectors, as far as their metadata was read. */
  readonly entityIds?: ReadonlyMap<ConnectorId, string> | undefined;
}

// ---------------------------------------------------------------- rules by account

/** A rule with the roles that it names; `isOpen` if groups can name others. */
interface RoleGrant extends Grant {
  readonly roles: readonly RoleName[];
  readonly isOpen: boolean;
}

export interface Planning {
  readonly issuers: Issuers;
  /** In the order of the configuration, users first. */
  grantsFor(account: Account): readonly RoleGrant[];
  /** The accounts behind a hub in this one. */
  behind(account: Account): readonly Account[];
  /** Roles of the account that something other than a rule names. */
  namedElsewhere(account: Account): readonly RoleName[];
}

export function planningOf(
  parts: TrustParts,
  { roles = [], entityIds = new Map() }: PlanOptions,
): Planning {
  const { baseUrl, issuer, connectors, accounts, applications, cli } = parts;
  const partitions = partitionTable({ partitions: parts.aws.partitions });
  const byAccount = indexGrants(parts);
  const behind = Map.groupBy(
    accounts.filter(({ trust }) => trust.by === 'hub'),
    ({ trust }) => (trust.by === 'hub' ? trust.hub.id : undefined),
  );
  const named: readonly RolePattern[] = [
    ...applications.flatMap(({ application }) => application.roles),
    ...(cli.deviceGrant.roles ?? []),
  ];
  return {
    issuers: { baseUrl, issuer, connectors, partitions, entityIds },
    grantsFor: byAccount,
    behind: ({ id }) => behind.get(id) ?? [],
    namedElsewhere: ({ id }) => [
      ...roles,
      ...named.flatMap(({ account, role }) => (account === id ? (role ?? []) : [])),
    ],
  };
}

function indexGrants({ access, workloadRules }: TrustParts): Planning['grantsFor'] {
  const ordered = [
    ...access.map(rule => ({ rule, grant: userGrant(rule) })),
    ...workloadRules.map(rule => ({ rule, grant: workloadGrant(rule) })),
  ].map(({ rule: { accounts }, grant }, order) => ({ accounts, grant, order }));
  const everywhere = ordered.filter(({ accounts }) => accounts === undefined);
  const byAccount = new Map<AccountId, (typeof ordered)[number][]>();
  for (const entry of ordered)
    for (const id of new Set(entry.accounts)) {
      const list = byAccount.get(id);
      if (list === undefined) byAccount.set(id, [entry]);
      else list.push(entry);
    }
  return ({ id }) =>
    [...everywhere, ...(byAccount.get(id) ?? [])]
      .sort((a, b) => a.order - b.order)
      .map(({ grant }) => grant);
}

function userGrant({ name, connectors, session, elevation, roles }: AccessRule): RoleGrant {
  return {
    rule: name,
    by: { callers: 'users', connectors },
    session,
    elevationTag: elevation?.tag,
    roles,
    isOpen: roles.length === 0,
  };
}

function workloadGrant({ name, entry, session, roles }: WorkloadRule): RoleGrant {
  return { rule: name, by: { callers: 'workloads', entry }, session, roles, isOpen: false };
}

// ---------------------------------------------------------------- one account

/** What the rules make of an account, before it becomes policies. */
export interface Gathered {
  readonly account: Account;
  readonly ways: Map<RoleName, PlannedWay[]>;
  /** Of roles that only groups name. */
  readonly openWays: PlannedWay[];
  readonly openRules: string[];
  readonly denied: { readonly rule: string; readonly because: string }[];
  /** Of roles here through which others are reached. */
  readonly targets: Map<RoleName, HubTarget[]>;
  /** Accounts behind a role here whose roles only groups name. */
  readonly openHubs: Map<RoleName, Set<string>>;
}

/** The ways into an account, also to its roles through which other accounts are reached. */
export function gatherWays(account: Account, planning: Planning): Gathered {
  const gathered = gather(account, planning);
  for (const behind of planning.behind(account)) gatherHub(gathered, behind, planning);
  return gathered;
}

function gather(account: Account, planning: Planning): Gathered {
  const { issuers, grantsFor, namedElsewhere } = planning;
  const gathered: Gathered = {
    account,
    ways: new Map(),
    openWays: [],
    openRules: [],
    denied: [],
    targets: new Map(),
    openHubs: new Map(),
  };
  for (const grant of grantsFor(account)) {
    const because = obstacle(grant, account, issuers);
    if (because !== undefined) {
      gathered.denied.push({ rule: grant.rule, because });
      continue;
    }
    const ways = waysInto(grant, account, issuers);
    if (grant.isOpen) {
      gathered.openWays.push(...ways);
      gathered.openRules.push(grant.rule);
    }
    for (const role of new Set(grant.isOpen ? namedElsewhere(account) : grant.roles))
      append(gathered.ways, role, ways);
  }
  return gathered;
}

/** Adds the role of this account through which roles of another one are reached. */
function gatherHub(gathered: Gathered, behind: Account, planning: Planning): void {
  if (behind.trust.by !== 'hub') return;
  const { role } = behind.trust;
  const { issuers, grantsFor, namedElsewhere } = planning;
  for (const grant of grantsFor(behind)) {
    if (obstacle(grant, behind, issuers) !== undefined) continue;
    const roles = (grant.isOpen ? namedElsewhere(behind) : grant.roles).filter(
      name => !isReservedRole(name),
    );
    if (grant.isOpen) {
      const names = gathered.openHubs.get(role) ?? new Set();
      gathered.openHubs.set(role, names.add(behind.name));
    } else if (roles.length === 0) continue;
    append(gathered.ways, role, waysIntoHub(grant, { account: behind, roles }, issuers));
    const ways = waysInto(grant, behind, issuers);
    append(
      gathered.targets,
      role,
      roles.map(name => ({ arn: roleArn(behind, name), ways })),
    );
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, values: readonly V[]): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [...values]);
  else list.push(...values);
}
