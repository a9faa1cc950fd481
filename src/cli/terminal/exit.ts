/** How the client ends: the closed list of exit codes, and the one error that carries one. */
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
  interrupted: 130,
} as const;
export type ExitName = keyof typeof EXIT;

/**
 * What each code means, for `rolebridge help exit-codes`. `exec` passes on the code of the command
 * that it ran.
 */
export const EXIT_MEANINGS: { readonly [N in ExitName]: string } = {
  done: 'done',
  failed: 'something unexpected went wrong',
  usage: 'the command line was wrong',
  notSignedIn: 'not signed in, or the login has ended: rolebridge login',
  refused: 'the role was refused: no such role for you, or a proof is missing',
  unreachable: 'the server, or AWS behind it, cannot be reached or is unavailable',
  local: 'files or settings on this computer cannot be used',
  loginFailed: 'the login was refused, expired or not finished in time',
  interrupted: 'interrupted',
};

/**
 * An expected end. Everything in it is made fit for a terminal, also the words it repeats: what
 * happened, and what to do next; never a token, a code or a key.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitName;
  /** Lines below the message: reasons, what to do next. */
  readonly lines: readonly string[];
  /** The server's code, where it was the server that refused. */
  readonly code: string | undefined;

  constructor(
    exit: ExitName,
    message: string,
    options: {
      readonly lines?: readonly string[];
      readonly code?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.lines = (options.lines ?? []).map(printable);
    this.code = options.code;
  }
}

/** `ENOENT` and the like; undefined for what is no system error. */
export function systemCode(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
