/**
 * The names in the first header block of an HTTP/2 connection (RFC 7541).
 *
 * Only the first block: its dynamic table starts empty, so nothing that came before is needed. Entries that the block adds
 * itself count, for a later field may refer to them. Evictions do not: a reference to an evicted entry is an error that
 * the server reports.
 */
import { equalsIgnoreCase } from '../http/characters.ts';
import { decodeHuffman } from './huffman.ts';

/** `:authority` has index 1 in the static table, `host` 38; the dynamic table starts at 62 with the newest entry. */
const STATIC_AUTHORITY = 1;
const STATIC_HOST = 38;
const FIRST_DYNAMIC = 62;
const MAX_FIELDS = 256;

const OTHER = new Uint8Array(0);

interface Field {
  readonly names: boolean;
  readonly value: Uint8Array;
}

/** Values of `:authority` and `host` in the order of the block; null if the block is malformed. Views or decoded copies. */
export function authoritiesOf(block: Uint8Array): Uint8Array[] | null {
  const reader = new BlockReader(block);
  const found: Uint8Array[] = [];
  const dynamic: Field[] = [];
  for (let fields = 0; !reader.atEnd; fields++) {
    if (fields === MAX_FIELDS) return null;
    const first = reader.peek();
    if ((first & 0xe0) === 0x20) {
      // Dynamic table size update: no field.
      reader.integer(5);
    } else if (first >= 0x80) {
      // A whole entry of a table. The static ones of both names have an empty value.
      const index = reader.integer(7);
      const entry = index < FIRST_DYNAMIC ? undefined : dynamic[dynamic.length - 1 - (index - FIRST_DYNAMIC)];
      if (index === 0 || (index >= FIRST_DYNAMIC && entry === undefined)) return null;
      if (entry?.names === true) found.push(entry.value);
    } else {
      const indexed = first >= 0x40;
      const index = reader.integer(indexed ? 6 : 4);
      const names = index === 0 ? isAuthorityName(reader.string(true)) : namesAuthority(index, dynamic);
      const value = reader.string(names);
      if (names) found.push(value);
      if (indexed) dynamic.push({ names, value });
    }
    if (reader.failed) return null;
  }
  return found;
}

const isAuthorityName = (name: Uint8Array): boolean =>
  equalsIgnoreCase(name, 0, name.length, ':authority') || equalsIgnoreCase(name, 0, name.length, 'host');

function namesAuthority(index: number, dynamic: readonly Field[]): boolean {
  if (index < FIRST_DYNAMIC) return index === STATIC_AUTHORITY || index === STATIC_HOST;
  return dynamic[dynamic.length - 1 - (index - FIRST_DYNAMIC)]?.names === true;
}

/** Integers and strings of RFC 7541 section 5. After `failed` the values mean nothing. */
class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.peek() & mask;
    this.#at++;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.atEnd) break;
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  /** Decoded only when `wanted`: most strings of a block are none of ours. */
  string(wanted: boolean): Uint8Array {
    const huffman = this.peek() >= 0x80;
    if (this.atEnd) this.failed = true;
    const length = this.integer(7);
    const end = this.#at + length;
    if (this.failed || end > this.#bytes.length) {
      this.failed = true;
      return OTHER;
    }
    const raw = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    if (!wanted || !huffman) return raw;
    const text = decodeHuffman(raw);
    if (text === null) this.failed = true;
    return text ?? OTHER;
  }
}
