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

export function bytes(value: Value | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('a column of bytes contains another type');
}
