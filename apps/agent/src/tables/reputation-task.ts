/** What the agent and the child process that fetches and reads feeds say to each other. */
import type { FeedReportView, FeedView } from '@sallyport/contract/control';

import type { FeedErrorCode } from '../feeds/feed-error.ts';
import type { Validators } from '../feeds/open-source.ts';

/** A raw copy in the state directory. */
export interface FeedCopy {
  readonly path: string;
  /** A format, with its column map, or `detect`. */
  readonly format: string;
}

export interface FeedToRead extends FeedCopy {
  readonly id: string;
  /** How rules and events call it. */
  readonly title: string;
  /** How messages call it: its path or URL. */
  readonly location: string;
  readonly category: string;
  readonly confidence: number | null;
  /** Entries that may act although guard rails speak against them; `*` for all. */
  readonly approved: readonly string[];
  /** Of content that is not in force yet; null otherwise. */
  readonly candidate: Candidate | null;
}

export interface Candidate {
  /** What stays in force when the new content cannot be used. */
  readonly previous: FeedCopy | null;
  /** Entries of what is in force, to compare with. Null: take it whatever its size. */
  readonly previousEntries: number | null;
}

/** Files to write; each is whole and on the disk when the task is done. */
export interface TargetFiles {
  readonly reputation: string;
  readonly categories: string;
  readonly popular: string;
}

export interface CompileTask {
  readonly kind: 'compile';
  readonly feeds: readonly FeedToRead[];
  readonly to: TargetFiles;
  readonly maxBytes: number;
  readonly hashKey: readonly [number, number];
  /** Entries below it are recorded, not blocked. */
  readonly blockConfidence: number;
  readonly protectedNames: readonly string[];
  readonly nowMs: number;
}

export type ReputationTask =
  /** Fetches a location into a file; with validators, only when it changed. */
  | {
      readonly kind: 'fetch';
      readonly location: string;
      readonly to: string;
      readonly maxBytes: number;
      readonly validators: Validators | null;
    }
  /** Reads all feeds and writes the tables of them. */
  | CompileTask;

/** What reading one feed brought. Entries are those in force, what is said twice included. */
export type ReadingReport = Pick<FeedView, 'format' | 'entries' | 'exceptions' | 'duplicates' | 'invalid'> &
  Pick<
    FeedReportView,
    'read' | 'audited' | 'portQualified' | 'webCategories' | 'skipped' | 'held' | 'narrowed' | 'damage' | 'members'
  > & {
    /** Entries that were held back, each as often as the feed has it. */
    readonly heldEntries: number;
  };

export type ReputationMessage =
  | { readonly kind: 'progress'; readonly line: string }
  /** Of the content that is in the tables, whether new or not. */
  | { readonly kind: 'report'; readonly feed: string; readonly report: ReadingReport }
  | { readonly kind: 'fetched'; readonly validators: Validators }
  /** The server says that nothing changed; no file was written. */
  | { readonly kind: 'not-modified' }
  /** Candidates were refused or withheld and nothing is left to compile: no file was written. */
  | { readonly kind: 'nothing-new' }
  | { readonly kind: 'done'; readonly entries: number; readonly bytes: number }
  /** The content's fault: nothing of it is used. `feed` is null when fetching. */
  | { readonly kind: 'refused'; readonly feed: string | null; readonly code: FeedErrorCode; readonly message: string }
  /** New content that guard rails hold back as a whole. */
  | { readonly kind: 'withheld'; readonly feed: string; readonly reason: string; readonly entries: number };
