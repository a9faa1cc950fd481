/**
 * The store in one SQLite file by `node:sqlite`: the default, for a bridge that runs on one
 * machine.
 *
 * Owns: the file, its permissions, its pragmas and the meaning of SQLite's faults. What is stored
 * is in store.ts. node:sqlite is synchronous: a statement takes microseconds, a commit one fsync.
 * While another process writes to the same file, this one waits and serves nothing.
 */
import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { BridgeError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import type { AuditReader } from './audit-reader.ts';
import type { Database, Housekeeping, Row, Value } from './database.ts';
import { SQLITE } from './migrations/dialect.ts';
import type { Filling, NewRows } from './migrations/fill-people.ts';
import {
  type AppliedStep,
  CREATE_MIGRATIONS_TABLE,
  pendingSteps,
} from './migrations/migrations.ts';
import { createSeal, type Seal } from './sealing.ts';
import { createStore } from './store.ts';
import type { WritesChanged } from './write-health.ts';

/** How long a statement waits for another process that holds the file. */
const BUSY_MILLISECONDS = 5_000;
/** How long a rehearsal waits for it; everything else that the process serves waits, too. */
const REHEARSAL_BUSY_MILLISECONDS = 50;
const MEMORY = ':memory:';
/** The size to which a checkpoint cuts the log that a burst of writes left. */
const LOG_BYTES = 16 * 1024 * 1024;

/** While one statement runs, the process does nothing else. */
const REMOVAL = { mostRows: 500, milliseconds: 8 } as const;
/** The value of `PRAGMA auto_vacuum` for it. */
const INCREMENTAL = 2;
/** Pages of 4 KiB that one step gives back. */
const PAGES_OF_A_STEP = 64;
/** Free pages that stay, so that the file does not shrink and grow all the time: 16 MiB. */
const PAGES_KEPT = 4096;

const DAMAGED =
  'is damaged or is not a SQLite database; restore it from a backup, or move it away to start with an empty one (all users sign in again, and the audit events stay in the file that was moved)';
const OUT_OF_REACH =
  'cannot be read and written; give the user that runs the bridge both rights on the file and on its directory';

/** SQLite's primary result codes (https://sqlite.org/rescode.html) and what the operator can do. */
const FAULTS: Readonly<Record<number, string>> = {
  5: `is held by another process for more than ${BUSY_MILLISECONDS / 1000} s; stop the program that holds it`,
  8: 'is read-only; check the permissions of the file and its directory, and whether the file system is read-only',
  10: 'cannot be used: the disk reports an error; check the disk',
  11: DAMAGED,
  13: 'cannot be written: the disk is full; make room',
  14: OUT_OF_REACH,
  26: DAMAGED,
};
/** Faults of a record, not of the file: too large, breaks a constraint, wrong type. */
const RECORD_FAULTS: ReadonlySet<number> = new Set([18, 19, 20]);
const ROWS_OF_A_PAGE = 20_000;

interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly file: string;
  /** 32 bytes that are kept outside the database. */
  readonly secret: Uint8Array;
  readonly onChange?: WritesChanged | undefined;
  /** Called with the progress of a migration of many rows. */
  readonly onProgress?: ((done: string) => void) | undefined;
}

/**
 * Opens the store in `file`, and creates it with mode 0600 (its directory 0700) if it is missing;
 * `:memory:` keeps everything until it is closed. Several processes may open the same file, with
 * the same sealing secret (sealing.ts). Throws `unavailable` with a message that names the file and
 * the fix.
 */
export async function openSqliteStore({
  file,
  secret,
  onChange,
  onProgress = () => {},
}: SqliteStoreOptions): Promise<Store & AuditReader> {
  const place = `store ${file}`;
  // An absolute path is never read as a `file:` URI, nor as a name for a temporary database.
  const path = file === MEMORY ? MEMORY : resolve(file);
  let connection: DatabaseSync | undefined;
  try {
    if (path !== MEMORY) makePrivateFile(path, place);
    connection = new DatabaseSync(path, {
      timeout: BUSY_MILLISECONDS,
      enableForeignKeyConstraints: true,
    });
    // Takes effect only before the first table is made.
    connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
    setDurability(connection, place);
    migrate(connection, { place, seals: createSeal(secret), onProgress });
    const database = connect(connection, {
      place,
      file: path === MEMORY ? undefined : openedFile(path, place),
    });
    return createStore(database, { secret, housekeeping: housekeeping(connection), onChange });
  } catch (cause) {
    connection?.close();
    throw explain(cause, place);
  }
}

