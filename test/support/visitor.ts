/**
 * A user with a browser without JavaScript: keeps cookies, follows redirects, fills in forms, and
 * sends the headers that browsers send.
 */
import * as cheerio from 'cheerio';
import { request } from 'undici';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly $: cheerio.CheerioAPI;
  /** All URLs on the way, the last one included. */
  readonly path: readonly string[];
  /** The visible text. */
  readonly text: string;
}

export interface Going {
  /** Stops before this URL, with the answer that redirects there. */
  readonly stopAt?: (url: string) => boolean;
  /** Sent with every request, as a proxy in between would add them. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

const MAX_REDIRECTS = 12;
/** A page of another site. */
const ELSEWHERE = 'https://elsewhere.example/';
/** From the farthest to the nearest. */
const SITES = ['cross-site', 'same-site', 'same-origin'] as const;

/** The fields of a form, as a browser submits them. */
export function fieldsOf(form: ReturnType<Page['$']>): Record<string, string> {
  return Object.fromEntries(form.serializeArray().map(({ name, value }) => [name, value]));
}

export class Visitor {
  /** By host name, as browsers keep them: the port does not matter. */
  readonly #cookies = new Map<string, Map<string, Cookie>>();
  readonly #userAgent: string | undefined;

  /** `userAgent` is what the browser says that it is. */
  constructor(userAgent?: string) {
    this.#userAgent = userAgent;
  }

  cookie(url: string, name: string): string | undefined {
    return this.#cookies.get(new URL(url).hostname)?.get(name)?.value;
  }

  setCookie(url: string, name: string, value: string): void {
    this.#jar(new URL(url)).set(name, { value, path: '/' });
  }

  /** Another browser with the same cookies. */
  clone(): Visitor {
    const other = new Visitor(this.#userAgent);
    for (const [host, cookies] of this.#cookies) other.#cookies.set(host, new Map(cookies));
    return other;
  }

  /** Follows redirects. */
  async get(url: string, options: Going = {}): Promise<Page> {
    return this.#go({ url, method: 'GET', ...options });
  }

  /** Follows a link of a page; undefined stands for a page of another site. */
  async follow(url: string, from: Page | undefined, options: Going = {}): Promise<Page> {
    return this.#go({ url, method: 'GET', initiator: from?.url ?? ELSEWHERE, ...options });
  }

  /**
   * Submits the form that the selector names (a form, or a button in it), with the fields that it
   * has and those given.
   */
  async submit(
    page: Page,
    selector: string,
    fields: Readonly<Record<string, string>> = {},
    options: Going = {},
  ): Promise<Page> {
    const found = page.$(selector).first();
    const id = found.attr('form');
    const form = id !== undefined ? page.$(`form[id="${id}"]`) : found.closest('form');
    if (form.length === 0)
      throw new Error(
        `no form "${selector}" on ${page.url} (${page.status}): ${page.text.slice(0, 300)}`,
      );
    const own = fieldsOf(form);
    const button: Record<string, string> = found.is('button[name]')
      ? { [found.attr('name')!]: found.attr('value') ?? '' }
      : {};
    const body = new URLSearchParams({ ...own, ...button, ...fields });
    const action = new URL(found.attr('formaction') ?? form.attr('action') ?? page.url, page.url)
      .href;
    if ((form.attr('method') ?? 'get').toLowerCase() === 'get')
      return this.follow(`${action.split(/[?#]/)[0]}?${body}`, page, options);
    return this.#go({
      ...{ url: action, method: 'POST', body, origin: originOf(page), initiator: page.url },
      ...options,
    });
  }

  async post(
    url: string,
    body: URLSearchParams | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    return this.#go({ url, method: 'POST', body, headers });
  }

