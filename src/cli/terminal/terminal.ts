/** The terminal: messages and progress on stderr, data on stdout, colors where they are wanted. */
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { alignedRows } from '../../core/aligned.ts';
import { printable, printableLines } from './printable.ts';

export interface Terminal {
  /** A user types and reads here: stdin and stderr are a terminal, and not on a build server. */
  readonly isInteractive: boolean;
  /** The width of a line on stdout; infinite for programs. */
  readonly columns: number;
  /** Whether the screen shows colours, and the user wants them (`NO_COLOR`). */
  readonly hasColour: boolean;
  readonly input: Readable;
  /** Where prompts are drawn, so that stdout stays data. */
  readonly screen: Writable;
  /** Data, unchanged: the caller makes text from elsewhere fit for a terminal. */
  print(text: string): void;
  /** Lines for the user. Control characters become blanks; the styles below stay. */
  say(line: string): void;
  warn(line: string): void;
  /** Runs work that may take a while; after a second, shows what it waits for. */
  progress<T>(what: string, work: () => Promise<T>): Promise<T>;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PROGRESS_AFTER_MILLISECONDS = 1000;

export function openTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const isInteractive = stdin.isTTY === true && stderr.isTTY === true && !env.CI;
  const hasColour = stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  // Styles are marked in a way that no text from elsewhere can have, and become sequences when they
  // are written.
  const mark = randomUUID();
  const paint = (code: number, end: number) => (text: string) =>
    hasColour ? `<${mark} ${code}>${text}<${mark} ${end}>` : text;
  const marks = new RegExp(`<${mark} (\\d+)>`, 'g');
  const fit = (text: string): string => printableLines(text).replace(marks, '\u001b[$1m');
  const yellow = paint(33, 39);
  return {
    isInteractive,
    columns: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    hasColour,
    input: stdin,
    screen: stderr,
    print: text => void stdout.write(text),
    say: line => void stderr.write(`${fit(line)}\n`),
    warn: line => void stderr.write(`${fit(`${yellow('rolebridge:')} ${line}`)}\n`),
    progress: async (what, work) => {
      let shown = false;
      const timer = setTimeout(() => {
        shown = true;
        stderr.write(`${printable(what)} ...${stderr.isTTY ? '' : '\n'}`);
      }, PROGRESS_AFTER_MILLISECONDS);
      try {
        return await work();
      } finally {
        clearTimeout(timer);
        if (shown && stderr.isTTY) stderr.write('\r\u001b[2K');
      }
    },
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
  };
}

/**
 * A table fit for a terminal: what is longer than `columns` is cut, so the last column gives way.
 */
export function table(rows: readonly (readonly string[])[], columns: number): string {
  return alignedRows(rows.map(row => row.map(printable)))
    .map(line => `${cut(line, columns)}\n`)
    .join('');
}

function cut(line: string, columns: number): string {
  const characters = [...line];
  return characters.length > columns ? `${characters.slice(0, columns - 1).join('')}…` : line;
}
