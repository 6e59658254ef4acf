/**
 * What policy needs from a table of names and addresses. `HostTable` is the one that ships; the oracle of the tests
 * is the slow and obvious other one.
 *
 * Easy to get wrong: `last` is one object that every `find…` overwrites, so read it before asking again. It means
 * something only after a `find…` that returned an index.
 */
import type { Rule } from './rule.ts';
import type { Subject } from './scope.ts';

export type MatchedBy = 'host' | 'url' | 'ip' | 'cidr';

/** What decides whether a rule applies to a connection. One object may serve for many questions. */
export interface Asked {
  /** Unix milliseconds. */
  nowMs: number;
  /** Of the remote end. 0 when it is not known: rules for one port do not apply then. */
  port: number;
  /** Null when the connection is not attributed: scoped rules do not apply then. */
  subject: Subject | null;
}

/** How the latest successful `find…` matched. */
export interface LastMatch {
  matched: MatchedBy;
  /** Host: bytes of the entry's name. URL: bytes of the entry's normalised path. Address: prefix length in bits. */
  specificity: number;
}

/** One rule of an entry that covers the question, whether or not it wins, has expired, or is for somebody else. */
export interface Candidate {
  readonly ruleIndex: number;
  readonly matched: MatchedBy;
  readonly specificity: number;
}

/**
 * Which rule answers: entries are tried from the most specific on (URL paths before hosts, longer before shorter), and
 * the first entry with a rule that applies decides by its strongest one: allow, warn, block, audit, then the surer,
 * then the one added first. A rule applies when it has not expired and its port and scope fit.
 *
 * Exceptions (action `allow`, source `feed`) never answer and are weighed first. From the entry that holds one on, to all
 * less specific ones, rules with the same id do not apply, whatever their source; in a name's question that includes the
 * hosts below a URL.
 */
export interface ReputationTable {
  readonly last: Readonly<LastMatch>;

  /**
   * Rule index for the name in `name[start, end)`, or -1. The bytes are as on the wire: any case, trailing dots, UTF-8,
   * an address literal with or without brackets (which is then looked up as an address). `path` is the request target
   * where one is visible, else null: URL entries answer only with it, and only for the very host.
   */
  findName(name: Uint8Array, start: number, end: number, path: Uint8Array | null, asked: Asked): number;

  /** The same for an address of 4 or 16 bytes: the longest prefix first. */
  findAddress(address: Uint8Array, asked: Asked): number;

  /** Every rule behind the same question in the order in which they are weighed. For people. */
  nameCandidates(name: Uint8Array, start: number, end: number, path: Uint8Array | null): Candidate[];
  addressCandidates(address: Uint8Array): Candidate[];

  /** The rule behind an index that a `find…` or a candidate gave. */
  rule(index: number): Rule;
}
