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
import { BridgeError } from '../core/errors.ts';
import type { Partitions } from '../core/partitions.ts';
import type { ConsoleFederation } from '../core/ports.ts';
import type { Account } from '../core/role.ts';
import { MAX_DURATION, MIN_DURATION } from '../core/session.ts';
import type { Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';

export interface ConsoleFederationOptions {
  readonly partitions: Partitions;
  /** Its limits apply to each call; an answer has a few kilobytes. */
  readonly outbound: Outbound;
}

const SigninAnswer = z.object({ SigninToken: z.string().min(1).max(16_384) });

export function createConsoleFederation({
  partitions,
  outbound,
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
      const first = await askForToken(outbound, endpoint, request, asked);
      // AWS does not document which credentials allow a duration. Without one, the console session
      // ends with the credentials.
      const refusedLength = first.status === 400 && asked !== undefined;
      const answer = refusedLength
        ? await askForToken(outbound, endpoint, request, undefined)
        : first;
      const query = new URLSearchParams({
        Action: 'login',
        Issuer: issuerUrl,
        Destination: destination,
        SigninToken: await signinTokenOf(answer, account),
      });
      return {
        url: `${endpoint}?${query}`,
        destination,
        consoleSeconds: refusedLength ? undefined : asked,
      };
    },
  };
}

/** The duration to request; role-chained credentials allow none. */
function consoleSecondsFor({ assumed, consoleSeconds }: ConsoleLinkRequest): Seconds | undefined {
  if (assumed.chained || consoleSeconds === undefined) return undefined;
  return Math.min(Math.max(consoleSeconds, MIN_DURATION), MAX_DURATION);
}

async function askForToken(
  outbound: Outbound,
  endpoint: string,
  { account, assumed }: ConsoleLinkRequest,
  consoleSeconds: Seconds | undefined,
): Promise<Response> {
  const { accessKeyId, secretAccessKey, sessionToken } = assumed.credentials;
  const form = new URLSearchParams({
    Action: 'getSigninToken',
    Session: JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken }),
    ...(consoleSeconds !== undefined && { SessionDuration: String(consoleSeconds) }),
  });
  try {
    // In the body, because URLs end up in logs, and this one would contain the secret key.
    return await outbound.fetch(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
  } catch (cause) {
    throw new BridgeError(
      'aws_unavailable',
      `console sign-in for account ${account.id}: no answer from the federation endpoint`,
      {
        cause,
      },
    );
  }
}

/** Shows nothing of the answer but the token: an error page can repeat what was sent. */
async function signinTokenOf(response: Response, account: Account): Promise<string> {
  const where = `console sign-in for account ${account.id}`;
  if (response.status >= 500) {
    throw new BridgeError(
      'aws_unavailable',
      `${where}: the federation endpoint answered ${response.status}`,
    );
  }
  if (response.status !== 200) {
    throw new BridgeError(
      'aws_refused',
      `${where}: the federation endpoint answered ${response.status}`,
      {
        hint: 'AWS accepted the role but returned no console link. Try again. If the problem persists, the role may have been changed or deleted, or the configuration names the wrong partition. Contact your administrator and give them the reference.',
      },
    );
  }
  const answer = SigninAnswer.safeParse(await response.json().catch(() => undefined));
  if (!answer.success)
    throw new BridgeError(
      'aws_refused',
      `${where}: the answer of the federation endpoint contains no sign-in token`,
    );
  return answer.data.SigninToken;
}
