/**
 * Single requests over connections of their own, of which everything can be read: the certificate,
 * the protocol, each header. For `doctor`, which looks at the way to a server and not at a service.
 *
 * Owns: limits of time and size. Never uses a proxy (outbound.ts does), follows no redirect, and
 * keeps no connection.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { getCACertificates, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { DirectAnswer, DirectRequest, ServerCertificate } from './core/direct-request.ts';
import type { Seconds } from './core/time.ts';

const MOST_BYTES: number = 512 * 1024;
/** More than the bridge ever sends, so that a proxy's own limit is found. */
const MOST_HEADER_BYTES: number = 64 * 1024;

export interface DirectOptions {
  /** Instead of the certificate authorities of this process: PEM. */
  readonly ca?: readonly string[] | undefined;
  /** For a whole answer. Default: 5 s. */
  readonly timeoutSeconds?: Seconds | undefined;
}

export interface DirectRequests {
  /** Rejects with an Error whose `code` is Node's, or `ETIMEDOUT`, or `TOO_LARGE`. */
  send(request: DirectRequest): Promise<DirectAnswer>;
  /** What the server shows of itself, trusted or not. Rejects as `send`. */
  certificateOf(url: URL): Promise<ServerCertificate>;
}

export function createDirectRequests({
  ca,
  timeoutSeconds = 5,
}: DirectOptions = {}): DirectRequests {
  const means: Means = {
    trusted: ca === undefined ? {} : { ca: [...ca] },
    milliseconds: timeoutSeconds * 1000,
  };
  return {
    send: request =>
      request.protocol === 'h2' ? sendByHttp2(request, means) : sendByHttp1(request, means),
    certificateOf: url => certificateOf(url, means),
  };
}

interface Means {
  readonly trusted: { readonly ca?: string[] };
  readonly milliseconds: number;
}

function fault(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function sendByHttp1(
  { url, method = 'GET', headers = {}, body }: DirectRequest,
  { trusted, milliseconds }: Means,
): Promise<DirectAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DirectAnswer>();
  const options = {
    ...{ method, agent: false, maxHeaderSize: MOST_HEADER_BYTES },
    headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
  };
  const outgoing =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, ...trusted })
      : httpRequest(url, options);
  const timer = setTimeout(() => outgoing.destroy(fault('ETIMEDOUT')), milliseconds);
  outgoing.on('close', () => {
    clearTimeout(timer);
    reject(fault('ECONNRESET'));
  });
  outgoing.on('error', reject);
  outgoing.on('response', (incoming: IncomingMessage) => {
    const { statusCode = 0, headers: received } = incoming;
    whole(incoming).then(text => {
      resolve({ status: statusCode, headers: plain(received), body: text });
      outgoing.destroy();
    }, reject);
  });
  outgoing.end(body);
  return promise;
}

function sendByHttp2(
  { url, method = 'GET', headers = {}, body }: DirectRequest,
  { trusted, milliseconds }: Means,
): Promise<DirectAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DirectAnswer>();
  const session = http2Connect(url.origin, {
    ...trusted,
    settings: { enablePush: false, maxHeaderListSize: MOST_HEADER_BYTES },
  });
  const fail = (cause: Error): void => {
    reject(cause);
    session.destroy();
  };
  const timer = setTimeout(() => fail(fault('ETIMEDOUT')), milliseconds);
  session.on('close', () => {
    clearTimeout(timer);
    reject(fault('ECONNRESET'));
  });
  session.on('error', fail);
  const stream = session.request({
    ...headers,
    ':method': method,
    ':path': `${url.pathname}${url.search}`,
  });
  stream.on('error', fail);
  stream.on('response', received => {
    whole(stream).then(text => {
      resolve({ status: received[':status'] ?? 0, headers: plain(received), body: text });
      session.destroy();
    }, fail);
  });
  stream.end(body);
  return promise;
}

/** The body as text. Rejects with `TOO_LARGE`. */
async function whole(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw fault('TOO_LARGE');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

/** By lower-case name; repeated ones are joined as Node does. */
function plain(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}

async function certificateOf(url: URL, means: Means): Promise<ServerCertificate> {
  const socket = await handshake(url, means);
  const { valid_from: start, valid_to: end, issuer } = socket.getPeerCertificate();
  const seen = {
    startsAt: Date.parse(start),
    endsAt: Date.parse(end),
    issuer: [issuer?.O ?? issuer?.CN ?? 'unknown'].flat()[0]!,
    fault: socket.authorized ? undefined : String(socket.authorizationError),
    speaksHttp2: socket.alpnProtocol === 'h2',
  };
  socket.destroy();
  return { ...seen, isPublic: seen.fault === undefined && (await isPublic(url, means)) };
}

/** Whether the authorities that Node.js brings along suffice. */
async function isPublic(url: URL, means: Means): Promise<boolean> {
  const trusted = { ca: getCACertificates('bundled') };
  const socket = await handshake(url, { ...means, trusted });
  const { authorized } = socket;
  socket.destroy();
  return authorized;
}

function handshake(url: URL, { trusted, milliseconds }: Means): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = tlsConnect({
    ...{ host, port: Number(url.port || 443), rejectUnauthorized: false },
    ...(isIP(host) === 0 && { servername: host }),
    ...trusted,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  const timer = setTimeout(() => socket.destroy(fault('ETIMEDOUT')), milliseconds);
  socket.on('secureConnect', () => resolve(socket));
  socket.on('error', reject);
  socket.on('close', () => {
    clearTimeout(timer);
    reject(fault('ECONNRESET'));
  });
  return promise;
}
