/**
 * The audit trail in two tables. `audit_events` contains events of users, workloads and operators:
 * it is append-only by trigger and never pruned. `stranger_events` contains events of callers who
 * are not signed in: it is pruned by age and number. The column `person` contains the id of the
 * user or workload.
 */
import { type AuditEvent, isOfStranger, principalIn } from '../core/audit-event.ts';
import { endOfHandOut, LONGEST_AWS_SESSION } from '../core/aws-session.ts';
import type { HandOut } from '../core/elevation-notice.ts';
import type { PersonId } from '../core/identity.ts';
import type { AliveHandOuts, AuditSink, HandOuts } from '../core/ports.ts';
import { printableJson } from '../core/printable.ts';
import { DAY, type Instant, type Seconds } from '../core/time.ts';
import type { AuditReader } from './audit-reader.ts';
import type { Database, Row, Value } from './database.ts';

const MOST_EVENTS_READ = 10_000;
const MOST_HAND_OUTS = 500;
const MOST_EVENTS_OF_USER = 2000;
const KEEP_STRANGERS: Seconds = 30 * DAY;
/**
 * About 3 GB in SQLite. Budgets (audit/trail-budget) let one site cause 2.2 million in thirty days.
 */
const MOST_STRANGER_EVENTS = 6_000_000;

export interface AuditTables extends AuditReader {
  readonly audit: AuditSink;
  readonly handOuts: HandOuts;
  /**
   * The newest `stranger_events` that stay: none that happened more than thirty days before `now`,
   * and so many at most.
   */
  strangersToPrune(now: Instant): Promise<{ readonly before: Instant; readonly upToId: number }>;
}

export function createAuditTables(database: Database): AuditTables {
  return {
    audit: {
      record: event =>
        isOfStranger(event) ? recordStranger(database, event) : recordEvent(database, event),
    },
    handOuts: {
      aliveBy: (elevation, now) => aliveBy(database, elevation, now),
      aliveOf: (person, now) => aliveOf(database, person, now),
    },
    readAudit: async ({ from, to, principal, type, limit }) => {
      const filters = (
        [
          ['at >=', from],
          ['at <', to],
          ['person =', principal],
          ['type =', type],
        ] as const
      ).filter(([, value]) => value !== undefined);
      const where = filters.map(([condition], index) => `${condition} $${index + 1}`).join(' AND ');
      const newest = (table: string, position: string): string =>
        `SELECT * FROM (SELECT at, ${position}, event FROM ${table} ${where && `WHERE ${where}`} ORDER BY at DESC, id DESC LIMIT $${filters.length + 1}) AS ${table}_found`;
      const trail = newest('audit_events', 'id AS trail_id, 0 AS stranger_id');
      const strangers = newest('stranger_events', 'after_id AS trail_id, id AS stranger_id');
      const rows = await database.rows(
        `SELECT event FROM (${principal === undefined ? `${trail} UNION ALL ${strangers}` : trail}) AS found
         ORDER BY at DESC, trail_id DESC, stranger_id DESC LIMIT $${filters.length + 1}`,
        [
          ...filters.map(([, value]) => value!),
          Math.min(Math.max(1, Math.trunc(limit)), MOST_EVENTS_READ),
        ],
      );
      return rows.map(row => JSON.parse(String(row.event)) as AuditEvent);
    },
    strangersToPrune: async now => {
      const [row] = await database.rows(
        'SELECT COALESCE(MAX(id), 0) AS newest FROM stranger_events',
        [],
      );
      return {
        before: now - KEEP_STRANGERS * 1000,
        upToId: Number(row!.newest) - MOST_STRANGER_EVENTS,
      };
    },
  };
}

async function aliveBy(
  database: Database,
  elevation: string,
  now: Instant,
): Promise<readonly HandOut[]> {
  const rows = await database.rows(
    `SELECT event FROM audit_events WHERE elevation = $1 AND elevation_event IS NULL AND at >= $2
       AND type IN ('credentials.issued', 'console-link.issued')
     ORDER BY at DESC, id DESC LIMIT ${MOST_HAND_OUTS}`,
    [elevation, now - LONGEST_AWS_SESSION * 1000],
  );
  return aliveIn(rows, now);
}

/** Reads events of every type, which bounds the number of rows, but of them only hand-outs. */
async function aliveOf(database: Database, person: PersonId, now: Instant): Promise<AliveHandOuts> {
  const rows = await database.rows(
    `SELECT CASE WHEN type IN ('credentials.issued', 'console-link.issued') THEN event END AS event
       FROM audit_events WHERE person = $1 AND at >= $2
     ORDER BY at DESC, id DESC LIMIT ${MOST_EVENTS_OF_USER + 1}`,
    [person, now - LONGEST_AWS_SESSION * 1000],
  );
  const read = rows.slice(0, MOST_EVENTS_OF_USER).filter(({ event }) => event !== null);
  return { handOuts: aliveIn(read, now), isComplete: rows.length <= MOST_EVENTS_OF_USER };
}

function aliveIn(rows: readonly Row[], now: Instant): readonly HandOut[] {
  return rows
    .map(row => JSON.parse(String(row.event)) as HandOut)
    .filter(handOut => endOfHandOut(handOut) > now);
}

async function recordEvent(database: Database, event: AuditEvent): Promise<void> {
  const kept = await database.rows(
    `INSERT INTO audit_events
       (at, type, person, account, role, correlation_id, event, elevation, elevation_event)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
    [
      event.at,
      event.type,
      principalIn(event) ?? null,
      'account' in event && event.account !== undefined ? text(event.account) : null,
      'role' in event && event.role !== undefined ? text(event.role) : null,
      text(event.origin.correlationId),
      jsonOf(event),
      'elevation' in event && event.elevation !== undefined ? text(event.elevation) : null,
      // Several instances can record one event of an elevation: the first one counts.
      'number' in event ? event.number : null,
    ],
  );
  if (kept.length === 0) await requireSame(database, event);
}

/**
 * A caller who can insert into the table must not take the place of an event: no approval would be
 * in the trail then, and it would count. The correlation id is unknown before the event is kept.
 */
async function requireSame(database: Database, event: AuditEvent): Promise<void> {
  if (!('number' in event)) throw new Error('an audit event of no elevation was not kept');
  const [row] = await database.rows(
    'SELECT event FROM audit_events WHERE elevation = $1 AND elevation_event = $2',
    [text(event.elevation), event.number],
  );
  const kept = row && (JSON.parse(String(row.event)) as AuditEvent);
  const isSame =
    kept?.type === event.type &&
    kept.at === event.at &&
    kept.origin.correlationId === event.origin.correlationId;
  if (!isSame)
    throw new Error(`the trail has another event ${event.number} of elevation ${event.elevation}`);
}

async function recordStranger(database: Database, event: AuditEvent): Promise<void> {
  const { address, correlationId } = event.origin;
  await database.rows(
    `INSERT INTO stranger_events (after_id, at, type, address, correlation_id, event)
     VALUES ((SELECT COALESCE(MAX(id), 0) FROM audit_events), $1, $2, $3, $4, $5)`,
    [event.at, event.type, text(address), text(correlationId), jsonOf(event)] satisfies Value[],
  );
}

/** Without control characters: operators read it with the database's own tools (threats R46). */
function jsonOf(event: AuditEvent): string {
  return printableJson(JSON.stringify(event));
}

/**
 * A refusal names roles as requested. PostgreSQL rejects NUL in text, and the event must not be
 * lost by that.
 */
function text(value: string): string {
  return value.replaceAll('\0', '\u{FFFD}');
}
