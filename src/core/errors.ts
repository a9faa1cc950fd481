/**
 * The one family of errors, and the one table of what each means to the outside.
 *
 * Owns: the closed set of error codes, with one row each (core/error-rows). Does not own: how an
 * error looks on a page or on a wire (http/error-responses), nor the log.
 */
import type { AwsAnswer } from './aws-answer.ts';
import type { DecisionTrace } from './decision-trace.ts';
import { APPLICATION_ERRORS } from './error-rows/applications.ts';
import { AWS_ERRORS } from './error-rows/aws.ts';
import { ELEVATION_ERRORS } from './error-rows/elevations.ts';
import { LOGIN_ERRORS } from './error-rows/logins.ts';
import { REQUEST_ERRORS } from './error-rows/requests.ts';
import { ROLE_ERRORS } from './error-rows/roles.ts';
import type { ErrorRow, PageOffer } from './error-rows/row.ts';
import { SIGN_IN_ERRORS } from './error-rows/sign-in.ts';
import { WORKLOAD_ERRORS } from './error-rows/workloads.ts';
import type { NamedRole } from './near-role.ts';
import type { ProviderAnswer } from './provider-answer.ts';
import type { NeededStepUp } from './step-up.ts';
import { formatWait, type Seconds } from './time.ts';
import type { NeededElevation } from './unmet-approval.ts';

/** Every error that leaves the bridge is one of these rows. */
export const ERRORS = {
  ...REQUEST_ERRORS,
  ...SIGN_IN_ERRORS,
  ...ROLE_ERRORS,
  ...AWS_ERRORS,
  ...LOGIN_ERRORS,
  ...APPLICATION_ERRORS,
  ...ELEVATION_ERRORS,
  ...WORKLOAD_ERRORS,
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface BridgeErrorOptions {
  /** What the caller should do next; safe to show to anyone. Replaces the row's own hint. */
  readonly hint?: string | undefined;
  /** What an error page offers. Replaces the row's own. */
  readonly offers?: PageOffer | undefined;
  /** From when on the same request can succeed. Without a hint, the hint says so. */
  readonly retryAfterSeconds?: Seconds | undefined;
  /** The role that was asked for, as the requester named it. */
  readonly asked?: NamedRole | undefined;
  /** A role of the requester, if its name is near to that. */
  readonly near?: NamedRole | undefined;
  /** Why the policy refused; shown to the person concerned. */
  readonly trace?: DecisionTrace | undefined;
  /** The step-up that would meet what is missing. */
  readonly stepUp?: NeededStepUp | undefined;
  /** The page that leads to the approval that is missing. */
  readonly elevation?: NeededElevation | undefined;
  /** The field of a form that must be corrected. */
  readonly field?: string | undefined;
  /** What the identity provider answered; shown on the page. */
  readonly answer?: ProviderAnswer | undefined;
  /** What STS answered, for operators. */
  readonly aws?: AwsAnswer | undefined;
  /** The page where the user can try again, as a local path. */
  readonly retryAt?: string | undefined;
  /** Where the user wanted to go when they signed in, as a local path. */
  readonly returnTo?: string | undefined;
  /** What was thrown underneath; goes to the log only. */
  readonly cause?: unknown;
}

/**
 * An expected failure. `message` is for the operator (log, audit) and names the rule, field or
 * check that failed; it never holds a token, an assertion, a code or a key. `hint` is for the
 * caller.
 */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly offers: PageOffer;
  readonly retryAfterSeconds: Seconds | undefined;
  readonly asked: NamedRole | undefined;
  readonly near: NamedRole | undefined;
  readonly trace: DecisionTrace | undefined;
  readonly stepUp: NeededStepUp | undefined;
  readonly elevation: NeededElevation | undefined;
  readonly field: string | undefined;
  readonly answer: ProviderAnswer | undefined;
  readonly aws: AwsAnswer | undefined;
  readonly retryAt: string | undefined;
  readonly returnTo: string | undefined;

  constructor(code: ErrorCode, message: string, options: BridgeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? hintFor(code, options.retryAfterSeconds);
    this.offers = options.offers ?? ERRORS[code].page.offers;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.asked = options.asked;
    this.near = options.near;
    this.trace = options.trace;
    this.stepUp = options.stepUp;
    this.elevation = options.elevation;
    this.field = options.field;
    this.answer = options.answer;
    this.aws = options.aws;
    this.retryAt = options.retryAt;
    this.returnTo = options.returnTo;
  }

  /** The same error with other options, thrown at the same place. */
  with(options: Omit<BridgeErrorOptions, 'cause'>): BridgeError {
    const changed = new BridgeError(this.code, this.message, { ...this, ...options });
    Object.defineProperty(changed, 'stack', { value: this.stack });
    return this.cause === undefined ? changed : Object.assign(changed, { cause: this.cause });
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }
}

function hintFor(code: ErrorCode, retryAfterSeconds: Seconds | undefined): string {
  return retryAfterSeconds === undefined
    ? ERRORS[code].hint
    : `Wait ${formatWait(retryAfterSeconds)}, then try again.`;
}

/**
 * Returns any throwable as a BridgeError: what is not expected becomes `internal`, with the
 * original as its cause.
 */
export function asBridgeError(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  return new BridgeError('internal', 'unexpected error', { cause: thrown });
}
