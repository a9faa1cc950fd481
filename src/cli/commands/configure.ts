import { createTwoFilesPatch } from 'diff';
import { awsConfig, type ConfigSection, type ConfiguredRole, inProfileName, isPlain, isPlainRegion } from '../../core/aws-config.ts';
import { awsFile, editFile, readText, rewritten } from '../aws-config-file.ts';
import type { Client } from '../client.ts';
import type { Invocation, Run } from '../command.ts';
import { CliError } from '../exit.ts';
import { ownCommand } from '../own-command.ts';
import { nameOf, rolesOf } from '../role-list.ts';
import { exactly } from '../role-matching.ts';
import type { Terminal } from '../terminal.ts';
import { speaksOf } from './roles.ts';

const SECTION_NAME = /^(?:(?:sso-session|services) )?[\w+=,.@-]{1,128}$/;
/** Of servers that name none. */
const USUAL_SSO_REGION = 'us-east-1';

export const run: Run = async invocation => {
  const { options, client: open, terminal, env } = invocation;
  const client = open();
  const file = awsFile(env, 'config');
  const wanted = options.remove === true ? { sections: [], unusable: [] } : await sectionsFor(client, invocation);
  const rewriting = { owner: client.server.origin, sections: wanted.sections };
  const before = readText(file);
  const { text: after, conflicts } = rewritten(before, rewriting);
  const written = wanted.sections.filter(({ name, header }) => isProfile(header) && !conflicts.includes(name)).map(({ name }) => name);
  const patch =
    before === after
      ? ''
      : createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 2 }).replace(/^Index: .*\n=+\n/, '');

  if (options['dry-run'] === true) {
    terminal.print(options.json === true ? asJson({ file, written, conflicts, changed: before !== after }) : patch);
    sayConflicts(terminal, file, [...conflicts, ...wanted.unusable]);
    return;
  }
  if (before !== after) {
    terminal.say(coloured(patch, terminal));
    if (options.yes !== true) await confirmed(terminal);
    editFile(file, text => rewritten(text, rewriting).text);
  }
  if (options.json === true) terminal.print(asJson({ file, written, conflicts, changed: before !== after }));
  terminal.say(
    before === after
      ? `${file} is up to date.`
      : options.remove === true
        ? `Took our profiles out of ${file}.`
        : `Wrote ${written.length} profiles to ${file}.`,
  );
  sayConflicts(terminal, file, [...conflicts, ...wanted.unusable]);
  if (options.remove !== true && written[0] !== undefined)
    terminal.say(`Try one: aws ${options.sso === true ? 'sso login' : 'sts get-caller-identity'} --profile ${written[0]}`);
};

function isProfile(header: string): boolean {
  return header === '[default]' || header.startsWith('[profile ');
}

async function sectionsFor(
  client: Client,
  { options, env }: Invocation,
): Promise<{ readonly sections: readonly ConfigSection[]; readonly unusable: readonly string[] }> {
  const all = (await rolesOf(client, { fresh: true })).filter(({ usable, missing }) => usable || missing.length > 0);
  const search = typeof options.search === 'string' ? [options.search] : [];
  const roles = all.filter(role => speaksOf(role, search));
  if (roles.length === 0)
    throw new CliError('refused', search.length > 0 ? 'no role of yours matches the search' : 'you have no role', {
      lines: ['Nothing was changed. --remove takes our profiles away.'],
    });
  const odd = roles.find(role => !isPlain(role));
  if (odd !== undefined)
    throw new CliError('failed', `the server named a role in a way that cannot stand in ~/.aws/config: ${JSON.stringify(nameOf(odd))}`, {
      lines: ['Nothing was changed. Tell the people who run the bridge.'],
    });
  const ssoRegion = options.sso === true ? await ssoRegionOf(client) : USUAL_SSO_REGION;
  const template = options['profile-name'];
  const write = (of: readonly ConfiguredRole[]) =>
    awsConfig(options.sso === true ? 'sso-session' : 'credential-process', {
      baseUrl: client.server.origin,
      ssoRegion,
      roles: of,
      prefix: typeof options.prefix === 'string' ? options.prefix : undefined,
      profileName: typeof template === 'string' ? role => profileName(template, role) : undefined,
      command: ownCommand(env, options.login === true),
    });
  const sections = new Map<string, ConfigSection>();
  const unusable: string[] = [];
  for (const section of write(roles)) {
    if (!SECTION_NAME.test(section.name)) {
      throw new CliError('usage', `${JSON.stringify(section.name)} cannot be the name of a profile`, {
        lines: ['Names take letters, digits and _+=,.@-'],
      });
    }
    if (sections.has(section.name)) unusable.push(section.name);
    else sections.set(section.name, section);
  }
  if (typeof options.default === 'string') {
    const role = exactly(all, options.default);
    if (role === undefined)
      throw new CliError('refused', `you have no role ${options.default}`, { lines: ['--default takes ACCOUNT/ROLE, as in prod/Admin.'] });
    sections.set('default', { ...write([role]).at(-1)!, name: 'default', header: '[default]' });
  }
  return { sections: [...sections.values()], unusable };
}

async function ssoRegionOf({ terminal, server }: Client): Promise<string> {
  const { identity_center_region: region = USUAL_SSO_REGION } = await terminal.progress(`Asking ${server.origin}`, () => server.metadata());
  if (isPlainRegion(region)) return region;
  throw new CliError('failed', `the server named a region in a way that cannot stand in ~/.aws/config: ${JSON.stringify(region)}`, {
    lines: ['Nothing was changed. Tell the people who run the bridge.'],
  });
}

function profileName(template: string, { account, role }: ConfiguredRole): string {
  const parts: Readonly<Record<string, string>> = { account: account.name, id: account.id, role: inProfileName(role) };
  return template.replace(/\{(\w+)\}/g, (whole, part: string) => parts[part] ?? whole);
}

async function confirmed(terminal: Terminal): Promise<void> {
  if (!terminal.isInteractive)
    throw new CliError('usage', 'nobody can be asked here, so nothing was written', {
      lines: ['--yes writes without asking, --dry-run only shows the change.'],
    });
  const { confirm } = await import('../prompts.ts');
  if (!(await confirm(terminal, { message: 'Write this?', initial: true }))) throw new CliError('interrupted', 'nothing was changed');
}

function sayConflicts(terminal: Terminal, file: string, names: readonly string[]): void {
  if (names.length === 0) return;
  terminal.warn(`not written, because a profile is called the same: ${names.join(', ')}.`);
  terminal.say(`A section that is there twice breaks the AWS CLI. Rename yours in ${file}, or take --prefix or --profile-name.`);
}

function coloured(patch: string, terminal: Terminal): string {
  return patch
    .split('\n')
    .map(line => (/^[+-]/.test(line) ? terminal.bold(line) : terminal.dim(line)))
    .join('\n');
}

function asJson(done: {
  readonly file: string;
  readonly written: readonly string[];
  readonly conflicts: readonly string[];
  readonly changed: boolean;
}): string {
  return `${JSON.stringify({ file: done.file, changed: done.changed, profiles: done.written, conflicts: done.conflicts }, null, 2)}\n`;
}
