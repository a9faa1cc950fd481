/**
 * The audit trail for exports and archives: read page by page, and removed once it is archived.
 *
 * The column `id` of `audit_events` is the place of an event. The triggers of the table let rows be
 * removed up to the place that `audit_archives` says, and no others.
 */
import type { AuditEvent } from '../core/audit-event.ts';
import type { NewArchive, PlacedEvent, Trail } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import type { Database, Row } from './database.ts';
import { type Pruner, removeRows } from './pruning.ts';

const PAGE = 500;

export function createTrail(pruner: Pruner): Trail {
  const { database } = pruner;
  return {
    events: span => eventsOf(database, span),
    after: async (place, most) => {
      const rows = await database.rows(
        'SELECT id, event FROM audit_events WHERE id > $1 ORDER BY id LIMIT $2',
        [place, most],
      );
      return rows.map(placed);
    },
    archived: () => archived(database),
    lease: async (holder, { now, until }) => {
      const leased = await database.rows(
        `UPDATE audit_archive_lease SET holder = $1, lease_until = $2
          WHERE id = 1 AND (holder = $1 OR lease_until <= $3) RETURNING id`,
        [holder, until, now],
      );
      return leased.length > 0;
    },
    keepArchive: (archive, at) => keepArchive(database, archive, at),
    removeArchived: async signal => {
      const upTo = (await archived(database))?.upTo ?? 0;
      const removal = { table: 'audit_events', condition: 'id <= $1', value: upTo };
      return removeRows(pruner, removal, signal);
    },
  };
}

function placed({ id, event }: Row): PlacedEvent {
  return { place: Number(id), event: JSON.parse(String(event)) as AuditEvent };
}

async function archived(database: Database): ReturnType<Trail['archived']> {
  const [row] = await database.rows(
    'SELECT last_id, archived_at FROM audit_archives ORDER BY last_id DESC LIMIT 1',
    [],
  );
  return row && { upTo: Number(row.last_id), at: Number(row.archived_at) };
}

async function keepArchive(
  database: Database,
  { after, upTo, count, file, sha256 }: NewArchive,
  at: Instant,
): Promise<boolean> {
  const kept = await database.rows(
    `INSERT INTO audit_archives (after_id, last_id, events, archived_at, file, sha256)
     SELECT $1, $2, $3, $4, $5, $6
      WHERE (SELECT COALESCE(MAX(last_id), 0) FROM audit_archives) = $1
     ON CONFLICT DO NOTHING RETURNING id`,
    [after, upTo, count, at, file, sha256],
  );
  return kept.length > 0;
}

/** Where an event stands among all events: by time, then by its place in the trail. */
interface Position {
  readonly at: Instant;
  readonly trailId: number;
  readonly event: string;
}

/** Both tables of the trail as one. */
async function* eventsOf(
  database: Database,
  span: { readonly from: Instant; readonly to: Instant },
): AsyncGenerator<AuditEvent> {
  const [trail, strangers] = [
    readTable(database, { ...span, table: 'audit_events', columns: 'id AS trail_id' }),
    readTable(database, { ...span, table: 'stranger_events', columns: 'after_id AS trail_id' }),
  ];
  let [ofTrail, ofStranger] = [await trail.next(), await strangers.next()];
  while (ofTrail.done !== true || ofStranger.done !== true) {
    if (
      ofStranger.done === true ||
      (ofTrail.done !== true && isBefore(ofTrail.value, ofStranger.value))
    ) {
      yield JSON.parse((ofTrail.value as Position).event) as AuditEvent;
      ofTrail = await trail.next();
    } else {
      yield JSON.parse(ofStranger.value.event) as AuditEvent;
      ofStranger = await strangers.next();
    }
  }
}

function isBefore(one: Position, other: Position): boolean {
  if (one.at !== other.at) return one.at < other.at;
  return one.trailId <= other.trailId;
}

interface Reading {
  readonly from: Instant;
  readonly to: Instant;
  readonly table: 'audit_events' | 'stranger_events';
  readonly columns: string;
}

async function* readTable(
  database: Database,
  { from, to, table, columns }: Reading,
): AsyncGenerator<Position> {
  const sql = `SELECT at, id, ${columns}, event FROM ${table}
    WHERE at >= $1 AND at < $2 AND (at > $1 OR id > $3) ORDER BY at, id LIMIT ${PAGE}`;
  let [at, id] = [from, 0];
  for (;;) {
    const rows = await database.rows(sql, [at, to, id]);
    for (const row of rows) {
      [at, id] = [Number(row.at), Number(row.id)];
      yield { at, trailId: Number(row.trail_id), event: String(row.event) };
    }
    if (rows.length < PAGE) return;
  }
}
