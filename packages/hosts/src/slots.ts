/**
 * How hashed keys lie in a table: linear probing in the order of the keys. A key's home follows from its hash by
 * multiplication, so keys lie (nearly) where they belong, a look-up reads one place of memory, and an unlisted key is
 * recognised by the first greater one. The layout depends on the keys alone, never on the order in which they came.
 *
 * A slot holds the lower half of the hash, 16 bits of the position and the entry's set + 1 (0: empty). The position is
 * `floor(hi * homes * 32 / 2^32)`: its home and five bits more. Only its lower 16 bits are kept, which is enough to
 * tell it within 1,024 slots around, so no key may lie further than MAX_DISPLACEMENT from its home.
 *
 * Easy to get wrong: the multiplication rounds. It is monotonic all the same, and every side does exactly this one.
 */
import type { SlotCounts } from './format.ts';

/** Bits of the position behind the home. */
const FRACTION_BITS = 5;
const POSITION_MASK = 0xffff;
/** Half of the 2^11 slots that 16 bits of position can tell apart, less some air. */
const MAX_DISPLACEMENT = 1000;
/** Positions are 31-bit numbers. */
export const MAX_HOMES = 2 ** (31 - FRACTION_BITS) - 1;
/** Homes per key of a freshly built table: the displacement stays below about 700 at 10^7 keys. */
const ROOM = 1.24;
/** So that a small table has room for edits too. */
const LEAST_HOMES = 64;
/** Free slots behind the last home, for later edits. */
const TAIL = 64;

/** What `positionOf` multiplies with. */
export const scaleOf = (homes: number): number => homes * 2 ** (FRACTION_BITS - 32);

/** `hi`: upper half of a hash, signed or not. */
export const positionOf = (hi: number, scale: number): number => Math.floor((hi >>> 0) * scale);

export const homesFor = (keys: number): number => Math.max(LEAST_HOMES, Math.ceil(keys * ROOM));

/** Keys in order of position, then of the lower half (unsigned): what a table is laid out from. */
export interface SortedKeys {
  readonly count: number;
  readonly position: (index: number) => number;
  readonly lo: (index: number) => number;
  readonly set: (index: number) => number;
}

/** Slots that `keys` need with so many homes, a repeated one once; null when one would lie too far from its home. */
export function slotsNeeded(keys: SortedKeys, homes: number): number | null {
  let slot = -1;
  let lastPosition = -1;
  let lastLo = 0;
  for (let i = 0; i < keys.count; i++) {
    const position = keys.position(i);
    const lo = keys.lo(i);
    if (position === lastPosition && lo === lastLo) continue;
    lastPosition = position;
    lastLo = lo;
    const home = position >> FRACTION_BITS;
    slot = Math.max(slot + 1, home);
    if (slot - home > MAX_DISPLACEMENT) return null;
  }
  return Math.max(homes, slot + 1) + TAIL;
}

/** Writes `keys` into empty slots. */
export function layOut(keys: SortedKeys, words: Int32Array, slotWords: number): void {
  let slot = -1;
  for (let i = 0; i < keys.count; i++) {
    const position = keys.position(i);
    slot = Math.max(slot + 1, position >> FRACTION_BITS);
    writeSlot(words, slot * slotWords, slotWords, keys.lo(i), position, keys.set(i) + 1);
  }
}

function writeSlot(
  words: Int32Array,
  at: number,
  slotWords: number,
  lo: number,
  position: number,
  reference: number,
): void {
  words[at] = lo;
  words[at + 1] = slotWords === 2 ? (position & POSITION_MASK) | (reference << 16) : position & POSITION_MASK;
  if (slotWords === 3) words[at + 2] = reference;
}

/** A section of slots as it lies in a file. */
export class SlotTable {
  readonly entries: number;
  readonly homes: number;
  readonly slots: number;
  readonly #words: Int32Array;
  readonly #slotWords: number;
  readonly #scale: number;
  /** Keeps the reads of `touch` from being optimised away. */
  #touched = 0;