  async #go(
    start: Going & {
      readonly url: string;
      readonly method: string;
      readonly body?: URLSearchParams | string | undefined;
      readonly origin?: string;
      /** The page that the navigation begins at; undefined for an address that is typed. */
      readonly initiator?: string;
    },
  ): Promise<Page> {
    let { url, method, body, initiator } = start;
    const path: string[] = [];
    /** Of the navigation that the initiator began. */
    let chain: string[] = [];
    for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
      const at = new URL(url);
      path.push(url);
      chain.push(url);
      // Not fetch: it says of itself that it is a script, and a person who follows a link is none.
      const response = await answerTo(url, {
        method: method as 'GET' | 'POST',
        ...(body === undefined ? {} : { body: String(body) }),
        headers: {
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          ...(this.#userAgent !== undefined && { 'user-agent': this.#userAgent }),
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          // A form without a page is a program's, which says nothing of itself.
          ...(body !== undefined && initiator === undefined
            ? {}
            : { 'sec-fetch-site': siteOf(initiator, chain) }),
          ...(body === undefined || start.origin === undefined ? {} : { origin: start.origin }),
          ...start.headers,
          ...this.#cookieHeader(at),
        },
      });
      this.#keep(at, response.headers.getSetCookie());
      const next = nextOf(response, url);
      if (next === undefined || start.stopAt?.(next))
        return pageOf(response, url, next === undefined ? path : [...path, next]);
      await response.body?.cancel();
      if (response.status !== 307 && response.status !== 308) {
        method = 'GET';
        body = undefined;
      }
      if (response.headers.get('location') === null) {
        initiator = url;
        chain = [];
      }
      url = next;
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects: ${path.join(' -> ')}`);
  }

  #jar(url: URL): Map<string, Cookie> {
    const jar = this.#cookies.get(url.hostname) ?? new Map<string, Cookie>();
    this.#cookies.set(url.hostname, jar);
    return jar;
  }

  #cookieHeader(url: URL): { cookie?: string } {
    const cookies = [...this.#jar(url)]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`);
    return cookies.length === 0 ? {} : { cookie: cookies.join('; ') };
  }

  #keep(url: URL, headers: readonly string[]): void {
    for (const header of headers) {
      const [pair, ...attributes] = header.split(/;\s*/);
      const [, name, value] = /^([^=]*)=(.*)$/.exec(pair!) ?? [];
      const said = new Map(
        attributes
          .map(text => text.split('=', 2) as [string, string])
          .map(([key, text]) => [key.toLowerCase(), text]),
      );
      const ended =
        said.get('max-age') === '0' ||
        (said.has('expires') && Date.parse(said.get('expires')!) <= Date.now());
      if (ended) this.#jar(url).delete(name!);
      else this.#jar(url).set(name!, { value: value!, path: said.get('path') ?? '/' });
    }
  }
}

/** Where an answer leads by itself: a redirect, or a page that is refreshed at once. */
function nextOf({ status, headers }: Response, url: string): string | undefined {
  const location =
    status >= 300 && status <= 399
      ? headers.get('location')
      : /^0;\s*url=(.+)$/.exec(headers.get('refresh') ?? '')?.[1];
  return location == null ? undefined : new URL(location, url).href;
}

/**
 * The header Sec-Fetch-Site (Fetch Metadata, section 2.3): what is typed stays so over every
 * redirect; otherwise the farthest of all addresses on the way counts.
 */
function siteOf(initiator: string | undefined, chain: readonly string[]): string {
  if (initiator === undefined) return 'none';
  const relations = chain.map(url => relation(initiator, url));
  return SITES.find(site => relations.includes(site))!;
}

/** The Origin header for a form on this page: `null` for a page without referrer. */
function originOf(page: Page): string {
  return page.headers.get('referrer-policy') === 'no-referrer' ? 'null' : new URL(page.url).origin;
}

function relation(from: string, to: string): (typeof SITES)[number] {
  const [a, b] = [new URL(from), new URL(to)];
  return a.origin === b.origin
    ? 'same-origin'
    : a.hostname === b.hostname
      ? 'same-site'
      : 'cross-site';
}

async function answerTo(url: string, options: Parameters<typeof request>[1]): Promise<Response> {
  const { statusCode, headers, body } = await request(url, options);
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map(one => [name, String(one)] as [string, string]),
  );
  return new Response(await body.text(), { status: statusCode, headers: pairs });
}

async function pageOf(response: Response, url: string, path: readonly string[]): Promise<Page> {
  const html = await response.text();
  const $ = cheerio.load(html);
  const main = $('main').length > 0 ? $('main') : $('body');
  return {
    url,
    status: response.status,
    headers: response.headers,
    html,
    $,
    path,
    text: main.text().replaceAll(/\s+/g, ' ').trim(),
  };
}
