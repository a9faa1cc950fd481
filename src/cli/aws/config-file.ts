/**
 * Our part of the files of the AWS tools: sections between two marks; everything else stays, to the
 * byte.
 *
 * Text is handled as Latin-1, which keeps every byte, whatever the encoding of the user's comments.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigSection } from '../../core/aws-config.ts';
import { CliError } from '../terminal/exit.ts';
import { makeDirectory, readIfThere, replaceFile, targetOf } from '../warm/private-files.ts';

export interface Rewriting {
  /** The server whose part it is; other parts stay. */
  readonly owner: string;
  /** Without sections, the part is removed. */
  readonly sections: readonly ConfigSection[];
}

export interface Rewritten {
  readonly text: string;
  /**
   * Names of profiles that the user has outside of our part: not written, because the AWS CLI
   * rejects a file that has a section twice.
   */
  readonly conflicts: readonly string[];
  /** Names of profiles of our part that were another role before: the user must be told. */
  readonly moved: readonly string[];
  /** Names of identical sections that were outside of our part and are now in it. */
  readonly takenOver: readonly string[];
}

const BEGIN = '# rolebridge: begin ';
const END = '# rolebridge: end ';
const HANDS_OFF = ' (written by "rolebridge configure"; what is between these lines is replaced)';
/** The file had no line break at its end, and gets that back when our part is removed. */
const JOINED = ' +';

/**
 * The text with our part replaced. Throws `local` when our marks were changed (the message names
 * the line), and when a section that our profiles need is there with other lines.
 */
export function rewritten(text: string, { owner, sections: wanted }: Rewriting): Rewritten {
  const part = partOf(text, owner);
  const sections = wanted.map(inBytes);
  const { before, after, takenOver } = withoutSame(part, sections);
  const others = sectionsIn(before + after);
  requireNoClash(sections, others);
  const conflicts = sections
    .filter(({ name, isShared }) => !isShared && others.has(name))
    .map(({ name }) => name);
  const own = sections.filter(({ name }) => !others.has(name));
  const former = sectionsIn(part.own);
  const moved = own
    .filter(({ name, lines }) => isAnotherRole(former.get(name) ?? [], lines))
    .map(({ name }) => name);
  const outcome = { conflicts, moved, takenOver };
  if (own.length === 0) return { text: before + after, ...outcome };
  const isJoined = part.joined || (before !== '' && !/[\r\n]$/.test(before));
  const lineBreak = /\r\n/.test(text) ? '\r\n' : '\n';
  const written = linesOf(owner, own, isJoined ? JOINED : '').map(line => line + lineBreak);
  return {
    text: `${before}${isJoined ? lineBreak : ''}${written.join('')}${after}`,
    ...outcome,
  };
}

/** Throws `local`. */
function requireNoClash(
  sections: readonly ConfigSection[],
  others: ReadonlyMap<string, readonly string[]>,
): void {
  const clash = sections.find(
    ({ name, lines, isShared }) =>
      isShared && others.has(name) && !isSame(others.get(name)!, lines),
  );
  if (clash === undefined) return;
  throw new CliError(
    'local',
    `${clash.header} is already in the file, outside of our part, with other settings`,
    {
      lines: [
        'Nothing was written: our profiles would use those settings. Remove or rename that section, then try again.',
      ],
    },
  );
}

function linesOf(owner: string, own: readonly ConfigSection[], mark: string): readonly string[] {
  return [
    `${BEGIN}${owner}${mark}${HANDS_OFF}`,
    ...own.flatMap(({ header, lines }) => [header, ...lines, '']),
    `${END}${owner}`,
  ];
}

/** UTF-8 in the letters of Latin-1, as the rest of the text is. */
function inBytes(section: ConfigSection): ConfigSection {
  const bytes = (line: string): string => Buffer.from(line, 'utf8').toString('latin1');
  return { ...section, header: bytes(section.header), lines: section.lines.map(bytes) };
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
  let begin:
    | { readonly line: number; readonly at: number; readonly end: number; readonly joined: boolean }
    | undefined;
  let found: Part | undefined;
  for (const [index, line] of text.split(LINE).entries()) {
    const content = line.replace(/[\r\n]+$/, '');
    const marksBegin = isMark(content, BEGIN, owner);
    if (marksBegin) {
      if (begin !== undefined) throw broken(owner, index + 1, 'begins again before it has ended');
      if (found !== undefined) throw broken(owner, index + 1, 'begins a second time');
      begin = {
        line: index + 1,
        at: offset,
        end: offset + line.length,
        joined: content.startsWith(BEGIN + owner + JOINED),
      };
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
    lines: [
      'Nothing was written. Restore the lines that start with "# rolebridge:", or remove both and everything between them.',
    ],
  });
}

