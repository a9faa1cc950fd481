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
import { CLOCK_TOLERANCE_MILLISECONDS } from './clock-skew.ts';
import type { Http, HttpAnswer, HttpRequest } from './http.ts';

export const CLIENT_ID = 'rolebridge-cli';

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
  /** What selects this bridge in a command line. */
  readonly selector: string;
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
  readonly request_url?: string;
  readonly trace?: {
    readonly account?: unknown;
    readonly role?: unknown;
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
  { origin, selector }: Pick<ServerOptions, 'origin' | 'selector'>,
  status: number,
  json: unknown,
): Promise<CliError> {
  const said = (json ?? {}) as Problem;
  const { title, code, correlation_id, trace } = said;
  if (typeof title !== 'string' || typeof code !== 'string') return unexpected(origin, status, '');
  const steps = Array.isArray(trace?.steps) ? trace.steps.filter(isStep) : [];
  const stepUpUrl = pageIn(said.step_up_url, `${origin}/step-up?`);
  const requestUrl = pageIn(said.request_url, `${origin}/elevations/`);
  return new CliError(await exitFor(code, status), title, {
    ...{ code, stepUpUrl, requestUrl },
    lines: [
      ...steps.map(({ rule, sentence }) => `  ${rule}: ${sentence}`),
      ...nextSteps(said, { stepUpUrl, requestUrl, selector }),
      ...(typeof correlation_id === 'string' ? [`Reference ${correlation_id}`] : []),
    ],
  });
}

interface Helping extends Pick<ServerOptions, 'selector'> {
  readonly stepUpUrl: string | undefined;
  readonly requestUrl: string | undefined;
}

/** What the user can do. */
function nextSteps(
  { detail, sign_in_again, trace }: Problem,
  { stepUpUrl, requestUrl, selector }: Helping,
): readonly string[] {
  if (stepUpUrl !== undefined)
    return [`Open ${stepUpUrl} in your browser, then run the command again.`];
  const details = typeof detail === 'string' ? [detail] : [];
  if (requestUrl?.includes(REQUEST_FORM) === true)
    return [...requestCommand(trace, selector), `Or open ${requestUrl}`];
  if (requestUrl !== undefined) return [...details, `See ${requestUrl}`];
  const freshLogin = `In a terminal: rolebridge login${selector} --fresh`;
  return sign_in_again === true ? [...details, freshLogin] : details;
}

const REQUEST_FORM = '/elevations/new?';

/** The role as the bridge repeats it becomes part of a command that users copy. */
function requestCommand(trace: Problem['trace'], selector: string): readonly string[] {
  const { account, role } = trace ?? {};
  const isPlain = (text: unknown): boolean =>
    isText(text) && /^[\w.][\w.+=,@/-]*$/.test(text as string);
  const name = isPlain(account) && isPlain(role) ? `${account}/${role}` : 'ACCOUNT/ROLE';
  return [`Request it: rolebridge request${selector} ${name} --reason "..."`];
}

/** Only a page of the bridge itself: the user is told to open it. */
function pageIn(url: unknown, root: string): string | undefined {
  const isOwn = typeof url === 'string' && url.startsWith(root);
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
