import { nearest } from '../../core/nearest.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { credentialsText, formatNamed } from '../command-line/credentials-text.ts';
import { bridgeChoice } from '../command-line/parse.ts';
import { PRINTED_FORMATS, type ShellFormat } from '../command-line/shell-formats.ts';
import { commandIn, runInRole } from '../exec/run.ts';
import { sayLacking } from '../roles/credentials.ts';
import { type NamedRole, readRoleName } from '../roles/matching.ts';
import { CliError, EXIT } from '../terminal/exit.ts';
import { jsonText, printable } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';
import {
  explainRole,
  type WorkloadClient,
  workloadCredentials,
  workloadRoles,
} from '../workload/calls.ts';
import { writeGithubEnv } from '../workload/github-env.ts';
import { ACTIONS, type Action } from '../workload/names.ts';
import { identityOf } from '../workload/platforms.ts';

export const run: Run = async invocation => {
  const [first = '', second] = invocation.words;
  const action = ACTIONS.find(name => name === first);
  if (action !== undefined) return ACTS[action](invocation, second);
  if (first !== '' && !first.includes('/')) throw unknownAction(first);
  if (second !== undefined) throw unexpected(second);
  return printCredentials(invocation, first);
};

type Act = (invocation: Invocation, word: string | undefined) => Promise<number | undefined>;

const printCredentials: Act = async (invocation, word) => {
  const { options, terminal, env } = invocation;
  const role = roleIn(word);
  const format = formatOf(options);
  const workload = workloadIn(invocation);
  const credentials = await workloadCredentials(workload, role);
  sayLacking(workload.client, credentials);
  if (options['github-env'] === true) terminal.print(writeGithubEnv(env, credentials));
  else terminal.print(credentialsText(format, credentials));
  return undefined;
};

const credentialProcess: Act = async (invocation, word) => {
  const workload = workloadIn(invocation);
  const credentials = await workloadCredentials(workload, roleIn(word));
  sayLacking(workload.client, credentials);
  invocation.terminal.print(credentials.process);
  return undefined;
};

const exec: Act = async (invocation, word) => {
  const { options, passedOn, terminal, env } = invocation;
  const command = commandIn(passedOn, 'rolebridge workload exec prod/Deploy -- terraform apply');
  const role = roleIn(word);
  const workload = workloadIn(invocation);
  const first = await workloadCredentials(workload, role);
  sayLacking(workload.client, first);
  const { directory, bridge } = workload.client;
  return runInRole(
    { command, first, terminal, env, directory, isFixed: options.env === true },
    { fetch: () => workloadCredentials(workload, role), loginCommand: bridge.loginCommand },
  );
};

const listRoles: Act = async (invocation, word) => {
  if (word !== undefined) throw unexpected(word);
  const { options, terminal } = invocation;
  const answer = await workloadRoles(workloadIn(invocation));
  if (options.json === true) {
    terminal.print(jsonText(answer));
    return undefined;
  }
  const { id, subject } = answer.workload;
  terminal.say(terminal.dim(`${id} (${printable(subject)})`));
  if (answer.roles.length === 0) terminal.say('No rule gives a role to this workload.');
  else
    terminal.print(
      table(
        [
          ['ACCOUNT', 'ID', 'ROLE'],
          ...answer.roles.map(({ account, role }) => [account.name, account.id, role]),
        ],
        terminal.columns,
      ),
    );
  return undefined;
};

const explain: Act = async (invocation, word) => {
  const { options, terminal } = invocation;
  const answer = await explainRole(workloadIn(invocation), roleIn(word));
  const code = answer.outcome === 'granted' ? EXIT.done : EXIT.refused;
  if (options.json === true) {
    terminal.print(jsonText(answer));
    return code;
  }
  const { workload, account, role, outcome, steps } = answer;
  const lines = [
    `${account}/${role}: ${outcome}, for ${workload.id} (${workload.subject})`,
    ...steps.map(({ sentence }) => `  ${sentence}`),
    ...(steps.length === 0 ? ['  No rule gives the role to this workload.'] : []),
  ];
  terminal.print(lines.map(line => `${printable(line)}\n`).join(''));
  return code;
};

const ACTS: Readonly<Record<Action, Act>> = {
  credentials: printCredentials,
  'credential-process': credentialProcess,
  exec,
  roles: listRoles,
  explain,
};

/** Throws `usage` where the command line names no bridge. */
function workloadIn({ options, env, client: open }: Invocation): WorkloadClient {
  const { server, bridge } = bridgeChoice(options);
  // A login to another bridge must not change where a job sends its token.
  if (!(server || bridge || env.ROLEBRIDGE_SERVER || env.ROLEBRIDGE_BRIDGE))
    throw new CliError('usage', 'no server was given', {
      lines: ['Give --server https://aws.example.com, or set ROLEBRIDGE_SERVER.'],
    });
  const client = { ...open(), mayLogIn: false };
  const given = textIn(options, 'audience');
  const audience = given ?? client.server.origin;
  const choice = {
    platform: textIn(options, 'platform'),
    tokenFile: textIn(options, 'token-file'),
    tokenEnv: textIn(options, 'token-env'),
  };
  const { caFile } = client.settings;
  const surroundings = { env, audience, isAudienceGiven: given !== undefined, caFile };
  return { client, audience, identity: () => identityOf(choice, surroundings) };
}

/** Throws `usage` for an empty value. */
function textIn(options: Invocation['options'], name: string): string | undefined {
  const value = options[name];
  if (value === '') throw new CliError('usage', `--${name} is empty`);
  return typeof value === 'string' ? value : undefined;
}

/** Throws `usage`. */
function roleIn(word: string | undefined): NamedRole {
  const role = readRoleName(word ?? '');
  if (role !== undefined) return role;
  throw new CliError('usage', word ? `"${word}" is not a role name` : 'no role was given', {
    lines: [
      'Write ACCOUNT/ROLE, for example prod/Deploy. List the roles: rolebridge workload roles',
    ],
  });
}

/** Throws `usage`. */
function formatOf(options: Invocation['options']): ShellFormat {
  if (options.json === true) return 'json';
  return formatNamed(textIn(options, 'format') ?? 'env', PRINTED_FORMATS);
}

function unknownAction(word: string): CliError {
  const near = nearest(word, ACTIONS);
  return new CliError('usage', `"${word}" is neither an action nor a role name`, {
    lines: [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      'See: rolebridge workload --help',
    ],
  });
}

function unexpected(word: string): CliError {
  return new CliError('usage', `unexpected argument ${JSON.stringify(word)}`, {
    lines: ['See: rolebridge workload --help'],
  });
}