/** The names of the sections in each part that rolebridge wrote, by its server. */
export function sectionsByOwner(text: string): ReadonlyMap<string, readonly string[]> {
  const owners = [...text.matchAll(/^# rolebridge: begin (\S+)/gm)].map(([, owner]) => owner!);
  return new Map(owners.map(owner => [owner, [...sectionsIn(partOf(text, owner).own).keys()]]));
}

/** The last bracket of the line ends a header, for Python. */
const HEADER = /^[ \t]*\[(.+)\]/;
/** A lone CR ends a line for Python. */
const LINE_END = /\r\n|\r|\n/;
/** Between lines, each with its end. */
const LINE = /(?<=\n|\r(?!\n))/;
const EMPTY_OR_COMMENT = /^\s*(?:[#;].*)?$/;

/**
 * The name of the section that begins in this line, as botocore reads it: `[profile "a b"]` and
 * `[profile a]`, `[default]`, and names without the word in the credentials file.
 */
function nameIn(line: string): string | undefined {
  const name = HEADER.exec(line)?.[1]
    ?.trim()
    .replace(/^profile[ \t]+/, '');
  return name?.replace(/^["'](.*)["']$/, '$1');
}

/** The sections and their lines. */
function sectionsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split(LINE_END)) {
    const name = nameIn(line);
    if (name !== undefined) {
      lines = [...(found.get(name) ?? [])];
      found.set(name, lines);
    } else if (!EMPTY_OR_COMMENT.test(line)) lines.push(line);
  }
  return found;
}

/**
 * What stands around our part, without the sections in it that say what ours say: they were pasted
 * from the page of the bridge. A section that others go by stays as long as one of those does.
 * Comments stay.
 */
function withoutSame(
  part: Part,
  sections: readonly ConfigSection[],
): Pick<Part, 'before' | 'after'> & Pick<Rewritten, 'takenOver'> {
  const { before, after } = part;
  const others = sectionsIn(before + after);
  const isTheSame = ({ name, lines }: ConfigSection): boolean =>
    others.has(name) && saysTheSame(others.get(name)!, lines);
  const profiles = sections
    .filter(section => section.isShared === undefined && isTheSame(section))
    .map(({ name }) => name);
  const isUsed = (shared: string): boolean =>
    [...others].some(
      ([name, lines]) =>
        !profiles.includes(name) && lines.some(line => /=\s*(\S+)\s*$/.exec(line)?.[1] === shared),
    );
  const shared = sections
    .filter(
      section =>
        section.isShared && isTheSame(section) && !isUsed(section.name.replace(/^\S+\s+/, '')),
    )
    .map(({ name }) => name);
  const takenOver = [...shared, ...profiles];
  if (takenOver.length === 0) return { before, after, takenOver };
  const without = (text: string): string => {
    let isGoing = false;
    return text
      .split(LINE)
      .filter(line => {
        const content = line.replace(/[\r\n]+$/, '');
        const name = nameIn(content);
        if (name !== undefined) isGoing = takenOver.includes(name);
        return !isGoing || /^\s*[#;]/.test(content);
      })
      .join('');
  };
  return { before: without(before), after: without(after), takenOver };
}

/** Blanks around names and values say nothing. */
function isSame(one: readonly string[], other: readonly string[]): boolean {
  return plain(one).join('\n') === plain(other).join('\n');
}

function plain(lines: readonly string[]): readonly string[] {
  return lines.map(line => line.trim().replace(/\s*=\s*/, ' = '));
}

/** `[how it is called] credential-process prod/Admin [options]` */
const COMMAND =
  /^credential_process = (?:.*[\s/\\"'])?rolebridge(?:\.cmd|\.exe)?["']? credential-process (\S+)((?: --\S+(?: [^-\s]\S*)?)*)$/;
const OWN_COMMAND =
  /^credential_process = .* credential-process (\S+)((?: --\S+(?: [^-\s]\S*)?)*)$/;

/**
 * In any order, and however the client was called: the page of the bridge writes its name alone,
 * and no options.
 */
function saysTheSame(theirs: readonly string[], ours: readonly string[]): boolean {
  const [one, other] = [plain(theirs), plain(ours)];
  if (one.length !== other.length) return false;
  return other.every(line => {
    if (one.includes(line)) return true;
    const own = OWN_COMMAND.exec(line);
    return (
      own !== null &&
      one.some(their => {
        const [, role, options] = COMMAND.exec(their) ?? [];
        return role === own[1] && (options === '' || options === own[2]);
      })
    );
  });
}

/** What says which role a profile is, in each dialect. */
const ROLE_LINES = /^(?:sso_account_id|sso_role_name)\s*=.*$|(?<=\scredential-process\s)\S+/gm;

/** False where the two say it in different dialects. */
function isAnotherRole(one: readonly string[], other: readonly string[]): boolean {
  const roleIn = (lines: readonly string[]): readonly string[] =>
    lines.join('\n').match(ROLE_LINES) ?? [];
  const [was, is] = [roleIn(one), roleIn(other)];
  return was.length > 0 && was.length === is.length && !isSame(was, is);
}

// ---------------------------------------------------------------- the file

const ROUNDS = 5;

/** The file's text; empty when there is none. Throws PathFault. */
export function readText(file: string): string {
  return readIfThere(file)?.toString('latin1') ?? '';
}

/**
 * Changes a file in one step. A symbolic link stays one, mode and owner stay, and what another
 * program writes meanwhile is not lost: then the change is made again. Throws what `change` throws,
 * PathFault, and what Node throws.
 */
export function editFile(file: string, change: (text: string) => string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const text = readText(file);
    const next = change(text);
    if (next === text) return;
    const target = targetOf(file);
    makeDirectory(dirname(target));
    const mode = (statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
    const content = Buffer.from(next, 'latin1');
    if (replaceFile(target, { content, mode, stillWanted: () => readText(target) === text }))
      return;
  }
  throw new CliError('local', `another program keeps changing ${file}`, {
    lines: ['Nothing was written. Try again.'],
  });
}
