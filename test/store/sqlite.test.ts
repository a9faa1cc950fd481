import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Row } from '../../src/store/database.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
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
  NOW,
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

async function newDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-store-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function newFile(t: TestContext): Promise<LastingDatabase> {
  const directory = await newDirectory(t);
  const file = join(directory, 'rolebridge.db');
  return {
    open: (secret = SECRET) => openSqliteStore({ file, secret }),
    rows: async (sql, values = []) => {
      using connection = new DatabaseSync(file);
      return connection
        .prepare(sql)
        .all(Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))) as Row[];
    },
    bytes: async () =>
      Buffer.concat(
        await Promise.all((await readdir(directory)).map(name => readFile(join(directory, name)))),
      ),
  };
}

storeContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));

cliStoreContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
storeContract('SQLite in a file', newFile);
roleUsesContract('SQLite in a file', newFile);
keptMetadataContract('SQLite in a file', newFile);
lastingKeptMetadataContract('SQLite in a file', newFile);
knownKeysContract('SQLite in a file', newFile);
trailContract('SQLite in a file', newFile);
handOutsContract('SQLite in a file', newFile);
browserSessionsContract('SQLite in a file', newFile);
lastingBrowserSessionsContract('SQLite in a file', newFile);
cliStoreContract('SQLite in a file', newFile);
lastingStoreContract('SQLite in a file', newFile);
lastingCliStoreContract('SQLite in a file', newFile);
peopleContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
peopleContract('SQLite in a file', newFile);
lastingPeopleContract('SQLite in a file', newFile);
providerSessionsContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
providerSessionsContract('SQLite in a file', newFile);
lastingProviderSessionsContract('SQLite in a file', newFile);
elevationsContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
elevationsContract('SQLite in a file', newFile);
lastingElevationsContract('SQLite in a file', newFile);
migratedElevationsContract('SQLite in a file', newFile);
noticesContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
noticesContract('SQLite in a file', newFile);
lastingNoticesContract('SQLite in a file', newFile);
workloadsContract('SQLite in memory', async () => ({
  open: (secret = SECRET) => openSqliteStore({ file: ':memory:', secret }),
}));
workloadsContract('SQLite in a file', newFile);
lastingWorkloadsContract('SQLite in a file', newFile);
migratedWorkloadsContract('SQLite in a file', newFile);
const planOf: PlanOf = async (database, sql, values) =>
  (await database.rows(`EXPLAIN QUERY PLAN ${sql}`, values))
    .map(({ detail }) => String(detail))
    .join('\n');
indexedProviderSessionsContract('SQLite in a file', newFile, {
  planOf,
  scan: /^SCAN (?!CONSTANT)/m,
});
indexedBrowserSessionsContract('SQLite in a file', newFile, {
  planOf,
  scan: /^SCAN (?!CONSTANT)/m,
});
indexedHandOutsContract('SQLite in a file', newFile, { planOf, scan: /^SCAN /m });
indexedNoticesContract('SQLite in a file', newFile, { planOf, scan: /^SCAN (?!CONSTANT)/m });
indexedWorkloadsContract('SQLite in a file', newFile, {
  planOf,
  scan: /^SCAN (?!CONSTANT|workloads USING INDEX workloads_blocked_at)/m,
});
indexedElevationsContract('SQLite in a file', newFile, {
  planOf,
  scan: /^SCAN (?!elevations USING INDEX elevations_(?:unrecorded|remind))/m,
});

const modeOf = async (path: string): Promise<string> =>
  ((await stat(path)).mode & 0o777).toString(8);

test('the file and what SQLite keeps beside it are for their owner alone, in a directory that is too', async t => {
  const directory = join(await newDirectory(t), 'var', 'data');
  const store = await openSqliteStore({ file: join(directory, 'rolebridge.db'), secret: SECRET });
  t.after(() => store.close());
  await store.sessions.create(sessionOf());
  assert.equal(await modeOf(directory), '700');
  const names = (await readdir(directory)).sort();
  assert.deepEqual(names, ['rolebridge.db', 'rolebridge.db-shm', 'rolebridge.db-wal']);
  for (const name of names) assert.equal(await modeOf(join(directory, name)), '600', name);
});

test('a file that others could read is closed to them', async t => {
  const file = join(await newDirectory(t), 'rolebridge.db');
  await writeFile(file, '');
  await chmod(file, 0o644);
  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  assert.equal(await modeOf(file), '600');
});

