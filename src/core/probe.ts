/**
 * Probes of roles: what `doctor` asks STS for, so that a refusal is seen before users see it. Pure.
 *
 * A probe is the real call of a rule with sample values, a session policy that denies everything
 * and the shortest session. Two rules that send the same for a role are one probe.
 */
import type { AccessRule } from './access-rule.ts';
import type { AssumeRequest, PrincipalId } from './assumed-role.ts';
import { BridgeError } from './errors.ts';
import type { ConnectorId, Identity, PersonId } from './identity.ts';
import { type Account, type RoleName, type RoleSessionName, roleArn } from './role.ts';
import {
  MIN_DURATION,
  type RoleSession,
  roleSessionFor,
  type SessionSettings,
  workloadSessionFor,
} from './session.ts';
import { namesIn } from './template.ts';
import type { Instant } from './time.ts';
import type { RolePlan, TrustPlan } from './trust/plan.ts';
import type { PlannedWay } from './trust/ways.ts';
import { WORKLOAD_SUFFIX, type Workload, type WorkloadId } from './workload.ts';
import type { WorkloadRule } from './workload-rule.ts';

/** RoleSessionName of every probe: CloudTrail shows it. */
export const PROBE_SESSION = 'rolebridge-doctor' as RoleSessionName;
/** In place of a person id, in subjects. */
const PROBE_PERSON = 'rolebridgedoctor' as PersonId;
/** In place of every attribute and claim. */
const SAMPLE = 'rolebridge-doctor';
const SAMPLE_MAIL = 'rolebridge-doctor@example.com';
/** Nothing can be done with the credentials, whatever the role allows. */
const DENY_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
});

export interface Probe {
  readonly account: Account;
  readonly role: RoleName;
  /** The rules that send this. At least one. */
  readonly rules: readonly string[];
  readonly callers: 'users' | 'workloads';
  /** Every rule takes what the name of a group says, so that the role need not exist. */
  readonly isByPattern: boolean;
  readonly principal: PrincipalId;
  readonly session: RoleSession;
}

export interface ProbePlan {
  readonly probes: readonly Probe[];
  /** Accounts that accept only the proof of a user, which no probe has. */
  readonly corporate: readonly Account[];
  /** Rules whose roles only groups name. */
  readonly open: readonly string[];
  /** Roles for which the sample values make no session. */
  readonly unfilled: readonly Unfilled[];
}

export interface Unfilled extends Pick<Probe, 'account' | 'role'> {
  /** Names the rule and the setting. */
  readonly why: string;
}

interface ProbeParts {
  readonly access: readonly AccessRule[];
  readonly workloadRules: readonly WorkloadRule[];
}

/** `plan` has the accounts and roles to probe. */
export function planProbes({ access, workloadRules }: ProbeParts, plan: TrustPlan): ProbePlan {
  const rules: Rules = {
    users: new Map(access.map(rule => [rule.name, rule])),
    workloads: new Map(workloadRules.map(rule => [rule.name, rule])),
  };
  const reached = plan.accounts.filter(({ account }) => !isCorporate(account));
  const planned = reached.flatMap(({ account, roles }) =>
    roles.flatMap(role => probesOf(account, role, rules)),
  );
  return {
    probes: planned.filter(of => 'session' in of),
    unfilled: planned.filter(of => 'why' in of),
    corporate: plan.accounts
      .filter(({ account, roles }) => isCorporate(account) && roles.length > 0)
      .map(({ account }) => account),
    open: access.filter(({ roles }) => roles.length === 0).map(({ name }) => name),
  };
}

function isCorporate({ trust }: Account): boolean {
  const { by } = trust.by === 'hub' ? trust.hub.trust : trust;
  return by.startsWith('corporate-');
}

interface Rules {
  readonly users: ReadonlyMap<string, AccessRule>;
  readonly workloads: ReadonlyMap<string, WorkloadRule>;
}

