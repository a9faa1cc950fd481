/** The exit codes of the client, and the error that has one. */
import { printable } from './printable.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notSignedIn: 3,
  refused: 4,
  unreachable: 5,
  local: 6,
  loginFailed: 7,
  notGranted: 8,
  interrupted: 130,
} as const;
export type ExitName = keyof typeof EXIT;

/**
 * What each code means, for `rolebridge help exit-codes`. `exec` passes on the code of the command
 * that it ran.
 */
export const EXIT_MEANINGS: { readonly [N in ExitName]: string } = {
  done: 'done',
  failed: 'unexpected error',
  usage: 'invalid command line',
  notSignedIn: 'not signed in, or the login has ended: rolebridge login, or rolebridge mfa',
  refused: 'access denied: the role is not one of yours, or requires another proof',
  unreachable: 'the server, or AWS behind it, is unreachable or unavailable',
  local: 'unusable files or settings on this computer',
  loginFailed:
    'the login was denied, has expired or was not confirmed in time, or the MFA code was rejected',
  notGranted: 'the request for a role was denied or withdrawn, has lapsed or has ended',
  interrupted: 'interrupted',
};

/**
 * An expected end: what happened and what to do next, never with a token, a code or a key. All text
 * in it is made fit for a terminal.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitName;
  /** Lines below the message: reasons, what to do next. */
  readonly lines: readonly string[];
  /** The error code of the server, where the error is the server's. */
  readonly code: string | undefined;
  /** The page of the bridge where the user gives a proof that the role requires. */
  readonly stepUpUrl: string | undefined;
  /** The page of the bridge that leads to the approval that is missing. */
  readonly requestUrl: string | undefined;

  constructor(
    exit: ExitName,
    message: string,
    options: {
      readonly lines?: readonly string[];
      readonly code?: string | undefined;
      readonly stepUpUrl?: string | undefined;
      readonly requestUrl?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.lines = (options.lines ?? []).map(printable);
    this.code = options.code;
    this.stepUpUrl = options.stepUpUrl;
    this.requestUrl = options.requestUrl;
  }
}

/** `ENOENT` and the like; undefined for what is no system error. */
export function systemCode(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
