/**
 * Sessions in terminals. What a session is good for is sealed under its id; what lists show of it
 * is sealed under its public id, so that it can be listed without the id, and still says nothing to
 * a reader of the database alone. Stored rows and sealed values call the public id `handle`.
 */
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { CliSession, CliSessions } from '../core/ports.ts';
import { bytes, type Database, type Row } from './database.ts';
import { boundTo, PERSON_COLUMNS } from './people.ts';
import { hashOf, type Seal } from './sealing.ts';

const MOST_LISTED = 1000;
const LISTED = 'handle, last_used_at, expires_at, sealed_summary, sealed_last_use';
/** What `sessionIn` reads, of `WITH_PERSON`. */
export const SESSION_COLUMNS = `${LISTED}, cli_sessions.sealed AS sealed_session, ${PERSON_COLUMNS}`;
/** A session in a terminal together with its person. */
export const WITH_PERSON = 'cli_sessions JOIN people ON people.person = cli_sessions.person';

type SealedSummary = Omit<
  CliSessionSummary,
  'publicId' | 'lastUsedAt' | 'lastUsedAddress' | 'expiresAt'
> & { readonly handle: string };

export function createCliSessions(database: Database, seals: Seal): CliSessions {
  const { seal } = seals;
  const sealLastUse = ({ summary }: CliSession, address: string) =>
    seal('cli session use', summary.publicId, { address });

  const summariesOf = (rows: readonly Row[]): CliSessionSummary[] =>
    rows.map(row => summaryIn(row, seals)).filter(summary => summary !== undefined);

  return {
    create: async ({ id, summary, ...session }) => {
      const { publicId: handle, lastUsedAt: _, lastUsedAddress: __, expiresAt, ...kept } = summary;
      const sealedSummary: SealedSummary = { handle, ...kept };
      await database.rows(
        `INSERT INTO cli_sessions (id_hash, handle, person, created_at, expires_at, sealed, sealed_summary)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          hashOf(id),
          handle,
          summary.person,
          summary.createdAt,
          expiresAt,
          seal('cli session', id, { ...session, handle }),
          seal('cli session summary', handle, sealedSummary),
        ],
      );
    },
    find: async id => {
      const [row] = await database.rows(
        `SELECT ${SESSION_COLUMNS} FROM ${WITH_PERSON} WHERE id_hash = $1`,
        [hashOf(id)],
      );
      return row && sessionIn(row, id, seals);
    },
    pickUp: async (session, at, address) => {
      const picked = await database.rows(
        `UPDATE cli_sessions SET expires_at = $2, last_used_at = $3, sealed_last_use = $4
         WHERE id_hash = $1 AND expires_at > $3 RETURNING handle`,
        [hashOf(session.id), session.notAfter, at, sealLastUse(session, address)],
      );
      return picked.length > 0;
    },
    touch: async (session, at, address) => {
      // Requests of one session overtake each other: the later time stays.
      await database.rows(
        'UPDATE cli_sessions SET last_used_at = $2, sealed_last_use = $3 WHERE id_hash = $1 AND last_used_at < $2',
        [hashOf(session.id), at, sealLastUse(session, address)],
      );
    },
    end: async id =>
      summariesOf(
        await database.rows(`DELETE FROM cli_sessions WHERE id_hash = $1 RETURNING ${LISTED}`, [
          hashOf(id),
        ]),
      )[0],
    endByPublicId: async (publicId, person) => {
      const rows =
        person === undefined
          ? await database.rows(`DELETE FROM cli_sessions WHERE handle = $1 RETURNING ${LISTED}`, [
              publicId,
            ])
          : await database.rows(
              `DELETE FROM cli_sessions WHERE handle = $1 AND person = $2 RETURNING ${LISTED}`,
              [publicId, person],
            );
      return summariesOf(rows)[0];
    },
    endAllOf: async person =>
      summariesOf(
        await database.rows(`DELETE FROM cli_sessions WHERE person = $1 RETURNING ${LISTED}`, [
          person,
        ]),
      ),
    list: async (now, of) => {
      // A sign keeps an index from being used. Of all, the database walks by the time of creation
      // and stops; of one person, it reads their few sessions.
      const living = '+expires_at > $1';
      const rows =
        of === undefined
          ? await database.rows(
              `SELECT ${LISTED} FROM cli_sessions WHERE ${living} ORDER BY created_at DESC, handle LIMIT ${MOST_LISTED}`,
              [now],
            )
          : await database.rows(
              `SELECT ${LISTED} FROM cli_sessions WHERE person = $2 AND ${living} ORDER BY +created_at DESC, handle LIMIT ${MOST_LISTED}`,
              [now, of.person],
            );
      return summariesOf(rows);
    },
  };
}

/**
 * The session of that id in a row with `SESSION_COLUMNS`; undefined when it is another one's, was
 * altered, or its person's record ends it.
 */
export function sessionIn(row: Row, id: string, seals: Seal): CliSession | undefined {
  const session = seals.unseal<Omit<CliSession, 'id' | 'summary'> & { handle: string }>(
    'cli session',
    id,
    bytes(row.sealed_session),
  );
  const summary = summaryIn(row, seals);
  // Both seals name the public id: a summary that was moved here from another row is not this
  // session's.
  if (session === undefined || summary === undefined || session.handle !== summary.publicId)
    return undefined;
  const { handle: _, ...rest } = session;
  return boundTo(
    row,
    {
      id,
      ...rest,
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
