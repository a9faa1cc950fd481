/**
 * Grants and tokens of CLI sessions: sealed records of one table that change by compare-and-swap.
 *
 * Owns: how a record is found, that a transition happens at most once for each state. Does not own:
 * what the states are (core).
 */
import { BridgeError } from '../core/errors.ts';
import type { CliSession, Records } from '../core/ports.ts';
import { SESSION_COLUMNS, sessionIn, WITH_PERSON } from './cli-sessions.ts';
import { bytes, type Database, type Row } from './database.ts';
import { createMemory } from './memory.ts';
import { deeplyFrozen, hashOf, type Seal, type SealedKind } from './sealing.ts';

/** Far more than callers who race for one record; each round one of them succeeds. */
const MAX_ROUNDS = 1000;

const OF_RECORD = `FROM (SELECT session_hash, revision AS record_revision, last_used_at AS record_used_at, sealed AS sealed_record
    FROM cli_records WHERE kind = $1 AND id_hash = $2) AS record
  JOIN (${WITH_PERSON}) ON cli_sessions.id_hash = record.session_hash`;
const STATE =
  'record_revision, record_used_at, last_used_at, expires_at, people.revision AS person_revision, people.asserted_at';
const WITH_SESSION = `SELECT sealed_record, record_revision, record_used_at, people.revision AS person_revision, ${SESSION_COLUMNS} ${OF_RECORD}`;
const STATE_WITH_SESSION = `SELECT ${STATE} ${OF_RECORD}`;

/** The columns whose size grows with what a provider says of a person. */
const SIZED = ['sealed_record', 'sealed_session', 'sealed_person'] as const;

interface Opened<R> {
  readonly found: {
    readonly record: R;
    readonly session: CliSession;
    readonly lastUsedAt?: number | undefined;
  };
  readonly state: string | undefined;
  readonly bytes: number;
}

/**
 * Another one after every change: each writes one of these columns. Undefined when there is no row.
 */
function stateIn([row]: readonly Row[]): string | undefined {
  if (row === undefined) return undefined;
  const {
    record_revision,
    record_used_at,
    last_used_at,
    expires_at,
    person_revision,
    asserted_at,
  } = row;
  return [
    record_revision,
    record_used_at,
    last_used_at,
    expires_at,
    person_revision,
    asserted_at,
  ].join(' ');
}

export function createRecords<
  R extends { readonly expiresAt: number; readonly session?: string | undefined },
>(database: Database, seals: Seal, kind: SealedKind): Records<R> {
  const { seal, unseal, locate } = seals;
  const sessionHash = (record: R): Uint8Array | null =>
    record.session === undefined ? null : hashOf(record.session);

  const read = async (
    place: Uint8Array,
    id: string,
    now: number,
  ): Promise<{ record: R; revision: number } | undefined> => {
    const [row] = await database.rows(
      'SELECT revision, sealed FROM cli_records WHERE kind = $1 AND id_hash = $2',
      [kind, place],
    );
    const record = row && unseal<R>(kind, id, bytes(row.sealed));
    // The sealed time decides; the column serves pruning only.
    return record !== undefined && record.expiresAt > now
      ? { record, revision: Number(row!.revision) }
      : undefined;
  };

  /**
   * Records and sessions as they were when last looked at; the database says each time whether they
   * still are.
   */
  const opened = createMemory<Opened<R>>();

  const openWithSession = async (id: string, place: Uint8Array): Promise<Opened<R> | undefined> => {
    const rows = await database.rows(WITH_SESSION, [kind, place]);
    const [row] = rows;
    const record = row && unseal<R>(kind, id, bytes(row.sealed_record));
    if (record?.session === undefined) return undefined;
    const session = sessionIn(row!, record.session, seals);
    const lastUsedAt = row!.record_used_at === null ? undefined : Number(row!.record_used_at);
    if (session === undefined) return undefined;
    return {
      found: deeplyFrozen({ record, session, ...(lastUsedAt !== undefined && { lastUsedAt }) }),
      state: stateIn(rows),
      bytes: SIZED.reduce((sum, column) => sum + bytes(row![column]!).byteLength, 0),
    };
  };

  return {
    create: async (id, record) => {
      const place = locate(kind, id);
      // A session that has ended leaves no row to refer to, and the reference comes out empty.
      const [row] = await database.rows(
        `INSERT INTO cli_records (kind, id_hash, session_hash, expires_at, revision, sealed)
         VALUES ($1, $2, (SELECT id_hash FROM cli_sessions WHERE id_hash = $3), $4, 0, $5) RETURNING session_hash`,
        [kind, place, sessionHash(record), record.expiresAt, seal(kind, id, record)],
      );
      if (record.session === undefined || row?.session_hash !== null) return true;
      await database.rows('DELETE FROM cli_records WHERE kind = $1 AND id_hash = $2', [
        kind,
        place,
      ]);
      return false;
    },
    find: async (id, now) => (await read(locate(kind, id), id, now))?.record,
    findWithSession: async (id, now) => {
      const place = locate(kind, id);
      const name = Buffer.from(place).toString('latin1');
      const known = opened.get(name);
      const isSame =
        known !== undefined &&
        known.state === stateIn(await database.rows(STATE_WITH_SESSION, [kind, place]));
      const current = isSame ? known : await openWithSession(id, place);
      if (current === undefined) {
        opened.forget(name);
        return undefined;
      }
      opened.keep(name, current, current.bytes);
      return current.found.record.expiresAt > now ? current.found : undefined;
    },
    update: async (id, now, transition) => {
      const place = locate(kind, id);
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const found = await read(place, id, now);
        if (found === undefined) return undefined;
        const { next, value } = transition(found.record);
        if (next === found.record) return value;
        const changed = await database.rows(
          `UPDATE cli_records SET sealed = $1, expires_at = $2, revision = revision + 1,
             session_hash = (SELECT id_hash FROM cli_sessions WHERE id_hash = $3)
           WHERE kind = $4 AND id_hash = $5 AND revision = $6 RETURNING revision`,
          [seal(kind, id, next), next.expiresAt, sessionHash(next), kind, place, found.revision],
        );
        if (changed.length > 0) return value;
      }
      throw new BridgeError('unavailable', `too many callers change one ${kind} at once`);
    },
  };
}
