/**
 * What a command is: its place in the help, its options, and what it does. Help, parsing and
 * completion are made from it.
 */
import type { Client } from '../session/client.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { BridgeChoice } from '../warm/bridges.ts';

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
