/**
 * The bridge as the client sees it: OAuth endpoints and the bearer API, with errors that a person
 * can use.
 *
 * Owns: which answer means which end of the client, and that a clock that is off is named. Does not
 * own: tokens (signed-in.ts).
 */
import type { ErrorCode } from '../../core/errors.ts';
import { CliError, type ExitName } from '../terminal/exit.ts';
import { isText, objectOf } from './answers.ts';
import type { Http, HttpAnswer } from './http.ts';

export const CLIENT_ID = 'rolebridge-cli';
/** Beyond this, credentials and signatures begin to fail in AWS. */
const CLOCK_TOLERANCE_MILLISECONDS = 60_000;

export interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly session_expires_in: number;
}

/**
 * An OAuth error that the flow itself must answer: `authorization_pending`, `invalid_grant` and the
 * like.
 */
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
  /** What AWS tools want as sso_region; servers before it say none. */
  readonly identity_center_region?: string;
}

export interface Server {
  readonly origin: string;
  /** The server's time in milliseconds, as far as it has said. */
  now(): number;
  /** Milliseconds to add to the local clock for the server's. */
  clockOffset(): number;
  /**
   * A form to an OAuth endpoint. Throws OAuthRefusal for an error of the protocol, CliError
   * otherwise.
   */
  form<T>(path: string, fields: Readonly<Record<string, string>>): Promise<T>;
  /** RFC 8414. */
  metadata(): Promise<ServerMetadata>;
  /** An operation of the bearer API. Throws CliError; `code` is the server's. */
  call<T>(
    token: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T>;
}

export interface ServerOptions {
  readonly origin: string;
  /** What signs in to this bridge again. */
  readonly loginCommand: string;
  readonly http: Http;
  /** Told once, when the clocks are further apart than AWS forgives. */
  readonly onSkew: (offsetMilliseconds: number) => void;
}

export function openServer({ origin, loginCommand, http, onSkew }: ServerOptions): Server {
  let offset = 0;
  let skewTold = false;

  const exchange = async (request: Parameters<Http>[0]): Promise<HttpAnswer> => {
    const answer = await http(request);
    offset = answer.clockOffset;
    if (Math.abs(offset) > CLOCK_TOLERANCE_MILLISECONDS && !skewTold) {
      skewTold = true;
      onSkew(offset);
    }
    return answer;
  };

  return {
    origin,
    clockOffset: () => offset,
    now: () => Date.now() + offset,

    form: async <T>(path: string, fields: Readonly<Record<string, string>>) => {
      const { status, json } = await exchange({
        method: 'POST',
        path,
        body: new URLSearchParams(fields),
      });
      if (status === 200) return json as T;
      const { error, error_description: said } = (json ?? {}) as {
        error?: unknown;
        error_description?: unknown;
      };
      const error_description = typeof said === 'string' ? said : '';
      if (typeof error !== 'string' || isOfServer(status))
        throw unexpected(origin, status, error_description);
      throw new OAuthRefusal(error, error_description);
    },

    metadata: async () => {
      const { status, json } = await exchange({
        method: 'GET',
        path: '/.well-known/oauth-authorization-server',
      });
      const { issuer } = (json ?? {}) as { issuer?: unknown };
      if (status !== 200 || issuer !== origin) {
        throw new CliError(
          'unreachable',
          `${origin} is no rolebridge, or calls itself by another name`,
          {
            lines: [
              typeof issuer === 'string'
                ? `It says that it is ${issuer}.`
                : 'It has no login for programs.',
              'Check the address: rolebridge login --server URL.',
            ],
          },
        );
      }
      return json as ServerMetadata;
    },

    call: async <T>(
      token: string,
      method: 'GET' | 'POST' | 'DELETE',
      path: string,
      body?: object,
    ) => {
      const { status, json } = await exchange({
        method,
        path: `/api/v1${path}`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (status === 204) return undefined as T;
      if (status === 200 && json !== undefined) return json as T;
      throw await problem({ origin, loginCommand }, status, json);
    },
  };
}

// ---------------------------------------------------------------- problem details (RFC 9457)

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly correlation_id?: string;
  readonly sign_in_again?: boolean;
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
  const { title, detail, code, correlation_id, sign_in_again, trace } = (json ?? {}) as Problem;
  if (typeof title !== 'string' || typeof code !== 'string') return unexpected(origin, status, '');
  const steps = Array.isArray(trace?.steps) ? trace.steps.filter(isStep) : [];
  return new CliError(await exitFor(code, status), title, {
    code,
    lines: [
      ...steps.map(({ rule, sentence }) => `  ${rule}: ${sentence}`),
      ...(typeof detail === 'string' ? [detail] : []),
      ...(sign_in_again === true ? [`In a terminal: ${loginCommand} --fresh`] : []),
      ...(typeof correlation_id === 'string' ? [`Reference ${correlation_id}`] : []),
    ],
  });
}

const isStep = objectOf({ rule: isText, sentence: isText });

/** What a bridge `said` includes what to do next. */
function unexpected(origin: string, status: number, said: string): CliError {
  const exit = isOfServer(status) ? 'unreachable' : 'failed';
  const wait = said === '' ? ['Try again in a minute.'] : [];
  return new CliError(
    exit,
    `${origin} answered ${status}${said === '' ? ', which no rolebridge does' : `: ${said}`}`,
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
