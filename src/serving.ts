/**
 * A bridge that serves: listening, reload, graceful stop.
 *
 * Owns: the HTTP server and the one pointer that a reload swaps. Does not own: what a snapshot is
 * (compose/compose.ts), what outlives it (compose/process.ts), URLs (app.ts), arguments and signals
 * (main.ts).
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { openSnapshot, type Snapshot } from './compose/compose.ts';
import { openProcess, type Process } from './compose/process.ts';
import type { Configuration } from './config/configuration.ts';
import { accountChanges } from './core/account-changes.ts';
import type { Seconds } from './core/time.ts';
import { createLog, type Logger } from './log.ts';

/**
 * Milliseconds and bytes. The timeouts are looked at once in the checking interval, whose own
 * default is 30 s.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
} as const;
const REQUESTS_PER_SOCKET = 1000;
/** A client that reads no further, or says nothing, is cut off. */
const SILENCE_MILLISECONDS = 60_000;
/**
 * A terminal that polls every few seconds keeps its connection; Node would close it just when the
 * next question comes.
 */
const KEEP_ALIVE_MILLISECONDS = 65_000;
/** How long requests in flight may take after the process was asked to stop. */
const STOP_SECONDS: Seconds = 10;
/** How long an old snapshot lives after a reload, for the requests that entered with it. */
const RELOAD_GRACE_SECONDS: Seconds = 60;

export interface Serving {
  /**
   * Serves another configuration, or keeps this one if the other cannot be opened; the log says
   * which. Calls run one after the other, so the last one wins.
   */
  reload(read: () => Promise<Configuration>): Promise<void>;
  /** Lets requests in flight end, then closes everything. */
  stop(): Promise<void>;
}

/** The process and what it serves at the moment. */
interface Live {
  readonly process: Process;
  /** The newest snapshot. A request keeps the one that it entered with. */
  current: Snapshot;
  app: RequestListener;
  /** The current one, and older ones that requests may still use. */
  readonly snapshots: Set<Snapshot>;
}

/**
 * Throws an Error that names the address or the file at fault, and the fix; nothing is left open
 * then.
 */
export async function serve(configuration: Configuration): Promise<Serving> {
  const log = createLog({ level: configuration.log.level });
  let isStopping = false;
  await using opened = new AsyncDisposableStack();
  const process = openProcess({ log, stopping: () => isStopping });
  opened.defer(() => process.close());
  const snapshot = await openSnapshot(process, configuration);
  opened.defer(() => snapshot.close());

  const live: Live = {
    ...{ process, current: snapshot, app: createApp(snapshot) },
    snapshots: new Set([snapshot]),
  };
  const server = createHttpServer(live);
  const { address, port } = await listen(server, configuration.listen);
  log.info({ address, port, baseUrl: configuration.baseUrl }, 'listening');
  opened.move();

  let reloads = Promise.resolve();
  return {
    reload: read => {
      reloads = reloads.then(() => (isStopping ? undefined : reload(live, read)));
      return reloads;
    },
    stop: async () => {
      isStopping = true;
      log.info('stopping');
      await reloads;
      await drain(server);
      await Promise.all([...live.snapshots].map(old => closeSnapshot(live, old)));
      await process.close();
      await flush(log);
    },
  };
}

function createHttpServer(live: Live): Server {
  const server = createServer(LIMITS, (request, response) => live.app(request, response));
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET;
  server.timeout = SILENCE_MILLISECONDS;
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  return server;
}

async function reload(live: Live, read: () => Promise<Configuration>): Promise<void> {
  const { process, current: old } = live;
  const { log } = process;
  try {
    const next = await openSnapshot(process, await read());
    live.snapshots.add(next);
    live.app = createApp(next);
    live.current = next;
    void retire(live, old);
    log.level = next.configuration.log.level;
    setTimeout(() => void closeSnapshot(live, old), RELOAD_GRACE_SECONDS * 1000).unref();
    log.info('the configuration was read again');
    const changes = accountChanges(old.configuration, next.configuration);
    if (changes !== undefined) log.info({ ...changes }, 'accounts changed');
    for (const why of notCarriedOver(old, next))
      log.warn({ why }, 'this takes effect at the next start');
  } catch (thrown) {
    log.error({ why: messageOf(thrown) }, 'the configuration was not taken; the old one stays');
  }
}

async function retire({ process }: Live, snapshot: Snapshot): Promise<void> {
  await snapshot
    .retire()
    .catch((thrown: unknown) =>
      process.log.error({ why: messageOf(thrown) }, 'a configuration was not closed cleanly'),
    );
}

async function closeSnapshot({ process, snapshots }: Live, snapshot: Snapshot): Promise<void> {
  snapshots.delete(snapshot);
  await snapshot
    .close()
    .catch((thrown: unknown) =>
      process.log.error({ why: messageOf(thrown) }, 'a configuration was not closed cleanly'),
    );
}

/** What a running process does not change, and what it loses. */
function notCarriedOver(old: Snapshot, next: Snapshot): string[] {
  const { listen: bound, store } = old.configuration;
  const { listen: wanted } = next.configuration;
  const isMoved = bound.host !== wanted.host || bound.port !== wanted.port;
  const isLost =
    store.kind === 'sqlite' && store.file === ':memory:' && old.storage !== next.storage;
  return [
    ...(isMoved ? [`listen: the process still listens on ${bound.host}:${bound.port}`] : []),
    ...(isLost ? ['store: what was in memory, sessions and audit events included, is gone'] : []),
  ];
}

async function listen(
  server: Server,
  { host, port }: Configuration['listen'],
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((cause: unknown) => {
    throw new Error(describeListenFault(cause, host, port), { cause });
  });
  return server.address() as AddressInfo;
}

function describeListenFault(cause: unknown, host: string, port: number): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === 'EADDRINUSE')
    return `${host}:${port} is taken by another process. Stop it, or change listen.port in the configuration.`;
  if (code === 'EACCES')
    return `${host}:${port} cannot be used by this user. Choose a port above 1023 in listen.port.`;
  return `cannot listen on ${host}:${port} (${String(code ?? cause)})`;
}

/**
 * Takes no new connections, lets requests in flight end, and cuts what is still open after a while.
 */
function drain(server: Server): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => server.closeAllConnections(), STOP_SECONDS * 1000);
    // A connection whose last request has ended would be kept for a next one, until its time is
    // over.
    const sweep = setInterval(() => server.closeIdleConnections(), 100);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function flush(log: Logger): Promise<void> {
  return new Promise(resolve => log.flush(() => resolve()));
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
