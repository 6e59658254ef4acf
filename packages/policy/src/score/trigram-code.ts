/**
 * How the trigram table is written: 27 symbols, one printable character for each of 27³ trigrams.
 *
 * Easy to get wrong: the table is as large as these numbers say, so a change here needs train-trigrams.ts to run again.
 */

/** a-z, and END for the edges of a word. */
export const SYMBOLS = 27;
export const END = 26;
/** The unit in bits, the largest value in units, and the character of value 0: no quote or backslash is in the range. */
export const BITS_PER_STEP = 0.25;
export const MAX_STEP = 51;
export const FIRST_CODE = 0x28;
