/**
 * Limits on the parts of a provider's JSON (threats R21, R44): many small parts cost far more than
 * the same bytes of text, so they are counted before they are parsed. Counting is linear and
 * allocates nothing.
 */

/**
 * Far beyond an honest answer: 5,000 groups of 150 characters, roles of 2,000 clients, 700 keys.
 */
const MOST = { bytes: 1024 * 1024, names: 5_000, values: 20_000, depth: 100 } as const;

/** The meaning of a byte outside of strings; none of them is part of a longer UTF-8 character. */
const [NAME, VALUE, OPENS, CLOSES, TEXT] = [1, 2, 3, 4, 5] as const;
const MEANING = new Uint8Array(256);
for (const [characters, meaning] of [
  [':', NAME],
  [',', VALUE],
  ['[{', OPENS],
  [']}', CLOSES],
  ['"', TEXT],
] as const)
  for (const character of characters) MEANING[character.charCodeAt(0)] = meaning;

/**
 * Why an answer is too bulky, in its own text or in the id_token or JWT that it contains; undefined
 * if it is not.
 */
export function bulkOf(answer: Uint8Array): string | undefined {
  if (answer.byteLength > MOST.bytes) return `it has more than ${MOST.bytes} bytes`;
  return bulkOfJson(answer) ?? bulkOfJwt(jwtIn(answer));
}

export function bulkOfJson(bytes: Uint8Array): string | undefined {
  let [names, values, depth] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const meaning = MEANING[bytes[at]!]!;
    if (meaning === 0) continue;
    if (meaning === TEXT) at = endOfText(bytes, at + 1);
    else if (meaning === NAME && ++names > MOST.names)
      return `it has more than ${MOST.names} names`;
    else if (meaning === VALUE && ++values > MOST.values)
      return `it has more than ${MOST.values} values`;
    else if (meaning === OPENS && ++depth > MOST.depth)
      return `it is nested more than ${MOST.depth} deep`;
    else if (meaning === CLOSES) depth--;
  }
  return undefined;
}

/** The position of the quotation mark that ends the string. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) return at;
    if (byte === 0x5c) at++;
  }
  return bytes.length;
}

/** Of header and payload; a signature is not JSON. */
function bulkOfJwt(jwt: string): string | undefined {
  const [header = '', payload = ''] = jwt.split('.', 2);
  return (
    bulkOfJson(Buffer.from(header, 'base64url')) ?? bulkOfJson(Buffer.from(payload, 'base64url'))
  );
}

/** The `id_token` of a JSON answer, or the answer itself if it is not JSON. */
function jwtIn(answer: Uint8Array): string {
  const text = new TextDecoder().decode(answer);
  try {
    const read: unknown = JSON.parse(text);
    const token = (read as { readonly id_token?: unknown } | null)?.id_token;
    return typeof token === 'string' ? token : '';
  } catch {
    return text;
  }
}
