/**
 * Which events of elevations each target of notifications was told: one row for each target and
 * elevation, which one caller at a time holds.
 *
 * Owns: who may tell what next. Does not own: when to give up and how to tell
 * (bridge/notifications, notify).
 */
import type { Elevation } from '../core/elevation.ts';
import type { Notice } from '../core/elevation-notice.ts';
import type { Notices } from '../core/ports.ts';
import { HOUR, type Instant, type Seconds } from '../core/time.ts';
import type { Database, Row, Value } from './database.ts';
import { elevationIn } from './elevations.ts';
import type { Seal } from './sealing.ts';

type Claim = Parameters<Notices['claim']>[1];

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createNotices(database: Database, seals: Seal): Notices {
  return {
    since: (target, now) => since(database, target, now),
    claim: (target, claimed) => claim({ database, seals }, target, claimed),
    keep: async (target, elevation, { holder, told, failures, dueAt, leaseUntil }) => {
      const kept = await database.rows(
        `UPDATE notices SET told = $4, failures = $5, due_at = $6, lease_until = $7
         WHERE target = $1 AND elevation = $2 AND holder = $3 RETURNING told`,
        [target, elevation, holder, told, failures, dueAt, leaseUntil],
      );
      return kept.length > 0;
    },
  };
}

async function since(database: Database, target: string, now: Instant): Promise<Instant> {
  const known = 'SELECT since FROM notification_targets WHERE target = $1';
  const [row] = await database.rows(known, [target]);
  if (row !== undefined) return Number(row.since);
  await database.rows(
    'INSERT INTO notification_targets (target, since) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [target, now],
  );
  return Number((await database.rows(known, [target]))[0]!.since);
}

/** Read first, because it is asked all the time: a statement that writes takes a lock. */
const DUE = `SELECT elevations.id, elevations.sealed, told, failures, due_at
  FROM elevations LEFT JOIN notices ON target = $1 AND elevation = elevations.id
  WHERE changed_at >= $3 AND recorded > COALESCE(told, 0)
    AND COALESCE(due_at, 0) <= $2 AND COALESCE(lease_until, 0) <= $2
  ORDER BY CASE WHEN due_at > changed_at THEN due_at ELSE changed_at END, elevations.id LIMIT $4`;

/** An elevation that this secret does not open must not stand in front of the others. */
const SET_ASIDE = 'UPDATE notices SET due_at = $3 WHERE target = $1 AND elevation = $2';
const ASIDE: Seconds = HOUR;

async function claim({ database, seals }: Tables, target: string, claim: Claim): Promise<Notice[]> {
  const { now, since, most } = claim;
  const due = await database.rows(DUE, [target, now, since, most]);
  if (due.length === 0) return [];
  const leased = await lease(database, target, { due, claim });
  const notices: Notice[] = [];
  for (const row of due.filter(({ id }) => leased.has(String(id)))) {
    const elevation = elevationIn(row, seals);
    if (elevation === undefined) {
      await database.rows(SET_ASIDE, [target, String(row.id), now + ASIDE * 1000]);
      continue;
    }
    const told = Math.max(Number(row.told), happenedBefore(since, elevation));
    notices.push({ elevation, told, failures: Number(row.failures) });
  }
  return notices;
}

interface Leasing {
  readonly due: readonly Row[];
  readonly claim: Claim;
}

/**
 * The ids of the elevations that this caller holds now. A row that another caller has leased, or
 * leased and written, since it was read is left to them.
 */
async function lease(
  database: Database,
  target: string,
  { due, claim: { holder, now, leaseUntil } }: Leasing,
): Promise<ReadonlySet<string>> {
  const values: Value[] = [target, holder, now, leaseUntil];
  const place = (value: Value | undefined): string => `$${values.push(value ?? 0)}`;
  // In one order for all callers: those who lock the same rows in two orders would wait in vain.
  const rows = due
    .toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
    .map(({ id, told, failures, due_at: dueAt }) => {
      const read = [id, told, failures, dueAt].map(place).join(', ');
      return `($1, ${read}, $2, $4)`;
    });
  const leased = await database.rows(
    `INSERT INTO notices (target, elevation, told, failures, due_at, holder, lease_until)
       VALUES ${rows.join(', ')}
     ON CONFLICT (target, elevation) DO UPDATE
       SET holder = excluded.holder, lease_until = excluded.lease_until
       WHERE notices.lease_until <= $3
         AND notices.told = excluded.told AND notices.due_at = excluded.due_at
     RETURNING elevation`,
    values,
  );
  return new Set(leased.map(({ elevation }) => String(elevation)));
}

/** How many events happened before: the target was not there yet, or it is too late to tell. */
function happenedBefore(since: Instant, { events }: Elevation): number {
  const first = events.findIndex(({ at }) => at >= since);
  return first === -1 ? events.length : first;
}
