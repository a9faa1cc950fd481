/**
 * Whether a bridge whose store takes no writes says so, with faults that are real (threats R48).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { useFixture } from '../support/fixture.ts';
import { postgresMissing, type RunningPostgres, usePostgres } from '../support/postgres.ts';
import { Visitor } from '../support/visitor.ts';
import {
  CONNECTOR,
  startWorld,
  storedIn,
  useDatabase,
  useWorld,
  type World,
} from '../support/world.ts';

const PATIENCE_MILLISECONDS = 20_000;
/** Between two questions: without it they would take a whole processor. */
const BETWEEN_MILLISECONDS = 10;
/** What a server may wait for a lock of another process, or for a server that is silent. */
const PROMPT_MILLISECONDS = 10_000;

interface Health {
  readonly status: number;
  readonly body: { readonly status: string; readonly store: string };
}

async function ask(world: World, path = '/readyz'): Promise<Health> {
  const response = await fetch(world.urls.bridge + path);
  return { status: response.status, body: (await response.json()) as Health['body'] };
}

/** Asks as a load balancer does, again and again, until the answer is this one. */
async function becomes(world: World, status: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (let health = await ask(world); health.status !== status; health = await ask(world)) {
    assert.ok(performance.now() < deadline, `/readyz is still ${health.status}`);
    await pause(BETWEEN_MILLISECONDS);
  }
}

const lines = (world: World, message: string): Record<string, unknown>[] =>
  world.log
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);

/**
 * The bridge is not ready at the very next question, says why in the log alone, and is ready again
 * by itself.
 */
async function comesAndGoes(
  world: World,
  fault: { readonly begin: () => unknown; readonly end: () => unknown; readonly why: RegExp },
): Promise<void> {
  const said = {
    unavailable: lines(world, 'store unavailable').length,
    ready: lines(world, 'store ready').length,
  };
  assert.equal((await ask(world)).status, 200);
  await fault.begin();
  try {
    await becomes(world, 503);
    const started = performance.now();
    const { body } = await ask(world);
    assert.ok(performance.now() - started < PROMPT_MILLISECONDS);
    assert.deepEqual(
      { ...body, connectors: undefined },
      { status: 'unavailable', store: 'unavailable', connectors: undefined },
    );
    assert.deepEqual(await ask(world, '/healthz'), { status: 200, body: { status: 'ok' } });
    const [line, ...more] = lines(world, 'store unavailable').slice(said.unavailable);
    assert.deepEqual(more, [], 'a state is told once');
    assert.match(String(line?.why), fault.why);
    assert.equal(line?.level, 'error');
  } finally {
    await fault.end();
  }
  await becomes(world, 200);
  assert.equal(lines(world, 'store ready').length, said.ready + 1);
  assert.equal((await world.signIn('alice', 'saml')).page.status, 200);
}

function storedAt(place: string): (yaml: string) => string {
  return yaml => yaml.replace(/^store: .*$/m, `store: { sqlite: ${JSON.stringify(place)} }`);
}

