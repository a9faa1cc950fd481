/** What style sheets and presentation attributes of a logo may contain: no rule that loads. */

/** Of CSS colours and of SVG transforms; none takes an address. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  [
    ...['rgb', 'rgba', 'hsl', 'hsla'],
    ...['matrix', 'translate', 'translateX', 'translateY', 'scale', 'scaleX', 'scaleY'],
    ...['rotate', 'skewX', 'skewY'],
  ].map(name => name.toLowerCase()),
);
const LOCAL_REFERENCE = /url\(\s*(["']?)#[\w.:-]+\1\s*\)/gi;
/** Longer than each of them. */
const LONGEST_NAME = 32;

/** What is wrong, as the end of a clause; undefined for what only draws. */
export function svgStyleFault(css: string): string | undefined {
  // An escape would write any of the words below in another way.
  if (/[\\@<]/.test(css)) return ' with an escape or an at-rule';
  const rest = css.replaceAll(LOCAL_REFERENCE, '#');
  for (const before of rest.split('(').slice(0, -1)) {
    const name = nameAtEnd(before);
    if (name === 'url') return ' with an address outside the file';
    if (!FUNCTIONS.has(name)) return ' with a function that a logo must not contain';
  }
  return /:\s*\/\/|javascript\s*:|data\s*:/i.test(rest)
    ? ' with an address outside the file'
    : undefined;
}

/** In linear time, which a pattern for a name in front of a parenthesis is not. */
function nameAtEnd(text: string): string {
  const [name = ''] = /[\w-]*$/.exec(text.trimEnd().slice(-LONGEST_NAME)) ?? [];
  return name.toLowerCase();
}
