/**
 * Whether the store takes writes, learned from its own writes and from looks. Anyone on the network
 * can cause a look, so looks are shared and cheap: a look rehearses every kind of statement, which
 * writes nothing, and at most once in five seconds it updates one fixed row (threats R48).
 */
import { BridgeError } from '../core/errors.ts';
import type { Database, Row, Value } from './database.ts';
import { NEWEST_STEP } from './migrations/migrations.ts';

/** Called with the fault when writes start to fail, and without one when they work again. */
export type WritesChanged = (fault: BridgeError | undefined) => void;

/** After this time the caller of a look is told that the store does not answer. */
const LOOK_MILLISECONDS = 3_000;
const WRITE_EVERY_MILLISECONDS = 5_000;
/** A failed look stands for all others in this time. */
const LOOK_AGAIN_MILLISECONDS = 500;
/**
 * How long a failed write outweighs a look that succeeds, which may need less disk space. Doubles
 * each time that writes fail again after a successful look.
 */
const HOLD_MILLISECONDS = { first: 2_000, most: 60_000 } as const;
/**
 * As much as a sign-in writes in SQLite, and almost nothing in PostgreSQL, which compresses it.
 * The letter alternates because SQLite does not write an unchanged page.
 */
const PADDING = { length: 32_768, letters: 'ab' } as const;

/** Tables that sign-ins, sessions and issued credentials write to, with a column of each. */
const WRITTEN: readonly (readonly [table: string, column: string])[] = [
  ['sign_in_attempts', 'expires_at'],
  ['sessions', 'expires_at'],
  ['one_time_keys', 'expires_at'],
  ['cli_sessions', 'expires_at'],
  ['cli_records', 'expires_at'],
  ['workload_tokens', 'expires_at'],
  ['people', 'person'],
  ['people_names', 'person'],
  ['audit_events', 'at'],
  ['stranger_events', 'at'],
];
/** Tables whose rows are consumed or end. */
const CONSUMED: readonly string[] = [
  ...['sign_in_attempts', 'sessions', 'cli_sessions', 'cli_records'],
  'workload_tokens',
];
/** Statements that match no row. */
const REHEARSED: readonly string[] = [
  ...WRITTEN.map(
    ([table, column]) =>
      `INSERT INTO ${table} (${column}) SELECT ${column} FROM ${table} WHERE 1 = 0`,
  ),
  ...CONSUMED.map(table => `DELETE FROM ${table} WHERE 1 = 0`),
];

export interface WriteHealthParts {
  readonly database: Database;
  readonly onChange?: WritesChanged | undefined;
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed?: () => number;
}

export interface WatchedDatabase {
  /** The same database, with every write watched. */
  readonly database: Database;
  /** Rejects with `unavailable` if the store does not answer or does not take writes. */
  look(): Promise<void>;
}

interface Failure {
  readonly fault: BridgeError;
  /** A look that succeeds ends the failure from this time on. */
  readonly until: number;
}

/** What is known about the writes of one database. Times in milliseconds of `elapsed`. */
interface Health {
  readonly database: Database;
  readonly onChange: WritesChanged;
  readonly elapsed: () => number;
  failure: Failure | undefined;
  /** Statements that failed and have not succeeded since. */
  readonly failing: Set<string>;
  /** How long the next failure of a write holds, and how long the current one does. */
  hold: number;
  held: number;
  lookFailedAt: number;
  probedAt: number;
  /** The look in progress. */
  looking: Promise<void> | undefined;
  letter: number;
  isClosed: boolean;
}

