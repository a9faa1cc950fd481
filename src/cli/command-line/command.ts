/**
 * What a command is: its place in the help, its options, and what it does. Help, parsing and
 * completion are made from it.
 */
import { parseArgs } from 'node:util';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { BridgeChoice } from '../warm/settings.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  /** The word for its value: `DURATION`. */
  readonly value?: string;
  readonly short?: string;
  readonly description: string;
  /** What completion offers. */
  readonly values?: readonly string[];
}

export interface CommandSpec {
  readonly name: string;
  /** Loads what the command does: only the command that runs is loaded. */
  readonly load: () => Promise<{ readonly run: Run }>;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands after the name: `[ACCOUNT/ROLE] -- COMMAND [ARGUMENT ...]`. */
  readonly usage: string;
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** How many words it takes at most. */
  readonly words: number;
  /** What completion offers for its first word. */
  readonly completes?: 'roles' | readonly string[];
  /** Everything behind `--` is somebody else's. */
  readonly passesOn?: boolean;
}

export interface Invocation {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** What stood behind `--`. */
  readonly passedOn: readonly string[];
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Opens settings and server; throws when they cannot be used. The options say which bridge,
   * unless it is said here.
   */
  client(choice?: BridgeChoice): Client;
}

/** Gives the exit code; undefined for 0. */
export type Run = (invocation: Invocation) => Promise<number | undefined>;

/** Of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  server: { type: 'string', value: 'URL', description: 'the bridge to talk to, by its address' },
  bridge: {
    type: 'string',
    value: 'NAME',
    description: 'the bridge to talk to, by its name on this computer',
  },
  'no-login': { type: 'boolean', description: 'never ask to sign in' },
  help: { type: 'boolean', short: 'h', description: 'this text' },
};

export const JSON_OPTION: OptionSpec = {
  type: 'boolean',
  description: 'JSON for programs, on standard output',
};
export const MINIMUM_OPTION: OptionSpec = {
  type: 'string',
  value: 'DURATION',
  description:
    'least life that the credentials must have left (usual: 20m, or half of the session where that is shorter)',
};

export interface ParsedWords {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly passedOn: readonly string[];
}

/** Throws `usage`. */
export function parseWords(command: CommandSpec, args: readonly string[]): ParsedWords {
  const known = { ...command.options, ...COMMON_OPTIONS };
  const end = command.passesOn === true ? args.indexOf('--') : -1;
  const own = end < 0 ? args : args.slice(0, end);
  const passedOn = end < 0 ? [] : args.slice(end + 1);
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(known).map(([name, { type, short }]) => [
          name,
          { type, ...(short !== undefined && { short }) },
        ]),
      ),
    });
    if (positionals.length > command.words)
      throw new CliError('usage', `too many words: ${JSON.stringify(positionals[command.words])}`, {
        lines: [seeHelp(command)],
      });
    return { words: positionals, options: values, passedOn };
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    const unknown = /^Unknown option '(-[^']*)'/.exec((thrown as Error).message)?.[1];
    const near =
      unknown === undefined ? undefined : nearest(unknown.replace(/^-+/, ''), Object.keys(known));
    const message = unknown === undefined ? firstSentence(thrown) : `there is no option ${unknown}`;
    throw new CliError('usage', message, {
      lines: [...(near === undefined ? [] : [`Did you mean --${near}?`]), seeHelp(command)],
    });
  }
}

/** What the options say of the bridge. */
export function bridgeChoice({ server, bridge }: Invocation['options']): BridgeChoice {
  return {
    server: typeof server === 'string' ? server : undefined,
    bridge: typeof bridge === 'string' ? bridge : undefined,
  };
}

function firstSentence(thrown: unknown): string {
  return (thrown as Error).message.split(/\. |\n/)[0]!.replace(/\.$/, '');
}

function seeHelp({ name }: CommandSpec): string {
  return `See: rolebridge ${name} --help`;
}

/** The name with the fewest changes to it, if it is close. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map(name => ({ name, distance: distance(text, name) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0] !== undefined && ranked[0].distance <= Math.max(1, Math.floor(text.length / 3))
    ? ranked[0].name
    : undefined;
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        next[j - 1]! + 1,
        row[j]! + 1,
        row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length]!;
}

// ---------------------------------------------------------------- help

export function helpFor(command: CommandSpec): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(
    ([name, option]) => [optionWords(name, option), option.description] as const,
  );
  const width = Math.max(...options.map(([words]) => words.length));
  const examples = command.examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
  return [
    `rolebridge ${command.name} ${command.usage}`.trimEnd(),
    '',
    command.description,
    '',
    'Options',
    ...options.map(([words, description]) => `  ${words.padEnd(width)}  ${description}`),
    ...(examples.length === 0 ? [] : ['', 'Examples', ...examples]),
    '',
  ].join('\n');
}

function optionWords(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}
