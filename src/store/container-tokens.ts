/**
 * Container tokens: records of CLI sessions with a public id, by which they are listed and revoked,
 * and a slot in their session.
 *
 * Owns: the limit of tokens of a session, across all instances: each token takes a slot, and a
 * unique index gives a slot to one token only. What lists show is sealed under the public id, as
 * for sessions. Stored rows and sealed values call the public id `handle`.
 */
import { BridgeError } from '../core/errors.ts';
import type { PersonId } from '../core/identity.ts';
import type { ContainerTokens } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import type { ContainerToken, ContainerTokenSummary } from '../core/tokens.ts';
import { bytes, type Database, type Row } from './database.ts';
import { createRecords } from './records.ts';
import { hashOf, type Seal } from './sealing.ts';

const KIND = 'container token';
const SUMMARY = 'container token summary';
const USE = 'container token use';
const MOST_LISTED = 5000;
/** More than the callers that race for the last slots of a session; one succeeds each round. */
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
 * Takes the lowest free slot of the session. Returns no row if no slot is free, if another caller
 * was faster, or if the session is unknown.
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

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createContainerTokens(database: Database, seals: Seal): ContainerTokens {
  const tables: Tables = { database, seals };
  const records = createRecords<SealedToken>(database, seals, KIND);
  return {
    findWithSession: async (token, now) => {
      const found = await records.findWithSession(token, now);
      if (found === undefined) return undefined;
      const { handle: publicId, ...record } = found.record;
      return { ...found, record: { ...record, publicId } };
    },
    create: (token, made, most) => create(tables, { token, ...made }, most),
    touch: async (token, { publicId }, { at, address }) => {
      // Requests with one token overtake each other: the later time stays.
      await database.rows(
        `UPDATE cli_records SET last_used_at = $3, sealed_last_use = $4
         WHERE kind = $1 AND id_hash = $2 AND (last_used_at IS NULL OR last_used_at < $3)`,
        [KIND, seals.locate(KIND, token), at, seals.seal(USE, publicId, { address })],
      );
    },
    revoke: async (publicId, person) => {
      const rows = await database.rows(
        `DELETE FROM cli_records WHERE handle = $1 AND session_hash IN (SELECT id_hash FROM cli_sessions WHERE person = $2) RETURNING ${LISTED}`,
        [publicId, person],
      );
      return summariesIn(rows, seals)[0];
    },
    list: (now, person) => list(tables, now, person),
  };
}

interface MadeToken {
  readonly token: string;
  readonly record: ContainerToken;
  readonly summary: ContainerTokenSummary;
}

async function create(
  { database, seals }: Tables,
  { token, record, summary }: MadeToken,
  most: number,
): ReturnType<ContainerTokens['create']> {
  const { publicId: handle, ...kept } = record;
  const { publicId: _, expiresAt, lastUsedAt: __, lastUsedAddress: ___, ...shown } = summary;
  const sealedToken: SealedToken = { ...kept, handle };
  const sealedSummary: SealedSummary = { handle, ...shown };
  const session = hashOf(record.session);
  const sealed = seals.seal(KIND, token, sealedToken);
  const values = [
    ...[KIND, seals.locate(KIND, token), session, expiresAt, sealed, handle],
    ...[seals.seal(SUMMARY, handle, sealedSummary), most],
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
}

async function list(
  { database, seals }: Tables,
  now: Instant,
  person: PersonId | undefined,
): Promise<ContainerTokenSummary[]> {
  const mine = person === undefined ? '' : 'AND cli_sessions.person = $3';
  const rows = await database.rows(
    `SELECT ${LISTED.split(', ')
      .map(column => `cli_records.${column}`)
      .join(', ')}
         FROM cli_records JOIN cli_sessions ON cli_sessions.id_hash = cli_records.session_hash
         WHERE cli_records.handle IS NOT NULL AND cli_records.expires_at > $1 ${mine} LIMIT $2`,
    [now, MOST_LISTED, ...(person === undefined ? [] : [person])],
  );
  return summariesIn(rows, seals).sort(
    (a, b) => b.createdAt - a.createdAt || (a.publicId < b.publicId ? -1 : 1),
  );
}

function summariesIn(rows: readonly Row[], seals: Seal): ContainerTokenSummary[] {
  return rows.map(row => summaryIn(row, seals)).filter(summary => summary !== undefined);
}

function summaryIn(row: Row, { unseal }: Seal): ContainerTokenSummary | undefined {
  const publicId = String(row.handle);
  const sealed = unseal<SealedSummary>(SUMMARY, publicId, bytes(row.sealed_summary));
  if (sealed === undefined) return undefined;
  const { handle, ...summary } = sealed;
  const use =
    row.sealed_last_use === null
      ? undefined
      : unseal<{ address: string }>(USE, publicId, bytes(row.sealed_last_use));
  return {
    publicId: handle,
    ...summary,
    ...(row.last_used_at !== null && { lastUsedAt: Number(row.last_used_at) }),
    ...(use !== undefined && { lastUsedAddress: use.address }),
    expiresAt: Number(row.expires_at),
  };
}
