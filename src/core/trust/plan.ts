/**
 * What IAM needs in each account: the providers that stand for who vouches for callers, and every
 * role that a rule can give, with its trust policy.
 *
 * Owns: the plan, the providers, the longest session of a role. Does not own: which ways lead into
 * an account (grants.ts), what the bridge sends (ways.ts), the policies
 * (policy.ts), how they are written (operate/trust/).
 */
import type { ConnectorId } from '../identity.ts';
import {
  type Account,
  isReservedRole,
  oidcProviderArn,
  type RoleArn,
  type RoleName,
  roleArn,
  samlProviderArn,
} from '../role.ts';
import { MAX_DURATION } from '../session.ts';
import { compareTexts } from '../text-order.ts';
import { HOUR, type Seconds } from '../time.ts';
import {
  type Gathered,
  gatherWays,
  type Planning,
  type PlanOptions,
  planningOf,
  type TrustParts,
} from './grants.ts';
import { planNotes } from './notes.ts';
import {
  type HubTarget,
  hubPermissions,
  type PermissionPolicy,
  type TrustPolicy,
  trustPolicyFor,
} from './policy.ts';
import { isBuiltIn, type PlannedWay } from './ways.ts';

export interface TrustPlan {
  /** In the order of the configuration. */
  readonly accounts: readonly AccountPlan[];
}

export interface AccountPlan {
  readonly account: Account;
  /** Undefined if the account needs none. */
  readonly samlProvider?: SamlProviderPlan | undefined;
  /** Sorted by URL. */
  readonly oidcProviders: readonly OidcProviderPlan[];
  /** Sorted by name. */
  readonly roles: readonly RolePlan[];
  /** Roles of IAM Identity Center that rules name; the plan leaves them out. */
  readonly reservedRoles: readonly RoleName[];
  /** What the plan cannot say, or IAM does not accept: sentences. */
  readonly notes: readonly string[];
}

export interface SamlProviderPlan {
  readonly name: string;
  readonly arn: string;
  /** The connector whose metadata it has; undefined: the bridge's. */
  readonly connector?: ConnectorId | undefined;
}

export interface OidcProviderPlan {
  /** The issuer, with `https://`. */
  readonly url: string;
  readonly arn: string;
  readonly clientIds: readonly string[];
  /** The connector whose provider it is; undefined: the bridge. */
  readonly connector?: ConnectorId | undefined;
}

export interface RolePlan {
  /** With its path. */
  readonly name: RoleName;
  readonly arn: RoleArn;
  /** The rules that give it or, of a hub's role, roles behind it, in the order of the file. */
  readonly rules: readonly string[];
  /** MaxSessionDuration: what the longest rule needs, and at least an hour. */
  readonly maxSessionSeconds: Seconds;
  readonly trustPolicy: TrustPolicy;
  /** Of a hub's role: the roles behind it. */
  readonly mayAssume: readonly RoleArn[];
  /** Of a hub's role: the policy that lets it assume them, and nothing else. */
  readonly permissions?: PermissionPolicy | undefined;
  /** At least one. */
  readonly ways: readonly PlannedWay[];
}

export function planTrust(parts: TrustParts, options: PlanOptions = {}): TrustPlan {
  const planning = planningOf(parts, options);
  const asked = options.accounts && new Set(options.accounts);
  return {
    accounts: parts.accounts
      .filter(({ id }) => asked?.has(id) !== false)
      .map(account => planAccount(account, planning)),
  };
}

// ---------------------------------------------------------------- one account

function planAccount(account: Account, planning: Planning): AccountPlan {
  const gathered = gatherWays(account, planning);
  const roles = [...gathered.ways.entries()]
    .filter(([name]) => !isReservedRole(name))
    .map(([name, ways]) => rolePlan(gathered, name, ways))
    .sort((a, b) => compareTexts(a.name, b.name));
  const used = [...roles.flatMap(({ ways }) => ways), ...gathered.openWays];
  return {
    account,
    samlProvider: samlProvider(account, used),
    oidcProviders: oidcProviders(account, used),
    roles,
    reservedRoles: [...gathered.ways.keys()].filter(isReservedRole),
    notes: planNotes(gathered, roles),
  };
}

function rolePlan(
  { account, targets }: Gathered,
  name: RoleName,
  ways: readonly PlannedWay[],
): RolePlan {
  const behind = mergedTargets(targets.get(name) ?? []);
  return {
    name,
    arn: roleArn(account, name),
    rules: [...new Set(ways.map(({ rule }) => rule))],
    maxSessionSeconds: Math.min(
      MAX_DURATION,
      Math.max(HOUR, ...ways.map(({ durationSeconds }) => durationSeconds)),
    ),
    trustPolicy: trustPolicyFor(ways),
    mayAssume: behind.map(({ arn }) => arn),
    ...(behind.length > 0 && { permissions: hubPermissions(behind) }),
    ways,
  };
}

/** A role that several rules give is one target. */
function mergedTargets(targets: readonly HubTarget[]): readonly HubTarget[] {
  return [...Map.groupBy(targets, ({ arn }) => arn)]
    .map(([arn, of]) => ({ arn, ways: of.flatMap(({ ways }) => ways) }))
    .sort((a, b) => compareTexts(a.arn, b.arn));
}

// ---------------------------------------------------------------- providers

function samlProvider(account: Account, ways: readonly PlannedWay[]): SamlProviderPlan | undefined {
  const { trust } = account;
  if (trust.by !== 'saml' && trust.by !== 'corporate-saml') return undefined;
  const way = ways.find(({ call }) => call === 'sts:AssumeRoleWithSAML');
  if (way === undefined) return undefined;
  const { provider: name } = trust;
  return { name, arn: samlProviderArn(account, name), connector: way.connector };
}

function oidcProviders(account: Account, ways: readonly PlannedWay[]): readonly OidcProviderPlan[] {
  const calls = ways.filter(
    ({ call, issuer = '' }) => call === 'sts:AssumeRoleWithWebIdentity' && !isBuiltIn(issuer),
  );
  return [...Map.groupBy(calls, ({ issuer = '' }) => issuer)]
    .map(([url, of]) => ({
      url,
      arn: oidcProviderArn(account, url),
      clientIds: [...new Set(of.flatMap(({ audience }) => audience ?? []))].sort(compareTexts),
      connector: of[0]!.connector,
    }))
    .sort((a, b) => compareTexts(a.url, b.url));
}
