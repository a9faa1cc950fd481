/**
 * A person's browser in the small: cookies by host and port-less as browsers keep them, forms read
 * from pages, no redirect followed unasked.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly url: string;
}

export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Visitor {
  get(url: string): Promise<Answer>;
  post(
    url: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Gets, and follows redirects as long as they stay within that origin. */
  follow(url: string): Promise<Answer>;
  readonly cookies: Map<string, string>;
}

export function newVisitor(): Visitor {
  const cookies = new Map<string, string>();
  const send = async (url: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (cookies.size > 0)
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0]!.split(/=(.*)/s) as [string, string];
      if (/expires=Thu, 01 Jan 1970/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text(), url };
  };
  const visitor: Visitor = {
    cookies,
    get: url => send(url, {}),
    post: (url, fields, headers = {}) =>
      send(url, { method: 'POST', body: new URLSearchParams(fields), headers: { ...headers } }),
    async follow(url) {
      let answer = await visitor.get(url);
      for (let hops = 0; hops < 10 && [302, 303].includes(answer.status); hops += 1) {
        const next = new URL(answer.headers.get('location')!, answer.url);
        if (next.origin !== new URL(url).origin) break;
        answer = await visitor.get(next.href);
      }
      return answer;
    },
  };
  return visitor;
}

/** The only form of a page. */
export function formOf({ text, url }: Answer): Form {
  const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) throw new Error(`no form on ${url}: ${text.slice(0, 500)}`);
  const inputs = [...text.matchAll(/<input[^>]*>/g)].map(([tag]) => tag);
  const value = (tag: string, name: string) =>
    unescaped(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
  const hidden = inputs.filter(tag => tag.includes('type="hidden"'));
  return {
    action: new URL(unescaped(action), url).href,
    fields: Object.fromEntries(hidden.map(tag => [value(tag, 'name'), value(tag, 'value')])),
  };
}

function unescaped(text: string): string {
  return text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

export interface Listening {
  readonly url: string;
  /** What answers; may be set after the address is known. */
  handler: RequestListener;
  close(): Promise<void>;
}

/** A server on a free port of 127.0.0.1. */
export async function listen(): Promise<Listening> {
  const listening: Listening = {
    url: '',
    handler: (_req, res) => void res.writeHead(503).end(),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server: Server = createServer((req, res) => listening.handler(req, res));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(listening, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
}
