/**
 * A command of `rolebridge-server` as one row: arguments, options, help and what it does.
 *
 * Owns: the options of all commands, the row that a command line means, the help. Does not own: the
 * rows (operator.ts, main.ts).
 */
import { LOG_LEVELS } from '../config/configuration.ts';
import { alignedRows } from '../core/aligned.ts';

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
  out: { type: 'string' },
  existing: { type: 'boolean' },
  force: { type: 'boolean' },
  'base-url': { type: 'string' },
  provider: { type: 'string' },
  protocol: { type: 'string' },
  metadata: { type: 'string' },
  issuer: { type: 'string' },
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

type OptionName = keyof typeof OPTIONS;

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
type Part = OptionName | 'one user';

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

/** The help of the commands that these words begin, or of all if they begin none. */
export function usage(commands: readonly Command[], words: readonly string[] = []): string {
  const [first] = words;
  const asked = commands.filter(({ name }) => name.split(' ')[0] === first);
  const shown = asked.length > 0 ? asked : commands;
  const rows = shown.map(({ name, synopsis, help }) => [`  ${PROGRAM} ${name} ${synopsis}`, help]);
  const options = OPTIONS_HELP.filter(
    ([name]) => name === undefined || shown.some(command => takes(command, name)),
  ).map(([, ...row]) => row);
  return `${PROGRAM}: a federation bridge for AWS

${alignedRows(rows).join('\n')}

${alignedRows(options).join('\n')}

Signals: SIGTERM and SIGINT stop the server gracefully, SIGHUP reloads its configuration.
Exit codes: 0 done, 1 failed or a finding, 2 wrong usage, 78 invalid configuration.
`;
}

function takes({ requires, allows = [] }: Command, option: OptionName): boolean {
  const parts: readonly Part[] = [...requires, ...allows];
  return parts.includes(option) || (option === 'person' && parts.includes('one user'));
}

const PROGRAM = 'rolebridge-server';
const LEVELS = LOG_LEVELS.join(', ');
const PROVIDER_NAMES = 'okta, entra, adfs, google, keycloak, ping, onelogin, jumpcloud or other';

/** The option, if only some commands take it; its name and value; what it means. */
const OPTIONS_HELP: readonly (readonly [OptionName | undefined, string, string])[] = [
  [
    'person',
    '  --person ID',
    'instead of --user, or with USER: the person id from the audit trail',
  ],
  [
    'workload',
    '  --workload NAME',
    'its id, or ENTRY/SUBJECT: github/repo:acme/api:ref:refs/heads/main',
  ],
  ['groups', '  --groups A,B', 'names of groups, exactly as the identity provider sends them'],
  ['no-probe', '  --no-probe', 'with doctor: try no role by the real call'],
  ['reason', '  --reason TEXT', 'with block and unblock: for the audit trail'],
  ['iam', '  --iam FILE', 'what the AWS CLI printed of IAM, or a directory of it'],
  [
    'aws-profile',
    '  --aws-profile NAME',
    'with doctor: a profile that can read the IAM of an account',
  ],
  [
    'account',
    '  --account NAME',
    'this account alone, by name or id; with init, ID=NAME; repeatable',
  ],
  ['out', '  --out DIR', 'writes files into this directory'],
  ['existing', '  --existing', 'the roles exist: changes their trust policies alone'],
  ['force', '  --force', 'replaces files that this command wrote earlier'],
  ['base-url', '  --base-url URL', 'address of the bridge for browsers: https://aws.example.com'],
  ['provider', '  --provider NAME', PROVIDER_NAMES],
  ['protocol', '  --protocol NAME', 'saml or oidc; by default that of --metadata or --issuer'],
  ['metadata', '  --metadata URL|FILE', 'SAML: the metadata of the provider'],
  ['issuer', '  --issuer URL', 'OpenID Connect: the issuer, as the provider names it'],
  ['client-id', '  --client-id ID', 'OpenID Connect: the client of the bridge'],
  ['client-secret-env', '  --client-secret-env NAME', 'the variable that contains its secret'],
  ['client-secret-file', '  --client-secret-file PATH', 'or the file that contains it'],
  ['connector', '  --connector ID', 'a connector; with init, the id of the new one'],
  ['claim', '  --claim WHAT=NAME', 'claim or attribute of username, email or groups; repeatable'],
  ['accounts-file', '  --accounts-file FILE', 'output of aws organizations list-accounts'],
  [
    'rule',
    '  --rule GROUP=ACCOUNT/ROLE',
    'a group that gets a role; * is every account; repeatable',
  ],
  ['trust', '  --trust KIND', 'how roles trust the bridge: saml (default) or web-identity'],
  ['listen', '  --listen HOST:PORT', 'by default 127.0.0.1:3000'],
  ['store', '  --store FILE', 'database, relative to the configuration: data/rolebridge.db'],
  ['aws-endpoint', '  --aws-endpoint URL', 'a local AWS instead of the real one'],
  ['offline', '  --offline', 'do not look at the provider'],
  ['yes', '  --yes', 'ask nothing: options and defaults'],
  ['print', '  --print', 'print the configuration and write nothing'],
  ['log-level', '  --log-level LEVEL', `instead of log.level: ${LEVELS}`],
  [undefined, '  --json', 'JSON output'],
  [undefined, '  -h, --help', 'this text; with a command, its part alone'],
];
