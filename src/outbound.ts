/**
 * The one way out for HTTP, the AWS SDK's included: bounded in time and size, never redirected,
 * https except on loopback.
 *
 * Identity providers are as hostile as anyone (threats R21): slow, huge, redirecting. Proxies come
 * from the environment (core/proxy.ts) and are never used for loopback, private CAs from
 * NODE_EXTRA_CA_CERTS.
 */
import { Agent, type Dispatcher, ProxyAgent, fetch as undiciFetch } from 'undici';
import { isLoopbackHost } from './core/loopback.ts';
import { readProxySettings, tunnelStatus } from './core/proxy.ts';
import type { Seconds } from './core/time.ts';

export interface OutboundLimits {
  readonly timeoutSeconds: Seconds;
  readonly maxBytes: number;
  /** Where the proxy variables are; `process.env` unless told. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Outbound {
  /**
   * fetch with limits. Rejects with an Error whose message names the limit or the fault, never the
   * body or the query.
   */
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

/** True for https anywhere, and for http on loopback. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/**
 * Throws an Error that names the variable, and never its value, when the proxy of the environment
 * cannot be used.
 */
export function createOutbound({
  timeoutSeconds,
  maxBytes,
  env = process.env,
}: OutboundLimits): Outbound {
  const milliseconds = timeoutSeconds * 1000;
  const { proxy, fault, bypasses } = readProxySettings(env);
  if (fault !== undefined) throw new Error(`${fault.variable} ${fault.message} ${fault.fix}`);
  const limits = {
    connect: { timeout: milliseconds },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
    maxResponseSize: maxBytes,
    maxHeaderSize: 16 * 1024,
  };
  const direct = new Agent(limits);
  const proxied = proxy === undefined ? undefined : new ProxyAgent({ ...limits, uri: proxy.url });
  const isDirect = (url: URL): boolean => isLoopbackHost(url.hostname) || bypasses(url);

  const fetch = async (
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!isSecureUrl(url)) throw new Error(`${url.origin} is not https`);
    const dispatcher: Dispatcher = proxied === undefined || isDirect(url) ? direct : proxied;
    const limit = AbortSignal.timeout(milliseconds);
    const signal = init.signal ? AbortSignal.any([limit, init.signal]) : limit;
    try {
      const response = await undiciFetch(url, {
        ...init,
        signal,
        redirect: 'manual',
        dispatcher,
      } as Parameters<typeof undiciFetch>[1]);
      if (response.status >= 300 && response.status < 400) {
        await response.body?.cancel();
        throw new Error(`answered with a redirect (${response.status}), which is not followed`);
      }
      // The body is read here, so that the limits hold for all of it and the caller gets whole
      // answers only.
      const body = await readAtMost(maxBytes, response.body);
      const headers = new Headers([...response.headers]);
      for (const name of ['content-encoding', 'content-length']) headers.delete(name);
      return new Response(body.byteLength === 0 ? null : body, {
        status: response.status,
        headers,
      });
    } catch (cause) {
      const through = dispatcher === proxied ? ` (through the proxy of ${proxy!.variable})` : '';
      throw new Error(
        `${url.origin}${url.pathname}: ${faultOf(cause, limit.aborted, timeoutSeconds, maxBytes)}${through}`,
        { cause },
      );
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all([direct.close(), proxied?.close()]);
  };
  return { fetch: fetch as typeof globalThis.fetch, close };
}

class TooLarge extends Error {}

/**
 * Counts what comes out of decompression: a few kilobytes on the wire may be many megabytes then.
 */
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
  timeoutSeconds: Seconds,
  maxBytes: number,
): string {
  if (timedOut) return `no complete answer within ${timeoutSeconds} s`;
  const codes = [cause, cause instanceof Error ? cause.cause : undefined].map(
    error => (error as { code?: unknown } | undefined)?.code,
  );
  if (cause instanceof TooLarge || codes.includes('UND_ERR_RES_EXCEEDED_MAX_SIZE'))
    return `the answer is larger than ${maxBytes} bytes`;
  const rejected = tunnelStatus(cause);
  if (rejected !== undefined) return `the proxy rejected the connection (status ${rejected})`;
  const code = codes.find(value => typeof value === 'string');
  if (code !== undefined) return `cannot be reached (${String(code)})`;
  return cause instanceof Error ? cause.message : 'cannot be reached';
}
