/**
 * What operators did to a workload, as far as its tokens depend on it.
 *
 * Owns: the generation of a workload. Blocking it, or ending its tokens, raises the generation, and
 * a token of an earlier one counts as absent, also if its row is written after that. A workload
 * without a row has generation 0 and is not blocked.
 */
import type { WorkloadId } from '../core/workload.ts';
import type { Database, Row } from './database.ts';

export interface WorkloadStanding {
  readonly generation: number;
  readonly isBlocked: boolean;
}

/** Columns that `standingIn` reads; the row can be absent. */
export const STANDING_COLUMNS =
  'workloads.generation, workloads.blocked_at, workloads.sealed_block';

/** One of the two columns is enough, so removing one of them does not unblock a workload. */
export function standingIn(row: Row | undefined): WorkloadStanding {
  return {
    generation: Number(row?.generation ?? 0),
    isBlocked: (row?.blocked_at ?? null) !== null || (row?.sealed_block ?? null) !== null,
  };
}

export async function standingOf(
  database: Database,
  workload: WorkloadId,
): Promise<WorkloadStanding> {
  const sql = `SELECT ${STANDING_COLUMNS} FROM workloads WHERE workload = $1`;
  return standingIn((await database.rows(sql, [workload]))[0]);
}

/** Ends the tokens of a workload, also those that are being created. */
export async function raiseGeneration(database: Database, workload: WorkloadId): Promise<void> {
  await database.rows(
    `INSERT INTO workloads (workload, generation) VALUES ($1, 1)
     ON CONFLICT (workload) DO UPDATE SET generation = workloads.generation + 1`,
    [workload],
  );
}
