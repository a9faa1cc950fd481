/** A database for the store: statements in, rows out. SQLite and PostgreSQL implement it. */

export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

export interface Database {
  /**
   * Runs one statement, with `values[0]` for `$1` and so on, and returns its rows once it is
   * committed. Throws `unavailable` if the database fails, `internal` if the statement breaks a
   * constraint.
   */
  rows(sql: string, values: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Tests whether the database takes writes, without a write: runs write statements that match no
   * row, and waits only a moment for locks. Throws `unavailable`.
   */
  rehearse(statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** How a database removes many rows without holding up anything else. */
export interface Housekeeping {
  /**
   * A statement that removes at most `$2` rows that meet a condition on `$1`, and returns one row
   * for each. It waits for no row that another statement holds.
   */
  removal(table: string, condition: string): string;
  /** The most rows of one statement. */
  readonly mostRows: number;
  /** What one statement should take at most. */
  readonly milliseconds: number;
  /**
   * Gives back some of the space that removed rows left, and returns whether more is left.
   * Undefined where the database does so by itself.
   */
  giveBack?(): Promise<boolean>;
  /** Keeps what the database knows of its tables up to date. */
  refreshStatistics?(): Promise<void>;
}

export function bytes(value: Value | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('a column of bytes contains another type');
}
