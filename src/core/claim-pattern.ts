/**
 * Patterns for claims of workloads: `acme/*`, `repo:acme/api:ref:refs/heads/*`.
 *
 * `*` stands for one or more characters other than control characters and `/` and `:`, which
 * separate the parts of the names that issuers make. All other text is compared exactly, and a
 * pattern covers the whole value: `acme/*` matches neither `acme-evil/x` nor `acme/x/y`.
 */

const MAX_STARS = 16;

/** Why a pattern is invalid, or undefined if it is valid. */
export function claimPatternProblem(pattern: string): string | undefined {
  if (!pattern.includes('*')) return 'it has no *, so it is an exact value';
  if (pattern.includes('**')) return '** means nothing more than *, which stops at / and :';
  if (pattern.split('*').length - 1 > MAX_STARS) return `it has more than ${MAX_STARS} *`;
  if (!/[^*/:]/.test(pattern)) return 'it has no text besides *, so it matches nearly everything';
  return undefined;
}

/**
 * Whether a valid pattern covers the text. Each part is looked for once, from left to right: where
 * an earlier place for it exists, no later one can do better, so the time grows with the length of
 * the text alone.
 */
export function matchesClaimPattern(pattern: string, text: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  if (!text.startsWith(head)) return false;
  const tail = parts.pop();
  if (tail === undefined) return text === head;
  let at = head.length;
  for (const part of parts) {
    const found = text.indexOf(part, at + 1);
    if (found < 0 || !isStar(text.slice(at, found))) return false;
    at = found + part.length;
  }
  return text.endsWith(tail) && isStar(text.slice(at, text.length - tail.length));
}

function isStar(text: string): boolean {
  return text.length > 0 && !/[/:\p{Cc}]/u.test(text);
}
