/** Looks at a store in a SQLite file as `doctor` does: reads, and changes nothing. */
import { accessSync, constants, existsSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { DiskFacts, StoreFacts, StoreFault } from '../core/host-facts.ts';
import type { Database, Row, Value } from './database.ts';
import { createKnownKeys } from './known-keys.ts';
import { SQLITE } from './migrations/dialect.ts';
import { type AppliedStep, schemaOf, stepsFor } from './migrations/migrations.ts';

/** `f_type` of the operating system: file systems whose locks do not hold across machines. */
const NETWORK: Readonly<Record<number, string>> = {
  26985: 'nfs',
  20859: 'smb',
  4283649346: 'cifs',
  4266872130: 'smb',
  16914839: '9p',
  1702057286: 'fuse',
};

/** `file` is an absolute path. */
export async function inspectSqliteStore(file: string): Promise<StoreFacts> {
  const place = file;
  const empty = { place, exists: false, pendingSteps: 0, knownKeys: [], usedSince: undefined };
  const noFile = pathFault(file);
  if (noFile !== undefined) return { ...empty, fault: noFile };
  const found = lookAt(file);
  const disk = diskOf(file, found);
  const fault = writeFault(file, found);
  if (found === undefined || found.size === 0)
    return { ...empty, disk, fault, pendingSteps: stepsFor(SQLITE).length };
  try {
    const content = await readContent(file);
    return { ...empty, ...content, disk, fault: content.fault ?? fault };
  } catch (thrown) {
    return { ...empty, exists: true, disk, fault: fault ?? readFault(thrown) };
  }
}

/** Why the path cannot be that of a database, for every user. */
function pathFault(file: string): StoreFault | undefined {
  const parent = existingParent(file);
  if (!statSync(parent).isDirectory())
    return { kind: 'no-file', message: `${parent} is not a directory.` };
  const found = lookAt(file);
  if (found === undefined || found.isFile()) return undefined;
  const what = found.isDirectory() ? 'is a directory' : 'is not a regular file';
  return { kind: 'no-file', message: `${file} ${what}.` };
}

/** Undefined for what is not there or cannot be looked at. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Where the file is, or where it would be made. */
function diskOf(file: string, found: Stats | undefined): DiskFacts | undefined {
  const place = found === undefined ? existingParent(file) : file;
  try {
    const { bavail, bsize, type } = statfsSync(place);
    return {
      freeBytes: bavail * bsize,
      network: NETWORK[type >>> 0],
      isOpen: found !== undefined && (found.mode & 0o077) !== 0,
    };
  } catch {
    return undefined;
  }
}

function existingParent(file: string): string {
  const parent = dirname(resolve(file));
  return existsSync(parent) || parent === dirname(parent) ? parent : existingParent(parent);
}

/** The superuser can write everything, and the bridge does not run as one: the mode counts, too. */
function writeFault(file: string, found: Stats | undefined): StoreFault | undefined {
  const parent = existingParent(file);
  const others = ['', '-wal', '-shm'].map(ending => `${file}${ending}`).filter(existsSync);
  const blocked = [parent, ...(found === undefined ? [] : others)].find(path => !isWritable(path));
  if (blocked === undefined) return undefined;
  return {
    kind: 'read-only',
    message: `${blocked} cannot be written. SQLite writes the file, and creates files beside it.`,
  };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return process.platform === 'win32' || (statSync(path).mode & 0o200) !== 0;
  } catch {
    return false;
  }
}

type Content = Omit<StoreFacts, 'place' | 'disk'>;

async function readContent(file: string): Promise<Content> {
  // Without a log beside it the file is complete, and nothing has to be created to read it.
  const address = pathToFileURL(file);
  if (!existsSync(`${file}-wal`)) address.searchParams.set('immutable', '1');
  const connection = new DatabaseSync(address, { readOnly: true, timeout: 1_000 });
  try {
    return await contentOf(connection, file);
  } finally {
    connection.close();
  }
}

async function contentOf(connection: DatabaseSync, place: string): Promise<Content> {
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const has = (table: string): boolean => tables.some(({ name }) => name === table);
  const nothing = { knownKeys: [], usedSince: undefined, pendingSteps: stepsFor(SQLITE).length };
  if (!has('rolebridge_migrations'))
    return tables.length === 0
      ? { ...nothing, exists: false }
      : { ...nothing, exists: true, fault: foreign(`${place} belongs to another program.`) };
  const applied = connection
    .prepare('SELECT number, checksum FROM rolebridge_migrations')
    .all() as unknown as AppliedStep[];
  const keys = createKnownKeys(readOnly(connection));
  return {
    ...schemaOf(place, SQLITE, applied),
    exists: true,
    knownKeys: has('known_keys') ? await keys.all() : [],
    usedSince: has('audit_events') ? await keys.trailBegan() : undefined,
  };
}

function foreign(message: string): StoreFault {
  return { kind: 'foreign', message };
}

function readFault(thrown: unknown): StoreFault {
  const { errcode, code } = thrown as { readonly errcode?: unknown; readonly code?: unknown };
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  const damaged = primary === 11 || primary === 26;
  return damaged
    ? foreign('The file is damaged or is not a SQLite database.')
    : { kind: 'unreachable', message: `The file cannot be read (${primary ?? String(code)}).` };
}

/** What reads known keys. */
function readOnly(connection: DatabaseSync): Database {
  return {
    rows: async (sql: string, values: readonly Value[]) =>
      connection
        .prepare(sql)
        .all(Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]))) as Row[],
    rehearse: async () => {},
    close: async () => {},
  };
}
