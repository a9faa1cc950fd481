/**
 * The members of a request of a query API (STS, IAM), and their validation: all violations are told
 * in one ValidationError. Lengths count Unicode code points.
 */
import { commonError } from './query-error.ts';

export interface TextRule {
  readonly min: number;
  readonly max: number;
  /** As printed in the error, and as matched against the whole value. */
  readonly pattern?: string;
  readonly required?: true;
  /** The only values that there are. */
  readonly oneOf?: readonly string[];
  /** The value is not repeated in the error. */
  readonly sensitive?: true;
}

export interface ListRule {
  readonly list: Readonly<Record<string, TextRule>>;
  readonly max: number;
}

export interface IntegerRule {
  readonly from: number;
  readonly to: number;
}

export type Rule = TextRule | ListRule | IntegerRule;

/** Rules by the name of the member. */
export type Shape = Readonly<Record<string, Rule>>;

type Value<R> = R extends IntegerRule
  ? number | undefined
  : R extends ListRule
    ? readonly Readonly<Record<keyof R['list'], string>>[]
    : R extends { readonly required: true }
      ? string
      : string | undefined;

/** What a request of this shape gives. */
export type Members<S extends Shape> = { readonly [K in keyof S]: Value<S[K]> };

/**
 * Throws `QueryError` ValidationError with every violation, or MalformedInput for a number that is
 * none.
 */
export function readMembers<S extends Shape>(shape: S, parameters: URLSearchParams): Members<S> {
  const violations: string[] = [];
  const input: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries<Rule>(shape)) {
    const at = name[0]!.toLowerCase() + name.slice(1);
    if ('list' in rule) input[name] = readList(name, at, rule, parameters, violations);
    else if ('from' in rule) input[name] = readInteger(parameters.get(name), at, rule, violations);
    else input[name] = readText(parameters.get(name), at, rule, violations);
  }
  if (violations.length > 0) {
    const count = `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected`;
    throw commonError('ValidationError', `${count}: ${violations.join('; ')}`);
  }
  return input as Members<S>;
}

function readText(
  value: string | null,
  at: string,
  rule: TextRule,
  violations: string[],
): string | undefined {
  const complain = (constraint: string): void => {
    const shown = value === null ? 'Value null ' : rule.sensitive ? 'Value ' : `Value '${value}' `;
    violations.push(`${shown}at '${at}' failed to satisfy constraint: ${constraint}`);
  };
  if (value === null) {
    if (rule.required) complain('Member must not be null');
    return undefined;
  }
  const length = [...value].length;
  if (length < rule.min) complain(`Member must have length greater than or equal to ${rule.min}`);
  if (length > rule.max) complain(`Member must have length less than or equal to ${rule.max}`);
  if (rule.oneOf !== undefined && !rule.oneOf.includes(value))
    complain(`Member must satisfy enum value set: [${rule.oneOf.join(', ')}]`);
  if (rule.pattern !== undefined && !matches(rule, value))
    complain(`Member must satisfy regular expression pattern: ${rule.pattern}`);
  return value;
}

/**
 * True when the text fits length and pattern; for tags and names that arrive inside assertions and
 * tokens.
 */
export function fits(rule: TextRule, text: string): boolean {
  const length = [...text].length;
  return length >= rule.min && length <= rule.max && matches(rule, text);
}

function matches(rule: TextRule, text: string): boolean {
  return rule.pattern === undefined || new RegExp(`^(?:${rule.pattern})$`, 'u').test(text);
}

/**
 * A 32-bit integer as the query protocol reads it: a plus sign and leading zeros pass, decimals do
 * not.
 */
function readInteger(
  value: string | null,
  at: string,
  rule: IntegerRule,
  violations: string[],
): number | undefined {
  if (value === null) return undefined;
  if (value === '')
    throw commonError('MalformedInput', 'Decimal value is missing', `${at} is empty`);
  const parsed = /^[+-]?\d{1,20}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(parsed) || parsed < -(2 ** 31) || parsed > 2 ** 31 - 1) {
    throw commonError('MalformedInput', undefined, `${at} is not a 32-bit integer`);
  }
  const complain = (constraint: string): void => {
    violations.push(`Value '${parsed}' at '${at}' failed to satisfy constraint: ${constraint}`);
  };
  if (parsed < rule.from) complain(`Member must have value greater than or equal to ${rule.from}`);
  if (parsed > rule.to) complain(`Member must have value less than or equal to ${rule.to}`);
  return parsed;
}

/** `Tags.member.1.Key=..`; an empty list is sent as `Tags=`. */
function readList(
  name: string,
  at: string,
  rule: ListRule,
  parameters: URLSearchParams,
  violations: string[],
): Record<string, string>[] {
  const indexes = new Set<number>();
  const form = new RegExp(`^${name}\\.member\\.(\\d{1,6})(?:\\.|$)`);
  for (const key of parameters.keys()) {
    const index = form.exec(key)?.[1];
    if (index !== undefined) indexes.add(Number(index));
  }
  if (indexes.size > rule.max) {
    violations.push(
      `Value at '${at}' failed to satisfy constraint: Member must have length less than or equal to ${rule.max}`,
    );
    return [];
  }
  return [...indexes]
    .sort((a, b) => a - b)
    .map(index => {
      const member: Record<string, string> = {};
      for (const [field, fieldRule] of Object.entries(rule.list)) {
        const fieldAt = `${at}.${index}.member${field === '' ? '' : `.${field[0]!.toLowerCase()}${field.slice(1)}`}`;
        const value = parameters.get(`${name}.member.${index}${field === '' ? '' : `.${field}`}`);
        member[field] = readText(value, fieldAt, fieldRule, violations) ?? '';
      }
      return member;
    });
}
