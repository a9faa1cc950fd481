/**
 * Whether a hub role may assume the roles behind it, by its own policies: inline ones, attached
 * ones and the permissions boundary (IAM User Guide, "Cross-account policy evaluation logic").
 */
import type { Finding, FindingId } from '../finding.ts';
import { listed } from '../listed.ts';
import {
  type JudgedStatement,
  type Judgement,
  judgePolicies,
  type PolicyDocument,
  readPolicy,
} from './policy.ts';
import { actionsOf, type NeededAction, ownRequest, type PlannedCall } from './request.ts';
import type { IamPolicy, IamRole } from './state.ts';

/** A role behind the hub, with the calls by which it is reached. */
export interface HubTarget {
  readonly arn: string;
  readonly calls: readonly PlannedCall[];
  /** Its trust policy alone allows the hub role: both are in one account. */
  readonly isTrustEnough: boolean;
}

/** What stops the hub role, once for each cause. */
export function diagnoseHub(
  subject: string,
  role: IamRole,
  targets: readonly HubTarget[],
): readonly Finding[] {
  const known = knownPolicies(role);
  const faults = targets.flatMap(target => faultsToward(target, known));
  return [...Map.groupBy(faults, ({ cause }) => cause).values()].map(same => {
    const { cause: _, target: __, ...fault } = same[0]!;
    const arns = [...new Set(same.map(({ target }) => target))];
    return { ...fault, subject, expected: `${fault.expected} on ${listed(arns)}` };
  });
}

interface HubFault extends Omit<Finding, 'subject'> {
  readonly cause: string;
  readonly target: string;
}

interface KnownPolicies {
  readonly policies: readonly PolicyDocument[];
  /** Undefined if there is none, or if it is unknown. */
  readonly boundary: PolicyDocument | undefined;
  /** Whether a policy that is not known can allow more. */
  readonly isIncomplete: boolean;
}

function knownPolicies({ policies, boundary }: IamRole): KnownPolicies {
  const documents = policies?.items.map(documentOf) ?? [];
  const known = documents.filter(document => document !== undefined);
  return {
    policies: known,
    boundary: typeof boundary === 'object' ? documentOf(boundary) : undefined,
    isIncomplete: policies?.isComplete !== true || known.length < documents.length,
  };
}

function documentOf({ document }: IamPolicy): PolicyDocument | undefined {
  const policy = document === undefined ? undefined : readPolicy(document);
  return policy !== undefined && 'statements' in policy ? policy : undefined;
}

function faultsToward(target: HubTarget, known: KnownPolicies): readonly HubFault[] {
  return target.calls.flatMap(call => {
    const [main, ...further] = actionsOf(call.way);
    const faults = faultsOfAction(target, { call, action: main!, known });
    // What the session has, only counts for a role that can be assumed.
    if (faults.length > 0) return faults;
    return further.flatMap(action => faultsOfAction(target, { call, action, known }));
  });
}

interface Asking {
  readonly call: PlannedCall;
  readonly action: NeededAction;
  readonly known: KnownPolicies;
}

function faultsOfAction(target: HubTarget, asking: Asking): readonly HubFault[] {
  const { call, action, known } = asking;
  const request = ownRequest(call, action, target.arn);
  const own = judgePolicies(known.policies, request);
  const boundary = known.boundary && judgePolicies([known.boundary], request);
  const fault = (id: FindingId, rest: Omit<HubFault, 'id' | 'target' | 'expected'>): HubFault => ({
    ...{ id, target: target.arn, expected: action },
    ...rest,
  });
  const denial = denialOf(own) ?? (boundary && denialOf(boundary));
  if (denial !== undefined)
    return [
      fault('iam.hub-denied', {
        cause: `denied ${denial}`,
        message: `A policy of the hub role denies the call by a Deny: ${denial}.`,
        fix: 'Except the roles behind the hub from the statement, or remove it.',
      }),
    ];
  if (own.allowed === 'fails' && !target.isTrustEnough)
    return [known.isIncomplete ? unknownPolicies(target, action) : notAllowed(own, asking, target)];
  if (boundary?.allowed === 'fails')
    return [
      fault('iam.hub-boundary', {
        cause: 'boundary',
        message: 'The permissions boundary of the hub role does not allow the call.',
        fix: 'Allow it in the boundary, or take the boundary away.',
      }),
    ];
  return [];
}

function denialOf({ statements }: Judgement): string | undefined {
  const denial = statements.find(
    ({ statement, fit }) => statement.effect === 'Deny' && fit === 'fits',
  );
  return denial?.statement.name;
}

function unknownPolicies({ arn: target }: HubTarget, action: NeededAction): HubFault {
  return {
    ...{ cause: 'unknown', id: 'iam.unknown', target, expected: action },
    message:
      'Not all policies of the hub role are known, and the known ones do not allow the call.',
    fix: 'Add the output of aws iam get-account-authorization-details.',
  };
}

const WHAT_IS_NOT_ALLOWED = {
  'sts:TagSession': ['iam.hub-tag-session', 'to set session tags'],
  'sts:SetSourceIdentity': ['iam.hub-set-source-identity', 'to set the source identity'],
} as const;

function notAllowed({ statements }: Judgement, asking: Asking, { arn }: HubTarget): HubFault {
  const { action } = asking;
  const [id, what] =
    action === 'sts:TagSession' || action === 'sts:SetSourceIdentity'
      ? WHAT_IS_NOT_ALLOWED[action]
      : (['iam.hub-permission', 'to assume the roles behind it'] as const);
  const allows = statements.filter(({ statement }) => statement.effect === 'Allow');
  const found = allows.toSorted((a, b) => distance(a) - distance(b))[0];
  return {
    ...{ cause: `not allowed ${action}`, id, target: arn, expected: action },
    message: `The policies of the hub role do not allow it ${what}.`,
    fix: 'Add the policy that "rolebridge-server trust" prints for the hub role.',
    found: found === undefined ? 'no policy that allows anything' : describe(found),
  };
}

function distance({ coversAction, resource, conditions }: JudgedStatement): number {
  const failing = conditions.filter(({ fit }) => fit === 'fails').length;
  return (coversAction ? 0 : 2) + (resource === 'fails' ? 2 : 0) + failing;
}

function describe({ statement, conditions }: JudgedStatement): string {
  const { name, actions, resources } = statement;
  const unmet = conditions
    .filter(({ fit }) => fit === 'fails')
    .map(({ condition }) => `, if ${condition.operator} ${condition.key}`);
  return `${name}: ${listed(actions.patterns)} on ${listed(resources?.patterns ?? [])}${unmet.join('')}`;
}
