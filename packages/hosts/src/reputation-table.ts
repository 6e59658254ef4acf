/**
 * What policy needs from a table of names and addresses. `HostTable` is the one that ships; a denser or layered one
 * can take its place without policy or the gate noticing.
 *
 * Easy to get wrong: `last` is one object that every `find…` overwrites, so read it before asking again. It means
 * something only after a `find…` that returned an index.
 */
import type { Rule } from './rule.ts';

export type MatchedBy = 'host' | 'url' | 'ip' | 'cidr';

/** How the latest successful `find…` matched. */
export interface LastMatch {
  matched: MatchedBy;
  /** Host: bytes of the entry's name. URL: bytes of the entry's normalised path. Address: prefix length in bits. */
  specificity: number;
}

/** One entry that covers the question, whether or not it wins, whether or not its rule has expired. */
export interface Candidate {
  readonly ruleIndex: number;
  readonly matched: MatchedBy;
  readonly specificity: number;
}

export interface ReputationTable {
  readonly last: Readonly<LastMatch>;

  /**
   * Rule index of the most specific entry that covers the name in `name[start, end)` and has not expired at `nowMs`
   * (Unix milliseconds), or -1. The bytes are as on the wire: any case, trailing dots, UTF-8, an address literal
   * with or without brackets (which is then looked up as an address).
   */
  findHost(name: Uint8Array, start: number, end: number, nowMs: number): number;

  /** The same for an address of 4 or 16 bytes: the longest prefix that has not expired. */
  findIp(address: Uint8Array, nowMs: number): number;

  /** The same for URL prefixes: `host` as in `findHost` but matched whole, `path` as in the request target. */
  findUrl(host: Uint8Array, path: Uint8Array, nowMs: number): number;

  /** Every entry behind the same question, most specific first, strongest action first among equals. For people. */
  hostCandidates(name: Uint8Array, start: number, end: number): Candidate[];
  ipCandidates(address: Uint8Array): Candidate[];
  urlCandidates(host: Uint8Array, path: Uint8Array): Candidate[];

  /** The rule behind an index that a `find…` or a candidate gave. */
  rule(index: number): Rule;
}
