/** Answers of targets without the secrets that reach them: the log repeats the answers. */

/** Shorter parts of an address are no secrets. In characters. */
const LEAST_SECRET = 8;
const WITHHELD = '…';

/** The text with each of `secrets` replaced. Longer ones go first, because they can have parts. */
export function withheld(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(secret => secret !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, WITHHELD), text);
}

/** The parts of a path and a query that can be secrets, as they are sent and as they are read. */
export function secretsIn(url: string): readonly string[] {
  const { pathname, search, username, password } = new URL(url);
  return [username, password, ...`${pathname}${search}`.split(/[/?&=]/)]
    .filter(part => part.length >= LEAST_SECRET)
    .flatMap(part => [part, decoded(part)]);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A password as it is typed, and as SMTP carries it (RFC 4616, and AUTH LOGIN). */
export function secretsOfLogin(user: string, password: string): readonly string[] {
  if (password === '') return [];
  return [password, base64(password), base64(`\0${user}\0${password}`)];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
