/**
 * Which events of elevations each target of notifications was told: one row for each target and
 * elevation, which one caller at a time holds.
 *
 * Owns: who may tell what next. Does not own: when to give up and how to tell
 * (bridge/notifications, notify).
 */
import type { Notice } from '../core/elevation-notice.ts';
import type { Notices } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import type { Database } from './database.ts';
import { elevationIn } from './elevations.ts';
import type { Seal } from './sealing.ts';

/** Takes the lease unless another caller holds it. */
const CLAIM = `INSERT INTO notices (target, elevation, told, failures, due_at, holder, lease_until)
  SELECT $1, elevations.id, 0, 0, 0, $2, $4 FROM elevations
    LEFT JOIN notices AS before ON before.target = $1 AND before.elevation = elevations.id
  WHERE elevations.changed_at >= $5 AND elevations.events > COALESCE(before.told, 0)
    AND COALESCE(before.due_at, 0) <= $3 AND COALESCE(before.lease_until, 0) <= $3
  ORDER BY COALESCE(before.due_at, 0), elevations.changed_at LIMIT $6
  ON CONFLICT (target, elevation) DO UPDATE
    SET holder = excluded.holder, lease_until = excluded.lease_until WHERE notices.lease_until <= $3
  RETURNING elevation`;
const CLAIMED = `SELECT notices.told, notices.failures, elevations.id, elevations.recorded, elevations.sealed
  FROM notices JOIN elevations ON elevations.id = notices.elevation
  WHERE notices.target = $1 AND notices.holder = $2 AND notices.lease_until > $3`;

export function createNotices(database: Database, seals: Seal): Notices {
  return {
    since: async (target, now) => {
      await database.rows(
        'INSERT INTO notification_targets (target, since) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [target, now],
      );
      const [row] = await database.rows(
        'SELECT since FROM notification_targets WHERE target = $1',
        [target],
      );
      return Number(row!.since) as Instant;
    },
    claim: async (target, { holder, now, leaseUntil, since, most }) => {
      const taken = await database.rows(CLAIM, [target, holder, now, leaseUntil, since, most]);
      if (taken.length === 0) return [];
      const ids = new Set(taken.map(({ elevation }) => elevation));
      const rows = await database.rows(CLAIMED, [target, holder, now]);
      return rows.flatMap((row): readonly Notice[] => {
        const elevation = ids.has(row.id!) ? elevationIn(row, seals) : undefined;
        if (elevation === undefined) return [];
        return [{ elevation, told: Number(row.told), failures: Number(row.failures) }];
      });
    },
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
