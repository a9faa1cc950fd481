/**
 * What keeps the bridge from a role that exists: its trust policy, against each planned way.
 *
 * Owns: which statement was meant for the bridge, what of it does not fit, in which words. Does not
 * own: how policies are judged (policy.ts), what the bridge sends (trust/ways.ts).
 */
import type { FindingId } from '../finding.ts';
import { listed } from '../listed.ts';
import { conditionKeys } from '../trust/policy.ts';
import type { PlannedWay } from '../trust/ways.ts';
import type { JudgedCondition } from './condition.ts';
import type { PolicyFault } from './fault.ts';
import {
  type IamStatement,
  type JudgedStatement,
  type Judgement,
  judgePolicies,
  type NamedPrincipal,
  type PolicyDocument,
} from './policy.ts';
import { actionsOf, type NeededAction, type PlannedCall, trustRequest } from './request.ts';
import { conditionFault } from './trust-conditions.ts';

/** What a call is judged with, besides the policy. */
export interface TrustContext {
  /**
   * By the ARN that the plan has: the provider that the account has in its place, under another
   * name. It is a finding of its own, and policies that name it are no further one.
   */
  readonly inPlaceOf: ReadonlyMap<string, string>;
}

/** What in the policy stops this call; nothing if it is allowed. */
export function faultsOfTrust(
  policy: PolicyDocument,
  call: PlannedCall,
  { inPlaceOf }: TrustContext,
): readonly PolicyFault[] {
  if (policy.statements.length === 0) return [unreadableTrust('has no statement')];
  const faults = faultsOfCall(policy, call);
  const found = inPlaceOf.get(call.way.principal.arn);
  if (faults.length === 0 || found === undefined) return faults;
  const asFound = faultsOfCall(policy, { ...call, way: withProvider(call.way, found) });
  return asFound.length < faults.length ? asFound : faults;
}

export function unreadableTrust(why: string): PolicyFault {
  return {
    cause: 'unreadable',
    id: 'iam.trust-unreadable',
    message: `The trust policy ${why}, so it allows no one.`,
    fix: 'Replace it by the policy that "rolebridge-server trust" prints for this role.',
  };
}

function faultsOfCall(policy: PolicyDocument, call: PlannedCall): readonly PolicyFault[] {
  const faults = actionsOf(call.way).flatMap(action => {
    const judgement = judgePolicies([policy], trustRequest(call, action));
    return faultsOfAction(judgement, call, action);
  });
  return [...faults, ...externalIdNotRequired(policy, call, faults)];
}

/** The way with the provider that the account has, and the condition keys of its issuer. */
function withProvider(way: PlannedWay, arn: string): PlannedWay {
  const isOidc = way.call === 'sts:AssumeRoleWithWebIdentity';
  const issuer = isOidc ? `https://${arn.split('/').slice(1).join('/')}` : way.issuer;
  return { ...way, issuer, principal: { ...way.principal, arn } };
}

function faultsOfAction(
  { statements, allowed, denied }: Judgement,
  call: PlannedCall,
  action: NeededAction,
): readonly PolicyFault[] {
  const isOf = (effect: IamStatement['effect']) => (judged: JudgedStatement) =>
    judged.statement.effect === effect;
  const allows = statements.filter(isOf('Allow'));
  if (denied === 'fits') {
    const denial = statements.filter(isOf('Deny')).find(({ fit }) => fit === 'fits')!;
    return [deniedBy(denial, action)];
  }
  const doubts = denied === 'depends' ? doubtsOf(statements.filter(isOf('Deny'))) : [];
  if (allowed === 'fits') return [...namedLoosely(allows, call), ...doubts];
  if (allowed === 'depends') return [...doubtsOf(allows), ...doubts];
  return [...whatIsMissing(allows, call, action), ...doubts];
}

function deniedBy({ statement }: JudgedStatement, action: NeededAction): PolicyFault {
  return {
    cause: `denied ${statement.name}`,
    id: 'iam.trust-denied',
    message: `The trust policy denies ${action} to the bridge by a Deny: ${statement.name}.`,
    fix: 'Except the bridge from the statement, or remove it.',
  };
}

// ---------------------------------------------------------------- allowed, or perhaps

/** The caller is allowed with others whom the policy need not have meant. */
function namedLoosely(
  allows: readonly JudgedStatement[],
  { way: { principal } }: PlannedCall,
): readonly PolicyFault[] {
  const fitting = allows.filter(({ fit }) => fit === 'fits');
  if (fitting.some(({ principal: match }) => match === 'caller')) return [];
  const isAccount = fitting.some(({ principal: match }) => match === 'account');
  return [isAccount ? trustsAccount(principal.arn) : trustsEveryone()];
}

function trustsAccount(arn: string): PolicyFault {
  return {
    cause: 'account',
    id: 'iam.trust-account',
    message:
      'The trust policy names the account of the hub role, so that every role there can be allowed to assume this one.',
    fix: 'Name the hub role instead.',
    expected: arn,
    found: `arn:${arn.split(':')[1]}:iam::${arn.split(':')[4]}:root`,
  };
}

function trustsEveryone(): PolicyFault {
  return {
    cause: 'everyone',
    id: 'iam.trust-everyone',
    message: 'The trust policy names everyone ("*") as its principal.',
    fix: 'Name the identity provider or the hub role instead.',
  };
}

