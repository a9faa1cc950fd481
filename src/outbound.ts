/**
 * All outgoing HTTP, that of the AWS SDK included: limited in time and size, without redirects,
 * https except on loopback.
 *
 * Identity providers count as hostile (threats R21): slow, huge, redirecting. The proxy comes from
 * the environment (core/proxy.ts) and is never used for loopback; private CAs come from
 * NODE_EXTRA_CA_CERTS.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import {
  Agent,
  buildConnector,
  type Dispatcher,
  ProxyAgent,
  fetch as undiciFetch,
  request as undiciRequest,
} from 'undici';
import { isLoopbackHost } from './core/loopback.ts';
import { readProxySettings, tunnelStatus } from './core/proxy.ts';
import type { Instant, Seconds } from './core/time.ts';

export interface OutboundLimits {
  readonly timeoutSeconds: Seconds;
  readonly maxBytes: number;
  /** How much of an address a fault names: a path can be a secret. Default: `path`. */
  readonly named?: 'path' | 'origin';
  /** Contains the proxy variables. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Called with the end of the server's certificate for each TLS connection that no proxy tunnels.
   */
  readonly onCertificate?: ((certificate: ServerCertificate) => void) | undefined;
}

export interface ServerCertificate {
  readonly hostname: string;
  readonly endsAt: Instant;
}

/** Why there is no answer. `insecure` is http beyond loopback, `tls` a certificate or handshake. */
export type OutboundFaultKind =
  | 'insecure'
  | 'timeout'
  | 'too-large'
  | 'redirect'
  | 'proxy'
  | 'name'
  | 'tls'
  | 'unreachable';

/** The message names the address, and the limit or the fault. */
export class OutboundFault extends Error {
  readonly kind: OutboundFaultKind;
  /** Of Node.js: `ENOTFOUND`, `CERT_HAS_EXPIRED`. */
  readonly code: string | undefined;
  /** Of a redirect. */
  readonly answered: RedirectAnswer | undefined;

  constructor(message: string, { kind, code, answered, cause }: Fault & { cause?: unknown }) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
    this.answered = answered;
  }
}

export interface RedirectAnswer {
  readonly status: number;
  /** As the server wrote it. It can contain a secret: for no message. */
  readonly location: string | undefined;
}

interface Fault {
  readonly kind: OutboundFaultKind;
  readonly code?: string | undefined;
  readonly answered?: RedirectAnswer | undefined;
}

