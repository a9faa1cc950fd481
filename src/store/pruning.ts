/** Removes expired rows in short steps, which block neither the database nor the event loop. */
import { DAY, type Instant, type Seconds } from '../core/time.ts';
import type { AuditTables } from './audit-tables.ts';
import type { Database, Housekeeping, Value } from './database.ts';
import { createPace, type Turns } from './pace.ts';

/** The audit trail keeps their story. */
const KEEP_ELEVATIONS: Seconds = 400 * DAY;
/** A use that old orders nothing any more (core/role-use). */
const KEEP_USES: Seconds = 90 * DAY;

/** Tables whose rows expire at `expires_at`. Records come before the sessions they end with. */
const EXPIRING: readonly string[] = [
  ...['sign_in_attempts', 'sessions', 'one_time_keys', 'cli_records', 'cli_sessions'],
  ...['provider_sessions', 'workload_tokens', 'kept_metadata'],
];

interface Removal {
  readonly table: string;
  /** On `$1`. */
  readonly condition: string;
  readonly value: Value;
}

export interface Pruner {
  readonly database: Database;
  readonly housekeeping: Housekeeping;
  readonly turns: Turns;
}

interface Pruning {
  readonly now: Instant;
  readonly strangers: Pick<AuditTables, 'strangersToPrune'>;
  /** Stops after the statement that runs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes what expired before `now`, and events of callers who are not signed in that are too old
 * or too many. Audit events stay.
 */
export async function pruneAll(pruner: Pruner, { now, strangers, signal }: Pruning): Promise<void> {
  for (const table of EXPIRING)
    await removeRows(pruner, { table, condition: 'expires_at < $1', value: now }, signal);
  const elevations = {
    ...{ table: 'elevations', value: now - KEEP_ELEVATIONS * 1000 },
    condition: 'open_until < $1 AND changed_at < $1 AND remind_at IS NULL AND recorded = events',
  };
  await removeRows(pruner, elevations, signal);
  const uses = { table: 'role_uses', value: now - KEEP_USES * 1000 };
  const unused = 'used_at < $1 AND favourite_at IS NULL';
  await removeRows(pruner, { ...uses, condition: unused }, signal);
  const { before, upToId } = await strangers.strangersToPrune(now);
  const events = { table: 'stranger_events' };
  await removeRows(pruner, { ...events, condition: 'at < $1', value: before }, signal);
  await removeRows(pruner, { ...events, condition: 'id <= $1', value: upToId }, signal);
  await tidy(pruner, signal);
}

/** Removes all rows that meet a condition, in short steps, and returns how many. */
export async function removeRows(
  { database, housekeeping, turns }: Pruner,
  { table, condition, value }: Removal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const sql = housekeeping.removal(table, condition);
  const pace = createPace(housekeeping, turns);
  let removed = 0;
  const removeSome = async (): Promise<boolean> => {
    const most = pace.rows();
    const { length } = await database.rows(sql, [value, most]);
    removed += length;
    return length === most;
  };
  while (signal?.aborted !== true && (await pace.step(removeSome, signal)));
  return removed;
}

/** Gives the space of removed rows back, in steps that are as short. */
export async function tidy(
  { housekeeping, turns }: Omit<Pruner, 'database'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pace = createPace(housekeeping, turns);
  const giveBack = async (): Promise<boolean> => (await housekeeping.giveBack?.()) ?? false;
  while (signal?.aborted !== true && (await pace.step(giveBack, signal)));
  if (signal?.aborted !== true) await housekeeping.refreshStatistics?.();
}
