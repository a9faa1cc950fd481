/**
 * The least of HTTP that the surfaces share: a bounded body, a bounded number of parameters, an
 * answer as a value.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const MAX_PARAMETERS = 1000;

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * Throws `BodyTooLarge` as soon as the limit is passed; the rest is thrown away as it comes.
 * (Leaving a `for await` early would close the connection before it can be answered.)
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(new BodyTooLarge(`more than ${maxBytes} bytes`));
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

/**
 * Undefined when there are more parameters than any request needs, or when they are not UTF-8 that
 * is percent-encoded: `URLSearchParams` would read other characters instead.
 */
export function parseForm(text: string): URLSearchParams | undefined {
  let separators = 0;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    separators += 1;
    if (separators >= MAX_PARAMETERS) return undefined;
  }
  return isPercentEncoded(text) ? new URLSearchParams(text) : undefined;
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** All values of each header, also of those that Node.js otherwise takes once. */
export function headersOf(request: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(',')]),
  );
}

export function sourceIpOf(request: IncomingMessage): string {
  return request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
}

export function isForm(request: IncomingMessage): boolean {
  return /^application\/x-www-form-urlencoded(?:\s*;|\s*$)/i.test(
    request.headers['content-type'] ?? '',
  );
}

export function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
