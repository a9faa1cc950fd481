/**
 * CLI sessions. A session is sealed under its id, and its summary under its public id: it can be
 * listed without the id, and the database alone discloses nothing. Stored rows and sealed values
 * call the public id `handle`.
 */
import type { CliSession, CliSessionSummary, CliStepUp } from '../core/cli-session.ts';
import type { PersonId } from '../core/identity.ts';
import type { CliSessions } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { bytes, type Database, type Row, type Value } from './database.ts';
import { boundTo, PERSON_COLUMNS } from './people.ts';
import { hashOf, type Seal } from './sealing.ts';

const MOST_LISTED = 1000;
const LISTED = 'handle, last_used_at, expires_at, sealed_summary, sealed_last_use';
/** Columns that `cliSessionFrom` reads from `WITH_PERSON`. */
export const SESSION_COLUMNS = `${LISTED}, cli_sessions.sealed AS sealed_session, sealed_step_up,
  ${PERSON_COLUMNS}`;
/** A CLI session joined with its user. */
export const WITH_PERSON = 'cli_sessions JOIN people ON people.person = cli_sessions.person';

type SealedSummary = Omit<
  CliSessionSummary,
  'publicId' | 'lastUsedAt' | 'lastUsedAddress' | 'expiresAt'
> & { readonly handle: string };

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createCliSessions(database: Database, seals: Seal): CliSessions {
  const tables: Tables = { database, seals };
  return {
    create: session => create(tables, session),
    find: id => find(tables, id),
    pickUp: async (session, at, address) => {
      const picked = await database.rows(
        `UPDATE cli_sessions SET expires_at = $2, last_used_at = $3, sealed_last_use = $4
         WHERE id_hash = $1 AND expires_at > $3 RETURNING handle`,
        [hashOf(session.id), session.notAfter, at, sealLastUse(seals, session, address)],
      );
      return picked.length > 0;
    },
    touch: async (session, at, address) => {
      // Requests of one session overtake each other: the later time stays.
      await database.rows(
        'UPDATE cli_sessions SET last_used_at = $2, sealed_last_use = $3 WHERE id_hash = $1 AND last_used_at < $2',
        [hashOf(session.id), at, sealLastUse(seals, session, address)],
      );
    },
    end: async id => (await endWhere(tables, 'id_hash = $1', [hashOf(id)]))[0],
    endByPublicId: async (publicId, person) =>
      person === undefined
        ? (await endWhere(tables, 'handle = $1', [publicId]))[0]
        : (await endWhere(tables, 'handle = $1 AND person = $2', [publicId, person]))[0],
    endAllOf: person => endWhere(tables, 'person = $1', [person]),
    stepUp: (publicId, person, made) => stepUp(tables, { publicId, person, made }),
    adopt: session => adopt(tables, session),
    list: (now, of) => list(tables, now, of?.person),
  };
}