/**
 * The file needs its mode before SQLite opens it: the -wal and -shm files take theirs from it.
 * Throws `unavailable` for a device or a pipe, whose mode is not ours to change.
 */
function makePrivateFile(path: string, place: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile())
      throw new BridgeError('unavailable', `${place} is not a regular file; write the path of one`);
    if ((status.mode & 0o077) !== 0) fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

function setDurability(connection: DatabaseSync, place: string): void {
  // In WAL mode only FULL keeps committed data through a power failure, as audit events and used
  // assertions require.
  const mode = connection.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
  if (mode === 'wal' || mode === 'memory') return;
  throw new BridgeError(
    'unavailable',
    `${place} cannot use a write-ahead log on this file system; put it on a local disk, or use PostgreSQL`,
  );
}

interface Migrating {
  readonly place: string;
  readonly seals: Seal;
  readonly onProgress: (done: string) => void;
}

function migrate(connection: DatabaseSync, { place, seals, onProgress }: Migrating): void {
  // The write lock comes first, so that of two processes one migrates and the other finds it done.
  connection.exec('BEGIN IMMEDIATE');
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (!tables.some(({ name }) => name === 'rolebridge_migrations')) {
    if (tables.length > 0) {
      throw new BridgeError(
        'unavailable',
        `${place} belongs to another program; give the bridge a file of its own`,
      );
    }
    connection.exec(CREATE_MIGRATIONS_TABLE);
  }
  const applied = connection
    .prepare('SELECT number, checksum FROM rolebridge_migrations')
    .all() as unknown as AppliedStep[];
  const note = connection.prepare(
    'INSERT INTO rolebridge_migrations (number, checksum) VALUES (?, ?)',
  );
  for (const step of pendingSteps(place, SQLITE, applied)) {
    connection.exec(step.sql);
    if (step.fill !== undefined) fill(connection, step.fill(SQLITE, seals), onProgress);
    note.run(step.number, step.checksum);
  }
  connection.exec('COMMIT');
}

/**
 * Does not pause: while the write lock is held, another store of this process would wait for it in
 * vain.
 */
function fill(
  connection: DatabaseSync,
  filling: Filling,
  onProgress: (done: string) => void,
): void {
  let page: Row[] = [];
  for (const row of connection.prepare(filling.query).iterate()) {
    if (page.push(row as Row) < ROWS_OF_A_PAGE) continue;
    insert(connection, filling.take(page));
    onProgress(filling.progress());
    page = [];
  }
  insert(connection, filling.take(page));
  insert(connection, filling.end());
}

