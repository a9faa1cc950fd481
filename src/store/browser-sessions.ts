/**
 * Browser sessions. A session is sealed under its id, which only the cookie has, and its summary
 * under its public id: it can be listed without the cookie, and the database alone discloses
 * nothing. A session of an earlier version has no summary.
 *
 * The summary does not contain the id of the session at the provider: with it, the bridge alone
 * could use the tokens of the provider, without anything that only the user has.
 */
import type { BrowserSessionSummary, Session } from '../core/browser-session.ts';
import type { PersonId } from '../core/identity.ts';
import type { ListedSessions, Sessions } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { bytes, type Database, type Row, type Value } from './database.ts';
import { boundTo, PERSON_COLUMNS } from './people.ts';
import { removeUnshared } from './provider-sessions.ts';
import { hashOf, type Seal } from './sealing.ts';

const MOST_LISTED = 1000;
/** Columns that `summaryIn` reads. */
const LISTED = 'id_hash, public_id, last_used_at, sealed_summary';

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createSessions(database: Database, seals: Seal): Sessions {
  const tables: Tables = { database, seals };
  return {
    create: session => create(tables, session),
    find: id => find(tables, id),
    touch: async (id, lastUsedAt) => {
      // Requests of one session overtake each other: the later time stays.
      await database.rows(
        'UPDATE sessions SET last_used_at = $2 WHERE id_hash = $1 AND last_used_at < $2',
        [hashOf(id), lastUsedAt],
      );
    },
    end: async id => {
      const [row] = await database.rows(
        'DELETE FROM sessions WHERE id_hash = $1 RETURNING sealed',
        [hashOf(id)],
      );
      if (row === undefined) return undefined;
      const ended = seals.unseal<StoredSession>('session', id, bytes(row.sealed));
      return { providerSession: ended?.providerSession };
    },
    endAllOf: person => endAllOf(tables, person),
    endByPublicId: (publicId, of) => endByPublicId(tables, publicId, of),
    list: (now, of) => list(tables, now, of?.person),
  };
}

// ---------------------------------------------------------------- by the cookie

type StoredSession = Omit<Session, 'id' | 'confirmedAt' | 'unconfirmed'>;