export interface Outbound {
  /**
   * `fetch` with limits. Rejects with an `OutboundFault` whose message never contains the body or
   * the query. A `host` among the headers is sent as it is, wherever the address leads.
   */
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

export interface OutboundClient extends Outbound {
  /**
   * One request with the limits and faults of `fetch`, at less CPU time: for what is sent often.
   * Asks for an answer without compression, and rejects one that is compressed.
   */
  request(url: string, request: OutboundRequest): Promise<OutboundAnswer>;
}

export interface OutboundRequest {
  readonly method: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Ends the request before its limit of time. */
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. */
export interface OutboundAnswer {
  readonly status: number;
  /** By lower-case name; repeated ones are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** True for https anywhere, and for http on loopback. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

interface Connections {
  readonly timeoutSeconds: Seconds;
  readonly maxBytes: number;
  readonly named: 'path' | 'origin';
  readonly direct: Agent;
  readonly proxied: { readonly agent: ProxyAgent; readonly variable: string } | undefined;
  readonly isDirect: (url: URL) => boolean;
}

/**
 * Throws an Error that names the variable, and never its value, if the proxy of the environment
 * cannot be used.
 */
export function createOutbound({
  timeoutSeconds,
  maxBytes,
  named = 'path',
  env = process.env,
  onCertificate,
}: OutboundLimits): OutboundClient {
  const { proxy, fault, bypasses } = readProxySettings(env);
  if (fault !== undefined) throw new Error(`${fault.variable} ${fault.message} ${fault.fix}`);
  const milliseconds = timeoutSeconds * 1000;
  const limits = {
    connect: { timeout: milliseconds },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
    maxResponseSize: maxBytes,
    maxHeaderSize: 16 * 1024,
  };
  const connect = onCertificate && telling(onCertificate, milliseconds);
  const direct = new Agent({ ...limits, ...(connect && { connect }) });
  const proxied = proxy && {
    agent: new ProxyAgent({ ...limits, uri: proxy.url }),
    variable: proxy.variable,
  };
  const isDirect = (url: URL): boolean => isLoopbackHost(url.hostname) || bypasses(url);
  const connections: Connections = {
    ...{ timeoutSeconds, maxBytes, named, direct, proxied, isDirect },
  };
  return {
    fetch: ((input: string | URL | Request, init?: RequestInit) =>
      limitedFetch(connections, input, init)) as typeof globalThis.fetch,
    request: (url, request) => limitedRequest(connections, url, request),
    close: async () => {
      await Promise.all([direct.close(), proxied?.agent.close()]);
    },
  };
}

function telling(
  onCertificate: (certificate: ServerCertificate) => void,
  timeout: number,
): buildConnector.connector {
  const connect = buildConnector({ timeout });
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [, socket] = outcome;
      const { valid_to: end } =
        (socket as TLSSocket | null)?.getPeerCertificate?.() ?? ({} as { valid_to?: string });
      if (end !== undefined) onCertificate({ hostname: options.hostname, endsAt: Date.parse(end) });
      callback(...outcome);
    });
}

function limitedFetch(
  connections: Connections,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const to = {
    url: new URL(input instanceof Request ? input.url : input),
    host: new Headers(init.headers).get('host') ?? undefined,
    signal: init.signal ?? undefined,
  };
  return limited(connections, to, async ({ signal, dispatcher }) => {
    const response = await undiciFetch(to.url, {
      ...init,
      ...{ signal, dispatcher, redirect: 'manual' },
    } as Parameters<typeof undiciFetch>[1]);
    return wholeResponse(response, connections.maxBytes);
  });
}

function limitedRequest(
  connections: Connections,
  address: string,
  { method, headers, body, signal: ends }: OutboundRequest,
): Promise<OutboundAnswer> {
  const to = { url: new URL(address), host: headers.host, signal: ends };
  return limited(connections, to, async ({ signal, dispatcher }) => {
    const answer = await undiciRequest(to.url, {
      ...{ method, signal, dispatcher, body: body ?? null },
      headers: { ...headers, 'accept-encoding': 'identity' },
    });
    return wholeAnswer(answer);
  });
}

interface Destination {
  readonly url: URL;
  /** Undefined: that of the URL. */
  readonly host: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Sends by the way that leads there, within all limits. Throws OutboundFault. */
async function limited<T>(
  { timeoutSeconds, maxBytes, named, direct, proxied, isDirect }: Connections,
  { url, host, signal }: Destination,
  send: (way: { readonly signal: AbortSignal; readonly dispatcher: Dispatcher }) => Promise<T>,
): Promise<T> {
  if (!isSecureUrl(url))
    throw new OutboundFault(`${url.origin} is not https`, { kind: 'insecure' });
  const through = isDirect(url) ? undefined : proxied;
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await send({
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      dispatcher: naming(host, url, through?.agent ?? direct),
    });
  } catch (cause) {
    const { text, ...fault } = faultOf(cause, limit.aborted, { timeoutSeconds, maxBytes });
    const route = through === undefined ? '' : ` (through the proxy of ${through.variable})`;
    const address = named === 'path' ? `${url.origin}${url.pathname}` : url.origin;
    throw new OutboundFault(`${address}: ${text}${route}`, { ...fault, cause });
  }
}

/**
 * `fetch` itself writes the host of the address. A request that was signed for another host keeps
 * that one; the certificate is still that of the address.
 */
function naming(host: string | undefined, { hostname }: URL, dispatcher: Dispatcher): Dispatcher {
  if (host === undefined) return dispatcher;
  // undici takes the name for TLS from the header, unless it is given (its types leave it out).
  const names = { servername: hostname };
  return dispatcher.compose(
    dispatch => (options, handler) =>
      dispatch({ ...options, headers: { ...options.headers, host }, ...names }, handler),
  );
}

/** Reads the body, so that the limits apply to all of it and callers get whole responses only. */
async function wholeResponse(
  response: Awaited<ReturnType<typeof undiciFetch>>,
  maxBytes: number,
): Promise<Response> {
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    throw new Redirected({ status, location: response.headers.get('location') ?? undefined });
  }
  const body = await readAtMost(maxBytes, response.body);
  const headers = new Headers([...response.headers]);
  for (const name of ['content-encoding', 'content-length']) headers.delete(name);
  return new Response(body.byteLength === 0 ? null : body, { status, headers });
}

