/**
 * Networks on their way into a table: sorted, each with the set of all its rules and the next wider network around it,
 * and cut into segments of the address space, of which each knows the narrowest network that covers it. So a look-up
 * is one search among the segments, however many prefix lengths a list has.
 */
import { clearHostBits, isMapped } from './canonical.ts';
import type { EntrySets, Member } from './entry-sets.ts';
import { type AddressCounts, type AddressLayout, FAMILY_WORDS, MAX_DIRECTORY_BITS } from './format.ts';
import { TableError } from './table-error.ts';

/** The columns of one family in a file; see docs/formats/table.md. */
export interface AddressColumns {
  readonly directory: Uint32Array;
  readonly segmentStarts: Uint32Array;
  readonly segmentOwners: Uint32Array;
  readonly addresses: Uint32Array;
  readonly prefixLengths: Uint8Array;
  readonly parents: Uint32Array;
  readonly sets: Uint32Array;
}

/** A family that is still to be written. */
export interface AddressPart {
  readonly counts: AddressCounts;
  /** Fills columns that are zero. */
  readonly write: (columns: AddressColumns) => void;
}

/** The columns of a family as views on a file. */
export function addressColumns(
  bytes: Uint8Array,
  layout: AddressLayout,
  { networks, segments, directoryBits }: AddressCounts,
  family: keyof typeof FAMILY_WORDS,
): AddressColumns {
  const words = FAMILY_WORDS[family];
  const column = (at: number, length: number): Uint32Array =>
    new Uint32Array(bytes.buffer, bytes.byteOffset + at, length);
  return {
    directory: column(layout.directory, 2 ** directoryBits + 1),
    segmentStarts: column(layout.segmentStarts, segments * words),
    segmentOwners: column(layout.segmentOwners, segments),
    addresses: column(layout.addresses, networks * words),
    prefixLengths: new Uint8Array(bytes.buffer, bytes.byteOffset + layout.prefixLengths, networks),
    parents: column(layout.parents, networks),
    sets: column(layout.sets, networks),
  };
}

/** Networks of both families as they are collected. */
export class Networks {
  readonly #v4 = new Family(FAMILY_WORDS.v4);
  readonly #v6 = new Family(FAMILY_WORDS.v6);

  /** `bytes`: 4 or 16; bits after the prefix are ignored. An IPv4-mapped network is an IPv4 one. */
  add(bytes: Uint8Array, prefixLength: number, member: Member): void {
    const network = canonicalNetwork(bytes, prefixLength);
    (network.bytes.length === 4 ? this.#v4 : this.#v6).push(network.bytes, network.prefixLength, member);
  }

  settle(family: 4 | 6, sets: EntrySets): AddressPart {
    return (family === 4 ? this.#v4 : this.#v6).settle(sets);
  }
}

/** A copy with the bits behind the prefix cleared and IPv4-mapped folded. Throws TableError. */
export function canonicalNetwork(
  bytes: Uint8Array,
  prefixLength: number,
): { readonly bytes: Uint8Array; readonly prefixLength: number } {
  if (bytes.length !== 4 && bytes.length !== 16) throw new TableError('bad-address', `${bytes.length} bytes`);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bytes.length * 8) {
    throw new TableError('bad-prefix-length', String(prefixLength));
  }
  const isFolded = prefixLength >= 96 && isMapped(bytes);
  const network = {
    bytes: isFolded ? bytes.slice(12) : bytes.slice(),
    prefixLength: prefixLength - (isFolded ? 96 : 0),
  };
  clearHostBits(network.bytes, network.prefixLength);
  return network;
}

class Family {
  readonly #words: number;
  /** Address words, prefix length, member. */
  #records: Uint32Array<ArrayBuffer>;
  #count = 0;

  constructor(words: number) {
    this.#words = words;
    this.#records = new Uint32Array(64 * (words + 2));
  }

