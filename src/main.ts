#!/usr/bin/env node
/**
 * The server's command: `rolebridge-server serve --config FILE`, `rolebridge-server check FILE`.
 *
 * Owns: the process: arguments, listening, reload on SIGHUP, a graceful stop. Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createApp } from './app.ts';
import { type Bridge, compose } from './compose.ts';
import type { Configuration } from './config/configuration.ts';
import { checkConfiguration, formatProblems } from './config/load.ts';
import { createLog, type Logger } from './log.ts';

const USAGE = `rolebridge-server: a federation bridge for AWS

  rolebridge-server serve --config FILE   start the bridge
  rolebridge-server check FILE            check a configuration: every mistake at once, with line and fix

  -h, --help      this text

Signals: SIGTERM and SIGINT stop it gracefully, SIGHUP reads the configuration again.
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 the configuration has mistakes.
`;

const EXIT = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

/** Milliseconds and bytes. The timeouts are looked at once in the checking interval, whose own default is 30 s. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16 * 1024 } as const;
/** How long requests in flight may take after the process was asked to stop. */
const STOP_SECONDS = 10;
/** How long the old snapshot lives after a reload, for the requests that entered with it. */
const RELOAD_GRACE_SECONDS = 60;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, file, ...more] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  if (command === 'check' && file !== undefined && more.length === 0) return check(file);
  if (command === 'serve' && values.config !== undefined && file === undefined) return serve(values.config);
  process.stderr.write(USAGE);
  return EXIT.usage;
}

async function check(file: string): Promise<number> {
  const configuration = await read(file);
  if (configuration === undefined) return EXIT.configuration;
  const { connectors, accounts, access } = configuration;
  process.stdout.write(
    `${file} is in order: ${connectors.length} connectors, ${accounts.length} accounts, ${access.length} access rules.\n`,
  );
  return EXIT.done;
}

/** Reads a configuration and prints its mistakes and warnings; undefined when it has mistakes. */
async function read(file: string): Promise<Configuration | undefined> {
  const { configuration, problems, warnings } = await checkConfiguration(file, process.env);
  if (warnings.length > 0) process.stderr.write(`${formatProblems(warnings)}\n`);
  if (problems.length > 0) process.stderr.write(`${formatProblems(problems)}\n`);
  return configuration;
}

async function serve(file: string): Promise<number> {
  const configuration = await read(file);
  if (configuration === undefined) return EXIT.configuration;
  const log = createLog({ level: configuration.log.level });
  let stopping = false;
  const open = (from: Configuration): Promise<Bridge> => compose(from, { log, stopping: () => stopping });

  let bridge = await open(configuration);
  // The one pointer that a reload swaps: a request keeps the snapshot that it entered with.
  let app: RequestListener = createApp(bridge);
  const server = createServer(LIMITS, (request, response) => app(request, response));
  server.maxRequestsPerSocket = 1000;

  const { host, port } = configuration.listen;
  try {
    await listen(server, host, port);
  } catch (cause) {
    await bridge.close();
    throw new Error(describeListenFault(cause, host, port), { cause });
  }
  const { address, port: actual } = server.address() as AddressInfo;
  log.info({ address, port: actual, baseUrl: configuration.baseUrl }, 'listening');

  process.on('SIGHUP', () => {
    void reload();
  });
  const reload = async (): Promise<void> => {
    try {
      const next = await read(file);
      if (next === undefined) throw new Error('the configuration has mistakes');
      const opened = await open(next);
      const old = bridge;
      bridge = opened;
      app = createApp(opened);
      setTimeout(() => {
        old.close().catch((thrown: unknown) => log.error({ why: messageOf(thrown) }, 'the old configuration was not closed cleanly'));
      }, RELOAD_GRACE_SECONDS * 1000).unref();
      log.info('the configuration was read again');
    } catch (thrown) {
      log.error({ why: messageOf(thrown) }, 'the configuration was not taken; the old one stays');
    }
  };

  const signal = await stopSignal();
  stopping = true;
  log.info({ signal }, 'stopping');
  await stop(server);
  await bridge.close();
  await flush(log);
  return EXIT.done;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function describeListenFault(cause: unknown, host: string, port: number): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === 'EADDRINUSE') return `${host}:${port} is taken by another process. Stop it, or change listen.port in the configuration.`;
  if (code === 'EACCES') return `${host}:${port} may not be used by this user. Choose a port above 1023 in listen.port.`;
  return `cannot listen on ${host}:${port} (${String(code ?? cause)})`;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    // Stays: a terminal signals the whole process group, so the same signal may come twice.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
}

/** Takes no new connections, lets requests in flight end, and cuts what is still open after a while. */
function stop(server: Server): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => server.closeAllConnections(), STOP_SECONDS * 1000);
    // A connection whose last request has ended would be kept for a next one, until its time is over.
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const usage = (thrown as { code?: unknown } | undefined)?.code;
  process.stderr.write(`rolebridge-server: ${messageOf(thrown)}\n`);
  process.exitCode = typeof usage === 'string' && usage.startsWith('ERR_PARSE_ARGS') ? EXIT.usage : EXIT.failed;
}
