/**
 * What is wrong in IAM for a planned configuration: each cause once, and none of its consequences.
 *
 * Owns: providers before roles before policies, what follows from what, and for whom. Does not own:
 * what the bridge sends (trust/plan.ts), policies (trust-diagnosis.ts, hub-diagnosis.ts),
 * reading the data.
 */
import type { Finding } from '../finding.ts';
import { listed } from '../listed.ts';
import type { Account, AccountId, RoleName } from '../role.ts';
import { formatDuration } from '../time.ts';
import type { AccountPlan, RolePlan, TrustPlan } from '../trust/plan.ts';
import type { PolicyFault } from './fault.ts';
import { diagnoseHub, type HubTarget } from './hub-diagnosis.ts';
import { judgePolicies, readPolicy } from './policy.ts';
import { diagnoseProviders, type ProviderContext } from './provider-diagnosis.ts';
import { type PlannedCall, trustRequest } from './request.ts';
import { findIn, type IamRole, type IamState } from './state.ts';
import { faultsOfTrust, type TrustContext, unreadableTrust } from './trust-diagnosis.ts';

export interface Diagnosing extends ProviderContext {
  readonly plan: TrustPlan;
  /** Accounts without data are missing. */
  readonly states: ReadonlyMap<AccountId, IamState>;
  /** Managed policies of the sessions that a rule gives, by the name of the rule. */
  readonly sessionPolicies: ReadonlyMap<string, readonly string[]>;
  /** Whether a role of the plan is examined. */
  readonly isWanted: (account: Account, role: RoleName) => boolean;
}

/** Nothing if the data shows no fault. The account must have data. */
export function diagnoseAccount(account: AccountPlan, diagnosing: Diagnosing): readonly Finding[] {
  const state = diagnosing.states.get(account.account.id)!;
  const { name, partition } = account.account;
  if (state.partition !== partition)
    return [
      {
        id: 'iam.account-partition',
        subject: name,
        message: 'The account is in another partition of AWS than the configuration says.',
        fix: 'Correct the region of the account in the configuration.',
        expected: partition,
        found: state.partition,
      },
    ];
  const wanted = account.roles.filter(({ name: role }) =>
    diagnosing.isWanted(account.account, role),
  );
  const providers = diagnoseProviders(account, state, diagnosing);
  const context: RoleContext = { ...diagnosing, account, state, inPlaceOf: providers.inPlaceOf };
  return [
    ...providers.findings,
    ...account.reservedRoles
      .filter(role => diagnosing.isWanted(account.account, role))
      .map(role => reserved(account, role)),
    ...wanted.flatMap(role => diagnoseRole(role, context)),
  ];
}

function reserved({ account }: AccountPlan, role: RoleName): Finding {
  return {
    id: 'iam.role-reserved',
    subject: `${account.name}/${role}`,
    message: 'The role belongs to IAM Identity Center, which owns its trust policy.',
    fix: 'Make a role of your own with the same policies, and name it in the rule.',
  };
}

interface RoleContext extends Diagnosing, TrustContext {
  readonly account: AccountPlan;
  readonly state: IamState;
}

// ---------------------------------------------------------------- one role

function diagnoseRole(plan: RolePlan, context: RoleContext): readonly Finding[] {
  const { account, state } = context;
  const subject = `${account.account.name}/${plan.name}`;
  const role = findIn(state.roles, ({ arn }) => arn === plan.arn);
  if (role === 'unknown')
    return [{ id: 'iam.unknown', subject, message: 'The data does not say all of the roles.' }];
  if (role === 'missing') return [{ subject, ...missingRole(plan, state) }];
  const faults: readonly Omit<Finding, 'subject'>[] = [
    ...trustFaults(plan, role, context),
    ...lengthFaults(plan, role),
    ...sessionPolicyFaults(plan, context),
  ];
  return [
    ...faults.map(fault => ({ subject, ...fault })),
    ...diagnoseHub(subject, role, targetsOf(plan, context)),
  ];
}

function missingRole(plan: RolePlan, { roles }: IamState): Omit<Finding, 'subject'> {
  const name = plan.name.split('/').at(-1)!;
  const twin = roles.items.find(role => role.name.toLowerCase() === name.toLowerCase());
  const values = { expected: plan.arn, found: twin?.arn };
  if (twin === undefined)
    return {
      ...values,
      id: 'iam.role-missing',
      message: 'The account does not have this role.',
      fix: 'Create it ("rolebridge-server trust" prints it), or correct the rule.',
      found: 'no role of this name',
    };
  if (twin.name !== name)
    return {
      ...values,
      id: 'iam.role-case',
      message: 'The account has the role with a name in another case, which AWS tells apart here.',
      fix: 'Write the name in the rule as IAM has it.',
    };
  return {
    ...values,
    id: 'iam.role-path',
    message: 'The account has the role under another path.',
    fix: 'Write the path in front of the name in the rule: team/Admin. IAM cannot change the path of a role.',
  };
}

