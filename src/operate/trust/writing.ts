/**
 * Writes files into a directory: all of them or none, and none over a file that someone else wrote.
 *
 * Each file is written under another name first, so that no reader sees half of one.
 */
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MARK, type PrintedFile } from './account-trust.ts';

/** Where the mark must be: in one of the first lines. */
const HEAD = 300;

export interface Destination {
  readonly directory: string;
  /** Replaces files that this command wrote. */
  readonly replaces: boolean;
}

export interface Written {
  readonly path: string;
  readonly change: 'unchanged' | 'created' | 'replaced';
}

/** Throws an Error that names the file or directory and what to do. */
export async function writeFiles(
  files: readonly PrintedFile[],
  { directory, replaces }: Destination,
): Promise<readonly Written[]> {
  await requireDirectory(directory);
  const planned: { file: PrintedFile; path: string; change: Written['change'] }[] = [];
  for (const file of files) {
    const path = join(directory, file.path);
    planned.push({ file, path, change: await changeOf(file, path, replaces) });
  }
  const changed = planned.filter(({ change }) => change !== 'unchanged');
  await replaceAll(changed.map(({ file, path }) => ({ file, path, draft: draftOf(path) })));
  return planned.map(({ path, change }) => ({ path, change }));
}

async function requireDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(missing);
  if (found !== undefined && !found.isDirectory())
    throw new Error(`--out ${directory} is not a directory. Name a directory, or one to create.`);
}

async function changeOf(
  { text }: PrintedFile,
  path: string,
  replaces: boolean,
): Promise<Written['change']> {
  const before = await readFile(path, 'utf8').catch(missing);
  if (before === undefined) return 'created';
  if (before === text) return 'unchanged';
  if (!before.slice(0, HEAD).includes(MARK))
    throw new Error(
      `${path} exists and was not written by this command. Nothing was written. Move it away, or name another directory.`,
    );
  if (!replaces)
    throw new Error(
      `${path} exists with other content. Nothing was written. Replace it with --force, or name another directory.`,
    );
  return 'replaced';
}

/** Throws what is no missing file. */
function missing(thrown: unknown): undefined {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') return undefined;
  throw thrown;
}

function draftOf(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

interface Draft {
  readonly file: PrintedFile;
  readonly path: string;
  readonly draft: string;
}

async function replaceAll(drafts: readonly Draft[]): Promise<void> {
  try {
    for (const { file, draft } of drafts) {
      await mkdir(dirname(draft), { recursive: true });
      await writeFile(draft, file.text, { flag: 'wx' });
      if (file.isProgram) await chmod(draft, 0o755);
    }
    for (const { draft, path } of drafts) await rename(draft, path);
  } catch (cause) {
    await Promise.all(drafts.map(({ draft }) => rm(draft, { force: true })));
    const { message } = cause as Error;
    throw new Error(`the files could not be written: ${message}`, { cause });
  }
}
