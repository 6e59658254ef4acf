/**
 * A table file as views on its bytes: what the reader, the editor, the rewriter and the comparison share.
 *
 * Easy to get wrong: `checkFile` verifies a checksum and the structure, so a damaged file is refused and even a
 * crafted one cannot make a reader loop or read elsewhere. It is no signature: who may write the file decides what it
 * says.
 */
import { crc32 } from 'node:zlib';

import { AddressSection } from './address-section.ts';
import {
  CHECKSUM_START,
  type Counts,
  FAMILY_WORDS,
  FORMAT_VERSION,
  HASH_ID,
  HEADER_BYTES,
  HEADER_WORDS,
  KIND,
  KIND_BITS,
  KIND_MASK,
  type Layout,
  layoutOf,
  MAGIC,
  MAX_DIRECTORY_BITS,
  MAX_SHORT_SETS,
  readCounts,
  type SlotCounts,
  stringCount,
  WORD,
} from './format.ts';
import { addressColumns } from './networks.ts';
import { propertyFault, readScope, type RuleColumns } from './rule-columns.ts';
import type { Scope } from './scope.ts';
import { MAX_HOMES, SlotTable } from './slots.ts';

export type TableReject =
  | 'truncated'
  | 'not-a-table'
  | 'unsupported-version'
  | 'unsupported-hash'
  | 'wrong-length'
  | 'wrong-checksum'
  | 'inconsistent';

export interface RejectedFile {
  readonly kind: 'rejected';
  readonly reason: TableReject;
  /** For people. */
  readonly detail: string;
}

export type CheckedFile = { readonly kind: 'ok'; readonly file: TableFile } | RejectedFile;

/** Texts come back as they went in, a byte order mark included. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

const reject = (reason: TableReject, detail: string): RejectedFile => ({ kind: 'rejected', reason, detail });

export class TableFile {
  readonly bytes: Uint8Array;
  readonly counts: Counts;
  readonly layout: Layout;
  readonly hashKey: readonly [number, number];
  readonly labelMask: number;
  readonly checksum: number;
  readonly hosts: SlotTable;
  readonly urls: SlotTable;
  readonly v4: AddressSection;
  readonly v6: AddressSection;
  readonly setStarts: Uint32Array;
  readonly members: Uint32Array;
  readonly rules: RuleColumns;
  readonly #scopes = new Map<number, Scope | null>();

  /** `bytes` must have passed `checkFile`, here or in another thread. */
  constructor(bytes: Uint8Array) {
    const header = words(bytes, 0, HEADER_WORDS);
    const counts = readCounts(header);
    const layout = layoutOf(counts);
    this.bytes = bytes;
    this.counts = counts;
    this.layout = layout;
    this.hashKey = [header[WORD.key0] ?? 0, header[WORD.key1] ?? 0];
    this.labelMask = header[WORD.labelMask] ?? 0;
    this.checksum = header[WORD.checksum] ?? 0;
    const slotTable = (at: number, of: SlotCounts): SlotTable =>
      new SlotTable(
        new Int32Array(bytes.buffer, bytes.byteOffset + at, of.slots * counts.slotWords),
        counts.slotWords,
        of,
      );
    this.hosts = slotTable(layout.hosts, counts.hosts);
    this.urls = slotTable(layout.urls, counts.urls);
    const addresses = (family: keyof typeof FAMILY_WORDS): AddressSection =>
      new AddressSection(
        addressColumns(bytes, layout[family], counts[family], family),
        FAMILY_WORDS[family],
        counts[family].directoryBits,
      );
    this.v4 = addresses('v4');
    this.v6 = addresses('v6');
    this.setStarts = words(bytes, layout.setStarts, counts.sets + 1);
    this.members = words(bytes, layout.members, counts.members);
    this.rules = {
      expiry: new Float64Array(bytes.buffer, bytes.byteOffset + layout.ruleExpiry, counts.rules),
      properties: words(bytes, layout.ruleProperties, counts.rules),
      limits: words(bytes, layout.ruleLimits, counts.rules * 2),
      origins: words(bytes, layout.ruleOrigins, counts.rules),
      stringOffsets: words(bytes, layout.stringOffsets, stringCount(counts) + 1),
    };
  }

  /** String `at` of the file: id and title of each rule, then the scopes. */
  text(at: number): string {
    const start = this.layout.strings + (this.rules.stringOffsets[at] ?? 0);
    const end = this.layout.strings + (this.rules.stringOffsets[at + 1] ?? 0);
    // Decoding from shared memory is refused by some decoders, so decode a copy.
    return DECODER.decode(this.bytes.slice(start, end));
  }

  /** Null for a scope that cannot be read: such a file is refused. */
  scope(index: number): Scope | null {
    const known = this.#scopes.get(index);
    if (known !== undefined) return known;
    const scope = readScope(this.text(this.counts.rules * 2 + index));
    this.#scopes.set(index, scope);
    return scope;
  }

  /** Null, or what in the columns contradicts the header. A checksum that fits proves no good will. */
  fault(): string | null {
    const { rules, sets, scopes, stringBytes } = this.counts;
    for (const section of [this.hosts, this.urls, this.v4, this.v6]) {
      const fault = section.fault(sets);
      if (fault !== null) return fault;
    }
    if (!ascends(this.setStarts, this.members.length)) return 'sets overlap';
    for (const member of this.members) {
      if (member >>> KIND_BITS >= rules || (member & KIND_MASK) > KIND.subdomains) return 'a set has no such rule';
    }
    const { properties, limits, origins, expiry, stringOffsets } = this.rules;
    for (let i = 0; i < rules; i++) {
      const fault = propertyFault(properties[i] ?? 0, limits[i * 2] ?? 0, limits[i * 2 + 1] ?? 0, scopes);
      if (fault !== null) return fault;
      if ((origins[i] ?? 0) > i) return 'a rule comes from a later one';
      const expiresAt = expiry[i] ?? Number.NaN;
      if (expiresAt !== Number.POSITIVE_INFINITY && !Number.isFinite(expiresAt)) return 'a rule has no expiry';
    }
    if (!ascends(stringOffsets, stringBytes)) return 'texts overlap';
    for (let i = 0; i < scopes; i++) if (this.scope(i) === null) return 'a scope cannot be read';
    return null;
  }
}

