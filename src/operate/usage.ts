/** The help of `rolebridge-server`, and what is wrong with a command line that means no command. */
import { LOG_LEVELS } from '../config/configuration.ts';
import { alignedRows, wrapped } from '../core/aligned.ts';
import { nearest } from '../core/nearest.ts';
import { type Command, OPTIONS, type OptionName, type Part } from './command.ts';

const PROGRAM = 'rolebridge-server';
/** In characters. */
const WIDTH = 80;

/** The help of the commands that these words begin, or an overview of all if they begin none. */
export function usage(commands: readonly Command[], words: readonly string[] = []): string {
  const asked = begunBy(commands, words);
  const isOverview = asked.length === 0;
  return `${PROGRAM}: a federation bridge for AWS

${(isOverview ? commands : asked).map(described).join('\n')}

${isOverview ? `${PROGRAM} COMMAND --help shows the options of a command.` : optionsOf(asked)}

Signals: SIGTERM and SIGINT stop the server, SIGHUP reloads its configuration.
Exit codes: 0 done, 1 failed or a finding, 2 usage, 78 invalid configuration.
`;
}

/** Why these words mean no command; undefined without a word. */
export function whyUnknown(
  commands: readonly Command[],
  words: readonly string[],
): string | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  if (begunBy(commands, words).length > 0)
    return `these arguments and options are no complete "${first}" command.`;
  const guess = nearest(
    first,
    commands.map(({ name }) => name),
  );
  return `unknown command "${first}".${guess === undefined ? '' : ` Did you mean: ${guess}?`}`;
}

/** What is wrong with an option, by the message of `parseArgs`. */
export function optionFault(message: string): string {
  const [, unknown] = /^Unknown option '--([^']*)'/.exec(message) ?? [];
  if (unknown === undefined) return message;
  const guess = nearest(unknown, Object.keys(OPTIONS));
  const help = `${PROGRAM} COMMAND --help shows the options of a command.`;
  return `unknown option --${unknown}. ${guess === undefined ? help : `Did you mean: --${guess}?`}`;
}

function begunBy(commands: readonly Command[], [first]: readonly string[]): readonly Command[] {
  return commands.filter(({ name }) => name.split(' ')[0] === first);
}

function described({ name, synopsis, help }: Command): string {
  return `${wrapped(`  ${PROGRAM} ${name} ${synopsis}`, WIDTH, 6)}\n${wrapped(`      ${help}`, WIDTH, 6)}`;
}

function optionsOf(commands: readonly Command[]): string {
  const rows = OPTIONS_HELP.filter(({ option }) => takenBy(commands, option)).map(
    ({ words, help, inInit }) => {
      const [shown, means] =
        inInit !== undefined && commands.every(({ name }) => name === 'init')
          ? inInit
          : [words, help];
      return [`  ${shown}`, means];
    },
  );
  const column = Math.max(...rows.map(([words]) => words!.length)) + 2;
  return alignedRows(rows)
    .map(row => wrapped(row, WIDTH, column))
    .join('\n');
}

function takenBy(commands: readonly Command[], option: OptionName | undefined): boolean {
  return option === undefined || commands.some(command => takes(command, option));
}

function takes({ requires, allows = [] }: Command, option: OptionName): boolean {
  const parts: readonly Part[] = [...requires, ...allows];
  return parts.includes(option) || (option === 'person' && parts.includes('one user'));
}

interface OptionHelp {
  /** Undefined: every command takes it. */
  readonly option?: OptionName;
  /** The option with its value. */
  readonly words: string;
  readonly help: string;
  /** Both where `init` takes the option with another meaning. */
  readonly inInit?: readonly [words: string, help: string];
}

const LEVELS = LOG_LEVELS.join(', ');

