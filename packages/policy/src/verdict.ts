/**
 * What goes into a decision and what comes out. Names, a URL, an address and a process go in; the tables are asked;
 * a verdict comes out. judge.ts decides, explain.ts tells why.
 */
import type { MatchedBy, ReputationTable } from '@sallyport/hosts/reputation-table';
import type { Action, ResponseCategory, Rule } from '@sallyport/hosts/rule';
import type { Subject } from '@sallyport/hosts/scope';
import type { WebCategory } from '@sallyport/hosts/web-category';

/** What was read of one connection or request. The views are not kept, except as `matchedName` in the verdict. */
export interface Question {
  /** As on the wire. Empty when no name was read. Several when they disagree or when one tunnel holds another. */
  readonly names: readonly Uint8Array[];
  /** Plain HTTP only: over TLS no path is visible, so URL entries answer nothing there. */
  readonly url: { readonly host: Uint8Array; readonly path: Uint8Array } | null;
  /** 4 or 16 bytes. */
  readonly remoteIp: Uint8Array;
  readonly remotePort: number;
  /** The process behind the connection; null when it is not known. */
  readonly subject: Subject | null;
}

/** What becomes of names on no list that look like a trap. */
export const LOW_REPUTATION_ACTIONS = ['off', 'audit', 'warn', 'block'] as const;
export type LowReputationAction = (typeof LOW_REPUTATION_ACTIONS)[number];

export interface PolicySettings {
  /** `EnableNetworkProtection`. */
  readonly mode: 'disabled' | 'audit' | 'block';
  /** `EnableConvertWarnToBlock`. */
  readonly convertWarnToBlock: boolean;
  readonly lowReputation: LowReputationAction;
  /** Null when nothing is excluded. */
  readonly exclusions: Exclusions | null;
}

/** `ExcludedIpAddresses` and `ExclusionProcess` (specification 1.3): what is never judged. */
export interface Exclusions {
  /** Networks: 4 or 16 bytes and a prefix length in bits. */
  readonly networks: readonly { readonly address: Uint8Array; readonly prefixLength: number }[];
  /** As in `Scope.executables`. */
  readonly executables: readonly string[];
}

/** What the local score says about a name: 0 (nothing special) to 100, and why. */
export interface NameScore {
  readonly score: number;
  /** Short sentences, strongest first. */
  readonly reasons: readonly string[];
}

/** Null: there is no such table yet. */
export interface Tables {
  readonly indicators: ReputationTable | null;
  readonly reputation: ReputationTable | null;
  /** Web content filtering. Its rules carry what the category policies make of each category: `block`, or `audit` for
   *  usage statistics only. */
  readonly categories: ReputationTable | null;
  /** Popular names: what it knows is not scored. It decides nothing. */
  readonly popular: ReputationTable | null;
  /** Scores a name (as on the wire) that no table knows; null when the score is not to be used or the name is unremarkable. */
  readonly score: ((name: Uint8Array) => NameScore | null) | null;
}

export type Layer = 'exclusion' | 'indicator' | 'reputation' | 'category' | 'score';
export type Effect = 'pass' | 'audit' | 'block' | 'warn';

export interface Verdict {
  /** What to do with the connection. `warn` is cut like `block` as long as nobody can be asked. */
  readonly effect: Effect;
  /** What the deciding rule says, whatever the mode makes of it. */
  readonly action: Action | 'none';
  readonly responseCategory: ResponseCategory | null;
  /** Of the entry that the category layer found, whether or not it decided: usage statistics (specification 4.6). */
  readonly webCategory: WebCategory | null;
  readonly layer: Layer | 'none';
  readonly rule: Rule | null;
  readonly matched: MatchedBy | null;
  /** The name that was matched, as it was asked; null when the remote address was. */
  readonly matchedName: Uint8Array | null;
}
