/**
 * A local address from which AWS tools and SDKs take credentials again and again: the container
 * credentials provider of every SDK.
 *
 * Owns: who may ask (a token of this run, on loopback), that an answer is there within the second
 * that SDKs wait, renewal ahead of time.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliError, EXIT_MEANINGS } from '../terminal/exit.ts';
import {
  type CachedCredentials,
  isUsable,
  usualMinimumSeconds,
} from '../warm/cached-credentials.ts';

export interface EndpointOptions {
  /** Credentials with enough life left; may throw, and is asked again later. */
  readonly fetch: () => Promise<CachedCredentials>;
  readonly minimumSeconds?: number | undefined;
  /** What signs in again when the login has ended. */
  readonly loginCommand: string;
  /** Told once for each time that renewing begins to fail, and once when it works again. */
  readonly onTrouble: (fault: CliError) => void;
  readonly onRecovery: () => void;
}

export interface Endpoint {
  /** AWS_CONTAINER_CREDENTIALS_FULL_URI */
  readonly url: string;
  /** AWS_CONTAINER_AUTHORIZATION_TOKEN: a secret of this run. */
  readonly token: string;
  close(): void;
}

/** The JavaScript SDK waits one second, botocore two. */
const ANSWER_MILLISECONDS = 900;
const RETRY_MILLISECONDS = 15_000;
/** Longer, and a timer of Node would overflow; also how long a sleeping laptop may be behind. */
const LONGEST_WAIT_MILLISECONDS = 10 * 60_000;

/** `first` is what the command starts with, so that a role that is refused never starts it. */
export async function openEndpoint(
  first: CachedCredentials,
  { fetch, minimumSeconds, loginCommand, onTrouble, onRecovery }: EndpointOptions,
): Promise<Endpoint> {
  const token = randomBytes(32).toString('base64url');
  const path = '/credentials';
  let current = first;
  let fault: CliError | undefined;
  let renewing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const usable = (): boolean => isUsable(current, minimumSeconds, Date.now());

  const schedule = (): void => {
    clearTimeout(timer);
    if (isClosed) return;
    const due = current.expiresLocally - (minimumSeconds ?? usualMinimumSeconds(current)) * 1000;
    const wait =
      fault === undefined
        ? Math.min(Math.max(0, due - Date.now()) + 100, LONGEST_WAIT_MILLISECONDS)
        : RETRY_MILLISECONDS;
    timer = setTimeout(() => (usable() ? schedule() : void renew()), wait);
    timer.unref();
  };

  const renew = (): Promise<void> => {
    renewing ??= fetch()
      .then(
        fetched => {
          current = fetched;
          if (fault !== undefined) onRecovery();
          fault = undefined;
        },
        (thrown: unknown) => {
          const isNew = fault === undefined;
          fault =
            thrown instanceof CliError
              ? thrown
              : new CliError('failed', 'credentials could not be renewed', { cause: thrown });
          if (isNew) onTrouble(fault);
        },
      )
      .finally(() => {
        renewing = undefined;
        schedule();
      });
    return renewing;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('Cache-Control', 'no-store');
    const isOurs =
      request.method === 'GET' &&
      request.url === path &&
      request.headers.host === `127.0.0.1:${port}`;
    if (!isOurs)
      return send(response, 404, {
        Code: 'NotFound',
        Message: 'There is nothing at this address.',
      });
    if (!sameSecret(request.headers.authorization ?? '', token))
      return send(response, 403, {
        Code: 'Forbidden',
        Message: 'The authorization token is not the one of this run.',
      });
    if (!usable())
      await Promise.race([
        renew(),
        new Promise(resolve => setTimeout(resolve, ANSWER_MILLISECONDS).unref()),
      ]);
    if (!usable()) return send(response, 503, troubleOf(fault, loginCommand));
    return send(response, 200, {
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey,
      Token: current.sessionToken,
      Expiration: `${new Date(current.expiresAt).toISOString().slice(0, 19)}Z`,
      AccountId: current.account.id,
    });
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  schedule();
  return {
    url: `http://127.0.0.1:${port}${path}`,
    token,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

/** SDKs print code and message as they are. */
function troubleOf(fault: CliError | undefined, loginCommand: string): object {
  if (fault === undefined)
    return {
      Code: 'NotReady',
      Message: 'The credentials are being renewed; try again in a moment.',
    };
  const hint =
    fault.exit === 'notSignedIn'
      ? `Run "${loginCommand}" in another terminal; this command then continues.`
      : EXIT_MEANINGS[fault.exit];
  return {
    Code: fault.exit === 'notSignedIn' ? 'LoginEnded' : 'NotRenewed',
    Message: `rolebridge: ${fault.message}. ${hint}`,
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function sameSecret(sent: string, token: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
