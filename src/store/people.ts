/**
 * The record of each user's newest sign-in, and who is blocked.
 *
 * Owns: that the newest sign-in wins, that a session is read together with its user's record, and
 * that a session counts as absent if that record was altered. Does not own: how a record limits a
 * session (core/person-record).
 *
 * A record is sealed under the person id and the bridge's secret. Names are found by a keyed hash.
 */
import type { ConnectorId, Identity, PersonId } from '../core/identity.ts';
import type { Block, KnownPerson, RecordedPerson, Standing } from '../core/person-record.ts';
import {
  type BoundIdentity,
  boundBy,
  confirmedRecord,
  lastConfirmed,
  type PersonRecord,
  recordOf,
} from '../core/person-record.ts';
import type { OperatorEvents, People } from '../core/ports.ts';
import type { CorporateProof } from '../core/sign-in.ts';
import type { Instant } from '../core/time.ts';
import { bytes, type Database, type Row } from './database.ts';
import type { Seal } from './sealing.ts';

/**
 * Users of one name: rows read, and users shown of each connector. A provider that names all of its
 * users alice cannot hide an alice of another provider.
 */
const MOST_OF_ONE_NAME = { read: 20_000, shown: 100 } as const;
const MOST_BLOCKED = 1000;
const MOST_EVENTS_TAKEN = 100;
/** Less than every person id. */
const BEFORE_ALL = '';
/** No row has it. */
const NO_REVISION = -1;

/** Columns that `boundTo` reads; `people` is joined by the person of the session. */
export const PERSON_COLUMNS =
  'people.generation, people.asserted_at, people.blocked_at, people.sealed_block, people.sealed AS sealed_person';
const WHOLE_PERSON = `people.person, people.revision, ${PERSON_COLUMNS}`;

/** The new sign-in is newer than the one in the row. An altered row is always replaced. */
const IS_NEWER = `((people.asserted_at, people.signed_in_at) <= (excluded.asserted_at, excluded.signed_in_at)
  OR people.sealed IS NULL OR people.revision = $5)`;
const KNOW = `INSERT INTO people (person, asserted_at, signed_in_at, revision, generation, sealed) VALUES ($1, $2, $3, 1, 0, $4)
  ON CONFLICT (person) DO UPDATE SET
    revision = people.revision + 1,
    asserted_at = CASE WHEN ${IS_NEWER} THEN excluded.asserted_at ELSE people.asserted_at END,
    signed_in_at = CASE WHEN ${IS_NEWER} THEN excluded.signed_in_at ELSE people.signed_in_at END,
    sealed = CASE WHEN ${IS_NEWER} THEN excluded.sealed ELSE people.sealed END
  RETURNING generation, blocked_at, sealed_block`;

const BLOCK = `INSERT INTO people (person, asserted_at, signed_in_at, revision, generation, blocked_at, sealed_block) VALUES ($1, 0, 0, 1, 1, $2, $3)
  ON CONFLICT (person) DO UPDATE SET
    revision = people.revision + 1,
    generation = people.generation + 1,
    blocked_at = COALESCE(people.blocked_at, excluded.blocked_at),
    sealed_block = COALESCE(people.sealed_block, excluded.sealed_block)
  RETURNING sealed_block`;

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createPeople(database: Database, seals: Seal): People {
  const tables: Tables = { database, seals };
  return {
    know: (identity, signedInAt) =>
      keep(tables, identity, before => recordOf(identity, signedInAt, before)),
    confirm: (identity, at) =>
      keep(tables, identity, before => confirmedRecord(identity, at, before)),
    find: async person => {
      const row = await rowOf(tables, person);
      return row && knownIn(row, seals);
    },
    statementOf: async person => {
      const row = await rowOf(tables, person);
      return row === undefined || isBlocked(row) ? undefined : recordIn(row, person, seals);
    },
    named: username => named(tables, username),
    recorded: async person => {
      const row = await rowOf(tables, person);
      return row && recordedIn(row, seals);
    },
    list: async (after, most) => {
      const sql = `SELECT ${WHOLE_PERSON} FROM people WHERE person > $1 ORDER BY person LIMIT $2`;
      const rows = await database.rows(sql, [after ?? BEFORE_ALL, most]);
      return rows.map(row => recordedIn(row, seals));
    },
    block: (person, block) => blockPerson(tables, person, block),
    unblock: person => unblock(tables, person),
    blocked: async () => {
      const rows = await database.rows(
        `SELECT ${WHOLE_PERSON} FROM people WHERE blocked_at IS NOT NULL ORDER BY blocked_at DESC, person LIMIT ${MOST_BLOCKED}`,
        [],
      );
      return rows.map(row => knownIn(row, seals));
    },
  };
}

async function rowOf({ database }: Tables, person: PersonId): Promise<Row | undefined> {
  const sql = `SELECT ${WHOLE_PERSON} FROM people WHERE person = $1`;
  return (await database.rows(sql, [person]))[0];
}

/** Keeps the record that `next` makes of the one before, unless a newer one is there already. */
async function keep(
  tables: Tables,
  { person, username }: Identity,
  next: (before: PersonRecord | undefined) => PersonRecord,
): Promise<Standing> {
  const { database, seals } = tables;
  const row = await rowOf(tables, person);
  const before = row && recordIn(row, person, seals);
  if (before?.username !== username)
    await database.rows(
      'INSERT INTO people_names (name_hash, person) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [seals.locate('person name', username), person],
    );
  const unsound = row !== undefined && before === undefined ? Number(row.revision) : NO_REVISION;
  const record = next(before);
  const sealed = seals.seal('person', person, record);
  const times = [record.assertedAt, lastConfirmed(record)];
  const [state] = await database.rows(KNOW, [person, ...times, sealed, unsound]);
  return { generation: Number(state!.generation), isBlocked: isBlocked(state!), before };
}

