/**
 * A reverse proxy with the manners of real ones, each of which can be got wrong. With TLS it speaks
 * HTTP/2 to those who can, and HTTP/1.1 to the bridge, as load balancers do.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { certificateForLoopback } from './tls-proxy.ts';

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

export interface ProxyManners {
  /** Default: one for 127.0.0.1 that is valid for 90 days; `none` is plain http. */
  readonly tls?: ReturnType<typeof certificateForLoopback> | 'none';
  readonly http2?: boolean;
  /** What it does with X-Forwarded-For. `remote` is the address of the caller. Default: replace. */
  readonly forwardedFor?: 'replace' | 'append' | 'pass' | 'none';
  readonly forwardedProto?: 'https' | 'none';
  /** Instead of the address of the caller. */
  readonly remote?: string;
  /** Headers of requests that it drops, on every protocol or on one of them. */
  readonly drops?: readonly string[];
  readonly dropsOverHttp2?: readonly string[];
  /** Headers of answers that it drops. */
  readonly dropsFromAnswers?: readonly string[];
  /** The longest header of an answer; beyond it, 502, or what is left of it. */
  readonly mostHeaderBytes?: number;
  readonly mostHeaderBytesOverHttp2?: number;
  readonly cutsLocation?: boolean;
  readonly mostTargetBytes?: number;
  readonly mostBodyBytes?: number;
  /** Answers by itself, or never. */
  readonly answers?: (path: string) => OwnAnswer | 'never' | undefined;
  /** Answers a repeated path with what it answered before. */
  readonly caches?: boolean;
}

export interface OwnAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ReverseProxy {
  readonly url: string;
  readonly certificatePem: string | undefined;
  /** What it does from now on. */
  manners: ProxyManners;
  /** Where it leads from now on. */
  target: string;
  close(): Promise<void>;
}

const DAYS_90 = 90 * 24;

/** Listens on a free port of 127.0.0.1 and forwards everything to `target`, an http origin. */
export async function startReverseProxy(
  target: string,
  manners: ProxyManners = {},
): Promise<ReverseProxy> {
  const tls = manners.tls ?? certificateForLoopback({ hours: DAYS_90 });
  const proxy = { target, manners };
  const stored = new Map<string, OwnAnswer>();
  const listener = (incoming: Incoming, outgoing: Outgoing): void =>
    passOn(proxy, stored, { incoming, outgoing });
  const server: Server =
    tls === 'none'
      ? createServer(listener)
      : createSecureServer(
          {
            ...{ key: tls.key, cert: tls.certificatePem, allowHTTP1: true },
            ...(manners.http2 === false && { ALPNProtocols: ['http/1.1'] }),
            maxHeaderSize: 64 * 1024,
          } as Parameters<typeof createSecureServer>[0],
          listener,
        );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    url: `${tls === 'none' ? 'http' : 'https'}://127.0.0.1:${port}`,
    certificatePem: tls === 'none' ? undefined : tls.certificatePem,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
}

interface Exchange {
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
}

function passOn(
  { target, manners }: { readonly target: string; readonly manners: ProxyManners },
  stored: Map<string, OwnAnswer>,
  { incoming, outgoing }: Exchange,
): void {
  const path = incoming.url!;
  const own =
    manners.answers?.(path) ??
    (manners.caches === true ? stored.get(path) : undefined) ??
    limited(incoming, manners);
  if (own === 'never') return;
  if (own !== undefined) return void write(outgoing, own);
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const body = Buffer.concat(chunks);
    if (body.length > (manners.mostBodyBytes ?? Number.POSITIVE_INFINITY))
      return void write(outgoing, { status: 413 });
    const headers = { ...headersFor(incoming, manners), 'content-length': String(body.length) };
    const onward = request(
      new URL(path, target),
      { method: incoming.method, headers, maxHeaderSize: 64 * 1024 },
      answer =>
        void collect(answer).then(got => {
          if (manners.caches === true) stored.set(path, got);
          write(outgoing, afterLimits(got, mannersOf(incoming, manners)));
        }),
    );
    onward.on('error', () => write(outgoing, { status: 502 }));
    onward.end(body);
  });
}

function limited({ url, headers }: Incoming, manners: ProxyManners): OwnAnswer | undefined {
  const { mostTargetBytes: most = Number.POSITIVE_INFINITY } = manners;
  return Buffer.byteLength(url!) > most && headers !== undefined ? { status: 414 } : undefined;
}

function headersFor(incoming: Incoming, manners: ProxyManners): Record<string, string> {
  const { forwardedFor = 'replace', forwardedProto = 'https', drops = [] } = manners;
  const isHttp2 = incoming.httpVersionMajor === 2;
  const dropped = [...drops, ...(isHttp2 ? (manners.dropsOverHttp2 ?? []) : [])];
  const headers = Object.fromEntries(
    Object.entries(incoming.headers)
      .filter(([name]) => !name.startsWith(':') && !dropped.includes(name))
      .filter(([name]) => !['connection', 'content-length', 'transfer-encoding'].includes(name))
      .map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  const remote = manners.remote ?? incoming.socket.remoteAddress!;
  const before = headers['x-forwarded-for'];
  delete headers['x-forwarded-for'];
  const value = {
    replace: remote,
    append: before === undefined ? remote : `${before}, ${remote}`,
    pass: before,
    none: undefined,
  }[forwardedFor];
  if (value !== undefined) headers['x-forwarded-for'] = value;
  if (forwardedProto === 'https') headers['x-forwarded-proto'] = 'https';
  return headers;
}

async function collect(answer: IncomingMessage): Promise<OwnAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(answer.headers)
      .filter(([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name))
      .map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  return { status: answer.statusCode!, headers, body: Buffer.concat(chunks).toString('latin1') };
}

function mannersOf({ httpVersionMajor }: Incoming, manners: ProxyManners): ProxyManners {
  const { mostHeaderBytes, mostHeaderBytesOverHttp2: ofHttp2 = mostHeaderBytes } = manners;
  return httpVersionMajor === 2 ? { ...manners, mostHeaderBytes: ofHttp2 } : manners;
}

function afterLimits(got: OwnAnswer, manners: ProxyManners): OwnAnswer {
  const headers = { ...got.headers };
  for (const name of manners.dropsFromAnswers ?? []) delete headers[name];
  const { mostHeaderBytes: most = Number.POSITIVE_INFINITY, cutsLocation } = manners;
  if ((headers.location ?? '').length <= most) return { ...got, headers };
  if (cutsLocation !== true) return { status: 502 };
  return { ...got, headers: { ...headers, location: headers.location!.slice(0, most) } };
}

function write(outgoing: Outgoing, { status, headers = {}, body = '' }: OwnAnswer): void {
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.end(Buffer.from(body, 'latin1'));
}