export function watchWrites({
  database,
  onChange = () => {},
  elapsed = () => performance.now(),
}: WriteHealthParts): WatchedDatabase {
  const health: Health = {
    ...{ database, onChange, elapsed },
    failure: undefined,
    failing: new Set(),
    ...{ hold: HOLD_MILLISECONDS.first, held: HOLD_MILLISECONDS.first },
    ...{ lookFailedAt: -Infinity, probedAt: -Infinity },
    ...{ looking: undefined, letter: 0, isClosed: false },
  };
  return {
    database: {
      ...database,
      rows: (sql, values) => watchedRows(health, sql, values),
      close: () => {
        health.isClosed = true;
        return database.close();
      },
    },
    look: () => look(health),
  };
}

async function watchedRows(
  health: Health,
  sql: string,
  values: readonly Value[],
): Promise<readonly Row[]> {
  const { database, failing } = health;
  if (sql.startsWith('SELECT')) return database.rows(sql, values);
  try {
    const rows = await database.rows(sql, values);
    if (failing.size > 0 && hasWritten(sql, rows)) writeWorked(health, sql);
    return rows;
  } catch (fault) {
    writeFailed(health, sql, fault);
    throw fault;
  }
}

/** Statements that change, claim or remove a row may find none, and then write nothing. */
function hasWritten(sql: string, rows: readonly Row[]): boolean {
  return rows.length > 0 || (sql.startsWith('INSERT') && !sql.includes('ON CONFLICT'));
}

function writeFailed(health: Health, sql: string, fault: unknown): void {
  if (!(fault instanceof BridgeError) || fault.code !== 'unavailable') return;
  health.failing.add(sql);
  if (health.failure === undefined) {
    health.held = health.hold;
    health.hold = Math.min(health.hold * 2, HOLD_MILLISECONDS.most);
  }
  failed(health, fault, health.elapsed() + health.held);
}

function writeWorked(health: Health, sql: string): void {
  const { failing } = health;
  if (!failing.delete(sql) || failing.size > 0) return;
  health.hold = HOLD_MILLISECONDS.first;
  works(health);
}

function failed(health: Health, fault: BridgeError, until: number): void {
  const isNew = health.failure === undefined;
  health.failure = { fault, until };
  if (isNew && !health.isClosed) health.onChange(fault);
}

function works(health: Health): void {
  health.failing.clear();
  if (health.failure === undefined) return;
  health.failure = undefined;
  if (!health.isClosed) health.onChange(undefined);
}

async function look(health: Health): Promise<void> {
  const { elapsed } = health;
  if (health.failure === undefined || elapsed() - health.lookFailedAt >= LOOK_AGAIN_MILLISECONDS) {
    health.looking ??= lookNow(health).finally(() => {
      health.looking = undefined;
    });
    await withinTime(health.looking).catch((fault: BridgeError) => {
      health.lookFailedAt = elapsed();
      failed(health, fault, health.lookFailedAt);
    });
  }
  if (health.failure !== undefined) throw health.failure.fault;
}

async function lookNow(health: Health): Promise<void> {
  const { database } = health;
  const started = health.elapsed();
  await requireNewestSchema(database);
  await database.rehearse(REHEARSED);
  if (health.failure === undefined && started - health.probedAt < WRITE_EVERY_MILLISECONDS) return;
  health.letter = (health.letter + 1) % PADDING.letters.length;
  await database.rows('UPDATE write_probe SET padding = $1 WHERE id = 1', [
    PADDING.letters[health.letter]!.repeat(PADDING.length),
  ]);
  health.probedAt = started;
  if (health.failure !== undefined && started >= health.failure.until) works(health);
}

async function requireNewestSchema(database: Database): Promise<void> {
  const [schema] = await database.rows(
    'SELECT count(*) AS migrations FROM rolebridge_migrations',
    [],
  );
  if (Number(schema!.migrations) < NEWEST_STEP)
    throw new BridgeError(
      'unavailable',
      'the schema of the store is older than when it was opened; restart the bridge',
    );
}

async function withinTime(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new BridgeError(
          'unavailable',
          `the store does not answer within ${LOOK_MILLISECONDS / 1000} s; look for locks and load`,
        ),
      ),
    LOOK_MILLISECONDS,
  );
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
