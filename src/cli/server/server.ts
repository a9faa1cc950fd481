/**
 * The bridge as the client sees it: OAuth endpoints and the bearer API, with errors that a user can
 * act on.
 *
 * Owns: which answer ends the client with which exit code, and the warning of a clock skew. Does
 * not own: tokens (session/signed-in).
 */
import type { ErrorCode } from '../../core/errors.ts';
import { CliError, type ExitName } from '../terminal/exit.ts';
import { isText, objectOf } from './answers.ts';
import type { Http, HttpAnswer, HttpRequest } from './http.ts';

export const CLIENT_ID = 'rolebridge-cli';
/** Beyond this, credentials and signatures begin to fail in AWS. */
const CLOCK_TOLERANCE_MILLISECONDS = 60_000;

export interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly session_expires_in: number;
}

/** An OAuth error that the login itself handles: `authorization_pending`, `invalid_grant` ... */
export class OAuthRefusal extends Error {
  override readonly name = 'OAuthRefusal';
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

export interface ServerMetadata {
  readonly issuer: string;
  /** Absent where logins by a code are turned off. */
  readonly device_authorization_endpoint?: string;
  /** The sso_region of AWS tools; absent from older servers. */
  readonly identity_center_region?: string;
}

/** One operation of the bearer API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly body?: object | undefined;
  readonly token: string;
}

export interface Server {
  readonly origin: string;
  /** The server's time in milliseconds, by the last answer; the local time before the first. */
  now(): number;
  /** Milliseconds to add to the local clock for the server's. */
  clockOffset(): number;
  /** Posts a form to an OAuth endpoint. Throws OAuthRefusal for an OAuth error, else CliError. */
  form<T>(path: string, fields: Readonly<Record<string, string>>): Promise<T>;
  /** RFC 8414. */
  metadata(): Promise<ServerMetadata>;
  /** Throws CliError; its `code` is the server's. */
  call<T>(call: ApiCall): Promise<T>;
}

export interface ServerOptions {
  readonly origin: string;
  /** What signs in to this bridge again. */
  readonly loginCommand: string;
  readonly http: Http;
  /** Told once, when the clock skew is more than AWS allows. */
  readonly onSkew: (offsetMilliseconds: number) => void;
}

export function openServer(options: ServerOptions): Server {
  const { origin } = options;
  let offset = 0;
  let skewTold = false;
  const exchange: Http = async request => {
    const answer = await options.http(request);
    offset = answer.clockOffset;
    if (Math.abs(offset) > CLOCK_TOLERANCE_MILLISECONDS && !skewTold) {
      skewTold = true;
      options.onSkew(offset);
    }
    return answer;
  };
  return {
    origin,
    clockOffset: () => offset,
    now: () => Date.now() + offset,
    form: async <T>(path: string, fields: Readonly<Record<string, string>>) => {
      const body = new URLSearchParams(fields);
      return oauthAnswer<T>(origin, await exchange({ method: 'POST', path, body }));
    },
    metadata: async () => metadataIn(origin, await exchange({ method: 'GET', path: METADATA })),
    call: async <T>(call: ApiCall) => apiAnswer<T>(options, await exchange(apiRequest(call))),
  };
}

const METADATA = '/.well-known/oauth-authorization-server';

function oauthAnswer<T>(origin: string, { status, json }: HttpAnswer): T {
  if (status === 200) return json as T;
  const { error, error_description: said } = (json ?? {}) as {
    error?: unknown;
    error_description?: unknown;
  };
  const description = typeof said === 'string' ? said : '';
  if (typeof error !== 'string' || isOfServer(status))
    throw unexpected(origin, status, description);
  throw new OAuthRefusal(error, description);
}