  constructor(words: Int32Array, slotWords: number, counts: SlotCounts) {
    this.#words = words;
    this.#slotWords = slotWords;
    this.#scale = scaleOf(counts.homes);
    this.entries = counts.entries;
    this.homes = counts.homes;
    this.slots = counts.slots;
  }

  /** The position of a key with this upper half. */
  position(hi: number): number {
    return Math.floor((hi >>> 0) * this.#scale);
  }

  /** Reads the home of a position, so that it is in the cache when `find` comes. Several such reads overlap. */
  touch(position: number): void {
    this.#touched ^= this.#words[(position >> FRACTION_BITS) * this.#slotWords] ?? 0;
  }

  get touched(): number {
    return this.#touched;
  }

  /** Set of the entry with this key, or -1. */
  find(position: number, lo: number): number {
    const words = this.#words;
    const slotWords = this.#slotWords;
    let at = (position >> FRACTION_BITS) * slotWords;
    // A damaged or crafted section must not turn a look-up into a walk over all of it.
    const limit = Math.min(words.length, at + (2 * MAX_DISPLACEMENT + 1) * slotWords);
    for (; at < limit; at += slotWords) {
      const word = words[at + 1] ?? 0;
      const reference = slotWords === 2 ? word >>> 16 : (words[at + 2] ?? 0);
      if (reference === 0) return -1;
      const ahead = ((word - position) << 16) >> 16;
      if (ahead > 0) return -1;
      if (ahead === 0 && words[at] === lo) return reference - 1;
    }
    return -1;
  }

  /** Calls `visit` for every entry, in order, with its full position. */
  forEach(visit: (slot: number, position: number, lo: number) => void): void {
    const slotWords = this.#slotWords;
    for (let at = 0, slot = 0; at < this.#words.length; at += slotWords, slot++) {
      if (this.#reference(at) !== 0) visit(slot, this.#positionAt(slot), this.#words[at] ?? 0);
    }
  }

  /** Set of the entry in a slot that is not empty. */
  setAt(slot: number): number {
    return this.#reference(slot * this.#slotWords) - 1;
  }

  /**
   * Slot of the entry that has the key at `position` of a table with at least as many homes, or -1. Seen from there
   * a position here covers several keys, of which the lower half tells them apart.
   */
  slotOf(position: number, lo: number, finer: SlotTable): number {
    // The division rounds: one more on either side is safe, one less would lose keys.
    const first = this.position(Math.max(0, Math.ceil(position / finer.#scale) - 1));
    const last = this.position(Math.min(2 ** 32 - 1, Math.ceil((position + 1) / finer.#scale)));
    for (let slot = first >> FRACTION_BITS; slot * this.#slotWords < this.#words.length; slot++) {
      const at = slot * this.#slotWords;
      if (this.#reference(at) === 0) {
        if (slot > last >> FRACTION_BITS) return -1;
        continue;
      }
      const here = this.#positionAt(slot);
      if (here > last) return -1;
      if (here >= first && this.#words[at] === lo) return slot;
    }
    return -1;
  }

  /** Null, or what contradicts the counts or would lead a look-up astray. `sets`: how many there are. */
  fault(sets: number): string | null {
    const words = this.#words;
    const slotWords = this.#slotWords;
    let entries = 0;
    let firstHome = 0;
    let lastPosition = -1;
    let lastLo = 0;
    for (let slot = 0, at = 0; at < words.length; slot++, at += slotWords) {
      const reference = this.#reference(at);
      if (reference === 0) {
        firstHome = slot + 1;
        continue;
      }
      if (reference < 0 || reference > sets) return 'an entry has no set of rules';
      const position = this.#positionAt(slot);
      const home = position >> FRACTION_BITS;
      // A look-up begins at the home and ends at an empty slot, so none may lie between.
      if (home < firstHome || home >= this.homes || slot - home > MAX_DISPLACEMENT) return 'an entry is out of place';
      const lo = (words[at] ?? 0) >>> 0;
      if (position < lastPosition || (position === lastPosition && lo <= lastLo)) return 'entries are out of order';
      lastPosition = position;
      lastLo = lo;
      entries++;
    }
    return entries === this.entries ? null : 'the number of entries is wrong';
  }

  #reference(at: number): number {
    return this.#slotWords === 2 ? (this.#words[at + 1] ?? 0) >>> 16 : (this.#words[at + 2] ?? 0);
  }

  /** The whole position of the key in a slot: its home is at most 2^11 - 1 slots before. */
  #positionAt(slot: number): number {
    const kept = (this.#words[slot * this.#slotWords + 1] ?? 0) & POSITION_MASK;
    const window = POSITION_MASK >> FRACTION_BITS;
    const home = slot - ((slot - (kept >> FRACTION_BITS)) & window);
    return (home << FRACTION_BITS) | (kept & ((1 << FRACTION_BITS) - 1));
  }
}

/** Changes slots in place. Every method leaves the order intact. */
export class SlotEditor {
  entries: number;
  readonly #words: Int32Array;
  readonly #slotWords: number;
  readonly #scale: number;

  constructor(words: Int32Array, slotWords: number, counts: SlotCounts) {
    this.#words = words;
    this.#slotWords = slotWords;
    this.#scale = scaleOf(counts.homes);
    this.entries = counts.entries;
  }

  /** Set of the entry with this key, or -1. */
  get(hi: number, lo: number): number {
    const slot = this.#seek(hi, lo);
    return slot.found ? this.#reference(slot.slot) - 1 : -1;
  }

  /** Adds the entry or replaces its set. False: there is no room near the key's home, and nothing was changed. */
  put(hi: number, lo: number, set: number): boolean {
    const { slot, found } = this.#seek(hi, lo);
    const position = positionOf(hi, this.#scale);
    if (found) {
      writeSlot(this.#words, slot * this.#slotWords, this.#slotWords, lo, position, set + 1);
      return true;
    }
    let free = slot;
    const slots = this.#words.length / this.#slotWords;
    for (; free < slots && this.#reference(free) !== 0; free++) {
      // Everything from here to the free slot moves one further away from its home.
      if (free + 1 - this.#homeAt(free) > MAX_DISPLACEMENT) return false;
    }
    if (free >= slots || slot - (position >> FRACTION_BITS) > MAX_DISPLACEMENT) return false;
    const w = this.#slotWords;
    this.#words.copyWithin((slot + 1) * w, slot * w, free * w);
    writeSlot(this.#words, slot * w, w, lo, position, set + 1);
    this.entries++;
    return true;
  }

  /** Takes the entry out; what lay behind it moves back towards its home. */
  delete(hi: number, lo: number): void {
    const { slot, found } = this.#seek(hi, lo);
    if (!found) return;
    const slots = this.#words.length / this.#slotWords;
    let end = slot + 1;
    while (end < slots && this.#reference(end) !== 0 && this.#homeAt(end) < end) end++;
    const w = this.#slotWords;
    this.#words.copyWithin(slot * w, (slot + 1) * w, end * w);
    this.#words.fill(0, (end - 1) * w, end * w);
    this.entries--;
  }

  /** Where the key lies or belongs. */
  #seek(hi: number, lo: number): { readonly slot: number; readonly found: boolean } {
    const position = positionOf(hi, this.#scale);
    const slots = this.#words.length / this.#slotWords;
    let slot = position >> FRACTION_BITS;
    for (; slot < slots && this.#reference(slot) !== 0; slot++) {
      const at = slot * this.#slotWords;
      const ahead = (((this.#words[at + 1] ?? 0) - position) << 16) >> 16;
      const order = ahead === 0 ? ((this.#words[at] ?? 0) >>> 0) - (lo >>> 0) : ahead;
      if (order === 0) return { slot, found: true };
      if (order > 0) break;
    }
    return { slot, found: false };
  }

  #reference(slot: number): number {
    const at = slot * this.#slotWords;
    return this.#slotWords === 2 ? (this.#words[at + 1] ?? 0) >>> 16 : (this.#words[at + 2] ?? 0);
  }

  #homeAt(slot: number): number {
    const kept = (this.#words[slot * this.#slotWords + 1] ?? 0) & POSITION_MASK;
    return slot - ((slot - (kept >> FRACTION_BITS)) & (POSITION_MASK >> FRACTION_BITS));
  }
}
