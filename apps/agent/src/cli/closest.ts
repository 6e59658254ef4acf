/** "Did you mean": the known word nearest to what was typed, if any is near enough to be meant. */

/** A clause to append to an error, or an empty string. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const word = closest(typed, known);
  return word === null ? '' : `; did you mean '${word}'?`;
}

/** The nearest word within a third of its length, or one that `typed` begins. */
export function closest(typed: string, known: readonly string[]): string | null {
  // A hostile or mistaken megabyte is no typing slip, and the distance below is quadratic.
  if (typed.length > 64) return null;
  const lower = typed.toLowerCase();
  let best: string | null = null;
  let least = Infinity;
  for (const word of known) {
    const distance = editDistance(lower, word.toLowerCase());
    if (distance < least && distance <= Math.max(1, Math.ceil(word.length / 3))) {
      best = word;
      least = distance;
    }
  }
  return best ?? known.find((word) => lower.length >= 2 && word.toLowerCase().startsWith(lower)) ?? null;
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let back = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((back[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (back[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (twoBack[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    twoBack = back;
    back = row;
  }
  return back[b.length] ?? 0;
}
