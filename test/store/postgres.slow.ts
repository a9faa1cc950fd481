import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import pg from 'pg';
import type { Row, Value } from '../../src/store/database.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import {
  browserSessionsContract,
  indexedBrowserSessionsContract,
  lastingBrowserSessionsContract,
} from '../contracts/browser-sessions.ts';
import { cliStoreContract, lastingCliStoreContract } from '../contracts/cli-store.ts';
import {
  elevationsContract,
  indexedElevationsContract,
  lastingElevationsContract,
  migratedElevationsContract,
} from '../contracts/elevations.ts';
import { handOutsContract, indexedHandOutsContract } from '../contracts/hand-outs.ts';
import { keptMetadataContract, lastingKeptMetadataContract } from '../contracts/kept-metadata.ts';
import { knownKeysContract } from '../contracts/known-keys.ts';
import { lastingStoreContract } from '../contracts/lasting-store.ts';
import {
  indexedNoticesContract,
  lastingNoticesContract,
  noticesContract,
} from '../contracts/notices.ts';
import { lastingPeopleContract, peopleContract } from '../contracts/people.ts';
import {
  indexedProviderSessionsContract,
  lastingProviderSessionsContract,
  providerSessionsContract,
} from '../contracts/provider-sessions.ts';
import type { PlanOf } from '../contracts/query-plans.ts';
import { roleUsesContract } from '../contracts/role-uses.ts';
import { storeContract } from '../contracts/store.ts';
import {
  type LastingDatabase,
  openWithPeople,
  SECRET,
  sessionOf,
} from '../contracts/store-samples.ts';
import { trailContract } from '../contracts/trail.ts';
import {
  API,
  indexedWorkloadsContract,
  lastingWorkloadsContract,
  migratedWorkloadsContract,
  tokenOf,
  workloadsContract,
} from '../contracts/workloads.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

const started = await startPostgres().catch((cause: Error) => cause);
if (started instanceof Error) {
  const skip = process.env.CI === 'true' ? false : `no PostgreSQL can run here: ${started.message}`;
  test('the store keeps its contract in a real PostgreSQL', { skip }, () => {
    throw started;
  });
} else {
  testWith(started);
}

interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly port?: number;
  readonly database?: string;
  readonly parameters?: Record<string, string>;
}

