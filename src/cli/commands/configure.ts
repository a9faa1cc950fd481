import { createTwoFilesPatch } from 'diff';
import {
  awsConfig,
  type ConfigSection,
  type ConfiguredRole,
  inProfileName,
  isPlain,
  isPlainRegion,
  profileNames,
} from '../../core/aws-config.ts';
import { bridgeOf, namePrefix } from '../aws/bridge-profiles.ts';
import { awsFile, editFile, readText, rewritten } from '../aws/config-file.ts';
import {
  hasIdentityForAll,
  parseFault,
  pathWarnings,
  profilesWithIdentity,
  readingFaults,
  winningOverDefault,
} from '../aws/file-check.ts';
import { type OwnCommand, ownCommand } from '../aws/own-command.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { nameOf, type Role, rolesOf } from '../roles/list.ts';
import { exactly, speaksOf } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';
import type { Terminal } from '../terminal/terminal.ts';

const PROFILE_NAME = /^[\w+=,.@-]{1,128}$/;
/** Of servers that name none. */
const USUAL_SSO_REGION = 'us-east-1';

export const run: Run = async invocation => {
  const { options, client: open, terminal, env } = invocation;
  const client = open();
  const file = awsFile(env, 'config');
  const own = ownCommand(env, {
    server: client.server.origin,
    options: options.login === true ? ' --login' : '',
    program: typeof options.command === 'string' ? options.command : undefined,
  });
  const sections = options.remove === true ? [] : await sectionsFor(client, invocation, own);
  const passing = options.sso === true ? [] : own.passing;
  const rewriting = { owner: client.server.origin, sections };
  const before = readText(file);
  const { text: after, conflicts, moved, takenOver } = rewritten(before, rewriting);
  const written = sections
    .filter(({ name, isShared }) => !isShared && !conflicts.includes(name))
    .map(({ name }) => name);
  // Files are handled as Latin-1, and shown as what they are in.
  const patch =
    before === after
      ? ''
      : createTwoFilesPatch(file, file, inUtf8(before), inUtf8(after), undefined, undefined, {
          context: 2,
        }).replace(/^Index: .*\n=+\n/, '');
  const done = { file, changed: before !== after, profiles: written, conflicts, moved, takenOver };

  if (options['dry-run'] === true) {
    const warnings = options.remove === true ? [] : warningsFor({ env, written, passing, after });
    terminal.print(options.json === true ? jsonText({ ...done, warnings }) : patch);
    sayMoved(terminal, moved);
    sayConflicts(terminal, file, conflicts);
    for (const warning of warnings) terminal.warn(`${warning}.`);
    return;
  }
  if (before !== after) {
    terminal.say(coloured(patch, terminal));
    sayMoved(terminal, moved);
    if (options.yes !== true) await confirmed(terminal);
    editFile(file, text => rewritten(text, rewriting).text);
  }
  const faults = options.remove === true ? [] : readingFaults(env, ['config', 'credentials']);
  const warnings =
    options.remove === true ? [] : [...faults, ...warningsFor({ env, written, passing })];
  if (options.json === true) terminal.print(jsonText({ ...done, warnings }));
  if (faults.length > 0)
    terminal.say(`${written.length} profiles are in ${file}, but AWS tools do not see them.`);
  else if (before === after) terminal.say(`${file} is up to date.`);
  else
    terminal.say(
      options.remove === true
        ? `Removed our profiles from ${file}.`
        : `Wrote ${written.length} profiles to ${file}.`,
    );
  if (takenOver.length > 0)
    terminal.say(
      `Moved ${takenOver.length} identical sections into the part that rolebridge manages.`,
    );
  sayConflicts(terminal, file, conflicts);
  for (const warning of warnings) terminal.warn(`${warning}.`);
  if (options.remove !== true && faults.length === 0 && written[0] !== undefined)
    terminal.say(
      `Try one: aws ${options.sso === true ? 'sso login' : 'sts get-caller-identity'} --profile ${written[0]}`,
    );
};

