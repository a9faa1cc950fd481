/**
 * IAM policies as data: trust policies and identity policies, against what one call of the bridge
 * says (IAM User Guide, "IAM JSON policy element reference" and "Policy evaluation logic").
 *
 * The answer is a judgement of every statement, so that a diagnosis can name what does not fit.
 */
import {
  allOf,
  anyOf,
  type Condition,
  type JudgedCondition,
  judgeCondition,
  patternWithVariables,
  type RequestKeys,
} from './condition.ts';
import {
  exactText,
  type Fit,
  fitOf,
  lowerCased,
  type TextForm,
  wildcardPattern,
} from './text-form.ts';

export interface IamStatement {
  /** Its Sid, or `statement 2`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Names;
  /** Undefined in identity policies. */
  readonly principals?: Principals | undefined;
  /** Undefined in trust policies. */
  readonly resources?: Names | undefined;
  readonly conditions: readonly Condition[];
}

export interface Names {
  readonly patterns: readonly string[];
  /** NotAction, NotResource. */
  readonly isExcept: boolean;
}

export interface Principals {
  readonly named: readonly NamedPrincipal[];
  /** NotPrincipal. */
  readonly isExcept: boolean;
}

export interface NamedPrincipal {
  /** `AWS`, `Federated`, `Service`, `CanonicalUser`; `*` for everyone. */
  readonly kind: string;
  readonly value: string;
}

export interface PolicyDocument {
  /** Whether `${...}` are variables: in version 2012-10-17. */
  readonly hasVariables: boolean;
  readonly statements: readonly IamStatement[];
}

// ---------------------------------------------------------------- reading

/** IAM accepts less of every kind of policy; formatting is not counted here. */
const MOST_CHARACTERS = 30_000;

/** Why a document is no policy, as the end of a sentence. */
class Unreadable extends Error {}

/** The policy of parsed JSON, or why it is none, as the end of a sentence. */
export function readPolicy(document: unknown): PolicyDocument | { readonly unreadable: string } {
  try {
    if (!isObject(document)) throw new Unreadable('is no JSON object');
    if (JSON.stringify(document).length > MOST_CHARACTERS)
      throw new Unreadable('is longer than IAM accepts');
    const { Version: version, Statement: statements = [] } = document;
    return {
      hasVariables: version === '2012-10-17',
      statements: oneOrMany(statements).map(readStatement),
    };
  } catch (error) {
    if (error instanceof Unreadable) return { unreadable: error.message };
    throw error;
  }
}

function readStatement(statement: unknown, index: number): IamStatement {
  const at = `statement ${index + 1}`;
  if (!isObject(statement)) throw new Unreadable(`has a ${at} that is no object`);
  const { Sid: sid, Effect: effect, Condition: block = {} } = statement;
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new Unreadable(`has a ${at} whose Effect is neither Allow nor Deny`);
  return {
    name: typeof sid === 'string' && sid !== '' ? sid : at,
    effect,
    actions: namesOf(statement, 'Action', at) ?? { patterns: [], isExcept: false },
    principals: principalsOf(statement, at),
    resources: namesOf(statement, 'Resource', at),
    conditions: conditionsOf(block, at),
  };
}

function namesOf(
  statement: Readonly<Record<string, unknown>>,
  element: string,
  at: string,
): Names | undefined {
  const isExcept = statement[`Not${element}`] !== undefined;
  const written = isExcept ? statement[`Not${element}`] : statement[element];
  if (written === undefined) return undefined;
  return { patterns: textsOf(written, `the ${element} of ${at}`), isExcept };
}

function principalsOf(
  statement: Readonly<Record<string, unknown>>,
  at: string,
): Principals | undefined {
  const { Principal: principal, NotPrincipal: except } = statement;
  const isExcept = except !== undefined;
  const written = isExcept ? except : principal;
  if (written === undefined) return undefined;
  if (written === '*') return { named: [{ kind: '*', value: '*' }], isExcept };
  if (!isObject(written)) throw new Unreadable(`has a Principal of ${at} that cannot be read`);
  const named = Object.entries(written).flatMap(([kind, values]) =>
    textsOf(values, `the Principal of ${at}`).map(value => ({
      kind: kind === 'AWS' && value === '*' ? '*' : kind,
      value,
    })),
  );
  return { named, isExcept };
}

function conditionsOf(block: unknown, at: string): readonly Condition[] {
  if (!isObject(block)) throw new Unreadable(`has a Condition of ${at} that cannot be read`);
  return Object.entries(block).flatMap(([operator, keys]) => {
    if (!isObject(keys)) throw new Unreadable(`has a Condition of ${at} that cannot be read`);
    return Object.entries(keys).map(([key, values]) => ({
      operator,
      key,
      values: oneOrMany(values).map(value => {
        if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
        throw new Unreadable(`has a Condition of ${at} that cannot be read`);
      }),
    }));
  });
}

function textsOf(value: unknown, what: string): readonly string[] {
  return oneOrMany(value).map(text => {
    if (typeof text === 'string') return text;
    throw new Unreadable(`has something other than text in ${what}`);
  });
}

