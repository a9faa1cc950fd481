/** Whether the statements of a part of the store are answered by an index. */
import assert from 'node:assert/strict';
import type { Database, Value } from '../../src/store/database.ts';
import type { LastingDatabase } from './store-samples.ts';

/** Shows how the database would run a statement. */
export type PlanOf = (
  database: LastingDatabase,
  sql: string,
  values: readonly Value[],
) => Promise<string>;

/** `scan` is what reading a whole table is called. */
export interface Planner {
  readonly planOf: PlanOf;
  readonly scan: RegExp;
}

/** Statements that something asked of a database that has no row. */
export interface Asked {
  readonly listener: Database;
  readonly asked: readonly (readonly [sql: string, values: readonly Value[]])[];
}

export function listening(): Asked {
  const asked: [sql: string, values: readonly Value[]][] = [];
  return {
    asked,
    listener: {
      rows: async (sql, values) => {
        asked.push([sql, values]);
        return [];
      },
      rehearse: async () => {},
      close: async () => {},
    },
  };
}

/** That there were so many statements, and none reads a whole table. Their plans, in order. */
export async function assertIndexed(
  { asked }: Asked,
  expected: number,
  { database, planOf, scan }: Planner & { readonly database: LastingDatabase },
): Promise<readonly string[]> {
  assert.equal(asked.length, expected);
  const plans: string[] = [];
  for (const [sql, values] of asked) {
    const plan = await planOf(database, sql, values);
    assert.doesNotMatch(plan, scan, `${sql}\n${plan}`);
    plans.push(plan);
  }
  return plans;
}
