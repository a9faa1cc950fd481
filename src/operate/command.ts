/**
 * A command of `rolebridge-server` as one row: its options, its help and what it does.
 *
 * Owns: the options of all commands, the row that a command line means, the help. Does not own: the
 * rows (operator.ts, main.ts).
 */
import { LOG_LEVELS } from '../config/configuration.ts';
import { alignedRows } from '../core/aligned.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every option, as `parseArgs` reads it. */
export const OPTIONS = {
  config: { type: 'string' },
  'log-level': { type: 'string' },
  user: { type: 'string' },
  person: { type: 'string' },
  session: { type: 'string' },
  workload: { type: 'string' },
  workloads: { type: 'boolean' },
  'workload-token': { type: 'string' },
  reason: { type: 'string' },
  block: { type: 'boolean' },
  blocked: { type: 'boolean' },
  browsers: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type OptionName = keyof typeof OPTIONS;

/** The options of one command line, and its FILE argument. */
export type Options = {
  readonly [N in OptionName]?:
    | ((typeof OPTIONS)[N]['type'] extends 'string' ? string : boolean)
    | undefined;
} & { readonly file?: string | undefined };

type OptionPart = keyof Options;

/** A part of a command line. `one user` is exactly one of --user and --person. */
type Part = OptionPart | 'one user';

export interface Command {
  readonly name: string;
  /** What follows the name. */
  readonly synopsis: string;
  readonly help: string;
  readonly requires: readonly Part[];
  readonly allows?: readonly Part[];
  /** Throws an Error that says what happened and what to do. */
  run(options: Options): Promise<ExitCode>;
}

/** A command line that cannot be meant. */
export class UsageError extends Error {}

/** Allowed with every command. */
const COMMON: readonly Part[] = ['config', 'json'];

/** The row that a command line means; undefined if none fits. */
export function commandFor(
  commands: readonly Command[],
  name: string | undefined,
  options: Options,
): Command | undefined {
  return commands.find(command => command.name === name && fits(command, partsOf(options)));
}

function fits({ requires, allows = [] }: Command, given: readonly OptionPart[]): boolean {
  const accepted = new Set<Part>([...requires, ...allows, ...COMMON]);
  if (accepted.has('one user')) accepted.add('user').add('person');
  return requires.every(part => isGiven(part, given)) && given.every(part => accepted.has(part));
}

function isGiven(part: Part, given: readonly OptionPart[]): boolean {
  if (part === 'one user') return given.includes('user') !== given.includes('person');
  return given.includes(part);
}

function partsOf(options: Options): OptionPart[] {
  return (Object.keys(options) as OptionPart[]).filter(name => options[name] !== undefined);
}

/** The help: one line for each row. */
export function usage(commands: readonly Command[]): string {
  const rows = commands.map(({ name, synopsis, help }) => [
    `  ${PROGRAM} ${name} ${synopsis}`,
    help,
  ]);
  return `${PROGRAM}: a federation bridge for AWS

${alignedRows(rows).join('\n')}

${alignedRows(OPTIONS_HELP).join('\n')}

Signals: SIGTERM and SIGINT stop the server gracefully, SIGHUP reloads its configuration.
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 invalid configuration.
`;
}

const PROGRAM = 'rolebridge-server';
const LEVELS = LOG_LEVELS.join(', ');

const OPTIONS_HELP: readonly (readonly string[])[] = [
  ['  --person ID', 'instead of --user: the person id from the audit trail'],
  ['  --workload NAME', 'its id, or ENTRY/SUBJECT: github/repo:acme/api:ref:refs/heads/main'],
  ['  --reason TEXT', 'with block and unblock: for the audit trail'],
  ['  --log-level LEVEL', `instead of log.level: ${LEVELS}`],
  ['  --json', 'JSON output'],
  ['  -h, --help', 'this text'],
];
