/**
 * Knows which entries were seen before, for the reports: how many a feed says twice, and how many other feeds said
 * already. The table keeps every source of an entry, so it does not have to know.
 *
 * Each entry costs about nine bytes: of its 64-bit hash, 12 bits choose a shard, 36 are kept, and 12 bits name the
 * last feed that had it. At 10^7 entries two of them share all 48 bits with a chance of one in three, which would make
 * one figure of one report wrong by one.
 *
 * Easy to get wrong: the hash is not keyed and an attacker can make names collide. So nothing is dropped on its
 * word alone: of what it calls a feed's own repetition, reputation-repeats.ts makes sure.
 */

export type Sighting = 'new' | 'own' | 'other';

const SHARDS = 4096;
const FIRST_SLOTS = 64;
/** Shards grow by half when they are filled to four fifths. */
const FULL = 0.8;
/** Feeds beyond that share their number with others. */
export const MAX_FEEDS = 4095;

class Shard {
  low = new Uint32Array(FIRST_SLOTS);
  /** Feed in the low 12 bits, 1 upwards; 0 is an empty slot. Four bits of hash above. */
  high = new Uint16Array(FIRST_SLOTS);
  count = 0;

  /** `tag`: four bits in 12…15. */
  note(low: number, tag: number, feed: number): Sighting {
    if (this.count >= this.low.length * FULL) this.#grow();
    const at = this.#find(low, tag);
    const known = this.high[at] ?? 0;
    this.high[at] = tag | feed;
    if (known !== 0) return (known & 0xfff) === feed ? 'own' : 'other';
    this.low[at] = low;
    this.count++;
    return 'new';
  }

  #find(low: number, tag: number): number {
    const slots = this.low.length;
    for (let at = low % slots; ; at = at + 1 === slots ? 0 : at + 1) {
      const high = this.high[at] ?? 0;
      if (high === 0 || (this.low[at] === low && (high & 0xf000) === tag)) return at;
    }
  }

  #grow(): void {
    const { low, high } = this;
    const slots = Math.ceil(low.length * 1.5);
    this.low = new Uint32Array(slots);
    this.high = new Uint16Array(slots);
    for (let from = 0; from < low.length; from++) {
      const word = high[from] ?? 0;
      if (word === 0) continue;
      const at = this.#find(low[from] ?? 0, word & 0xf000);
      this.low[at] = low[from] ?? 0;
      this.high[at] = word;
    }
  }
}

export class ReputationCensus {
  readonly #shards: (Shard | undefined)[] = Array.from({ length: SHARDS }, () => undefined);

  /** `feed`: 1 to MAX_FEEDS. `scope` keeps apart what is written alike: a name and only what is below it. */
  text(scope: number, text: string, feed: number): Sighting {
    let a = 0x811c_9dc5 ^ scope;
    let b = 0x9747_b28c ^ Math.imul(scope, 0x85eb_ca6b);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x0100_0193);
      b = Math.imul(b ^ code, 0x5bd1_e995);
      b ^= b >>> 13;
    }
    return this.#note(a ^ text.length, b, feed);
  }

  bytes(scope: number, bytes: Uint8Array, feed: number): Sighting {
    let a = 0x811c_9dc5 ^ scope;
    let b = 0x9747_b28c ^ Math.imul(scope, 0x85eb_ca6b);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      a = Math.imul(a ^ byte, 0x0100_0193);
      b = Math.imul(b ^ byte, 0x5bd1_e995);
      b ^= b >>> 13;
    }
    return this.#note(a ^ bytes.length, b, feed);
  }

  #note(a: number, b: number, feed: number): Sighting {
    const [first, second] = [mix(a), mix(b ^ first32(a))];
    const index = second >>> 20;
    const shard = (this.#shards[index] ??= new Shard());
    return shard.note(first, (second & 0xf) << 12, feed);
  }
}

const first32 = (value: number): number => Math.imul(value, 0x9e37_79b1);

/** The finaliser of MurmurHash3, which is in the public domain: each bit of the input moves half of the output's. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
