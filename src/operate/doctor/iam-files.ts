/**
 * `--iam FILE`: what the AWS CLI printed about IAM, as the state of each account.
 *
 * Owns: files and directories, their limits, what a file cannot be. Does not own: which answer it
 * is (core/iam/output.ts).
 */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Finding } from '../../core/finding.ts';
import type { IamOutput, OutputProblem } from '../../core/iam/output.ts';

/** 5,000 roles with their policies have about half of it. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_FILES = 5_000;
/** A policy is ten deep. */
const MOST_DEPTH = 64;

export interface IamFiles {
  readonly outputs: readonly IamOutput[];
  /** Files that cannot be read. */
  readonly findings: readonly Finding[];
}

export async function readIamFiles(
  paths: readonly string[],
  progress: (step: string) => void,
): Promise<IamFiles> {
  const findings: Finding[] = [];
  const outputs: IamOutput[] = [];
  const attempt = async (path: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      findings.push(unreadable(path, error));
    }
  };
  for (const given of paths)
    await attempt(given, async () => {
      for (const path of await filesOf(given)) {
        progress(`reading ${path}`);
        await attempt(path, async () => {
          outputs.push({ name: basename(path), content: await readJson(path) });
        });
      }
    });
  return { outputs, findings };
}

/** Why a file cannot be used, as a sentence about it, and what to do. */
class Unusable extends Error {
  readonly fix: string;

  constructor(why: string, fix: string) {
    super(why);
    this.fix = fix;
  }
}

const SEE_PAGE = 'docs/doctor.md has a script that writes all files for one account.';

function unreadable(path: string, error: unknown): Finding {
  const [why, fix] =
    error instanceof Unusable ? [error.message, error.fix] : [faultOf(error), SEE_PAGE];
  return { id: 'iam.input-unreadable', subject: path, message: `The file ${why}.`, fix };
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read by this user',
  EPERM: 'cannot be read by this user',
  ELOOP: 'is a symbolic link to itself',
  ENAMETOOLONG: 'has a name that is too long',
};

function faultOf(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return FAULTS[code] ?? `cannot be read (${code || 'unknown fault'})`;
}

/** What was wrong with an output that could be read. */
export function outputFinding({ name, kind, why }: OutputProblem): Finding {
  const finding = { subject: name, message: `The file ${why}.` };
  return kind === 'incomplete'
    ? {
        ...finding,
        id: 'iam.input-incomplete',
        fix: 'Write it again without --max-items and --no-paginate. Until then, what it lacks is not known.',
      }
    : { ...finding, id: 'iam.input-ignored', fix: SEE_PAGE };
}

/** The file itself, or the `.json` files of a directory. */
async function filesOf(path: string): Promise<readonly string[]> {
  const kind = await stat(path);
  if (kind.isDirectory()) {
    const names = (await readdir(path)).filter(name => name.toLowerCase().endsWith('.json')).sort();
    if (names.length === 0) throw new Unusable('is a directory without .json files', SEE_PAGE);
    if (names.length > MOST_FILES)
      throw new Unusable(`is a directory of more than ${MOST_FILES} files`, SEE_PAGE);
    return names.map(name => join(path, name));
  }
  if (!kind.isFile()) throw new Unusable('is neither a file nor a directory', SEE_PAGE);
  return [path];
}

async function readJson(path: string): Promise<unknown> {
  const text = textIn(await bytesOf(path));
  if (text.trim() === '')
    throw new Unusable('is empty', 'Look whether the AWS CLI printed an error instead.');
  requireShallow(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new Unusable('is not JSON', 'Run the AWS CLI with --output json.');
  }
}

async function bytesOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size <= MOST_BYTES) {
      const bytes = await file.readFile();
      if (bytes.length <= MOST_BYTES) return bytes;
    }
  } finally {
    await file.close();
  }
  throw new Unusable(
    `is larger than ${MOST_BYTES / 1024 / 1024} MB`,
    'Ask for less: aws iam get-account-authorization-details --filter Role LocalManagedPolicy',
  );
}

/** PowerShell writes UTF-16 with a byte order mark. */
function textIn(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unusable('is no text', SEE_PAGE);
  }
}

function requireShallow(text: string): void {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (isInText) {
      if (character === BACKSLASH) at++;
      else if (character === QUOTE) isInText = false;
    } else if (character === QUOTE) isInText = true;
    else if (OPENING.has(character)) depth++;
    else if (CLOSING.has(character)) depth--;
    if (depth > MOST_DEPTH)
      throw new Unusable(`is nested more than ${MOST_DEPTH} levels deep`, SEE_PAGE);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
