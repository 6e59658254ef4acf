/**
 * Counts the trigrams of a word list and writes random-label-data.ts. `sallyport bench score --train WORDS` runs it;
 * nothing else does.
 *
 * The words are Debian's `wamerican` (SCOWL, /usr/share/dict/american-english). Easy to get wrong: popular host names
 * would make a better model and a dishonest one, since false positives are measured on them.
 */
import { BITS_PER_STEP, END, FIRST_CODE, MAX_STEP, SYMBOLS } from './trigram-code.ts';

/** Added to each count, so that what no word has is improbable and not impossible. */
const SMOOTHING = 0.5;
const COLUMNS = 108;

/** The source text of random-label-data.ts. Words in lower case; those with anything but a-z, or short, are left out. */
export function trigramSource(lines: readonly string[]): string {
  const words = new Set(lines.filter((word) => /^[a-z]{3,}$/.test(word)));
  const counts = new Uint32Array(SYMBOLS ** 3);
  for (const word of words) {
    let pair = END * SYMBOLS + END;
    for (let i = 0; i <= word.length; i++) {
      const symbol = i < word.length ? word.charCodeAt(i) - 0x61 : END;
      const slot = pair * SYMBOLS + symbol;
      counts[slot] = (counts[slot] ?? 0) + 1;
      pair = slot % (SYMBOLS * SYMBOLS);
    }
  }
  let steps = '';
  for (let pair = 0; pair < SYMBOLS * SYMBOLS; pair++) {
    const row = counts.subarray(pair * SYMBOLS, (pair + 1) * SYMBOLS);
    const total = row.reduce((sum, count) => sum + count, SMOOTHING * SYMBOLS);
    for (const count of row) {
      const bits = -Math.log2((count + SMOOTHING) / total);
      steps += String.fromCharCode(FIRST_CODE + Math.min(MAX_STEP, Math.round(bits / BITS_PER_STEP)));
    }
  }
  const rows = Array.from({ length: Math.ceil(steps.length / COLUMNS) }, (_, n) =>
    steps.slice(n * COLUMNS, (n + 1) * COLUMNS),
  );
  return `/**
 * How surprising each letter is after the two before it, in ${BITS_PER_STEP} bit, one character a trigram. Written by
 * train-trigrams.ts from the ${words.size} words of Debian's wamerican (SCOWL); statistics, none of its words.
 *
 * Easy to get wrong: edited by hand it is wrong; the order is that of trigram-code.ts.
 */
export const TRIGRAM_STEPS =
${rows.map((row) => `  '${row}'`).join(' +\n')};
`;
}
