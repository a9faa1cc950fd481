import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { NOW, SECRET } from '../contracts/store-samples.ts';

/** Rows that have expired, in the tables that grow: 400,000 in all. */
const EXPIRED: readonly (readonly [rows: number, insert: string])[] = [
  [
    150_000,
    'INSERT INTO one_time_keys (key_hash, expires_at) SELECT randomblob(32), number FROM numbers',
  ],
  [
    80_000,
    'INSERT INTO sign_in_attempts (id_hash, expires_at, sealed) SELECT randomblob(32), number, zeroblob(500) FROM numbers',
  ],
  [
    60_000,
    `INSERT INTO sessions (id_hash, person, connector, created_at, last_used_at, expires_at, sealed)
       SELECT randomblob(32), 'p' || (number % 1000), 'corp', 0, 0, number, zeroblob(800) FROM numbers`,
  ],
  [
    60_000,
    `INSERT INTO cli_records (kind, id_hash, expires_at, revision, sealed)
       SELECT 'access token', randomblob(32), number, 0, zeroblob(300) FROM numbers`,
  ],
  [
    50_000,
    `INSERT INTO stranger_events (after_id, at, type, address, correlation_id, event)
       SELECT 0, number, 'request.refused', '192.0.2.1', 'c', '{}' FROM numbers`,
  ],
];
const TABLES = ['one_time_keys', 'sign_in_attempts', 'sessions', 'cli_records', 'stranger_events'];

/** On a slow disk, whose every commit takes 30 ms. */
const SLOW = { timeout: 400_000 };

async function newFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-pruning-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'rolebridge.db');
}

/** Rows that expired long ago, written beside the store as fast as SQLite can. */
function fill(file: string, share: number): void {
  using connection = new DatabaseSync(file);
  connection.exec('PRAGMA synchronous = OFF');
  for (const [rows, insert] of EXPIRED)
    connection.exec(
      `WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ${rows * share}) ${insert}`,
    );
}

function rowsIn(file: string): number {
  using connection = new DatabaseSync(file, { readOnly: true });
  return TABLES.map(
    table => connection.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows,
  ).reduce((sum: number, rows) => sum + Number(rows), 0);
}

/** Of this thread, in milliseconds: other processes of the machine do not count. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Measures the longest time that this thread works between two beats of a timer. */
function watchStalls(): { longest: number; beats: number; stop(): void } {
  const seen = { longest: 0, beats: 0, stop: () => clearInterval(timer) };
  let last = cpu();
  const timer = setInterval(() => {
    const now = cpu();
    seen.longest = Math.max(seen.longest, now - last);
    seen.beats += 1;
    last = now;
  }, 1);
  return seen;
}

test('removes 400,000 expired rows while it answers between them', SLOW, async t => {
  const file = await newFile(t);
  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  fill(file, 1);
  assert.equal(rowsIn(file), 400_000);

  const watched = watchStalls();
  let answers = 0;
  let isPruning = true;
  const asking = (async () => {
    while (isPruning) {
      await store.ping();
      await store.oneTimeKeys.claim(`key ${answers++}`, NOW + 1000);
      await pause(10);
    }
  })();
  await store.prune(NOW);
  isPruning = false;
  await asking;
  watched.stop();

  assert.equal(rowsIn(file), answers, 'what has not expired stays');
  // A statement removes 500 rows at most, and timers and requests come between two of them.
  assert.ok(watched.beats > 400, `${watched.beats} beats`);
  assert.ok(answers > 50, `${answers} answers`);
  t.diagnostic(
    `longest turn ${watched.longest.toFixed(1)} ms of CPU time, ${watched.beats} beats, ${answers} answers`,
  );
});

test('a run ends between two of its steps when the process stops, and the next one goes on', async t => {
  const file = await newFile(t);
  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  fill(file, 0.05);
  const all = rowsIn(file);
  const stopping = new AbortController();
  const pruning = store.prune(NOW, stopping.signal);
  while (rowsIn(file) === all) await new Promise(resolve => setImmediate(resolve));
  stopping.abort();
  await pruning;

  const left = rowsIn(file);
  assert.ok(left > 0 && left < all, `${left} of ${all}`);
  await store.prune(NOW);
  assert.equal(rowsIn(file), 0);
});

test('the file stops growing: what is removed makes room for what comes', async t => {
  const file = await newFile(t);
  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  const sizes: number[] = [];
  for (let round = 0; round < 3; round++) {
    fill(file, 0.2);
    sizes.push((await stat(file)).size);
    await store.prune(NOW);
  }
  await store.close();
  const [first, ...later] = sizes as [number, ...number[]];
  for (const size of later) assert.ok(size <= first * 1.1, sizes.join(', '));

  const { size } = await stat(file);
  assert.ok(size < first - 8 * 1024 * 1024, `${size} bytes after ${first}: space is given back`);
});
