/** A web server on 127.0.0.1 for one request of the user's browser: the answer to a login. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackRequest<T> {
  /** Other paths are not found. */
  readonly path: string;
  readonly timeoutMilliseconds: number;
  /** Answers the request and returns its value; undefined to keep waiting. */
  readonly answer: (query: URLSearchParams, response: ServerResponse) => T | undefined;
}

export interface Loopback<T> {
  readonly port: number;
  /** The value of the request; undefined when none came in time. */
  readonly received: Promise<T | undefined>;
  close(): void;
}

export async function listenOnce<T>({
  path,
  timeoutMilliseconds,
  answer,
}: LoopbackRequest<T>): Promise<Loopback<T>> {
  let settle: (value: T | undefined) => void = () => {};
  const received = new Promise<T | undefined>(resolve => {
    settle = resolve;
  });
  let isOver = false;
  const server = createServer((request, response) => {
    response.setHeader('Connection', 'close');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const query = isOver ? undefined : queryOf(request, path, port());
    const value = query && answer(query, response);
    if (query === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (value === undefined) return;
    isOver = true;
    response.once('close', () => settle(value));
  });
  const port = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const timer = setTimeout(() => settle(undefined), timeoutMilliseconds);
  const close = (): void => {
    clearTimeout(timer);
    settle(undefined);
    server.close();
    server.closeAllConnections();
  };
  void received.then(close);
  return { port: port(), received, close };
}

/** The query of the expected request; undefined for another one, also by another host name. */
function queryOf(
  { method, url = '', headers }: IncomingMessage,
  path: string,
  port: number,
): URLSearchParams | undefined {
  if (
    method !== 'GET' ||
    (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`)
  )
    return undefined;
  const asked = new URL(url, 'http://127.0.0.1');
  return asked.pathname === path ? asked.searchParams : undefined;
}

/** Answers with a page that loads nothing and contains no value from outside. */
export function page(
  response: ServerResponse,
  {
    status,
    title,
    text,
  }: { readonly status: number; readonly title: string; readonly text: string },
): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title} · rolebridge</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}h1{font-size:1.6rem;line-height:1.25}</style></head>
<body><main><h1>${title}</h1><p>${text}</p></main></body></html>
`);
}
