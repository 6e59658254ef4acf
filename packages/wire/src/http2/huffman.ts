/**
 * String decoding of HPACK (RFC 7541 section 5.2 and appendix B).
 *
 * The code is canonical: within one length, codes ascend with the symbol, and shorter codes come first. So the lengths
 * alone, one per byte value and the end-of-string symbol, are the whole table.
 */

/** Code lengths of the symbols 0 to 256, one base-36 digit each: controls; 0x20 to 0x7f; the upper half; end of string. */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss' +
  '6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu';

const LONGEST = 30;
const END_OF_STRING = 256;
/** Symbols in code order, and per length: its first code, how many codes it has, and where they start among the symbols. */
const SYMBOLS = new Uint16Array(257);
const FIRST_CODE = new Int32Array(LONGEST + 1);
const COUNT = new Uint16Array(LONGEST + 1);
const START = new Uint16Array(LONGEST + 1);

{
  let code = 0;
  let placed = 0;
  for (let length = 1; length <= LONGEST; length++) {
    code *= 2;
    FIRST_CODE[length] = code;
    START[length] = placed;
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
      if (Number.parseInt(LENGTHS.charAt(symbol), 36) === length) SYMBOLS[placed++] = symbol;
    }
    const count = placed - (START[length] ?? 0);
    COUNT[length] = count;
    code += count;
  }
}

/**
 * The text that `bytes` encode, or null if they encode none: a whole end-of-string symbol, or padding that is not up to
 * seven one-bits. The result is at most 8/5 times as long as the input.
 */
export function decodeHuffman(bytes: Uint8Array): Uint8Array | null {
  const text = new Uint8Array(Math.ceil((bytes.length * 8) / 5));
  let filled = 0;
  let code = 0;
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + (((bytes[i] ?? 0) >> bit) & 1);
      if (++length > LONGEST) return null;
      const index = code - (FIRST_CODE[length] ?? 0);
      if (index < 0 || index >= (COUNT[length] ?? 0)) continue;
      const symbol = SYMBOLS[(START[length] ?? 0) + index] ?? END_OF_STRING;
      if (symbol === END_OF_STRING) return null;
      text[filled++] = symbol;
      code = 0;
      length = 0;
    }
  }
  return length < 8 && code === 2 ** length - 1 ? text.subarray(0, filled) : null;
}
