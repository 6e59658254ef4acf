/**
 * Where everything lies in a table file (docs/formats/table.md). Builder and reader both derive the offsets from the
 * counts in the header through `layoutOf`, so there are no stored offsets that could disagree with them.
 */

/** `SALLYTBL`, read as two little-endian words. */
export const MAGIC = [0x4c4c4153, 0x4c425459] as const;
export const FORMAT_VERSION = 1;
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
  rules: 8,
  hosts: 9,
  urls: 10,
  v4: 11,
  v6: 12,
  hostBucketBits: 13,
  urlBucketBits: 14,
  labelMask: 15,
  referenceBytes: 16,
  stringBytes: 17,
} as const;

/** The checksum covers everything from here: all but magic, version and itself. */
export const CHECKSUM_START = WORD.fileBytes * 4;

/** HalfSipHash-1-3 over the name from its last byte to its first. */
export const HASH_ID = 1;

/** Low bits of a reference; the rest is the rule index. */
export const KIND_BITS = 2;
export const KIND = { suffix: 0, exact: 1, subdomains: 2 } as const;
export type EntryKind = keyof typeof KIND;

export const MAX_BUCKET_BITS = 28;
/** From this many bucket bits on, the upper 16 bits of a hash follow from its bucket and are not stored. */
const SHORT_HI_BUCKET_BITS = 16;

/** One start per prefix length, longest first, and one end: 32…0 and 128…0. */
export const V4_DIRECTORY_WORDS = 34;
export const V6_DIRECTORY_WORDS = 130;

export interface Counts {
  readonly rules: number;
  readonly hosts: number;
  readonly urls: number;
  readonly v4: number;
  readonly v6: number;
  readonly hostBucketBits: number;
  readonly urlBucketBits: number;
  readonly referenceBytes: number;
  readonly stringBytes: number;
}

/** Byte offsets of a section of hashed keys. */
export interface HashedLayout {
  readonly buckets: number;
  readonly lo: number;
  readonly hi: number;
  readonly references: number;
}

export interface Layout {
  readonly ruleExpiry: number;
  readonly ruleMeta: number;
  readonly ruleStrings: number;
  readonly hosts: HashedLayout;
  readonly urls: HashedLayout;
  readonly v4Directory: number;
  readonly v4Addresses: number;
  readonly v4References: number;
  readonly v6Directory: number;
  readonly v6Addresses: number;
  readonly v6References: number;
  readonly strings: number;
  readonly fileBytes: number;
}

export const hiBytes = (bucketBits: number): number => (bucketBits >= SHORT_HI_BUCKET_BITS ? 2 : 4);

/** Sections follow each other in this order, each padded with zeros to a multiple of eight bytes. */
export function layoutOf(counts: Counts): Layout {
  let end = HEADER_BYTES;
  const section = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / 8) * 8;
    return start;
  };
  const hashed = (entries: number, bucketBits: number): HashedLayout => ({
    buckets: section((2 ** bucketBits + 1) * 4),
    lo: section(entries * 4),
    hi: section(entries * hiBytes(bucketBits)),
    references: section(entries * counts.referenceBytes),
  });
  return {
    ruleExpiry: section(counts.rules * 8),
    ruleMeta: section(counts.rules * 4),
    ruleStrings: section((counts.rules * 2 + 1) * 4),
    hosts: hashed(counts.hosts, counts.hostBucketBits),
    urls: hashed(counts.urls, counts.urlBucketBits),
    v4Directory: section(V4_DIRECTORY_WORDS * 4),
    v4Addresses: section(counts.v4 * 4),
    v4References: section(counts.v4 * counts.referenceBytes),
    v6Directory: section(V6_DIRECTORY_WORDS * 4),
    v6Addresses: section(counts.v6 * 16),
    v6References: section(counts.v6 * counts.referenceBytes),
    strings: section(counts.stringBytes),
    fileBytes: end,
  };
}
