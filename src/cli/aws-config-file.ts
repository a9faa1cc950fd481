/**
 * Our part of the files of the AWS tools: sections between two marks, everything else untouched to the byte.
 *
 * Text is handled as Latin-1, which gives every byte back as it was, whatever encoding somebody's comments are in.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigSection } from '../core/aws-config.ts';
import { CliError } from './exit.ts';
import { readIfThere } from './private-files.ts';

export interface Rewriting {
  /** Whose part it is: the server. Others' parts stay. */
  readonly owner: string;
  /** None takes the part away. */
  readonly sections: readonly ConfigSection[];
}

export interface Rewritten {
  readonly text: string;
  /** Names of profiles that somebody has outside of our part: not written, because the AWS CLI refuses a file that has a section twice. */
  readonly conflicts: readonly string[];
  /** Names of profiles of our part that were there, as another role: whoever uses one must be told. */
  readonly moved: readonly string[];
}

const BEGIN = '# rolebridge: begin ';
const END = '# rolebridge: end ';
const HANDS_OFF = ' (written by "rolebridge configure"; what is between these lines is replaced)';
/** The file had no line break at its end; so it has none again when our part goes. */
const JOINED = ' +';

/** `~/.aws/config` or `~/.aws/credentials`, or what the environment names instead. */
export function awsFile(env: Readonly<Record<string, string | undefined>>, kind: 'config' | 'credentials'): string {
  const named = kind === 'config' ? env.AWS_CONFIG_FILE : env.AWS_SHARED_CREDENTIALS_FILE;
  return named || join(env.HOME || homedir(), '.aws', kind);
}

/**
 * The text with our part as wanted. Throws `local` when the marks are not as we leave them (the message names the line), and when a section
 * that our profiles go by is there with other lines.
 */
export function rewritten(text: string, { owner, sections }: Rewriting): Rewritten {
  const { before, after, joined, own: former } = partOf(text, owner);
  const others = sectionsIn(before + after);
  const clash = sections.find(({ name, lines, isShared }) => isShared && others.has(name) && !isSame(others.get(name)!, lines));
  if (clash !== undefined) {
    throw new CliError('local', `${clash.header} is there already, outside of our part, and says something else`, {
      lines: ['Nothing was written: our profiles would go where it leads. Remove that section, or rename it, then try again.'],
    });
  }
  const conflicts = sections.filter(({ name, isShared }) => !isShared && others.has(name)).map(({ name }) => name);
  const own = sections.filter(({ name }) => !others.has(name));
  const formerly = sectionsIn(former);
  const moved = own.filter(({ name, lines }) => isAnotherRole(formerly.get(name) ?? [], lines)).map(({ name }) => name);
  if (own.length === 0) return { text: before + after, conflicts, moved };

  const lineBreak = /\r\n/.test(text) ? '\r\n' : '\n';
  const isJoined = joined || (before !== '' && !before.endsWith('\n'));
  const lines = [
    `${BEGIN}${owner}${isJoined ? JOINED : ''}${HANDS_OFF}`,
    ...own.flatMap(({ header, lines: written }) => [header, ...written, '']),
    `${END}${owner}`,
  ];
  return { text: `${before}${isJoined ? lineBreak : ''}${lines.map(line => line + lineBreak).join('')}${after}`, conflicts, moved };
}

interface Part {
  readonly before: string;
  /** What lies between the marks. */
  readonly own: string;
  readonly after: string;
  readonly joined: boolean;
}

function partOf(text: string, owner: string): Part {
  let offset = 0;
  let begin: { readonly line: number; readonly at: number; readonly end: number; readonly joined: boolean } | undefined;
  let found: Part | undefined;
  for (const [index, line] of text.split(/(?<=\n)/).entries()) {
    const content = line.replace(/\r?\n$/, '');
    const marksBegin = isMark(content, BEGIN, owner);
    if (marksBegin) {
      if (begin !== undefined) throw broken(owner, index + 1, 'begins again before it has ended');
      if (found !== undefined) throw broken(owner, index + 1, 'begins a second time');
      begin = { line: index + 1, at: offset, end: offset + line.length, joined: content.startsWith(BEGIN + owner + JOINED) };
    } else if (isMark(content, END, owner)) {
      if (begin === undefined) throw broken(owner, index + 1, 'ends without having begun');
      const before = text.slice(0, begin.at);
      found = {
        before: begin.joined ? before.replace(/\r?\n$/, '') : before,
        own: text.slice(begin.end, offset),
        after: text.slice(offset + line.length),
        joined: begin.joined,
      };
      begin = undefined;
    }
    offset += line.length;
  }
  if (begin !== undefined) throw broken(owner, begin.line, 'begins and never ends');
  return found ?? { before: text, own: '', after: '', joined: false };
}

