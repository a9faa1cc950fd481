/**
 * A line that the user types at the terminal of the process, also where a program has taken stdin
 * and stderr: the AWS CLI does with a `credential_process`.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ReadStream } from 'node:tty';
import { CliError } from './exit.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

/** Gives the line as it was typed. */
export type TypedLine = (question: string) => Promise<string>;

/** A user who went away must not hold up other processes for ever. */
const PATIENCE_MILLISECONDS = 120_000;

/** Undefined where no user can be asked: without a terminal, and on a build server. */
export function typedLine(
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): TypedLine | undefined {
  if (env.CI) return undefined;
  const descriptor = controllingTerminal();
  if (descriptor !== undefined) {
    closeSync(descriptor);
    return question => askAtTerminal(question);
  }
  if (!terminal.isInteractive) return undefined;
  return question => {
    terminal.screen.write(printable(question));
    return lineOf(terminal.input as NodeJS.ReadStream);
  };
}

/** Open for reading and writing; undefined where there is none. */
function controllingTerminal(): number | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
}

async function askAtTerminal(question: string): Promise<string> {
  const descriptor = controllingTerminal()!;
  const input = new ReadStream(descriptor);
  try {
    writeSync(descriptor, printable(question));
    return await lineOf(input);
  } finally {
    input.destroy();
  }
}

/** Throws `interrupted` where none comes. */
function lineOf(input: NodeJS.ReadStream): Promise<string> {
  const lines = createInterface({ input, terminal: false });
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
      lines.close();
    };
    const fail = (why: string): void => settle(() => reject(new CliError('interrupted', why)));
    const timer = setTimeout(
      () => fail(`nothing was typed within ${PATIENCE_MILLISECONDS / 1000} s`),
      PATIENCE_MILLISECONDS,
    );
    lines.once('line', line => settle(() => resolve(line)));
    lines.once('close', () => fail('nothing was typed'));
  });
}
