/**
 * Reads a table file where it lies: every column is a view on the caller's bytes, which may be shared memory, and no
 * object is made per entry. What is read of names are hashes; a name can be asked for, the list cannot be printed.
 *
 * Easy to get wrong: `open` verifies a checksum and the structure, so a damaged file is refused and even a crafted one
 * cannot make the reader loop or read elsewhere. It is no signature: who may write the file decides what it says.
 */
import { crc32 } from 'node:zlib';

import { MAX_NAME_BYTES, canonicalHost, isMapped, readIp } from './canonical.ts';
import {
  CHECKSUM_START,
  FORMAT_VERSION,
  HASH_ID,
  HEADER_BYTES,
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
  type Counts,
  type HashedLayout,
  type Layout,
} from './format.ts';
import { KeyedHash } from './keyed-hash.ts';
import type { Candidate, LastMatch, MatchedBy, ReputationTable } from './reputation-table.ts';
import { ACTIONS, RESPONSE_CATEGORIES, SEVERITIES, SOURCES, type Rule } from './rule.ts';
import { MAX_PATH_BYTES, endsPrefix, normalizePath } from './url-path.ts';

export type TableReject =
  | 'truncated'
  | 'not-a-table'
  | 'unsupported-version'
  | 'unsupported-hash'
  | 'wrong-length'
  | 'wrong-checksum'
  | 'inconsistent';

export type OpenedTable =
  | { readonly kind: 'ok'; readonly value: HostTable }
  | { readonly kind: 'rejected'; readonly reason: TableReject; /** For people. */ readonly detail: string };

const reject = (reason: TableReject, detail: string): OpenedTable => ({ kind: 'rejected', reason, detail });

const KIND_MASK = (1 << KIND_BITS) - 1;
/** Which kinds answer for the whole name and which for one of its parents: bit n stands for kind n. */
const WHOLE = (1 << KIND.suffix) | (1 << KIND.exact);
const PARENT = (1 << KIND.suffix) | (1 << KIND.subdomains);

const DOT = 0x2e;
const COLON = 0x3a;
const LAST_LABEL_BIT = 31;
/** An expiry no rule has reached: with it every entry is alive, which is how candidates are collected. */
const BEFORE_ALL_TIME = Number.NEGATIVE_INFINITY;

export class HostTable implements ReputationTable {
  readonly hosts: number;
  readonly ips: number;
  readonly cidrs: number;
  readonly urls: number;
  readonly rules: number;
  readonly byteLength: number;
  /** Of the content; two tables of the same bytes have the same one. */
  readonly checksum: number;
  readonly last: LastMatch = { matched: 'host', specificity: 0 };

  readonly #bytes: Uint8Array;
  readonly #layout: Layout;
  readonly #labelMask: number;
  readonly #hosts: HashedSection;
  readonly #urls: HashedSection;
  readonly #v4: AddressSection;
  readonly #v6: AddressSection;
  readonly #expiry: Float64Array;
  readonly #meta: Uint32Array;
  readonly #stringOffsets: Uint32Array;
  readonly #decoded = new Map<number, Rule>();

  readonly #hash: KeyedHash;
  readonly #address = new Uint8Array(16);
  readonly #path = new Uint8Array(MAX_PATH_BYTES);
  /** The name being looked up, as `#readName` left it. */
  #name: Uint8Array;
  #start = 0;
  #end = 0;

