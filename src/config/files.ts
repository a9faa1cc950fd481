/** Reads small files: regular, limited in size; texts in UTF-8. Otherwise the error says why. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

interface FileFacts {
  /** Permission bits. */
  readonly mode: number;
  /** The user id of the owner. */
  readonly owner: number;
}

export interface SmallFile extends FileFacts {
  readonly text: string;
}

export interface SmallBytes extends FileFacts {
  readonly bytes: Buffer;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read by this process',
  EPERM: 'cannot be read by this process',
  EISDIR: 'is a directory',
  ENOTDIR: 'does not exist',
  ELOOP: 'is a circle of links',
  ENAMETOOLONG: 'has a name that is too long',
};

const LEAST_BYTES = 4096;

/** Codes of a file that another user or another machine can read. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/** Why a file could not be read: a clause without the name of the file, `does not exist`. */
export class UnreadableFile extends Error {
  /** The file is not here, or this user cannot read it. */
  get isOutOfReach(): boolean {
    const code = (this.cause as NodeJS.ErrnoException | undefined)?.code;
    return code !== undefined && OUT_OF_REACH.has(code);
  }
}

/** Throws `UnreadableFile`. */
export async function readSmallFile(file: string, maxBytes: number): Promise<SmallFile> {
  const { bytes, mode, owner } = await readSmallBytes(file, maxBytes);
  return { text: decodeText(bytes), mode, owner };
}

/** Throws `UnreadableFile`. Devices and pipes are rejected before a byte is read. */
export async function readSmallBytes(file: string, maxBytes: number): Promise<SmallBytes> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new UnreadableFile('is not a regular file');
      if (status.size > maxBytes) throw new UnreadableFile(`is larger than ${maxBytes} bytes`);
      const bytes = await readAll(handle, { expected: status.size, maxBytes });
      if (bytes.length > maxBytes) throw new UnreadableFile(`is larger than ${maxBytes} bytes`);
      return {
        bytes,
        mode: status.mode & 0o777,
        owner: status.uid,
      };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new UnreadableFile(REASONS[code] ?? `cannot be read (${code})`, { cause });
  }
}

/** All bytes, or one more than may be. Files of the system say nothing of their size. */
async function readAll(
  handle: FileHandle,
  { expected, maxBytes }: { readonly expected: number; readonly maxBytes: number },
): Promise<Buffer> {
  let buffer = Buffer.alloc(Math.min(maxBytes, Math.max(expected, LEAST_BYTES)) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length > maxBytes) return buffer.subarray(0, length);
    if (length < buffer.length) continue;
    buffer = Buffer.concat([buffer], Math.min(maxBytes + 1, 2 * buffer.length));
  }
}

/** Throws `UnreadableFile` for bytes that are not UTF-8; a byte order mark is dropped. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UnreadableFile('is not UTF-8 text', { cause });
  }
}
