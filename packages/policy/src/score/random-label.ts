/**
 * How little a label looks like words. Names that malware computes from the date (DGA) are drawn letter by letter and
 * stand out; names made of syllables of any language do not, or not as much.
 *
 * Easy to get wrong: it means nothing for short labels (abbreviations) and for Punycode; callers exclude both.
 */
import { TRIGRAM_STEPS } from './random-label-data.ts';
import { BITS_PER_STEP, END, FIRST_CODE, SYMBOLS } from './trigram-code.ts';

const steps = Uint8Array.from(TRIGRAM_STEPS, (character) => character.charCodeAt(0) - FIRST_CODE);

/** What `measure` found in one label. */
export class Randomness {
  /** Mean surprise of a letter, in bits, under a trigram model of English; hyphens and digits part words. */
  bitsPerLetter = 0;
  letters = 0;
  digits = 0;
  /** How often a letter stands beside a digit. */
  changes = 0;
}

/** Measures `bytes[start, end)`, lower case. */
export function measure(bytes: Uint8Array, start: number, end: number, into: Randomness): void {
  let pair = END * SYMBOLS + END;
  let sum = 0;
  let counted = 0;
  let letters = 0;
  let digits = 0;
  let changes = 0;
  let before = 0;
  for (let i = start; i <= end; i++) {
    const byte = i < end ? (bytes[i] ?? 0) : 0;
    const letter = byte >= 0x61 && byte <= 0x7a;
    const digit = byte >= 0x30 && byte <= 0x39;
    const kind = letter ? 1 : digit ? 2 : 0;
    if (kind !== 0 && before !== 0 && kind !== before) changes++;
    before = kind;
    if (letter) letters++;
    if (digit) digits++;
    if (!letter && pair === END * SYMBOLS + END) continue;
    const slot = pair * SYMBOLS + (letter ? byte - 0x61 : END);
    sum += steps[slot] ?? 0;
    counted++;
    pair = letter ? slot % (SYMBOLS * SYMBOLS) : END * SYMBOLS + END;
  }
  into.bitsPerLetter = counted === 0 ? 0 : (sum * BITS_PER_STEP) / counted;
  into.letters = letters;
  into.digits = digits;
  into.changes = changes;
}
