/**
 * Container tokens: records of CLI sessions with a public id, by which they are listed and revoked,
 * and a slot in their session.
 *
 * Owns: that no session has more of them than allowed, on any number of instances: each one takes
 * a slot, and a unique index gives a slot to one alone. What lists show is sealed under the public
 * id, as it is for sessions. Stored rows and sealed values call the public id `handle`.
 */
import { BridgeError } from '../core/errors.ts';
import type { ContainerTokens } from '../core/ports.ts';
import type { ContainerToken, ContainerTokenSummary } from '../core/tokens.ts';
import { bytes, type Database, type Row } from './database.ts';
import { createRecords } from './records.ts';
import { hashOf, type Seal } from './sealing.ts';

const KIND = 'container token';
const MOST_LISTED = 5000;
/**
 * More than callers who race for the last slots of one session; each round one of them succeeds.
 */
const MAX_ROUNDS = 1000;
const LISTED = 'handle, last_used_at, expires_at, sealed_summary, sealed_last_use';

type Stored<T extends { readonly publicId: string }> = Omit<T, 'publicId'> & {
  readonly handle: string;
};
type SealedToken = Stored<ContainerToken>;
type SealedSummary = Omit<
  Stored<ContainerTokenSummary>,
  'lastUsedAt' | 'lastUsedAddress' | 'expiresAt'
>;

/**
 * Takes the lowest free place of the session. No row comes out when there is none, when another
 * caller was faster, or without a session.
 */
const INSERT = `INSERT INTO cli_records (kind, id_hash, session_hash, expires_at, revision, sealed, handle, slot, sealed_summary)
  SELECT $1, $2, owner.id_hash, $4, 0, $5, $6, free.slot, $7
  FROM cli_sessions AS owner, (
    WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < $8)
    SELECT min(slots.slot) AS slot FROM slots
    WHERE NOT EXISTS (SELECT 1 FROM cli_records AS taken WHERE taken.session_hash = $3 AND taken.slot = slots.slot)
  ) AS free
  WHERE owner.id_hash = $3 AND free.slot IS NOT NULL
  ON CONFLICT DO NOTHING RETURNING slot`;
const STATE = `SELECT (SELECT count(*) FROM cli_sessions WHERE id_hash = $1) AS sessions,
  (SELECT count(*) FROM cli_records WHERE session_hash = $1 AND slot IS NOT NULL) AS tokens`;

export function createContainerTokens(database: Database, seals: Seal): ContainerTokens {
  const { seal, unseal, locate } = seals;
  const records = createRecords<SealedToken>(database, seals, KIND);

  const summaryIn = (row: Row): ContainerTokenSummary | undefined => {
    const publicId = String(row.handle);
    const sealed = unseal<SealedSummary>(
      'container token summary',
      publicId,
      bytes(row.sealed_summary),
    );
    if (sealed === undefined) return undefined;
    const { handle, ...summary } = sealed;
    const use =
      row.sealed_last_use === null
        ? undefined
        : unseal<{ address: string }>('container token use', publicId, bytes(row.sealed_last_use));
    return {
      publicId: handle,
      ...summary,
      ...(row.last_used_at !== null && { lastUsedAt: Number(row.last_used_at) }),
      ...(use !== undefined && { lastUsedAddress: use.address }),
      expiresAt: Number(row.expires_at),
    };
  };
  const summariesIn = (rows: readonly Row[]): ContainerTokenSummary[] =>
    rows.map(summaryIn).filter(summary => summary !== undefined);

  return {
    findWithSession: async (token, now) => {
      const found = await records.findWithSession(token, now);
      if (found === undefined) return undefined;
      const { handle: publicId, ...record } = found.record;
      return { ...found, record: { ...record, publicId } };
    },
    create: async (token, { record, summary }, most) => {
      const { publicId: handle, ...kept } = record;
      const { publicId: _, expiresAt, lastUsedAt: __, lastUsedAddress: ___, ...shown } = summary;
      const sealedToken: SealedToken = { ...kept, handle };
      const sealedSummary: SealedSummary = { handle, ...shown };
      const session = hashOf(record.session);
      const values = [
        ...[KIND, locate(KIND, token), session, expiresAt, seal(KIND, token, sealedToken), handle],
        ...[seal('container token summary', handle, sealedSummary), most],
      ];
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if ((await database.rows(INSERT, values)).length > 0) return 'kept';
        const [state] = await database.rows(STATE, [session]);
        if (Number(state!.sessions) === 0) return 'ended';
        if (Number(state!.tokens) >= most) return 'full';
      }
      throw new BridgeError(
        'unavailable',
        'too many callers make container tokens of one session at once',
      );
    },
    touch: async (token, { publicId }, { at, address }) => {
      // Requests with one token overtake each other: the later time stays.
      await database.rows(
        `UPDATE cli_records SET last_used_at = $3, sealed_last_use = $4
         WHERE kind = $1 AND id_hash = $2 AND (last_used_at IS NULL OR last_used_at < $3)`,
        [KIND, locate(KIND, token), at, seal('container token use', publicId, { address })],
      );
    },
    revoke: async (publicId, person) =>
      summariesIn(
        await database.rows(
          `DELETE FROM cli_records WHERE handle = $1 AND session_hash IN (SELECT id_hash FROM cli_sessions WHERE person = $2) RETURNING ${LISTED}`,
          [publicId, person],
        ),
      )[0],
    list: async (now, person) => {
      const mine = person === undefined ? '' : 'AND cli_sessions.person = $3';
      const rows = await database.rows(
        `SELECT ${LISTED.split(', ')
          .map(column => `cli_records.${column}`)
          .join(', ')}
         FROM cli_records JOIN cli_sessions ON cli_sessions.id_hash = cli_records.session_hash
         WHERE cli_records.handle IS NOT NULL AND cli_records.expires_at > $1 ${mine} LIMIT $2`,
        [now, MOST_LISTED, ...(person === undefined ? [] : [person])],
      );
      return summariesIn(rows).sort(
        (a, b) => b.createdAt - a.createdAt || (a.publicId < b.publicId ? -1 : 1),
      );
    },
  };
}
