import { MAX_DESTINATION } from './console-destination.ts';

/** A path on our own site, safe to redirect to. */
export type LocalPath = string & { readonly __brand: 'LocalPath' };

const MAX_LENGTH = 2048;
/** The longest console destination, percent-encoded, with the names of account and role. */
const MAX_CONSOLE_LENGTH = 3 * MAX_DESTINATION + MAX_LENGTH;
/** Also as an absolute URL, as some identity providers send it back. */
const CONSOLE = /^(?:https?:\/\/[^/?#]*)?\/(?:console|step-up|go)\?/;
const HERE = 'https://here.invalid';

/** Whether a text is longer than a path can be: only one to a console can be long. */
export function isTooLong(text: string): boolean {
  return text.length > (CONSOLE.test(text) ? MAX_CONSOLE_LENGTH : MAX_LENGTH);
}

/**
 * Checks where a user wants to go (`return_to`, RelayState). Anything but a path of this site
 * becomes `/`.
 *
 * The text is resolved as a browser would, then checked again, because `/a/..//evil.example` and
 * `/\evil.example` become another site only then (threats R16).
 */
export function localPath(text: unknown): LocalPath {
  const home = '/' as LocalPath;
  if (
    typeof text !== 'string' ||
    isTooLong(text) ||
    !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) ||
    text.includes('\\')
  )
    return home;
  if (!URL.canParse(text, HERE)) return home;
  const url = new URL(text, HERE);
  const path = `${url.pathname}${url.search}`;
  return url.origin === HERE && !path.startsWith('//') ? (path as LocalPath) : home;
}

/**
 * The path of a whole address of this site, as identity providers and other applications write it;
 * any other text as it is. `origin` is that of the bridge. The result is unchecked.
 *
 * Scheme, host and port are compared as in URLs: letter case and a default port do not matter.
 * Userinfo and escapes in the host never match (threats R16).
 */
export function withoutOwnOrigin<T extends string | undefined>(
  text: T,
  origin: string,
): string | T {
  const [site, rest] = ADDRESS.exec(text ?? '')?.slice(1) ?? [];
  if (site === undefined || URL.parse(site)?.origin !== new URL(origin).origin) return text;
  return rest!.startsWith('/') ? rest! : `/${rest}`;
}

/** Scheme and authority; what follows them. */
const ADDRESS = /^(https?:\/\/(?:(?![/?#\\@%])[\x21-\x7e])+)((?:[/?#].*)?)$/i;

/**
 * What a query can contain unencoded (RFC 3986 section 3.4), except `&` and `+`, and `;`, which
 * some parsers read as `&`.
 */
const PLAIN_IN_QUERY = /%(?:24|2C|2F|3A|3D|3F|40)/g;

/**
 * A value of a query with as few characters encoded as possible: a path that contains a URL would
 * triple at each encoding, and proxies allow 8 kB for a whole URL.
 */
export function queryValue(text: string): string {
  return encodeURIComponent(text).replace(PLAIN_IN_QUERY, decodeURIComponent);
}

/** A path with a query of such values; what is undefined or empty is left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value ? [`${name}=${queryValue(value)}`] : [],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
