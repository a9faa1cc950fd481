/**
 * The commands of the client, one row each: help, completion, parsing and documentation are made
 * from it. A new command is a row here and the file in commands/ that its row loads.
 */
import { type CommandSpec, JSON_OPTION, MINIMUM_OPTION } from './command-line/command.ts';
import { SHELL_FORMATS } from './command-line/shell-formats.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
const ROLE_RULE = `At a terminal ACCOUNT/ROLE may be a part of a name ("padm" finds prod/Admin), or be left out: then there is a list to search.
In scripts (no terminal, or CI is set) it must be exact.`;

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'login',
    load: () => import('./commands/login.ts'),
    summary: 'sign in',
    usage: '[--device] [--server URL] [--as NAME]',
    description: `Signs in with your company account. Where a browser can be opened, you confirm there. Over SSH, in a container or with --device
you get a code and a QR code, and confirm in a browser on any device. The login lasts as long as your company allows; until then
everything renews itself.
With several bridges, commands that name none mean that of the last login; scripts and profiles name theirs.`,
    options: {
      as: {
        type: 'string',
        value: 'NAME',
        description: 'name of the bridge on this computer (default: from its host)',
      },
      device: { type: 'boolean', description: 'by a code that you confirm in a browser anywhere' },
      'no-browser': {
        type: 'boolean',
        description:
          'print the address instead of opening it; the browser must be on this computer',
      },
      fresh: {
        type: 'boolean',
        description:
          'have your identity provider ask you again, for roles that need a recent sign-in',
      },
      force: { type: 'boolean', description: 'sign in although you are signed in' },
      'switch-person': {
        type: 'boolean',
        description: 'another person than before signs in on this computer',
      },
      json: JSON_OPTION,
    },
    examples: [
      [
        'rolebridge login --server https://aws.example.com',
        'the first time; the server is remembered',
      ],
      ['rolebridge login --device', 'on a computer without a browser'],
      [
        'rolebridge login --server https://lab.example.com --as lab',
        'a second bridge; then: rolebridge roles --bridge lab',
      ],
    ],
    words: 0,
  },
  {
    name: 'logout',
    load: () => import('./commands/logout.ts'),
    summary: 'end the login of this computer, or all of yours',
    usage: '[--everywhere] [--forget]',
    description: `Ends the login at the server and removes it here, with all cached credentials. Credentials that programs hold already stay valid
until their own end: AWS cannot take them back. Logins to other bridges stay.`,
    options: {
      everywhere: {
        type: 'boolean',
        description: 'end every session of yours, in all terminals and browsers',
      },
      forget: {
        type: 'boolean',
        description: 'also remove the bridge, its name and its last user from this computer',
      },
    },
    examples: [['rolebridge logout --everywhere', 'a laptop was lost']],
    words: 0,
  },
  {
    name: 'whoami',
    load: () => import('./commands/whoami.ts'),
    summary: 'who is signed in, until when, and on which computers',
    usage: '',
    description:
      'Asks the server who you are, how you signed in, and which sessions in terminals you have.',
    options: { json: JSON_OPTION },
    examples: [],
    words: 0,
  },
  {
    name: 'roles',
    load: () => import('./commands/roles.ts'),
    summary: 'the roles that you have',
    usage: '[WORD ...]',
    description:
      'Lists your roles. Words are searched for in account name, account id and role; all of them must be there.',
    options: {
      all: {
        type: 'boolean',
        short: 'a',
        description: 'also roles that you could have if a proof were not missing, and which',
      },
      search: { type: 'string', value: 'TEXT', description: 'as the words' },
      json: JSON_OPTION,
    },
    examples: [
      ['rolebridge roles prod', 'what you have in prod'],
      ['rolebridge roles --json', 'for programs'],
    ],
    words: 20,
  },
  {
    name: 'credentials',
    load: () => import('./commands/credentials.ts'),
    summary: 'credentials for a shell, a program or the credentials file',
    usage: '[ACCOUNT/ROLE] [--format FORMAT]',
    description: `Prints temporary credentials. ${ROLE_RULE}
Programs that renew by themselves are better served by "configure" or "exec".`,
    options: {
      format: {
        type: 'string',
        value: 'FORMAT',
        description: `${SHELL_FORMATS.join(', ')} (usual: env)`,
        values: SHELL_FORMATS,
      },
      profile: {
        type: 'string',
        value: 'NAME',
        description: 'section of the credentials file (default: ACCOUNT-ROLE-keys)',
      },
      write: {
        type: 'boolean',
        description: 'with --format credentials-file: put it into ~/.aws/credentials',
      },
      minimum: MINIMUM_OPTION,
      json: { type: 'boolean', description: 'the same as --format json' },
    },
    examples: [
      ['eval "$(rolebridge credentials prod/Admin)"', 'in bash and zsh'],
      ['rolebridge credentials prod/Admin --format fish | source', 'in fish'],
      [
        'rolebridge credentials prod/Admin --format credentials-file --write',
        'for tools that read only that file',
      ],
    ],
    words: 1,
    completes: 'roles',
  },
  {
    name: 'credential-process',
    load: () => import('./commands/credential-process.ts'),
    summary: 'what ~/.aws/config runs: credentials as JSON, from the cache where it can',
    usage: 'ACCOUNT/ROLE [--server URL] [--login]',
    description: `For credential_process in ~/.aws/config; "configure" writes it. The name must be exact. Never asks anything. Credentials with less than
20 minutes left (or half of the session, where that is shorter) are never printed: they are renewed, or it is an error that says so.
A line that names no bridge works only while a single one is known.`,
    options: {
      login: {
        type: 'boolean',
        description:
          'open the browser when you are not signed in, once for all processes that wait',
      },
      minimum: MINIMUM_OPTION,
    },
    examples: [
      [
        'credential_process = rolebridge credential-process prod/Admin --server https://aws.example.com',
        'a line of ~/.aws/config',
      ],
    ],
    words: 1,
    completes: 'roles',
  },
  {
    name: 'exec',
    load: () => import('./commands/exec.ts'),
    summary: 'run a command with a role, renewed for as long as it runs',
    usage: '[ACCOUNT/ROLE] -- COMMAND [ARGUMENT ...]',
    description: `Runs a command whose AWS tools and SDKs get credentials from a local address that renews them, so that a run of many hours survives.
When your login ends on the way, sign in in another terminal: the command goes on. ${ROLE_RULE}
The command has this role whatever is in ~/.aws and in the environment; settings of your profile and your other profiles stay. AWS_REGION is
the region of your profile, or else of the account, unless you have set one. The exit code is the command's.`,
    options: {
      env: {
        type: 'boolean',
        description:
          'fixed credentials in the environment, for tools that cannot ask; they end and are not renewed',
      },
      minimum: MINIMUM_OPTION,
    },
    examples: [
      ['rolebridge exec prod/Admin -- terraform apply', 'credentials are renewed while it runs'],
      [
        'rolebridge exec prod/ReadOnly --env -- ./old-tool',
        'for tools that know only the environment',
      ],
    ],
    words: 1,
    completes: 'roles',
    passesOn: true,
  },
  {
    name: 'console',
    load: () => import('./commands/console.ts'),
    summary: 'open the AWS console',
    usage: '[ACCOUNT/ROLE] [--destination URL]',
    description: `Opens the AWS console in your browser, as the user who is signed in to the bridge there. If nobody is, the page asks for a sign-in. ${ROLE_RULE}`,
    options: {
      destination: {
        type: 'string',
        value: 'URL',
        description: 'a page of the console, as copied from there',
      },
      print: {
        type: 'boolean',
        description:
          'print a link that needs no sign-in; anyone who has it acts as you, for 15 minutes',
      },
    },
    examples: [
      [
        'rolebridge console prod/ReadOnly --destination https://eu-west-1.console.aws.amazon.com/s3/home',
        'one page of it',
      ],
    ],
    words: 1,
    completes: 'roles',
  },
  {
    name: 'configure',
    load: () => import('./commands/configure.ts'),
    summary: 'write a profile for every role into ~/.aws/config',
    usage: '[--search TEXT] [--dry-run] [--yes]',
    description: `Writes profiles between two lines of comment that mark them as ours, and removes those of roles that you no longer have. What is outside the
marks stays as it is, to the byte. Shows the change first and asks; --yes does not ask.
Every profile names its bridge. Profiles of a bridge that has a name (login --as), and of every bridge but the first in the file, begin with
the bridge's name.`,
    options: {
      yes: { type: 'boolean', short: 'y', description: 'do not ask' },
      'dry-run': {
        type: 'boolean',
        description: 'show the change on standard output and write nothing',
      },
      search: {
        type: 'string',
        value: 'TEXT',
        description: 'only roles in whose account or name these words are',
      },
      'profile-name': {
        type: 'string',
        value: 'TEMPLATE',
        description:
          'profile names, made from {account}, {id}, {role} and {bridge} (default: {account}-{role})',
      },
      prefix: {
        type: 'string',
        value: 'TEXT',
        description: 'text before every profile name, in place of the bridge name',
      },
      default: {
        type: 'string',
        value: 'ACCOUNT/ROLE',
        description: 'also write [default], for this role',
      },
      sso: {
        type: 'boolean',
        description: 'profiles for aws sso login, which need no rolebridge on the computer',
      },
      login: {
        type: 'boolean',
        description: 'profiles that open the browser when you are not signed in',
      },
      command: {
        type: 'string',
        value: 'PATH',
        description:
          'the program that profiles run, by its full path (default: this one, and its Node)',
      },
      remove: { type: 'boolean', description: 'take our profiles away' },
      json: { type: 'boolean', description: 'what was done, as JSON on standard output' },
    },
    examples: [
      ['rolebridge configure', 'then: aws sts get-caller-identity --profile prod-Admin'],
      ['rolebridge configure --yes --search prod', 'in a script, only what is in prod'],
    ],
    words: 0,
  },
  {
    name: 'completion',
    load: () => import('./commands/completion.ts'),
    summary: 'completion for your shell',
    usage: SHELLS.join('|'),
    description:
      'Prints a script that completes commands, options and role names. Role names are those that were last seen; nothing is asked for them.',
    options: {},
    examples: [
      [
        'eval "$(rolebridge completion bash)"',
        'in ~/.bashrc; the same for zsh in ~/.zshrc, after compinit',
      ],
      ['rolebridge completion fish > ~/.config/fish/completions/rolebridge.fish', 'once'],
      ['rolebridge completion powershell | Out-String | Invoke-Expression', 'in $PROFILE'],
    ],
    words: 1,
    completes: SHELLS,
  },
];

export function commandNamed(name: string): CommandSpec | undefined {
  return COMMANDS.find(command => command.name === name);
}
