/** What a bridge does when its PostgreSQL server fails and a standby takes its place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { BridgeError } from '../../src/core/errors.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { inspectPostgresStore } from '../../src/store/postgres-inspection.ts';
import { EVENTS, NOW, type OpenStore, SECRET } from '../contracts/store-samples.ts';
import {
  postgresMissing,
  type RunningPostgres,
  startPostgres,
  startStandby,
} from '../support/postgres.ts';

const skip = postgresMissing();
const PATIENCE_MILLISECONDS = 30_000;
const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;

interface Pair {
  readonly primary: RunningPostgres;
  readonly standby: RunningPostgres;
  /** Of both, the primary first. */
  readonly url: string;
}

async function startPair(t: TestContext): Promise<Pair> {
  const primary = await startPostgres();
  t.after(() => primary.stop());
  const standby = await startStandby(primary);
  t.after(() => standby.stop());
  return { primary, standby, url: urlOf([primary, standby]) };
}

function urlOf([first, ...more]: readonly RunningPostgres[]): string {
  const hosts = [first!, ...more].map(({ host, port }) => `${host}:${port}`).join(',');
  const { user, password } = first!;
  return `postgres://${user}:${encodeURIComponent(password)}@${hosts}/postgres?target_session_attrs=read-write`;
}

async function ask(server: RunningPostgres, sql: string): Promise<readonly object[]> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until the standby has all that the primary has committed. */
async function streamed({ primary, standby }: Pair): Promise<void> {
  const [{ position }] = (await ask(primary, 'SELECT pg_current_wal_lsn() AS position')) as [
    { position: string },
  ];
  const reached = `SELECT pg_last_wal_replay_lsn() >= '${position}'::pg_lsn AS reached`;
  await inTime(async () =>
    (await ask(standby, reached)).some(row => 'reached' in row && row.reached),
  );
}

async function inTime(holds: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await holds())) {
    assert.ok(performance.now() < end, 'it did not come true in time');
    await pause(50);
  }
}

