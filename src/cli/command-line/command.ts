/** What a command is: its help, its words and options, and what it runs. */
import type { Client } from '../session/client.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { BridgeChoice } from '../warm/bridges.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  /** The placeholder of its value: `DURATION`. */
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
  /** What follows the name: `[ACCOUNT/ROLE] -- COMMAND [ARGUMENT ...]`. */
  readonly usage: string;
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** The most words that it takes. */
  readonly words: number;
  /** What completion offers for its words: `elevations` are the ids that this command takes. */
  readonly completes?: 'roles' | 'eligible-roles' | 'elevations' | readonly string[];
  /** Everything after `--` belongs to another program. */
  readonly passesOn?: boolean;
  /** It uses no bridge, and takes no option that selects one. */
  readonly isWithoutBridge?: boolean;
}

export interface Invocation {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** What stood after `--`. */
  readonly passedOn: readonly string[];
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens the client of one bridge; the options of the command name it by default. */
  client(choice?: BridgeChoice): Client;
}

/** Gives the exit code; undefined for 0. */
export type Run = (invocation: Invocation) => Promise<number | undefined>;

/** Of every command that uses a bridge. */
const BRIDGE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  server: { type: 'string', value: 'URL', description: 'the address of the bridge' },
  bridge: {
    type: 'string',
    value: 'NAME',
    description: 'the name of the bridge on this computer',
  },
};
/** Of every command. */
const SHARED_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  'no-login': { type: 'boolean', description: 'do not ask to sign in' },
  help: { type: 'boolean', short: 'h', description: 'show this help' },
};

export const COMMON_OPTIONS = { ...BRIDGE_OPTIONS, ...SHARED_OPTIONS };

/** All options that a command takes. */
export function optionsOf(command: CommandSpec): Readonly<Record<string, OptionSpec>> {
  const common = command.isWithoutBridge === true ? SHARED_OPTIONS : COMMON_OPTIONS;
  return { ...command.options, ...common };
}

export const JSON_OPTION: OptionSpec = {
  type: 'boolean',
  description: 'print JSON, for programs',
};
export const DURATION_OPTION: OptionSpec = {
  type: 'string',
  value: 'DURATION',
  description: 'length of the session, at least 15m (default and maximum: what the rule gives)',
};
export const MINIMUM_OPTION: OptionSpec = {
  type: 'string',
  value: 'DURATION',
  description:
    'minimum time before the credentials expire (default: 20m, or half of the session where that is shorter)',
};
