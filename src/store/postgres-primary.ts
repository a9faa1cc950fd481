/**
 * The server that takes writes, among the hosts of a URL, and connections to it.
 *
 * Each host has a pool of its own. The one that took the last connection comes first; a server that
 * cannot be reached or takes no writes is passed over. A statement that may have been run is never
 * sent again: its caller learns that the database failed.
 */
import pg from 'pg';

/** SQLSTATE of a statement that a standby rejects (PostgreSQL manual, appendix A). */
const READ_ONLY = '25006';
/** What pg says when all connections are in use: other hosts would not help. */
const ALL_IN_USE = 'timeout exceeded when trying to connect';
const TAKES_WRITES = "SELECT current_setting('transaction_read_only') = 'off' AS writable";

export interface Primary {
  /** One statement, or several without values. */
  query<R extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<R>>;
  isClosed(): boolean;
  close(): Promise<void>;
}

export function openPrimary(
  urls: readonly string[],
  settings: Omit<pg.PoolConfig, 'connectionString'>,
): Primary {
  const isOneOfSeveral = urls.length > 1;
  const open = (connectionString: string): pg.Pool => {
    const pool = new pg.Pool({
      ...settings,
      connectionString,
      ...(isOneOfSeveral && { onConnect: requireWritable }),
    });
    // A connection that breaks while idle has already left the pool; the next caller gets a new
    // one, or the fault.
    pool.on('error', () => {});
    // One that breaks while a caller has it also fails the caller's statement.
    pool.on('connect', client => void client.on('error', () => {}));
    return pool;
  };
  const pools = urls.map(open);
  let current = 0;
  let isClosed = false;

  /** From the current host, or the next one that takes writes. Throws the fault of the first. */
  const connect = async (): Promise<pg.PoolClient> => {
    const began = current;
    let fault: unknown;
    for (let step = 0; step < pools.length; step++) {
      const at = (began + step) % pools.length;
      try {
        const client = await pools[at]!.connect();
        current = at;
        return client;
      } catch (cause) {
        fault ??= cause;
        if (cause instanceof Error && cause.message === ALL_IN_USE) break;
      }
    }
    throw fault;
  };

  /** Its connections were opened before the server became a standby. */
  const leave = (at: number): void => {
    const old = pools[at]!;
    pools[at] = open(urls[at]!);
    void old.end();
  };

  const run = async <R extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] | undefined,
  ): Promise<pg.QueryResult<R>> => {
    const client = await connect();
    try {
      const result = await client.query<R>(text, values && [...values]);
      client.release();
      return result;
    } catch (cause) {
      client.release(cause instanceof Error ? cause : true);
      throw cause;
    }
  };

  return {
    query: async (text, values) => {
      const used = pools[current];
      try {
        return await run(text, values);
      } catch (cause) {
        if (!isOneOfSeveral || isClosed || !isReadOnly(cause)) throw cause;
        // The server has rejected it, so it can be sent to another one.
        // Of several callers, the first one leaves it.
        if (used === pools[current]) leave(current);
        return run(text, values);
      }
    },
    isClosed: () => isClosed,
    close: async () => {
      isClosed = true;
      await Promise.all(pools.map(pool => pool.end()));
    },
  };
}

function isReadOnly(cause: unknown): boolean {
  return cause instanceof pg.DatabaseError && cause.code === READ_ONLY;
}

/** A connected client of the first host that takes writes. Throws the fault of the last host. */
export async function connectToPrimary(
  urls: readonly string[],
  settings: Omit<pg.ClientConfig, 'connectionString'>,
): Promise<pg.Client> {
  let fault: unknown;
  for (const connectionString of urls) {
    const client = new pg.Client({ ...settings, connectionString });
    // A connection that breaks also fails the statement that runs on it.
    client.on('error', () => {});
    try {
      await client.connect();
      if (urls.length > 1) await requireWritable(client);
      return client;
    } catch (cause) {
      fault = cause;
      await client.end().catch(() => undefined);
    }
  }
  throw fault;
}

async function requireWritable(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  const { rows } = await client.query<{ writable: boolean }>(TAKES_WRITES);
  if (rows[0]?.writable !== true) throw new StandbyError();
}

class StandbyError extends Error {
  readonly code = READ_ONLY;
  constructor() {
    super('the server takes no writes');
  }
}
