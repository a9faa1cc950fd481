import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import type { Database } from '../../src/store/database.ts';
import { NEWEST_STEP } from '../../src/store/migrations/migrations.ts';
import { watchWrites } from '../../src/store/write-health.ts';

const EVENT = 'INSERT INTO audit_events (at) VALUES ($1)';
const SESSION = 'INSERT INTO sessions (expires_at) VALUES ($1)';
const TOUCH = 'UPDATE sessions SET last_used_at = $1';
const FULL = new BridgeError(
  'unavailable',
  'store x cannot be written: the disk is full; make room',
);

/** A database that fails as it is told, and a clock that is turned by hand. */
function watched() {
  const broken = new Set<string>();
  const probes: number[] = [];
  const changes: (string | undefined)[] = [];
  const state = {
    now: 0,
    rehearsal: undefined as Promise<void> | undefined,
    migrations: NEWEST_STEP,
    fault: FULL,
  };
  const database: Database = {
    rows: async sql => {
      if (sql.startsWith('SELECT')) return [{ migrations: state.migrations }];
      if ([...broken].some(part => sql.includes(part))) throw state.fault;
      if (sql.includes('write_probe')) probes.push(state.now);
      return [];
    },
    rehearse: () => state.rehearsal ?? Promise.resolve(),
    close: async () => {},
  };
  const { database: watchedDatabase, look } = watchWrites({
    database,
    onChange: fault => changes.push(fault?.message),
    elapsed: () => state.now,
  });
  const write = (sql: string): Promise<boolean> =>
    watchedDatabase.rows(sql, []).then(
      () => true,
      () => false,
    );
  const isReady = (): Promise<boolean> =>
    look().then(
      () => true,
      () => false,
    );
  return { broken, probes, changes, state, write, isReady, close: () => watchedDatabase.close() };
}

test('a look writes at most once in five seconds', async () => {
  const { state, probes, isReady } = watched();
  for (let second = 0; second < 20; second++) {
    state.now = second * 1000;
    assert.deepEqual(await Promise.all(Array.from({ length: 50 }, isReady)), Array(50).fill(true));
  }
  assert.deepEqual(probes, [0, 5_000, 10_000, 15_000]);
});

test('a write that fails makes the store not ready at once, and the same one that works makes it ready', async () => {
  const { broken, changes, write, isReady } = watched();
  assert.ok(await isReady());

  broken.add('audit_events');
  await write(EVENT);
  broken.clear();
  assert.ok(!(await isReady()));

  await write(SESSION);
  await write(TOUCH);
  assert.ok(!(await isReady()), 'another write shows nothing of this one');

  await write(EVENT);
  assert.ok(await isReady());
  assert.deepEqual(changes, [FULL.message, undefined]);
});

test('a change that finds no row does not count as a write that works', async () => {
  const { broken, write, isReady } = watched();
  broken.add('UPDATE');
  await write(TOUCH);
  broken.clear();
  await write(TOUCH);
  assert.ok(!(await isReady()));
});

test('after a write has failed, a look that works counts two seconds later, and ever later while writes fail again', async () => {
  const { broken, state, write, isReady } = watched();
  for (const hold of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    broken.add('audit_events');
    await write(EVENT);
    broken.clear();
    state.now += hold - 1;
    assert.ok(!(await isReady()), `${hold} ms`);
    state.now += 501;
    assert.ok(await isReady(), `${hold} ms`);
  }

  broken.add('audit_events');
  await write(EVENT);
  broken.clear();
  await write(EVENT);
  broken.add('audit_events');
  await write(EVENT);
  broken.clear();
  state.now += 2_000;
  assert.ok(await isReady(), 'a write that worked in between starts the holding again');
});

test('a record that the database refuses says nothing about the store', async () => {
  const { broken, state, changes, write, isReady } = watched();
  state.fault = new BridgeError('internal', 'store x refused a record');
  broken.add('audit_events');
  await write(EVENT);
  assert.ok(await isReady());
  assert.deepEqual(changes, []);
});

test('a look that failed stands for half a second, and the store is not asked meanwhile', async () => {
  const { broken, state, probes, isReady } = watched();
  broken.add('write_probe');
  assert.ok(!(await isReady()));

  broken.clear();
  state.now += 499;
  assert.ok(!(await isReady()));
  assert.deepEqual(probes, []);
  state.now += 1;
  assert.ok(await isReady());
});

test('a store that is silent is not ready after three seconds, and is asked once however many ask', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, changes, isReady } = watched();
  const { promise, resolve } = Promise.withResolvers<void>();
  state.rehearsal = promise;
  const asked = Promise.all([isReady(), isReady()]);
  await new Promise(done => setImmediate(done));

  t.mock.timers.tick(3_000);
  assert.deepEqual(await asked, [false, false]);
  assert.match(changes[0]!, /does not answer within 3 s/);

  resolve();
  state.rehearsal = undefined;
  await new Promise(done => setImmediate(done));
  state.now += 500;
  assert.ok(await isReady());
});

test('a database with fewer schema steps than at the start is not ready', async () => {
  const { state, changes, isReady } = watched();
  state.migrations -= 1;
  assert.ok(!(await isReady()));
  assert.match(changes[0]!, /schema of the store is older/);
});

test('a store that is closed by the bridge is no news', async () => {
  const { broken, changes, write, close } = watched();
  await close();
  broken.add('audit_events');
  await write(EVENT);
  assert.deepEqual(changes, []);
});
