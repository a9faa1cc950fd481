/**
 * Conditions of IAM policies against what a request says (IAM User Guide, "Condition operators",
 * "Multivalued context keys" and "Policy variables").
 *
 * The request is known in part: a value can depend on the user. A condition then `depends`, unless
 * it has the same answer for all of them.
 */
import ipaddr from 'ipaddr.js';
import {
  ANY_TEXT,
  describeForm,
  exactText,
  type Fit,
  fitOf,
  knownText,
  lowerCased,
  type TextForm,
  type TextPattern,
  wildcardPattern,
} from './text-form.ts';

/** What a request says under one condition key. */
export interface SentKey {
  readonly values: readonly SentValue[];
  /** Whether the key is multivalued, such as `aws:TagKeys`. */
  readonly isList?: true | undefined;
}

export interface SentValue {
  /** At least one; which of them is sent depends on the caller. */
  readonly forms: readonly TextForm[];
  /** Set if some requests lack the value. */
  readonly optional?: true | undefined;
}

/** The condition keys of a request. Names are compared without regard to case. */
export interface RequestKeys {
  /** `absent`: no such request has the key. `unknown`: it cannot be known here. */
  of(key: string): SentKey | 'absent' | 'unknown';
}

/** One key of a Condition block. */
export interface Condition {
  /** As written: `ForAnyValue:StringLike`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export interface JudgedCondition {
  readonly condition: Condition;
  readonly fit: Fit;
  /** What the request says, for people. */
  readonly sent: string;
}

/** `hasVariables`: whether `${...}` has a meaning, which depends on the version of the policy. */
export function judgeCondition(
  condition: Condition,
  keys: RequestKeys,
  hasVariables: boolean,
): JudgedCondition {
  const sent = keys.of(condition.key);
  return {
    condition,
    fit: fitOfCondition({ condition, keys, hasVariables }, sent),
    sent: describeSent(sent),
  };
}

interface Judging {
  readonly condition: Condition;
  readonly keys: RequestKeys;
  readonly hasVariables: boolean;
}

type Sent = ReturnType<RequestKeys['of']>;

// ---------------------------------------------------------------- operators

/** Compares one value of the request with one of the policy. */
type Compare = (value: TextForm, policy: TextPattern) => Fit;

interface Operator {
  readonly compare: Compare;
  /** Whether `*` and `?` in a policy value are wildcards. */
  readonly hasWildcards?: true;
  /** `Not...`: fits if no policy value does, also where the key is absent. */
  readonly isNegated?: true;
}

const equals: Compare = (value, policy) => fitOf(policy, value);
const equalsIgnoringCase: Compare = (value, policy) => fitOf(lowerCased(policy), lowerCased(value));

/** Compares known texts; a text with an unknown part depends. */
function known(compare: (value: string, policy: string) => boolean): Compare {
  return (value, policy) => {
    const [text, wanted] = [knownText(value), knownText(policy)];
    if (text === undefined || wanted === undefined) return 'depends';
    return compare(text, wanted) ? 'fits' : 'fails';
  };
}

function numeric(compare: (value: number, policy: number) => boolean): Operator {
  return { compare: known((value, policy) => compare(numberOf(value), numberOf(policy))) };
}

function date(compare: (value: number, policy: number) => boolean): Operator {
  return { compare: known((value, policy) => compare(instantOf(value), instantOf(policy))) };
}

/** NaN compares false with everything. */
function numberOf(text: string): number {
  return /^[+-]?\d{1,30}(?:\.\d{1,30})?$/.test(text) ? Number(text) : Number.NaN;
}

function instantOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function inNetwork(value: string, network: string): boolean {
  if (!ipaddr.isValid(value)) return false;
  const address = ipaddr.process(value);
  const range = ipaddr.isValid(network)
    ? ([ipaddr.process(network), network.includes(':') ? 128 : 32] as const)
    : ipaddr.isValidCIDR(network)
      ? ipaddr.parseCIDR(network)
      : undefined;
  if (range === undefined || range[0].kind() !== address.kind()) return false;
  return address.match(range[0], range[1]);
}

