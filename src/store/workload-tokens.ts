/**
 * Tokens of workloads. One is found by its hash and sealed under the token; what lists show is
 * sealed under its public id.
 *
 * Owns: the limit of live tokens of a workload, across all instances: each token takes a slot, and
 * a unique index gives a slot to one token only, until that has expired. Does not own: what ends
 * all tokens of a workload at once (workload-standing).
 */
import { BridgeError } from '../core/errors.ts';
import type { WorkloadTokens } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import type { WorkloadId } from '../core/workload.ts';
import type { WorkloadToken, WorkloadTokenSummary } from '../core/workload-token.ts';
import { bytes, type Database, type Row, type Value } from './database.ts';
import { hashOf, type Seal } from './sealing.ts';
import { raiseGeneration, STANDING_COLUMNS, standingIn, standingOf } from './workload-standing.ts';

const KIND = 'workload token';
const SUMMARY = 'workload token summary';
const USE = 'workload token use';
const MOST_LISTED = 5000;
/** Slots that are tried without a look at which ones are free. */
const BLIND_TRIES = 4;
/** More than the callers that race for the last slots of a workload; one succeeds each round. */
const MAX_ROUNDS = 1000;

const LISTED = ['workload', 'public_id', 'last_used_at', 'sealed_summary', 'sealed_last_use']
  .map(column => `workload_tokens.${column}`)
  .join(', ');
const WITH_STANDING = `FROM workload_tokens
  LEFT JOIN workloads ON workloads.workload = workload_tokens.workload`;
const FIND = `SELECT workload_tokens.workload, last_used_at, sealed, ${STANDING_COLUMNS}
  ${WITH_STANDING} WHERE id_hash = $1`;

/** Returns no row if the slot has a live token. */
const TAKE_SLOT = `INSERT INTO workload_tokens
    (workload, slot, id_hash, public_id, expires_at, sealed, sealed_summary)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (workload, slot) DO UPDATE SET
    id_hash = excluded.id_hash, public_id = excluded.public_id, expires_at = excluded.expires_at,
    sealed = excluded.sealed, sealed_summary = excluded.sealed_summary,
    last_used_at = NULL, sealed_last_use = NULL
  WHERE workload_tokens.expires_at <= $8
  RETURNING slot`;

