/** "Did you mean": the known word that is nearest to a mistyped one. */

/**
 * The nearest word within a third of its letters (two at least for words of four and more), or
 * undefined.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const folded = word.toLowerCase();
  let best: string | undefined;
  let limit = Math.max(folded.length < 4 ? 1 : 2, Math.floor(folded.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - folded.length) >= limit) continue;
    const distance = editDistance(folded, candidate.toLowerCase());
    if (distance < limit) {
      best = candidate;
      limit = distance;
    }
  }
  return best;
}

/** Levenshtein's distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
