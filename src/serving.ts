/**
 * A bridge that serves: listening, reading the configuration again, a graceful stop.
 *
 * Owns: the server and the one pointer that a reload swaps; a request keeps the snapshot that it
 * entered with. Does not own: what a bridge is (compose.ts), its URLs (app.ts), arguments and
 * signals (main.ts).
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { type Bridge, compose } from './compose.ts';
import type { Configuration } from './config/configuration.ts';
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
   * Serves another configuration, or goes on with this one when it cannot be opened; the log says
   * which. Calls are taken one after the other, so the last one asked for is the one that stays.
   */
  reload(read: () => Promise<Configuration>): Promise<void>;
  /** Lets requests in flight end, then closes every snapshot. */
  stop(): Promise<void>;
}

/**
 * Throws an Error that names the address or the file at fault, and the fix; nothing is left open
 * then.
 */
export async function serve(configuration: Configuration): Promise<Serving> {
  const log = createLog({ level: configuration.log.level });
  let stopping = false;
  const open = (from: Configuration): Promise<Bridge> =>
    compose(from, { log, stopping: () => stopping });

  let current = { configuration, bridge: await open(configuration) };
  const bridges = new Set([current.bridge]);
  let app: RequestListener = createApp(current.bridge);
  const server = createServer(LIMITS, (request, response) => app(request, response));
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET;
  server.timeout = SILENCE_MILLISECONDS;
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  try {
    const { address, port } = await listen(server, configuration.listen);
    log.info({ address, port, baseUrl: configuration.baseUrl }, 'listening');
  } catch (cause) {
    await current.bridge.close();
    throw cause;
  }

  const close = async (bridge: Bridge): Promise<void> => {
    bridges.delete(bridge);
    await bridge
      .close()
      .catch((thrown: unknown) =>
        log.error({ why: messageOf(thrown) }, 'a configuration was not closed cleanly'),
      );
  };

  const swap = async (read: () => Promise<Configuration>): Promise<void> => {
    if (stopping) return;
    try {
      const next = await read();
      const bridge = await open(next);
      bridges.add(bridge);
      app = createApp(bridge);
      const old = current;
      current = { configuration: next, bridge };
      log.level = next.log.level;
      setTimeout(() => void close(old.bridge), RELOAD_GRACE_SECONDS * 1000).unref();
      log.info('the configuration was read again');
      for (const why of needingRestart(old.configuration, next))
        log.warn({ why }, 'this takes effect at the next start');
    } catch (thrown) {
      log.error({ why: messageOf(thrown) }, 'the configuration was not taken; the old one stays');
    }
  };
  let reloads = Promise.resolve();

  return {
    reload: read => {
      reloads = reloads.then(() => swap(read));
      return reloads;
    },
    stop: async () => {
      stopping = true;
      log.info('stopping');
      await reloads;
      await drain(server);
      await Promise.all([...bridges].map(close));
      await flush(log);
    },
  };
}

/** What a running process does not change. */
function needingRestart(old: Configuration, next: Configuration): string[] {
  const moved = old.listen.host !== next.listen.host || old.listen.port !== next.listen.port;
  const forgot = old.store.kind === 'sqlite' && old.store.file === ':memory:';
  return [
    ...(moved
      ? [`listen: the process still listens on ${old.listen.host}:${old.listen.port}`]
      : []),
    ...(forgot ? ['store: what was in memory, sessions and audit events included, is gone'] : []),
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
    return `${host}:${port} may not be used by this user. Choose a port above 1023 in listen.port.`;
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
