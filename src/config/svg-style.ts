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
const FUNCTION = /([\w-]*)\s*\(/g;

/** What is wrong, as the end of a clause; undefined for what only draws. */
export function svgStyleFault(css: string): string | undefined {
  // An escape would write any of the words below in another way.
  if (/[\\@<]/.test(css)) return ' with an escape or an at-rule';
  const rest = css.replaceAll(LOCAL_REFERENCE, '#');
  for (const [, name = ''] of rest.matchAll(FUNCTION)) {
    if (/^url$/i.test(name)) return ' with an address outside the file';
    if (!FUNCTIONS.has(name.toLowerCase())) return ' with a function that a logo must not contain';
  }
  return /[a-z][\w+.-]*:\s*\/\/|javascript\s*:|data\s*:/i.test(rest)
    ? ' with an address outside the file'
    : undefined;
}
