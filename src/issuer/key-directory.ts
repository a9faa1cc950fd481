/**
 * The directory of the bridge's own secrets, one file each.
 *
 * Owns: permissions, sizes, creation by several processes at once, and the messages to operators.
 * Does not own: the content of the files (signing-keys, sealing-secret).
 */
import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../core/errors.ts';

interface KeyDirectoryOptions {
  readonly directory: string;
  /** Whether a missing directory or file may be created. */
  readonly create: boolean;
  /** The first words of every message. */
  readonly purpose: string;
  /** What a file contains, in words. */
  readonly content: string;
}

interface Missing {
  readonly write: () => Promise<string>;
  readonly fix: string;
}

export interface KeyDirectory {
  /**
   * The text of the file; undefined if it is missing. Throws `unavailable` if others can read it,
   * or if it cannot be one of our secrets.
   */
  read(name: string): Promise<string | undefined>;
  /**
   * The text of the file. A missing file is created with the text that `write` returns (mode 0600,
   * whole or not at all); of several processes one creates it, and all get its text. Throws
   * `unavailable` as `read` does, and if a missing file must not or cannot be created; `fix` says
   * what the operator can do then.
   */
  readOrCreate(name: string, missing: Missing): Promise<string>;
  /** An `unavailable` that names the file. */
  refusal(name: string, problem: string): BridgeError;
}

type Refused = (path: string, problem: string, cause?: unknown) => BridgeError;

export const MAX_FILE_BYTES: number = 64 * 1024;
/** Does not wait for the writer of a pipe that is in the place of a file. */
export const TO_READ: number = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens the directory, and creates it (mode 0700) if that is allowed. Throws `unavailable` if it is
 * missing or others can write to it.
 */
export async function openKeyDirectory({
  directory,
  create,
  purpose,
  content,
}: KeyDirectoryOptions): Promise<KeyDirectory> {
  const refused: Refused = (path, problem, cause) =>
    new BridgeError('unavailable', `${purpose}: ${path}: ${problem}`, { cause });
  await checkDirectory(directory, { create, refused });
  const opened: OpenDirectory = { create, content, refused };
  return {
    read: name => read(opened, join(directory, name)),
    readOrCreate: (name, missing) => readOrCreate(opened, join(directory, name), missing),
    refusal: (name, problem) => refused(join(directory, name), problem),
  };
}

interface OpenDirectory extends Pick<KeyDirectoryOptions, 'create' | 'content'> {
  readonly refused: Refused;
}

async function read(
  { content, refused }: OpenDirectory,
  file: string,
): Promise<string | undefined> {
  const handle = await open(file, TO_READ).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw refused(file, `cannot be read (${codeOf(cause)})`, cause);
  });
  if (handle === undefined) return undefined;
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) throw refused(file, 'is not a file');
    if (openToOthers(opened.mode, isRootsCopy(opened) ? 0o037 : 0o077))
      throw refused(file, `others may read this ${content}; run: chmod 600 ${file}`);
    if (opened.size > MAX_FILE_BYTES)
      throw refused(file, `is larger than ${MAX_FILE_BYTES} bytes, which no key is`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function readOrCreate(
  opened: OpenDirectory,
  file: string,
  { write, fix }: Missing,
): Promise<string> {
  const { create, refused } = opened;
  const existing = await read(opened, file);
  if (existing !== undefined) return existing;
  if (!create) throw refused(file, `is missing; ${fix}, or allow the bridge to create its keys`);
  await createWhole(file, await write()).catch((cause: unknown) => {
    throw refused(
      file,
      `cannot be created (${codeOf(cause)}); make the directory writable for the bridge, or ${fix}`,
      cause,
    );
  });
  const made = await read(opened, file);
  if (made === undefined) throw refused(file, 'vanished while the bridge started');
  return made;
}

async function checkDirectory(
  directory: string,
  { create, refused }: { readonly create: boolean; readonly refused: Refused },
): Promise<void> {
  if (create) {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      if (codeOf(cause) === 'EEXIST') return; // not a directory
      throw refused(
        directory,
        `cannot be created (${codeOf(cause)}); create it (mode 0700), owned by the user that runs the bridge`,
        cause,
      );
    });
  }
  const found = await stat(directory).catch((cause: unknown) => {
    throw refused(
      directory,
      'cannot be opened; create it (mode 0700), or allow the bridge to create its keys',
      cause,
    );
  });
  if (!found.isDirectory()) throw refused(directory, 'is not a directory');
  if (openToOthers(found.mode, 0o022))
    throw refused(directory, `others may write to it; run: chmod 700 ${directory}`);
}

/** Writes another file, then links it, which fails if another process was faster. */
async function createWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}.draft`;
  try {
    const handle = await open(
      draft,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      0o600,
    );
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft).catch(() => undefined); // absent when it could not be written
  }
}

/**
 * Whether root has put the file there for this process, which is not root: a credential of systemd,
 * whose access list shows as mode 0440, or a secret that an orchestrator mounts for a group.
 */
function isRootsCopy({ uid }: Stats): boolean {
  return uid === 0 && process.getuid?.() !== 0;
}

/** Windows has no such modes; there the operator sets the access list of the directory. */
export function openToOthers(mode: number, bits: number): boolean {
  return process.platform !== 'win32' && (mode & bits) !== 0;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? 'unknown error');
}
