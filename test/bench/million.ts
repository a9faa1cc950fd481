/**
 * `npm run bench:million`: operators' commands, run as they are, on a store with a million users
 * and sign-ins, in SQLite and PostgreSQL.
 *
 * The store is filled as a version without records of users left it, so that the migration is timed
 * too. `MILLION=10000` tries the script.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';
import { openSealingSecret } from '../../src/issuer/sealing-secret.ts';
import { type Dialect, POSTGRES, SQLITE } from '../../src/store/migrations/dialect.ts';
import { CREATE_MIGRATIONS_TABLE, stepsFor } from '../../src/store/migrations/migrations.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { cliSessionOf, IDENTITY, type OpenStore, sessionOf } from '../contracts/store-samples.ts';
import { run, writeConfiguration } from '../main/server-process.ts';
import { placeSigningKeys } from '../support/keys.ts';
import { startPostgres } from '../support/postgres.ts';

const PEOPLE = Number(process.env.MILLION ?? 1_000_000);
const SESSIONS = Math.ceil(PEOPLE / 3);
/** Those that a list shows. */
const REAL_SESSIONS = 1000;
const STEPS_BEFORE = 3;
/** A command is measured so often, and the fastest counts: what else the machine does must not. */
const ROUNDS = 5;
const NOW = Date.now();
const CLOSED_PORT = 'http://127.0.0.1:9';

/** One statement with many rows, or many statements: what the database takes fastest. */
type Insert = (
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly (string | number | Uint8Array)[]>,
) => Promise<void>;

interface Subject {
  readonly name: string;
  readonly dialect: Dialect;
  /** `store:` of the configuration. */
  readonly store: string;
  execute(sql: string): Promise<unknown>;
  readonly insert: Insert;
  open(secret: Uint8Array): Promise<OpenStore>;
  close(): Promise<void>;
}

/** 16 characters of a-z and 2-7. */
function personOf(index: number): PersonId {
  const digits = index.toString(32).padStart(16, '0');
  return digits.replaceAll(
    /./g,
    digit => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(digit, 32)]!,
  ) as PersonId;
}
/** Every thousandth user is one of a hundred with the same name. */
const nameOf = (index: number): string =>
  index % 1000 === 7 ? `twin-${index % 10_000}` : `user-${index}`;

function* events(): Generator<readonly (string | number)[]> {
  for (let index = 0; index < PEOPLE; index++) {
    const person = personOf(index);
    const at = NOW - PEOPLE * 1000 + index * 1000;
    const actor = { person, connector: 'corp-saml' as ConnectorId, username: nameOf(index) };
    const origin = {
      correlationId: `c-${index}`,
      address: '10.1.2.3',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
    };
    const event = {
      type: 'sign-in.succeeded',
      at,
      origin,
      actor,
      groupCount: 12,
      methods: ['pwd', 'mfa'],
      multiFactor: true,
    };
    yield [at, event.type, person, origin.correlationId, JSON.stringify(event)];
  }
}

/** As large as real ones; never read. */
function* browserSessions(): Generator<readonly (string | number | Uint8Array)[]> {
  const sealed = Buffer.alloc(900, 7);
  for (let index = 0; index < SESSIONS; index++) {
    const at = NOW - index;
    yield [keyOf(index), personOf(index), 'corp-saml', at, at, NOW + 12 * 3_600_000, sealed];
  }
}

function* cliSessions(): Generator<readonly (string | number | Uint8Array)[]> {
  const [sealed, summary] = [Buffer.alloc(900, 7), Buffer.alloc(300, 7)];
  for (let index = 0; index < SESSIONS; index++) {
    yield [
      keyOf(index),
      index.toString(16).padStart(20, '0'),
      personOf(index),
      NOW - 60_000 - index,
      NOW + 12 * 3_600_000,
      sealed,
      summary,
    ];
  }
}

function keyOf(index: number): Uint8Array {
  const key = Buffer.alloc(32);
  // Spread over the index, as hashes are.
  key.writeUInt32BE(Math.imul(index + 1, 2_654_435_761) >>> 0, 0);
  key.writeUInt32BE(index, 4);
  return key;
}

