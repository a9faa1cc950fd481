/**
 * A local address that gives AWS tools and SDKs credentials: the container credentials provider of
 * every SDK.
 *
 * Owns: who may ask (a token of this run, on loopback), answers within the second that SDKs wait,
 * renewal ahead of time.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsCredentials } from '../../core/credentials.ts';
import { CliError, EXIT_MEANINGS } from '../terminal/exit.ts';
import { isUsable, type Lifetime, renewalDue } from '../warm/cached-credentials.ts';

/** What is given to the command, and when it expires. */
export type ServedCredentials = AwsCredentials &
  Lifetime & {
    /** For endpoints of services that are made from it. */
    readonly account: { readonly id?: string | undefined };
  };

export interface EndpointOptions {
  /** Credentials with enough life left; may throw, and is asked again later. */
  readonly fetch: () => Promise<ServedCredentials>;
  readonly minimumSeconds?: number | undefined;
  /** What signs in again when the login has ended. */
  readonly loginCommand: string;
  /** Told once when renewals begin to fail; `onRecovery` once when one succeeds again. */
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

const PATH = '/credentials';
/** The JavaScript SDK waits one second, botocore two. */
const ANSWER_MILLISECONDS = 900;
const RETRY_MILLISECONDS = 15_000;
/** Longer, and a timer of Node would overflow; also how long a sleeping laptop may be behind. */
const LONGEST_WAIT_MILLISECONDS = 10 * 60_000;

/** `first` is what the command starts with, so that a role that is denied never starts it. */
export async function openEndpoint(
  first: ServedCredentials,
  options: EndpointOptions,
): Promise<Endpoint> {
  const renewal: Renewal = { options, current: first, isClosed: false };
  const access: Access = { token: randomBytes(32).toString('base64url') };
  const server = createServer(
    (request, response) => void answer(renewal, access, { request, response }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  access.host = `127.0.0.1:${port}`;
  schedule(renewal);
  return {
    url: `http://${access.host}${PATH}`,
    token: access.token,
    close: () => {
      renewal.isClosed = true;
      clearTimeout(renewal.timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

// ---------------------------------------------------------------- renewal ahead of time

interface Renewal {
  readonly options: EndpointOptions;
  current: ServedCredentials;
  /** Why the last renewal failed. */
  fault?: CliError | undefined;
  running?: Promise<void> | undefined;
  timer?: NodeJS.Timeout;
  isClosed: boolean;
}

function hasLifeLeft({ current, options }: Renewal): boolean {
  return isUsable(current, options.minimumSeconds, Date.now());
}

function schedule(renewal: Renewal): void {
  clearTimeout(renewal.timer);
  if (renewal.isClosed) return;
  renewal.timer = setTimeout(
    () => (hasLifeLeft(renewal) ? schedule(renewal) : void renew(renewal)),
    waitMilliseconds(renewal),
  );
  renewal.timer.unref();
}

function waitMilliseconds({ current, fault, options }: Renewal): number {
  if (fault !== undefined) return RETRY_MILLISECONDS;
  const due = renewalDue(current, options.minimumSeconds);
  return Math.min(Math.max(0, due - Date.now()) + 100, LONGEST_WAIT_MILLISECONDS);
}

/** One renewal at a time; it never rejects. */
function renew(renewal: Renewal): Promise<void> {
  renewal.running ??= renewal.options
    .fetch()
    .then(
      fetched => succeeded(renewal, fetched),
      (thrown: unknown) => failed(renewal, thrown),
    )
    .finally(() => {
      renewal.running = undefined;
      schedule(renewal);
    });
  return renewal.running;
}

function succeeded(renewal: Renewal, fetched: ServedCredentials): void {
  renewal.current = fetched;
  if (renewal.fault !== undefined) renewal.options.onRecovery();
  renewal.fault = undefined;
}

function failed(renewal: Renewal, thrown: unknown): void {
  const isNew = renewal.fault === undefined;
  renewal.fault =
    thrown instanceof CliError
      ? thrown
      : new CliError('failed', 'credentials could not be renewed', { cause: thrown });
  if (isNew) renewal.options.onTrouble(renewal.fault);
}

// ---------------------------------------------------------------- answers

/** What a request must contain: the token of this run, and this host. */
interface Access {
  readonly token: string;
  /** Known once the server listens. */
  host?: string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(
  renewal: Renewal,
  { token, host }: Access,
  { request, response }: Exchange,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  const { method, url, headers } = request;
  if (method !== 'GET' || url !== PATH || headers.host !== host)
    return send(response, 404, { Code: 'NotFound', Message: 'Not found.' });
  if (!sameSecret(headers.authorization ?? '', token))
    return send(response, 403, {
      Code: 'Forbidden',
      Message: 'The authorization token is not the one of this run.',
    });
  if (!hasLifeLeft(renewal)) await Promise.race([renew(renewal), patience()]);
  if (!hasLifeLeft(renewal))
    return send(response, 503, troubleOf(renewal.fault, renewal.options.loginCommand));
  return send(response, 200, answerOf(renewal.current));
}

function patience(): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ANSWER_MILLISECONDS).unref();
  });
}

function answerOf(credentials: ServedCredentials): object {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: `${new Date(credentials.expiresAt).toISOString().slice(0, 19)}Z`,
    AccountId: credentials.account.id,
  };
}

/** SDKs print code and message as they are. */
function troubleOf(fault: CliError | undefined, loginCommand: string): object {
  if (fault === undefined)
    return {
      Code: 'NotReady',
      Message: 'The credentials are being renewed; try again in a moment.',
    };
  return {
    Code: fault.exit === 'notSignedIn' ? 'LoginEnded' : 'NotRenewed',
    Message: `rolebridge: ${fault.message}. ${hintFor(fault, loginCommand)}`,
  };
}

function hintFor({ exit, stepUpUrl, requestUrl }: CliError, loginCommand: string): string {
  if (stepUpUrl !== undefined)
    return `Open ${stepUpUrl} in your browser; this command then continues.`;
  if (requestUrl !== undefined)
    return `See ${requestUrl}; this command continues when the role is approved.`;
  return exit === 'notSignedIn'
    ? `Run "${loginCommand}" in another terminal; this command then continues.`
    : EXIT_MEANINGS[exit];
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function sameSecret(sent: string, token: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
