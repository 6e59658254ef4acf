/**
 * Characters that are read for one another in ASCII: `paypa1`, `rnicrosoft`, `g00gle`, `vvhatsapp`. Folding writes
 * all of a group as one, on both sides of the comparison.
 *
 * Easy to get wrong: folding joins honest words too (`clip` and `cllp`), so a folded match counts only where the
 * unfolded label does not hold the brand itself, and only for names long enough (`SHORTEST_FOLDED`).
 */

import { asciiBytes } from './word-table.ts';

/** Brands shorter than this, when folded, are not looked for. */
export const SHORTEST_FOLDED = 5;

const folded = Uint8Array.from({ length: 256 }, (_, code) => code);
for (const pair of ['0o', '1l', 'il', '3e', '4a', '5s', '7t', '8b', '9g']) {
  folded[pair.charCodeAt(0)] = pair.charCodeAt(1);
}
const [M, N, R, V, W] = [0x6d, 0x6e, 0x72, 0x76, 0x77];

/** Writes the folded form of `bytes[start, end)` to the front of `into` and returns its length. */
export function foldInto(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    const next = i + 1 < end ? (bytes[i + 1] ?? 0) : 0;
    if (byte === R && next === N) {
      into[length++] = M;
      i++;
    } else if (byte === V && next === V) {
      into[length++] = W;
      i++;
    } else into[length++] = folded[byte] ?? 0;
  }
  return length;
}

/** The folded form of an ASCII word. */
export function fold(word: string): string {
  const into = new Uint8Array(word.length);
  const length = foldInto(asciiBytes(word), 0, word.length, into);
  return String.fromCharCode(...into.subarray(0, length));
}
