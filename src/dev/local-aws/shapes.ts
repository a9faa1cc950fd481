/** The request shapes of STS (its service model, version 2011-06-15). */
import {
  fits,
  type IntegerRule,
  type ListRule,
  type Members,
  readMembers,
  type Shape,
  type TextRule,
} from './query-shape.ts';

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
} as const satisfies Readonly<Record<string, Shape>>;

export type Action = keyof typeof SHAPES;

export type Input<A extends Action> = Members<(typeof SHAPES)[A]>;

export function isAction(name: string): name is Action {
  return Object.hasOwn(SHAPES, name);
}

/** Throws `QueryError` ValidationError or MalformedInput. */
export function readShape<A extends Action>(action: A, parameters: URLSearchParams): Input<A> {
  return readMembers(SHAPES[action], parameters) as Input<A>;
}

export function isSessionName(text: string): boolean {
  return fits(SESSION_NAME, text);
}
