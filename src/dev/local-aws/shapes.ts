/**
 * The request shapes of STS (its service model, version 2011-06-15) and their validation: all
 * violations are told in one ValidationError. Lengths count Unicode code points.
 */
import { StsError } from './sts-error.ts';

interface TextRule {
  readonly min: number;
  readonly max: number;
  /** As printed in the error, and as matched against the whole value. */
  readonly pattern?: string;
  readonly required?: true;
  /** The value is not repeated in the error. */
  readonly sensitive?: true;
}

interface ListRule {
  readonly list: Readonly<Record<string, TextRule>>;
  readonly max: number;
}

interface IntegerRule {
  readonly from: number;
  readonly to: number;
}

type Rule = TextRule | ListRule | IntegerRule;

const ARN = {
  min: 20,
  max: 2048,
  required: true,
  pattern: String.raw`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+`,
} as const satisfies TextRule;
const SESSION_NAME = {
  min: 2,
  max: 64,
  required: true,
  pattern: String.raw`[\w+=,.@-]*`,
} as const satisfies TextRule;
const POLICY = {
  min: 1,
  max: 2048,
  pattern: String.raw`[\u0009\u000A\u000D\u0020-\u00FF]+`,
} as const satisfies TextRule;
const POLICY_ARNS = { max: 10, list: { arn: ARN } } as const satisfies ListRule;
const DURATION = { from: 900, to: 43_200 } as const satisfies IntegerRule;

const MFA = {
  SerialNumber: { min: 9, max: 256, pattern: String.raw`[\w+=/:,.@-]*` },
  TokenCode: { min: 6, max: 6, pattern: String.raw`[\d]*`, sensitive: true },
} as const satisfies Readonly<Record<string, TextRule>>;

export const TAG_KEY = {
  min: 1,
  max: 128,
  required: true,
  pattern: String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`,
} as const satisfies TextRule;
export const TAG_VALUE = {
  min: 0,
  max: 256,
  required: true,
  pattern: String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`,
} as const satisfies TextRule;
export const MAX_TAGS = 50;

const SHAPES = {
  AssumeRole: {
    RoleArn: ARN,
    RoleSessionName: SESSION_NAME,
    PolicyArns: POLICY_ARNS,
    Policy: POLICY,
    DurationSeconds: DURATION,
    Tags: { max: MAX_TAGS, list: { Key: TAG_KEY, Value: TAG_VALUE } },
    TransitiveTagKeys: { max: MAX_TAGS, list: { '': TAG_KEY } },
    ExternalId: { min: 2, max: 1224, pattern: String.raw`[\w+=,.@:\/-]*` },
    ...MFA,
    SourceIdentity: { min: 2, max: 64, pattern: String.raw`[\w+=,.@-]*` },
  },
  AssumeRoleWithSAML: {
    RoleArn: ARN,
    PrincipalArn: ARN,
    SAMLAssertion: { min: 4, max: 100_000, required: true, sensitive: true },
    PolicyArns: POLICY_ARNS,
    Policy: POLICY,
    DurationSeconds: DURATION,
  },
  AssumeRoleWithWebIdentity: {
    RoleArn: ARN,
    RoleSessionName: SESSION_NAME,
    WebIdentityToken: { min: 4, max: 20_000, required: true, sensitive: true },
    ProviderId: { min: 4, max: 2048 },
    PolicyArns: POLICY_ARNS,
    Policy: POLICY,
    DurationSeconds: DURATION,
  },
  GetCallerIdentity: {},
  GetSessionToken: { DurationSeconds: { from: 900, to: 129_600 }, ...MFA },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Rule>>>>;

export type Action = keyof typeof SHAPES;

type Value<R> = R extends IntegerRule
  ? number | undefined
  : R extends ListRule
    ? readonly Readonly<Record<keyof R['list'], string>>[]
    : R extends { readonly required: true }
      ? string
      : string | undefined;

export type Input<A extends Action> = {
  readonly [K in keyof (typeof SHAPES)[A]]: Value<(typeof SHAPES)[A][K]>;
};

export function isAction(name: string): name is Action {
  return Object.hasOwn(SHAPES, name);
}

/**
 * Throws `StsError` ValidationError with every violation, or MalformedInput for a number that is
 * none.
 */
export function readShape<A extends Action>(action: A, parameters: URLSearchParams): Input<A> {
  const violations: string[] = [];
  const input: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries<Rule>(SHAPES[action])) {
    const at = name[0]!.toLowerCase() + name.slice(1);
    if ('list' in rule) input[name] = readList(name, at, rule, parameters, violations);
    else if ('from' in rule) input[name] = readInteger(parameters.get(name), at, rule, violations);
    else input[name] = readText(parameters.get(name), at, rule, violations);
  }
  if (violations.length > 0) {
    const count = `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected`;
    throw new StsError('ValidationError', `${count}: ${violations.join('; ')}`);
  }
  return input as Input<A>;
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
    throw new StsError('MalformedInput', 'Decimal value is missing', `${at} is empty`);
  const parsed = /^[+-]?\d{1,20}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(parsed) || parsed < -(2 ** 31) || parsed > 2 ** 31 - 1) {
    throw new StsError('MalformedInput', undefined, `${at} is not a 32-bit integer`);
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

export function isSessionName(text: string): boolean {
  return fits(SESSION_NAME, text);
}