/** Kills the server as a crash of its host would. */
function crash({ dataDirectory }: RunningPostgres): void {
  const [pid] = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

async function opened(t: TestContext, url: string): Promise<OpenStore> {
  const store = await openPostgresStore({ url, secret: SECRET });
  t.after(() => store.close());
  return store;
}

/** `true` if the key was new, `false` if it was used, `unknown` if the database did not say. */
async function claim(store: OpenStore, key: string): Promise<boolean | 'unknown'> {
  return store.oneTimeKeys.claim(key, NOW).catch((fault: unknown) => {
    assert.ok(fault instanceof BridgeError && fault.code === 'unavailable', String(fault));
    return 'unknown';
  });
}

describe('a store on two PostgreSQL servers', { skip }, () => {
  it('goes on with the standby after a crash, and no key is given twice', async t => {
    const pair = await startPair(t);
    const store = await opened(t, pair.url);
    await store.audit.record(SIGN_OUT);
    await streamed(pair);

    const given: string[] = [];
    let isOver = false;
    t.after(() => {
      isOver = true;
    });
    const claiming = Array.from({ length: 4 }, async (_, worker) => {
      for (let number = 0; !isOver; number++) {
        const key = `key ${worker} ${number}`;
        if ((await claim(store, key)) === true) given.push(key);
        await pause(5);
      }
    });
    await inTime(async () => given.length > 50);
    // The standby has what was given before, and can lack what is given meanwhile.
    const before = [...given];
    await streamed(pair);
    crash(pair.primary);
    await ask(pair.standby, 'SELECT pg_promote()');
    const began = performance.now();
    const count = given.length;
    await inTime(async () => given.length > count + 50);
    const took = performance.now() - began;
    isOver = true;
    await Promise.all(claiming);

    for (const key of before) assert.equal(await store.oneTimeKeys.claim(key, NOW), false, key);
    await store.ping();
    assert.deepEqual(await store.readAudit({ limit: 10 }), [SIGN_OUT]);
    t.diagnostic(`50 keys were given ${Math.round(took)} ms after the promotion`);
  });

  it('survives connections that the server ends at any moment', async t => {
    const primary = await startPostgres();
    t.after(() => primary.stop());
    const store = await opened(t, urlOf([primary]));
    let isOver = false;
    t.after(() => {
      isOver = true;
    });
    const outcomes = new Map<boolean | 'unknown', number>();
    const claiming = Array.from({ length: 20 }, async (_, worker) => {
      for (let number = 0; !isOver; number++) {
        const outcome = await claim(store, `key ${worker} ${number}`);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    });
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rolebridge'";
    for (let round = 0; round < 40; round++) {
      await ask(primary, end);
      await pause(20);
    }
    isOver = true;
    await Promise.all(claiming);
    assert.ok((outcomes.get('unknown') ?? 0) > 0 && (outcomes.get(true) ?? 0) > 0);
    assert.equal(await claim(store, 'another key'), true);
  });

  it('tells callers that the database fails while no server takes writes', async t => {
    const pair = await startPair(t);
    const store = await opened(t, pair.url);
    await streamed(pair);
    await pair.primary.stop();

    assert.equal(await claim(store, 'key'), 'unknown');
    await assert.rejects(store.ping(), { code: 'unavailable' });

    await ask(pair.standby, 'SELECT pg_promote()');
    await inTime(async () => (await claim(store, 'key')) === true);
    assert.equal(await claim(store, 'key'), false);
    await inTime(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
  });

  it('finds the primary wherever it stands in the URL, also for migrations and doctor', async t => {
    const { primary, standby } = await startPair(t);
    const url = urlOf([standby, primary]);
    const store = await opened(t, url);
    assert.equal(await claim(store, 'key'), true);

    const facts = await inspectPostgresStore(url);
    assert.deepEqual([facts.exists, facts.pendingSteps, facts.fault], [true, 0, undefined]);
    assert.match(facts.place, new RegExp(`@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/`));
  });

  it('leaves a server that became read-only with its connections open', async t => {
    const pair = await startPair(t);
    const store = await opened(t, pair.url);
    assert.equal(await claim(store, 'first'), true);
    await streamed(pair);
    await ask(pair.standby, 'SELECT pg_promote()');
    await inTime(
      async () =>
        (await ask(pair.standby, 'SELECT 1 AS one WHERE NOT pg_is_in_recovery()')).length > 0,
    );
    // As a server that is fenced: its sessions stay, and write nothing any more.
    await ask(pair.primary, 'ALTER SYSTEM SET default_transaction_read_only = on');
    await ask(pair.primary, 'SELECT pg_reload_conf()');
    await inTime(async () => {
      const rows = await ask(pair.primary, 'SHOW default_transaction_read_only');
      return JSON.stringify(rows).includes('on"');
    });

    await inTime(async () => (await claim(store, 'second')) !== 'unknown');
    await inTime(
      async () => (await ask(pair.standby, 'SELECT 1 AS one FROM one_time_keys')).length === 2,
    );
  });

  it('names all servers and the fault when none can be reached, and never the password', async () => {
    const url = 'postgres://bridge:secret-word@127.0.0.1:1,127.0.0.1:2/postgres';
    await assert.rejects(openPostgresStore({ url, secret: SECRET }), (fault: Error) => {
      assert.match(
        fault.message,
        /^store postgres:\/\/bridge@127\.0\.0\.1:1,127\.0\.0\.1:2\/postgres /,
      );
      assert.match(fault.message, /cannot be reached or does not answer \(ECONNREFUSED\)/);
      return !`${fault.message}${fault.stack}`.includes('secret-word');
    });
  });

  it('says so when the only server that answers is a standby', async t => {
    const { primary, standby } = await startPair(t);
    const store = await openPostgresStore({ url: primary.url, secret: SECRET });
    await store.close();
    const url = urlOf([standby, standby]);
    await assert.rejects(openPostgresStore({ url, secret: SECRET }), {
      code: 'unavailable',
      message: /takes no writes; the URL must name the primary server, or several hosts/,
    });
  });
});
