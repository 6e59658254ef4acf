/**
 * The hashes of all suffixes of a name that begin at a label, in one pass from its last byte to its first: the same
 * numbers as `KeyedHash` gives, three times as fast, because the state stays in registers.
 *
 * Easy to get wrong: the rounds are written out here and in keyed-hash.ts; a test holds the two against each other.
 */
import { LAST_LABEL_BIT } from './entry-keys.ts';

/** A name of 254 bytes has at most 128 labels. */
const MAX_SUFFIXES = 128;
const DOT = 0x2e;

const FOLD = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code));

export class SuffixHashes {
  /** Of the latest `read`, shortest suffix first: upper and lower halves of the hashes, and where each begins. */
  readonly his = new Int32Array(MAX_SUFFIXES);
  readonly los = new Int32Array(MAX_SUFFIXES);
  readonly starts = new Int32Array(MAX_SUFFIXES);
  readonly #k0: number;
  readonly #k1: number;

  constructor(k0: number, k1: number) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /**
   * Reads `name[start, end)`, folding ASCII case, and returns how many suffixes there are. Bit n of `labelMask`: those
   * of n labels are wanted. `isWhole`: the name begins at `start`, so that all of it is a suffix too.
   */
  read(name: Uint8Array, start: number, end: number, labelMask: number, isWhole: boolean): number {
    let v0 = this.#k0;
    let v1 = this.#k1 ^ 0xee;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    let word = 0;
    let length = 0;
    let label = 0;
    let suffixes = 0;
    for (let i = end - 1; i >= start; i--) {
      const byte = FOLD[name[i] ?? 0] ?? 0;
      if (byte === DOT) {
        label++;
        const bit = label < LAST_LABEL_BIT ? label : LAST_LABEL_BIT;
        if (((labelMask >>> bit) & 1) === 1 && suffixes < MAX_SUFFIXES) {
          this.starts[suffixes] = i + 1;
          this.#finish(suffixes++, v0, v1, v2, v3, word | (length << 24));
        }
      }
      word |= byte << ((length & 3) << 3);
      if ((length++ & 3) === 3) {
        // One compression round over a full word.
        v3 ^= word;
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
        v0 ^= word;
        word = 0;
      }
    }
    label++;
    const bit = label < LAST_LABEL_BIT ? label : LAST_LABEL_BIT;
    if (isWhole && ((labelMask >>> bit) & 1) === 1 && suffixes < MAX_SUFFIXES) {
      this.starts[suffixes] = start;
      this.#finish(suffixes++, v0, v1, v2, v3, word | (length << 24));
    }
    return suffixes;
  }

  /** The digest of a state: round 0 takes the last word, 1–3 end in the lower half, 4–6 in the upper. */
  #finish(at: number, w0: number, w1: number, w2: number, w3: number, word: number): void {
    let v0 = w0;
    let v1 = w1;
    let v2 = w2;
    let v3 = w3 ^ word;
    for (let round = 0; round < 7; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= word;
        v2 ^= 0xee;
      } else if (round === 3) {
        this.los[at] = v1 ^ v3;
        v1 ^= 0xdd;
      }
    }
    this.his[at] = v1 ^ v3;
  }
}