/** One row at a time: a statement with thousands of parameters takes long to bind. */
function insert(connection: DatabaseSync, made: readonly NewRows[]): void {
  for (const { table, columns, rows } of made) {
    const places = columns.map(() => '?').join(', ');
    const statement = connection.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places}) ON CONFLICT DO NOTHING`,
    );
    for (const row of rows) statement.run(...row);
  }
}

/** A statement that changes something, and its caller, who waits until it is kept. */
interface Write {
  readonly statement: StatementSync;
  readonly values: readonly Value[];
  readonly kept: (rows: readonly Row[]) => void;
  readonly lost: (fault: BridgeError) => void;
}

interface Prepared {
  readonly statement: StatementSync;
  readonly reads: boolean;
}

interface Connection {
  readonly connection: DatabaseSync;
  readonly place: string;
  /** Undefined for a store in memory. */
  readonly file: OpenedFile | undefined;
  /** By their SQL. */
  readonly statements: Map<string, Prepared>;
  waiting: Write[];
}

/**
 * Reads are answered at once. Writes that were asked for in one turn of the event loop share a
 * commit, because its fsync is what costs: a burst of audit events waits for the disk once. Between
 * the first statement of a commit and its end nothing else runs.
 */
function connect(
  connection: DatabaseSync,
  { place, file }: { readonly place: string; readonly file: OpenedFile | undefined },
): Database {
  const open: Connection = { connection, place, file, statements: new Map(), waiting: [] };
  return {
    rows: (sql, values) => rows(open, sql, values),
    rehearse: statements => rehearse(open, statements),
    close: async () => {
      if (open.waiting.length > 0) commit(open);
      open.statements.clear();
      connection.close();
    },
  };
}

async function rows(
  open: Connection,
  sql: string,
  values: readonly Value[],
): Promise<readonly Row[]> {
  try {
    const { statement, reads } = prepared(open, sql);
    if (reads) return statement.all(...values) as Row[];
    return await new Promise<readonly Row[]>((kept, lost) => {
      open.waiting.push({ statement, values, kept, lost });
      if (open.waiting.length === 1) setImmediate(commit, open);
    });
  } catch (cause) {
    throw explain(cause, open.place);
  }
}

function prepared({ connection, statements }: Connection, sql: string): Prepared {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  // SQLite takes `$1` as a name, and to bind by names costs more than a short statement.
  const numbered = sql.replaceAll(/\$(\d+)/g, '?$1');
  const made = { statement: connection.prepare(numbered), reads: /^\s*SELECT\b/i.test(sql) };
  statements.set(sql, made);
  return made;
}

function commit(open: Connection): void {
  const { connection, place, waiting: writes } = open;
  open.waiting = [];
  let settle: readonly (() => void)[];
  try {
    if (writes.length > 1) connection.exec('BEGIN IMMEDIATE');
    settle = runAll(open, writes);
    if (writes.length > 1) connection.exec('COMMIT');
  } catch (cause) {
    if (connection.isOpen && connection.isTransaction) connection.exec('ROLLBACK');
    for (const { lost } of writes) lost(explain(cause, place));
    return;
  }
  for (const tell of settle) tell();
}

/** Runs the statements, and gives what tells each caller how theirs went. */
function runAll({ connection, place }: Connection, writes: readonly Write[]): (() => void)[] {
  return writes.map(({ statement, values, kept, lost }) => {
    try {
      // Only all() runs a RETURNING statement to its end, where a failing commit shows.
      const rows = statement.all(...values) as Row[];
      return () => kept(rows);
    } catch (cause) {
      // A broken constraint undoes its own statement; a fault of the disk, everything.
      if (writes.length > 1 && !connection.isTransaction) throw cause;
      return () => lost(explain(cause, place));
    }
  });
}

/** Statements of its own, which change no row and share no commit. */
function housekeeping(connection: DatabaseSync): Housekeeping {
  const pragma = (name: string): number =>
    Number(Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
  return {
    ...REMOVAL,
    removal: (table, condition) =>
      `DELETE FROM ${table}
        WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${condition} LIMIT $2)
        RETURNING 1 AS removed`,
    giveBack: async () => {
      if (!connection.isOpen || pragma('auto_vacuum') !== INCREMENTAL) return false;
      const spare = pragma('freelist_count') - PAGES_KEPT;
      if (spare <= 0) return false;
      connection.exec(`PRAGMA incremental_vacuum(${Math.min(spare, PAGES_OF_A_STEP)})`);
      return spare > PAGES_OF_A_STEP;
    },
    refreshStatistics: async () => {
      if (connection.isOpen) connection.exec('PRAGMA optimize');
    },
  };
}

async function rehearse(open: Connection, statements: readonly string[]): Promise<void> {
  const { connection, place, file } = open;
  try {
    file?.requireSame();
    connection.exec(`PRAGMA busy_timeout = ${REHEARSAL_BUSY_MILLISECONDS}`);
    try {
      for (const sql of statements) prepared(open, sql).statement.run();
    } finally {
      connection.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`);
    }
  } catch (cause) {
    throw explain(cause, place);
  }
}

interface OpenedFile {
  /** Throws `unavailable` if the path now leads to another file: writes would be lost. */
  requireSame(): void;
}

function openedFile(path: string, place: string): OpenedFile {
  const opened = statSync(path);
  return {
    requireSame: () => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found !== undefined && found.ino === opened.ino && found.dev === opened.dev) return;
      throw new BridgeError(
        'unavailable',
        `${place} was moved, removed or replaced; put it back, or restart the bridge`,
      );
    },
  };
}

function explain(cause: unknown, place: string): BridgeError {
  if (cause instanceof BridgeError) return cause;
  const { code, errcode } = cause as { readonly code?: unknown; readonly errcode?: unknown };
  // The upper bytes of an extended result code only refine the primary one.
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  if (primary !== undefined && RECORD_FAULTS.has(primary))
    return new BridgeError('internal', `${place} rejected a record that breaks its constraints`, {
      cause,
    });
  if (primary !== undefined) {
    const fault =
      FAULTS[primary] ?? `failed with SQLite error ${primary}; see the cause in the log`;
    return new BridgeError('unavailable', `${place} ${fault}`, { cause });
  }
  if (code === 'ERR_INVALID_STATE')
    return new BridgeError('unavailable', `${place} is closed`, { cause });
  return new BridgeError(
    'unavailable',
    `${place} ${OUT_OF_REACH} (${String(code ?? 'unknown fault')})`,
    { cause },
  );
}
