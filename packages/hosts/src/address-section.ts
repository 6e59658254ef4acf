/**
 * Networks as they lie in a file: segments of the address space in order, each with the narrowest network that covers
 * it, and for each network the next wider one. Networks are numbered from 1; 0 is none.
 */
import type { AddressColumns } from './networks.ts';

export class AddressSection {
  /** Prefix length of a single address: 32 or 128. */
  readonly longest: number;
  readonly networks: number;
  readonly #words: number;
  readonly #columns: AddressColumns;
  readonly #shift: number;
  readonly #asked: Uint32Array;

  constructor(columns: AddressColumns, words: number, directoryBits: number) {
    this.longest = words * 32;
    this.networks = columns.sets.length;
    this.#words = words;
    this.#columns = columns;
    this.#shift = 32 - directoryBits;
    this.#asked = new Uint32Array(words);
  }

  /** How many networks are single addresses. */
  get single(): number {
    let count = 0;
    for (const length of this.#columns.prefixLengths) if (length === this.longest) count++;
    return count;
  }

  /** The narrowest network around the address at `bytes[offset]`, or 0. */
  find(bytes: Uint8Array, offset: number): number {
    for (let word = 0; word < this.#words; word++) {
      const at = offset + word * 4;
      const upper = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      this.#asked[word] = upper | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    }
    const { directory, segmentOwners } = this.#columns;
    // A shift by 32 is a shift by 0 in this language.
    const slot = this.#shift === 32 ? 0 : (this.#asked[0] ?? 0) >>> this.#shift;
    // The last segment that begins at or before the address; the one before the directory's first may reach into it.
    let low = directory[slot] ?? 0;
    let high = directory[slot + 1] ?? 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBehind(middle)) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? 0 : (segmentOwners[low - 1] ?? 0);
  }

  /** The next wider network around a network, or 0. */
  parent(network: number): number {
    return this.#columns.parents[network - 1] ?? 0;
  }

  set(network: number): number {
    return this.#columns.sets[network - 1] ?? 0;
  }

  prefixLength(network: number): number {
    return this.#columns.prefixLengths[network - 1] ?? 0;
  }

  /** Below zero when a network here comes before one of another section: by address, then the wider first. */
  order(network: number, other: AddressSection, otherNetwork: number): number {
    for (let word = 0; word < this.#words; word++) {
      const here = this.#columns.addresses[(network - 1) * this.#words + word] ?? 0;
      const there = other.#columns.addresses[(otherNetwork - 1) * this.#words + word] ?? 0;
      if (here !== there) return here - there;
    }
    return this.prefixLength(network) - other.prefixLength(otherNetwork);
  }

  /** `address`: 4 or 16 bytes. */
  forEach(visit: (address: Uint8Array, prefixLength: number, set: number) => void): void {
    for (let network = 1; network <= this.networks; network++) {
      const address = new Uint8Array(this.#words * 4);
      const view = new DataView(address.buffer);
      for (let word = 0; word < this.#words; word++) {
        view.setUint32(word * 4, this.#columns.addresses[(network - 1) * this.#words + word] ?? 0);
      }
      visit(address, this.prefixLength(network), this.set(network));
    }
  }

  /** Null, or what contradicts the counts. `sets`: how many there are. */
  fault(sets: number): string | null {
    const { directory, segmentOwners, prefixLengths, parents } = this.#columns;
    let before = 0;
    for (const segment of directory) {
      if (segment < before || segment > segmentOwners.length) return 'segments out of order';
      before = segment;
    }
    for (const owner of segmentOwners) if (owner > this.networks) return 'a segment has no network';
    for (let i = 0; i < this.networks; i++) {
      if ((prefixLengths[i] ?? 0) > this.longest) return 'a network is narrower than an address';
      if (i > 0 && this.order(i, this, i + 1) >= 0) return 'networks are out of order';
      const parent = parents[i] ?? 0;
      // Wider each time, so that a walk from parent to parent ends, and soon.
      if (parent > i) return 'a network lies in a later one';
      if (parent > 0 && this.prefixLength(parent) >= this.prefixLength(i + 1))
        return 'a network lies in a narrower one';
      if ((this.#columns.sets[i] ?? 0) >= sets) return 'a network has no set of rules';
    }
    return null;
  }

  /** Whether a segment begins behind the asked address. */
  #isBehind(segment: number): boolean {
    const { segmentStarts } = this.#columns;
    for (let word = 0; word < this.#words; word++) {
      const start = segmentStarts[segment * this.#words + word] ?? 0;
      const asked = this.#asked[word] ?? 0;
      if (start !== asked) return start > asked;
    }
    return false;
  }
}
