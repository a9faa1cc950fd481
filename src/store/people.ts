/**
 * People as their newest sign-in left them, and who is blocked.
 *
 * Owns: that the newest sign-in wins, that a session is read together with the record of its
 * person, and what a record that was altered counts as: the session is absent. Does not own: how a
 * record bounds a session (core/person-record).
 *
 * A record is sealed under the person id and the bridge's secret. Names are found by a keyed hash.
 */
import type { ConnectorId, Identity, PersonId } from '../core/identity.ts';
import { type BoundIdentity, boundBy, type PersonRecord, recordOf } from '../core/person-record.ts';
import type { Block, CorporateProof, KnownPerson, OperatorEvents, People } from '../core/ports.ts';
import { bytes, type Database, type Row } from './database.ts';
import type { Seal } from './sealing.ts';

/**
 * Who is looked at of one name, and who is shown of each connector: a provider that calls everybody
 * alice hides no alice of another one.
 */
const MOST_OF_ONE_NAME = { read: 20_000, shown: 100 } as const;
const MOST_BLOCKED = 1000;
const MOST_EVENTS_TAKEN = 100;
/** No row has it. */
const NO_REVISION = -1;

/**
 * What `boundTo` reads of the person of a session; `people` is joined by the person of the session.
 */
export const PERSON_COLUMNS =
  'people.generation, people.asserted_at, people.blocked_at, people.sealed_block, people.sealed AS sealed_person';
const WHOLE_PERSON = `people.person, people.revision, ${PERSON_COLUMNS}`;

/**
 * The sign-in that comes is newer than the one in the row; a row that was found unsound is written
 * again.
 */
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

export function createPeople(database: Database, seals: Seal): People {
  const { seal, unseal, locate } = seals;

  const knownIn = (row: Row): KnownPerson => {
    const person = String(row.person) as PersonId;
    const record = recordIn(row, person, seals);
    const block =
      row.sealed_block === null
        ? undefined
        : unseal<Block>('person block', person, bytes(row.sealed_block));
    return {
      person,
      connector: record?.connector ?? UNKNOWN_CONNECTOR,
      username: record?.username ?? UNKNOWN_NAME,
      signedInAt: record?.signedInAt,
      blocked: isBlocked(row)
        ? (block ?? { at: Number(row.blocked_at), by: UNKNOWN_NAME })
        : undefined,
    };
  };

  const rowOf = async (person: PersonId): Promise<Row | undefined> =>
    (await database.rows(`SELECT ${WHOLE_PERSON} FROM people WHERE person = $1`, [person]))[0];

  return {
    know: async (identity, signedInAt) => {
      const { person, username, assertedAt } = identity;
      const row = await rowOf(person);
      const before = row && recordIn(row, person, seals);
      if (before?.username !== username)
        await database.rows(
          'INSERT INTO people_names (name_hash, person) VALUES ($1, $2) ON CONFLICT DO NOTHING',
          [locate('person name', username), person],
        );
      const unsound =
        row !== undefined && before === undefined ? Number(row.revision) : NO_REVISION;
      const sealed = seal('person', person, recordOf(identity, signedInAt));
      const [state] = await database.rows(KNOW, [person, assertedAt, signedInAt, sealed, unsound]);
      return { generation: Number(state!.generation), isBlocked: isBlocked(state!), before };
    },
    find: async person => {
      const row = await rowOf(person);
      return row && knownIn(row);
    },
    named: async username => {
      const rows = await database.rows(
        `SELECT ${WHOLE_PERSON} FROM people_names JOIN people ON people.person = people_names.person
         WHERE name_hash = $1 ORDER BY people.signed_in_at DESC, people.person LIMIT ${MOST_OF_ONE_NAME.read}`,
        [locate('person name', username)],
      );
      const shown = new Map<ConnectorId, number>();
      return rows.map(knownIn).filter(({ connector }) => {
        const number = (shown.get(connector) ?? 0) + 1;
        shown.set(connector, number);
        return number <= MOST_OF_ONE_NAME.shown;
      });
    },
    block: async (person, block) => {
      const sealed = seal('person block', person, block);
      const [row] = await database.rows(BLOCK, [person, block.at, sealed]);
      return Buffer.compare(bytes(row!.sealed_block), sealed) === 0;
    },
    unblock: async person => {
      const unblocked = await database.rows(
        `UPDATE people SET revision = revision + 1, blocked_at = NULL, sealed_block = NULL
         WHERE person = $1 AND (blocked_at IS NOT NULL OR sealed_block IS NOT NULL) RETURNING person`,
        [person],
      );
      return unblocked.length > 0;
    },
    blocked: async () => {
      const rows = await database.rows(
        `SELECT ${WHOLE_PERSON} FROM people WHERE blocked_at IS NOT NULL ORDER BY blocked_at DESC, person LIMIT ${MOST_BLOCKED}`,
        [],
      );
      return rows.map(knownIn);
    },
  };
}

/** A person whose record is not there, or cannot be read. */
const UNKNOWN_CONNECTOR = 'unknown' as ConnectorId;
const UNKNOWN_NAME = 'unknown';

/** Either column says so: removing one of them lifts no block. */
function isBlocked(row: Row): boolean {
  return row.blocked_at !== null || row.sealed_block !== null;
}

/** The record in a row with `PERSON_COLUMNS`, if it is this person's and whole. */
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

/**
 * What was worked out last: the same identity and record, which are remembered by their seals,
 * bound to the same.
 */
const bound = new WeakMap<
  Identity,
  { readonly record: PersonRecord; readonly result: BoundIdentity | undefined }
>();

/** A session as its person's row, with `PERSON_COLUMNS`, bounds it; undefined when that ends it. */
export function boundTo<T extends OfPerson>(row: Row, session: T, seals: Seal): T | undefined {
  const { identity, generation } = session;
  if (isBlocked(row) || Number(row.generation) !== generation) return undefined;
  const record = recordIn(row, identity.person, seals);
  if (record === undefined) return undefined;
  const known = bound.get(identity);
  const result = known?.record === record ? known.result : boundBy(identity, record);
  bound.set(identity, { record, result });
  if (result === undefined) return undefined;
  if (result.isNewest || session.corporateProof === undefined)
    return { ...session, identity: result.identity };
  const { corporateProof: _, ...rest } = session;
  return { ...rest, identity: result.identity } as T;
}

export function createOperatorEvents(database: Database): OperatorEvents {
  return {
    record: async event => {
      await database.rows('INSERT INTO operator_events (event) VALUES ($1)', [
        JSON.stringify(event),
      ]);
    },
    take: async () => {
      // Looked for first: a statement that deletes takes a lock also where there is nothing to
      // delete.
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