describe('a bridge on a SQLite file', () => {
  const world = useWorld();
  const other = useDatabase(world);
  let file: string;
  before(() => {
    file = join(world.directory, 'rolebridge.db');
  });

  it('is not ready while another process locks the file, and delays no request', async () => {
    let longest = 0;

    await comesAndGoes(world, {
      begin: () => other.exec('BEGIN IMMEDIATE'),
      end: async () => {
        for (let count = 0; count < 20; count++) {
          const started = performance.now();
          await ask(world);
          longest = Math.max(longest, performance.now() - started);
        }
        other.exec('COMMIT');
      },
      why: /is held by another process for more than .*; stop the program that holds it/,
    });
    assert.ok(longest < 4_000, `a question took ${longest} ms`);
  });

  for (const table of [
    'audit_events',
    'stranger_events',
    'sessions',
    'cli_records',
    'people',
    'rolebridge_migrations',
    'write_probe',
  ]) {
    it(`is not ready while the table ${table} is missing`, async () =>
      comesAndGoes(world, {
        begin: () => other.exec(`ALTER TABLE ${table} RENAME TO gone`),
        end: () => other.exec(`ALTER TABLE gone RENAME TO ${table}`),
        why: /failed with SQLite error 1; see the cause in the log/,
      }));
  }

  it('is not ready while its file is elsewhere', async () =>
    comesAndGoes(world, {
      begin: () => renameSync(file, `${file}.moved`),
      end: () => renameSync(`${file}.moved`, file),
      why: /was moved, removed or replaced; put it back, or restart the bridge/,
    }));

  it('is not ready from the first write that fails on, and ready from the first that works', async () => {
    const begin = (): Promise<unknown> =>
      new Visitor().get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`, { stopAt: () => true });
    other.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON sign_in_attempts BEGIN SELECT RAISE(ROLLBACK, 'x'); END",
    );

    // A trigger is a constraint, which is a fault of the record and not of the store.
    await begin();
    assert.equal((await ask(world)).status, 200);

    other.exec('DROP TRIGGER broken');
    other.exec('ALTER TABLE sign_in_attempts RENAME TO gone');
    await begin();
    const told = lines(world, 'store unavailable').length;
    other.exec('ALTER TABLE gone RENAME TO sign_in_attempts');
    assert.equal(
      (await ask(world)).status,
      503,
      'a look that works does not outweigh a write that has just failed',
    );

    await begin();
    assert.equal((await ask(world)).status, 200);
    assert.equal(lines(world, 'store unavailable').length, told);
  });

  it('answers three hundred questions with a write or two', async () => {
    const size = (): number => statSync(`${file}-wal`).size;
    await ask(world);
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await Promise.all(Array.from({ length: 300 }, () => ask(world)));
    assert.ok(size() < 4 * 45_000, `${size()} bytes in the log of writes`);
  });
});

const canMount = (() => {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-tmpfs-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], {
      stdio: 'ignore',
    });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
})();

describe('a bridge on a disk of its own', {
  skip: canMount ? false : 'no file system can be mounted here',
}, () => {
  it('is not ready while the disk is full', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'rolebridge-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
    let world: World | undefined;
    t.after(async () => {
      await world?.close();
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true, force: true });
    });
    world = await startWorld({ configure: storedAt(join(directory, 'rolebridge.db')) });
    const filler = join(directory, 'filler');

    await comesAndGoes(world, {
      begin: () => {
        // Byte by byte at the end: nothing fits any more.
        for (let size = 2 * 1024 * 1024; size > 0; size = Math.floor(size / 2)) {
          try {
            for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
          } catch {
            // The next smaller piece.
          }
        }
      },
      end: () => truncateSync(filler, 0),
      why: /the disk is full; make room/,
    });
  });
});

describe('a bridge on PostgreSQL', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  const administrator = useFixture(
    () => administratorOf(postgres),
    client => client.end(),
  );
  before(async () => {
    await administrator.query("CREATE ROLE bridge LOGIN PASSWORD 'bridge'");
    await administrator.query('GRANT ALL ON SCHEMA public TO bridge');
  });
  const world = useWorld(() => storedIn({ url: postgres.urlFor('bridge', 'bridge') }));

  it('is not ready while the server is read-only', async () => {
    const readOnly = (state: 'on' | 'off') => async (): Promise<void> => {
      await administrator.query(`ALTER SYSTEM SET default_transaction_read_only = ${state}`);
      await administrator.query('SELECT pg_reload_conf()');
    };
    await comesAndGoes(world, {
      begin: readOnly('on'),
      end: readOnly('off'),
      why: /takes no writes; the URL must name the primary server/,
    });
  });

  for (const [right, table] of [
    ['INSERT', 'audit_events'],
    ['INSERT', 'stranger_events'],
    ['DELETE', 'sessions'],
    ['UPDATE', 'write_probe'],
  ] as const) {
    it(`is not ready while it lacks ${right} on ${table}`, async () =>
      comesAndGoes(world, {
        begin: () => administrator.query(`REVOKE ${right} ON ${table} FROM bridge`),
        end: () => administrator.query(`GRANT ${right} ON ${table} TO bridge`),
        why: /denies this user required rights/,
      }));
  }

  it('is not ready while a lock holds every write, and answers in time', async () =>
    comesAndGoes(world, {
      begin: async () => {
        await administrator.query('BEGIN');
        await administrator.query('LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
      },
      end: () => administrator.query('COMMIT'),
      why: /does not answer within 3 s|did not finish a statement in time/,
    }));

  it('leaves no row behind, however often it is asked', async () => {
    const rows = async (): Promise<unknown> =>
      (await administrator.query('SELECT id, length(padding) FROM write_probe')).rows;
    await Promise.all(Array.from({ length: 300 }, () => ask(world)));
    assert.deepEqual(await rows(), [{ id: 1, length: 32_768 }]);
    const { rows: sizes } = await administrator.query<{ bytes: number }>(
      "SELECT pg_total_relation_size('write_probe')::int AS bytes",
    );
    assert.ok(sizes[0]!.bytes < 128 * 1024, `${sizes[0]!.bytes} bytes`);
  });
});

async function administratorOf({ url }: RunningPostgres): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    options: '-c default_transaction_read_only=off',
  });
  await client.connect();
  return client;
}