async function measure(subject: Subject): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-million-'));
  const said = (what: string, milliseconds: number): void =>
    console.log(`${subject.name}: ${what}: ${(milliseconds / 1000).toFixed(2)} s`);
  try {
    mkdirSync(join(directory, 'keys'), { mode: 0o700 });
    await placeSigningKeys(join(directory, 'keys'));
    const secret = await openSealingSecret({ directory: join(directory, 'keys'), create: true });
    const file = writeConfiguration(
      { directory, port: 3000, oidcUrl: CLOSED_PORT, samlUrl: CLOSED_PORT },
      yaml => yaml.replace(/^store: .*$/m, `store: ${subject.store}`),
    );

    await subject.execute(CREATE_MIGRATIONS_TABLE);
    for (const { number, sql, checksum } of stepsFor(subject.dialect).slice(0, STEPS_BEFORE)) {
      await subject.execute(sql);
      await subject.execute(
        `INSERT INTO rolebridge_migrations (number, checksum) VALUES (${number}, '${checksum}')`,
      );
    }
    const filling = performance.now();
    await subject.insert(
      'audit_events',
      ['at', 'type', 'person', 'correlation_id', 'event'],
      events(),
    );
    const common = ['created_at', 'last_used_at', 'expires_at', 'sealed'];
    await subject.insert(
      'sessions',
      ['id_hash', 'person', 'connector', ...common],
      browserSessions(),
    );
    await subject.insert(
      'cli_sessions',
      ['id_hash', 'handle', 'person', 'created_at', 'expires_at', 'sealed', 'sealed_summary'],
      cliSessions(),
    );
    said(
      `filled with ${PEOPLE} sign-ins, ${SESSIONS} sessions in browsers and as many in terminals`,
      performance.now() - filling,
    );

    const migrating = performance.now();
    const store = await subject.open(secret);
    said('migration, of which a bridge waits at its first start', performance.now() - migrating);
    for (let index = 0; index < REAL_SESSIONS; index++) {
      const identity = { ...IDENTITY, person: personOf(index * 11), username: nameOf(index * 11) };
      await store.cliSessions.create(
        cliSessionOf(
          {
            publicId: `f${index.toString(16).padStart(19, '0')}`,
            createdAt: NOW,
            expiresAt: NOW + 3_600_000,
          },
          identity,
        ),
      );
    }
    const { generation } = await store.people.know(
      { ...IDENTITY, person: personOf(11), username: nameOf(11), assertedAt: NOW },
      NOW,
    );
    for (let index = 0; index < 5; index++)
      await store.sessions.create(
        sessionOf({ identity: { ...IDENTITY, person: personOf(11) }, generation }),
      );
    await store.close();

    const commands: readonly (readonly [what: string, ...args: string[]])[] = [
      ['starting alone', '--help'],
      ['sessions', 'sessions'],
      ['sessions --user', 'sessions', '--user', nameOf(22)],
      ['end-sessions --user', 'end-sessions', '--user', nameOf(11)],
      ['end-sessions --user, unknown', 'end-sessions', '--user', 'unknown'],
      ['block --user', 'block', '--user', nameOf(PEOPLE / 2)],
      ['block --user, of several', 'block', '--user', nameOf(7)],
      ['block --person', 'block', '--person', personOf(PEOPLE - 1)],
      ['sessions --blocked', 'sessions', '--blocked'],
      ['unblock --user', 'unblock', '--user', nameOf(PEOPLE / 2)],
    ];
    for (const [what, command, ...args] of commands) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const started = performance.now();
        const { code, stderr } = await run(
          command!,
          ...(command === '--help' ? [] : ['--config', file]),
          ...args,
        );
        times.push(performance.now() - started);
        const isRefused = /unknown|several/.test(what);
        if (code !== (isRefused ? 1 : 0)) throw new Error(`${what} ended with ${code}: ${stderr}`);
      }
      said(`${what}, the fastest of ${ROUNDS}`, Math.min(...times));
    }
  } finally {
    await subject.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function sqlite(): Subject {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-million-sqlite-'));
  const file = join(directory, 'rolebridge.db');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL');
  return {
    name: 'SQLite',
    dialect: SQLITE,
    store: `{ sqlite: ${file} }`,
    execute: async sql => database.exec(sql),
    insert: async (table, columns, rows) => {
      const insert = database.prepare(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      );
      database.exec('BEGIN');
      for (const row of rows) insert.run(...row);
      database.exec('COMMIT');
    },
    open: secret =>
      openSqliteStore({ file, secret, onProgress: done => console.log(`SQLite: ${done}`) }),
    close: async () => {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function postgres(): Promise<Subject> {
  const server = await startPostgres();
  const url = new URL(`postgres://${server.host}:${server.port}/postgres`);
  Object.assign(url, { username: server.user, password: server.password });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-million-postgres-'));
  const urlFile = join(directory, 'url');
  writeFileSync(urlFile, url.href, { mode: 0o600 });
  return {
    name: 'PostgreSQL',
    dialect: POSTGRES,
    store: `{ postgres: { url: { file: ${urlFile} } } }`,
    execute: sql => client.query(sql),
    insert: async (table, columns, rows) => {
      const write = async (
        batch: readonly (readonly (string | number | Uint8Array)[])[],
      ): Promise<void> => {
        let parameter = 0;
        const places = batch
          .map(row => `(${row.map(() => `$${++parameter}`).join(', ')})`)
          .join(', ');
        await client.query(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${places}`,
          batch.flat(),
        );
      };
      let batch: (readonly (string | number | Uint8Array)[])[] = [];
      await client.query('BEGIN');
      for (const row of rows) {
        if (batch.push(row) < 2000) continue;
        await write(batch);
        batch = [];
      }
      if (batch.length > 0) await write(batch);
      await client.query('COMMIT');
    },
    open: secret =>
      openPostgresStore({
        url: url.href,
        secret,
        onProgress: done => console.log(`PostgreSQL: ${done}`),
      }),
    close: async () => {
      await client.end();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

await measure(sqlite());
await measure(await postgres());
