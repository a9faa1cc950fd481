/**
 * The store in PostgreSQL by `pg`: for a bridge of several instances.
 *
 * Owns: the pool and its limits, the lock of migrations, the meaning of PostgreSQL's faults. What
 * is stored is in store.ts.
 */
import pg from 'pg';
import { databaseHosts } from '../core/database-hosts.ts';
import { BridgeError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import type { AuditReader } from './audit-reader.ts';
import type { Database, Housekeeping, Row } from './database.ts';
import { POSTGRES } from './migrations/dialect.ts';
import type { Filling, NewRows } from './migrations/fill-people.ts';
import {
  type AppliedStep,
  CREATE_MIGRATIONS_TABLE,
  pendingSteps,
} from './migrations/migrations.ts';
import { connectToPrimary, openPrimary, type Primary } from './postgres-primary.ts';
import { createSeal, type Seal } from './sealing.ts';
import { createStore } from './store.ts';
import type { WritesChanged } from './write-health.ts';

const POOL_SIZE = 10;
const CONNECT_MILLISECONDS = 5_000;
const STATEMENT_MILLISECONDS = 5_000;
/** Client-side limit, a little longer than the server's, for a server that no longer answers. */
const ANSWER_MILLISECONDS = 6_000;
/**
 * For one statement of a migration, and for waiting on another instance's: a large trail is read as
 * a whole.
 */
const MIGRATION_MILLISECONDS = 15 * 60_000;
const MIGRATOR = {
  application_name: 'rolebridge migration',
  connectionTimeoutMillis: CONNECT_MILLISECONDS,
  statement_timeout: MIGRATION_MILLISECONDS,
  query_timeout: MIGRATION_MILLISECONDS,
};
const ROWS_OF_A_PAGE = 20_000;
/** With six columns, far below the 65,535 parameters of a statement. */
const ROWS_OF_AN_INSERT = 2000;
/** Key of the advisory lock around migrations: `role` in ASCII. */
const MIGRATION_LOCK = 0x726f6c65;

/** As the URL parser of Node.js names it. */
const URL_FAULT = 'ERR_INVALID_URL';

const REFUSED_LOGIN = 'refused the user or the password; check both in the URL';
const STOPPING = 'is starting or stopping; try again when it is up';

/** SQLSTATEs (PostgreSQL manual, appendix A) and network codes, and what the operator can do. */
const FAULTS: Readonly<Record<string, string>> = {
  '28P01': REFUSED_LOGIN,
  '28000': REFUSED_LOGIN,
  '3D000': 'does not exist; create the database',
  '42501': 'denies this user required rights; allow it to create and use tables in the schema',
  '42P07': 'contains tables of another program; give the bridge a database of its own',
  '25006':
    'takes no writes; the URL must name the primary server, or several hosts of which one is',
  '53300': 'has no free connection; raise max_connections, or run fewer instances',
  '53100': 'is out of disk space; free some',
  '57014': 'did not finish a statement in time; check locks and load',
  '57P01': STOPPING,
  '57P02': STOPPING,
  '57P03': STOPPING,
};
/**
 * Classes of faults of a record, not of the server: data exception, integrity constraint violation,
 * program limit.
 */
const RECORD_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54']);

interface PostgresStoreOptions {
  readonly url: string;
  /** 32 bytes that are kept outside the database, the same for all instances. */
  readonly secret: Uint8Array;
  readonly onChange?: WritesChanged | undefined;
  /** Called with the progress of a migration of many rows. */
  readonly onProgress?: ((done: string) => void) | undefined;
}

/**
 * Opens the store in the database that `url` names and brings its schema up to date.
 * Throws `unavailable` with a message that names server, database and fix, and never the password.
 */
export async function openPostgresStore({
  url,
  secret,
  onChange,
  onProgress = () => {},
}: PostgresStoreOptions): Promise<Store & AuditReader> {
  const place = placeOf(url);
  await migrate(url, { place, seals: createSeal(secret), onProgress });
  const primary = openPrimary(hostsOf(url), {
    application_name: 'rolebridge',
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    statement_timeout: STATEMENT_MILLISECONDS,
    query_timeout: ANSWER_MILLISECONDS,
    keepAlive: true,
    types: { getTypeParser },
  });
  const database = connect(primary, place);
  return createStore(database, { secret, housekeeping: HOUSEKEEPING, onChange });
}

/** BIGINT as a number, which fits every instant; other types as pg does. */
const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: unknown) =>
  type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format as 'text');

const UNREADABLE =
  'the URL of the PostgreSQL store cannot be used; write it as postgres://user:password@host:5432/database';

/** One URL for each host of a URL. Throws `unavailable`. */
export function hostsOf(url: string): readonly string[] {
  const hosts = databaseHosts(url);
  if (hosts === undefined) throw new BridgeError('unavailable', `${UNREADABLE} (${URL_FAULT})`);
  return hosts.urls;
}

/** Servers and database for messages: without password and parameters. */
export function placeOf(url: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw new BridgeError('unavailable', UNREADABLE);
  try {
    const clients = hostsOf(url).map(connectionString => new pg.Client({ connectionString }));
    const { user, database } = clients[0]!;
    const hosts = clients.map(({ host, port }) => `${host}:${port}`).join(',');
    return `store postgres://${user ?? ''}@${hosts}/${database ?? ''}`;
  } catch (cause) {
    if (cause instanceof BridgeError) throw cause;
    // The cause can contain the URL, so only its code is passed on: ENOENT for a certificate that
    // it names.
    throw new BridgeError('unavailable', `${UNREADABLE} (${codeOf(cause) ?? 'unreadable'})`);
  }
}

