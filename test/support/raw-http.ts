/**
 * One HTTP exchange over a plain socket: no client library corrects, normalizes or rejects what is
 * sent.
 */
import { connect } from 'node:net';

export interface RawRequest {
  readonly method?: string;
  /** The request target, as sent. */
  readonly target: string;
  /** A repeated name is sent repeatedly. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  /** 0 without a listener, or if the server closed the connection without an answer. */
  readonly status: number;
  /** By lower-case name; several of one name in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  header(name: string): string | undefined;
}

const TIMEOUT_MILLISECONDS = 15_000;

/**
 * Sends a request on a new connection, with `Host` and, for a body, `Content-Length` and the
 * content type of a form unless given.
 */
export function exchange(
  url: string,
  { method = 'GET', target, headers = [], body }: RawRequest,
): Promise<RawAnswer> {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const own: [string, string][] = [
    ['Host', new URL(url).host],
    ['Connection', 'close'],
  ];
  if (body !== undefined) {
    own.push(
      ['Content-Length', String(Buffer.byteLength(body))],
      ['Content-Type', 'application/x-www-form-urlencoded'],
    );
  }
  // Who chunks a body says no length.
  const all = own.filter(
    ([name]) =>
      !given.has(name.toLowerCase()) &&
      !(name === 'Content-Length' && given.has('transfer-encoding')),
  );
  const lines = [...all, ...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return exchangeBytes(
    url,
    Buffer.concat([
      Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, 'latin1'),
      Buffer.from(body ?? ''),
    ]),
  );
}

/** Sends bytes and returns the first answer, once the server has closed the connection. */
export function exchangeBytes(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(TIMEOUT_MILLISECONDS, () =>
      socket.destroy(new Error('the server neither answered nor closed the connection')),
    );
    socket.on('data', chunk => chunks.push(chunk));
    // No listener, or the server closed the connection while we still wrote: what has come until
    // then is the answer.
    socket.on('error', error => ('syscall' in error ? undefined : reject(error)));
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks))));
  });
}

export function parseAnswer(bytes: Buffer): RawAnswer {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  }
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0),
    headers,
    body: end < 0 ? '' : text.slice(end + 4),
    header: name => headers.get(name)?.[0],
  };
}