interface Writing {
  readonly env: Invocation['env'];
  /** Names of the profiles. */
  readonly written: readonly string[];
  /** Paths in the profiles that an update takes away. */
  readonly passing: readonly string[];
  /**
   * What the file would be; where it is left out, the file is that already and its faults are
   * known.
   */
  readonly after?: string;
}

/** Why AWS tools may use something else than what is written, a sentence each. */
function warningsFor({ env, written, passing, after }: Writing): readonly string[] {
  const credentials = awsFile(env, 'credentials');
  const fault = after === undefined ? undefined : parseFault(after);
  const others = profilesWithIdentity(env, 'credentials');
  const shadowed = written.filter(name => others.has(name));
  const unread = written.filter(name => /[=,]/.test(name));
  const variables = written.includes('default') ? winningOverDefault(env) : [];
  return [
    ...(fault === undefined ? [] : [`the AWS CLI cannot read ${awsFile(env, 'config')}: ${fault}`]),
    ...(shadowed.length === 0
      ? []
      : [
          `${credentials} has sections of the same name, and AWS tools use those: ${shadowed.join(', ')}. Remove them there, or use --prefix or --profile-name`,
        ]),
    ...(hasIdentityForAll(env)
      ? [
          `[DEFAULT] in ${awsFile(env, 'config')} counts in every profile for the AWS CLI and boto3, and gives another identity. Move its settings to [default]`,
        ]
      : []),
    ...(variables.length === 0
      ? []
      : [
          `AWS tools do not use [default] here, because of ${variables.join(', ')} in the environment`,
        ]),
    ...(unread.length === 0
      ? []
      : [
          `the AWS SDK for JavaScript does not read profiles with = or , in their names: ${unread.join(', ')}`,
        ]),
    ...(passing.length === 0
      ? []
      : [
          `an update of Node or rolebridge removes paths that the profiles use: ${passing.join(', ')}. Run configure again after it, or name a permanent link or shim: --command PATH`,
        ]),
    ...pathWarnings(env, 'config'),
  ];
}

async function sectionsFor(
  client: Client,
  { options, env }: Invocation,
  own: OwnCommand,
): Promise<readonly ConfigSection[]> {
  const all = (await rolesOf(client, { fresh: true })).filter(
    ({ usable, missing }) => usable || missing.length > 0,
  );
  const search = typeof options.search === 'string' ? [options.search] : [];
  const roles = all.filter(role => speaksOf(role, search));
  if (roles.length === 0)
    throw new CliError(
      'refused',
      search.length > 0 ? 'no role of yours matches the search' : 'you have no role',
      {
        lines: ['Nothing was changed. --remove takes our profiles away.'],
      },
    );
  const odd = roles.find(role => !isPlain(role));
  if (odd !== undefined)
    throw new CliError(
      'failed',
      `the server named a role in a way that cannot stand in ~/.aws/config: ${JSON.stringify(nameOf(odd))}`,
      {
        lines: ['Nothing was changed. Tell the people who run the bridge.'],
      },
    );
  const names = namesOf(
    roles,
    all,
    withBridge(client, options, namePrefix(client, readText(awsFile(env, 'config')), all)),
  );
  const ssoRegion = options.sso === true ? await ssoRegionOf(client) : USUAL_SSO_REGION;
  const write = (of: readonly ConfiguredRole[]) =>
    awsConfig(options.sso === true ? 'sso-session' : 'credential-process', {
      baseUrl: client.server.origin,
      ssoRegion,
      roles: of,
      profileName: role => names.get(role) ?? 'default',
      command: own.commandFor,
    });
  const sections = write(roles);
  if (typeof options.default !== 'string') return sections;
  const role = exactly(all, options.default);
  if (role === undefined)
    throw new CliError('refused', `you have no role ${options.default}`, {
      lines: ['--default takes ACCOUNT/ROLE, as in prod/Admin.'],
    });
  return [...sections, { ...write([role]).at(-1)!, name: 'default', header: '[default]' }];
}

