/**
 * Trust policies, and the permissions of hub roles: exactly the actions and conditions that the
 * planned ways use.
 */
import { type RoleArn, withoutScheme } from '../role.ts';
import { compareTexts } from '../text-order.ts';
import type { PlannedWay } from './ways.ts';

/** A policy as JSON. A value of several texts is a sorted list. */
export interface TrustPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly TrustStatement[];
}

export interface TrustStatement {
  readonly Effect: 'Allow';
  readonly Principal: { readonly [K in 'Federated' | 'AWS']?: string };
  readonly Action: OneOrMany;
  readonly Condition?: Conditions;
}

export interface PermissionPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PermissionStatement[];
}

interface PermissionStatement {
  readonly Effect: 'Allow';
  readonly Action: OneOrMany;
  readonly Resource: OneOrMany;
}

type OneOrMany = string | readonly string[];
type Conditions = Readonly<Record<string, Readonly<Record<string, OneOrMany>>>>;

/**
 * Stands in a trust policy for an external id that the configuration refers to. No external id
 * contains a brace.
 */
export const EXTERNAL_ID = '{externalId}';

/** The most entries of workloads that a policy lists, so that it fits into IAM's limit. */
const MOST_SUBJECTS = 8;
const ANY_WORKLOAD = `*-${'?'.repeat(16)}@workload`;

/** The smallest policy that all of these ways of one role need. */
export function trustPolicyFor(ways: readonly PlannedWay[]): TrustPolicy {
  const byPrincipal = Map.groupBy(ways, ({ principal }) => principal.arn);
  const statements = [...byPrincipal.keys()]
    .sort(compareTexts)
    .map(arn => statementFor(byPrincipal.get(arn)!));
  return { Version: '2012-10-17', Statement: statements };
}

/** `ways` have the same principal, and so the same call. */
function statementFor(ways: readonly PlannedWay[]): TrustStatement {
  const { call, principal } = ways[0]!;
  const condition = conditionsOf(ways);
  return {
    Effect: 'Allow',
    Principal: { [principal.kind]: principal.arn },
    Action: oneOrMany(actionsOf(call, ways)),
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
}

/** STS checks these two also for what a hub's session passes on. */
function actionsOf(call: string, ways: readonly PlannedWay[]): readonly string[] {
  const tagged = ways.some(({ tags, passedOn }) => tags.length > 0 || passedOn.tags.length > 0);
  const identified = ways.some(
    ({ sourceIdentity, passedOn }) => (sourceIdentity ?? passedOn.sourceIdentity) !== undefined,
  );
  return [
    call,
    ...(tagged ? ['sts:TagSession'] : []),
    ...(identified ? ['sts:SetSourceIdentity'] : []),
  ];
}

function conditionsOf(ways: readonly PlannedWay[]): Conditions {
  const equal: Record<string, OneOrMany> = {};
  const like: Record<string, OneOrMany> = {};
  const put = (into: typeof equal, key: string, values: readonly (string | undefined)[]) => {
    // A value that one way lacks cannot be required of all.
    if (!values.includes(undefined)) into[key] = oneOrMany(sorted(values as string[]));
  };
  const keys = conditionKeys(ways[0]!);
  put(
    equal,
    keys.audience,
    ways.map(({ audience }) => audience),
  );
  if (keys.issuer !== undefined)
    put(
      equal,
      keys.issuer,
      ways.map(({ issuer }) => issuer),
    );
  if (keys.subjectType !== undefined)
    put(
      equal,
      keys.subjectType,
      ways.map(({ subjectType }) => subjectType),
    );
  put(equal, 'sts:ExternalId', ways.map(externalIdOf));
  const subjects = ways.map(way => way.subjects);
  if (!subjects.includes(undefined))
    put(like, keys.subject, fewSubjects(sorted(subjects.flat() as string[])));
  return {
    ...(Object.keys(equal).length > 0 && { StringEquals: equal }),
    ...(Object.keys(like).length > 0 && { StringLike: like }),
  };
}

export interface ConditionKeys {
  readonly audience: string;
  readonly subject: string;
  readonly issuer?: string;
  readonly subjectType?: string;
}

const SAML_KEYS: ConditionKeys = {
  audience: 'saml:aud',
  subject: 'saml:sub',
  issuer: 'saml:iss',
  subjectType: 'saml:sub_type',
};

/** The condition keys of a federated call; behind a hub, a way has no value for any of them. */
export function conditionKeys({ call, issuer = '' }: PlannedWay): ConditionKeys {
  if (call !== 'sts:AssumeRoleWithWebIdentity') return SAML_KEYS;
  const host = withoutScheme(issuer);
  return { audience: `${host}:aud`, subject: `${host}:sub` };
}

function externalIdOf({ externalId }: PlannedWay): string | undefined {
  return externalId?.isReference === true ? EXTERNAL_ID : externalId?.value;
}

function fewSubjects(subjects: readonly string[]): readonly string[] {
  if (subjects.length <= MOST_SUBJECTS) return subjects;
  return [...subjects.filter(subject => !subject.endsWith('@workload')), ANY_WORKLOAD];
}

// ---------------------------------------------------------------- hub roles

/** A role behind a hub, with the ways by which it is reached. */
export interface HubTarget {
  readonly arn: RoleArn;
  readonly ways: readonly PlannedWay[];
}

/** What a hub's role may do: assume exactly these roles, with what their sessions have. */
export function hubPermissions(targets: readonly HubTarget[]): PermissionPolicy {
  const byActions = Map.groupBy(targets, ({ ways }) => actionsOf('sts:AssumeRole', ways).join());
  const statements = [...byActions.entries()]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([actions, of]) => ({
      Effect: 'Allow' as const,
      Action: oneOrMany(actions.split(',')),
      Resource: oneOrMany(sorted(of.map(({ arn }) => arn))),
    }));
  return { Version: '2012-10-17', Statement: statements };
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort(compareTexts);
}

function oneOrMany(texts: readonly string[]): OneOrMany {
  return texts.length === 1 ? texts[0]! : texts;
}
