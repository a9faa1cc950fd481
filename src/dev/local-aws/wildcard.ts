/** `*` and `?` as IAM reads them. */

const ANY = Symbol('*');
const ONE = Symbol('?');
const WILDCARDS: Readonly<Record<string, symbol>> = { '*': ANY, '?': ONE };

/** Characters that stand for themselves, and wildcards. */
export type Pattern = readonly (string | symbol)[];

export function patternOf(text: string): Pattern {
  return text.split('').map(character => WILDCARDS[character] ?? character);
}

export function literal(text: string): Pattern {
  return text.split('');
}

/** At most pattern times text steps, however many stars a policy holds. */
export function matchesWildcard(from: string | Pattern, text: string): boolean {
  const pattern = typeof from === 'string' ? patternOf(from) : from;
  let inPattern = 0;
  let inText = 0;
  let star = -1;
  let resumeAt = 0;
  while (inText < text.length) {
    if (pattern[inPattern] === ANY) {
      star = inPattern;
      resumeAt = inText;
      inPattern += 1;
    } else if (
      inPattern < pattern.length &&
      (pattern[inPattern] === ONE || pattern[inPattern] === text[inText])
    ) {
      inPattern += 1;
      inText += 1;
    } else if (star >= 0) {
      inPattern = star + 1;
      resumeAt += 1;
      inText = resumeAt;
    } else return false;
  }
  while (pattern[inPattern] === ANY) inPattern += 1;
  return inPattern === pattern.length;
}
