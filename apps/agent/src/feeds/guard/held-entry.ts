/**
 * Why an entry of a feed, or a whole feed, is not used, in words.
 *
 * Easy to get wrong: sentences are shown as they are, after the entry's text and a colon.
 */

/** Reasons to hold an entry back, worst first; reports use this order. */
export const HELD_REASONS = [
  'protected-name',
  'above-protected-name',
  'protected-address',
  'too-wide',
  'local-network',
  'public-suffix',
  'above-public-suffix',
  'popular-host',
  'above-popular-host',
  'institution',
  'popular-address',
] as const;
export type HeldReason = (typeof HELD_REASONS)[number];

export const HELD_SENTENCES = {
  'protected-name': 'is protected: blocking it would cut this device off what it needs',
  'above-protected-name': 'would block a protected name below it',
  'protected-address': 'would block an address of this machine, its resolvers or its server',
  'too-wide': 'covers too large a part of the Internet',
  'local-network': 'belongs to local, private or reserved networks, where nothing on the Internet is',
  'public-suffix': 'is a public suffix: everybody may register names below it; approved, it counts for itself alone',
  'above-public-suffix': 'would block names that belong to many different people',
  'popular-host': 'is one of the most popular hosts; list the pages or sub-domains that are meant',
  'above-popular-host': 'would block one of the most popular hosts below it',
  institution: 'belongs to a government, an army, a university or a treaty organisation; list the pages that are meant',
  'popular-address': 'would block a public resolver that many machines depend on',
} as const satisfies Record<HeldReason, string>;

export interface HeldEntry {
  /** As `feed approve` takes it: a name, `*.name`, an address, a network, or `host/path`. */
  readonly entry: string;
  readonly reason: HeldReason;
  readonly sentence: string;
  /** How often the feed has it. */
  readonly count: number;
  /** `*.` of a public suffix can never be used. */
  readonly approvable: boolean;
}

export interface WholeFeedHeld {
  readonly reason: 'shrank' | 'grew';
  readonly sentence: string;
  readonly entries: number;
  readonly previousEntries: number;
}