function trustFaults(
  plan: RolePlan,
  role: IamRole,
  context: RoleContext,
): readonly Omit<Finding, 'subject'>[] {
  if (role.trustPolicy === undefined)
    return [{ id: 'iam.unknown', message: 'The trust policy of the role is not known.' }];
  const policy = readPolicy(role.trustPolicy);
  if ('unreadable' in policy) return [bare(unreadableTrust(policy.unreadable))];
  const told = new Map<string, { readonly fault: PolicyFault; readonly rules: Set<string> }>();
  for (const way of plan.ways)
    for (const fault of faultsOfTrust(policy, callOf(way, context), context)) {
      const known = told.get(fault.cause);
      if (known === undefined) told.set(fault.cause, { fault, rules: new Set([way.rule]) });
      else known.rules.add(way.rule);
    }
  return [...told.values()].map(({ fault, rules }) => ({
    ...bare(fault),
    message: `${fault.message}${scopeOf([...rules], plan.rules)}`,
  }));
}

function bare({ cause: _, ...fault }: PolicyFault): Omit<Finding, 'subject'> {
  return fault;
}

/** Which rules are stopped, if others are not. */
function scopeOf(stopped: readonly string[], all: readonly string[]): string {
  if (stopped.length === all.length) return '';
  return ` It stops ${stopped.length === 1 ? 'rule' : 'rules'} ${listed(stopped)} only.`;
}

function callOf(way: PlannedCall['way'], { account, states, now }: RoleContext): PlannedCall {
  const { kind, arn } = way.principal;
  if (kind === 'Federated') return { way, account: account.account, now };
  const hub = states.get(arn.split(':')[4] as AccountId);
  const caller = hub?.roles.items.find(role => role.arn === arn);
  return { way, account: account.account, now, callerId: caller?.uniqueId };
}

function lengthFaults(
  { maxSessionSeconds }: RolePlan,
  role: IamRole,
): readonly Omit<Finding, 'subject'>[] {
  const { maxSessionSeconds: allowed } = role;
  if (allowed === undefined)
    return [
      {
        id: 'iam.unknown',
        message: 'The maximum session duration of the role is not known.',
        fix: 'Add the output of aws iam list-roles or get-role.',
      },
    ];
  if (allowed >= maxSessionSeconds) return [];
  return [
    {
      id: 'iam.role-max-session',
      message:
        'The rules give longer sessions than the role allows. The bridge then asks for an hour.',
      fix: `Raise the maximum: aws iam update-role --role-name ${role.name} --max-session-duration ${maxSessionSeconds}`,
      expected: formatDuration(maxSessionSeconds),
      found: formatDuration(allowed),
    },
  ];
}

function sessionPolicyFaults(
  { ways }: RolePlan,
  { state, account, sessionPolicies }: RoleContext,
): readonly Omit<Finding, 'subject'>[] {
  // The session of a hub role has none.
  const rules = ways.filter(({ toward }) => toward === undefined).map(({ rule }) => rule);
  const arns = new Set(rules.flatMap(rule => sessionPolicies.get(rule) ?? []));
  return [...arns].flatMap((arn): readonly Omit<Finding, 'subject'>[] => {
    const [, , , , owner] = arn.split(':');
    if (owner === 'aws') return [];
    if (owner !== account.account.id)
      return [
        {
          id: 'iam.session-policy-account',
          message: 'A session policy of a rule is of another account than the role.',
          fix: 'Name the accounts that have this policy in a rule of their own.',
          expected: account.account.id,
          found: arn,
        },
      ];
    if (findIn(state.managedPolicies, policy => policy.arn === arn) !== 'missing') return [];
    return [
      {
        id: 'iam.session-policy-missing',
        message: 'The account does not have a session policy of a rule.',
        fix: 'Create the policy, or correct policyArns in the rule.',
        expected: arn,
      },
    ];
  });
}

// ---------------------------------------------------------------- roles behind a hub

function targetsOf(hub: RolePlan, context: RoleContext): readonly HubTarget[] {
  if (hub.mayAssume.length === 0) return [];
  const behind = new Set<string>(hub.mayAssume);
  return context.plan.accounts.flatMap(account =>
    account.roles
      .filter(role => behind.has(role.arn) && context.isWanted(account.account, role.name))
      .map(role => targetOf(role, hub, { ...context, account })),
  );
}

function targetOf(role: RolePlan, hub: RolePlan, context: RoleContext): HubTarget {
  const calls = role.ways
    .filter(({ principal }) => principal.arn === hub.arn)
    .map(way => callOf(way, context));
  const isTrustEnough =
    context.account.account.id === context.state.account &&
    calls.every(call => trustsByName(role, call, context));
  return { arn: role.arn, calls, isTrustEnough };
}

function trustsByName(plan: RolePlan, call: PlannedCall, { state }: RoleContext): boolean {
  const role = state.roles.items.find(({ arn }) => arn === plan.arn);
  const policy = role?.trustPolicy === undefined ? undefined : readPolicy(role.trustPolicy);
  if (policy === undefined || 'unreadable' in policy) return false;
  const { statements } = judgePolicies([policy], trustRequest(call, call.way.call));
  return statements.some(
    ({ statement, fit, principal }) =>
      statement.effect === 'Allow' && fit === 'fits' && principal === 'caller',
  );
}
