/**
 * Elevations. Each is sealed as a whole under its public id and the bridge's secret.
 *
 * Owns: how one is found, changed by compare-and-swap and listed. Does not own: what follows what
 * (core/elevation-changes), who is told of it (notices).
 *
 * The columns beside the seal find rows for lists and pruning, and are never believed: an attacker
 * who writes them can hide an elevation, and cannot make it worth more.
 */
import { type Elevation, type ElevationStatus, nextReminder, statusOf } from '../core/elevation.ts';
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
    recorded: (id, count) =>
      update(tables, id, elevation => ({
        next: elevation.recorded >= count ? elevation : { ...elevation, recorded: count },
        value: undefined,
      })),
    ofPerson: (person, since) => ofPerson(tables, person, since),
    list: (which, most) => list(tables, which, most),
  };
}

async function create(
  { database, seals }: Tables,
  elevations: readonly Elevation[],
): Promise<void> {
  if (elevations.length === 0) return;
  const values: Value[] = [];
  const rows = elevations.map(elevation => {
    const { id, requester, requestedAt } = elevation;
    const columns = [id, requester.person, requestedAt, ...changingOf(elevation, seals)];
    return `(${columns.map(value => `$${values.push(value)}`).join(', ')}, 0)`;
  });
  await database.rows(
    `INSERT INTO elevations (id, person, requested_at, sealed, phase, open_until, remind_at, events,
           recorded, changed_at, revision)
         VALUES ${rows.join(', ')}`,
    values,
  );
}

/** The columns `sealed`, `phase`, `open_until`, `remind_at`, `events`, `recorded`, `changed_at`. */
function changingOf(elevation: Elevation, seals: Seal): readonly Value[] {
  const { id, events, recorded, requestedAt } = elevation;
  const changedAt = events.at(-1)?.at ?? requestedAt;
  return [
    ...[seals.seal(KIND, id, elevation), ...positionOf(elevation)],
    ...[events.length, recorded, changedAt],
  ];
}

/** The columns `phase`, `open_until` and `remind_at`. */
function positionOf(elevation: Elevation): [phase: string, openUntil: Instant, remindAt: Value] {
  const { ended, granted, decideBy } = elevation;
  const remindAt = nextReminder(elevation) ?? null;
  if (ended !== undefined) return ['ended', ended.at, remindAt];
  if (granted !== undefined) return ['granted', granted.endsAt, remindAt];
  return ['waiting', decideBy, remindAt];
}

/** The elevation in a row with `id` and `sealed`; undefined if it was altered or is another's. */
export function elevationIn(row: Row, seals: Seal): Elevation | undefined {
  return seals.unseal<Elevation>(KIND, String(row.id), bytes(row.sealed));
}

function elevationsIn(rows: readonly Row[], seals: Seal): Elevation[] {
  return rows.map(row => elevationIn(row, seals)).filter(found => found !== undefined);
}

async function read(
  { database, seals }: Tables,
  id: string,
): Promise<{ readonly elevation: Elevation; readonly revision: number } | undefined> {
  const [row] = await database.rows('SELECT id, sealed, revision FROM elevations WHERE id = $1', [
    id,
  ]);
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
    const changed = await database.rows(
      `UPDATE elevations SET sealed = $1, phase = $2, open_until = $3, remind_at = $4, events = $5,
             recorded = $6, changed_at = $7, revision = revision + 1
           WHERE id = $8 AND revision = $9 RETURNING revision`,
      [...changingOf(next, seals), id, found.revision],
    );
    if (changed.length > 0) return value;
  }
  throw new BridgeError('unavailable', 'too many callers change one elevation at once');
}

/** Those that end last, so that no number of closed ones hides an open one. */
async function ofPerson(
  { database, seals }: Tables,
  person: PersonId,
  since: Instant,
): Promise<Elevation[]> {
  const rows = await database.rows(
    `SELECT id, sealed FROM elevations WHERE person = $1 AND open_until >= $2
         ORDER BY open_until DESC LIMIT ${MOST_OF_PERSON}`,
    [person, since],
  );
  return elevationsIn(rows, seals)
    .filter(({ requester }) => requester.person === person)
    .sort((a, b) => b.requestedAt - a.requestedAt);
}

/** What is sorted are ids: seals are read of the rows that are left. */
async function list(
  { database, seals }: Tables,
  which: WhichElevations,
  most: number,
): Promise<Elevation[]> {
  const { condition, values, includes } = listOf(which);
  const rows = await database.rows(
    `SELECT id, sealed FROM elevations WHERE id IN (
           SELECT id FROM elevations WHERE ${condition}
           ORDER BY requested_at DESC, id LIMIT $${values.length + 1})
         ORDER BY requested_at DESC, id`,
    [...values, most],
  );
  return elevationsIn(rows, seals).filter(includes);
}

interface List {
  readonly condition: string;
  readonly values: readonly Value[];
  /** The same of the sealed values. */
  readonly includes: (elevation: Elevation) => boolean;
}

function listOf(which: WhichElevations): List {
  switch (which.kind) {
    case 'waiting':
    case 'granted':
      return {
        condition: 'phase = $1 AND open_until > $2',
        values: [which.kind, which.now],
        includes: elevation => LISTED_AS[statusOf(elevation, which.now)] === which.kind,
      };
    case 'to-review':
      return {
        condition: 'remind_at IS NOT NULL',
        values: [],
        includes: elevation => nextReminder(elevation) !== undefined,
      };
    case 'overdue':
      return {
        condition: 'remind_at <= $1',
        values: [which.now],
        includes: elevation => (nextReminder(elevation) ?? Infinity) <= which.now,
      };
    case 'unrecorded':
      return {
        condition: 'recorded < events',
        values: [],
        includes: ({ recorded, events }) => recorded < events.length,
      };
  }
}

const LISTED_AS: { readonly [S in ElevationStatus]?: WhichElevations['kind'] } = {
  waiting: 'waiting',
  scheduled: 'granted',
  active: 'granted',
};
