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
import { editFile, type Rewriting, readText, rewritten } from '../aws/config-file.ts';
import { profileWarnings, readingFaults } from '../aws/file-check.ts';
import { type OwnCommand, ownCommand } from '../aws/own-command.ts';
import { awsFile } from '../aws/paths.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { nameOf, type Role, rolesOf } from '../roles/list.ts';
import { exactly, speaksOf } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';
import type { Terminal } from '../terminal/terminal.ts';

const PROFILE_NAME = /^[\w+=,.@-]{1,128}$/;
/** Of servers that name none. */
const DEFAULT_SSO_REGION = 'us-east-1';

export const run: Run = async invocation => {
  const change = await plannedChange(invocation, invocation.client());
  if (invocation.options['dry-run'] === true) show(invocation, change);
  else await write(invocation, change);
  return undefined;
};

/** The file as it is, and as it would be. */
interface Change {
  readonly file: string;
  readonly rewriting: Rewriting;
  readonly before: string;
  readonly after: string;
  /** The difference, for people. */
  readonly patch: string;
  /** Names of the profiles that are written. */
  readonly written: readonly string[];
  /** Paths in the profiles that an update of Node or rolebridge removes. */
  readonly passing: readonly string[];
  readonly conflicts: readonly string[];
  readonly moved: readonly string[];
  readonly takenOver: readonly string[];
}

async function plannedChange(invocation: Invocation, client: Client): Promise<Change> {
  const { options, env } = invocation;
  const file = awsFile(env, 'config');
  const own = ownCommand(env, {
    server: client.server.origin,
    options: options.login === true ? ' --login' : '',
    program: typeof options.command === 'string' ? options.command : undefined,
  });
  const sections = options.remove === true ? [] : await sectionsFor(client, invocation, own);
  const rewriting = { owner: client.server.origin, sections };
  const before = readText(file);
  const { text: after, ...outcome } = rewritten(before, rewriting);
  const isWritten = ({ name, isShared }: ConfigSection): boolean =>
    !isShared && !outcome.conflicts.includes(name);
  return {
    file,
    rewriting,
    before,
    after,
    patch: patchOf(file, before, after),
    written: sections.filter(isWritten).map(({ name }) => name),
    passing: options.sso === true ? [] : own.passing,
    ...outcome,
  };
}

/** Files are handled as Latin-1, and shown as the UTF-8 that they are in. */
function patchOf(file: string, before: string, after: string): string {
  if (before === after) return '';
  return createTwoFilesPatch(file, file, inUtf8(before), inUtf8(after), undefined, undefined, {
    context: 2,
  }).replace(/^Index: .*\n=+\n/, '');
}

function show({ options, env, terminal }: Invocation, change: Change): void {
  const warnings = options.remove === true ? [] : profileWarnings(env, change, change.after);
  terminal.print(options.json === true ? jsonOf(change, warnings) : change.patch);
  sayMoved(terminal, change.moved);
  sayConflicts(terminal, change);
  for (const warning of warnings) terminal.warn(`${warning}.`);
}

/** Throws `interrupted` when the user does not confirm. */
async function write(invocation: Invocation, change: Change): Promise<void> {
  const { options, env, terminal } = invocation;
  if (change.before !== change.after) {
    terminal.say(coloured(change.patch, terminal));
    sayMoved(terminal, change.moved);
    if (options.yes !== true) await confirmed(terminal);
    editFile(change.file, text => rewritten(text, change.rewriting).text);
  }
  const faults = options.remove === true ? [] : readingFaults(env, ['config', 'credentials']);
  const warnings = options.remove === true ? [] : [...faults, ...profileWarnings(env, change)];
  if (options.json === true) terminal.print(jsonOf(change, warnings));
  terminal.say(outcomeOf(change, options, faults));
  if (change.takenOver.length > 0)
    terminal.say(
      `Moved ${change.takenOver.length} identical sections into the part that rolebridge manages.`,
    );
  sayConflicts(terminal, change);
  for (const warning of warnings) terminal.warn(`${warning}.`);
  if (options.remove !== true && faults.length === 0) sayTry(terminal, options, change);
}

function jsonOf(change: Change, warnings: readonly string[]): string {
  const { file, before, after, written, conflicts, moved, takenOver } = change;
  const changed = before !== after;
  return jsonText({ file, changed, profiles: written, conflicts, moved, takenOver, warnings });
}

function outcomeOf(
  { file, before, after, written }: Change,
  options: Invocation['options'],
  faults: readonly string[],
): string {
  if (faults.length > 0)
    return `${written.length} profiles are in ${file}, but AWS tools do not see them.`;
  if (before === after) return `${file} is up to date.`;
  return options.remove === true
    ? `Removed our profiles from ${file}.`
    : `Wrote ${written.length} profiles to ${file}.`;
}

function sayTry(terminal: Terminal, options: Invocation['options'], { written }: Change): void {
  const [first] = written;
  const command = options.sso === true ? 'sso login' : 'sts get-caller-identity';
  if (first !== undefined) terminal.say(`Try one: aws ${command} --profile ${first}`);
}