test('what is no regular file is refused, and keeps its mode', async t => {
  const pipe = join(await newDirectory(t), 'pipe');
  await promisify(execFile)('mkfifo', ['-m', '666', pipe]);
  await assert.rejects(openSqliteStore({ file: pipe, secret: SECRET }), {
    code: 'unavailable',
    message: `store ${pipe} is not a regular file; write the path of one`,
  });
  assert.equal(await modeOf(pipe), '666');
});

test('a file name that looks like a URI is a file name', async t => {
  const directory = await newDirectory(t);
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(directory);
  const store = await openSqliteStore({ file: 'file:x.db?mode=memory', secret: SECRET });
  t.after(() => store.close());
  await store.sessions.create(sessionOf());
  assert.ok((await readdir(directory)).includes('file:x.db?mode=memory-wal'));
});

test('a file that is no database, or half of one, is refused with its name and what to do', async t => {
  const directory = await newDirectory(t);
  const garbage = join(directory, 'garbage.db');
  await writeFile(garbage, 'these are the minutes of a meeting. '.repeat(500));
  const half = join(directory, 'half.db');
  const store = await openSqliteStore({ file: half, secret: SECRET });
  for (let count = 0; count < 50; count++) await store.sessions.create(sessionOf());
  await store.close();

  await truncate(half, 8192);

  for (const file of [garbage, half]) {
    await assert.rejects(
      openSqliteStore({ file, secret: SECRET }),
      ({ name, code, message }: { name: string; code: string; message: string }) => {
        assert.deepEqual([name, code], ['BridgeError', 'unavailable']);
        assert.ok(
          message.startsWith(
            `store ${file} is damaged or is not a SQLite database; restore it from a backup`,
          ),
          message,
        );
        return !message.includes('\n');
      },
    );
  }
});

test('a place where no file can be is refused with its name and what to do', async t => {
  const directory = await newDirectory(t);
  await writeFile(join(directory, 'plain'), '');

  for (const file of [
    directory,
    join(directory, 'plain', 'rolebridge.db'),
    `${directory}/nul\0byte.db`,
  ]) {
    await assert.rejects(
      openSqliteStore({ file, secret: SECRET }),
      ({ code, message }: { code: string; message: string }) => {
        assert.equal(code, 'unavailable');
        assert.ok(
          message.startsWith(
            `store ${file} cannot be read and written; give the user that runs the bridge`,
          ),
          message,
        );
        return true;
      },
    );
  }
});

test('a database of another program is left as it was', async t => {
  const file = join(await newDirectory(t), 'grafana.db');
  {
    using other = new DatabaseSync(file);
    other.exec('CREATE TABLE dashboards (id INTEGER)');
  }
  await assert.rejects(openSqliteStore({ file, secret: SECRET }), {
    message: `store ${file} belongs to another program; give the bridge a file of its own`,
  });

  using other = new DatabaseSync(file);
  assert.deepEqual(
    other
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => name),
    ['dashboards'],
  );
});

test('the audit trail takes no replacement of a row that is in it', async t => {
  const database = await newFile(t);
  const store = await database.open();
  t.after(() => store.close());
  const insert = "(id, at, type, correlation_id, event) VALUES (1, 0, 'sign-out', 'c', '{}')";
  await database.rows(`INSERT INTO audit_events ${insert}`);

  await assert.rejects(
    database.rows(`INSERT OR REPLACE INTO audit_events ${insert}`),
    /append-only/,
  );
});

test('of events of callers who are not signed in six million at most are kept', async t => {
  const database = await newFile(t);
  const store = await database.open();
  t.after(() => store.close());
  for (const why of ['old', 'older than six million others', 'kept'])
    await store.audit.record(EVENT(why));
  await database.rows('UPDATE sqlite_sequence SET seq = 6000001 WHERE name = $1', [
    'stranger_events',
  ]);
  await store.audit.record(EVENT('newest'));
  await store.prune(NOW);

  const whys = (await store.readAudit({ limit: 10 })).map(
    event => event.type === 'sign-in.refused' && event.why,
  );

  assert.deepEqual(whys, ['newest', 'kept']);
});

