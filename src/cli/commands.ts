/**
 * The commands of the client, one row each: help, completion, parsing and documentation are made
 * from it. A new command is a row here and the file in commands/ that its row loads.
 */
import {
  type CommandSpec,
  DURATION_OPTION,
  JSON_OPTION,
  MINIMUM_OPTION,
} from './command-line/command.ts';
import { PRINTED_FORMATS, SHELL_FORMATS } from './command-line/shell-formats.ts';
import { ACTIONS, PLATFORMS } from './workload/names.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
const MFA_ACTIONS = ['login', 'credential-process', 'exec', 'console', 'import', 'forget'] as const;
const ROLE_RULE = `At a terminal, ACCOUNT/ROLE may be a part of a name ("padm" finds prod/Admin); without it, you choose from
a list. In scripts (no terminal, or CI is set), it must be exact.`;
const DECISION_RULE = `It requires a sign-in of the last 15 minutes (the error has the address that renews it),
and is not available to device-code logins.`;

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'login',
    load: () => import('./commands/login.ts'),
    summary: 'sign in',
    usage: '[--device] [--server URL] [--as NAME]',
    description: `Signs in with your company account.

Where a browser can be opened, you confirm there. Over SSH, in a container or with --device, you get a
code and a QR code, and confirm in a browser on any device. The login lasts as long as your company
allows, and renews its tokens until then.
With several bridges, a command that names none uses that of the last login. Scripts and profiles must
name theirs.`,
    options: {
      as: {
        type: 'string',
        value: 'NAME',
        description: 'name of the bridge on this computer (default: from its host)',
      },
      device: {
        type: 'boolean',
        description: 'sign in with a code that you confirm in any browser',
      },
      'no-browser': {
        type: 'boolean',
        description:
          'print the address instead of opening it; the browser must be on this computer',
      },
      fresh: {
        type: 'boolean',
        description: 'sign in again at your identity provider, for roles that require it',
      },
      force: { type: 'boolean', description: 'sign in again while signed in' },
      'switch-person': {
        type: 'boolean',
        description: 'sign in as another user than before on this computer',
      },
      json: JSON_OPTION,
    },
    examples: [
      ['rolebridge login --server https://aws.example.com', 'the first time; the server is stored'],
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
    summary: 'sign out on this computer, or everywhere',
    usage: '[--everywhere] [--forget]',
    description: `Ends the login at the server and removes it from this computer, with all cached credentials.

Credentials that programs have already stay valid until they expire: AWS cannot revoke them.
Logins to other bridges stay.`,
    options: {
      everywhere: {
        type: 'boolean',
        description: 'end all your sessions, in every terminal and browser',
      },
      forget: {
        type: 'boolean',
        description: 'also remove the bridge, its name and its last user from this computer',
      },
    },
    examples: [['rolebridge logout --everywhere', 'after the loss of a laptop']],
    words: 0,
  },
  {
    name: 'whoami',
    load: () => import('./commands/whoami.ts'),
    summary: 'show who is signed in, until when, and on which computers',
    usage: '',
    description: 'Shows your user, how you signed in, and your sessions in terminals.',
    options: { json: JSON_OPTION },
    examples: [['rolebridge whoami --json', 'for programs']],
    words: 0,
  },
  {
    name: 'roles',
    load: () => import('./commands/roles.ts'),
    summary: 'list your roles',
    usage: '[WORD ...]',
    description: `Lists your roles.

With words, only roles whose account name, account id, role name, environment and owner contain
all of them. Roles "on request" are given for a time, after an approval: rolebridge request.`,
    options: {
      all: {
        type: 'boolean',
        short: 'a',
        description: 'also roles that require another proof, and which one',
      },
      search: { type: 'string', value: 'TEXT', description: 'the same as words' },
      json: JSON_OPTION,
    },
    examples: [
      ['rolebridge roles prod', 'your roles in prod'],
      ['rolebridge roles --json', 'for programs'],
    ],
    words: 20,
  },
  {
    name: 'credentials',
    load: () => import('./commands/credentials.ts'),
    summary: 'print credentials for a shell, a program or the credentials file',
    usage: '[ACCOUNT/ROLE] [--format FORMAT]',
    description: `Prints temporary credentials.

${ROLE_RULE}
They are not renewed. For credentials that renew themselves, use "configure" or "exec".`,
    options: {
      format: {
        type: 'string',
        value: 'FORMAT',
        description: `${SHELL_FORMATS.join(', ')} (default: env)`,
        values: SHELL_FORMATS,
      },
      profile: {
        type: 'string',
        value: 'NAME',
        description: 'section of the credentials file (default: ACCOUNT-ROLE-keys)',
      },
      write: {
        type: 'boolean',
        description: 'with --format credentials-file: write to ~/.aws/credentials',
      },
      duration: DURATION_OPTION,
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
    summary: 'print credentials as JSON, for credential_process in ~/.aws/config',
    usage: 'ACCOUNT/ROLE [--server URL] [--login]',
    description: `Prints credentials as JSON, for credential_process in ~/.aws/config.

"configure" writes the profiles that run it. The role must be exact, and nothing is asked. Credentials
come from the cache; those that expire in less than 20 minutes (or half of the session, where that is
shorter) are renewed first. Without --server or --bridge, it works only while this computer knows a
single bridge.`,
    options: {
      login: {
        type: 'boolean',
        description: 'open the browser when you are not signed in, once for all processes',
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
    summary: 'run a command with a role, and renew its credentials while it runs',
    usage: '[ACCOUNT/ROLE] -- COMMAND [ARGUMENT ...]',
    description: `Runs a command with a role, and renews its credentials while it runs.

If your login ends meanwhile, sign in in another terminal; the command then continues.
${ROLE_RULE}
The role overrides credentials in ~/.aws and in the environment; other settings of your profile, and
your other profiles, stay. AWS_REGION is the one that you have set, else that of your profile, else
that of the account. The exit code is that of the command.`,
    options: {
      env: {
        type: 'boolean',
        description:
          'fixed credentials in the environment, for tools that read nothing else; they are not renewed',
      },
      duration: {
        ...DURATION_OPTION,
        description:
          'length of each session, 15m at least; credentials are renewed before it ends (default: what the rule gives)',
      },
      minimum: MINIMUM_OPTION,
    },
    examples: [
      ['rolebridge exec prod/Admin -- terraform apply', 'credentials are renewed while it runs'],
      [
        'rolebridge exec prod/ReadOnly --env -- ./old-tool',
        'for tools that read only the environment',
      ],
    ],
    words: 1,
    completes: 'roles',
    passesOn: true,
  },
  {
    name: 'console',
    load: () => import('./commands/console.ts'),
    summary: 'open the AWS console in the browser',
    usage: '[ACCOUNT/ROLE] [--destination URL]',
    description: `Opens the AWS console in your browser.

It opens for the user who is signed in to the bridge there; without one, the page asks for a sign-in.
${ROLE_RULE}`,
    options: {
      destination: {
        type: 'string',
        value: 'URL',
        description: 'the address of a console page, as copied from the browser',
      },
      duration: DURATION_OPTION,
      print: {
        type: 'boolean',
        description:
          'print a link that needs no sign-in; anyone who has it acts as you, for 15 minutes',
      },
    },
    examples: [
      [
        'rolebridge console prod/ReadOnly --destination https://eu-west-1.console.aws.amazon.com/s3/home',
        'one page of the console',
      ],
    ],
    words: 1,
    completes: 'roles',
  },
  {
    name: 'request',
    load: () => import('./commands/request.ts'),
    summary: 'request roles for a time, which others approve',
    usage: 'ACCOUNT/ROLE ... [--for DURATION] [--reason TEXT] [--wait]',
    description: `Requests roles for a time.

Approvers decide, and you have the roles until the time ends. Several roles are decided one by one.
For a role of an active elevation, it requests an extension.
At a terminal, you are asked for what is missing, and ACCOUNT/ROLE may be a part of a name.
With --wait, it ends when all roles are granted, or with exit code 8 as soon as one is not. Ctrl-C ends
the wait; the request is kept.`,
    options: {
      for: {
        type: 'string',
        value: 'DURATION',
        description: 'how long (default: 1h, or the longest that is offered if shorter)',
      },
      reason: { type: 'string', value: 'TEXT', description: 'what you need the roles for' },
      ticket: { type: 'string', value: 'TICKET', description: 'if the role requires one' },
      start: {
        type: 'string',
        value: 'TIME',
        description: 'not before: 14:30, 2026-12-01T14:30, or 2h from now (default: at once)',
      },
      wait: { type: 'boolean', description: 'wait until the request is decided' },
      'break-glass': {
        type: 'boolean',
        description: 'grant it to yourself at once, in an emergency; another user reviews it',
      },
      yes: { type: 'boolean', short: 'y', description: 'use break-glass without asking' },
      json: JSON_OPTION,
    },
    examples: [
      [
        'rolebridge request prod/Admin --for 2h --reason "OPS-12: restore the index" --wait',
        'then: rolebridge exec prod/Admin -- ./restore',
      ],
      ['rolebridge request prod/Admin prod/Deploy --start 14:30', 'two roles, later'],
    ],
    words: 20,
    completes: 'eligible-roles',
  },
  {
    name: 'requests',
    load: () => import('./commands/requests.ts'),
    summary: 'list requests for roles: yours, and those that wait for your decision',
    usage: '[--all] [--json]',
    description:
      'Lists requests that wait for you, break-glass to review, your own, and what you can revoke.\n\nOf your own, those that are open or ended in the last seven days.',
    options: {
      all: { type: 'boolean', short: 'a', description: 'your own of the last 90 days' },
      json: JSON_OPTION,
    },
    examples: [['rolebridge requests --json', 'for programs']],
    words: 0,
  },
  {
    name: 'withdraw',
    load: () => import('./commands/withdraw.ts'),
    summary: 'withdraw your request for a role',
    usage: 'ID',
    description:
      'Withdraws a request of yours that waits for approval.\n\nTo end what is approved already, use "revoke".',
    options: { json: JSON_OPTION },
    examples: [['rolebridge withdraw 4a4d31c0b2a94c1e9f0a', 'the id is in: rolebridge requests']],
    words: 1,
    completes: 'elevations',
  },
  {
    name: 'approve',
    load: () => import('./commands/approve.ts'),
    summary: 'approve the request of another user',
    usage: 'ID [--for DURATION] [--note TEXT]',
    description: `Approves a request.

It shows the whole request and asks first. ${DECISION_RULE}`,
    options: {
      for: { type: 'string', value: 'DURATION', description: 'for less time than requested' },
      note: { type: 'string', value: 'TEXT', description: 'a note for the requester' },
      yes: { type: 'boolean', short: 'y', description: 'approve without asking' },
      json: JSON_OPTION,
    },
    examples: [['rolebridge approve 4a4d31c0b2a94c1e9f0a --for 1h', 'for one hour at most']],
    words: 1,
    completes: 'elevations',
  },
  {
    name: 'deny',
    load: () => import('./commands/deny.ts'),
    summary: 'deny the request of another user',
    usage: 'ID [--reason TEXT]',
    description: `Denies a request.

${DECISION_RULE}`,
    options: {
      reason: { type: 'string', value: 'TEXT', description: 'why, for the requester' },
      json: JSON_OPTION,
    },
    examples: [
      ['rolebridge deny 4a4d31c0b2a94c1e9f0a --reason "use prod/ReadOnly"', 'with a reason'],
    ],
    words: 1,
    completes: 'elevations',
  },
  {
    name: 'revoke',
    load: () => import('./commands/revoke.ts'),
    summary: 'end a role that was granted for a time',
    usage: 'ID [--reason TEXT]',
    description: `Ends a role that was granted for a time.

The bridge issues no more credentials for it. AWS does not take back credentials; it prints those that stay
valid, and until when. Your own needs nothing else; that of another user: ${DECISION_RULE}`,
    options: {
      reason: { type: 'string', value: 'TEXT', description: 'why' },
      json: JSON_OPTION,
    },
    examples: [['rolebridge revoke 4a4d31c0b2a94c1e9f0a', 'when you are done early']],
    words: 1,
    completes: 'elevations',
  },
  {
    name: 'review',
    load: () => import('./commands/review.ts'),
    summary: 'review the break-glass of another user',
    usage: 'ID --reason TEXT',
    description: `Reviews the break-glass of another user.

${DECISION_RULE}`,
    options: {
      reason: { type: 'string', value: 'TEXT', description: 'what you found' },
      json: JSON_OPTION,
    },
    examples: [
      ['rolebridge review 4a4d31c0b2a94c1e9f0a --reason "the outage of OPS-12"', 'closes it'],
    ],
    words: 1,
    completes: 'elevations',
  },
  {
    name: 'workload',
    load: () => import('./commands/workload.ts'),
    summary: 'credentials for a pipeline, a pod or an instance, without a login',
    usage: '[ACTION] ACCOUNT/ROLE --server URL [-- COMMAND [ARGUMENT ...]]',
    description: `Gets credentials with the identity that the platform gives to a job, a pod or an instance.

It uses the first of these that is there: the file in ROLEBRIDGE_WORKLOAD_TOKEN_FILE, the token in
ROLEBRIDGE_ID_TOKEN, GitHub Actions, GitLab CI, Buildkite, CircleCI, HCP Terraform, Kubernetes (a
projected token in /var/run/secrets/rolebridge/token), then the role of a Lambda function, of an ECS
task or of an EC2 instance. Give the server by --server, --bridge or ROLEBRIDGE_SERVER.

Actions
  credentials          the default: print credentials
  credential-process   print credentials as JSON, for credential_process in ~/.aws/config
  exec                 run the command after --, and renew its credentials while it runs
  roles                list the roles of the workload; takes no ACCOUNT/ROLE
  explain              explain why the workload has a role or not; exit code 4 if it does not`,
    options: {
      platform: {
        type: 'string',
        value: 'NAME',
        description: `${PLATFORMS.join(', ')} (default: detected)`,
        values: PLATFORMS,
      },
      audience: {
        type: 'string',
        value: 'TEXT',
        description:
          'the audience of the token, as in the configuration of the bridge (default: its address)',
      },
      'token-file': {
        type: 'string',
        value: 'FILE',
        description: 'a file that contains the token',
      },
      'token-env': {
        type: 'string',
        value: 'NAME',
        description: 'the name of a variable that contains the token',
      },
      format: {
        type: 'string',
        value: 'FORMAT',
        description: `${PRINTED_FORMATS.join(', ')} (default: env)`,
        values: PRINTED_FORMATS,
      },
      'github-env': {
        type: 'boolean',
        description: 'set and mask the variables for the next steps of a GitHub Actions job',
      },
      env: {
        type: 'boolean',
        description: 'exec: fixed credentials in the environment; they are not renewed',
      },
      json: JSON_OPTION,
    },
    examples: [
      [
        'rolebridge workload exec prod/Deploy --server https://aws.example.com -- terraform apply',
        'in a job of a pipeline',
      ],
      [
        'eval "$(rolebridge workload prod/Deploy --server https://aws.example.com)"',
        'for the commands that follow',
      ],
      [
        'credential_process = rolebridge workload credential-process partner/Upload --server https://aws.example.com',
        'a line of ~/.aws/config on an instance',
      ],
    ],
    words: 2,
    completes: ACTIONS,
    passesOn: true,
  },
  {
    name: 'mfa',
    load: () => import('./commands/mfa.ts'),
    summary: 'use the keys of an IAM user with an MFA code, without a bridge',
    usage: '[ACTION] --profile NAME [-- COMMAND [ARGUMENT ...]]',
    description: `Gets credentials with the long-term keys of an IAM user and an MFA code.

It works while the bridge or the identity provider is down. The AWS profile names the keys and the
device, as for the AWS CLI. With role_arn it calls AssumeRole, otherwise GetSessionToken.
You type the code at the terminal, or the command in mfa_process prints it. Credentials are cached.

Actions
  login                the default: ask for a code; other actions then need none
  credential-process   print credentials as JSON, for credential_process in ~/.aws/config
  exec                 run the command after -- with the credentials
  console              print a link to the AWS console; it requires a role
  import               move the keys from the AWS files into the system keychain
  forget               remove the keys from the keychain`,
    options: {
      profile: { type: 'string', value: 'NAME', description: 'the profile of the AWS files' },
      serial: {
        type: 'string',
        value: 'ARN',
        description: 'the MFA device (default: mfa_serial of the profile)',
      },
      role: {
        type: 'string',
        value: 'ARN',
        description: 'the role to assume (default: role_arn of the profile)',
      },
      duration: {
        type: 'string',
        value: 'DURATION',
        description: 'how long credentials last (default: 12h, for a role 1h)',
      },
      'mfa-process': {
        type: 'string',
        value: 'COMMAND',
        description: 'a command that prints the code (default: mfa_process of the profile)',
      },
      env: {
        type: 'boolean',
        description: 'exec: fixed credentials in the environment; they are not renewed',
      },
      destination: {
        type: 'string',
        value: 'URL',
        description: 'console: the address of a console page',
      },
      yes: { type: 'boolean', short: 'y', description: 'import, forget: do not ask' },
      minimum: MINIMUM_OPTION,
    },
    examples: [
      ['rolebridge mfa --profile break-glass', 'asks for the code'],
      ['rolebridge mfa exec --profile break-glass -- aws s3 ls', 'one command'],
      [
        'credential_process = rolebridge mfa credential-process --profile break-glass',
        'a line of another profile in ~/.aws/config',
      ],
      ['rolebridge mfa import --profile break-glass', 'once, to prepare'],
    ],
    words: 1,
    completes: MFA_ACTIONS,
    passesOn: true,
    isWithoutBridge: true,
  },
  {
    name: 'configure',
    load: () => import('./commands/configure.ts'),
    summary: 'write a profile for every role into ~/.aws/config',
    usage: '[--search TEXT] [--dry-run] [--yes]',
    description: `Writes a profile for every role into ~/.aws/config.

The profiles are between two comment lines that mark the part of rolebridge; those of roles that you no
longer have are removed. Everything outside that part stays, to the byte. The change is shown first,
and you confirm it.
Every profile names its bridge. The profiles of a named bridge (login --as), and of every bridge but
the first in the file, begin with the name of the bridge.`,
    options: {
      yes: { type: 'boolean', short: 'y', description: 'write without asking' },
      'dry-run': {
        type: 'boolean',
        description: 'print the change and write nothing',
      },
      search: {
        type: 'string',
        value: 'TEXT',
        description: 'only roles whose account or name contains these words',
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
        description: 'profiles for aws sso login, which do not use this program',
      },
      login: {
        type: 'boolean',
        description: 'profiles that open the browser when you are not signed in',
      },
      command: {
        type: 'string',
        value: 'PATH',
        description:
          'full path of the program that profiles run (default: this one, with its Node)',
      },
      remove: { type: 'boolean', description: 'remove the profiles of this bridge' },
      json: { type: 'boolean', description: 'print the result as JSON' },
    },
    examples: [
      ['rolebridge configure', 'then: aws sts get-caller-identity --profile prod-Admin'],
      ['rolebridge configure --yes --search prod', 'in a script, only roles in prod'],
    ],
    words: 0,
  },
  {
    name: 'completion',
    load: () => import('./commands/completion.ts'),
    summary: 'print a completion script for your shell',
    usage: SHELLS.join('|'),
    description:
      'Prints a script that completes commands, options and role names.\n\nRole names come from the last list of roles; the server is not asked.',
    options: {},
    examples: [
      ['eval "$(rolebridge completion bash)"', 'in ~/.bashrc; for zsh in ~/.zshrc, after compinit'],
      ['rolebridge completion fish > ~/.config/fish/completions/rolebridge.fish', 'run once'],
      ['rolebridge completion powershell | Out-String | Invoke-Expression', 'in $PROFILE'],
    ],
    words: 1,
    completes: SHELLS,
  },
];

export function commandNamed(name: string): CommandSpec | undefined {
  return COMMANDS.find(command => command.name === name);
}
