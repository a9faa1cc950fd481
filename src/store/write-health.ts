/**
 * Whether the store takes writes: learned from the writes that there are, and by a look that anyone
 * on the network may cause, so it is shared and cheap. A look rehearses every kind of statement,
 * which writes nothing, and at most once in five seconds it writes one row that is always the same
 * (threats R48).
 */
import { BridgeError } from '../core/errors.ts';
import type { Database } from './database.ts';
import { NEWEST_STEP } from './migrations/migrations.ts';

/**
 * Called with the fault when the store stops taking writes, and without one when it takes them
 * again.
 */
export type WritesChanged = (fault: BridgeError | undefined) => void;

/** How long a look may take, until its caller is told that the store does not answer. */
const LOOK_MILLISECONDS = 3_000;
const WRITE_EVERY_MILLISECONDS = 5_000;
/** A look that failed stands for all that come so soon after it. */
const LOOK_AGAIN_MILLISECONDS = 500;
/**
 * How long a write that failed outweighs a look that works, which may need less room on the disk.
 * It doubles each time that writes fail again after a look has worked.
 */
const HOLD_MILLISECONDS = { first: 2_000, most: 60_000 } as const;
/**
 * As much as a sign-in writes in SQLite, and next to nothing in PostgreSQL, which compresses it.
 * Each time another letter: SQLite does not write a page whose content stays the same.
 */
const PADDING = { length: 32_768, letters: 'ab' } as const;

/** Tables that a sign-in, a session or a hand-out writes, with a column of each. */
const WRITTEN: readonly (readonly [table: string, column: string])[] = [
  ['sign_in_attempts', 'expires_at'],
  ['sessions', 'expires_at'],
  ['one_time_keys', 'expires_at'],
  ['cli_sessions', 'expires_at'],
  ['cli_records', 'expires_at'],
  ['people', 'person'],
  ['people_names', 'person'],
  ['audit_events', 'at'],
  ['stranger_events', 'at'],
];
/** Rows of these are consumed, or end. */
const CONSUMED: readonly string[] = ['sign_in_attempts', 'sessions', 'cli_sessions', 'cli_records'];
/** Statements that find no row. */
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
  /** The same database; every write through it is watched. */
  readonly database: Database;
  /** Rejects with `unavailable` when the store does not answer or does not take writes. */
  look(): Promise<void>;
}

interface Failure {
  readonly fault: BridgeError;
  /** A look that works ends the failure from this time on. */
  readonly until: number;
}

export function watchWrites({
  database,
  onChange = () => {},
  elapsed = () => performance.now(),
}: WriteHealthParts): WatchedDatabase {
  let failure: Failure | undefined;
  /** Statements of the bridge that failed, and have not worked since. */
  const failing = new Set<string>();
  /** How long the next failure of a write holds. */
  let hold: number = HOLD_MILLISECONDS.first;
  let held = hold;
  let lookedInVain = -Infinity;
  let written = -Infinity;
  let looking: Promise<void> | undefined;
  let letter = 0;
  let closed = false;

  const failed = (fault: BridgeError, until: number): void => {
    const isNew = failure === undefined;
    failure = { fault, until };
    if (isNew && !closed) onChange(fault);
  };
  const works = (): void => {
    failing.clear();
    if (failure === undefined) return;
    failure = undefined;
    if (!closed) onChange(undefined);
  };

  const writeFailed = (sql: string, fault: unknown): void => {
    if (!(fault instanceof BridgeError) || fault.code !== 'unavailable') return;
    failing.add(sql);
    if (failure === undefined) {
      held = hold;
      hold = Math.min(hold * 2, HOLD_MILLISECONDS.most);
    }
    failed(fault, elapsed() + held);
  };
  const writeWorked = (sql: string): void => {
    if (!failing.delete(sql) || failing.size > 0) return;
    hold = HOLD_MILLISECONDS.first;
    works();
  };

  const rows: Database['rows'] = async (sql, values) => {
    if (sql.startsWith('SELECT')) return database.rows(sql, values);
    try {
      const result = await database.rows(sql, values);
      // What changes, claims or removes a row may find none, and then nothing was written.
      if (
        failing.size > 0 &&
        (result.length > 0 || (sql.startsWith('INSERT') && !sql.includes('ON CONFLICT')))
      )
        writeWorked(sql);
      return result;
    } catch (fault) {
      writeFailed(sql, fault);
      throw fault;
    }
  };

  const lookNow = async (): Promise<void> => {
    const started = elapsed();
    const [schema] = await database.rows(
      'SELECT count(*) AS migrations FROM rolebridge_migrations',
      [],
    );
    if (Number(schema!.migrations) < NEWEST_STEP)
      throw new BridgeError(
        'unavailable',
        'the schema of the store is older than when it was opened; restart the bridge',
      );
    await database.rehearse(REHEARSED);
    if (failure === undefined && started - written < WRITE_EVERY_MILLISECONDS) return;
    letter = (letter + 1) % PADDING.letters.length;
    await database.rows('UPDATE write_probe SET padding = $1 WHERE id = 1', [
      PADDING.letters[letter]!.repeat(PADDING.length),
    ]);
    written = started;
    if (failure !== undefined && started >= failure.until) works();
  };

  return {
    database: {
      ...database,
      rows,
      close: () => {
        closed = true;
        return database.close();
      },
    },
    look: async () => {
      if (failure === undefined || elapsed() - lookedInVain >= LOOK_AGAIN_MILLISECONDS) {
        looking ??= lookNow().finally(() => {
          looking = undefined;
        });
        await withinTime(looking).catch((fault: BridgeError) => {
          lookedInVain = elapsed();
          failed(fault, lookedInVain);
        });
      }
      if (failure !== undefined) throw failure.fault;
    },
  };
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
