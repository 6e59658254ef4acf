/**
 * How many typing errors lie between two words: insertions, deletions, replacements, and neighbours swapped
 * (Damerau-Levenshtein, in the restricted form, which edits no part twice).
 *
 * Easy to get wrong: the answer is exact only up to `limit`; everything further is `limit + 1`.
 */

/** The longest word compared. Longer ones are not compared at all. */
export const MAX_WORD_BYTES = 32;

const WIDTH = MAX_WORD_BYTES + 1;
const rows = new Uint8Array(3 * WIDTH);

/** Distance of `a[aStart, aEnd)` to `b[bStart, bEnd)`, at most `limit + 1`. */
export function editDistance(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
  limit: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const further = limit + 1;
  if (Math.abs(aLength - bLength) > limit || aLength > MAX_WORD_BYTES || bLength > MAX_WORD_BYTES) return further;
  let before = 2 * WIDTH;
  let above = 0;
  let current = WIDTH;
  for (let j = 0; j <= bLength; j++) rows[above + j] = j;
  for (let i = 1; i <= aLength; i++) {
    rows[current] = i;
    let least = i;
    const byte = a[aStart + i - 1] ?? 0;
    for (let j = 1; j <= bLength; j++) {
      const other = b[bStart + j - 1] ?? 0;
      let cost = (rows[above + j - 1] ?? 0) + (byte === other ? 0 : 1);
      cost = Math.min(cost, (rows[above + j] ?? 0) + 1, (rows[current + j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && byte === (b[bStart + j - 2] ?? 0) && other === (a[aStart + i - 2] ?? 0)) {
        cost = Math.min(cost, (rows[before + j - 2] ?? 0) + 1);
      }
      rows[current + j] = cost;
      if (cost < least) least = cost;
    }
    if (least > limit) return further;
    const free = before;
    before = above;
    above = current;
    current = free;
  }
  return Math.min(rows[above + bLength] ?? 0, further);
}
