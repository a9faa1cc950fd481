/**
 * One archive of the audit trail: lines of JSON, compressed by gzip, with its SHA-256 beside it.
 *
 * Owns: the name of an archive, that it is whole or not there, and that it says what was written.
 * Does not own: which events are in it, nor what happens to them afterwards (archiving.ts).
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { lineOf } from '../core/audit-line.ts';
import type { PlacedEvent } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';

export interface WrittenArchive {
  /** Its name in the directory. */
  readonly file: string;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
  readonly count: number;
  /** The place of its last event. */
  readonly upTo: number;
  /** When the first and the last of its events happened. */
  readonly from: Instant;
  readonly to: Instant;
}

interface Content {
  readonly lines: number;
  /** Of the file, and of its text. */
  readonly sha256: string;
  readonly textSha256: string;
}

/**
 * Makes the directory if only its last part is missing: a disk that is not mounted must not be
 * replaced by a directory. Throws an Error that says what to do.
 */
async function requireDirectory(directory: string): Promise<void> {
  const fault = await archiveDirectoryFault(directory);
  if (fault !== undefined) throw new Error(fault);
  await mkdir(directory, { mode: 0o700 }).catch((thrown: unknown) => {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new Error(`${directory} cannot be made (${code}); make it`);
  });
}

/** Why no archive can be written into a directory, and what to do. Changes nothing. */
export async function archiveDirectoryFault(directory: string): Promise<string | undefined> {
  const found = await stat(directory).catch(() => undefined);
  const written = found === undefined ? dirname(directory) : directory;
  const isWritable = await access(written, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable)
    return `${written} does not exist or cannot be written; make it, mount its disk, or give the user that runs the bridge the right to write`;
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return `${directory} is not a directory; move it away`;
  if ((found.mode & 0o002) !== 0)
    return `every user can write to ${directory}; run chmod o-w ${directory}`;
  return undefined;
}

/**
 * Writes the events after a place into a file of the directory, and reads it again to compare.
 * Undefined without an event. Throws an Error that says what to do; no file is changed then.
 */
export async function writeArchive(
  directory: string,
  after: number,
  events: AsyncIterable<PlacedEvent>,
): Promise<WrittenArchive | undefined> {
  await requireDirectory(directory);
  const draft = join(directory, `.${randomUUID()}.draft`);
  try {
    const written = await writeDraft(draft, events);
    if (written === undefined) return undefined;
    const file = nameOf(after, written);
    const path = join(directory, file);
    const kept = await contentOf(path);
    if (kept === undefined) await rename(draft, path);
    const content = kept ?? (await contentOf(path));
    if (content?.textSha256 !== written.textSha256 || content.lines !== written.count)
      throw new Error(
        `${path} does not contain what was written to it; move it away, and give each database a directory of its own`,
      );
    await writeSum(directory, file, content.sha256);
    const { count, upTo, from, to } = written;
    return { file, sha256: content.sha256, count, upTo, from, to };
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The place up to which an archive reaches that begins after a place: a process that was killed can
 * have left one that the database does not know. Undefined without one.
 */
export async function endOfLeftArchive(
  directory: string,
  after: number,
): Promise<number | undefined> {
  const begin = `audit_${padded(after + 1)}-`;
  const names = await readdir(directory).catch(() => []);
  const left = names.find(name => name.startsWith(begin) && name.endsWith('.jsonl.gz'));
  return left === undefined ? undefined : Number.parseInt(left.slice(begin.length), 10);
}

/** Sorted by name, archives are in the order of their events. */
function nameOf(after: number, { from, upTo }: Pick<WrittenArchive, 'from' | 'upTo'>): string {
  const day = new Date(from).toISOString().slice(0, 10);
  return `audit_${padded(after + 1)}-${padded(upTo)}_${day}.jsonl.gz`;
}

function padded(place: number): string {
  return String(place).padStart(12, '0');
}

type Draft = Omit<WrittenArchive, 'file' | 'sha256'> & { readonly textSha256: string };

async function writeDraft(
  path: string,
  events: AsyncIterable<PlacedEvent>,
): Promise<Draft | undefined> {
  const hash = createHash('sha256');
  const seen = { count: 0, upTo: 0, from: Infinity, to: -Infinity };
  async function* lines(): AsyncGenerator<string> {
    for await (const { place, event } of events) {
      seen.count += 1;
      seen.upTo = place;
      seen.from = Math.min(seen.from, event.at);
      seen.to = Math.max(seen.to, event.at);
      const line = `${lineOf(event)}\n`;
      hash.update(line);
      yield line;
    }
  }
  await writeWhole(path, handle =>
    pipeline(Readable.from(lines()), createGzip(), async chunks => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) await handle.appendFile(chunk);
    }),
  );
  return seen.count === 0 ? undefined : { ...seen, textSha256: hash.digest('hex') };
}

/** What `sha256sum --check` reads. */
async function writeSum(directory: string, file: string, sha256: string): Promise<void> {
  const path = join(directory, `${file}.sha256`);
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    await writeWhole(draft, handle => handle.writeFile(`${sha256}  ${file}\n`));
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(directory);
}

/** Writes a new file for its owner alone, and waits until the disk has it. */
async function writeWhole(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await write(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names of files are on the disk, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Undefined if the file does not exist. Throws for a file that is not whole. */
async function contentOf(path: string): Promise<Content | undefined> {
  if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
  const [file, text] = [createHash('sha256'), createHash('sha256')];
  let lines = 0;
  const compressed = createReadStream(path).on('data', chunk => void file.update(chunk));
  try {
    await pipeline(compressed, createGunzip(), async chunks => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        text.update(chunk);
        for (const byte of chunk) if (byte === 0x0a) lines += 1;
      }
    });
  } catch (cause) {
    throw new Error(`${path} is damaged; move it away`, { cause });
  }
  return { lines, sha256: file.digest('hex'), textSha256: text.digest('hex') };
}
