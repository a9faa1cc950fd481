/**
 * What a call to AWS failed with, in the words that callers get: refused, throttled, failed, an
 * answer that cannot be used, or no answer in time.
 */
import { BridgeError, type BridgeErrorOptions, type ErrorCode } from '../core/errors.ts';
import { type Account, isOfAws } from '../core/role.ts';
import type { Seconds } from '../core/time.ts';
import { OutboundFault, type OutboundFaultKind } from '../outbound.ts';

export type AwsFault =
  /** It understood the request and does not do it. */
  | 'refused'
  /** It gets more calls than it takes. */
  | 'throttled'
  /** An error of its own. */
  | 'failed'
  /** An answer without what was asked for. */
  | 'response_invalid'
  /** No whole answer, for whatever reason. */
  | 'unavailable';

type FaultCode = `${'aws' | 'sts'}_${AwsFault}` & ErrorCode;

/** An account with an STS of its own is not refused by AWS. */
function codeOf(fault: AwsFault, account: Pick<Account, 'stsEndpoint'>): FaultCode {
  return `${isOfAws(account) ? 'aws' : 'sts'}_${fault}`;
}

/** By the status alone. Success without what was asked for is an answer that cannot be used. */
export function faultOfStatus(status: number): AwsFault {
  if (status === 429) return 'throttled';
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'response_invalid';
}

/** The server answered, and the answer cannot be read. */
const UNREADABLE: readonly OutboundFaultKind[] = ['too-large', 'redirect'];
/** Nothing was late. */
const NOT_REACHED: readonly OutboundFaultKind[] = ['insecure', 'proxy', 'name', 'tls'];

/** Of a call without an answer that could be read. */
export function faultOfTransport(cause: unknown): AwsFault {
  return isOneOf(cause, UNREADABLE) ? 'response_invalid' : 'unavailable';
}

const SHORT_PAUSE: Seconds = 5;
/** What a caller is told to wait at most: the answer is input. */
const LONGEST_PAUSE: Seconds = 300;

export interface AwsFaultFacts extends Omit<BridgeErrorOptions, 'retryAfterSeconds'> {
  readonly account: Pick<Account, 'stsEndpoint'>;
  /** What AWS asks to wait, in its answer. */
  readonly retryAfterSeconds?: Seconds | undefined;
}

/**
 * The error of a fault. A throttled caller is always told how long to wait; AWS SDKs wait as long
 * before their own retry.
 */
export function awsError(fault: AwsFault, message: string, facts: AwsFaultFacts): BridgeError {
  const { account, retryAfterSeconds: named, ...options } = facts;
  const isPassing = fault === 'throttled' || fault === 'failed';
  const wait = named || (fault === 'throttled' ? SHORT_PAUSE : undefined);
  const hint =
    fault === 'unavailable' && isNotReached(options.cause) ? hintFor(account) : undefined;
  return new BridgeError(codeOf(fault, account), message, {
    ...(hint !== undefined && { hint }),
    ...options,
    ...(isPassing &&
      wait !== undefined && {
        retryAfterSeconds: Math.min(wait, LONGEST_PAUSE),
      }),
  });
}

/** A connection that failed has a code of Node.js or undici; one that was given up has none. */
function isNotReached(cause: unknown): boolean {
  if (isOneOf(cause, NOT_REACHED)) return true;
  return isOneOf(cause, ['unreachable']) && (cause as OutboundFault).code !== undefined;
}

function hintFor(account: Pick<Account, 'stsEndpoint'>): string {
  const who = isOfAws(account) ? 'AWS' : 'The STS of the account';
  return `${who} could not be reached, or closed the connection. No credentials were issued. Try again in a minute.`;
}

function isOneOf(cause: unknown, kinds: readonly OutboundFaultKind[]): boolean {
  return cause instanceof OutboundFault && kinds.includes(cause.kind);
}
