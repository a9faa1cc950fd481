/**
 * JSON that can be read in one way only: no member twice, no unpaired surrogate, no depth that
 * exhausts a reader (RFC 8259, sections 4 and 8.2, leaves each of them to the reader).
 */

const MAX_DEPTH = 100;

/** Why the text was not taken; the message names the rule, never the content. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';
}

/** Throws `JsonRefused`. */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonRefused('not JSON');
  }
  checkStructure(text);
  return value;
}

/** UTF-8 of such JSON. Throws `JsonRefused`. */
export function parseStrictJsonBytes(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonRefused('not UTF-8');
  }
  return parseStrictJson(text);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Of a text that is JSON: a string before a colon is the name of a member. */
function checkStructure(text: string): void {
  // The names of each object that is open; a list has none.
  const open: Set<string>[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(new Set());
      if (open.length > MAX_DEPTH) throw new JsonRefused(`nested deeper than ${MAX_DEPTH}`);
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ':') addName(open.at(-1), last);
    else {
      last = JSON.parse(token) as string;
      if (/\p{Surrogate}/u.test(last)) throw new JsonRefused('a text has an unpaired surrogate');
    }
  }
}

function addName(names: Set<string> | undefined, name: string): void {
  if (names?.has(name)) throw new JsonRefused('an object has two members of the same name');
  names?.add(name);
}