  private constructor(bytes: Uint8Array, header: Uint32Array, counts: Counts, layout: Layout) {
    this.#bytes = bytes;
    this.#name = bytes;
    this.#layout = layout;
    this.#labelMask = header[WORD.labelMask] ?? 0;
    this.#hash = new KeyedHash(header[WORD.key0] ?? 0, header[WORD.key1] ?? 0);
    this.#expiry = new Float64Array(bytes.buffer, bytes.byteOffset + layout.ruleExpiry, counts.rules);
    this.#meta = words(bytes, layout.ruleMeta, counts.rules);
    this.#stringOffsets = words(bytes, layout.ruleStrings, counts.rules * 2 + 1);
    const { referenceBytes } = counts;
    const hashed = (entries: number, bits: number, at: HashedLayout): HashedSection =>
      new HashedSection(bytes, at, entries, bits, referenceBytes, this.#expiry);
    this.#hosts = hashed(counts.hosts, counts.hostBucketBits, layout.hosts);
    this.#urls = hashed(counts.urls, counts.urlBucketBits, layout.urls);
    this.#v4 = new AddressSection(
      words(bytes, layout.v4Directory, V4_DIRECTORY_WORDS),
      words(bytes, layout.v4Addresses, counts.v4),
      referenceView(bytes, layout.v4References, counts.v4, referenceBytes),
      this.#expiry,
    );
    this.#v6 = new AddressSection(
      words(bytes, layout.v6Directory, V6_DIRECTORY_WORDS),
      words(bytes, layout.v6Addresses, counts.v6 * 4),
      referenceView(bytes, layout.v6References, counts.v6, referenceBytes),
      this.#expiry,
    );
    this.rules = counts.rules;
    this.hosts = counts.hosts;
    this.urls = counts.urls;
    this.ips = this.#v4.single + this.#v6.single;
    this.cidrs = counts.v4 + counts.v6 - this.ips;
    this.byteLength = bytes.length;
    this.checksum = header[WORD.checksum] ?? 0;
  }

  /**
   * Verifies `bytes` and takes views on them; they must not change afterwards. Only bytes that do not begin at a
   * multiple of eight in their buffer are copied. Costs about 0.4 ms a megabyte.
   */
  static open(bytes: Uint8Array): OpenedTable {
    if (bytes.length < HEADER_BYTES) return reject('truncated', `${bytes.length} bytes, a header has ${HEADER_BYTES}`);
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    const header = words(aligned, 0, HEADER_WORDS);
    const word = (at: number): number => header[at] ?? 0;
    if (MAGIC.some((value, i) => word(WORD.magic + i) !== value)) return reject('not-a-table', 'no table magic');
    if (word(WORD.version) !== FORMAT_VERSION) {
      return reject('unsupported-version', `format ${word(WORD.version)}, this program reads ${FORMAT_VERSION}`);
    }
    const claimed = word(WORD.fileBytes);
    if (claimed > bytes.length) return reject('truncated', `${bytes.length} bytes of ${claimed}`);
    if (claimed < bytes.length) return reject('wrong-length', `${bytes.length} bytes, the header says ${claimed}`);
    const checksum = crc32(aligned.subarray(CHECKSUM_START));
    if (checksum !== word(WORD.checksum)) {
      return reject('wrong-checksum', `${hex(checksum)}, the header says ${hex(word(WORD.checksum))}`);
    }
    if (word(WORD.hashId) !== HASH_ID) return reject('unsupported-hash', `hash ${word(WORD.hashId)}`);

    const counts: Counts = {
      rules: word(WORD.rules),
      hosts: word(WORD.hosts),
      urls: word(WORD.urls),
      v4: word(WORD.v4),
      v6: word(WORD.v6),
      hostBucketBits: word(WORD.hostBucketBits),
      urlBucketBits: word(WORD.urlBucketBits),
      referenceBytes: word(WORD.referenceBytes),
      stringBytes: word(WORD.stringBytes),
    };
    if (Math.max(counts.hostBucketBits, counts.urlBucketBits) > MAX_BUCKET_BITS) {
      return reject('inconsistent', 'too many buckets');
    }
    if (counts.referenceBytes !== 2 && counts.referenceBytes !== 4) return reject('inconsistent', 'reference size');
    const layout = layoutOf(counts);
    if (layout.fileBytes !== claimed) return reject('inconsistent', 'the counts do not give the length');
    const table = new HostTable(aligned, header, counts, layout);
    const fault = table.#fault();
    return fault === null ? { kind: 'ok', value: table } : reject('inconsistent', fault);
  }

  findHost(name: Uint8Array, start: number, end: number, nowMs: number): number {
    const address = this.#readName(name, start, end);
    return address === 0 ? this.#walkName(nowMs, null) : this.#findAddress(this.#address, address, nowMs, null);
  }

  findIp(address: Uint8Array, nowMs: number): number {
    return this.#findAddress(address, address.length, nowMs, null);
  }

  findUrl(host: Uint8Array, path: Uint8Array, nowMs: number): number {
    return this.#urls.count === 0 ? -1 : this.#walkPath(host, path, nowMs, null);
  }

  hostCandidates(name: Uint8Array, start: number, end: number): Candidate[] {
    const found: Candidate[] = [];
    const address = this.#readName(name, start, end);
    if (address === 0) this.#walkName(BEFORE_ALL_TIME, found);
    else this.#findAddress(this.#address, address, BEFORE_ALL_TIME, found);
    return mostSpecificFirst(found);
  }

  ipCandidates(address: Uint8Array): Candidate[] {
    const found: Candidate[] = [];
    this.#findAddress(address, address.length, BEFORE_ALL_TIME, found);
    return mostSpecificFirst(found);
  }

  urlCandidates(host: Uint8Array, path: Uint8Array): Candidate[] {
    const found: Candidate[] = [];
    if (this.#urls.count > 0) this.#walkPath(host, path, BEFORE_ALL_TIME, found);
    return mostSpecificFirst(found);
  }

  /** Throws RangeError for an index that no `find…` returns. */
  rule(index: number): Rule {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    const meta = this.#meta[index];
    if (meta === undefined) throw new RangeError(`no rule ${index}, the table has ${this.rules}`);
    const expiresAt = this.#expiry[index] ?? Number.POSITIVE_INFINITY;
    const severity = SEVERITIES[((meta >>> 16) & 0xf) - 1];
    const alert = (meta >>> 24) & 3;
    const rule: Rule = {
      action: ACTIONS[meta & 0xff] ?? 'audit',
      category: RESPONSE_CATEGORIES[(meta >>> 8) & 0xff] ?? 'CustomPolicy',
      id: this.#string(index * 2),
      title: this.#string(index * 2 + 1),
      source: SOURCES[(meta >>> 20) & 0xf] ?? 'feed',
      expiresAt: expiresAt === Number.POSITIVE_INFINITY ? null : expiresAt,
      ...(alert === 0 ? {} : { generateAlert: alert === 2 }),
      ...(severity === undefined ? {} : { severity }),
    };
    this.#decoded.set(index, rule);
    return rule;
  }

  #string(at: number): string {
    const start = this.#layout.strings + (this.#stringOffsets[at] ?? 0);
    const end = this.#layout.strings + (this.#stringOffsets[at + 1] ?? 0);
    // Decoding from shared memory is refused by some decoders, so decode a copy.
    return new TextDecoder().decode(this.#bytes.slice(start, end));
  }

  /** Null, or what in the columns contradicts the header. A checksum that fits proves no good will. */
  #fault(): string | null {
    for (const section of [this.#hosts, this.#urls, this.#v4, this.#v6]) {
      const fault = section.fault(this.rules);
      if (fault !== null) return fault;
    }
    for (const meta of this.#meta) {
      const known =
        (meta & 0xff) < ACTIONS.length &&
        ((meta >>> 8) & 0xff) < RESPONSE_CATEGORIES.length &&
        ((meta >>> 16) & 0xf) <= SEVERITIES.length &&
        ((meta >>> 20) & 0xf) < SOURCES.length &&
        meta >>> 24 <= 2;
      if (!known) return 'a rule has an unknown property';
    }
    if (this.#expiry.some((at) => Number.isNaN(at))) return 'a rule has no expiry';
    return ascends(this.#stringOffsets, this.#layout.fileBytes - this.#layout.strings) ? null : 'rule texts overlap';
  }

  /**
   * Prepares the walk over a name from the wire. Returns the length of the address in `#address` when the name is an
   * address literal, else 0 with `#name`, `#start` and `#end` set; trailing dots are outside.
   */
  #readName(name: Uint8Array, from: number, to: number): 0 | 4 | 16 {
    const start = Math.max(0, from);
    let end = Math.min(to, name.length);
    let unusual = 0;
    while (end > start && name[end - 1] === DOT) end--;
    for (let i = Math.max(start, end - MAX_NAME_BYTES); i < end; i++) unusual |= NAME_CLASS[name[i] ?? 0] ?? 0;
    this.#name = name;
    this.#start = start;
    this.#end = end;
    const last = name[end - 1] ?? 0;
    if (unusual === 0 && (last < 0x30 || last > 0x39)) return 0;
    if ((unusual & NON_ASCII) === 0) {
      const bracketed = name[start] === 0x5b && last === 0x5d;
      return bracketed ? readIp(name, start + 1, end - 1, this.#address) : readIp(name, start, end, this.#address);
    }
    const canonical = canonicalHost(new TextDecoder().decode(name.slice(start, end)));
    if (canonical.kind === 'ok') {
      this.#name = Buffer.from(canonical.value);
      this.#start = 0;
      this.#end = this.#name.length;
    }
    return 0;
  }

  /** From the last label to the first, so that each suffix's hash falls out on the way; the longest match stays. */
  #walkName(nowMs: number, found: Candidate[] | null): number {
    const name = this.#name;
    const end = this.#end;
    // One byte more than a name may have: its longest suffix of legal length is still looked up.
    const floor = Math.max(this.#start, end - MAX_NAME_BYTES - 1);
    if (end <= floor || this.#hosts.count === 0) return -1;
    const hash = this.#hash;
    const labelMask = this.#labelMask;
    hash.reset();
    let best = -1;
    let specificity = 0;
    let label = 0;
    for (let i = end - 1; i >= floor; i--) {
      const byte = FOLD[name[i] ?? 0] ?? 0;
      if (byte === DOT) {
        if (((labelMask >>> ++label) & 1) === 1 || label >= LAST_LABEL_BIT) {
          hash.digest();
          const rule = this.#hosts.find(hash.hi, hash.lo, PARENT, nowMs, 'host', end - i - 1, found);
          if (rule >= 0) {
            best = rule;
            specificity = end - i - 1;
          }
        }
      }
      hash.absorb(byte);
    }
    if (floor === this.#start && (((labelMask >>> ++label) & 1) === 1 || label >= LAST_LABEL_BIT)) {
      hash.digest();
      const rule = this.#hosts.find(hash.hi, hash.lo, WHOLE, nowMs, 'host', end - floor, found);
      if (rule >= 0) {
        best = rule;
        specificity = end - floor;
      }
    }
    return best < 0 ? -1 : this.#matched(best, 'host', specificity);
  }

  #walkPath(host: Uint8Array, path: Uint8Array, nowMs: number, found: Candidate[] | null): number {
    const hash = this.#hash;
    const address = this.#readName(host, 0, host.length);
    hash.reset();
    if (address > 0) {
      hash.absorb(1);
      for (let i = 0; i < address; i++) hash.absorb(this.#address[i] ?? 0);
    } else {
      if (this.#end - this.#start > MAX_NAME_BYTES || this.#end === this.#start) return -1;
      for (let i = this.#end - 1; i >= this.#start; i--) hash.absorb(FOLD[this.#name[i] ?? 0] ?? 0);
    }
    const length = normalizePath(path, this.#path);
    let best = -1;
    let specificity = 0;
    for (let i = 0; i <= length; i++) {
      const byte = this.#path[i] ?? 0;
      if (i === length || endsPrefix(byte)) {
        hash.digest();
        const rule = this.#urls.find(hash.hi, hash.lo, WHOLE, nowMs, 'url', i, found);
        if (rule >= 0) {
          best = rule;
          specificity = i;
        }
      }
      hash.absorb(byte);
    }
    return best < 0 ? -1 : this.#matched(best, 'url', specificity);
  }

  #findAddress(address: Uint8Array, length: number, nowMs: number, found: Candidate[] | null): number {
    let section = this.#v4;
    if (length === 4) section.ask(address, 0);
    else if (length !== 16) return -1;
    else if (isMapped(address)) section.ask(address, 12);
    else {
      section = this.#v6;
      section.ask(address, 0);
    }
    const rule = section.find(nowMs, found);
    if (rule < 0) return -1;
    return this.#matched(rule, section.matchedLength === section.longest ? 'ip' : 'cidr', section.matchedLength);
  }

  #matched(rule: number, matched: MatchedBy, specificity: number): number {
    this.last.matched = matched;
    this.last.specificity = specificity;
    return rule;
  }
}

const COLON_SEEN = 1;
const NON_ASCII = 2;
/** What sends a name from the wire off the fast path. */
const NAME_CLASS = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code > 0x7f) return NON_ASCII;
  return code === COLON ? COLON_SEEN : 0;
});
const FOLD = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code));

