/**
 * Files that are for their owner alone: directories 0700, files 0600, written whole or not at all.
 *
 * Imports nothing but Node's own modules: it is on the way of every `credential-process`.
 */
import { builtin } from './builtin.ts';

const { randomBytes } = builtin('node:crypto');
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = builtin('node:fs');
const { dirname } = builtin('node:path');

/** The bytes of a file; undefined when there is none. Throws what Node throws for a file that is there and cannot be read. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/**
 * Writes a file beside its place and moves it there, so that a reader and a second writer see one content or the other.
 * Throws what Node throws (EACCES, EROFS, ENOSPC, ENOTDIR ...), and then nothing has changed.
 */
export function writePrivately(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  }
}
