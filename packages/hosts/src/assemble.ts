/**
 * Puts the parts of a table together into one file. Builder, editor and rewriter all end here, so there is one place
 * that knows how a file is written.
 */
import { crc32 } from 'node:zlib';

import type { EntrySets } from './entry-sets.ts';
import {
  CHECKSUM_START,
  FORMAT_VERSION,
  HASH_ID,
  HEADER_WORDS,
  layoutOf,
  MAGIC,
  type SlotCounts,
  stringCount,
  WORD,
} from './format.ts';
import { addressColumns, type AddressPart } from './networks.ts';
import type { EncodedRules } from './rule-columns.ts';
import { TableError } from './table-error.ts';

/** A section of slots that is still to be written. */
export interface SlotSection {
  readonly counts: SlotCounts;
  /** Fills `words`, which are zero. Called once, before `counts.entries` is read. */
  readonly write: (words: Int32Array) => void;
}

export interface TableParts {
  readonly hashKey: readonly [number, number];
  readonly labelMask: number;
  readonly slotWords: number;
  readonly hosts: SlotSection;
  readonly urls: SlotSection;
  readonly v4: AddressPart;
  readonly v6: AddressPart;
  readonly sets: EntrySets;
  readonly rules: EncodedRules;
}

/** Throws TableError `too-large`. */
export function assemble(parts: TableParts): Uint8Array<ArrayBuffer> {
  const { rules } = parts;
  const counts = {
    hosts: parts.hosts.counts,
    urls: parts.urls.counts,
    slotWords: parts.slotWords,
    v4: parts.v4.counts,
    v6: parts.v6.counts,
    sets: parts.sets.count,
    members: parts.sets.memberCount,
    rules: rules.columns.expiry.length,
    scopes: rules.scopes,
    stringBytes: rules.strings.length,
  };
  const layout = layoutOf(counts);
  if (layout.fileBytes > 0x7fff_ffff) throw new TableError('too-large', `${layout.fileBytes} bytes`);
  const buffer = new ArrayBuffer(layout.fileBytes);
  const file = new Uint8Array(buffer);
  const words = (at: number, length: number): Uint32Array => new Uint32Array(buffer, at, length);

  parts.hosts.write(new Int32Array(buffer, layout.hosts, counts.hosts.slots * counts.slotWords));
  parts.urls.write(new Int32Array(buffer, layout.urls, counts.urls.slots * counts.slotWords));
  parts.v4.write(addressColumns(file, layout.v4, counts.v4, 'v4'));
  parts.v6.write(addressColumns(file, layout.v6, counts.v6, 'v6'));
  parts.sets.write(words(layout.setStarts, counts.sets + 1), words(layout.members, counts.members));
  new Float64Array(buffer, layout.ruleExpiry, counts.rules).set(rules.columns.expiry);
  words(layout.ruleProperties, counts.rules).set(rules.columns.properties);
  words(layout.ruleLimits, counts.rules * 2).set(rules.columns.limits);
  words(layout.ruleOrigins, counts.rules).set(rules.columns.origins);
  words(layout.stringOffsets, stringCount(counts) + 1).set(rules.columns.stringOffsets);
  file.set(rules.strings, layout.strings);

  const header = words(0, HEADER_WORDS);
  header.set(MAGIC, WORD.magic);
  header[WORD.version] = FORMAT_VERSION;
  header[WORD.fileBytes] = layout.fileBytes;
  header[WORD.hashId] = HASH_ID;
  header.set(parts.hashKey, WORD.key0);
  header[WORD.labelMask] = parts.labelMask;
  header[WORD.slotWords] = counts.slotWords;
  header[WORD.hostHomes] = counts.hosts.homes;
  header[WORD.hostSlots] = counts.hosts.slots;
  header[WORD.hosts] = parts.hosts.counts.entries;
  header[WORD.urlHomes] = counts.urls.homes;
  header[WORD.urlSlots] = counts.urls.slots;
  header[WORD.urls] = parts.urls.counts.entries;
  header[WORD.v4Networks] = counts.v4.networks;
  header[WORD.v4Segments] = counts.v4.segments;
  header[WORD.v4DirectoryBits] = counts.v4.directoryBits;
  header[WORD.v6Networks] = counts.v6.networks;
  header[WORD.v6Segments] = counts.v6.segments;
  header[WORD.v6DirectoryBits] = counts.v6.directoryBits;
  header[WORD.sets] = counts.sets;
  header[WORD.members] = counts.members;
  header[WORD.rules] = counts.rules;
  header[WORD.scopes] = counts.scopes;
  header[WORD.stringBytes] = counts.stringBytes;
  header[WORD.checksum] = crc32(file.subarray(CHECKSUM_START));
  return file;
}
