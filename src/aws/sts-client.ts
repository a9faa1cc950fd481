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
import type { Clock } from '../core/ports.ts';
import { retryAfterIn } from '../core/retry-after.ts';
import type { Account } from '../core/role.ts';
import type { Seconds } from '../core/time.ts';
import type { OutboundClient } from '../outbound.ts';
import { type AwsFault, faultOfStatus, faultOfTransport } from './aws-faults.ts';
import { withWholeError } from './bare-error.ts';
import { TransportFailure, transportOver } from './sdk-transport.ts';

export type StsCommand =
  | AssumeRoleCommand
  | AssumeRoleWithSAMLCommand
  | AssumeRoleWithWebIdentityCommand;
/** What the three calls issue. */
export interface StsAnswer {
  readonly credentials: AwsCredentials;
  readonly assumedRoleArn: string;
  readonly packedPolicySize: number | undefined;
  /** Safe for our messages. */
  readonly requestId: string;
}

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
  /** What its answer asks callers to wait. */
  readonly retryAfterSeconds: Seconds | undefined;

  constructor(facts: {
    code?: string;
    said?: string;
    requestId?: string;
    status?: number | undefined;
    retryAfterSeconds?: Seconds | undefined;
    cause?: unknown;
  }) {
    super('STS call failed', facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.said = facts.said ?? '';
    this.requestId = facts.requestId ?? 'none';
    this.status = facts.status;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    // Not enumerable, so that error serializers do not print it.
    Object.defineProperty(this, 'said', { enumerable: false });
  }
}

export interface StsOptions {
  readonly partitions: Partitions;
  /** Its limits apply to each attempt. */
  readonly outbound: Pick<OutboundClient, 'request'>;
  readonly clock: Clock;
  /** Waits between two attempts. */
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

const FIRST_PAUSE_MILLISECONDS = 200;

/** Calls STS, with retries where they can help. Throws StsFailure. */
export function createSts({
  partitions,
  outbound,
  clock,
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
        return whole(
          await client.send(call.command as AssumeRoleCommand, { abortSignal: call.deadline }),
        );
      } catch (error) {
        const failure = failureOf(error, clock);
        if (attempt >= attemptsFor(failure) || call.deadline.aborted) throw failure;
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

/** What an answer has if it can be read at all. Throws StsFailure. */
function whole({
  Credentials,
  AssumedRoleUser,
  PackedPolicySize: packedPolicySize,
  $metadata,
}: AssumeRoleCommandOutput): StsAnswer {
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration,
  } = Credentials ?? {};
  const expiresAt = Expiration?.getTime() ?? Number.NaN;
  const assumedRoleArn = AssumedRoleUser?.Arn;
  const requestId = printable($metadata.requestId);
  const isWhole = accessKeyId && secretAccessKey && sessionToken && !Number.isNaN(expiresAt);
  if (!isWhole || assumedRoleArn === undefined)
    throw new StsFailure({ status: $metadata.httpStatusCode ?? 200, requestId });
  const credentials = { accessKeyId, secretAccessKey, sessionToken, expiresAt };
  return { credentials, assumedRoleArn, packedPolicySize, requestId };
}

function failureOf(error: unknown, clock: Clock): StsFailure {
  if (error instanceof StsFailure) return error;
  if (error instanceof TransportFailure) return new StsFailure({ cause: error.cause });
  const { name, message, $fault, $metadata, $response } = error as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly $fault?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const answered = {
    requestId: printable($metadata?.requestId),
    status: $metadata?.httpStatusCode,
    retryAfterSeconds: retryAfterIn($response?.headers?.['retry-after'], clock.now()),
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
function printable(text: string | undefined): string {
  return text !== undefined && /^[\w.:-]{1,100}$/.test(text) ? text : 'none';
}

/** Without a final `Exception`, as AWS SDKs know them. */
const THROTTLED = new Set([
  'Throttling',
  'Throttled',
  'ThrottledRequest',
  'RequestThrottled',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'TooManyRequests',
  'SlowDown',
  'PriorRequestNotComplete',
]);

/** What the call failed with. A throttled call has a code of its own, with almost any status. */
export function faultOf({ code, status, cause }: StsFailure): AwsFault {
  if (code !== undefined && THROTTLED.has(code)) return 'throttled';
  if (status !== undefined) return faultOfStatus(status);
  return code === undefined ? faultOfTransport(cause) : 'refused';
}

const MOST_ATTEMPTS = 3;

/**
 * How often such a call is made at most. None of the three calls changes anything at AWS: each
 * issues credentials that expire, so a call whose answer was lost or unreadable is safe to repeat.
 */
function attemptsFor(failure: StsFailure): number {
  // It says when to ask again, and that is longer than our own pause: the caller is told.
  if ((failure.retryAfterSeconds ?? 0) > 0) return 1;
  // STS could not fetch our keys: its documentation says to retry.
  if (failure.code === 'IDPCommunicationError') return MOST_ATTEMPTS;
  switch (faultOf(failure)) {
    case 'throttled':
    case 'failed':
      return MOST_ATTEMPTS;
    case 'response_invalid':
      return failure.status === undefined ? 1 : 2;
    case 'refused':
      return 1;
    case 'unavailable':
      return isClosedUnderway(failure) ? MOST_ATTEMPTS : 1;
  }
}

/** A kept-alive connection that STS closed during the request. */
const CLOSED_UNDERWAY = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function isClosedUnderway(failure: StsFailure): boolean {
  return [...causesOf(failure)].some(
    ({ code }) => typeof code === 'string' && CLOSED_UNDERWAY.has(code),
  );
}

function* causesOf(error: Error): Generator<{ readonly code?: unknown }> {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    yield cause as { readonly code?: unknown };
}
