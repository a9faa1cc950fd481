/**
 * Grants and tokens of CLI sessions: sealed records of one table that change by compare-and-swap.
 *
 * Owns: how a record is found, that a transition happens at most once for each state. Does not own:
 * what the states are (core).
 */

import type { CliSession } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Records } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { cliSessionFrom, SESSION_COLUMNS, WITH_PERSON } from './cli-sessions.ts';
import { bytes, type Database, type Row } from './database.ts';
import { createMemory, type Memory } from './memory.ts';
import { deeplyFrozen, hashOf, type Seal, type SealedKind } from './sealing.ts';

/** Far more than the callers that race for one record; one succeeds each round. */
const MAX_ROUNDS = 1000;

const OF_RECORD = `FROM (SELECT session_hash, revision AS record_revision, last_used_at AS record_used_at, sealed AS sealed_record
    FROM cli_records WHERE kind = $1 AND id_hash = $2) AS record
  JOIN (${WITH_PERSON}) ON cli_sessions.id_hash = record.session_hash`;
const CHANGES = `record_revision, record_used_at, cli_sessions.revision AS session_revision,
  people.revision AS person_revision`;
const STATE = `${CHANGES}, last_used_at, expires_at, people.asserted_at`;
const WITH_SESSION = `SELECT sealed_record, ${CHANGES}, ${SESSION_COLUMNS} ${OF_RECORD}`;
const STATE_WITH_SESSION = `SELECT ${STATE} ${OF_RECORD}`;

/** Columns whose size grows with what a provider sends about a user. */
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

/** Differs after every change, since each change writes one of these columns. */
function stateIn([row]: readonly Row[]): string | undefined {
  if (row === undefined) return undefined;
  const {
    record_revision,
    record_used_at,
    last_used_at,
    expires_at,
    session_revision,
    person_revision,
    asserted_at,
  } = row;
  return [
    record_revision,
    record_used_at,
    last_used_at,
    expires_at,
    session_revision,
    person_revision,
    asserted_at,
  ].join(' ');
}

interface Sealable {
  readonly expiresAt: number;
  readonly session?: string | undefined;
}

/** The records of one kind. */
interface Tables<R> {
  readonly database: Database;
  readonly seals: Seal;
  readonly kind: SealedKind;
  /** As last read. The database is asked each time whether they are unchanged. */
  readonly opened: Memory<Opened<R>>;
}

export function createRecords<R extends Sealable>(
  database: Database,
  seals: Seal,
  kind: SealedKind,
): Records<R> {
  const tables: Tables<R> = { database, seals, kind, opened: createMemory() };
  return {
    create: (id, record) => create(tables, id, record),
    find: async (id, now) => (await read(tables, id, now))?.record,
    findWithSession: (id, now) => findWithSession(tables, id, now),
    update: (id, now, transition) => update(tables, { id, now, transition }),
  };
}

async function create<R extends Sealable>(
  { database, seals, kind }: Tables<R>,
  id: string,
  record: R,
): Promise<boolean> {
  const place = seals.locate(kind, id);
  const sealed = seals.seal(kind, id, record);
  // The reference is NULL if the session has ended.
  const [row] = await database.rows(
    `INSERT INTO cli_records (kind, id_hash, session_hash, expires_at, revision, sealed)
         VALUES ($1, $2, (SELECT id_hash FROM cli_sessions WHERE id_hash = $3), $4, 0, $5) RETURNING session_hash`,
    [kind, place, sessionHash(record), record.expiresAt, sealed],
  );
  if (record.session === undefined || row?.session_hash !== null) return true;
  await database.rows('DELETE FROM cli_records WHERE kind = $1 AND id_hash = $2', [kind, place]);
  return false;
}

async function read<R extends Sealable>(
  { database, seals, kind }: Tables<R>,
  id: string,
  now: Instant,
): Promise<{ readonly record: R; readonly revision: number } | undefined> {
  const [row] = await database.rows(
    'SELECT revision, sealed FROM cli_records WHERE kind = $1 AND id_hash = $2',
    [kind, seals.locate(kind, id)],
  );
  const record = row && seals.unseal<R>(kind, id, bytes(row.sealed));
  // The sealed time decides; the column serves pruning only.
  return record !== undefined && record.expiresAt > now
    ? { record, revision: Number(row!.revision) }
    : undefined;
}

async function findWithSession<R extends Sealable>(
  tables: Tables<R>,
  id: string,
  now: Instant,
): Promise<Opened<R>['found'] | undefined> {
  const { database, seals, kind, opened } = tables;
  const place = seals.locate(kind, id);
  const name = Buffer.from(place).toString('latin1');
  const known = opened.get(name);
  const isSame =
    known !== undefined &&
    known.state === stateIn(await database.rows(STATE_WITH_SESSION, [kind, place]));
  const current = isSame ? known : await openWithSession(tables, id, place);
  if (current === undefined) {
    opened.forget(name);
    return undefined;
  }
  opened.keep(name, current, current.bytes);
  return current.found.record.expiresAt > now ? current.found : undefined;
}

async function openWithSession<R extends Sealable>(
  { database, seals, kind }: Tables<R>,
  id: string,
  place: Uint8Array,
): Promise<Opened<R> | undefined> {
  const rows = await database.rows(WITH_SESSION, [kind, place]);
  const [row] = rows;
  const record = row && seals.unseal<R>(kind, id, bytes(row.sealed_record));
  if (record?.session === undefined) return undefined;
  const session = cliSessionFrom(row!, record.session, seals);
  const lastUsedAt = row!.record_used_at === null ? undefined : Number(row!.record_used_at);
  if (session === undefined) return undefined;
  return {
    found: deeplyFrozen({ record, session, ...(lastUsedAt !== undefined && { lastUsedAt }) }),
    state: stateIn(rows),
    bytes: SIZED.reduce((sum, column) => sum + bytes(row![column]!).byteLength, 0),
  };
}

interface Change<R, T> {
  readonly id: string;
  readonly now: Instant;
  readonly transition: (record: R) => { readonly next: R; readonly value: T };
}

async function update<R extends Sealable, T>(
  tables: Tables<R>,
  { id, now, transition }: Change<R, T>,
): Promise<T | undefined> {
  const { database, seals, kind } = tables;
  const place = seals.locate(kind, id);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await read(tables, id, now);
    if (found === undefined) return undefined;
    const { next, value } = transition(found.record);
    if (next === found.record) return value;
    const changed = await database.rows(
      `UPDATE cli_records SET sealed = $1, expires_at = $2, revision = revision + 1,
             session_hash = (SELECT id_hash FROM cli_sessions WHERE id_hash = $3)
           WHERE kind = $4 AND id_hash = $5 AND revision = $6 RETURNING revision`,
      [seals.seal(kind, id, next), next.expiresAt, sessionHash(next), kind, place, found.revision],
    );
    if (changed.length > 0) return value;
  }
  throw new BridgeError('unavailable', `too many callers change one ${kind} at once`);
}

function sessionHash({ session }: Sealable): Uint8Array | null {
  return session === undefined ? null : hashOf(session);
}
