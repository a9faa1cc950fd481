/**
 * One call to STS: the SDK without defaults from the machine's environment, over `outbound`, with
 * retries.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AssumeRoleCommand,
  type AssumeRoleCommandOutput,
  type AssumeRoleWithSAMLCommand,
  type AssumeRoleWithWebIdentityCommand,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts';
import { fixedSdkSettings } from '../core/aws-sdk.ts';
import type { AwsCredentials } from '../core/credentials.ts';
import { type Partitions, stsUrlOf } from '../core/partitions.ts';
import type { Account } from '../core/role.ts';
import type { Outbound } from '../outbound.ts';
import { withWholeError } from './bare-error.ts';
import { TransportFailure, transportOver } from './sdk-transport.ts';

export type StsCommand =
  | AssumeRoleCommand
  | AssumeRoleWithSAMLCommand
  | AssumeRoleWithWebIdentityCommand;
/** What the three calls have in common. */
export type StsAnswer = Pick<
  AssumeRoleCommandOutput,
  'Credentials' | 'AssumedRoleUser' | 'PackedPolicySize' | '$metadata'
>;

export interface StsCall {
  /** Whose STS endpoint is called. */
  readonly account: Account;
  readonly command: StsCommand;
  /** Signs the request; AssumeRole needs them, the two federated calls go unsigned. */
  readonly credentials?: AwsCredentials | undefined;
  /** Ends all work for one request. */
  readonly deadline: AbortSignal;
}

/** STS answered with an error, or not at all. Only this room sees it. */
export class StsFailure extends Error {
  override readonly name = 'StsFailure';
  /** The code on the wire without a final `Exception`; undefined without a readable answer. */
  readonly code: string | undefined;
  /** The text of STS. Can repeat the token or the assertion: never show or log it whole. */
  readonly said: string;
  readonly requestId: string;
  readonly status: number | undefined;

  constructor(facts: {
    code?: string;
    said?: string;
    requestId?: string;
    status?: number | undefined;
    cause?: unknown;
  }) {
    super('STS call failed', facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.said = facts.said ?? '';
    this.requestId = facts.requestId ?? 'none';
    this.status = facts.status;
    // Not enumerable, so that error serializers do not print it.
    Object.defineProperty(this, 'said', { enumerable: false });
  }
}

export interface StsOptions {
  readonly partitions: Partitions;
  /** Its limits apply to each attempt. */
  readonly outbound: Outbound;
  /** Waits between two attempts. */
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

const MAX_ATTEMPTS = 3;
const FIRST_PAUSE_MILLISECONDS = 200;

/** Calls STS, with retries where they can help. Throws StsFailure. */
export function createSts({
  partitions,
  outbound,
  pause = sleep,
}: StsOptions): (call: StsCall) => Promise<StsAnswer> {
  const requestHandler = transportOver(outbound, withWholeError);
  const unsigned = new Map<string, STSClient>();

  const clientFor = ({ account, credentials }: StsCall): STSClient => {
    const endpoint = stsUrlOf(partitions, account);
    // The SDK caches credentials, so a signing client is for one user. Connections belong to the
    // transport and stay.
    if (credentials)
      return new STSClient(clientConfig(endpoint, account.region, requestHandler, credentials));
    const key = `${account.region} ${endpoint}`;
    const known =
      unsigned.get(key) ?? new STSClient(clientConfig(endpoint, account.region, requestHandler));
    unsigned.set(key, known);
    return known;
  };

  return async call => {
    const client = clientFor(call);
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.send(call.command as AssumeRoleCommand, { abortSignal: call.deadline });
      } catch (error) {
        const failure = failureOf(error);
        if (attempt >= MAX_ATTEMPTS || call.deadline.aborted || !mayHelpToRepeat(failure))
          throw failure;
        // Full jitter: callers that were throttled together do not retry together.
        await pause(randomInt(FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1)) + 1);
      }
    }
  };
}

/**
 * Sets everything that the SDK would otherwise read from the environment, ~/.aws or the instance
 * metadata service.
 */
function clientConfig(
  endpoint: string,
  region: string,
  requestHandler: NonNullable<STSClientConfig['requestHandler']>,
  credentials?: AwsCredentials,
): STSClientConfig {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {};
  return {
    ...fixedSdkSettings(region),
    endpoint,
    requestHandler,
    credentials:
      accessKeyId && secretAccessKey && sessionToken
        ? { accessKeyId, secretAccessKey, sessionToken }
        : () => Promise.reject(new Error('this call goes unsigned')),
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  };
}

function failureOf(error: unknown): StsFailure {
  if (error instanceof TransportFailure) return new StsFailure({ cause: error.cause });
  const { name, message, $fault, $metadata } = error as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly $fault?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  };
  const answered = {
    requestId: printable($metadata?.requestId),
    status: $metadata?.httpStatusCode,
  };
  // A deadline that expired before the request was sent, or a bug. Only its name, because its
  // message can contain the request.
  if (answered.status === undefined)
    return new StsFailure({ cause: new Error(`the SDK gave up (${printable(String(name))})`) });
  // Only errors of STS have a $fault; others come from an answer that is not XML of STS. An answer
  // without a code is Unknown to the SDK.
  if ($fault === undefined || typeof name !== 'string' || name === 'Unknown')
    return new StsFailure(answered);
  return new StsFailure({
    ...answered,
    code: printable(name.replace(/Exception$/, '')),
    said: String(message),
  });
}

/** Makes a header or an element of the answer safe for our messages. */
export function printable(text: string | undefined): string {
  return text !== undefined && /^[\w.:-]{1,100}$/.test(text) ? text : 'none';
}

const THROTTLED = new Set([
  'Throttling',
  'ThrottledRequest',
  'RequestLimitExceeded',
  'TooManyRequests',
  'SlowDown',
  'PriorRequestNotComplete',
]);

/** STS throttles or has an internal error. */
export function isPassing({ code, status }: StsFailure): boolean {
  return (
    (code !== undefined && THROTTLED.has(code)) ||
    status === 429 ||
    (status !== undefined && status >= 500)
  );
}

/** A kept-alive connection that STS closed during the request. */
const CLOSED_UNDERWAY = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function mayHelpToRepeat(failure: StsFailure): boolean {
  // STS could not fetch our keys: its documentation says to retry.
  if (isPassing(failure) || failure.code === 'IDPCommunicationError') return true;
  return (
    failure.status === undefined &&
    [...causesOf(failure)].some(({ code }) => typeof code === 'string' && CLOSED_UNDERWAY.has(code))
  );
}

function* causesOf(error: Error): Generator<{ readonly code?: unknown }> {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    yield cause as { readonly code?: unknown };
}
