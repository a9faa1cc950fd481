/**
 * Files that only their owner can read: directories 0700, files 0600, written whole or not at all.
 * A path leads to a regular file, or through links to one; nothing else is read or replaced.
 */

const { randomBytes } = process.getBuiltinModule('node:crypto');
const {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = process.getBuiltinModule('node:fs');
const { dirname, resolve } = process.getBuiltinModule('node:path');

/** A path leads to something other than a regular file. The message names path and kind. */
export class PathFault extends Error {
  override readonly name = 'PathFault';
}

type Kinds = Readonly<
  Record<
    'isDirectory' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice' | 'isFile',
    () => boolean
  >
>;

function checkRegular(path: string, stats: Kinds): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? 'a directory'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isSocket()
        ? 'a socket'
        : stats.isCharacterDevice() || stats.isBlockDevice()
          ? 'a device'
          : 'a special file';
  throw new PathFault(`${path} is ${kind}, not a regular file`);
}

/**
 * The bytes of a file; undefined when there is none. Throws PathFault for what is no regular file,
 * and what Node throws for a file that is there and cannot be read.
 */
export function readIfThere(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // Opening a pipe without a writer would block.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP')
      throw new PathFault(`${path} is a symbolic link that leads to itself`, {
        cause: thrown,
      });
    // A socket cannot be opened.
    if (code === 'ENXIO') checkRegular(path, statSync(path));
    throw thrown;
  }
  try {
    checkRegular(path, fstatSync(descriptor));
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Links that are followed, as the Linux kernel does. */
const MAX_LINKS = 40;

/**
 * Where a path leads through symbolic links; the target of the last link need not exist. Throws
 * PathFault for what is no regular file.
 */
export function targetOf(path: string): string {
  let target = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    try {
      // The directory first: a `..` in a link counts from where the link really lies.
      target = resolve(realDirectory(target), readlinkSync(target));
    } catch (thrown) {
      const { code } = thrown as { code?: unknown };
      // EINVAL: there is something that is no link. UNKNOWN: the same on Windows.
      if (code !== 'EINVAL' && code !== 'ENOENT' && code !== 'UNKNOWN') throw thrown;
      if (code !== 'ENOENT') checkRegular(path, statSync(target));
      return target;
    }
  }
  throw new PathFault(`${path} is a symbolic link that leads to itself`);
}

function realDirectory(path: string): string {
  const directory = dirname(path);
  return existsSync(directory) ? realpathSync(directory) : directory;
}

/**
 * Makes a directory and those above it for their owner alone; as root, for the owner of the first
 * directory that was there.
 */
export function makeDirectory(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined || process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(first));
  for (let made = resolve(directory); made.length >= resolve(first).length; made = dirname(made))
    chownSync(made, uid, gid);
}

/**
 * Writes a draft and moves it over the target, so that readers and other writers see one content or
 * the other. A link stays a link, and its target is written. Throws PathFault, and what Node throws
 * (EACCES, EROFS, ENOSPC, ENOTDIR ...); then nothing has changed.
 */
export function writePrivately(path: string, content: string | Uint8Array): void {
  const target = targetOf(path);
  makeDirectory(dirname(target));
  replaceFile(target, { content, mode: 0o600 });
}

export interface Replacement {
  readonly content: string | Uint8Array;
  readonly mode: number;
  /** Asked when the draft is written; false leaves everything as it was. */
  readonly stillWanted?: () => boolean;
}

/**
 * Replaces the file at a path that `targetOf` gave, and says whether it did. As root, the file
 * keeps its owner, and a new one gets the owner of the directory: after `sudo` the user could not
 * read it otherwise.
 */
export function replaceFile(
  target: string,
  { content, mode, stillWanted = () => true }: Replacement,
): boolean {
  const draft = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
    if (process.getuid?.() === 0) {
      const { uid, gid } = statSync(target, { throwIfNoEntry: false }) ?? statSync(dirname(target));
      chownSync(draft, uid, gid);
    }
    chmodSync(draft, mode);
    if (!stillWanted()) return false;
    renameSync(draft, target);
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}
