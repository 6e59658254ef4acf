/** Networks as they lie in a file: by prefix length, longest first, each length sorted by address. */

export class AddressSection {
  /** Prefix length of a single address: 32 or 128. */
  readonly longest: number;
  /** Entries of that length. */
  readonly single: number;

  readonly #words: number;
  readonly #directory: Uint32Array;
  readonly #addresses: Uint32Array;
  readonly #sets: Uint32Array;
  readonly #asked: Uint32Array;
  /** Slots of the directory that hold anything. */
  readonly #lengths: Uint8Array;

  constructor(directory: Uint32Array, addresses: Uint32Array, sets: Uint32Array) {
    this.longest = directory.length - 2;
    this.#words = this.longest / 32;
    this.single = directory[1] ?? 0;
    this.#directory = directory;
    this.#addresses = addresses;
    this.#sets = sets;
    this.#asked = new Uint32Array(this.#words);
    this.#lengths = Uint8Array.from(
      Array.from({ length: this.longest + 1 }, (_, slot) => slot).filter(
        (slot) => directory[slot + 1] !== directory[slot],
      ),
    );
  }

  get entries(): number {
    return this.#sets.length;
  }

  /** Sets the address that `find` looks for. */
  ask(bytes: Uint8Array, offset: number): void {
    for (let word = 0; word < this.#words; word++) {
      const at = offset + word * 4;
      const upper = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      this.#asked[word] = upper | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    }
  }

  /** How many prefix lengths there are to ask `find` about. */
  get lengths(): number {
    return this.#lengths.length;
  }

  /** In bits; `turn` counts from 0, longest first. */
  prefixLength(turn: number): number {
    return this.longest - (this.#lengths[turn] ?? 0);
  }

  /** Set of the network of that prefix length around the asked address, or -1. */
  find(turn: number): number {
    const slot = this.#lengths[turn] ?? 0;
    const length = this.longest - slot;
    let low = this.#directory[slot] ?? 0;
    const end = this.#directory[slot + 1] ?? 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, length) < 0) low = middle + 1;
      else high = middle;
    }
    return low < end && this.#compare(low, length) === 0 ? (this.#sets[low] ?? 0) : -1;
  }

  /** `address`: 4 or 16 bytes. */
  forEach(visit: (address: Uint8Array, prefixLength: number, set: number) => void): void {
    for (const slot of this.#lengths) {
      for (let i = this.#directory[slot] ?? 0; i < (this.#directory[slot + 1] ?? 0); i++) {
        const address = new Uint8Array(this.#words * 4);
        const view = new DataView(address.buffer);
        for (let word = 0; word < this.#words; word++) {
          view.setUint32(word * 4, this.#addresses[i * this.#words + word] ?? 0);
        }
        visit(address, this.longest - slot, this.#sets[i] ?? 0);
      }
    }
  }

  /** Null, or what contradicts the counts. `sets`: how many there are. */
  fault(sets: number): string | null {
    let before = 0;
    for (const start of this.#directory) {
      if (start < before || start > this.#sets.length) return 'prefix lengths out of order';
      before = start;
    }
    if (this.#directory[0] !== 0 || before !== this.#sets.length) return 'prefix lengths do not cover the networks';
    return this.#sets.every((set) => set < sets) ? null : 'a network has no set of rules';
  }

  /** The entry against the asked address, both cut to the prefix: negative, zero or positive. */
  #compare(entry: number, length: number): number {
    for (let word = 0; word < this.#words; word++) {
      const bits = length - word * 32;
      if (bits <= 0) return 0;
      const asked = this.#asked[word] ?? 0;
      const cut = bits >= 32 ? asked : (asked & (-1 << (32 - bits))) >>> 0;
      const order = (this.#addresses[entry * this.#words + word] ?? 0) - cut;
      if (order !== 0) return order;
    }
    return 0;
  }
}
