import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database, Housekeeping } from '../../src/store/database.ts';
import { createPace, type Turns } from '../../src/store/pace.ts';
import { pruneAll, removeRows, tidy } from '../../src/store/pruning.ts';

interface Table {
  /** Rows that are left in it. */
  left: number;
  /** What each statement removed. */
  readonly removed: number[];
}

/** Time that moves only when a statement takes some, or when the pruner rests. */
interface HandTurned {
  readonly turns: Turns;
  readonly rests: number[];
  spend(milliseconds: number): void;
  /** How late timers fire. */
  late: number;
}

function handTurned(): HandTurned {
  let now = 0;
  const rests: number[] = [];
  const made: HandTurned = {
    ...{ rests, late: 0 },
    spend: milliseconds => {
      now += milliseconds;
    },
    turns: {
      elapsed: () => now,
      rest: async milliseconds => {
        rests.push(milliseconds);
        now += milliseconds + made.late;
      },
    },
  };
  return made;
}

const HOUSEKEEPING: Housekeeping = {
  ...{ mostRows: 500, milliseconds: 6 },
  removal: table => table,
};

/** A database whose tables have so many expired rows, and whose statements take so long. */
function databaseOf(
  expired: Readonly<Record<string, number>>,
  time: HandTurned,
  costOf: (rows: number) => number,
): { readonly database: Database; readonly tables: ReadonlyMap<string, Table> } {
  const tables = new Map<string, Table>(
    Object.entries(expired).map(([name, left]) => [name, { left, removed: [] }]),
  );
  const rows: Database['rows'] = async (sql, [, most]) => {
    const table = tables.get(sql) ?? { left: 0, removed: [] };
    const removed = Math.min(table.left, Number(most));
    table.left -= removed;
    table.removed.push(removed);
    time.spend(costOf(removed));
    return Array.from({ length: removed }, () => ({ removed: 1 }));
  };
  return { tables, database: { rows, rehearse: async () => {}, close: async () => {} } };
}

const REMOVAL = { table: 'sessions', condition: '', value: 0 };

test('removes many rows in statements of at most so many, with a rest after each', async () => {
  const time = handTurned();
  const { database, tables } = databaseOf({ sessions: 10_000 }, time, () => 1);
  const pruner = { database, housekeeping: HOUSEKEEPING, turns: time.turns };

  assert.equal(await removeRows(pruner, REMOVAL, undefined), 10_000);

  const { left, removed } = tables.get('sessions')!;
  assert.equal(left, 0);
  assert.ok(Math.max(...removed) <= 500, String(removed));
  assert.equal(time.rests.length, removed.length - 1, 'one rest between two statements');
  assert.ok(time.rests.every(rest => rest >= 1));
});

test('removes as many rows at once as take no longer than they may', async () => {
  const time = handTurned();
  const { database, tables } = databaseOf({ sessions: 20_000 }, time, rows => rows / 100);
  await removeRows({ database, housekeeping: HOUSEKEEPING, turns: time.turns }, REMOVAL, undefined);

  const { removed } = tables.get('sessions')!;
  assert.ok(Math.max(...removed) / 100 <= HOUSEKEEPING.milliseconds, String(removed));
  assert.ok(Math.max(...removed) > 250, 'and not fewer than that');
});

test('rests longer when the event loop has other work', async () => {
  const restsWith = async (late: number): Promise<number> => {
    const time = handTurned();
    time.late = late;
    const { database } = databaseOf({ sessions: 5000 }, time, () => 2);
    const pruner = { database, housekeeping: HOUSEKEEPING, turns: time.turns };
    await removeRows(pruner, REMOVAL, undefined);
    return Math.max(...time.rests);
  };

  assert.equal(await restsWith(0), 2);
  assert.ok((await restsWith(20)) >= 40);
  assert.ok((await restsWith(10_000)) <= 100, 'and never so long that it does not come to an end');
});

test('takes at least so many rows that a slow disk does not stop it', () => {
  const time = handTurned();
  const pace = createPace(HOUSEKEEPING, time.turns);
  assert.equal(pace.rows(), 250);
});

test('stops between two statements when the process stops', async () => {
  const time = handTurned();
  const stopping = new AbortController();
  const { database, tables } = databaseOf({ sessions: 10_000, one_time_keys: 7 }, time, () => {
    if (time.rests.length === 3) stopping.abort();
    return 1;
  });
  await pruneAll(
    { database, housekeeping: HOUSEKEEPING, turns: time.turns },
    {
      now: 0,
      strangers: { strangersToPrune: async () => ({ before: 0, upToId: 0 }) },
      signal: stopping.signal,
    },
  );

  assert.equal(tables.get('sessions')!.removed.length, 4);
  assert.equal(tables.get('one_time_keys')!.left, 7, 'the next run removes them');
});

test('gives space back step by step, with a rest after each, until none is left', async () => {
  const time = handTurned();
  let steps = 5;
  let refreshed = 0;
  const housekeeping: Housekeeping = {
    ...HOUSEKEEPING,
    giveBack: async () => --steps > 0,
    refreshStatistics: async () => {
      refreshed += 1;
    },
  };
  await tidy({ housekeeping, turns: time.turns }, undefined);
  assert.deepEqual([steps, time.rests.length, refreshed], [0, 4, 1]);
});