interface Migrating {
  readonly place: string;
  readonly seals: Seal;
  readonly onProgress: (done: string) => void;
}

async function migrate(url: string, { place, seals, onProgress }: Migrating): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = await connectToPrimary(hostsOf(url), MIGRATOR);
    await client.query('BEGIN');
    // Held until the transaction ends: of two instances one migrates and the other finds it done.
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await prepareMigrations(client, place);
    const { rows: applied } = await client.query<AppliedStep>(
      'SELECT number, checksum FROM rolebridge_migrations',
    );
    for (const step of pendingSteps(place, POSTGRES, applied)) {
      await client.query(step.sql);
      if (step.fill !== undefined) await fill(client, step.fill(POSTGRES, seals), onProgress);
      await client.query('INSERT INTO rolebridge_migrations (number, checksum) VALUES ($1, $2)', [
        step.number,
        step.checksum,
      ]);
    }
    await client.query('COMMIT');
  } catch (cause) {
    throw explain(cause, place);
  } finally {
    await client?.end();
  }
}

async function prepareMigrations(client: pg.Client, place: string): Promise<void> {
  // Read first, because even CREATE TABLE IF NOT EXISTS needs the right to create, which a running
  // bridge need not have.
  const { rows: state } = await client.query<{ encoding: string; migrated: boolean }>(
    "SELECT current_setting('server_encoding') AS encoding, to_regclass('rolebridge_migrations') IS NOT NULL AS migrated",
  );
  // Any other encoding rejects the names of some users, and the audit event of their credentials.
  if (state[0]?.encoding !== 'UTF8')
    throw new BridgeError('unavailable', `${place} is not in UTF8; create it with ENCODING 'UTF8'`);
  if (!state[0].migrated) await client.query(CREATE_MIGRATIONS_TABLE);
}

async function fill(
  client: pg.Client,
  filling: Filling,
  onProgress: (done: string) => void,
): Promise<void> {
  // A cursor ends with the transaction.
  await client.query(`DECLARE rows_of_before NO SCROLL CURSOR FOR ${filling.query}`);
  for (;;) {
    const { rows } = await client.query<Row>(`FETCH ${ROWS_OF_A_PAGE} FROM rows_of_before`);
    await insert(client, filling.take(rows));
    if (rows.length < ROWS_OF_A_PAGE) break;
    onProgress(filling.progress());
  }
  await insert(client, filling.end());
  await client.query('CLOSE rows_of_before');
}

async function insert(client: pg.Client, made: readonly NewRows[]): Promise<void> {
  for (const { table, columns, rows } of made) {
    for (let from = 0; from < rows.length; from += ROWS_OF_AN_INSERT) {
      const some = rows.slice(from, from + ROWS_OF_AN_INSERT);
      let parameter = 0;
      const places = some.map(row => `(${row.map(() => `$${++parameter}`).join(', ')})`).join(', ');
      await client.query(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${places} ON CONFLICT DO NOTHING`,
        some.flat(),
      );
    }
  }
}

/**
 * Rows that another instance removes at the same time are skipped: two that wait for each other's
 * rows would be a deadlock. `ctid` is where a row is; a locked row stays there. The server gives
 * space back by itself (autovacuum).
 */
const HOUSEKEEPING: Housekeeping = {
  mostRows: 1000,
  milliseconds: 100,
  removal: (table, condition) =>
    `DELETE FROM ${table}
      WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${table} WHERE ${condition} LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1 AS removed`,
};

function connect(primary: Primary, place: string): Database {
  return {
    rows: async (sql, values) => {
      if (primary.isClosed()) throw new BridgeError('unavailable', `${place} is closed`);
      try {
        return (await primary.query<Row>(sql, values)).rows;
      } catch (cause) {
        throw explain(cause, place);
      }
    },
    rehearse: async statements => {
      if (primary.isClosed()) throw new BridgeError('unavailable', `${place} is closed`);
      try {
        // One round trip. None of our tables stays locked, so it waits for no lock.
        await primary.query(statements.join(';\n'));
      } catch (cause) {
        throw explain(cause, place);
      }
    },
    close: () => primary.close(),
  };
}

export function explain(cause: unknown, place: string): BridgeError {
  if (cause instanceof BridgeError) return cause;
  const code = codeOf(cause);
  if (
    code !== undefined &&
    cause instanceof pg.DatabaseError &&
    RECORD_CLASSES.has(code.slice(0, 2))
  ) {
    return new BridgeError('internal', `${place} rejected a record that breaks its constraints`, {
      cause,
    });
  }
  return new BridgeError('unavailable', `${place} ${faultOf(cause, code)}`, { cause });
}

function faultOf(cause: unknown, code: string | undefined): string {
  const known = code === undefined ? undefined : FAULTS[code];
  if (known !== undefined) return known;
  if (cause instanceof pg.DatabaseError)
    return `failed with SQLSTATE ${code}; see the cause in the log`;
  return `cannot be reached or does not answer (${code ?? messageOf(cause)}); check that it runs and that the URL is right`;
}

function codeOf(cause: unknown): string | undefined {
  const { code } = cause as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Faults without a code come from pg itself: its time limits, a server without TLS. */
function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown fault';
}