test('of several processes that open a new file and claim one key exactly one gets it', async t => {
  const file = join(await newDirectory(t), 'rolebridge.db');
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url).href)};
    const store = await openSqliteStore({ file: process.argv[1], secret: new Uint8Array(32) });
    console.log(await store.oneTimeKeys.claim('_raced', ${NOW}));
    await store.close();`;
  const run = () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, file], {
      timeout: 30_000,
    });

  const answers = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout.trim());

  assert.deepEqual(answers.sort(), ['false', 'false', 'true']);
});

test('several processes do not get more workload tokens than a workload may have', async t => {
  const file = join(await newDirectory(t), 'rolebridge.db');
  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url).href)};
    const [file, secret, made] = process.argv.slice(1);
    const store = await openSqliteStore({ file, secret: Buffer.from(secret, 'hex') });
    const outcomes = await Promise.all(JSON.parse(made).map(one =>
      store.workloadTokens.create('rbw_' + one.record.publicId, one, 7)));
    console.log(JSON.stringify(outcomes));
    await store.close();`;
  const run = async (): Promise<readonly string[]> => {
    const made = JSON.stringify(Array.from({ length: 10 }, () => tokenOf(API)));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program, file, Buffer.from(SECRET).toString('hex'), made],
      { timeout: 30_000 },
    );
    return JSON.parse(stdout) as readonly string[];
  };

  const outcomes = (await Promise.all([run(), run(), run()])).flat();

  assert.equal(outcomes.filter(outcome => outcome === 'kept').length, 7);
  assert.equal(outcomes.filter(outcome => outcome === 'full').length, 23);
  assert.equal((await store.workloadTokens.list(NOW, API.id)).length, 7);
});

test('ten thousand sessions are kept, found and pruned', async t => {
  const store = await openWithPeople(t, {
    open: () => openSqliteStore({ file: ':memory:', secret: SECRET }),
  });
  const sessions = Array.from({ length: 10_000 }, (_, index) =>
    sessionOf({ expiresAt: NOW + (index % 2) }),
  );

  for (const session of sessions) await store.sessions.create(session);

  for (const session of sessions)
    assert.equal((await store.sessions.find(session.id))?.csrfToken, session.csrfToken);
  await store.prune(NOW + 1);
  const left = await Promise.all(
    sessions.map(async ({ id }) => (await store.sessions.find(id)) !== undefined),
  );
  assert.deepEqual(
    left,
    sessions.map(({ expiresAt }) => expiresAt === NOW + 1),
  );
});

const EVENT = (why: string): AuditEvent => ({
  type: 'sign-in.refused',
  at: NOW,
  origin: { correlationId: 'c', address: '127.0.0.1' },
  connector: 'corp',
  code: 'bad_request',
  why,
});

test('of writes that share a commit, one that breaks a constraint is refused and the others are kept', async t => {
  const store = await openSqliteStore({
    file: join(await newDirectory(t), 'rolebridge.db'),
    secret: SECRET,
  });
  t.after(() => store.close());
  const session = sessionOf();

  const outcomes = await Promise.allSettled([
    store.audit.record(EVENT('first')),
    store.sessions.create(session),
    store.sessions.create(session),
    store.audit.record(EVENT('last')),
  ]);

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal((await store.readAudit({ limit: 10 })).length, 2);
});

test('what was written before the store is closed is kept', async t => {
  const file = join(await newDirectory(t), 'rolebridge.db');
  const store = await openSqliteStore({ file, secret: SECRET });
  const writing = [store.audit.record(EVENT('a')), store.audit.record(EVENT('b'))];
  await store.close();
  await Promise.all(writing);
  const again = await openSqliteStore({ file, secret: SECRET });
  t.after(() => again.close());
  assert.equal((await again.readAudit({ limit: 10 })).length, 2);
});

test('when the disk is full, every write that shares the commit is refused, and nothing of it is kept', async t => {
  const file = join(await newDirectory(t), 'rolebridge.db');
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url).href)};
    const store = await openSqliteStore({ file: process.argv[1], secret: new Uint8Array(32) });
    const event = why => ({ ...${JSON.stringify(EVENT(''))}, why });
    await store.audit.record(event('kept'));
    const burst = await Promise.allSettled(Array.from({ length: 200 }, () => store.audit.record(event('x'.repeat(10_000)))));
    const after = await store.audit.record(event('kept')).then(() => 'kept', fault => fault.code);
    console.log(JSON.stringify({ codes: [...new Set(burst.map(({ reason }) => reason?.code))], after }));
    await store.close();`;
  // A file of this process may grow to 1 MiB.
  const limited = [
    '-c',
    'ulimit -f 1024 && exec "$0" "$@"',
    process.execPath,
    '--input-type=module',
    '-e',
    program,
    file,
  ];

  const { stdout } = await promisify(execFile)('/bin/bash', limited, { timeout: 30_000 });
  assert.deepEqual(JSON.parse(stdout), { codes: ['unavailable'], after: 'kept' });

  const store = await openSqliteStore({ file, secret: SECRET });
  t.after(() => store.close());
  assert.deepEqual(
    (await store.readAudit({ limit: 1000 })).map(
      event => event.type === 'sign-in.refused' && event.why,
    ),
    ['kept', 'kept'],
  );
});
