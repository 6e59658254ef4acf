/**
 * Hashed keys on their way into a table: three words each (upper half, lower half, member), sorted where they lie.
 *
 * Easy to get wrong: `settle` works in place and moves the distinct keys to the front, so it can run once.
 */
import type { EntrySets, Member } from './entry-sets.ts';
import type { SlotCounts } from './format.ts';
import { homesFor, MAX_HOMES, positionOf, scaleOf, slotsNeeded, type SortedKeys } from './slots.ts';
import { TableError } from './table-error.ts';

/** Distinct keys, and where they are to lie. */
export interface SettledKeys {
  readonly counts: SlotCounts;
  readonly keys: SortedKeys;
}

const WORDS = 3;
/** Records in a bucket of the first pass, on average. */
const BUCKET_SIZE = 8;
/** Longer runs are many records of one key, where insertion sort would be quadratic. */
const INSERTION_SORT_LIMIT = 64;
/** What records of one run are ordered by first; see `#compare`. */
const BY_HI = 0;
const BY_LO = 1;

export class HashedKeys {
  #records = new Uint32Array(1024 * WORDS);
  #count = 0;

  push(hi: number, lo: number, member: Member): void {
    let at = this.#count * WORDS;
    if (at === this.#records.length) this.#grow();
    this.#records[at++] = hi;
    this.#records[at++] = lo;
    this.#records[at] = member;
    this.#count++;
  }

  /** Sorts, finds room for the distinct keys, and gives each the set of its members. Throws TableError `too-large`. */
  settle(sets: EntrySets): SettledKeys {
    this.#sortByHash();
    const distinct = this.#dropRepeated();
    let homes = homesFor(distinct);
    for (;;) {
      if (homes > MAX_HOMES) {
        throw new TableError('too-large', `${distinct} keys find no room in ${MAX_HOMES} places`);
      }
      // Positions are told apart less finely than hashes: the number of homes decides what is one key, so keys are
      // merged only when it is settled.
      const scale = scaleOf(homes);
      this.#sortByPosition(scale);
      const slots = slotsNeeded(this.#sortedKeys(scale), homes);
      if (slots !== null) {
        this.#merge(scale, sets);
        return { counts: { homes, slots, entries: this.#count }, keys: this.#sortedKeys(scale) };
      }
      homes = Math.ceil(homes * 1.1);
      this.#sortByHash();
    }
  }

  #sortedKeys(scale: number): SortedKeys {
    const records = this.#records;
    return {
      count: this.#count,
      position: (i) => positionOf(records[i * WORDS] ?? 0, scale),
      lo: (i) => records[i * WORDS + 1] ?? 0,
      set: (i) => records[i * WORDS + 2] ?? 0,
    };
  }

  #grow(): void {
    // What is grown is written with zeros, so slack is memory: a tenth of many, half of a few.
    const words = Math.ceil(this.#count * (this.#count > 1_000_000 ? 1.1 : 1.5)) * WORDS;
    // transfer() lets the allocator move pages instead of copying them.
    this.#records = new Uint32Array(this.#records.buffer.transfer(words * 4));
  }

  /** One pass that puts every record into its bucket, by cycles; then insertion sort within each. */
  #sortByHash(): void {
    const records = this.#records;
    const bits = Math.max(0, Math.ceil(Math.log2(this.#count / BUCKET_SIZE)));
    if (bits > 0) {
      const shift = 32 - bits;
      const ends = new Uint32Array(2 ** bits);
      for (let i = 0; i < this.#count; i++) {
        const bucket = (records[i * WORDS] ?? 0) >>> shift;
        ends[bucket] = (ends[bucket] ?? 0) + 1;
      }
      const next = new Uint32Array(ends.length);
      for (let bucket = 1; bucket < ends.length; bucket++) {
        next[bucket] = ends[bucket - 1] ?? 0;
        ends[bucket] = (ends[bucket] ?? 0) + (next[bucket] ?? 0);
      }
      for (let bucket = 0; bucket < ends.length; bucket++) {
        const end = ends[bucket] ?? 0;
        for (let i = next[bucket] ?? 0; i < end; i = next[bucket] ?? 0) {
          const at = i * WORDS;
          const home = (records[at] ?? 0) >>> shift;
          const to = next[home] ?? 0;
          next[home] = to + 1;
          if (home !== bucket) swap(records, at, to * WORDS);
        }
      }
      let start = 0;
      for (const end of ends) {
        this.#sortRun(start, end);
        start = end;
      }
    } else this.#sortRun(0, this.#count);
  }

  #sortRun(start: number, end: number): void {
    const records = this.#records;
    if (end - start > INSERTION_SORT_LIMIT) {
      this.#heapSort(start, end, BY_HI);
      return;
    }
    for (let i = start + 1; i < end; i++) {
      const hi = records[i * WORDS] ?? 0;
      const lo = records[i * WORDS + 1] ?? 0;
      const member = records[i * WORDS + 2] ?? 0;
      let at = i * WORDS;
      for (; at > start * WORDS; at -= WORDS) {
        const before = (records[at - WORDS] ?? 0) - hi || (records[at - WORDS + 1] ?? 0) - lo;
        if (before < 0 || (before === 0 && (records[at - WORDS + 2] ?? 0) <= member)) break;
        records[at] = records[at - WORDS] ?? 0;
        records[at + 1] = records[at - WORDS + 1] ?? 0;
        records[at + 2] = records[at - WORDS + 2] ?? 0;
      }
      records[at] = hi;
      records[at + 1] = lo;
      records[at + 2] = member;
    }
  }

  /** In place, and never quadratic, whatever a feed repeats. */
  #heapSort(start: number, end: number, by: typeof BY_HI | typeof BY_LO): void {
    const records = this.#records;
    const sink = (from: number, size: number): void => {
      for (let parent = from; ;) {
        let child = 2 * parent + 1;
        if (child >= size) return;
        if (child + 1 < size && this.#compare(start + child, start + child + 1, by) < 0) child++;
        if (this.#compare(start + parent, start + child, by) >= 0) return;
        swap(records, (start + parent) * WORDS, (start + child) * WORDS);
        parent = child;
      }
    };
    for (let parent = ((end - start) >> 1) - 1; parent >= 0; parent--) sink(parent, end - start);
    for (let size = end - start - 1; size > 0; size--) {
      swap(records, start * WORDS, (start + size) * WORDS);
      sink(0, size);
    }
  }

  /** By one half of the hash, then the other, then the member, so that equal records are the same. */
  #compare(a: number, b: number, by: typeof BY_HI | typeof BY_LO): number {
    const records = this.#records;
    const first = by;
    const second = 1 - by;
    return (
      (records[a * WORDS + first] ?? 0) - (records[b * WORDS + first] ?? 0) ||
      (records[a * WORDS + second] ?? 0) - (records[b * WORDS + second] ?? 0) ||
      (records[a * WORDS + 2] ?? 0) - (records[b * WORDS + 2] ?? 0)
    );
  }

  /** Leaves one of equal records, which are neighbours, and returns how many different hashes there are. */
  #dropRepeated(): number {
    const records = this.#records;
    let kept = 0;
    let distinct = 0;
    for (let i = 0; i < this.#count; i++) {
      const at = i * WORDS;
      const last = (kept - 1) * WORDS;
      const isSame = kept > 0 && records[at] === records[last] && records[at + 1] === records[last + 1];
      if (!isSame) distinct++;
      else if (records[at + 2] === records[last + 2]) continue;
      if (kept !== i) records.copyWithin(kept * WORDS, at, at + WORDS);
      kept++;
    }
    this.#count = kept;
    return distinct;
  }

  /** Records in order of hash that share a position are ordered by the lower half. They are neighbours. */
  #sortByPosition(scale: number): void {
    const records = this.#records;
    for (let i = 0; i < this.#count;) {
      const hi = records[i * WORDS];
      const position = positionOf(hi ?? 0, scale);
      let isOneKey = true;
      let end = i + 1;
      for (; end < this.#count && positionOf(records[end * WORDS] ?? 0, scale) === position; end++) {
        isOneKey &&= records[end * WORDS] === hi;
      }
      if (!isOneKey) this.#heapSort(i, end, BY_LO);
      i = end;
    }
  }

  /** Moves one record per key to the front, with its set in place of the member, and drops the rest. */
  #merge(scale: number, sets: EntrySets): void {
    const records = this.#records;
    let entries = 0;
    for (let i = 0; i < this.#count;) {
      const at = i * WORDS;
      const position = positionOf(records[at] ?? 0, scale);
      const lo = records[at + 1] ?? 0;
      let end = i + 1;
      while (
        end < this.#count &&
        records[end * WORDS + 1] === lo &&
        positionOf(records[end * WORDS] ?? 0, scale) === position
      )
        end++;
      const set = end === i + 1 ? sets.single(records[at + 2] ?? 0) : sets.intern(this.#members(i, end));
      records[entries * WORDS] = records[at] ?? 0;
      records[entries * WORDS + 1] = lo;
      records[entries * WORDS + 2] = set;
      entries++;
      i = end;
    }
    this.#count = entries;
  }

  #members(start: number, end: number): Member[] {
    const members: Member[] = [];
    for (let i = start; i < end; i++) members.push(this.#records[i * WORDS + 2] ?? 0);
    return members;
  }
}

function swap(records: Uint32Array, a: number, b: number): void {
  for (let i = 0; i < WORDS; i++) {
    const word = records[a + i] ?? 0;
    records[a + i] = records[b + i] ?? 0;
    records[b + i] = word;
  }
}
