/**
 * The HTTP server of a process: its limits, where it listens, and how it stops without failing a
 * request.
 *
 * Does not own: what answers (app.ts), what a reload changes (serving.ts), signals (main.ts).
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Seconds } from './core/time.ts';
import { leaveExpectations } from './http/unread-body.ts';

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
/** How long requests in flight may take once no new ones are taken. */
const DRAIN_SECONDS: Seconds = 10;
const SWEEP_MILLISECONDS = 100;

/** Resolves after this time, or as soon as the signal is aborted; does not reject. */
export type Wait = (seconds: Seconds, signal: AbortSignal) => Promise<void>;

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly address: AddressInfo;
  /**
   * Takes requests for another `delaySeconds`, each the last one of its connection; then no more,
   * and cuts off what is in flight ten seconds later. Resolves when all connections are closed.
   */
  stop(delaySeconds: Seconds): Promise<void>;
  /** Ends the step that `stop` is in: the delay, then the wait for requests in flight. */
  hurry(): void;
}

/** Throws an Error that names the address at fault, and the fix. */
export async function openListener(
  app: RequestListener,
  { host, port }: Place,
  wait: Wait = realTime,
): Promise<Listener> {
  const open: Open = { newest: new Map(), sockets: new Set(), isLeaving: false };
  const server = createServer(LIMITS, (request, response) => {
    begin(open, request.socket, response);
    app(request, response);
  });
  server.on('connection', socket => {
    open.sockets.add(socket);
    socket.once('close', () => open.sockets.delete(socket));
  });
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET;
  server.timeout = SILENCE_MILLISECONDS;
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  leaveExpectations(server);
  await listen(server, { host, port });
  const [delay, drain] = [new AbortController(), new AbortController()];
  return {
    address: server.address() as AddressInfo,
    stop: async delaySeconds => {
      leave(open);
      if (delaySeconds > 0) await wait(delaySeconds, delay.signal);
      // What hurries from now on is about the requests in flight.
      delay.abort();
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const sweep = setInterval(() => closeUnused(server, open), SWEEP_MILLISECONDS);
      server.close(() => resolve());
      closeUnused(server, open);
      await Promise.race([closed, wait(DRAIN_SECONDS, drain.signal)]);
      drain.abort();
      clearInterval(sweep);
      server.closeAllConnections();
      await closed;
    },
    hurry: () => (delay.signal.aborted ? drain : delay).abort(),
  };
}

async function realTime(seconds: Seconds, signal: AbortSignal): Promise<void> {
  await setTimeout(seconds * 1000, undefined, { signal }).catch(() => {});
}

// ---------------------------------------------------------------- connections

interface Open {
  /** The newest response of each connection that is not written to its end. */
  readonly newest: Map<Socket, ServerResponse>;
  readonly sockets: Set<Socket>;
  isLeaving: boolean;
}

function begin(open: Open, socket: Socket, response: ServerResponse): void {
  const before = open.newest.get(socket);
  open.newest.set(socket, response);
  response.once('close', () => {
    if (open.newest.get(socket) === response) open.newest.delete(socket);
  });
  if (!open.isLeaving) return;
  // Another request was sent behind it: the connection closes after that one (RFC 9112 9.6).
  if (before?.headersSent === false) before.removeHeader('Connection');
  closeAfter(response);
}

function leave(open: Open): void {
  open.isLeaving = true;
  for (const response of open.newest.values()) closeAfter(response);
}

/** So that a client sends its next request elsewhere. */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

/**
 * A connection whose last request has ended would be kept for a next one until its time is over,
 * and one that never sent anything until it is cut off.
 */
function closeUnused(server: Server, { sockets }: Open): void {
  server.closeIdleConnections();
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
}

// ---------------------------------------------------------------- the address

async function listen(server: Server, { host, port }: Place): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((cause: unknown) => {
    throw new Error(describeListenFault(cause, host, port), { cause });
  });
}

function describeListenFault(cause: unknown, host: string, port: number): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === 'EADDRINUSE')
    return `${host}:${port} is taken by another process. Stop it, or change listen.port in the configuration.`;
  if (code === 'EACCES')
    return `${host}:${port} cannot be used by this user. Choose a port above 1023 in listen.port.`;
  return `cannot listen on ${host}:${port} (${String(code ?? cause)})`;
}
