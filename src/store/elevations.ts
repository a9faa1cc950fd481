/**
 * Elevations. Each is sealed under its public id and the bridge's secret; the columns beside it
 * serve lists and pruning.
 *
 * Owns: how one is found, changed by compare-and-swap and listed. Does not own: what follows what
 * (core/elevation-changes), who is told of it (notices).
 */
import { type Elevation, nextReminder } from '../core/elevation.ts';
import { BridgeError } from '../core/errors.ts';
import type { PersonId } from '../core/identity.ts';
import type { Elevations, WhichElevations } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { bytes, type Database, type Row, type Value } from './database.ts';
import type { Seal } from './sealing.ts';

/** Far more than the callers that race for one elevation; one succeeds each round. */
const MAX_ROUNDS = 1000;
const KIND = 'elevation';
const MOST_OF_PERSON = 200;
const COLUMNS = 'elevations.id, elevations.recorded, elevations.revision, elevations.sealed';

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createElevations(database: Database, seals: Seal): Elevations {
  const tables: Tables = { database, seals };
  return {
    create: elevations => create(tables, elevations),
    find: async id => (await read(tables, id))?.elevation,
    update: (id, transition) => update(tables, id, transition),
    recorded: async (id, count) => {
      await database.rows('UPDATE elevations SET recorded = $2 WHERE id = $1 AND recorded < $2', [
        id,
        count,
      ]);
    },
    ofPerson: (person, since) => ofPerson(tables, person, since),
    list: (which, most) => list(tables, which, most),
  };
}

type Sealed = Omit<Elevation, 'recorded'>;

async function create(
  { database, seals }: Tables,
  elevations: readonly Elevation[],
): Promise<void> {
  const values: Value[] = [];
  const rows = elevations.map(({ recorded, ...elevation }) => {
    const { id, requester, requestedAt, events } = elevation;
    const place = (value: Value): string => `$${values.push(value)}`;
    const columns = [
      ...[id, requester.person, ...positionOf({ ...elevation, recorded }), requestedAt],
      ...[events.length, recorded, changedAt(elevation), seals.seal(KIND, id, elevation)],
    ];
    return `(${columns.map(place).join(', ')}, 0)`;
  });
  await database.rows(
    `INSERT INTO elevations (id, person, phase, open_until, remind_at, requested_at, events,
           recorded, changed_at, sealed, revision)
         VALUES ${rows.join(', ')}`,
    values,
  );
}

function changedAt({ events, requestedAt }: Pick<Elevation, 'events' | 'requestedAt'>): Instant {
  return events.at(-1)?.at ?? requestedAt;
}

/** The columns `phase`, `open_until` and `remind_at`. */
function positionOf(elevation: Elevation): [phase: string, openUntil: Instant, remindAt: Value] {
  const { ended, granted, decideBy } = elevation;
  const remindAt = nextReminder(elevation) ?? null;
  if (ended !== undefined) return ['ended', ended.at, remindAt];
  if (granted !== undefined) return ['granted', granted.endsAt, remindAt];
  return ['waiting', decideBy, remindAt];
}

export function elevationIn(row: Row, seals: Seal): Elevation | undefined {
  const sealed = seals.unseal<Sealed>(KIND, String(row.id), bytes(row.sealed));
  return sealed && { ...sealed, recorded: Number(row.recorded) };
}

function elevationsIn(rows: readonly Row[], seals: Seal): Elevation[] {
  return rows.map(row => elevationIn(row, seals)).filter(found => found !== undefined);
}

async function read(
  { database, seals }: Tables,
  id: string,
): Promise<{ readonly elevation: Elevation; readonly revision: number } | undefined> {
  const [row] = await database.rows(`SELECT ${COLUMNS} FROM elevations WHERE id = $1`, [id]);
  const elevation = row && elevationIn(row, seals);
  return elevation && { elevation, revision: Number(row!.revision) };
}

async function update<T>(
  tables: Tables,
  id: string,
  transition: (elevation: Elevation) => { readonly next: Elevation; readonly value: T },
): Promise<T | undefined> {
  const { database, seals } = tables;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await read(tables, id);
    if (found === undefined) return undefined;
    const { next, value } = transition(found.elevation);
    if (next === found.elevation) return value;
    const { recorded: _, ...sealed } = next;
    const changed = await database.rows(
      `UPDATE elevations SET sealed = $1, phase = $2, open_until = $3, remind_at = $4, events = $5,
             changed_at = $6, revision = revision + 1
           WHERE id = $7 AND revision = $8 RETURNING revision`,
      [
        ...[seals.seal(KIND, id, sealed), ...positionOf(next), next.events.length],
        ...[changedAt(next), id, found.revision],
      ],
    );
    if (changed.length > 0) return value;
  }
  throw new BridgeError('unavailable', 'too many callers change one elevation at once');
}

async function ofPerson(
  { database, seals }: Tables,
  person: PersonId,
  since: Instant,
): Promise<Elevation[]> {
  const rows = await database.rows(
    `SELECT ${COLUMNS} FROM elevations WHERE person = $1 AND open_until >= $2
         ORDER BY requested_at DESC, id LIMIT ${MOST_OF_PERSON}`,
    [person, since],
  );
  return elevationsIn(rows, seals).filter(({ requester }) => requester.person === person);
}

async function list(
  { database, seals }: Tables,
  which: WhichElevations,
  most: number,
): Promise<Elevation[]> {
  const [condition, values] = conditionOf(which);
  const rows = await database.rows(
    `SELECT ${COLUMNS} FROM elevations WHERE ${condition}
         ORDER BY requested_at DESC, id LIMIT $${values.length + 1}`,
    [...values, most],
  );
  return elevationsIn(rows, seals);
}

function conditionOf(which: WhichElevations): readonly [string, readonly Value[]] {
  switch (which.kind) {
    case 'waiting':
    case 'granted':
      return ['phase = $1 AND open_until > $2', [which.kind, which.now]];
    case 'to-review':
      return ['remind_at IS NOT NULL', []];
    case 'overdue':
      return ['remind_at <= $1', [which.now]];
    case 'unrecorded':
      return ['recorded < events', []];
  }
}