/** The six parts of an ARN are compared one by one: no `*` spans one of its first five colons. */
const arn: Compare = (value, policy) => {
  if (knownText(value) === undefined) return fitOf(policy, value) === 'fails' ? 'fails' : 'depends';
  const [wanted, given] = [arnParts(policy), arnParts(value)];
  if (wanted.length !== given.length) return 'fails';
  return allOf(wanted.map((part, index) => fitOf(part, given[index]!)));
};

function arnParts<T>(tokens: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [[]];
  for (const token of tokens)
    if (token === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)!.push(token);
  return parts;
}

const POSITIVE: Readonly<Record<string, Operator>> = {
  StringEquals: { compare: equals },
  StringEqualsIgnoreCase: { compare: equalsIgnoringCase },
  StringLike: { compare: equals, hasWildcards: true },
  ArnEquals: { compare: arn, hasWildcards: true },
  ArnLike: { compare: arn, hasWildcards: true },
  NumericEquals: numeric((a, b) => a === b),
  DateEquals: date((a, b) => a === b),
  IpAddress: { compare: known(inNetwork) },
};

const NEGATED: Readonly<Record<string, keyof typeof POSITIVE>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
};

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...Object.entries(POSITIVE),
  ...Object.entries(NEGATED).map(([name, positive]): [string, Operator] => [
    name,
    { ...POSITIVE[positive]!, isNegated: true },
  ]),
  ['Bool', { compare: equalsIgnoringCase }],
  ['BinaryEquals', { compare: equals }],
  ['NumericLessThan', numeric((a, b) => a < b)],
  ['NumericLessThanEquals', numeric((a, b) => a <= b)],
  ['NumericGreaterThan', numeric((a, b) => a > b)],
  ['NumericGreaterThanEquals', numeric((a, b) => a >= b)],
  ['DateLessThan', date((a, b) => a < b)],
  ['DateLessThanEquals', date((a, b) => a <= b)],
  ['DateGreaterThan', date((a, b) => a > b)],
  ['DateGreaterThanEquals', date((a, b) => a >= b)],
]);

// ---------------------------------------------------------------- one condition

