/** Removes expired rows in short steps, which block neither the database nor the event loop. */
import { DAY, type Instant, type Seconds } from '../core/time.ts';
import type { AuditTables } from './audit-tables.ts';
import type { Database, Value } from './database.ts';

/** Rows of one statement: a few milliseconds in SQLite, during which nothing else can use it. */
const BATCH = 500;
/** The audit trail keeps their story. */
const KEEP_ELEVATIONS: Seconds = 400 * DAY;
/** A use that old orders nothing any more (core/role-use). */
const KEEP_USES: Seconds = 90 * DAY;

/** Tables whose rows expire at `expires_at`, and their keys. */
const EXPIRING: readonly (readonly [table: string, key: string])[] = [
  ['sign_in_attempts', 'id_hash'],
  ['sessions', 'id_hash'],
  ['one_time_keys', 'key_hash'],
  ['cli_records', 'kind, id_hash'],
  ['cli_sessions', 'id_hash'],
  ['provider_sessions', 'id_hash'],
  // Not by workload and slot: another token can have taken the slot over by then.
  ['workload_tokens', 'id_hash'],
  ['kept_metadata', 'id_hash'],
];

interface Removal {
  readonly table: string;
  readonly key: string;
  /** Takes `$1`. */
  readonly condition: string;
  readonly value: Value;
}

/**
 * Removes what expired before `now`, and events of callers who are not signed in that are too old
 * or too many. Audit events stay.
 */
export async function pruneAll(
  database: Database,
  {
    now,
    strangers,
  }: { readonly now: Instant; readonly strangers: Pick<AuditTables, 'strangersToPrune'> },
): Promise<void> {
  for (const [table, key] of EXPIRING)
    await remove(database, { table, key, condition: 'expires_at < $1', value: now });
  await remove(database, {
    ...{ table: 'elevations', key: 'id', value: now - KEEP_ELEVATIONS * 1000 },
    condition: 'open_until < $1 AND changed_at < $1 AND remind_at IS NULL AND recorded = events',
  });
  await remove(database, {
    ...{ table: 'role_uses', key: 'person, account, role', value: now - KEEP_USES * 1000 },
    condition: 'used_at < $1 AND favourite_at IS NULL',
  });
  const { before, upToId } = await strangers.strangersToPrune(now);
  const events = { table: 'stranger_events', key: 'id' };
  await remove(database, { ...events, condition: 'at < $1', value: before });
  await remove(database, { ...events, condition: 'id <= $1', value: upToId });
}

async function remove(
  database: Database,
  { table, key, condition, value }: Removal,
): Promise<void> {
  const sql = `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ${BATCH}) RETURNING 1 AS removed`;
  for (;;) {
    const removed = await database.rows(sql, [value]);
    if (removed.length < BATCH) return;
  }
}