/** The generation is that of the workload when the token was created. */
interface SealedToken {
  readonly generation: number;
  readonly record: WorkloadToken;
}
interface SealedSummary {
  readonly generation: number;
  readonly summary: Omit<WorkloadTokenSummary, 'lastUsedAt' | 'lastUsedAddress'>;
}

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createWorkloadTokens(database: Database, seals: Seal): WorkloadTokens {
  const tables: Tables = { database, seals };
  return {
    create: (token, made, most) => create(tables, { token, ...made }, most),
    find: (token, now) => find(tables, token, now),
    touch: async (token, { publicId }, { at, address }) => {
      // Requests with one token overtake each other: the later time stays.
      await database.rows(
        `UPDATE workload_tokens SET last_used_at = $2, sealed_last_use = $3
         WHERE id_hash = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
        [hashOf(token), at, seals.seal(USE, publicId, { address })],
      );
    },
    revoke: async publicId => {
      const rows = await database.rows(
        `DELETE FROM workload_tokens WHERE public_id = $1 RETURNING ${LISTED}`,
        [publicId],
      );
      return summariesIn(rows, seals)[0]?.summary;
    },
    revokeAllOf: async workload => {
      await raiseGeneration(database, workload);
      return deleteTokensOf(database, seals, workload);
    },
    list: (now, workload) => list(tables, now, workload),
  };
}

/** Removes the tokens of a workload. Newest first. */
export async function deleteTokensOf(
  database: Database,
  seals: Seal,
  workload: WorkloadId,
): Promise<readonly WorkloadTokenSummary[]> {
  const rows = await database.rows(
    `DELETE FROM workload_tokens WHERE workload = $1 RETURNING ${LISTED}`,
    [workload],
  );
  return newestFirst(summariesIn(rows, seals).map(({ summary }) => summary));
}

// ---------------------------------------------------------------- create

interface MadeToken {
  readonly token: string;
  readonly record: WorkloadToken;
  readonly summary: WorkloadTokenSummary;
}

/**
 * The generation is read first. If an operator acts after that, the token is kept with a generation
 * that has passed, and is never found.
 */
async function create(
  { database, seals }: Tables,
  { token, record, summary }: MadeToken,
  most: number,
): ReturnType<WorkloadTokens['create']> {
  const { workload, publicId, createdAt, expiresAt } = summary;
  const { generation, isBlocked } = await standingOf(database, workload);
  if (isBlocked) return 'blocked';
  const { lastUsedAt: _, lastUsedAddress: __, ...shown } = summary;
  const place = hashOf(token);
  const values = [
    ...[place, publicId, expiresAt],
    seals.seal(KIND, token, { generation, record } satisfies SealedToken),
    seals.seal(SUMMARY, publicId, { generation, summary: shown } satisfies SealedSummary),
    createdAt,
  ];
  const take = async (slot: number): Promise<boolean> =>
    (await database.rows(TAKE_SLOT, [workload, slot, ...values])).length > 0;

  for (let round = 0; round < BLIND_TRIES; round++)
    if (await take(drawn(place, round, most))) return 'kept';
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const free = await freeSlots(database, { workload, now: createdAt, most });
    if (free.length === 0) return 'full';
    if (await take(free[drawn(place, round, free.length)]!)) return 'kept';
  }
  throw new BridgeError('unavailable', 'too many callers make tokens of one workload at once');
}

/** A number below `most` from the hash of a token, so that callers who race try different slots. */
function drawn(place: Uint8Array, round: number, most: number): number {
  const words = new DataView(place.buffer, place.byteOffset, place.byteLength);
  return words.getUint32((4 * round) % place.byteLength) % most;
}

async function freeSlots(
  database: Database,
  of: { readonly workload: WorkloadId; readonly now: Instant; readonly most: number },
): Promise<readonly number[]> {
  const rows = await database.rows(
    'SELECT slot FROM workload_tokens WHERE workload = $1 AND expires_at > $2',
    [of.workload, of.now],
  );
  const taken = new Set(rows.map(({ slot }) => Number(slot)));
  return Array.from({ length: of.most }, (_, slot) => slot).filter(slot => !taken.has(slot));
}

// ---------------------------------------------------------------- read

async function find(
  { database, seals }: Tables,
  token: string,
  now: Instant,
): ReturnType<WorkloadTokens['find']> {
  const [row] = await database.rows(FIND, [hashOf(token)]);
  if (row === undefined) return undefined;
  const sealed = seals.unseal<SealedToken>(KIND, token, bytes(row.sealed));
  const { generation, isBlocked } = standingIn(row);
  if (sealed === undefined || isBlocked || sealed.generation !== generation) return undefined;
  const { record } = sealed;
  // The sealed values decide. The column of the workload finds its block, and anyone with write
  // access could change it.
  if (record.workload.id !== row.workload || record.expiresAt <= now) return undefined;
  return { record, ...(row.last_used_at !== null && { lastUsedAt: Number(row.last_used_at) }) };
}

async function list(
  { database, seals }: Tables,
  now: Instant,
  workload: WorkloadId | undefined,
): Promise<readonly WorkloadTokenSummary[]> {
  const one = workload === undefined ? '' : 'AND workload_tokens.workload = $2';
  const values: readonly Value[] = workload === undefined ? [now] : [now, workload];
  const rows = await database.rows(
    `SELECT ${LISTED}, ${STANDING_COLUMNS} ${WITH_STANDING}
     WHERE workload_tokens.expires_at > $1 ${one}
     ORDER BY workload_tokens.expires_at DESC LIMIT ${MOST_LISTED}`,
    values,
  );
  const live = rows.filter(row => !standingIn(row).isBlocked);
  return newestFirst(
    summariesIn(live, seals)
      .filter(({ generation, row }) => generation === standingIn(row).generation)
      .filter(({ summary, row }) => summary.workload === row.workload && summary.expiresAt > now)
      .map(({ summary }) => summary),
  );
}

interface FoundSummary {
  readonly row: Row;
  readonly generation: number;
  readonly summary: WorkloadTokenSummary;
}

function summariesIn(rows: readonly Row[], seals: Seal): FoundSummary[] {
  return rows.map(row => summaryIn(row, seals)).filter(found => found !== undefined);
}

function summaryIn(row: Row, { unseal }: Seal): FoundSummary | undefined {
  const publicId = String(row.public_id);
  const sealed = unseal<SealedSummary>(SUMMARY, publicId, bytes(row.sealed_summary));
  if (sealed === undefined) return undefined;
  const use =
    row.sealed_last_use === null
      ? undefined
      : unseal<{ address: string }>(USE, publicId, bytes(row.sealed_last_use));
  return {
    row,
    generation: sealed.generation,
    summary: {
      ...sealed.summary,
      ...(row.last_used_at !== null && { lastUsedAt: Number(row.last_used_at) }),
      ...(use !== undefined && { lastUsedAddress: use.address }),
    },
  };
}

function newestFirst(summaries: readonly WorkloadTokenSummary[]): readonly WorkloadTokenSummary[] {
  return summaries.toSorted(
    (a, b) => b.createdAt - a.createdAt || (a.publicId < b.publicId ? -1 : 1),
  );
}