function testWith(server: RunningPostgres): void {
  const urlOf = ({ user, password, port, database, parameters }: Login = {}): string => {
    const url = new URL(
      `postgres://${server.host}:${port ?? server.port}/${database ?? 'postgres'}`,
    );
    url.username = user ?? server.user;
    url.password = password ?? server.password;
    for (const [name, value] of Object.entries(parameters ?? {})) url.searchParams.set(name, value);
    return url.href;
  };

  const administrator = new pg.Client({ connectionString: urlOf() });
  const connected = administrator.connect();
  after(async () => {
    await administrator.end();
    await server.stop();
  });
  const rows = async (sql: string, values: readonly Value[] = []): Promise<readonly Row[]> => {
    await connected;
    return (await administrator.query<Row>(sql, [...values])).rows;
  };

  /**
   * A schema of the test's own. It comes first in the search path of each user of the URL's
   * parameters.
   */
  let schemas = 0;
  const newSchema = async (
    t: TestContext,
  ): Promise<{ schema: string; parameters: Record<string, string> }> => {
    const schema = `test_${++schemas}`;
    await rows(`CREATE SCHEMA ${schema}`);
    t.after(() => rows(`DROP SCHEMA ${schema} CASCADE`));
    return { schema, parameters: { options: `-c search_path=${schema}` } };
  };

  const newDatabase = async (t: TestContext): Promise<LastingDatabase> => {
    const { schema, parameters } = await newSchema(t);
    return {
      open: (secret = SECRET) => openPostgresStore({ url: urlOf({ parameters }), secret }),
      rows: async (sql, values) => {
        await rows(`SET search_path = ${schema}`);
        return rows(sql, values);
      },
      bytes: async () => {
        await rows('CHECKPOINT');
        const entries = await readdir(server.dataDirectory, {
          recursive: true,
          withFileTypes: true,
        });
        const files = entries
          .filter(entry => entry.isFile())
          .map(entry => join(entry.parentPath, entry.name));
        return Buffer.concat(await Promise.all(files.map(file => readFile(file))));
      },
    };
  };

  storeContract('PostgreSQL', newDatabase);
  roleUsesContract('PostgreSQL', newDatabase);
  keptMetadataContract('PostgreSQL', newDatabase);
  lastingKeptMetadataContract('PostgreSQL', newDatabase);
  knownKeysContract('PostgreSQL', newDatabase);
  trailContract('PostgreSQL', newDatabase);
  handOutsContract('PostgreSQL', newDatabase);
  browserSessionsContract('PostgreSQL', newDatabase);
  lastingBrowserSessionsContract('PostgreSQL', newDatabase);

  cliStoreContract('PostgreSQL', newDatabase);
  lastingStoreContract('PostgreSQL', newDatabase);
  lastingCliStoreContract('PostgreSQL', newDatabase);
  peopleContract('PostgreSQL', newDatabase);
  lastingPeopleContract('PostgreSQL', newDatabase);
  providerSessionsContract('PostgreSQL', newDatabase);
  lastingProviderSessionsContract('PostgreSQL', newDatabase);
  elevationsContract('PostgreSQL', newDatabase);
  lastingElevationsContract('PostgreSQL', newDatabase);
  migratedElevationsContract('PostgreSQL', newDatabase);
  noticesContract('PostgreSQL', newDatabase);
  lastingNoticesContract('PostgreSQL', newDatabase);
  workloadsContract('PostgreSQL', newDatabase);
  lastingWorkloadsContract('PostgreSQL', newDatabase);
  migratedWorkloadsContract('PostgreSQL', newDatabase);
  // The tables are empty, so a scan would be cheapest, and it is chosen only where no index helps.
  const planOf: PlanOf = async (database, sql, values) => {
    await rows('SET enable_seqscan = off');
    const plan = await database.rows(`EXPLAIN ${sql}`, values);
    return plan.map(row => String(row['QUERY PLAN'])).join('\n');
  };
  indexedProviderSessionsContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });
  indexedBrowserSessionsContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });
  indexedHandOutsContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });
  indexedNoticesContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });
  indexedElevationsContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });
  indexedWorkloadsContract('PostgreSQL', newDatabase, { planOf, scan: /Seq Scan/ });

  test('a server, database or login that does not work is named with what to do, and never with the password', async t => {
    const { parameters } = await newSchema(t);
    const wrong = 'wrong-pass%20word';
    const cases: [string, RegExp][] = [
      [
        urlOf({ password: wrong }),
        /^store postgres:\/\/rolebridge@127\.0\.0\.1:\d+\/postgres refused the user or the password; check both/,
      ],
      [
        urlOf({ password: wrong, port: 1 }),
        /:1\/postgres cannot be reached or does not answer \(ECONNREFUSED\); check that it runs/,
      ],
      [urlOf({ database: 'absent' }), /\/absent does not exist; create the database$/],
      [
        urlOf({ parameters: { ...parameters, sslmode: 'verify-full' } }),
        /cannot be reached or does not answer \(The server does not support SSL/,
      ],
      [
        `mysql://root:${wrong}@127.0.0.1/x`,
        /^the URL of the PostgreSQL store cannot be used; write it as postgres:/,
      ],
      [
        `postgres://root:${wrong}@127.0.0.1:port/x`,
        /^the URL of the PostgreSQL store cannot be used;.*ERR_INVALID_URL/,
      ],
      [
        `postgres://root:${wrong}@127.0.0.1/x?sslrootcert=/absent.pem`,
        /^the URL of the PostgreSQL store cannot be used;.*ENOENT/,
      ],
    ];

    for (const [url, message] of cases) {
      await assert.rejects(
        openPostgresStore({ url, secret: SECRET }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'unavailable');
          assert.match(error.message, message);
          for (const secret of [wrong, decodeURIComponent(wrong), server.password])
            assert.ok(!`${error.message}${error.stack}`.includes(secret));
          return true;
        },
      );
    }
  });

  test('a database that cannot hold every name is refused', async () => {
    await rows("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await assert.rejects(openPostgresStore({ url: urlOf({ database: 'latin' }), secret: SECRET }), {
      code: 'unavailable',
      message: /is not in UTF8; create it with/,
    });
  });

  test('accepts a database user who can only read and write rows once the schema exists, and rejects one who cannot', async t => {
    const { schema, parameters } = await newSchema(t);
    await rows("CREATE ROLE bridge LOGIN PASSWORD 'bridge'");
    t.after(() => rows('DROP OWNED BY bridge').then(() => rows('DROP ROLE bridge')));
    await rows(`GRANT USAGE ON SCHEMA ${schema} TO bridge`);
    const url = urlOf({ user: 'bridge', password: 'bridge', parameters });
    await assert.rejects(openPostgresStore({ url, secret: SECRET }), {
      code: 'unavailable',
      message: /denies this user required rights/,
    });

    await (await openPostgresStore({ url: urlOf({ parameters }), secret: SECRET })).close();
    await rows(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO bridge`);
    const store = await openWithPeople(t, {
      open: () => openPostgresStore({ url, secret: SECRET }),
    });
    const session = sessionOf();
    await store.sessions.create(session);
    assert.deepEqual(await store.sessions.find(session.id), session);
  });

  test('a store has a bounded number of connections that say whose they are', async t => {
    const { parameters } = await newSchema(t);
    const store = await openPostgresStore({ url: urlOf({ parameters }), secret: SECRET });
    t.after(() => store.close());
    await Promise.all(Array.from({ length: 200 }, () => store.ping()));

    const [connections] = await rows(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'rolebridge'",
    );

    assert.ok(
      Number(connections?.count) >= 1 && Number(connections?.count) <= 10,
      `${connections?.count} connections`,
    );
  });

  test('a store goes on after the server ended its connections', async t => {
    const { parameters } = await newSchema(t);
    const store = await openWithPeople(t, {
      open: () => openPostgresStore({ url: urlOf({ parameters }), secret: SECRET }),
    });
    const session = sessionOf();
    await store.sessions.create(session);
    await rows(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'rolebridge'",
    );

    // The first call may still meet a connection that was just ended; it must then fail cleanly,
    // and not hang.
    await store.ping().catch((cause: { code: string }) => assert.equal(cause.code, 'unavailable'));

    assert.deepEqual(await store.sessions.find(session.id), session);
  });

  test('a statement that waits for a lock too long fails as unavailable, and the next one works', async t => {
    const { schema, parameters } = await newSchema(t);
    const store = await openPostgresStore({
      url: urlOf({ parameters: { ...parameters, statement_timeout: '200' } }),
      secret: SECRET,
    });
    t.after(() => store.close());
    await rows('BEGIN');

    await rows(`LOCK TABLE ${schema}.sessions IN ACCESS EXCLUSIVE MODE`);
    await assert.rejects(store.sessions.find('any'), {
      code: 'unavailable',
      message: /did not finish a statement in time/,
    });

    await rows('COMMIT');
    assert.equal(await store.sessions.find('any'), undefined);
  });

  test('a pruning neither waits for a workload token that is being replaced nor removes its successor', async t => {
    const database = await newDatabase(t);
    const store = await database.open();
    t.after(() => store.close());
    const old = tokenOf(API);
    await store.workloadTokens.create('rbw_old', old, 1);
    const later = old.record.expiresAt + 1;
    await database.rows('BEGIN');
    // As a takeover of the slot that is not committed yet.
    await database.rows('UPDATE workload_tokens SET id_hash = $1, expires_at = $2', [
      new Uint8Array(32),
      later + 1000,
    ]);

    // Waits for no row: with two instances that wait for each other it would be a deadlock.
    await store.prune(later);
    await rows('COMMIT');
    await store.prune(later);

    assert.equal((await database.rows('SELECT slot FROM workload_tokens')).length, 1);
  });

  test('the audit trail cannot be emptied at once', async t => {
    const database = await newDatabase(t);
    await (await database.open()).close();
    await assert.rejects(database.rows('TRUNCATE audit_events'), /append-only/);
  });
}
