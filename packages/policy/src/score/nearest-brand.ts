/**
 * The brand from which a word differs by a typing error or two: `microsfot`, `facebok`.
 *
 * Easy to get wrong: the cost. All brands are passed over with one popcount each: an edit changes the set of letters
 * in a word by at most two, so only brands whose sets are that close are compared letter by letter.
 */
import { BRANDS } from './brand-index.ts';
import { HONEST_NEIGHBOURS } from './brands.ts';
import { editDistance, MAX_WORD_BYTES } from './edit-distance.ts';
import { asciiBytes, WordTable } from './word-table.ts';

/** One error from this length on, two from `TWO_ERRORS_LENGTH`; of the brand and of the word. */
export const ONE_ERROR_LENGTH = 6;
const TWO_ERRORS_LENGTH = 10;

const numbers: number[] = [];
for (const [number, brand] of BRANDS.entries()) {
  if (!brand.common && brand.label.length >= ONE_ERROR_LENGTH && brand.label.length <= MAX_WORD_BYTES)
    numbers.push(number);
}
const candidates = Uint16Array.from(numbers);
const letters = new Int32Array(candidates.length);
const starts = new Uint16Array(candidates.length + 1);
const text = asciiBytes(numbers.map((number) => BRANDS[number]?.label ?? '').join(''));
for (const [i, number] of numbers.entries()) {
  starts[i + 1] = (starts[i] ?? 0) + (BRANDS[number]?.label.length ?? 0);
  letters[i] = letterSet(text, starts[i] ?? 0, starts[i + 1] ?? 0);
}

/** Honest words and names that are one or two errors away from a brand. */
const honest = new WordTable(HONEST_NEIGHBOURS);

/** What `nearestBrand` found last. */
export class Near {
  brand = -1;
  errors = 0;
}

/** Fills `into` with the closest brand, or with -1. A word equal to a brand is not near it. */
export function nearestBrand(bytes: Uint8Array, start: number, end: number, into: Near): void {
  into.brand = -1;
  const length = end - start;
  if (length < ONE_ERROR_LENGTH || length > MAX_WORD_BYTES) return;
  if (honest.find(bytes, start, end) >= 0) return;
  const set = letterSet(bytes, start, end);
  for (let i = 0; i < candidates.length; i++) {
    const from = starts[i] ?? 0;
    const to = starts[i + 1] ?? 0;
    const limit = to - from >= TWO_ERRORS_LENGTH && length >= TWO_ERRORS_LENGTH ? 2 : 1;
    const difference = length - (to - from);
    if (difference > limit || difference < -limit) continue;
    if (bitCount(set ^ (letters[i] ?? 0)) > 2 * limit) continue;
    // Whoever types or imitates gets the first letter right, and honest words differ in it.
    if (bytes[start] !== text[from]) continue;
    const errors = editDistance(bytes, start, end, text, from, to, limit);
    if (errors === 0 || errors > limit || (into.brand >= 0 && errors >= into.errors)) continue;
    into.brand = candidates[i] ?? -1;
    into.errors = errors;
  }
}

/** One bit a letter; digits and the hyphen share the bits that are left. */
function letterSet(bytes: Uint8Array, start: number, end: number): number {
  let set = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    set |= 1 << (byte >= 0x61 ? byte - 0x61 : 26 + (byte % 6));
  }
  return set;
}

function bitCount(set: number): number {
  let bits = set - ((set >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
