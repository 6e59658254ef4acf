/**
 * What the catalogue says about one public feed.
 *
 * Easy to get wrong: `use` is about using the list on one's own machines, which is all we do with it. A licence that
 * only binds who passes the list on (GPL, CC BY-SA) therefore allows any use; one that forbids commercial use does not.
 */

/**
 * any: everybody, for everything. attribution: everybody who names the source. non-commercial: private and charitable
 * use, or use within limits that the publisher calls fair. unstated: free to download, no terms found.
 */
export type FeedUse = 'any' | 'attribution' | 'non-commercial' | 'unstated';

/** threats: malicious, phishing, command and control, scams. Only these are ever enabled by default. */
export type FeedPurpose = 'threats' | 'advertising' | 'web-category' | 'anonymity';

export interface CatalogueFeed {
  /** Lower-case letters, digits and dashes; stable for ever. */
  readonly id: string;
  readonly name: string;
  /** Of the list itself. With `needsKey` it holds `YOUR-KEY` where the key belongs. */
  readonly url: string;
  readonly homepage: string;
  readonly purpose: FeedPurpose;
  /** Short name of the licence, or what the publisher says instead of one. */
  readonly licence: string;
  readonly use: FeedUse;
  /** As `feed add --format` takes it. */
  readonly format: string;
  /** As `feed add --category` takes it. */
  readonly category: string;
  /** 0–100, where the list deserves less than full trust: below FeedBlockConfidence it is recorded and not blocked. */
  readonly confidence?: number;
  /** What the publisher asks for or how often it changes. */
  readonly intervalHours: number;
  readonly description: string;
  /** The publisher gives it only to who has registered. Such a feed is added by its URL, with the key in it. */
  readonly needsKey?: boolean;
  /** What to know before enabling it. */
  readonly note?: string;
}

/** Whether `up` enables it by default: a list of threats whose licence allows any use, and that needs no key. */
export const isDefault = (feed: CatalogueFeed): boolean =>
  feed.purpose === 'threats' && feed.use === 'any' && feed.needsKey !== true;
