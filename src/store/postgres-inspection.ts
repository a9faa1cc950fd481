/** Looks at a store in PostgreSQL as `doctor` does: in a transaction that cannot write. */
import type pg from 'pg';
import type { StoreFacts, StoreFault } from '../core/host-facts.ts';
import type { Database, Row } from './database.ts';
import { createKnownKeys } from './known-keys.ts';
import { POSTGRES } from './migrations/dialect.ts';
import { type AppliedStep, schemaOf, stepsFor } from './migrations/migrations.ts';
import { explain, hostsOf, placeOf } from './postgres.ts';
import { connectToPrimary } from './postgres-primary.ts';

const CONNECT_MILLISECONDS = 5_000;
const STATEMENT_MILLISECONDS = 5_000;
const READER = {
  application_name: 'rolebridge doctor',
  connectionTimeoutMillis: CONNECT_MILLISECONDS,
  statement_timeout: STATEMENT_MILLISECONDS,
  query_timeout: STATEMENT_MILLISECONDS + 1_000,
};

type Content = Omit<StoreFacts, 'place'>;

export async function inspectPostgresStore(url: string): Promise<StoreFacts> {
  const empty = { exists: false, pendingSteps: 0, knownKeys: [], usedSince: undefined };
  let place = 'the PostgreSQL store';
  try {
    place = placeOf(url);
    return { ...empty, place, ...(await readContent(url, place)) };
  } catch (thrown) {
    const { message } = explain(thrown, place);
    return { ...empty, place, fault: { kind: 'unreachable', message } };
  }
}

async function readContent(url: string, place: string): Promise<Content> {
  const client = await connectToPrimary(hostsOf(url), READER);
  try {
    await client.query('BEGIN READ ONLY');
    return await contentOf(client, place);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What a server says of itself, its schema, and what this user can do there. */
interface Answer {
  readonly version: string;
  readonly encoding: string;
  readonly encrypted: boolean | null;
  readonly standby: boolean;
  readonly takes_writes: boolean;
  readonly may_create: boolean | null;
  readonly migrations: boolean;
  readonly keys: boolean;
  readonly may_insert: boolean | null;
}

const QUESTION = `SELECT current_setting('server_version') AS version,
  current_setting('server_encoding') AS encoding,
  (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted,
  pg_is_in_recovery() AS standby,
  current_setting('default_transaction_read_only') = 'off' AS takes_writes,
  has_schema_privilege(current_schema(), 'CREATE') AS may_create,
  to_regclass('rolebridge_migrations') IS NOT NULL AS migrations,
  to_regclass('known_keys') IS NOT NULL AS keys,
  has_table_privilege(to_regclass('audit_events'), 'INSERT') AS may_insert`;

async function contentOf(client: pg.Client, place: string): Promise<Content> {
  const { rows } = await client.query<Answer>(QUESTION);
  const answer = rows[0]!;
  const server = { version: answer.version, isEncrypted: answer.encrypted === true };
  const all = stepsFor(POSTGRES).length;
  const nothing = { knownKeys: [], usedSince: undefined, exists: false, pendingSteps: all };
  if (!answer.migrations) return { ...nothing, server, fault: writeFault(answer, place, all) };
  const applied = await client.query<AppliedStep>(
    'SELECT number, checksum FROM rolebridge_migrations',
  );
  const keys = createKnownKeys(readOnly(client));
  const schema = schemaOf(place, POSTGRES, applied.rows);
  return {
    ...schema,
    server,
    exists: true,
    fault: schema.fault ?? writeFault(answer, place, schema.pendingSteps),
    knownKeys: answer.keys ? await keys.all() : [],
    usedSince: answer.may_insert === null ? undefined : await keys.trailBegan(),
  };
}

function writeFault(answer: Answer, place: string, steps: number): StoreFault | undefined {
  if (answer.encoding !== 'UTF8')
    return {
      kind: 'foreign',
      message: `${place} is not in UTF8; create it with ENCODING 'UTF8'.`,
    };
  const readOnly = (why: string): StoreFault => ({ kind: 'read-only', message: `${place} ${why}` });
  if (answer.standby) return readOnly('is a standby; the URL must name the primary server.');
  if (!answer.takes_writes) return readOnly('takes no writes (default_transaction_read_only).');
  if (answer.may_insert === false) return readOnly('denies this user the right to insert rows.');
  if (steps > 0 && answer.may_create !== true)
    return readOnly('denies this user the right to create tables, which the next start needs.');
  return undefined;
}

/** What reads known keys. */
function readOnly(client: pg.Client): Database {
  return {
    rows: async (sql, values) => (await client.query<Row>(sql, [...values])).rows,
    rehearse: async () => {},
    close: async () => {},
  };
}