async function named({ database, seals }: Tables, username: string): Promise<KnownPerson[]> {
  const rows = await database.rows(
    `SELECT ${WHOLE_PERSON} FROM people_names JOIN people ON people.person = people_names.person
         WHERE name_hash = $1 ORDER BY people.signed_in_at DESC, people.person LIMIT ${MOST_OF_ONE_NAME.read}`,
    [seals.locate('person name', username)],
  );
  const shown = new Map<ConnectorId, number>();
  return rows
    .map(row => knownIn(row, seals))
    .filter(({ connector }) => {
      const number = (shown.get(connector) ?? 0) + 1;
      shown.set(connector, number);
      return number <= MOST_OF_ONE_NAME.shown;
    });
}

async function blockPerson(
  { database, seals }: Tables,
  person: PersonId,
  block: Block,
): Promise<boolean> {
  const sealed = seals.seal('person block', person, block);
  const [row] = await database.rows(BLOCK, [person, block.at, sealed]);
  return Buffer.compare(bytes(row!.sealed_block), sealed) === 0;
}

async function unblock({ database }: Tables, person: PersonId): Promise<boolean> {
  const unblocked = await database.rows(
    `UPDATE people SET revision = revision + 1, blocked_at = NULL, sealed_block = NULL
         WHERE person = $1 AND (blocked_at IS NOT NULL OR sealed_block IS NOT NULL) RETURNING person`,
    [person],
  );
  return unblocked.length > 0;
}

function knownIn(row: Row, seals: Seal): KnownPerson {
  return recordedIn(row, seals).known;
}

function recordedIn(row: Row, seals: Seal): RecordedPerson {
  const person = String(row.person) as PersonId;
  const record = recordIn(row, person, seals);
  const isUnreadable = record === undefined && row.sealed_person !== null;
  return { known: knownBy(row, record, seals), record, isUnreadable };
}

function knownBy(row: Row, record: PersonRecord | undefined, seals: Seal): KnownPerson {
  const person = String(row.person) as PersonId;
  const block =
    row.sealed_block === null
      ? undefined
      : seals.unseal<Block>('person block', person, bytes(row.sealed_block));
  return {
    person,
    connector: record?.connector ?? UNKNOWN_CONNECTOR,
    username: record?.username ?? UNKNOWN_NAME,
    signedInAt: record?.signedInAt,
    blocked: isBlocked(row)
      ? (block ?? { at: Number(row.blocked_at), by: UNKNOWN_NAME })
      : undefined,
  };
}

/** Shown for a user whose record is missing or cannot be read. */
const UNKNOWN_CONNECTOR = 'unknown' as ConnectorId;
const UNKNOWN_NAME = 'unknown';

/** One of the two columns is enough, so removing one of them does not unblock anyone. */
function isBlocked(row: Row): boolean {
  return row.blocked_at !== null || row.sealed_block !== null;
}

/** The record in a row with `PERSON_COLUMNS`; undefined if it was altered or is another user's. */
function recordIn(row: Row, person: PersonId, { unseal }: Seal): PersonRecord | undefined {
  const record =
    row.sealed_person === null
      ? undefined
      : unseal<PersonRecord>('person', person, bytes(row.sealed_person));
  return record?.assertedAt === Number(row.asserted_at) ? record : undefined;
}

interface OfPerson {
  readonly identity: Identity;
  readonly corporateProof?: CorporateProof | undefined;
  readonly generation: number;
}

/** The last result for an identity and a record; both are the same objects while unchanged. */
const bound = new WeakMap<
  Identity,
  { readonly record: PersonRecord; readonly result: BoundIdentity | undefined }
>();

/** The session within the limits of its user's row; undefined if it has ended. */
export function boundTo<T extends OfPerson>(
  row: Row,
  session: T,
  seals: Seal,
): (T & { readonly confirmedAt: Instant }) | undefined {
  const { identity, generation } = session;
  if (isBlocked(row) || Number(row.generation) !== generation) return undefined;
  const record = recordIn(row, identity.person, seals);
  if (record === undefined) return undefined;
  const known = bound.get(identity);
  const result = known?.record === record ? known.result : boundBy(identity, record);
  bound.set(identity, { record, result });
  if (result === undefined) return undefined;
  const confirmedAt = lastConfirmed(record);
  if (result.isNewest || session.corporateProof === undefined)
    return { ...session, identity: result.identity, confirmedAt };
  const { corporateProof: _, ...rest } = session;
  return { ...rest, identity: result.identity, confirmedAt } as T & {
    readonly confirmedAt: Instant;
  };
}

export function createOperatorEvents(database: Database): OperatorEvents {
  return {
    record: async event => {
      await database.rows('INSERT INTO operator_events (event) VALUES ($1)', [
        JSON.stringify(event),
      ]);
    },
    take: async () => {
      // Read first: a DELETE takes a lock even if it finds no row.
      const waiting = await database.rows(
        `SELECT id FROM operator_events ORDER BY id LIMIT ${MOST_EVENTS_TAKEN}`,
        [],
      );
      if (waiting.length === 0) return [];
      const taken = await database.rows(
        'DELETE FROM operator_events WHERE id <= $1 RETURNING id, event',
        [waiting.at(-1)!.id!],
      );
      return taken
        .toSorted((a, b) => Number(a.id) - Number(b.id))
        .map(({ event }) => JSON.parse(String(event)));
    },
  };
}
