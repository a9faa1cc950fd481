/** Workloads that operators have blocked. What lists show of a block is sealed. */
import type { NamedWorkload } from '../core/audit-event.ts';
import type { Block } from '../core/person-record.ts';
import type { WorkloadBlocks } from '../core/ports.ts';
import { entryOf, type WorkloadId } from '../core/workload.ts';
import { bytes, type Database, type Row } from './database.ts';
import type { Seal } from './sealing.ts';
import { standingOf } from './workload-standing.ts';
import { deleteTokensOf } from './workload-tokens.ts';

const KIND = 'workload block';
const MOST_BLOCKED = 1000;

/** The first block stays. */
const BLOCK = `INSERT INTO workloads (workload, generation, blocked_at, sealed_block)
  VALUES ($1, 1, $2, $3)
  ON CONFLICT (workload) DO UPDATE SET
    generation = workloads.generation + 1,
    blocked_at = COALESCE(workloads.blocked_at, excluded.blocked_at),
    sealed_block = COALESCE(workloads.sealed_block, excluded.sealed_block)
  RETURNING sealed_block`;

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

export function createWorkloadBlocks(database: Database, seals: Seal): WorkloadBlocks {
  const tables: Tables = { database, seals };
  return {
    block: (workload, block) => blockWorkload(tables, workload, block),
    unblock: async workload => {
      const unblocked = await database.rows(
        `UPDATE workloads SET blocked_at = NULL, sealed_block = NULL
         WHERE workload = $1 AND (blocked_at IS NOT NULL OR sealed_block IS NOT NULL)
         RETURNING workload`,
        [workload],
      );
      return unblocked.length > 0;
    },
    isBlocked: async workload => (await standingOf(database, workload)).isBlocked,
    list: async () => {
      const rows = await database.rows(
        `SELECT workload, blocked_at, sealed_block FROM workloads WHERE blocked_at IS NOT NULL
         ORDER BY blocked_at DESC, workload LIMIT ${MOST_BLOCKED}`,
        [],
      );
      return rows.map(row => blockIn(row, seals));
    },
  };
}

/** The new generation ends every token, and the deletion only removes what is left of them. */
async function blockWorkload(
  { database, seals }: Tables,
  { workload, entry, subject }: NamedWorkload,
  { at, by, reason }: Block,
): ReturnType<WorkloadBlocks['block']> {
  const sealed = seals.seal(KIND, workload, { workload, entry, subject, at, by, reason });
  const [row] = await database.rows(BLOCK, [workload, at, sealed]);
  const ended = await deleteTokensOf(database, seals, workload);
  return { isNew: Buffer.compare(bytes(row!.sealed_block), sealed) === 0, ended };
}

function blockIn(row: Row, { unseal }: Seal): NamedWorkload & Block {
  const workload = String(row.workload) as WorkloadId;
  const block =
    row.sealed_block === null
      ? undefined
      : unseal<NamedWorkload & Block>(KIND, workload, bytes(row.sealed_block));
  return (
    block ?? {
      ...{ workload, entry: entryOf(workload), subject: workload },
      ...{ at: Number(row.blocked_at), by: 'unknown' },
    }
  );
}