function metadataIn(origin: string, { status, json }: HttpAnswer): ServerMetadata {
  const { issuer } = (json ?? {}) as { issuer?: unknown };
  if (status === 200 && issuer === origin) return json as ServerMetadata;
  throw new CliError(
    'unreachable',
    `${origin} is not a rolebridge server, or has another address`,
    {
      lines: [
        typeof issuer === 'string'
          ? `It says that its address is ${issuer}.`
          : 'It offers no login for programs.',
        'Check the address: rolebridge login --server URL.',
      ],
    },
  );
}

function apiRequest({ token, method, path, body }: ApiCall): HttpRequest {
  return {
    method,
    path: `/api/v1${path}`,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

async function apiAnswer<T>(options: ServerOptions, { status, json }: HttpAnswer): Promise<T> {
  if (status === 204) return undefined as T;
  if (status === 200 && json !== undefined) return json as T;
  throw await problem(options, status, json);
}

// ---------------------------------------------------------------- problem details (RFC 9457)

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly correlation_id?: string;
  readonly sign_in_again?: boolean;
  readonly step_up_url?: string;
  readonly trace?: {
    readonly steps?: readonly { readonly rule: string; readonly sentence: string }[];
  };
}

/** A server of another version may know codes that this client does not: the status decides. */
async function exitFor(code: string, status: number): Promise<ExitName> {
  // Only a refusal needs the table.
  const { ERRORS } = await import('../../core/errors.ts');
  if (Object.hasOwn(ERRORS, code)) return ERRORS[code as ErrorCode].exit;
  return isOfServer(status) ? 'unreachable' : 'failed';
}

function isOfServer(status: number): boolean {
  return status >= 500 || status === 429;
}

async function problem(
  { origin, loginCommand }: Pick<ServerOptions, 'origin' | 'loginCommand'>,
  status: number,
  json: unknown,
): Promise<CliError> {
  const { title, detail, code, correlation_id, trace, ...offered } = (json ?? {}) as Problem;
  if (typeof title !== 'string' || typeof code !== 'string') return unexpected(origin, status, '');
  const steps = Array.isArray(trace?.steps) ? trace.steps.filter(isStep) : [];
  const stepUpUrl = stepUpUrlIn(offered, origin);
  const freshLogin =
    offered.sign_in_again === true ? [`In a terminal: ${loginCommand} --fresh`] : [];
  return new CliError(await exitFor(code, status), title, {
    code,
    stepUpUrl,
    lines: [
      ...steps.map(({ rule, sentence }) => `  ${rule}: ${sentence}`),
      ...(stepUpUrl === undefined
        ? [...(typeof detail === 'string' ? [detail] : []), ...freshLogin]
        : [`Open ${stepUpUrl} in your browser, then run the command again.`]),
      ...(typeof correlation_id === 'string' ? [`Reference ${correlation_id}`] : []),
    ],
  });
}

/** Only a page of the bridge itself: the user is told to open it. */
function stepUpUrlIn({ step_up_url: url }: Problem, origin: string): string | undefined {
  const isOwn = typeof url === 'string' && url.startsWith(`${origin}/step-up?`);
  return isOwn && /^[\x21-\x7e]{1,2048}$/.test(url) ? url : undefined;
}

const isStep = objectOf({ rule: isText, sentence: isText });

/** What a bridge `said` includes what to do next. */
function unexpected(origin: string, status: number, said: string): CliError {
  const exit = isOfServer(status) ? 'unreachable' : 'failed';
  const wait = said === '' ? ['Try again in a minute.'] : [];
  return new CliError(
    exit,
    `${origin} answered with the unexpected status ${status}${said === '' ? '' : `: ${said}`}`,
    {
      lines: exit === 'unreachable' ? wait : ['Check the address: rolebridge login --server URL.'],
    },
  );
}

/** `7 minutes behind` */
export function describeSkew(offsetMilliseconds: number): string {
  const seconds = Math.round(Math.abs(offsetMilliseconds) / 1000);
  const amount =
    seconds < 120
      ? `${seconds} seconds`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} minutes`
        : `${Math.round(seconds / 3600)} hours`;
  return `${amount} ${offsetMilliseconds > 0 ? 'behind' : 'ahead of'}`;
}
