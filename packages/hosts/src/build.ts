/**
 * Builds table files. Keys are hashed as they come and kept in growing typed arrays, never as strings, so that a
 * million names cost about twelve megabytes while building.
 *
 * Easy to get wrong: a second entry on the same key is dropped only when the winner covers everything it covers and
 * lives at least as long. Otherwise an allow that expires tomorrow would take a lasting block with it.
 */
import { crc32 } from 'node:zlib';

import { clearHostBits, isMapped, readIp } from './canonical.ts';
import {
  CHECKSUM_START,
  FORMAT_VERSION,
  HASH_ID,
  HEADER_WORDS,
  KIND,
  KIND_BITS,
  MAGIC,
  MAX_BUCKET_BITS,
  V4_DIRECTORY_WORDS,
  V6_DIRECTORY_WORDS,
  WORD,
  hiBytes,
  layoutOf,
  type EntryKind,
  type HashedLayout,
} from './format.ts';
import { KeyedHash } from './keyed-hash.ts';
import { ACTIONS, RESPONSE_CATEGORIES, SEVERITIES, SOURCES, precedenceOf, type Rule } from './rule.ts';
import { MAX_PATH_BYTES, normalizePath } from './url-path.ts';

export type { EntryKind } from './format.ts';

/** An entry or rule that the caller should have refused before; `code` says which. */
export class TableBuildError extends Error {
  override readonly name = 'TableBuildError';
  readonly code: 'bad-rule-index' | 'bad-name' | 'bad-address' | 'bad-prefix-length' | 'path-too-long' | 'too-large';