/** undici counts the bytes of the body, and cuts it off (`maxResponseSize`). */
async function wholeAnswer({
  statusCode: status,
  headers: received,
  body,
}: Dispatcher.ResponseData): Promise<OutboundAnswer> {
  const headers = joined(received);
  const refused =
    status >= 300 && status < 400
      ? new Redirected({ status, location: headers.location })
      : 'content-encoding' in headers &&
        new Error('the answer is compressed, although the request excludes that');
  if (!refused) return { status, headers, body: await body.bytes() };
  // Whether the rest of it comes does not matter.
  body.on('error', () => undefined).destroy();
  throw refused;
}

function joined(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const values = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(values.map(([name, value]) => [name, [value].flat().join(', ')]));
}

class TooLarge extends Error {}
class Redirected extends Error {
  readonly answered: RedirectAnswer;

  constructor(answered: RedirectAnswer) {
    super(`answered with a redirect (${answered.status}), which is not followed`);
    this.answered = answered;
  }
}

/** Counts decompressed bytes: a few kilobytes on the wire can become many megabytes. */
async function readAtMost(
  maxBytes: number,
  body: AsyncIterable<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new TooLarge();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, size));
}

function faultOf(
  cause: unknown,
  timedOut: boolean,
  { timeoutSeconds, maxBytes }: Pick<OutboundLimits, 'timeoutSeconds' | 'maxBytes'>,
): Fault & { readonly text: string } {
  if (timedOut) return { kind: 'timeout', text: `no complete answer within ${timeoutSeconds} s` };
  const codes = [cause, cause instanceof Error ? cause.cause : undefined].map(
    error => (error as { code?: unknown } | undefined)?.code,
  );
  if (cause instanceof TooLarge || codes.includes('UND_ERR_RES_EXCEEDED_MAX_SIZE'))
    return { kind: 'too-large', text: `the answer is larger than ${maxBytes} bytes` };
  if (cause instanceof Redirected)
    return { kind: 'redirect', text: cause.message, answered: cause.answered };
  const rejected = tunnelStatus(cause);
  if (rejected !== undefined)
    return { kind: 'proxy', text: `the proxy rejected the connection (status ${rejected})` };
  const code = codes.find(value => typeof value === 'string');
  if (code !== undefined) return { kind: kindOf(code), code, text: `cannot be reached (${code})` };
  return {
    kind: 'unreachable',
    text: cause instanceof Error ? cause.message : 'cannot be reached',
  };
}

/** OpenSSL's names of what is wrong with a certificate, and Node.js's of a failed handshake. */
const TLS_CODE =
  /^(?:CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO$)|_CERT(?:_|$)/;
const NAME_CODES: readonly string[] = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'];

function kindOf(code: string): OutboundFaultKind {
  if (NAME_CODES.includes(code)) return 'name';
  return TLS_CODE.test(code) ? 'tls' : 'unreachable';
}
