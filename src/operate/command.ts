/**
 * A command of `rolebridge-server` as one row: arguments, options, help and what it does.
 *
 * Owns: the options of all commands, and the row that a command line means. Does not own: the rows
 * (operator.ts, main.ts), the help (usage.ts).
 */
export const EXIT = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The configuration that commands read if none is named and the row does not require one. */
const DEFAULT_CONFIG = 'rolebridge.yaml';

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
  account: { type: 'string', multiple: true },
  role: { type: 'string', multiple: true },
  connector: { type: 'string', multiple: true },
  groups: { type: 'string' },
  iam: { type: 'string', multiple: true },
  'aws-profile': { type: 'string', multiple: true },
  'no-probe': { type: 'boolean' },
  from: { type: 'string' },
  to: { type: 'string' },
  output: { type: 'string' },
  out: { type: 'string' },
  existing: { type: 'boolean' },
  force: { type: 'boolean' },
  'base-url': { type: 'string' },
  provider: { type: 'string' },
  protocol: { type: 'string' },
  metadata: { type: 'string' },
  'entity-id': { type: 'string' },
  issuer: { type: 'string' },
  discovery: { type: 'string' },
  'client-id': { type: 'string' },
  'client-secret-env': { type: 'string' },
  'client-secret-file': { type: 'string' },
  claim: { type: 'string', multiple: true },
  'accounts-file': { type: 'string' },
  trust: { type: 'string' },
  rule: { type: 'string', multiple: true },
  listen: { type: 'string' },
  store: { type: 'string' },
  'aws-endpoint': { type: 'string' },
  offline: { type: 'boolean' },
  yes: { type: 'boolean' },
  print: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends { readonly multiple: true }
  ? readonly string[]
  : O extends { readonly type: 'string' }
    ? string
    : boolean;

/** The options of one command line, and its arguments after the name of the command. */
export type Options = {
  readonly [N in OptionName]?: ValueOf<(typeof OPTIONS)[N]> | undefined;
} & { readonly arguments?: readonly string[] | undefined };

/** A part of a command line. `one user` is exactly one of --user and --person. */
export type Part = OptionName | 'one user';

export interface Command {
  /** One word or several: `trust terraform`. */
  readonly name: string;
  /** What follows the name. */
  readonly synopsis: string;
  readonly help: string;
  /**
   * The arguments, in order. One in brackets can be missing; `[CONFIG]` is the same as --config and
   * is `rolebridge.yaml` by default.
   */
  readonly arguments?: readonly string[] | undefined;
  readonly requires: readonly Part[];
  readonly allows?: readonly Part[];
  /** Throws an Error that says what happened and what to do. */
  run(options: Options): Promise<ExitCode>;
}

/** A command line that cannot be meant. */
export class UsageError extends Error {}

/** Allowed with every command. */
const COMMON: readonly Part[] = ['config', 'json'];

export interface Invocation {
  readonly command: Command;
  readonly options: Options;
}

/** The row that a command line means, with its options; undefined if none fits. */
export function invocationOf(
  commands: readonly Command[],
  words: readonly string[],
  options: Options,
): Invocation | undefined {
  for (const command of named(commands, words)) {
    const given = withArguments(command, words, options);
    if (given !== undefined && fits(command, partsOf(given))) return { command, options: given };
  }
  return undefined;
}

/** The rows that these words can begin. */
function named(commands: readonly Command[], words: readonly string[]): readonly Command[] {
  return commands.filter(({ name }) => name.split(' ').every((word, at) => words[at] === word));
}

function withArguments(
  { name, arguments: expected = [] }: Command,
  words: readonly string[],
  options: Options,
): Options | undefined {
  const rest = words.slice(name.split(' ').length);
  const least = expected.filter(argument => !argument.startsWith('[')).length;
  if (rest.length < least || rest.length > expected.length) return undefined;
  const at = expected.indexOf(CONFIG);
  const config = at < 0 ? undefined : rest[at];
  if (config !== undefined && options.config !== undefined) return undefined;
  const own = at < 0 ? rest : rest.filter((_, index) => index !== at);
  const fallback = at < 0 ? undefined : DEFAULT_CONFIG;
  return { ...options, config: options.config ?? config ?? fallback, arguments: own };
}

const CONFIG = '[CONFIG]';

function fits({ requires, allows = [] }: Command, given: readonly OptionName[]): boolean {
  const accepted = new Set<Part>([...requires, ...allows, ...COMMON]);
  if (accepted.has('one user')) accepted.add('user').add('person');
  return requires.every(part => isGiven(part, given)) && given.every(part => accepted.has(part));
}

function isGiven(part: Part, given: readonly OptionName[]): boolean {
  if (part === 'one user') return given.includes('user') !== given.includes('person');
  return given.includes(part);
}

function partsOf({ arguments: _, ...options }: Options): OptionName[] {
  return (Object.keys(options) as OptionName[]).filter(name => options[name] !== undefined);
}