/** Hash buckets over sorted hashes: one index read, then a scan of about eight neighbouring words. */
class HashedSection {
  readonly count: number;
  readonly #shift: number;
  readonly #hiMask: number;
  readonly #buckets: Uint32Array;
  readonly #lo: Int32Array;
  readonly #hi: Uint16Array | Uint32Array;
  readonly #references: Uint16Array | Uint32Array;
  readonly #expiry: Float64Array;

  constructor(
    bytes: Uint8Array,
    at: HashedLayout,
    count: number,
    bucketBits: number,
    referenceBytes: number,
    expiry: Float64Array,
  ) {
    this.count = count;
    this.#shift = 32 - bucketBits;
    this.#buckets = words(bytes, at.buckets, 2 ** bucketBits + 1);
    this.#lo = new Int32Array(bytes.buffer, bytes.byteOffset + at.lo, count);
    const short = hiBytes(bucketBits) === 2;
    this.#hiMask = short ? 0xffff : 0xffffffff;
    this.#hi = referenceView(bytes, at.hi, count, short ? 2 : 4);
    this.#references = referenceView(bytes, at.references, count, referenceBytes);
    this.#expiry = expiry;
  }

  /**
   * Rule of the first living entry with this hash whose kind is in the bit set `kinds`, or -1: equal hashes lie in
   * order of precedence. With `found`, every one of them is appended instead.
   */
  find(
    hi: number,
    lo: number,
    kinds: number,
    nowMs: number,
    matched: MatchedBy,
    specificity: number,
    found: Candidate[] | null,
  ): number {
    // A shift by 32 is a shift by 0 in this language.
    const bucket = this.#shift === 32 ? 0 : hi >>> this.#shift;
    const end = this.#buckets[bucket + 1] ?? 0;
    for (let i = this.#buckets[bucket] ?? 0; i < end; i++) {
      if (this.#lo[i] !== lo || this.#hi[i] !== (hi & this.#hiMask) >>> 0) continue;
      const reference = this.#references[i] ?? 0;
      if (((kinds >>> (reference & KIND_MASK)) & 1) === 0) continue;
      const ruleIndex = reference >>> KIND_BITS;
      if ((this.#expiry[ruleIndex] ?? 0) <= nowMs) continue;
      if (found === null) return ruleIndex;
      found.push({ ruleIndex, matched, specificity });
    }
    return -1;
  }

  fault(rules: number): string | null {
    if (!ascends(this.#buckets, this.count)) return 'buckets out of order';
    return referencesFit(this.#references, rules) ? null : 'an entry has no rule';
  }
}

/** Networks by prefix length, longest first, each length sorted by address: a binary search per length in use. */
class AddressSection {
  /** Prefix length of a single address: 32 or 128. */
  readonly longest: number;
  /** Entries of that length. */
  readonly single: number;
  /** Prefix length of the latest successful `find`. */
  matchedLength = 0;

  readonly #words: number;
  readonly #directory: Uint32Array;
  readonly #addresses: Uint32Array;
  readonly #references: Uint16Array | Uint32Array;
  readonly #expiry: Float64Array;
  readonly #asked: Uint32Array;

  constructor(
    directory: Uint32Array,
    addresses: Uint32Array,
    references: Uint16Array | Uint32Array,
    expiry: Float64Array,
  ) {
    this.longest = directory.length - 2;
    this.#words = this.longest / 32;
    this.single = directory[1] ?? 0;
    this.#directory = directory;
    this.#addresses = addresses;
    this.#references = references;
    this.#expiry = expiry;
    this.#asked = new Uint32Array(this.#words);
  }

  /** Sets the address that `find` looks for. */
  ask(bytes: Uint8Array, offset: number): void {
    for (let word = 0; word < this.#words; word++) {
      const at = offset + word * 4;
      const upper = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      this.#asked[word] = upper | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    }
  }

  find(nowMs: number, found: Candidate[] | null): number {
    for (let slot = 0; slot <= this.longest; slot++) {
      const end = this.#directory[slot + 1] ?? 0;
      let low = this.#directory[slot] ?? 0;
      if (low === end) continue;
      const length = this.longest - slot;
      let high = end;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#compare(middle, length) < 0) low = middle + 1;
        else high = middle;
      }
      for (; low < end && this.#compare(low, length) === 0; low++) {
        const ruleIndex = (this.#references[low] ?? 0) >>> KIND_BITS;
        if ((this.#expiry[ruleIndex] ?? 0) <= nowMs) continue;
        this.matchedLength = length;
        if (found === null) return ruleIndex;
        found.push({ ruleIndex, matched: length === this.longest ? 'ip' : 'cidr', specificity: length });
      }
    }
    return -1;
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

  fault(rules: number): string | null {
    const entries = this.#addresses.length / this.#words;
    if (!ascends(this.#directory, entries)) return 'prefix lengths out of order';
    return referencesFit(this.#references, rules) ? null : 'an address has no rule';
  }
}

const words = (bytes: Uint8Array, offset: number, length: number): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset + offset, length);

const referenceView = (bytes: Uint8Array, offset: number, length: number, size: number): Uint16Array | Uint32Array =>
  size === 2 ? new Uint16Array(bytes.buffer, bytes.byteOffset + offset, length) : words(bytes, offset, length);

/** Whether the column starts at 0, never falls and does not pass `end`; an index column must reach it. */
function ascends(column: Uint32Array, end: number): boolean {
  let previous = 0;
  if (column[0] !== 0) return false;
  for (let i = 0; i < column.length; i++) {
    const value = column[i] ?? 0;
    if (value < previous) return false;
    previous = value;
  }
  return previous <= end;
}

function referencesFit(references: Uint16Array | Uint32Array, rules: number): boolean {
  for (let i = 0; i < references.length; i++) {
    const reference = references[i] ?? 0;
    if (reference >>> KIND_BITS >= rules || (reference & KIND_MASK) > KIND.subdomains) return false;
  }
  return true;
}

/** Stable, so that the order of precedence among equals stays. */
const mostSpecificFirst = (found: Candidate[]): Candidate[] => found.toSorted((a, b) => b.specificity - a.specificity);

const hex = (word: number): string => word.toString(16).padStart(8, '0');
