/**
 * The code of an MFA device: typed at the terminal, or printed by a command (`mfa_process`). Never
 * from an argument or a variable, which other programs of the computer can read.
 *
 * A typed code is shown: it works once and for seconds, and a hidden one is mistyped.
 */
import { spawn } from 'node:child_process';
import { CliError, systemCode } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { typedLine } from '../terminal/typed-line.ts';
import { wordsIn } from '../terminal/words.ts';
import { type MfaProfile, profileOption } from './profile.ts';

export interface Codes {
  next(): Promise<string>;
  /** Whether a wrong code is asked for again. */
  readonly isTyped: boolean;
}

export interface CodeQuestion {
  readonly profile: MfaProfile;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False while another program has the terminal. */
  readonly mayAsk: boolean;
}

/** Throws `notSignedIn` if there is no terminal to ask for a code. */
export function codesFor({ profile, terminal, env, mayAsk }: CodeQuestion): Codes {
  const { name, process, serial } = profile;
  if (process !== undefined) return { next: () => codeOf(process, env), isTyped: false };
  const ask = mayAsk ? typedLine(terminal, env) : undefined;
  if (ask === undefined) {
    throw new CliError(
      'notSignedIn',
      `the profile ${name} requires an MFA code, which cannot be asked for here`,
      {
        lines: [
          `Run in a terminal: rolebridge mfa ${profileOption(name)}`,
          'Or let a command print the code: mfa_process in the profile.',
        ],
      },
    );
  }
  return {
    isTyped: true,
    next: async () => {
      for (;;) {
        const code = codeIn(await ask(`MFA code for ${name} (${serial}): `));
        if (code !== undefined) return code;
        terminal.warn('an MFA code has six digits.');
      }
    },
  };
}

/** Devices show the code in two groups. */
function codeIn(text: string): string | undefined {
  const code = text.replace(/\s+/g, '');
  return /^\d{6}$/.test(code) ? code : undefined;
}

// ---------------------------------------------------------------- a command

/** A device may wait for a touch. */
const PATIENCE_MILLISECONDS = 60_000;
const MOST_BYTES = 4096;

/** Throws `local`; what the command printed is in no message. */
async function codeOf(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const [name, ...args] = wordsIn(command) ?? [];
  if (name === undefined) throw processFault('is empty, or a quote in it is not closed', command);
  const printed = await outputOf({ name, args, env });
  const code = codeIn(printed);
  if (code === undefined) throw processFault('did not print six digits', name);
  return code;
}

function processFault(what: string, name: string, cause?: unknown): CliError {
  return new CliError('local', `the command of mfa_process ${what}`, {
    lines: [`It runs without a shell: ${name.split(/\s/)[0] || '(nothing)'}`],
    cause,
  });
}

interface CodeCommand {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** stdin may be data for an AWS command, so the command has none; its stderr is for the user. */
function outputOf({ name, args, env }: CodeCommand): Promise<string> {
  const child = spawn(name, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...env },
    windowsHide: true,
  });
  let printed = '';
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A child of the command may have it open.
      child.stdout.destroy();
      reject(processFault(what, name, cause));
    };
    const timer = setTimeout(
      () => fail(`did not finish within ${PATIENCE_MILLISECONDS / 1000} s`),
      PATIENCE_MILLISECONDS,
    );
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
      if (printed.length > MOST_BYTES) fail('printed more than a code');
    });
    child.once('error', thrown =>
      fail(systemCode(thrown) === 'ENOENT' ? 'was not found' : 'cannot be run', thrown),
    );
    child.once('close', (exit, signal) => {
      if (exit !== 0) return fail(`failed (${exit === null ? signal : `exit code ${exit}`})`);
      clearTimeout(timer);
      return resolve(printed);
    });
  });
}