const OPTIONS_HELP: readonly OptionHelp[] = [
  {
    option: 'person',
    words: '--person ID',
    help: 'instead of --user, or with USER: the person id from the audit trail',
  },
  {
    option: 'workload',
    words: '--workload NAME',
    help: 'its id, or ENTRY/SUBJECT: github/repo:acme/api:ref:refs/heads/main',
  },
  {
    option: 'groups',
    words: '--groups A,B',
    help: 'names of groups, exactly as the identity provider sends them',
  },
  {
    option: 'connector',
    words: '--connector ID',
    help: 'this connector only',
    inInit: ['--connector ID', 'the id of the new connector'],
  },
  {
    option: 'account',
    words: '--account NAME',
    help: 'this account only, by name or id; repeatable',
    inInit: ['--account ID=NAME', 'an account by hand; repeatable'],
  },
  { option: 'role', words: '--role NAME', help: 'this role only; repeatable' },
  {
    option: 'iam',
    words: '--iam FILE',
    help: 'IAM as the AWS CLI printed it, or a directory of such files; repeatable',
  },
  {
    option: 'aws-profile',
    words: '--aws-profile NAME',
    help: 'a profile that can read the IAM of an account; repeatable',
  },
  { option: 'no-probe', words: '--no-probe', help: 'try no role by a real call' },
  { option: 'reason', words: '--reason TEXT', help: 'for the audit trail' },
  { option: 'from', words: '--from TIME', help: 'events at this time (UTC) or later' },
  { option: 'to', words: '--to TIME', help: 'events before this time: 2026-03-01T09:00:00Z' },
  { option: 'output', words: '--output FILE', help: 'a new file instead of standard output' },
  { option: 'out', words: '--out DIR', help: 'write the files into this directory' },
  {
    option: 'existing',
    words: '--existing',
    help: 'the roles exist: change only their trust policies',
  },
  { option: 'force', words: '--force', help: 'replace files that this command wrote earlier' },
  {
    option: 'base-url',
    words: '--base-url URL',
    help: 'address of the bridge for browsers: https://aws.example.com',
  },
  {
    option: 'provider',
    words: '--provider NAME',
    help: 'okta, entra, adfs, google, keycloak, ping, onelogin, jumpcloud or other',
  },
  {
    option: 'protocol',
    words: '--protocol NAME',
    help: 'saml or oidc; default: that of --metadata or --issuer',
  },
  { option: 'metadata', words: '--metadata URL|FILE', help: 'SAML: the metadata of the provider' },
  {
    option: 'issuer',
    words: '--issuer URL',
    help: 'OpenID Connect: the issuer, as the provider names it',
  },
  {
    option: 'entity-id',
    words: '--entity-id ID',
    help: 'SAML: the identity provider, if the metadata describes several entities',
  },
  {
    option: 'discovery',
    words: '--discovery URL',
    help: 'OpenID Connect: the discovery document, if it is not below the issuer',
  },
  {
    option: 'client-id',
    words: '--client-id ID',
    help: 'OpenID Connect: the client of the bridge',
  },
  {
    option: 'client-secret-env',
    words: '--client-secret-env NAME',
    help: 'the variable that contains its secret',
  },
  {
    option: 'client-secret-file',
    words: '--client-secret-file PATH',
    help: 'or the file that contains it',
  },
  {
    option: 'claim',
    words: '--claim WHAT=NAME',
    help: 'claim or attribute of username, email or groups; repeatable',
  },
  {
    option: 'accounts-file',
    words: '--accounts-file FILE',
    help: 'output of aws organizations list-accounts',
  },
  {
    option: 'rule',
    words: '--rule GROUP=ACCOUNT/ROLE',
    help: 'a group that gets a role; * is every account; repeatable',
  },
  {
    option: 'trust',
    words: '--trust KIND',
    help: 'how roles trust the bridge: saml (default) or web-identity',
  },
  { option: 'listen', words: '--listen HOST:PORT', help: 'default: 127.0.0.1:3000' },
  {
    option: 'store',
    words: '--store FILE',
    help: 'database, relative to the configuration; default: data/rolebridge.db',
  },
  {
    option: 'aws-endpoint',
    words: '--aws-endpoint URL',
    help: 'a local AWS instead of the real one',
  },
  { option: 'offline', words: '--offline', help: 'do not look at the provider' },
  { option: 'yes', words: '--yes', help: 'ask nothing: take options and defaults' },
  { option: 'print', words: '--print', help: 'print the configuration and write nothing' },
  {
    option: 'log-level',
    words: '--log-level LEVEL',
    help: `instead of log.level: ${LEVELS}`,
  },
  { words: '--json', help: 'JSON output' },
  { words: '-h, --help', help: 'this text' },
];
