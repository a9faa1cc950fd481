/** A path on our own site, safe to redirect to. */
export type LocalPath = string & { readonly __brand: 'LocalPath' };

const MAX_LENGTH = 2048;
const HERE = 'https://here.invalid';

/**
 * Checks where a person wanted to go (`return_to`, RelayState). What is not plainly a path of this site becomes `/`.
 *
 * The text is resolved as a browser would and looked at again afterwards, because `/a/..//evil.example` and `/\evil.example` turn
 * into another site only then (threats R16).
 */
export function localPath(text: unknown): LocalPath {
  const home = '/' as LocalPath;
  if (typeof text !== 'string' || text.length > MAX_LENGTH || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return home;
  if (!URL.canParse(text, HERE)) return home;
  const url = new URL(text, HERE);
  const path = `${url.pathname}${url.search}`;
  return url.origin === HERE && !path.startsWith('//') ? (path as LocalPath) : home;
}