function oneOrMany(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// ---------------------------------------------------------------- judging

/** Who makes a call, as trust policies name callers. */
export type Caller =
  | { readonly kind: 'federated'; readonly provider: string }
  /** A session of a role. */
  | {
      readonly kind: 'role';
      readonly account: string;
      readonly arn: string;
      /** `AROA...`; undefined if unknown. */
      readonly uniqueId: string | undefined;
      /** `arn:aws:sts::111122223333:assumed-role/hub/*`. */
      readonly sessionArn: TextForm;
    };

export interface PolicyRequest {
  /** `sts:AssumeRoleWithSAML`. */
  readonly action: string;
  readonly keys: RequestKeys;
  /** Of trust policies. */
  readonly caller?: Caller | undefined;
  /** Of identity policies. */
  readonly resource?: string | undefined;
}

/** How a statement names the caller. */
export type PrincipalMatch =
  /** By its own ARN. */
  | 'caller'
  /** By its account: the caller's own policies decide. */
  | 'account'
  /** By `*`. */
  | 'everyone'
  | 'none';

export interface JudgedStatement {
  readonly statement: IamStatement;
  readonly coversAction: boolean;
  /** `caller` in identity policies. */
  readonly principal: PrincipalMatch;
  readonly resource: Fit;
  readonly conditions: readonly JudgedCondition[];
  /** Of action, principal, resource and conditions together. */
  readonly fit: Fit;
}

export interface Judgement {
  readonly statements: readonly JudgedStatement[];
  readonly allowed: Fit;
  /** Whether a Deny applies. */
  readonly denied: Fit;
}

export function judgePolicies(
  policies: readonly PolicyDocument[],
  request: PolicyRequest,
): Judgement {
  const statements = policies.flatMap(policy =>
    policy.statements.map(statement => judgeStatement(statement, request, policy.hasVariables)),
  );
  const fitsOf = (effect: IamStatement['effect']): readonly Fit[] =>
    statements.filter(({ statement }) => statement.effect === effect).map(({ fit }) => fit);
  return { statements, allowed: anyOf(fitsOf('Allow')), denied: anyOf(fitsOf('Deny')) };
}

function judgeStatement(
  statement: IamStatement,
  request: PolicyRequest,
  hasVariables: boolean,
): JudgedStatement {
  const { action, keys, caller } = request;
  const coversAction = namesCover(statement.actions, pattern =>
    fitOf(lowerCased(wildcardPattern(pattern)), exactText(action.toLowerCase())),
  );
  const principal = caller === undefined ? 'caller' : principalMatch(statement, caller);
  const resource = resourceFit(statement, request, hasVariables);
  const conditions = statement.conditions.map(condition =>
    judgeCondition(condition, keys, hasVariables),
  );
  const fit = allOf([
    coversAction,
    principalFit(principal, statement, caller),
    resource,
    ...conditions.map(judged => judged.fit),
  ]);
  return {
    statement,
    coversAction: coversAction === 'fits',
    ...{ principal, resource, conditions, fit },
  };
}

function namesCover({ patterns, isExcept }: Names, fitFor: (pattern: string) => Fit): Fit {
  const fit = anyOf(patterns.map(fitFor));
  if (!isExcept || fit === 'depends') return fit;
  return fit === 'fits' ? 'fails' : 'fits';
}

function resourceFit(
  { resources }: IamStatement,
  { resource, keys }: PolicyRequest,
  hasVariables: boolean,
): Fit {
  if (resource === undefined) return 'fits';
  if (resources === undefined) return 'fails';
  return namesCover(resources, written => {
    const pattern = patternWithVariables(written, {
      keys: hasVariables ? keys : undefined,
      read: wildcardPattern,
    });
    return pattern === undefined ? 'fails' : fitOf(pattern, exactText(resource));
  });
}

/**
 * A star denies everyone. Whether it also allows federated callers is not documented, so that it
 * depends.
 */
function principalFit(
  match: PrincipalMatch,
  { effect }: IamStatement,
  caller: Caller | undefined,
): Fit {
  if (match === 'none') return 'fails';
  const isDoubtful = match === 'everyone' && effect === 'Allow' && caller?.kind === 'federated';
  return isDoubtful ? 'depends' : 'fits';
}

function principalMatch({ principals }: IamStatement, caller: Caller): PrincipalMatch {
  if (principals === undefined) return 'none';
  const matches = principals.named.map(named => matchOf(named, caller));
  const best = STRENGTH.find(match => matches.includes(match)) ?? 'none';
  if (!principals.isExcept) return best;
  return best === 'none' ? 'everyone' : 'none';
}

const STRENGTH: readonly PrincipalMatch[] = ['caller', 'account', 'everyone'];

function matchOf({ kind, value }: NamedPrincipal, caller: Caller): PrincipalMatch {
  if (kind === '*') return 'everyone';
  if (caller.kind === 'federated') {
    if (kind !== 'Federated') return 'none';
    if (value === '*') return 'everyone';
    return value === caller.provider ? 'caller' : 'none';
  }
  if (kind !== 'AWS') return 'none';
  if (value === caller.arn || value === caller.uniqueId) return 'caller';
  if (fitOf(exactText(value), caller.sessionArn) !== 'fails') return 'caller';
  const [, partition] = caller.arn.split(':');
  const isAccount = [caller.account, `arn:${partition}:iam::${caller.account}:root`].includes(
    value,
  );
  return isAccount ? 'account' : 'none';
}