function fitOfCondition(judging: Judging, sent: Sent): Fit {
  const { condition } = judging;
  const [, quantifier, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(condition.operator) ?? [];
  if (name === 'Null') return fitOfNull(condition, sent);
  const operator = OPERATORS.get(name);
  if (operator === undefined || sent === 'unknown') return 'depends';
  const whenAbsent: Fit =
    ifExists !== undefined ||
    quantifier === 'ForAllValues' ||
    (operator.isNegated === true && quantifier === undefined)
      ? 'fits'
      : 'fails';
  if (sent === 'absent' || sent.values.length === 0) return whenAbsent;
  const patterns = condition.values.map(value => patternFor(value, operator, judging));
  const judged = sent.values.map(value => ({
    ...value,
    fit: sameOf(value.forms.map(form => fitOfForm(form, operator, patterns))),
  }));
  const present =
    quantifier === 'ForAnyValue' ? anyOf(judged.map(fitIfSent)) : allOf(judged.map(fitUnlessSent));
  if (sent.isList && quantifier === undefined && judged.length > 1) return 'depends';
  const canLackAll = sent.values.every(({ optional }) => optional);
  return canLackAll && present !== whenAbsent ? 'depends' : present;
}

function fitOfNull({ values }: Condition, sent: Sent): Fit {
  if (sent === 'unknown') return 'depends';
  const isAbsent = sent === 'absent' || sent.values.length === 0;
  if (!isAbsent && sent.values.every(({ optional }) => optional)) return 'depends';
  return values.some(value => (value.toLowerCase() === 'true') === isAbsent) ? 'fits' : 'fails';
}

interface JudgedValue extends SentValue {
  readonly fit: Fit;
}

/** A value that some requests lack can be what makes one of several fit. */
function fitIfSent({ fit, optional }: JudgedValue): Fit {
  return optional && fit === 'fits' ? 'depends' : fit;
}

/** A value that some requests lack can be what makes all of them fail. */
function fitUnlessSent({ fit, optional }: JudgedValue): Fit {
  return optional && fit === 'fails' ? 'depends' : fit;
}

/** An undefined pattern is one with a variable that no such request has a value for. */
function fitOfForm(
  form: TextForm,
  { compare, isNegated }: Operator,
  patterns: readonly (TextPattern | undefined)[],
): Fit {
  const fit = anyOf(
    patterns.map(pattern => (pattern === undefined ? 'fails' : compare(form, pattern))),
  );
  return isNegated ? opposite(fit) : fit;
}

/** The least of several: all must fit. */
export function allOf(fits: readonly Fit[]): Fit {
  if (fits.includes('fails')) return 'fails';
  return fits.includes('depends') ? 'depends' : 'fits';
}

/** The best of several: one must fit. */
export function anyOf(fits: readonly Fit[]): Fit {
  if (fits.includes('fits')) return 'fits';
  return fits.includes('depends') ? 'depends' : 'fails';
}

/** Of alternatives: what they have in common. */
function sameOf(fits: readonly Fit[]): Fit {
  return new Set(fits).size === 1 ? fits[0]! : 'depends';
}

function opposite(fit: Fit): Fit {
  if (fit === 'depends') return fit;
  return fit === 'fits' ? 'fails' : 'fits';
}

// ---------------------------------------------------------------- policy values

function patternFor(
  value: string,
  { hasWildcards }: Operator,
  { keys, hasVariables }: Judging,
): TextPattern | undefined {
  return patternWithVariables(value, {
    keys: hasVariables ? keys : undefined,
    read: hasWildcards ? wildcardPattern : exactText,
  });
}

/** How a text of a policy is read; without keys, it has no variables. */
interface Writing {
  readonly keys: RequestKeys | undefined;
  readonly read: (text: string) => TextPattern;
}

/**
 * The pattern of a text in a policy, with the values of its variables: `${saml:sub}`,
 * `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}` and `${$}` for the characters themselves.
 * Undefined if a variable has no value in any such request.
 */
export function patternWithVariables(
  text: string,
  { keys, read }: Writing,
): TextPattern | undefined {
  if (keys === undefined) return read(text);
  const pattern: TextPattern[number][] = [];
  // Odd parts are the names of variables. No brace is in a name, so that `${${${` takes no time.
  for (const [index, part] of text.split(/\$\{([^{}]*)\}/).entries()) {
    const tokens = index % 2 === 0 ? read(part) : variableValue(part, keys);
    if (tokens === undefined) return undefined;
    pattern.push(...tokens);
  }
  return pattern;
}

function variableValue(variable: string, keys: RequestKeys): TextForm | undefined {
  if (['*', '?', '$'].includes(variable)) return exactText(variable);
  const comma = variable.indexOf(',');
  const key = (comma < 0 ? variable : variable.slice(0, comma)).trim();
  const fallback =
    comma < 0 ? undefined : /^'([^']*)'$/.exec(variable.slice(comma + 1).trim())?.[1];
  const sent = keys.of(key);
  if (sent === 'unknown') return ANY_TEXT;
  if (sent === 'absent' || sent.isList || sent.values.length !== 1)
    return fallback === undefined ? undefined : exactText(fallback);
  const [value] = sent.values;
  // Some requests have the value, and others the default.
  return value!.optional || value!.forms.length > 1 ? ANY_TEXT : value!.forms[0];
}

function describeSent(sent: Sent): string {
  if (sent === 'unknown') return 'not known here';
  if (sent === 'absent' || sent.values.length === 0) return 'nothing';
  return sent.values
    .map(({ forms, optional }) => {
      const text = forms.map(describeForm).join(' or ');
      return optional ? `${text} (not always)` : text;
    })
    .join(', ');
}
