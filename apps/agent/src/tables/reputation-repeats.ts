/**
 * Keeps what a feed says over and over out of the builder, which otherwise holds every copy until it sorts them: a list
 * of two gigabytes that repeats a million names would take one gigabyte of memory.
 *
 * Asked only about entries that the census has seen of the same feed, so that a list without repetitions costs nothing.
 * An entry counts as said when its 64-bit keyed hash, with rule and kind, was seen: that is how the table knows its
 * names as well (docs/formats/table.md), so nothing is dropped here that the table would keep apart.
 */
import { KeyedHash } from '@sallyport/hosts/keyed-hash';

const FIRST_SLOTS = 1024;
/** Grows by half when it is filled to three quarters. */
const FULL = 0.75;

export class ReputationRepeats {
  readonly #hash: KeyedHash;
  /** Two words a slot; both zero: empty. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #count = 0;

  constructor(hashKey: readonly [number, number]) {
    this.#hash = new KeyedHash(...hashKey);
  }

  /** Was this asked before? `scope` keeps apart what is written alike; 0 to 2^32 - 1. Characters beyond 255 are cut. */
  isKnown(scope: number, text: string): boolean {
    const hash = this.#hash;
    hash.reset();
    for (let shift = 0; shift < 32; shift += 8) hash.absorb((scope >>> shift) & 0xff);
    for (let i = 0; i < text.length; i++) hash.absorb(text.charCodeAt(i) & 0xff);
    hash.digest();
    const hi = hash.hi >>> 0;
    // So that no entry looks like an empty slot.
    const lo = (hash.lo | 1) >>> 0;
    if (this.#count >= (this.#slots.length / 2) * FULL) this.#grow();
    return this.#put(this.#slots, hi, lo);
  }

  #put(slots: Uint32Array, hi: number, lo: number): boolean {
    const count = slots.length / 2;
    for (let slot = hi % count; ; slot = slot + 1 === count ? 0 : slot + 1) {
      if (slots[2 * slot + 1] === 0) {
        slots[2 * slot] = hi;
        slots[2 * slot + 1] = lo;
        this.#count++;
        return false;
      }
      if (slots[2 * slot] === hi && slots[2 * slot + 1] === lo) return true;
    }
  }

  #grow(): void {
    const before = this.#slots;
    const after = new Uint32Array(2 * Math.ceil((before.length / 2) * 1.5));
    this.#count = 0;
    for (let at = 0; at < before.length; at += 2) {
      const [hi = 0, lo = 0] = [before[at], before[at + 1]];
      if (lo !== 0) this.#put(after, hi, lo);
    }
    this.#slots = after;
  }
}
