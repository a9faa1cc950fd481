/**
 * The directory of the bridge's own secrets, one file each, on the disk of the service and nowhere
 * else.
 *
 * Owns: who may read and write there, sizes, creation at once by several processes, and what an
 * operator is told of all that. Does not own: what the files hold (signing-keys, sealing-secret).
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../core/errors.ts';

interface KeyDirectoryOptions {
  readonly directory: string;
  /** Whether the directory, and a file that is missing, may be made. */
  readonly create: boolean;
  /** What it is opened for: the first words of every message. */
  readonly purpose: string;
  /** What one file holds, in words. */
  readonly content: string;
}

export interface KeyDirectory {
  /**
   * The text of the file; undefined when there is none. Throws `unavailable` when others may read
   * it, or when it cannot be a secret of ours.
   */
  read(name: string): Promise<string | undefined>;
  /**
   * The text of the file, which is made of what `write` gives (mode 0600, whole or not at all) when
   * it is missing. Of several processes that make it at once one does, and all of them get its
   * text. Throws `unavailable` as `read` does, and when it is missing and may or can not be made;
   * `fix` says what the operator does then.
   */
  readOrCreate(
    name: string,
    missing: { readonly write: () => Promise<string>; readonly fix: string },
  ): Promise<string>;
  /** An `unavailable` that names the file. */
  refusal(name: string, problem: string): BridgeError;
}

type Refused = (path: string, problem: string, cause?: unknown) => BridgeError;

const MAX_FILE_BYTES = 64 * 1024;

/**
 * Opens the directory, and makes it (mode 0700) where that is allowed. Throws `unavailable` when it
 * is not there or others may write to it.
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

  const read = async (name: string): Promise<string | undefined> => {
    const file = join(directory, name);
    const handle = await open(file, 'r').catch((cause: unknown) => {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw refused(file, `cannot be read (${codeOf(cause)})`, cause);
    });
    if (handle === undefined) return undefined;
    try {
      const opened = await handle.stat();
      if (!opened.isFile()) throw refused(file, 'is not a file');
      if (openToOthers(opened.mode, 0o077))
        throw refused(file, `others may read this ${content}; run: chmod 600 ${file}`);
      if (opened.size > MAX_FILE_BYTES)
        throw refused(file, `is larger than ${MAX_FILE_BYTES} bytes, which no key is`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  };

  return {
    read,
    readOrCreate: async (name, { write, fix }) => {
      const there = await read(name);
      if (there !== undefined) return there;
      const file = join(directory, name);
      if (!create)
        throw refused(file, `is missing; ${fix}, or allow the bridge to create its keys`);
      await createWhole(file, await write()).catch((cause: unknown) => {
        throw refused(
          file,
          `cannot be created (${codeOf(cause)}); make the directory writable for the bridge, or ${fix}`,
          cause,
        );
      });
      const made = await read(name);
      if (made === undefined) throw refused(file, 'vanished while the bridge started');
      return made;
    },
    refusal: (name, problem) => refused(join(directory, name), problem),
  };
}

async function checkDirectory(
  directory: string,
  { create, refused }: { readonly create: boolean; readonly refused: Refused },
): Promise<void> {
  if (create) {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      if (codeOf(cause) === 'EEXIST') return; // something else than a directory
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

/**
 * Written under another name, then linked, which fails when somebody else was first: then the file
 * is theirs.
 */
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

/** Windows knows no such modes; there the directory's access list is the operator's work. */
function openToOthers(mode: number, bits: number): boolean {
  return process.platform !== 'win32' && (mode & bits) !== 0;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? 'unknown error');
}
