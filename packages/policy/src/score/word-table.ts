/**
 * A fixed set of ASCII words that is asked with bytes: the number of a word, or -1. Asking allocates nothing.
 *
 * Easy to get wrong: bytes are compared as they are, so the asker folds case. Open addressing with linear probing at
 * most half full; the table comes from our own words only, so nobody can aim collisions at it.
 */
export class WordTable {
  readonly #slots: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;

  /** The number of a word is its place in `words`; of equal words the first. */
  constructor(words: readonly string[]) {
    let size = 4;
    while (size < 2 * words.length) size *= 2;
    this.#slots = new Int32Array(size).fill(-1);
    this.#bytes = new Uint8Array(words.reduce((total, word) => total + word.length, 0));
    this.#ends = new Uint32Array(words.length);
    let at = 0;
    for (const [number, word] of words.entries()) {
      const start = at;
      for (let i = 0; i < word.length; i++) this.#bytes[at++] = word.charCodeAt(i);
      this.#ends[number] = at;
      if (this.find(this.#bytes, start, at) >= 0) continue;
      let slot = hashOf(this.#bytes, start, at) & (size - 1);
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = number;
    }
  }

  /** The word that `bytes[start, end)` is, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(bytes, start, end) & mask;
    for (;;) {
      const number = this.#slots[slot] ?? -1;
      if (number < 0 || this.#equals(number, bytes, start, end)) return number;
      slot = (slot + 1) & mask;
    }
  }

  #equals(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = number === 0 ? 0 : (this.#ends[number - 1] ?? 0);
    if ((this.#ends[number] ?? 0) - from !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (this.#bytes[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** The bytes of an ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** FNV-1a, 32 bits, with the high half folded in because the low bits pick the slot. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}