/** One probe for each thing that is sent. A hub's role is tried with the roles behind it. */
function probesOf(
  account: Account,
  { name: role, ways }: RolePlan,
  rules: Rules,
): readonly (Probe | Unfilled)[] {
  const bySent = new Map<string, Probe | Unfilled>();
  for (const way of ways) {
    if (way.toward !== undefined) continue;
    const made = probeOrFault(way, { account, role }, rules);
    if (made === undefined) continue;
    const key = JSON.stringify('why' in made ? made.why : [made.principal, made.session]);
    const same = bySent.get(key);
    const isSame = same !== undefined && 'session' in same && 'session' in made;
    bySent.set(key, isSame ? merged(same, made) : made);
  }
  return [...bySent.values()];
}

function probeOrFault(
  way: PlannedWay,
  target: Pick<Probe, 'account' | 'role'>,
  rules: Rules,
): Probe | Unfilled | undefined {
  try {
    return probeOf(way, target, rules);
  } catch (thrown) {
    if (thrown instanceof BridgeError && thrown.code === 'session_settings_invalid')
      return { ...target, why: thrown.message };
    throw thrown;
  }
}

function merged(one: Probe, other: Probe): Probe {
  return {
    ...one,
    rules: [...new Set([...one.rules, ...other.rules])],
    isByPattern: one.isByPattern && other.isByPattern,
  };
}

function probeOf(
  { rule: name, callers }: PlannedWay,
  target: Pick<Probe, 'account' | 'role'>,
  rules: Rules,
): Probe | undefined {
  const shared = { ...target, rules: [name], callers };
  if (callers === 'workloads') {
    const rule = rules.workloads.get(name);
    return rule && { ...shared, isByPattern: false, ...ofWorkload(rule) };
  }
  const rule = rules.users.get(name);
  return rule && { ...shared, isByPattern: rule.groupPattern !== undefined, ...ofUser(rule) };
}

// ---------------------------------------------------------------- sample callers

type Sample = Pick<Probe, 'principal' | 'session'>;

function ofUser({ name, session, connectors, elevation }: AccessRule): Sample {
  const identity: Identity = {
    ...{ person: PROBE_PERSON, subject: SAMPLE, username: SAMPLE, displayName: SAMPLE },
    connector: connectors[0] ?? ('doctor' as ConnectorId),
    ...{ email: SAMPLE_MAIL, groups: [], assertedAt: 0 },
    source: { issuer: '', trustedBy: '' },
    attributes: samplesOf(session, 'attributes.'),
    authentication: { methods: [], multiFactor: false },
  };
  const filled = roleSessionFor(session, identity, name);
  const tag = elevation?.tag;
  const tags = tag === undefined ? filled.tags : [...filled.tags, { key: tag, value: SAMPLE }];
  return { principal: PROBE_PERSON, session: harmless({ ...filled, tags }) };
}

function ofWorkload({ name, entry, session }: WorkloadRule): Sample {
  const id = `${entry}-${PROBE_PERSON}${WORKLOAD_SUFFIX}` as WorkloadId;
  const claims = samplesOf(session, 'claims.');
  const workload = { id, entry, subject: SAMPLE, claims } as Workload;
  return { principal: id, session: harmless(workloadSessionFor(session, workload, name)) };
}

/** A value for each attribute or claim that a template names. */
function samplesOf(
  { tags, sourceIdentity }: SessionSettings,
  prefix: string,
): Readonly<Record<string, string>> {
  const templates = [...Object.values(tags), ...(sourceIdentity ? [sourceIdentity] : [])];
  const names = templates.flatMap(namesIn);
  return Object.fromEntries(
    names.filter(name => name.startsWith(prefix)).map(name => [name.slice(prefix.length), SAMPLE]),
  );
}

/** The managed session policies of the rule stay, so that one that does not exist is seen. */
function harmless(session: RoleSession): RoleSession {
  return { ...session, durationSeconds: MIN_DURATION, consoleSeconds: undefined, policy: DENY_ALL };
}

export function requestOf(
  { account, role, principal, session }: Probe,
  now: Instant,
): AssumeRequest {
  return {
    ...{ account, principal, session, sessionName: PROBE_SESSION },
    ...{ role: roleArn(account, role), roleName: role },
    ...{ authenticatedAt: now, assertedAt: now },
  };
}
