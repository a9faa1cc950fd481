/** "Did you mean": the known word that is nearest to a mistyped one. */

/** However long a word is, one that differs in more letters is another word. */
const MOST_EDITS = 5;

/**
 * The nearest word within a third of its letters (two at least for words of four and more, five at
 * most), or undefined. Upper and lower case count as the same. The time for a word is linear in its
 * length.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const folded = word.toLowerCase();
  const third = Math.max(folded.length < 4 ? 1 : 2, Math.floor(folded.length / 3));
  let best: string | undefined;
  let limit = Math.min(third, MOST_EDITS) + 1;
  for (const candidate of known) {
    const distance = editDistance(folded, candidate.toLowerCase(), limit);
    if (distance < limit) {
      best = candidate;
      limit = distance;
    }
  }
  return best;
}

/**
 * Levenshtein's distance if it is below the limit, else the limit. Two rows at a time, and of each
 * only the columns that such a distance can reach.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Uint8Array.from({ length: b.length + 1 }, (_, column) => Math.min(column, limit));
  let current = new Uint8Array(b.length + 1).fill(limit);
  for (let row = 1; row <= a.length; row++) {
    const first = Math.max(1, row - limit + 1);
    const last = Math.min(b.length, row + limit - 1);
    const letter = a.charCodeAt(row - 1);
    let least = first === 1 ? Math.min(row, limit) : limit;
    current[first - 1] = least;
    for (let column = first; column <= last; column++) {
      const change = previous[column - 1]! + (letter === b.charCodeAt(column - 1) ? 0 : 1);
      const beside = Math.min(previous[column]!, current[column - 1]!) + 1;
      current[column] = Math.min(change, beside, limit);
      least = Math.min(least, current[column]!);
    }
    if (least >= limit) return limit;
    if (last < b.length) current[last + 1] = limit;
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
