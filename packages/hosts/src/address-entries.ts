/**
 * Networks on their way into a table: collected, sorted, one entry per network with the set of all its rules.
 */
import { clearHostBits, isMapped } from './canonical.ts';
import type { EntrySets, Member } from './entry-sets.ts';
import { TableError } from './table-error.ts';

/** `hi lo` of the words of an address, in network order; an IPv4 address has one. */
export interface AddressEntry {
  readonly words: readonly number[];
  readonly prefixLength: number;
  members: Member[];
}

export class AddressEntries {
  readonly #v4 = new Map<string, AddressEntry>();
  readonly #v6 = new Map<string, AddressEntry>();

  get count(): number {
    return this.#v4.size + this.#v6.size;
  }

  /**
   * `bytes`: 4 or 16; bits after the prefix are ignored. An IPv4-mapped network is an IPv4 one. True: the network is
   * new here.
   */
  add(bytes: Uint8Array, prefixLength: number, member: Member): boolean {
    const { words, bits } = fold(bytes, prefixLength);
    const map = words.length === 1 ? this.#v4 : this.#v6;
    const key = `${words.join(' ')}/${bits}`;
    const known = map.get(key);
    if (known === undefined) map.set(key, { words, prefixLength: bits, members: [member] });
    else known.members.push(member);
    return known === undefined;
  }

  remove(bytes: Uint8Array, prefixLength: number, member: Member): void {
    const { words, bits } = fold(bytes, prefixLength);
    const map = words.length === 1 ? this.#v4 : this.#v6;
    const key = `${words.join(' ')}/${bits}`;
    const known = map.get(key);
    if (known === undefined) return;
    known.members = known.members.filter((other) => other !== member);
    if (known.members.length === 0) map.delete(key);
  }

  sorted(family: 4 | 6): readonly AddressEntry[] {
    const entries = [...(family === 4 ? this.#v4 : this.#v6).values()];
    return entries.sort((a, b) => {
      let order = b.prefixLength - a.prefixLength;
      for (let i = 0; i < a.words.length && order === 0; i++) order = (a.words[i] ?? 0) - (b.words[i] ?? 0);
      return order;
    });
  }
}

function fold(bytes: Uint8Array, prefixLength: number): { readonly words: number[]; readonly bits: number } {
  if (bytes.length !== 4 && bytes.length !== 16) throw new TableError('bad-address', `${bytes.length} bytes`);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bytes.length * 8) {
    throw new TableError('bad-prefix-length', String(prefixLength));
  }
  const folded = prefixLength >= 96 && isMapped(bytes);
  const network = folded ? bytes.slice(12) : bytes.slice();
  const bits = folded ? prefixLength - 96 : prefixLength;
  clearHostBits(network, bits);
  const words: number[] = [];
  for (let i = 0; i < network.length; i += 4) {
    const upper = ((network[i] ?? 0) << 24) | ((network[i + 1] ?? 0) << 16);
    words.push((upper | ((network[i + 2] ?? 0) << 8) | (network[i + 3] ?? 0)) >>> 0);
  }
  return { words, bits };
}

/** Entries whose sets are known. */
export interface SettledAddresses {
  readonly entries: readonly AddressEntry[];
  readonly sets: Uint32Array;
}

/** Interns the sets of `entries`, in their order. */
export function settleAddresses(entries: readonly AddressEntry[], sets: EntrySets): SettledAddresses {
  return { entries, sets: Uint32Array.from(entries, ({ members }) => sets.intern(members)) };
}

/** Writes directory, networks and sets as they stand in a file. */
export function writeAddresses(
  { entries, sets }: SettledAddresses,
  directory: Uint32Array,
  addresses: Uint32Array,
  toSets: Uint32Array,
): void {
  const longest = directory.length - 2;
  for (const [i, entry] of entries.entries()) {
    const slot = longest - entry.prefixLength + 1;
    directory[slot] = (directory[slot] ?? 0) + 1;
    addresses.set(entry.words, i * entry.words.length);
  }
  for (let i = 1; i < directory.length; i++) directory[i] = (directory[i] ?? 0) + (directory[i - 1] ?? 0);
  toSets.set(sets);
}