/**
 * How profiles are called unless the person says so; a template says it all, and may take the
 * bridge's name.
 */
function withBridge(
  client: Client,
  options: Invocation['options'],
  prefix: string,
): Invocation['options'] {
  const template = options['profile-name'];
  if (typeof template !== 'string') return { prefix, ...options };
  return { ...options, 'profile-name': template.replaceAll('{bridge}', bridgeOf(client).name) };
}

/** Throws `usage` for a name that cannot be one, and for two roles of one name. */
function namesOf(
  roles: readonly Role[],
  all: readonly Role[],
  options: Invocation['options'],
): ReadonlyMap<ConfiguredRole, string> {
  const template = options['profile-name'];
  const prefix = typeof options.prefix === 'string' ? options.prefix : '';
  // Among all: a role that the search leaves out is there all the same.
  const usual = profileNames(all);
  const holders = new Map<string, string>();
  if (typeof options.default === 'string') holders.set('default', '--default');
  return new Map(
    roles.map(role => {
      const name =
        prefix + (typeof template === 'string' ? profileName(template, role) : usual.get(role)!);
      if (!PROFILE_NAME.test(name)) {
        throw new CliError('usage', `${JSON.stringify(name)} cannot be the name of a profile`, {
          lines: ['Names take letters, digits and _+=,.@-'],
        });
      }
      const holder = holders.get(name);
      if (holder !== undefined) {
        throw new CliError('usage', `${holder} and ${nameOf(role)} would both be called ${name}`, {
          lines: [
            'Nothing was changed. Take {account} and {role} into --profile-name, or leave it out.',
          ],
        });
      }
      holders.set(name, nameOf(role));
      return [role, name];
    }),
  );
}

async function ssoRegionOf({ terminal, server }: Client): Promise<string> {
  const { identity_center_region: region = USUAL_SSO_REGION } = await terminal.progress(
    `Asking ${server.origin}`,
    () => server.metadata(),
  );
  if (typeof region === 'string' && isPlainRegion(region)) return region;
  throw new CliError(
    'failed',
    `the server named a region in a way that cannot stand in ~/.aws/config: ${JSON.stringify(region)}`,
    {
      lines: ['Nothing was changed. Tell the people who run the bridge.'],
    },
  );
}

function profileName(template: string, { account, role }: ConfiguredRole): string {
  const parts: Readonly<Record<string, string>> = {
    account: account.name,
    id: account.id,
    role: inProfileName(role),
  };
  return template.replace(/\{(\w+)\}/g, (whole, part: string) => parts[part] ?? whole);
}

async function confirmed(terminal: Terminal): Promise<void> {
  if (!terminal.isInteractive)
    throw new CliError('usage', 'nobody can be asked here, so nothing was written', {
      lines: ['--yes writes without asking, --dry-run only shows the change.'],
    });
  const { confirm } = await import('../terminal/prompts.ts');
  if (!(await confirm(terminal, { message: 'Write this?', initial: true })))
    throw new CliError('interrupted', 'nothing was changed');
}

function sayConflicts(terminal: Terminal, file: string, names: readonly string[]): void {
  if (names.length === 0) return;
  terminal.warn(`not written, because a profile is called the same: ${names.join(', ')}.`);
  terminal.say(
    `A section that is there twice breaks the AWS CLI. Rename yours in ${file}, or take --prefix or --profile-name.`,
  );
}

function sayMoved(terminal: Terminal, names: readonly string[]): void {
  const unasked = names.filter(name => name !== 'default');
  if (unasked.length > 0)
    terminal.warn(`another role than before under the same name: ${unasked.join(', ')}.`);
}

function inUtf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function coloured(patch: string, terminal: Terminal): string {
  return patch
    .split('\n')
    .map(line => (/^[+-]/.test(line) ? terminal.bold(line) : terminal.dim(line)))
    .join('\n');
}
