/**
 * A bridge that serves: listening, reload, graceful stop.
 *
 * Owns: the one pointer that a reload swaps, and the order of a stop. Does not own: connections
 * (listener.ts), what a snapshot is (compose/compose.ts), what outlives it (compose/process.ts),
 * URLs (app.ts), arguments and signals (main.ts).
 */
import type { RequestListener } from 'node:http';
import { createApp } from './app.ts';
import { openSnapshot, type Snapshot } from './compose/compose.ts';
import { openProcess, type Process } from './compose/process.ts';
import type { Configuration } from './config/configuration.ts';
import { accountChanges } from './core/account-changes.ts';
import type { Seconds } from './core/time.ts';
import { openListener } from './listener.ts';
import { createLog, type Logger } from './log.ts';

/** How long an old snapshot lives after a reload, for the requests that entered with it. */
const RELOAD_GRACE_SECONDS: Seconds = 60;

export interface Serving {
  /**
   * Serves another configuration, or keeps this one if the other cannot be opened; the log says
   * which. Calls run one after the other, so the last one wins.
   */
  reload(read: () => Promise<Configuration>): Promise<void>;
  /**
   * `/readyz` says at once that the process stops. Requests are answered for the delay of the
   * configuration; then those in flight end, and everything is closed.
   */
  stop(): Promise<void>;
  /** Ends the delay of a stop, or the wait for requests in flight. */
  hurry(): void;
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
  const listener = await openListener(
    (request, response) => live.app(request, response),
    configuration.listen,
  );
  const { address, port } = listener.address;
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
      const { delaySeconds } = live.current.configuration.shutdown;
      log.info({ delaySeconds }, 'stopping');
      await listener.stop(delaySeconds);
      await reloads;
      await Promise.all([...live.snapshots].map(old => closeSnapshot(live, old)));
      await process.close();
      await flush(log);
    },
    hurry: () => listener.hurry(),
  };
}

async function reload(live: Live, read: () => Promise<Configuration>): Promise<void> {
  const { process, current: old } = live;
  const { log } = process;
  try {
    const next = await openSnapshot(process, await read(), old);
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

function flush(log: Logger): Promise<void> {
  return new Promise(resolve => log.flush(() => resolve()));
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
