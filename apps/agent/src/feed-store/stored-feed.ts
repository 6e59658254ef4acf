/** What is kept about one feed, and the empty view that a new one starts from. */
import type { FeedView } from '@sallyport/contract/control';

import type { Validators } from '../feeds/open-source.ts';
import type { ReadingReport } from '../tables/reputation-task.ts';

export interface StoredFeed {
  readonly view: FeedView;
  /** As asked for: a format, with its column map, or `detect`. */
  readonly wantedFormat: string;
  /** File name in STATE/agent/feeds of the raw copy that counts while the feed is on. Null before the first reading. */
  readonly content: string | null;
  /** The same of content that is held back as a whole. */
  readonly pending: string | null;
  /** Of the latest content that its server sent, whether or not it is in force; null for files. */
  readonly validators: Validators | null;
  /** Entries that may act although guard rails speak against them; `*` for all. */
  readonly approved: readonly string[];
  /** Attempts to ask the server since it answered last. */
  readonly failures: number;
}

/** What `feed report` tells beyond the view. Kept beside the feed, as it may be long. */
export type StoredReport = Omit<ReadingReport, 'format' | 'exceptions' | 'invalid'>;

export const NO_ENTRIES: FeedView['entries'] = { hosts: 0, ips: 0, cidrs: 0, urls: 0 };

/** Of a feed that was never read. */
export const EMPTY_VIEW = {
  name: null,
  catalogueId: null,
  origin: 'added',
  enabled: true,
  confidence: null,
  intervalMs: null,
  refreshedMs: null,
  checkedMs: null,
  nextMs: null,
  entries: NO_ENTRIES,
  exceptions: 0,
  duplicates: { own: 0, others: 0 },
  skipped: {},
  invalid: { count: 0, first: [] },
  held: 0,
  pending: null,
  problem: null,
} as const satisfies Partial<FeedView>;

export const entryCount = ({ hosts, ips, cidrs, urls }: FeedView['entries']): number => hosts + ips + cidrs + urls;
