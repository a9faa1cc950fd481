/**
 * A database as the store needs it: statements in, rows out. SQLite and PostgreSQL each make one.
 */

export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

export interface Database {
  /**
   * Runs one statement, with `values[0]` for `$1` and so on, and gives its rows once it is kept.
   * Throws `unavailable` when the database does not do it, `internal` when the statement breaks a
   * constraint.
   */
  rows(sql: string, values: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Runs statements that would write and find no row to write, and waits for locks no longer than a
   * moment: whether the database takes writes, without a write. Throws `unavailable`.
   */
  rehearse(statements: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function bytes(value: Value | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('a column of bytes holds something else');
}