  constructor(code: TableBuildError['code'], detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

export interface TableBuilderOptions {
  /**
   * Key of the name hash, two 32-bit numbers. Give every installation its own random pair and keep it: tables are
   * reproducible only under the same key, and a public one lets an attacker search for colliding names.
   */
  readonly hashKey?: readonly [number, number];
}

const DEFAULT_KEY = [0x53616c6c, 0x79706f72] as const;
/** Names of more labels share the last bit of the mask. */
const LAST_LABEL_BIT = 31;
const TARGET_BUCKET_SIZE = 8;

export class TableBuilder {
  readonly #rules: Rule[] = [];
  readonly #precedence = new WordColumn();
  readonly #expiry: number[] = [];
  readonly #hosts = new HashedKeys();
  readonly #urls = new HashedKeys();
  readonly #v4 = new AddressKeys(1);
  readonly #v6 = new AddressKeys(4);
  readonly #key: readonly [number, number];
  readonly #hash: KeyedHash;
  readonly #address = new Uint8Array(16);
  readonly #name = new Uint8Array(256);
  readonly #path = new Uint8Array(MAX_PATH_BYTES);
  #labelMask = 0;
  #duplicates = 0;

  constructor(options: TableBuilderOptions = {}) {
    this.#key = options.hashKey ?? DEFAULT_KEY;
    this.#hash = new KeyedHash(...this.#key);
  }

  /** Entries that the latest `build` left out because another one on the same key always decides before them. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Entries added so far, duplicates included. */
  get entries(): number {
    return this.#hosts.count + this.#urls.count + this.#v4.count + this.#v6.count;
  }

  /** Returns the index that the `add…` methods take. */
  addRule(rule: Rule): number {
    this.#precedence.push(precedenceOf(rule.action));
    this.#expiry.push(rule.expiresAt ?? Number.POSITIVE_INFINITY);
    return this.#rules.push(rule) - 1;
  }

  /** `name` as `canonicalHost` returns it. Kinds: itself and all below, only itself, only what is below. */
  addHost(name: string, ruleIndex: number, kind: EntryKind = 'suffix'): void {
    const reference = this.#reference(ruleIndex, KIND[kind]);
    const labels = this.#absorbName(name);
    this.#labelMask |= 1 << Math.min(labels, LAST_LABEL_BIT);
    this.#hash.digest();
    this.#hosts.push(this.#hash.hi, this.#hash.lo, reference);
  }

  /** `bytes`: 4 or 16. An IPv4-mapped address is entered as IPv4. */
  addIp(bytes: Uint8Array, ruleIndex: number): void {
    this.addCidr(bytes, bytes.length * 8, ruleIndex);
  }

  /** Bits after the prefix are ignored; refuse them earlier, with `parseCidr`. */
  addCidr(bytes: Uint8Array, prefixLength: number, ruleIndex: number): void {
    const reference = this.#reference(ruleIndex, 0);
    if (bytes.length !== 4 && bytes.length !== 16) throw new TableBuildError('bad-address', `${bytes.length} bytes`);
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bytes.length * 8) {
      throw new TableBuildError('bad-prefix-length', String(prefixLength));
    }
    const folded = prefixLength >= 96 && isMapped(bytes);
    const network = folded ? bytes.slice(12) : bytes.slice();
    const bits = folded ? prefixLength - 96 : prefixLength;
    clearHostBits(network, bits);
    (network.length === 4 ? this.#v4 : this.#v6).push(network, bits, reference);
  }

  /**
   * Everything at and under `path` on this very host, which is a canonical name or the text of an address.
   * A prefix ends where a path segment, the path or a query parameter ends: `/a` covers `/a/b` and `/a?x`, not `/ab`.
   */
  addUrl(host: string, path: string, ruleIndex: number): void {
    const reference = this.#reference(ruleIndex, 0);
    this.#absorbUrlHost(host);
    const raw = Buffer.from(path.startsWith('/') ? path : `/${path}`);
    if (raw.length >= MAX_PATH_BYTES) throw new TableBuildError('path-too-long', `${raw.length} bytes`);
    let length = normalizePath(raw, this.#path);
    // `/block/` means what is under `/block`; the walk asks for the prefix without the slash.
    if (this.#path[length - 1] === 0x2f) length--;
    for (let i = 0; i < length; i++) this.#hash.absorb(this.#path[i] ?? 0);
    this.#hash.digest();
    this.#urls.push(this.#hash.hi, this.#hash.lo, reference);
  }

  /** The file. The builder stays as it was: more can be added and built again. */
  build(): Uint8Array<ArrayBuffer> {
    const ranks: Ranks = { precedence: this.#precedence.words, expiry: this.#expiry };
    const hosts = this.#hosts.settle(ranks);
    const urls = this.#urls.settle(ranks);
    const v4 = this.#v4.settle(ranks);
    const v6 = this.#v6.settle(ranks);
    this.#duplicates = this.entries - hosts.length - urls.length - v4.length - v6.length;

    const strings = encodeStrings(this.#rules);
    const counts = {
      rules: this.#rules.length,
      hosts: hosts.length,
      urls: urls.length,
      v4: v4.length,
      v6: v6.length,
      hostBucketBits: bucketBits(hosts.length),
      urlBucketBits: bucketBits(urls.length),
      referenceBytes: this.#rules.length <= 0x10000 >> KIND_BITS ? 2 : 4,
      stringBytes: strings.bytes.length,
    };
    const layout = layoutOf(counts);
    if (layout.fileBytes > 0xffffffff) throw new TableBuildError('too-large', `${layout.fileBytes} bytes`);
    const buffer = new ArrayBuffer(layout.fileBytes);
    const file = new Uint8Array(buffer);

    const referencesAt = (offset: number, length: number): Uint16Array | Uint32Array =>
      counts.referenceBytes === 2 ? new Uint16Array(buffer, offset, length) : new Uint32Array(buffer, offset, length);
    const writeHashed = (keys: HashedKeys, order: Uint32Array, bits: number, at: HashedLayout): void => {
      keys.write(order, bits, {
        buckets: new Uint32Array(buffer, at.buckets, 2 ** bits + 1),
        lo: new Int32Array(buffer, at.lo, order.length),
        hi:
          hiBytes(bits) === 2
            ? new Uint16Array(buffer, at.hi, order.length)
            : new Uint32Array(buffer, at.hi, order.length),
        references: referencesAt(at.references, order.length),
      });
    };
    writeHashed(this.#hosts, hosts, counts.hostBucketBits, layout.hosts);
    writeHashed(this.#urls, urls, counts.urlBucketBits, layout.urls);
    this.#v4.write(
      v4,
      new Uint32Array(buffer, layout.v4Directory, V4_DIRECTORY_WORDS),
      new Uint32Array(buffer, layout.v4Addresses, v4.length),
      referencesAt(layout.v4References, v4.length),
    );
    this.#v6.write(
      v6,
      new Uint32Array(buffer, layout.v6Directory, V6_DIRECTORY_WORDS),
      new Uint32Array(buffer, layout.v6Addresses, v6.length * 4),
      referencesAt(layout.v6References, v6.length),
    );

    new Float64Array(buffer, layout.ruleExpiry, counts.rules).set(this.#expiry);
    new Uint32Array(buffer, layout.ruleMeta, counts.rules).set(this.#rules.map(packRule));
    new Uint32Array(buffer, layout.ruleStrings, strings.offsets.length).set(strings.offsets);
    file.set(strings.bytes, layout.strings);

    const header = new Uint32Array(buffer, 0, HEADER_WORDS);
    header.set(MAGIC, WORD.magic);
    header[WORD.version] = FORMAT_VERSION;
    header[WORD.fileBytes] = layout.fileBytes;
    header[WORD.hashId] = HASH_ID;
    header.set(this.#key, WORD.key0);
    header[WORD.rules] = counts.rules;
    header[WORD.hosts] = counts.hosts;
    header[WORD.urls] = counts.urls;
    header[WORD.v4] = counts.v4;
    header[WORD.v6] = counts.v6;
    header[WORD.hostBucketBits] = counts.hostBucketBits;
    header[WORD.urlBucketBits] = counts.urlBucketBits;
    header[WORD.labelMask] = this.#labelMask;
    header[WORD.referenceBytes] = counts.referenceBytes;
    header[WORD.stringBytes] = counts.stringBytes;
    header[WORD.checksum] = crc32(file.subarray(CHECKSUM_START));
    return file;
  }

  #reference(ruleIndex: number, kind: number): number {
    if (!Number.isInteger(ruleIndex) || ruleIndex < 0 || ruleIndex >= this.#rules.length) {
      throw new TableBuildError('bad-rule-index', String(ruleIndex));
    }
    return ((ruleIndex << KIND_BITS) | kind) >>> 0;
  }

  /** Absorbs the name from its end and returns how many labels it has. */
  #absorbName(name: string): number {
    let labels = 1;
    this.#hash.reset();
    for (let i = name.length - 1; i >= 0; i--) {
      const code = name.charCodeAt(i);
      if (code <= 0x20 || code > 0x7e || (code >= 0x41 && code <= 0x5a)) throw new TableBuildError('bad-name', name);
      if (code === 0x2e) labels++;
      this.#hash.absorb(code);
    }
    if (name.length === 0 || name.endsWith('.')) throw new TableBuildError('bad-name', name);
    return labels;
  }

  /** A name as in `addHost`; an address as its bytes behind a 1, which no name contains. */
  #absorbUrlHost(host: string): void {
    const text = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
    if (text.length > this.#name.length) throw new TableBuildError('bad-name', host);
    for (let i = 0; i < text.length; i++) this.#name[i] = text.charCodeAt(i);
    const address = readIp(this.#name, 0, text.length, this.#address);
    if (address === 0) {
      this.#absorbName(text);
      return;
    }
    this.#hash.reset();
    this.#hash.absorb(1);
    for (let i = 0; i < address; i++) this.#hash.absorb(this.#address[i] ?? 0);
  }
}

/** What decides between entries on the same key, by rule index. */
interface Ranks {
  readonly precedence: Uint32Array;
  readonly expiry: readonly number[];
}

/** A column of 32-bit words that grows in place. */
class WordColumn {
  #words = new Uint32Array(1024);
  count = 0;

  push(word: number): void {
    if (this.count === this.#words.length) {
      const bytes = Math.ceil(this.#words.length * 1.5) * 4;
      // transfer() lets the allocator move pages instead of copying them.
      this.#words = new Uint32Array(this.#words.buffer.transfer(bytes));
    }
    this.#words[this.count++] = word;
  }

  /** A view; growing detaches it. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.count);
  }
}

class HashedKeys {
  readonly #hi = new WordColumn();
  readonly #lo = new WordColumn();
  readonly #references = new WordColumn();

  get count(): number {
    return this.#hi.count;
  }

  push(hi: number, lo: number, reference: number): void {
    this.#hi.push(hi);
    this.#lo.push(lo);
    this.#references.push(reference);
  }

  /** Positions of the entries that stay, by hash, then in the order in which a look-up should try them. */
  settle(ranks: Ranks): Uint32Array {
    const hi = this.#hi.words;
    const lo = this.#lo.words;
    const references = this.#references.words;
    const order = byTopBits(hi, bucketBits(hi.length), (a, b) => {
      const byHash = difference(hi, a, b) || difference(lo, a, b);
      return byHash || compareRank(ranks, references, a, b);
    });
    return dropDuplicates(order, references, ranks, (a, b) => hi[a] === hi[b] && lo[a] === lo[b]);
  }

  write(
    order: Uint32Array,
    bits: number,
    to: {
      buckets: Uint32Array;
      lo: Int32Array;
      hi: Uint16Array | Uint32Array;
      references: Uint16Array | Uint32Array;
    },
  ): void {
    const hi = this.#hi.words;
    const lo = this.#lo.words;
    const references = this.#references.words;
    for (let i = 0; i < order.length; i++) {
      const at = order[i] ?? 0;
      const upper = hi[at] ?? 0;
      const next = (bits === 0 ? 0 : upper >>> (32 - bits)) + 1;
      to.buckets[next] = (to.buckets[next] ?? 0) + 1;
      to.lo[i] = lo[at] ?? 0;
      to.hi[i] = upper;
      to.references[i] = references[at] ?? 0;
    }
    for (let i = 1; i < to.buckets.length; i++) to.buckets[i] = (to.buckets[i] ?? 0) + (to.buckets[i - 1] ?? 0);
  }
}

class AddressKeys {
  readonly #words: number;
  readonly #addresses = new WordColumn();
  readonly #lengths = new WordColumn();
  readonly #references = new WordColumn();

  /** `words`: 1 for IPv4, 4 for IPv6. */
  constructor(words: number) {
    this.#words = words;
  }

  get count(): number {
    return this.#lengths.count;
  }

  push(network: Uint8Array, prefixLength: number, reference: number): void {
    for (let i = 0; i < network.length; i += 4) this.#addresses.push(bigEndianWord(network, i));
    this.#lengths.push(prefixLength);
    this.#references.push(reference);
  }

  /** Positions of the entries that stay: longest prefix first, then by address, then by rank. */
  settle(ranks: Ranks): Uint32Array {
    const addresses = this.#addresses.words;
    const lengths = this.#lengths.words;
    const references = this.#references.words;
    const words = this.#words;
    const compareKey = (a: number, b: number): number => {
      let order = difference(lengths, b, a);
      for (let i = 0; i < words && order === 0; i++) order = difference(addresses, a * words + i, b * words + i);
      return order;
    };
    const order = Uint32Array.from(lengths, (_, i) => i);
    order.sort((a, b) => compareKey(a, b) || compareRank(ranks, references, a, b));
    return dropDuplicates(order, references, ranks, (a, b) => compareKey(a, b) === 0);
  }

  write(
    order: Uint32Array,
    directory: Uint32Array,
    toAddresses: Uint32Array,
    toReferences: Uint16Array | Uint32Array,
  ): void {
    const addresses = this.#addresses.words;
    const lengths = this.#lengths.words;
    const references = this.#references.words;
    const longest = this.#words * 32;
    for (let i = 0; i < order.length; i++) {
      const at = order[i] ?? 0;
      const slot = longest - (lengths[at] ?? 0) + 1;
      directory[slot] = (directory[slot] ?? 0) + 1;
      for (let word = 0; word < this.#words; word++) {
        toAddresses[i * this.#words + word] = addresses[at * this.#words + word] ?? 0;
      }
      toReferences[i] = references[at] ?? 0;
    }
    for (let i = 1; i < directory.length; i++) directory[i] = (directory[i] ?? 0) + (directory[i - 1] ?? 0);
  }
}

const difference = (column: Uint32Array, a: number, b: number): number => (column[a] ?? 0) - (column[b] ?? 0);

/** Stronger action first, then first added. */
function compareRank(ranks: Ranks, references: Uint32Array, a: number, b: number): number {
  const ruleA = (references[a] ?? 0) >>> KIND_BITS;
  const ruleB = (references[b] ?? 0) >>> KIND_BITS;
  return difference(ranks.precedence, ruleA, ruleB) || a - b;
}

/** About TARGET_BUCKET_SIZE entries in a bucket, so the index costs at most one byte an entry. */
function bucketBits(entries: number): number {
  return Math.min(MAX_BUCKET_BITS, Math.max(0, Math.ceil(Math.log2(entries / TARGET_BUCKET_SIZE))));
}

/**
 * Positions in ascending order of `compare`, whose first criterion is `hi`: one counting pass over the top bits
 * leaves buckets of a few entries, which insertion sort finishes. Sorting 1.2 million by comparison took 1.3 s.
 */
function byTopBits(hi: Uint32Array, bits: number, compare: (a: number, b: number) => number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(2 ** bits + 1);
  const bucket = (i: number): number => (bits === 0 ? 0 : (hi[i] ?? 0) >>> (32 - bits));
  for (let i = 0; i < hi.length; i++) starts[bucket(i) + 1] = (starts[bucket(i) + 1] ?? 0) + 1;
  for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);

  const order = new Uint32Array(hi.length);
  const next = starts.slice();
  for (let i = 0; i < hi.length; i++) {
    const b = bucket(i);
    const at = next[b] ?? 0;
    next[b] = at + 1;
    order[at] = i;
  }
  for (let b = 0; b + 1 < starts.length; b++) sortRange(order, starts[b] ?? 0, starts[b + 1] ?? 0, compare);
  return order;
}

/** Longer ranges are many entries on one key, where insertion sort would be quadratic. */
const INSERTION_SORT_LIMIT = 64;

function sortRange(order: Uint32Array, start: number, end: number, compare: (a: number, b: number) => number): void {
  if (end - start > INSERTION_SORT_LIMIT) {
    order.subarray(start, end).sort(compare);
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const moving = order[i] ?? 0;
    let at = i;
    while (at > start && compare(order[at - 1] ?? 0, moving) > 0) {
      order[at] = order[at - 1] ?? 0;
      at--;
    }
    order[at] = moving;
  }
}

/** Compacts `order` in place. An entry stays unless one before it on its key covers as much and lives as long. */
function dropDuplicates(
  order: Uint32Array<ArrayBuffer>,
  references: Uint32Array,
  ranks: Ranks,
  sameKey: (a: number, b: number) => boolean,
): Uint32Array<ArrayBuffer> {
  const longestLife = [0, 0, 0];
  let kept = 0;
  let previous = -1;
  for (let i = 0; i < order.length; i++) {
    const at = order[i] ?? 0;
    if (previous < 0 || !sameKey(previous, at)) longestLife.fill(Number.NEGATIVE_INFINITY);
    previous = at;
    const reference = references[at] ?? 0;
    const kind = reference & ((1 << KIND_BITS) - 1);
    const expiry = ranks.expiry[reference >>> KIND_BITS] ?? 0;
    const covered = Math.max(longestLife[kind] ?? 0, longestLife[KIND.suffix] ?? 0);
    if (covered >= expiry) continue;
    longestLife[kind] = Math.max(longestLife[kind] ?? 0, expiry);
    order[kept++] = at;
  }
  return order.subarray(0, kept);
}

function bigEndianWord(bytes: Uint8Array, at: number): number {
  const upper = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (upper | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

/** Action, category, severity, source, generateAlert: see the format page. */
function packRule(rule: Rule): number {
  const severity = rule.severity === undefined ? 0 : SEVERITIES.indexOf(rule.severity) + 1;
  const alert = rule.generateAlert === undefined ? 0 : rule.generateAlert ? 2 : 1;
  return (
    ACTIONS.indexOf(rule.action) |
    (RESPONSE_CATEGORIES.indexOf(rule.category) << 8) |
    (severity << 16) |
    (SOURCES.indexOf(rule.source) << 20) |
    (alert << 24)
  );
}

/** Id and title of each rule, end to end in UTF-8, and where each begins; the last offset is the end. */
function encodeStrings(rules: readonly Rule[]): { offsets: Uint32Array; bytes: Uint8Array } {
  const texts = rules.flatMap((rule) => [Buffer.from(rule.id), Buffer.from(rule.title)]);
  const offsets = new Uint32Array(texts.length + 1);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    end += text.length;
    offsets[i + 1] = end;
  }
  return { offsets, bytes: Buffer.concat(texts) };
}