async function create(
  { database, seals: { seal } }: Tables,
  { id, confirmedAt: _, unconfirmed: __, ...session }: Session,
): Promise<void> {
  const { identity, createdAt, lastUsedAt, expiresAt, providerSession } = session;
  const summary = summaryOf(id, session);
  await database.rows(
    `INSERT INTO sessions (id_hash, person, connector, created_at, last_used_at, expires_at,
           sealed, provider_session, public_id, sealed_summary)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[hashOf(id), identity.person, identity.connector, createdAt, lastUsedAt, expiresAt],
      seal('session', id, session),
      providerSession === undefined ? null : hashOf(providerSession),
      summary?.publicId ?? null,
      summary === undefined ? null : seal('session summary', summary.publicId, summary),
    ],
  );
}

async function find({ database, seals }: Tables, id: string): Promise<Session | undefined> {
  const [row] = await database.rows(
    `SELECT sessions.last_used_at, sessions.sealed, ${PERSON_COLUMNS}
         FROM sessions JOIN people ON people.person = sessions.person WHERE id_hash = $1`,
    [hashOf(id)],
  );
  if (row === undefined) return undefined;
  const session = seals.unseal<StoredSession>('session', id, bytes(row.sealed));
  // Only the time of last use comes from a column, which anyone with write access could change.
  return session && boundTo(row, { id, ...session, lastUsedAt: Number(row.last_used_at) }, seals);
}

async function endAllOf({ database }: Tables, person: PersonId): Promise<number> {
  // The generation also ends a session that a request in flight opens after this.
  await database.rows(
    'UPDATE people SET generation = generation + 1, revision = revision + 1 WHERE person = $1',
    [person],
  );
  const sql = 'DELETE FROM sessions WHERE person = $1 RETURNING id_hash';
  return (await database.rows(sql, [person])).length;
}

// ---------------------------------------------------------------- by the public id

interface SealedSummary extends Omit<BrowserSessionSummary, 'lastUsedAt'> {
  /** The hash of the id, in base64: a summary counts in its own row only. */
  readonly place: string;
  /** As in `Session`. */
  readonly generation: number;
}

function summaryOf(
  id: string,
  { publicId, openedFrom, identity, steppedUp, ...session }: StoredSession,
): SealedSummary | undefined {
  if (publicId === undefined || openedFrom === undefined) return undefined;
  const { createdAt, expiresAt, generation } = session;
  const { person, connector, source, username } = identity;
  return {
    place: placeOf(hashOf(id)),
    ...{ publicId, person, connector, source, username, openedFrom, createdAt, expiresAt },
    ...(steppedUp !== undefined && { steppedUpAt: steppedUp.at }),
    generation,
  };
}

function placeOf(idHash: Uint8Array): string {
  return Buffer.from(idHash).toString('base64');
}

async function endByPublicId(
  { database, seals }: Tables,
  publicId: string,
  { person, now }: { readonly person: PersonId | undefined; readonly now: Instant },
): Promise<BrowserSessionSummary | undefined> {
  const [condition, values]: readonly [string, readonly Value[]] =
    person === undefined
      ? ['public_id = $1', [publicId]]
      : ['public_id = $1 AND person = $2', [publicId, person]];
  const [row] = await database.rows(
    `DELETE FROM sessions WHERE ${condition} RETURNING ${LISTED}, provider_session`,
    values,
  );
  if (row === undefined) return undefined;
  // The session has ended; what is left of it at the provider expires by itself.
  if (row.provider_session !== null)
    await removeUnshared(database, bytes(row.provider_session), now).catch(() => {});
  const sealed = summaryIn(row, seals);
  return sealed && shownOf(row, sealed);
}

async function list(
  { database, seals }: Tables,
  now: Instant,
  person: PersonId | undefined,
): Promise<ListedSessions> {
  // A sign keeps an index from being used: one user has few sessions. Of all, the database reads
  // those that end last, which are the newest ones, and stops.
  const rows =
    person === undefined
      ? await database.rows(`${LIVE} AND expires_at > $1 ORDER BY expires_at DESC ${MOST}`, [now])
      : await database.rows(
          `${LIVE} AND sessions.person = $2 AND +expires_at > $1 ORDER BY +created_at DESC ${MOST}`,
          [now, person],
        );
  const summaries = rows.flatMap(row => {
    const sealed = summaryIn(row, seals);
    const counts =
      sealed?.generation === Number(row.generation) &&
      sealed.expiresAt > now &&
      (person === undefined || sealed.person === person);
    return counts ? [shownOf(row, sealed)] : [];
  });
  const withoutDetails = rows
    .filter(row => row.public_id === null)
    .map(row => ({
      lastUsedAt: Number(row.last_used_at),
      expiresAt: Number(row.expires_at),
    }));
  return { summaries: summaries.sort((a, b) => b.createdAt - a.createdAt), withoutDetails };
}

/** Only what decides whether a session counts: the record of a user is large. */
const LIVE = `SELECT ${LISTED}, expires_at, people.generation
  FROM sessions JOIN people ON people.person = sessions.person
  WHERE people.blocked_at IS NULL AND people.sealed_block IS NULL`;
const MOST = `LIMIT ${MOST_LISTED}`;

/** The summary in a row with `LISTED`; undefined if it was altered or is of another row. */
function summaryIn(row: Row, { unseal }: Seal): SealedSummary | undefined {
  if (row.public_id === null || row.sealed_summary === null) return undefined;
  const publicId = String(row.public_id);
  const sealed = unseal<SealedSummary>('session summary', publicId, bytes(row.sealed_summary));
  return sealed?.place === placeOf(bytes(row.id_hash)) ? sealed : undefined;
}

function shownOf(
  row: Row,
  { place: _, generation: __, ...summary }: SealedSummary,
): BrowserSessionSummary {
  return { ...summary, lastUsedAt: Number(row.last_used_at) };
}
