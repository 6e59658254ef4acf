/**
 * The keys that entries are stored under: hashes of a name, or of a host with a path. Builder and editor make them
 * from text here; the table makes the same from the bytes of a packet.
 */
import { MAX_NAME_BYTES, readIp } from './canonical.ts';
import { KeyedHash } from './keyed-hash.ts';
import { TableError } from './table-error.ts';
import { MAX_PATH_BYTES, normalizePath } from './url-path.ts';

/** Names of more labels share the last bit of the mask. */
export const LAST_LABEL_BIT = 31;
/** What an address is fed behind as the host of a URL; no name contains it. */
export const ADDRESS_MARK = 1;

const DOT = 0x2e;
const SLASH = 0x2f;

export class EntryKeys {
  /** The latest key. */
  hi = 0;
  lo = 0;
  /** Bit n: a name of n labels was seen (see LAST_LABEL_BIT). */
  labelMask = 0;

  readonly #hash: KeyedHash;
  readonly #name = new Uint8Array(256);
  readonly #address = new Uint8Array(16);
  readonly #path = new Uint8Array(MAX_PATH_BYTES);

  constructor(key: readonly [number, number]) {
    this.#hash = new KeyedHash(...key);
  }

  /** `name` as `canonicalHost` returns it. Throws TableError `bad-name`. */
  host(name: string): void {
    this.labelMask |= 1 << Math.min(this.#absorbName(name), LAST_LABEL_BIT);
    this.#digest();
  }

  /** `host` is a canonical name or the text of an address. Throws TableError `bad-name`, `path-too-long`. */
  url(host: string, path: string): void {
    this.#absorbUrlHost(host);
    const raw = Buffer.from(path.startsWith('/') ? path : `/${path}`);
    if (raw.length >= MAX_PATH_BYTES) throw new TableError('path-too-long', `${raw.length} bytes`);
    let length = normalizePath(raw, this.#path);
    // `/block/` means what is under `/block`; the walk asks for the prefix without the slash.
    if (this.#path[length - 1] === SLASH) length--;
    for (let i = 0; i < length; i++) this.#hash.absorb(this.#path[i] ?? 0);
    this.#digest();
  }

  #digest(): void {
    this.#hash.digest();
    this.hi = this.#hash.hi;
    this.lo = this.#hash.lo;
  }

  /** Absorbs the name from its end and returns how many labels it has. */
  #absorbName(name: string): number {
    let labels = 1;
    this.#hash.reset();
    for (let i = name.length - 1; i >= 0; i--) {
      const code = name.charCodeAt(i);
      if (code <= 0x20 || code > 0x7e || (code >= 0x41 && code <= 0x5a)) throw new TableError('bad-name', name);
      if (code === DOT) labels++;
      this.#hash.absorb(code);
    }
    if (name.length === 0 || name.length > MAX_NAME_BYTES || name.endsWith('.')) throw new TableError('bad-name', name);
    return labels;
  }

  #absorbUrlHost(host: string): void {
    const text = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
    if (text.length > this.#name.length) throw new TableError('bad-name', host);
    for (let i = 0; i < text.length; i++) this.#name[i] = text.charCodeAt(i);
    const address = readIp(this.#name, 0, text.length, this.#address);
    if (address === 0) {
      this.#absorbName(text);
      return;
    }
    this.#hash.reset();
    this.#hash.absorb(ADDRESS_MARK);
    for (let i = 0; i < address; i++) this.#hash.absorb(this.#address[i] ?? 0);
  }
}