  push(network: Uint8Array, prefixLength: number, member: Member): void {
    const width = this.#words + 2;
    let at = this.#count * width;
    if (at === this.#records.length) {
      this.#records = new Uint32Array(this.#records.buffer.transfer(Math.ceil(this.#count * 1.5) * width * 4));
    }
    const view = new DataView(network.buffer, network.byteOffset);
    for (let word = 0; word < this.#words; word++) this.#records[at++] = view.getUint32(word * 4);
    this.#records[at++] = prefixLength;
    this.#records[at] = member;
    this.#count++;
  }

  settle(sets: EntrySets): AddressPart {
    const words = this.#words;
    const width = words + 2;
    const records = this.#records;
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < order.length; i++) order[i] = i * width;
    // A wider network lies before the narrower ones in it, so the column of parents points backwards.
    order.sort((a, b) => {
      for (let i = 0; i < width; i++) {
        const difference = (records[a + i] ?? 0) - (records[b + i] ?? 0);
        if (difference !== 0) return difference;
      }
      return 0;
    });

    const networks: number[] = [];
    const networkSets: number[] = [];
    for (let i = 0; i < order.length;) {
      const at = order[i] ?? 0;
      const members: Member[] = [];
      for (; i < order.length && isSameNetwork(records, at, order[i] ?? 0, words); i++) {
        members.push(records[(order[i] ?? 0) + words + 1] ?? 0);
      }
      networks.push(at);
      networkSets.push(sets.intern(members));
    }
    const sorted: SortedNetworks = { words, records, networks };
    const { starts, owners, parents } = cut(sorted);
    const directoryBits = Math.min(MAX_DIRECTORY_BITS, Math.ceil(Math.log2(networks.length + 1)));
    return {
      counts: { networks: networks.length, segments: owners.length, directoryBits },
      write: (columns) => {
        columns.segmentStarts.set(starts);
        columns.segmentOwners.set(owners);
        columns.parents.set(parents);
        columns.sets.set(networkSets);
        for (const [i, at] of networks.entries()) {
          columns.addresses.set(records.subarray(at, at + words), i * words);
          columns.prefixLengths[i] = records[at + words] ?? 0;
        }
        writeDirectory(columns, words, directoryBits);
      },
    };
  }
}

function isSameNetwork(records: Uint32Array, a: number, b: number, words: number): boolean {
  for (let i = 0; i <= words; i++) if (records[a + i] !== records[b + i]) return false;
  return true;
}

interface SortedNetworks {
  readonly words: number;
  readonly records: Uint32Array;
  /** Where each network's record begins, in order of address, wider first. */
  readonly networks: readonly number[];
}

/** Networks are numbered from 1 in `owners` and `parents`; 0 is none. */
function cut({ words, records, networks }: SortedNetworks): {
  readonly starts: readonly number[];
  readonly owners: readonly number[];
  readonly parents: readonly number[];
} {
  const starts: number[] = [];
  const owners: number[] = [];
  const parents: number[] = [];
  /** Numbers of the networks around the present place, widest first. */
  const open: number[] = [];
  const begin = (start: ArrayLike<number>, owner: number): void => {
    const isHere = owners.length > 0 && compare(starts, (owners.length - 1) * words, start, 0, words) === 0;
    if (isHere) owners[owners.length - 1] = owner;
    else {
      for (let i = 0; i < words; i++) starts.push(start[i] ?? 0);
      owners.push(owner);
    }
  };
  const close = (): void => {
    const at = networks[(open.pop() ?? 0) - 1] ?? 0;
    const behind = addressBehind(records, at, words);
    if (behind !== null) begin(behind, open.at(-1) ?? 0);
  };
  begin(new Uint32Array(words), 0);
  for (const [i, at] of networks.entries()) {
    while (open.length > 0 && !covers(records, networks[(open.at(-1) ?? 0) - 1] ?? 0, at, words)) close();
    parents.push(open.at(-1) ?? 0);
    open.push(i + 1);
    begin(records.subarray(at, at + words), i + 1);
  }
  while (open.length > 0) close();
  return { starts, owners, parents };
}

function compare(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number, words: number): number {
  for (let i = 0; i < words; i++) {
    const difference = (a[atA + i] ?? 0) - (b[atB + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether the network at `outer` holds the address at `inner`. */
function covers(records: Uint32Array, outer: number, inner: number, words: number): boolean {
  const bits = records[outer + words] ?? 0;
  for (let i = 0; i < words && i * 32 < bits; i++) {
    const mask = bits - i * 32 >= 32 ? 0xffffffff : (-1 << (32 - (bits - i * 32))) >>> 0;
    if ((((records[outer + i] ?? 0) ^ (records[inner + i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** The first address behind a network, or null where the address space ends. */
function addressBehind(records: Uint32Array, at: number, words: number): Uint32Array | null {
  const bits = records[at + words] ?? 0;
  if (bits === 0) return null;
  const address = records.slice(at, at + words);
  // One more in the last bit of the prefix, carried.
  let step = 2 ** (31 - ((bits - 1) % 32));
  for (let word = Math.floor((bits - 1) / 32); word >= 0; word--) {
    const sum = (address[word] ?? 0) + step;
    address[word] = sum;
    if (sum < 2 ** 32) return address;
    step = 1;
  }
  return null;
}

/** For the top bits of an address: how many segments begin before the first address with those bits. */
function writeDirectory(
  { directory, segmentStarts, segmentOwners }: AddressColumns,
  words: number,
  bits: number,
): void {
  let segment = 0;
  for (let slot = 0; slot < directory.length - 1; slot++) {
    const first = bits === 0 ? 0 : slot * 2 ** (32 - bits);
    while (segment < segmentOwners.length && isBefore(segmentStarts, segment * words, first, words)) segment++;
    directory[slot] = segment;
  }
  directory[directory.length - 1] = segmentOwners.length;
}

/** Whether an address is below `first`, the upper word of an address that is zero behind. */
const isBefore = (starts: Uint32Array, at: number, first: number, words: number): boolean =>
  compare(starts, at, [first, 0, 0, 0], 0, words) < 0;