/** Only bytes that do not begin at a multiple of eight in their buffer are copied. About 0.6 ms a megabyte. */
export function checkFile(given: Uint8Array): CheckedFile {
  if (given.length < HEADER_BYTES) return reject('truncated', `${given.length} bytes, a header has ${HEADER_BYTES}`);
  const bytes = given.byteOffset % 8 === 0 ? given : new Uint8Array(given);
  const early = headerFault(bytes, bytes.length);
  if (early !== null) return early;
  const header = words(bytes, 0, HEADER_WORDS);
  const word = (at: number): number => header[at] ?? 0;
  const checksum = crc32(bytes.subarray(CHECKSUM_START));
  if (checksum !== word(WORD.checksum)) {
    return reject('wrong-checksum', `${hex(checksum)}, the header says ${hex(word(WORD.checksum))}`);
  }
  if (word(WORD.hashId) !== HASH_ID) return reject('unsupported-hash', `hash ${word(WORD.hashId)}`);

  const counts = readCounts(header);
  const { slotWords } = counts;
  if (slotWords !== 3 && (slotWords !== 2 || counts.sets > MAX_SHORT_SETS)) return reject('inconsistent', 'slot size');
  for (const { homes, slots, entries } of [counts.hosts, counts.urls]) {
    if (homes > MAX_HOMES || homes > slots || entries > slots) return reject('inconsistent', 'slots');
  }
  if (Math.max(counts.v4.directoryBits, counts.v6.directoryBits) > MAX_DIRECTORY_BITS) {
    return reject('inconsistent', 'too large a directory');
  }
  if (layoutOf(counts).fileBytes !== bytes.length) return reject('inconsistent', 'the counts do not give the length');
  const file = new TableFile(bytes);
  const fault = file.fault();
  return fault === null ? { kind: 'ok', file } : reject('inconsistent', fault);
}

/**
 * What is wrong with a file of `fileBytes` bytes that begins with `start`, as far as the header tells: whether it is a
 * table of this format and as long as it should be. Before anything is allocated for the rest.
 */
export function headerFault(start: Uint8Array, fileBytes: number): RejectedFile | null {
  if (Math.min(start.length, fileBytes) < HEADER_BYTES) {
    return reject('truncated', `${fileBytes} bytes, a header has ${HEADER_BYTES}`);
  }
  const header = new DataView(start.buffer, start.byteOffset, HEADER_BYTES);
  const word = (at: number): number => header.getUint32(at * 4, true);
  if (MAGIC.some((value, i) => word(WORD.magic + i) !== value)) return reject('not-a-table', 'no table magic');
  if (word(WORD.version) !== FORMAT_VERSION) {
    return reject('unsupported-version', `format ${word(WORD.version)}, this program reads ${FORMAT_VERSION}`);
  }
  const claimed = word(WORD.fileBytes);
  if (claimed > fileBytes) return reject('truncated', `${fileBytes} bytes of ${claimed}`);
  if (claimed < fileBytes) return reject('wrong-length', `${fileBytes} bytes, the header says ${claimed}`);
  return null;
}

const words = (bytes: Uint8Array, offset: number, length: number): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset + offset, length);

/** Whether the column starts at 0, never falls and ends at `end`. */
function ascends(column: Uint32Array, end: number): boolean {
  let previous = 0;
  if (column[0] !== 0) return false;
  for (const value of column) {
    if (value < previous) return false;
    previous = value;
  }
  return previous === end;
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');