async function create(
  { database, seals: { seal } }: Tables,
  { id, summary, ...session }: CliSession,
): Promise<void> {
  const { providerSession } = session;
  const { publicId: handle, lastUsedAt: _, lastUsedAddress: __, expiresAt, ...kept } = summary;
  const { person, createdAt } = summary;
  const sealedSummary: SealedSummary = { handle, ...kept };
  await database.rows(
    `INSERT INTO cli_sessions (id_hash, handle, person, created_at, expires_at, sealed,
           sealed_summary, provider_session)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[hashOf(id), handle, person, createdAt, expiresAt],
      seal('cli session', id, storedOf(session, handle)),
      seal('cli session summary', handle, sealedSummary),
      providerSession === undefined ? null : hashOf(providerSession),
    ],
  );
}

async function find({ database, seals }: Tables, id: string): Promise<CliSession | undefined> {
  const [row] = await database.rows(
    `SELECT ${SESSION_COLUMNS} FROM ${WITH_PERSON} WHERE id_hash = $1`,
    [hashOf(id)],
  );
  return row && cliSessionFrom(row, id, seals);
}

type StoredSession = Omit<
  CliSession,
  'id' | 'summary' | 'confirmedAt' | 'unconfirmed' | 'waitingStepUp'
> & { readonly handle: string };

function storedOf(session: Omit<CliSession, 'id' | 'summary'>, handle: string): StoredSession {
  const { confirmedAt: _, unconfirmed: __, waitingStepUp: ___, ...stored } = session;
  return { ...stored, handle };
}

async function stepUp(
  { database, seals }: Tables,
  {
    publicId,
    person,
    made,
  }: { readonly publicId: string; readonly person: PersonId; readonly made: CliStepUp },
): Promise<boolean> {
  const { providerSession, steppedUp } = made;
  const [row] = await database.rows(
    'SELECT sealed_summary FROM cli_sessions WHERE handle = $1 AND person = $2',
    [publicId, person],
  );
  const summary =
    row && seals.unseal<SealedSummary>('cli session summary', publicId, bytes(row.sealed_summary));
  // The sealed user decides: anyone with write access could change the column.
  if (summary?.person !== person) return false;
  const shown: SealedSummary = { ...summary, steppedUpAt: steppedUp.at };
  const changed = await database.rows(
    `UPDATE cli_sessions SET sealed_step_up = $1, sealed_summary = $2, revision = revision + 1,
           provider_session = COALESCE($3, provider_session)
         WHERE handle = $4 AND person = $5 RETURNING handle`,
    [
      seals.seal('cli session step-up', publicId, made),
      seals.seal('cli session summary', publicId, shown),
      providerSession === undefined ? null : hashOf(providerSession),
      ...[publicId, person],
    ],
  );
  return changed.length > 0;
}

/** One succeeds in each round, and only another step-up of the user begins one. */
const ADOPTION_ROUNDS = 3;

/**
 * Takes the step-up that waits now, which can be newer than the one that the session was read with,
 * and reads the session again. Of two requests at once, both take the same one.
 */
async function adopt(tables: Tables, session: CliSession): Promise<CliSession | undefined> {
  const { database, seals } = tables;
  const { id } = session;
  let current: CliSession | undefined = session;
  for (let round = 0; round < ADOPTION_ROUNDS && current?.waitingStepUp !== undefined; round++) {
    const [row] = await database.rows(
      'SELECT sealed, sealed_step_up, revision FROM cli_sessions WHERE id_hash = $1',
      [hashOf(id)],
    );
    const stored = row && seals.unseal<StoredSession>('cli session', id, bytes(row.sealed));
    if (stored === undefined) return undefined;
    const made = waitingIn(row!, stored.handle, seals);
    if (made !== undefined)
      await database.rows(
        `UPDATE cli_sessions SET sealed = $1, sealed_step_up = NULL, revision = revision + 1
           WHERE id_hash = $2 AND revision = $3 RETURNING handle`,
        [
          seals.seal('cli session', id, steppedUpBy(stored, made)),
          hashOf(id),
          Number(row!.revision),
        ],
      );
    current = await find(tables, id);
  }
  return current;
}

function waitingIn(row: Row, publicId: string, { unseal }: Seal): CliStepUp | undefined {
  return row.sealed_step_up === null
    ? undefined
    : unseal<CliStepUp>('cli session step-up', publicId, bytes(row.sealed_step_up));
}

/** Its corporate proof replaces the earlier one, also by none: only the newest sign-in's counts. */
function steppedUpBy<T extends Pick<CliSession, 'identity' | 'corporateProof' | 'notAfter'>>(
  session: T,
  { steppedUp, assertedAt, notAfter, corporateProof, providerSession }: CliStepUp,
): T {
  const { corporateProof: _, ...kept } = session;
  return {
    ...(kept as T),
    steppedUp,
    identity: { ...session.identity, assertedAt, authentication: steppedUp.authentication },
    notAfter: Math.min(session.notAfter, notAfter ?? Number.POSITIVE_INFINITY),
    ...(corporateProof !== undefined && { corporateProof }),
    ...(providerSession !== undefined && { providerSession }),
  };
}

function sealLastUse({ seal }: Seal, { summary }: CliSession, address: string): Uint8Array {
  return seal('cli session use', summary.publicId, { address });
}

/** Ends sessions by their columns. */
export const endCliSessionsWhere = endWhere;

async function endWhere(
  { database, seals }: Tables,
  condition: string,
  values: readonly Value[],
): Promise<CliSessionSummary[]> {
  const sql = `DELETE FROM cli_sessions WHERE ${condition} RETURNING ${LISTED}`;
  return summariesIn(await database.rows(sql, values), seals);
}

async function list(
  { database, seals }: Tables,
  now: Instant,
  person: PersonId | undefined,
): Promise<CliSessionSummary[]> {
  // A sign keeps an index from being used. Of all, the database reads in the order of creation and
  // stops; of one user, it reads their few sessions.
  const living = '+expires_at > $1';
  const rows =
    person === undefined
      ? await database.rows(
          `SELECT ${LISTED} FROM cli_sessions WHERE ${living} ORDER BY created_at DESC, handle LIMIT ${MOST_LISTED}`,
          [now],
        )
      : await database.rows(
          `SELECT ${LISTED} FROM cli_sessions WHERE person = $2 AND ${living} ORDER BY +created_at DESC, handle LIMIT ${MOST_LISTED}`,
          [now, person],
        );
  return summariesIn(rows, seals).filter(of => person === undefined || of.person === person);
}

function summariesIn(rows: readonly Row[], seals: Seal): CliSessionSummary[] {
  return rows.map(row => summaryIn(row, seals)).filter(summary => summary !== undefined);
}

/**
 * The session of this id in a row with `SESSION_COLUMNS`; undefined if the row is another session's
 * or was altered, or if its user's record ends the session.
 */
export function cliSessionFrom(row: Row, id: string, seals: Seal): CliSession | undefined {
  const session = seals.unseal<StoredSession>('cli session', id, bytes(row.sealed_session));
  const summary = summaryIn(row, seals);
  // Both seals contain the public id, so a summary copied from another row does not count.
  if (session === undefined || summary === undefined || session.handle !== summary.publicId)
    return undefined;
  const { handle: _, ...rest } = session;
  const waitingStepUp = waitingIn(row, summary.publicId, seals);
  return boundTo(
    row,
    {
      id,
      ...rest,
      ...(waitingStepUp !== undefined && { waitingStepUp }),
      summary: { ...summary, expiresAt: Math.min(summary.expiresAt, session.notAfter) },
    },
    seals,
  );
}

function summaryIn(row: Row, { unseal }: Seal): CliSessionSummary | undefined {
  const publicId = String(row.handle);
  const sealed = unseal<SealedSummary>('cli session summary', publicId, bytes(row.sealed_summary));
  if (sealed === undefined) return undefined;
  const { handle, ...summary } = sealed;
  const lastUse =
    row.sealed_last_use === null
      ? undefined
      : unseal<{ address: string }>('cli session use', publicId, bytes(row.sealed_last_use));
  return {
    publicId: handle,
    ...summary,
    ...(row.last_used_at !== null && { lastUsedAt: Number(row.last_used_at) }),
    ...(lastUse !== undefined && { lastUsedAddress: lastUse.address }),
    expiresAt: Number(row.expires_at),
  };
}
