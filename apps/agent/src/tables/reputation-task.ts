/** What the agent and the child process that reads feeds say to each other. */
import type { FeedErrorCode } from '../feeds/feed-error.ts';
import type { FeedReport } from '../feeds/read-feed.ts';

export interface FeedToRead {
  readonly id: string;
  /** How messages call it. */
  readonly location: string;
  /** The raw copy in the state directory. */
  readonly path: string;
  readonly format: string;
  readonly category: string;
}

export type ReputationTask =
  /** Fetches a location into a file. */
  | { readonly kind: 'fetch'; readonly location: string; readonly to: string; readonly maxBytes: number }
  /** Reads all feeds and writes one table of them. */
  | {
      readonly kind: 'compile';
      readonly feeds: readonly FeedToRead[];
      readonly to: string;
      readonly maxBytes: number;
      readonly hashKey: readonly [number, number];
    };

export type ReputationMessage =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'report'; readonly feed: string; readonly report: FeedReport }
  | { readonly kind: 'done'; readonly entries: number; readonly bytes: number }
  /** The feed's fault: nothing of it may be used. `feed` is null when fetching. */
  | { readonly kind: 'refused'; readonly feed: string | null; readonly code: FeedErrorCode; readonly message: string };
