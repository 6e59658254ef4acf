/**
 * Where everything lies in a table file (docs/formats/table.md). Writers and reader both derive the offsets from the
 * counts in the header through `layoutOf`, so there are no stored offsets that could disagree with them.
 *
 * Easy to get wrong: the two big sections come first and everything that a new rule changes behind them, so that an
 * edit of a table of 10^7 names is one copy and a few words.
 */

/** `SALLYTBL`, read as two little-endian words. */
export const MAGIC = [0x4c4c4153, 0x4c425459] as const;
export const FORMAT_VERSION = 2;
export const HEADER_WORDS = 32;
export const HEADER_BYTES = HEADER_WORDS * 4;

/** Word positions in the header. */
export const WORD = {
  magic: 0,
  version: 2,
  checksum: 3,
  fileBytes: 4,
  hashId: 5,
  key0: 6,
  key1: 7,
  labelMask: 8,
  slotWords: 9,
  hostHomes: 10,
  hostSlots: 11,
  hosts: 12,
  urlHomes: 13,
  urlSlots: 14,
  urls: 15,
  v4Networks: 16,
  v4Segments: 17,
  v4DirectoryBits: 18,
  v6Networks: 19,
  v6Segments: 20,
  v6DirectoryBits: 21,
  sets: 22,
  members: 23,
  rules: 24,
  scopes: 25,
  stringBytes: 26,
} as const;

/** The checksum covers everything from here: all but magic, version and itself. */
export const CHECKSUM_START = WORD.fileBytes * 4;

/** HalfSipHash-1-3 over the name from its last byte to its first. */
export const HASH_ID = 1;

/** Low bits of a set's member; the rest is the rule index. */
export const KIND_BITS = 2;
export const KIND_MASK = (1 << KIND_BITS) - 1;
export const KIND = { suffix: 0, exact: 1, subdomains: 2 } as const;
export type EntryKind = keyof typeof KIND;

/** A set index in a slot of two words has 16 bits, and 0 is the empty slot. */
export const MAX_SHORT_SETS = 0xffff;

export interface SlotCounts {
  /** Where a key can belong. */
  readonly homes: number;
  /** Homes and the room behind the last of them. */
  readonly slots: number;
  readonly entries: number;
}

export interface AddressCounts {
  readonly networks: number;
  readonly segments: number;
  readonly directoryBits: number;
}

/** 32-bit words of an address of either family. */
export const FAMILY_WORDS = { v4: 1, v6: 4 } as const;
export const MAX_DIRECTORY_BITS = 16;

export interface Counts {
  readonly hosts: SlotCounts;
  readonly urls: SlotCounts;
  /** Words of a slot: 2 up to MAX_SHORT_SETS sets, else 3. */
  readonly slotWords: number;
  readonly v4: AddressCounts;
  readonly v6: AddressCounts;
  readonly sets: number;
  readonly members: number;
  readonly rules: number;
  readonly scopes: number;
  readonly stringBytes: number;
}

/** Byte offsets of the columns of one family. */
export interface AddressLayout {
  readonly directory: number;
  readonly segmentStarts: number;
  readonly segmentOwners: number;
  readonly addresses: number;
  readonly prefixLengths: number;
  readonly parents: number;
  readonly sets: number;
}

export interface Layout {
  readonly hosts: number;
  readonly urls: number;
  readonly v4: AddressLayout;
  readonly v6: AddressLayout;
  readonly setStarts: number;
  readonly members: number;
  readonly ruleExpiry: number;
  readonly ruleProperties: number;
  readonly ruleLimits: number;
  readonly ruleOrigins: number;
  readonly stringOffsets: number;
  readonly strings: number;
  readonly fileBytes: number;
}

/** Texts in the string section: id and title of every rule, then the scopes. */
export const stringCount = (counts: Pick<Counts, 'rules' | 'scopes'>): number => counts.rules * 2 + counts.scopes;

/** Sections follow each other in this order, each padded with zeros to a multiple of eight bytes. */
export function layoutOf(counts: Counts): Layout {
  let end = HEADER_BYTES;
  const section = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / 8) * 8;
    return start;
  };
  const addresses = ({ networks, segments, directoryBits }: AddressCounts, words: number): AddressLayout => ({
    directory: section((2 ** directoryBits + 1) * 4),
    segmentStarts: section(segments * words * 4),
    segmentOwners: section(segments * 4),
    addresses: section(networks * words * 4),
    prefixLengths: section(networks),
    parents: section(networks * 4),
    sets: section(networks * 4),
  });
  return {
    hosts: section(counts.hosts.slots * counts.slotWords * 4),
    urls: section(counts.urls.slots * counts.slotWords * 4),
    v4: addresses(counts.v4, FAMILY_WORDS.v4),
    v6: addresses(counts.v6, FAMILY_WORDS.v6),
    setStarts: section((counts.sets + 1) * 4),
    members: section(counts.members * 4),
    ruleExpiry: section(counts.rules * 8),
    ruleProperties: section(counts.rules * 4),
    ruleLimits: section(counts.rules * 8),
    ruleOrigins: section(counts.rules * 4),
    stringOffsets: section((stringCount(counts) + 1) * 4),
    strings: section(counts.stringBytes),
    fileBytes: end,
  };
}

/** The counts in a header, not yet checked against anything. */
export function readCounts(header: Uint32Array): Counts {
  const word = (at: number): number => header[at] ?? 0;
  return {
    hosts: { homes: word(WORD.hostHomes), slots: word(WORD.hostSlots), entries: word(WORD.hosts) },
    urls: { homes: word(WORD.urlHomes), slots: word(WORD.urlSlots), entries: word(WORD.urls) },
    slotWords: word(WORD.slotWords),
    v4: {
      networks: word(WORD.v4Networks),
      segments: word(WORD.v4Segments),
      directoryBits: word(WORD.v4DirectoryBits),
    },
    v6: {
      networks: word(WORD.v6Networks),
      segments: word(WORD.v6Segments),
      directoryBits: word(WORD.v6DirectoryBits),
    },
    sets: word(WORD.sets),
    members: word(WORD.members),
    rules: word(WORD.rules),
    scopes: word(WORD.scopes),
    stringBytes: word(WORD.stringBytes),
  };
}
