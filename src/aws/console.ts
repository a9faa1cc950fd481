/**
 * Makes a console link of credentials, by the federation endpoint of AWS sign-in (IAM User Guide,
 * "Enabling custom identity broker access to the AWS console").
 *
 * Owns: the sign-in token, the form of the link. Does not own: permissions, allowed destinations
 * (core).
 */
import { z } from 'zod';
import type { ConsoleLinkRequest } from '../core/assumed-role.ts';
import { consoleDestination } from '../core/console-destination.ts';
import type { Partitions } from '../core/partitions.ts';
import type { Clock, ConsoleFederation } from '../core/ports.ts';
import { retryAfterIn } from '../core/retry-after.ts';
import type { Account } from '../core/role.ts';
import { MAX_DURATION, MIN_DURATION } from '../core/session.ts';
import type { Seconds } from '../core/time.ts';
import type { OutboundClient } from '../outbound.ts';
import { awsError, faultOfStatus, faultOfTransport } from './aws-faults.ts';

export interface ConsoleFederationOptions {
  readonly partitions: Partitions;
  /** Its limits apply to each call; an answer has a few kilobytes. */
  readonly outbound: Pick<OutboundClient, 'request'>;
  readonly clock: Clock;
}

const SigninAnswer = z.object({ SigninToken: z.string().min(1).max(16_384) });

export function createConsoleFederation({
  partitions,
  outbound,
  clock,
}: ConsoleFederationOptions): ConsoleFederation {
  const destinationFor = (account: Account, destination: string | undefined): string => {
    const partition = partitions[account.partition];
    return destination === undefined
      ? partition.consoleHome(account.region)
      : consoleDestination(partition, account.id, destination);
  };

  return {
    destinationFor,
    linkFor: async request => {
      const { account, issuerUrl } = request;
      const destination = destinationFor(account, request.destination);
      const endpoint = partitions[account.partition].federationUrl(account.region);
      const asked = consoleSecondsFor(request);
      const ask = (seconds: Seconds | undefined): Promise<Answer> =>
        askForToken(outbound, endpoint, request, seconds);
      const first = await ask(asked);
      // AWS does not document which credentials allow a duration. Without one, the console session
      // ends with the credentials.
      const refusedLength = first.status === 400 && asked !== undefined;
      const length = refusedLength ? undefined : asked;
      const next = refusedLength ? await ask(length) : first;
      // A sign-in token changes nothing at AWS, so a second one is harmless.
      const isUnreadable = next.status === 200 && next.token === undefined;
      const answer = isUnreadable ? await ask(length) : next;
      const query = new URLSearchParams({
        Action: 'login',
        Issuer: issuerUrl,
        Destination: destination,
        SigninToken: signinTokenOf(answer, account, clock),
      });
      return {
        url: `${endpoint}?${query}`,
        destination,
        consoleSeconds: length,
      };
    },
  };
}

/** The duration to request; role-chained credentials allow none. */
function consoleSecondsFor({ assumed, consoleSeconds }: ConsoleLinkRequest): Seconds | undefined {
  if (assumed.chained || consoleSeconds === undefined) return undefined;
  return Math.min(Math.max(consoleSeconds, MIN_DURATION), MAX_DURATION);
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Of a success, if it is readable. */
  readonly token: string | undefined;
}

async function askForToken(
  outbound: ConsoleFederationOptions['outbound'],
  endpoint: string,
  { account, assumed }: ConsoleLinkRequest,
  consoleSeconds: Seconds | undefined,
): Promise<Answer> {
  const { accessKeyId, secretAccessKey, sessionToken } = assumed.credentials;
  const form = new URLSearchParams({
    Action: 'getSigninToken',
    Session: JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken }),
    ...(consoleSeconds !== undefined && { SessionDuration: String(consoleSeconds) }),
  });
  try {
    // In the body, because URLs end up in logs, and this one would contain the secret key.
    const { status, headers, body } = await outbound.request(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
    const answer = SigninAnswer.safeParse(jsonOf(body));
    return { status, retryAfter: headers['retry-after'], token: answer.data?.SigninToken };
  } catch (cause) {
    const fault = faultOfTransport(cause);
    const what = fault === 'unavailable' ? 'no answer' : 'no readable answer';
    const why = `${whereOf(account)}: ${what} from the federation endpoint`;
    throw awsError(fault, why, { account, cause });
  }
}

/** Undefined if it is not JSON. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Shows nothing of the answer but the token: an error page can repeat what was sent. */
function signinTokenOf(
  { status, retryAfter, token }: Answer,
  account: Account,
  clock: Clock,
): string {
  if (status === 200 && token !== undefined) return token;
  const fault = faultOfStatus(status);
  const why =
    status === 200
      ? 'the answer of the federation endpoint contains no sign-in token'
      : `the federation endpoint answered ${status}`;
  throw awsError(fault, `${whereOf(account)}: ${why}`, {
    account,
    retryAfterSeconds: retryAfterIn(retryAfter, clock.now()),
    ...(fault === 'refused' && { hint: NO_LINK }),
  });
}

const NO_LINK =
  'AWS accepted the role but returned no console link. Try again. If the problem persists, the role may have been changed or deleted, or the configuration names the wrong partition. Contact your administrator and give them the reference.';

function whereOf({ id }: Account): string {
  return `console sign-in for account ${id}`;
}
