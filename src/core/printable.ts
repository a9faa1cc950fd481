/** Foreign text in our own output: what a terminal or a viewer would interpret becomes visible. */

// JSON escapes what is below U+0020, but not DEL and C1 controls, line and paragraph separators,
// and the marks that change the direction of text.
const LEFT_BY_JSON = '\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u206f';
const IN_JSON = new RegExp(`[${LEFT_BY_JSON}]`, 'g');
const IN_TEXT = new RegExp(`[\\u0000-\\u0009\\u000b-\\u001f${LEFT_BY_JSON}]`, 'g');

/**
 * JSON text with every character escaped that a terminal could interpret; its meaning is the same.
 */
export function printableJson(json: string): string {
  return json.replace(IN_JSON, escaped);
}

/**
 * Text for a terminal: every control but the line feed, separator and direction mark is written as
 * `\uXXXX`.
 */
export function printableText(text: string): string {
  return text.replace(IN_TEXT, escaped);
}

/** The same on one line: a line feed is written as `\u000a`. */
export function printableLine(text: string): string {
  return printableText(text).replaceAll('\n', '\\u000a');
}

/** The longest external text that a page repeats, in characters. */
const MAX_EXCERPT = 300;

/**
 * External text on one line, printable, and cut where it is longer than `most` characters. Default:
 * what a page repeats.
 */
export function printableExcerpt(text: string, most: number = MAX_EXCERPT): string {
  const characters = [
    ...printableText(
      text
        .slice(0, 8 * most)
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  ];
  return characters.length <= most
    ? characters.join('')
    : `${characters.slice(0, most - 1).join('')}…`;
}

/**
 * The same JSON line, or one whose names and strings contain `\uXXXX` as plain characters: a reader
 * that decodes JSON (`jq -r`) must not restore them. Characters below U+0020 are left to JSON.
 */
export function printableLogLine(line: string): string {
  // `search` always starts at the beginning.
  if (line.search(IN_JSON) < 0) return line;
  return `${JSON.stringify(JSON.parse(line), (_name, value: unknown) => printableValue(value))}\n`;
}

function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return printableJson(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [printableJson(name), field]),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
