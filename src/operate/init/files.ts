/** The files that `init` makes; it never replaces one. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Throws an Error if there is such a file, or anything else of this name. */
export async function requireAbsent(file: string): Promise<void> {
  if (await isThere(file)) throw exists(file);
}

export async function isThere(file: string): Promise<boolean> {
  const found = await lstat(file).catch((thrown: unknown) => {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw cannot(file, thrown);
  });
  return found !== undefined;
}

/**
 * Writes a new file that every user may read, whole or not at all. Throws an Error if a file is
 * there already, also if another process was faster.
 */
export async function writeNew(file: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const handle = await open(file, flags, 0o644).catch((thrown: unknown) => {
    throw codeOf(thrown) === 'EEXIST' ? exists(file) : cannot(file, thrown);
  });
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (thrown) {
    await unlink(file).catch(() => undefined);
    throw cannot(file, thrown);
  } finally {
    await handle.close();
  }
}

/** Creates the directory of a file (mode 0700); one that is there stays as it is. */
export async function directoryFor(file: string): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((thrown: unknown) => {
    throw cannot(directory, thrown);
  });
}

function exists(file: string): Error {
  return new Error(`${file} exists already, and was not changed. Name another file.`);
}

function cannot(path: string, thrown: unknown): Error {
  return new Error(`${path} cannot be created (${codeOf(thrown)}). Check the directory's owner.`);
}

function codeOf(thrown: unknown): string {
  return String((thrown as { code?: unknown } | undefined)?.code ?? 'unknown error');
}