/** Conditions that some callers meet, and others do not. */
function doubtsOf(statements: readonly JudgedStatement[]): readonly PolicyFault[] {
  const doubtful = statements.filter(({ fit }) => fit === 'depends');
  const byCondition = doubtful.flatMap(({ statement, conditions }) =>
    conditions.filter(({ fit }) => fit === 'depends').map(judged => doubt(statement, judged)),
  );
  const isEveryone = doubtful.some(
    ({ principal, statement }) => principal === 'everyone' && statement.effect === 'Allow',
  );
  return isEveryone ? [trustsEveryone(), ...byCondition] : byCondition;
}

function doubt(statement: IamStatement, { condition, sent }: JudgedCondition): PolicyFault {
  const { operator, key, values } = condition;
  const isSecret = key.toLowerCase() === 'sts:externalid';
  return {
    cause: `doubt ${statement.name} ${operator} ${key}`,
    id: 'iam.trust-depends',
    message: `Whether ${statement.name} of the trust policy applies depends on ${key}, which differs between callers or cannot be known here.`,
    ...(!isSecret && { expected: sent, found: `${operator} ${listed(values)}` }),
  };
}

/** A hub that passes no external id on could be used for roles of another customer. */
function externalIdNotRequired(
  policy: PolicyDocument,
  call: PlannedCall,
  faults: readonly PolicyFault[],
): readonly PolicyFault[] {
  const { way } = call;
  if (way.externalId === undefined || faults.length > 0) return [];
  const without = { ...call, way: { ...way, externalId: undefined } };
  if (judgePolicies([policy], trustRequest(without, way.call)).allowed !== 'fits') return [];
  return [
    {
      cause: 'external id',
      id: 'iam.external-id-not-required',
      message: 'The configuration has an external id, and the trust policy does not require it.',
      fix: 'Add a condition StringEquals on sts:ExternalId to the trust policy.',
    },
  ];
}

// ---------------------------------------------------------------- not allowed

function whatIsMissing(
  allows: readonly JudgedStatement[],
  { way }: PlannedCall,
  action: NeededAction,
): readonly PolicyFault[] {
  const nearest = allows.toSorted((a, b) => distance(a, way) - distance(b, way))[0];
  if (nearest === undefined) return [unreadableTrust('has no statement with the effect Allow')];
  const { statement, principal, coversAction, conditions } = nearest;
  const isForeign = principal === 'none';
  if (isForeign && !isOfSameKind(statement, way)) return [otherPrincipal(statement, way)];
  return [
    ...(isForeign ? [otherPrincipal(statement, way)] : []),
    ...(coversAction ? [] : [missingAction(statement, way, action)]),
    ...conditions
      .filter(({ fit }) => fit === 'fails')
      .map(judged => conditionFault(statement, judged, { way, keys: conditionKeys(way) })),
  ];
}

/** How far a statement is from one for the bridge. */
function distance(
  { statement, principal, coversAction, conditions }: JudgedStatement,
  way: PlannedWay,
): number {
  const foreign = isOfSameKind(statement, way) ? 8 : 20;
  return (
    (principal === 'none' ? foreign : 0) +
    (coversAction ? 0 : 8) +
    conditions.filter(({ fit }) => fit === 'fails').length
  );
}

function isOfSameKind({ principals }: IamStatement, { principal }: PlannedWay): boolean {
  const kind = kindOf({ kind: principal.kind, value: principal.arn });
  return principals?.named.some(named => kindOf(named) === kind) ?? false;
}

function kindOf({ kind, value }: NamedPrincipal): string {
  if (kind !== 'Federated') return kind;
  return value.includes(':saml-provider/') ? 'saml' : 'oidc';
}

function otherPrincipal({ name, principals }: IamStatement, way: PlannedWay): PolicyFault {
  const { kind, arn } = way.principal;
  const named = principals?.named ?? [];
  const isDeleted =
    kind === 'AWS' && named.some(({ value }) => /^A[A-Z]{3}[A-Z0-9]{12,}$/.test(value));
  const common = {
    cause: `principal ${arn}`,
    expected: `${kind}: ${arn}`,
    found: named.length === 0 ? 'nothing' : named.map(describePrincipal).join(', '),
  };
  if (isDeleted)
    return {
      ...common,
      id: 'iam.trust-deleted-role',
      message: `The trust policy names a deleted role (${name}): IAM shows its unique id instead of an ARN.`,
      fix: 'Write the ARN of the hub role again. A role that is created again is another one for IAM.',
    };
  return {
    ...common,
    id: 'iam.trust-principal',
    message: `The trust policy does not name ${kind === 'AWS' ? 'the hub role' : 'the identity provider'} (${name}).`,
    fix: 'Name it as the principal.',
  };
}

function describePrincipal({ kind, value }: NamedPrincipal): string {
  return kind === '*' ? 'everyone' : `${kind}: ${value}`;
}

const WHY_ACTION = {
  'sts:TagSession': ['iam.trust-tag-session', 'which session tags need'],
  'sts:SetSourceIdentity': ['iam.trust-set-source-identity', 'which the source identity needs'],
} as const satisfies Partial<Record<NeededAction, readonly [FindingId, string]>>;

function missingAction(
  { name, actions }: IamStatement,
  { principal }: PlannedWay,
  action: NeededAction,
): PolicyFault {
  const [id, why] =
    action === 'sts:TagSession' || action === 'sts:SetSourceIdentity'
      ? WHY_ACTION[action]
      : (['iam.trust-action', 'the call of the bridge'] as const);
  const written = listed(actions.patterns.length === 0 ? ['nothing'] : actions.patterns);
  return {
    cause: `action ${action} ${principal.arn}`,
    id,
    message: `The trust policy does not allow ${action}, ${why} (${name}).`,
    fix: `Add ${action} to the actions of the statement.`,
    expected: action,
    found: actions.isExcept ? `everything but ${written}` : written,
  };
}
