/**
 * Finds brand names and bait words in a label in one pass: `paypal-login`, `securepaypal`, `my-dhl-parcel24`.
 *
 * A trie over the 36 letters and digits; at each position the longest word wins and reading goes on behind it.
 * Easy to get wrong: a brand that is `common` (or shorter than five letters) counts only when the label is made of
 * listed words from the last hyphen up to it and on to the next hyphen, digit or bait word; so `chase` is found in
 * `chase-login` and `chaselogin`, not in `purchase`. A bait word counts when its word ends with it (`accountant`).
 */
import type { Brand } from './brand-index.ts';

const SYMBOLS = 36;
const HYPHEN = 0x2d;
/** Below this length a word says nothing inside another word. */
const LONG_WORD = 5;
/** Below this length a word must stand between hyphens, digits or the label's ends (`ing` in `accountingweb`). */
const JOINED_WORD = 4;

/** What one label holds. One object is filled again for each label. */
export class Reading {
  /** Number of the first brand found, or -1. */
  brand = -1;
  brandStart = 0;
  brandEnd = 0;
  /** Bait words found. */
  baits = 0;
}

export class Lexicon {
  readonly #next: Uint16Array;
  /** Per node: 0, or 1 + brand number, or -1 for bait. */
  readonly #word: Int16Array;
  readonly #brands: readonly Brand[];

  /** `spell` gives the form in which a brand's label is looked for. Characters other than a-z and 0-9 end a word early. */
  constructor(brands: readonly Brand[], baits: readonly string[], spell: (label: string) => string) {
    this.#brands = brands;
    const words: [string, number][] = baits.map((bait) => [bait, -1]);
    for (const [number, brand] of brands.entries()) words.push([spell(brand.label), number + 1]);
    const most = words.reduce((total, [word]) => total + word.length, 1);
    const next = new Uint16Array(most * SYMBOLS);
    const marks = new Int16Array(most);
    let nodes = 1;
    for (const [word, mark] of words) {
      let node = 0;
      for (let i = 0; i < word.length; i++) {
        const slot = node * SYMBOLS + symbolOf(word.charCodeAt(i));
        node = next[slot] ?? 0;
        if (node === 0) next[slot] = node = nodes++;
      }
      if ((marks[node] ?? 0) <= 0) marks[node] = mark;
    }
    this.#next = next.slice(0, nodes * SYMBOLS);
    this.#word = marks.slice(0, nodes);
  }

  /** Reads `bytes[start, end)`, lower case, into `into`. */
  read(bytes: Uint8Array, start: number, end: number, into: Reading): void {
    into.brand = -1;
    into.baits = 0;
    /** The end of the words read without a gap since the last hyphen. */
    let clean = start;
    /** A common brand whose right side has not been seen yet. */
    let pending = -1;
    let pendingStart = 0;
    let pendingEnd = 0;
    /** The end of the last bait word: it is one only when its word ends there (`account`, not `accountant`). */
    let baitEnd = -1;
    for (let i = start; i < end;) {
      const byte = bytes[i] ?? 0;
      if (byte === HYPHEN || isDigit(byte)) {
        if (pending >= 0 && pendingEnd === i) settle(into, pending, pendingStart, pendingEnd);
        pending = -1;
      }
      if (byte === HYPHEN) {
        clean = ++i;
        continue;
      }
      const wordEnd = this.#longest(bytes, i, end);
      const mark = this.#found;
      const whole = clean === i;
      if (wordEnd === i || !this.#counts(mark, bytes, i, wordEnd, end, whole)) {
        if (!isDigit(byte)) {
          if (baitEnd === i) into.baits--;
        } else if (whole) clean++;
        i++;
        continue;
      }
      if (mark < 0) {
        into.baits++;
        baitEnd = wordEnd;
        if (pendingEnd === i && i - pendingStart >= JOINED_WORD && pending >= 0) {
          settle(into, pending, pendingStart, pendingEnd);
        }
        pending = -1;
      } else if (into.brand < 0) {
        pending = -1;
        if (this.#standsAlone(mark - 1)) settle(into, mark - 1, i, wordEnd);
        else {
          pending = mark - 1;
          pendingStart = i;
          pendingEnd = wordEnd;
        }
      }
      if (whole) clean = wordEnd;
      i = wordEnd;
    }
    if (pending >= 0 && pendingEnd === end) settle(into, pending, pendingStart, pendingEnd);
  }

  /** Whether the word `bytes[start, wordEnd)` may be meant as one. `whole`: only listed words stand before it. */
  #counts(mark: number, bytes: Uint8Array, start: number, wordEnd: number, end: number, whole: boolean): boolean {
    const length = wordEnd - start;
    if (mark < 0) return length >= LONG_WORD || (whole && (length >= JOINED_WORD || isEdge(bytes, wordEnd, end)));
    if (this.#standsAlone(mark - 1)) return true;
    return whole && (length >= JOINED_WORD || !isLetter(bytes[start - 1] ?? 0));
  }

  /** Whether a brand counts wherever its letters stand. */
  #standsAlone(brand: number): boolean {
    const found = this.#brands[brand];
    return found !== undefined && !found.common && found.label.length >= LONG_WORD;
  }

  /** The mark of the word that `#longest` found. */
  #found = 0;

  /** End of the longest word that begins at `start`; `start` when there is none. */
  #longest(bytes: Uint8Array, start: number, end: number): number {
    let node = 0;
    let best = start;
    for (let i = start; i < end; i++) {
      const symbol = symbolOf(bytes[i] ?? 0);
      if (symbol < 0) break;
      node = this.#next[node * SYMBOLS + symbol] ?? 0;
      if (node === 0) break;
      const mark = this.#word[node] ?? 0;
      if (mark === 0) continue;
      best = i + 1;
      this.#found = mark;
    }
    return best;
  }
}

function settle(into: Reading, brand: number, start: number, end: number): void {
  into.brand = brand;
  into.brandStart = start;
  into.brandEnd = end;
}

function symbolOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return isDigit(code) ? code - 0x30 + 26 : -1;
}

const isLetter = (code: number): boolean => code >= 0x61 && code <= 0x7a;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

const isEdge = (bytes: Uint8Array, at: number, end: number): boolean =>
  at === end || bytes[at] === HYPHEN || isDigit(bytes[at] ?? 0);