async function sectionsFor(
  client: Client,
  { options, env }: Invocation,
  own: OwnCommand,
): Promise<readonly ConfigSection[]> {
  const all = (await rolesOf(client, { fresh: true })).filter(
    ({ usable, missing }) => usable || missing.length > 0,
  );
  const roles = rolesMatching(all, options.search);
  const prefix = namePrefix(client, readText(awsFile(env, 'config')), all);
  const names = namesOf(roles, all, withBridge(client, options, prefix));
  const ssoRegion = options.sso === true ? await ssoRegionOf(client) : DEFAULT_SSO_REGION;
  const sectionsOf = (of: readonly ConfiguredRole[]) =>
    awsConfig(options.sso === true ? 'sso-session' : 'credential-process', {
      baseUrl: client.server.origin,
      ssoRegion,
      roles: of,
      profileName: role => names.get(role) ?? 'default',
      command: own.commandFor,
    });
  const sections = sectionsOf(roles);
  if (typeof options.default !== 'string') return sections;
  const role = defaultRole(all, options.default);
  return [...sections, { ...sectionsOf([role]).at(-1)!, name: 'default', header: '[default]' }];
}

/** Throws `refused` for no role, `failed` for one that cannot be written. */
function rolesMatching(
  all: readonly Role[],
  search: Invocation['options'][string],
): readonly Role[] {
  const roles = all.filter(role => speaksOf(role, typeof search === 'string' ? [search] : []));
  if (roles.length === 0)
    throw new CliError(
      'refused',
      typeof search === 'string' ? 'none of your roles matches the search' : 'you have no role',
      { lines: ['Nothing was changed. To remove the profiles of this bridge: --remove'] },
    );
  const odd = roles.find(role => !isPlain(role));
  if (odd !== undefined) throw unwritable(`a role: ${JSON.stringify(nameOf(odd))}`);
  return roles;
}

/** Throws `refused` for a role that the user does not have. */
function defaultRole(all: readonly Role[], written: string): Role {
  const role = exactly(all, written);
  if (role !== undefined) return role;
  throw new CliError('refused', `you have no role ${written}`, {
    lines: ['--default takes ACCOUNT/ROLE, for example prod/Admin.'],
  });
}

function unwritable(what: string): CliError {
  return new CliError(
    'failed',
    `the server sent a name that cannot be written to ~/.aws/config, of ${what}`,
    { lines: ['Nothing was changed. Contact the administrators of the bridge.'] },
  );
}

/** The options with the default prefix; a template gives the whole name instead. */
function withBridge(
  client: Client,
  options: Invocation['options'],
  prefix: string,
): Invocation['options'] {
  const template = options['profile-name'];
  if (typeof template !== 'string') return { prefix, ...options };
  return { ...options, 'profile-name': template.replaceAll('{bridge}', bridgeOf(client).name) };
}

/** Throws `usage` for an invalid name, and for two roles with one name. */
function namesOf(
  roles: readonly Role[],
  all: readonly Role[],
  options: Invocation['options'],
): ReadonlyMap<ConfiguredRole, string> {
  const template = options['profile-name'];
  const prefix = typeof options.prefix === 'string' ? options.prefix : '';
  // Unique among all roles, so that a search does not change a name.
  const unique = profileNames(all);
  const holders = new Map<string, string>();
  if (typeof options.default === 'string') holders.set('default', '--default');
  return new Map(
    roles.map(role => {
      const name =
        prefix + (typeof template === 'string' ? profileName(template, role) : unique.get(role)!);
      if (!PROFILE_NAME.test(name)) {
        throw new CliError('usage', `${JSON.stringify(name)} is not a valid profile name`, {
          lines: ['A name consists of up to 128 letters, digits and _+=,.@-'],
        });
      }
      const holder = holders.get(name);
      if (holder !== undefined) {
        throw new CliError(
          'usage',
          `${holder} and ${nameOf(role)} would have the same profile name, ${name}`,
          {
            lines: [
              'Nothing was changed. Use {account} and {role} in --profile-name, or leave the option out.',
            ],
          },
        );
      }
      holders.set(name, nameOf(role));
      return [role, name];
    }),
  );
}

async function ssoRegionOf({ terminal, server }: Client): Promise<string> {
  const { identity_center_region: region = DEFAULT_SSO_REGION } = await terminal.progress(
    `Asking ${server.origin}`,
    () => server.metadata(),
  );
  if (typeof region === 'string' && isPlainRegion(region)) return region;
  throw unwritable(`a region: ${JSON.stringify(region)}`);
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
    throw new CliError('usage', 'no terminal to confirm the change, so nothing was written', {
      lines: ['--yes writes without asking; --dry-run only shows the change.'],
    });
  const { confirm } = await import('../terminal/prompts.ts');
  if (!(await confirm(terminal, { message: 'Write this?', initial: true })))
    throw new CliError('interrupted', 'nothing was changed');
}

function sayConflicts(terminal: Terminal, { file, conflicts }: Change): void {
  if (conflicts.length === 0) return;
  terminal.warn(
    `not written, because ${file} has these profiles already: ${conflicts.join(', ')}.`,
  );
  terminal.say(
    'The AWS CLI rejects a file that has a section twice. Rename yours, or use --prefix or --profile-name.',
  );
}

function sayMoved(terminal: Terminal, names: readonly string[]): void {
  const unasked = names.filter(name => name !== 'default');
  if (unasked.length > 0)
    terminal.warn(`these profiles now use another role than before: ${unasked.join(', ')}.`);
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