function isMark(line: string, mark: string, owner: string): boolean {
  return line.startsWith(mark + owner) && /^(?:$| )/.test(line.slice(mark.length + owner.length));
}

function broken(owner: string, line: number, what: string): CliError {
  return new CliError('local', `line ${line}: our part (${owner}) ${what}`, {
    lines: ['Nothing was written. Mend the lines that start with "# rolebridge:", or remove both and everything between them.'],
  });
}

/** The names of the sections of every part of ours, by whose part it is. */
export function sectionsByOwner(text: string): ReadonlyMap<string, readonly string[]> {
  const owners = [...text.matchAll(/^# rolebridge: begin (\S+)/gm)].map(([, owner]) => owner!);
  return new Map(owners.map(owner => [owner, [...sectionsIn(partOf(text, owner).own).keys()]]));
}

/** As botocore reads them: `[profile "a b"]` and `[profile a]`, `[default]`, and names without the word in the credentials file. */
const HEADER = /^[ \t]*\[[ \t]*(?:profile[ \t]+)?["']?([^\]"'\r\n]+?)["']?[ \t]*\]/;

/** The sections and their lines. */
function sectionsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const name = HEADER.exec(line)?.[1];
    if (name !== undefined) {
      lines = [];
      found.set(name, lines);
    } else if (!/^\s*(?:[#;].*)?$/.test(line)) lines.push(line);
  }
  return found;
}

/** Blanks around names and values say nothing. */
function isSame(one: readonly string[], other: readonly string[]): boolean {
  const plain = (lines: readonly string[]): string => lines.map(line => line.trim().replace(/\s*=\s*/, ' = ')).join('\n');
  return plain(one) === plain(other);
}

/** What says which role a profile is, in each dialect. */
const ROLE_LINES = /^(?:sso_account_id|sso_role_name)\s*=.*$|(?<=\scredential-process\s)\S+/gm;

/** False where the two say it in different dialects. */
function isAnotherRole(one: readonly string[], other: readonly string[]): boolean {
  const roleIn = (lines: readonly string[]): readonly string[] => lines.join('\n').match(ROLE_LINES) ?? [];
  const [was, is] = [roleIn(one), roleIn(other)];
  return was.length > 0 && was.length === is.length && !isSame(was, is);
}

// ---------------------------------------------------------------- the file

const ROUNDS = 5;

/** The file's text; empty when there is none. */
export function readText(file: string): string {
  return readIfThere(file)?.toString('latin1') ?? '';
}

/**
 * Changes a file in one step. A symbolic link stays one, the mode stays, and what another program writes meanwhile is not lost: then the
 * change is made anew. Throws what `change` throws, and what Node throws.
 */
export function editFile(file: string, change: (text: string) => string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let round = 0; round < ROUNDS; round++) {
    const text = readText(file);
    const next = change(text);
    if (next === text) return;
    if (replaceIfSame(file, text, next)) return;
  }
  throw new CliError('local', `${file} is being changed by another program again and again`, {
    lines: ['Nothing was written. Try again.'],
  });
}

function replaceIfSame(file: string, expected: string, next: string): boolean {
  const place = realPlace(file);
  const mode = modeOf(place) ?? 0o600;
  const draft = `${place}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, next, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
    chmodSync(draft, mode);
    if (readText(place) !== expected) return false;
    renameSync(draft, place);
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Where a link leads; the file itself where there is none yet. */
function realPlace(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function modeOf(file: string): number | undefined {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return undefined;
  }
}
