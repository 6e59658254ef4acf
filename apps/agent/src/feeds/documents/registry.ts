/**
 * Feed formats that are one document instead of lines, each with the function that reads it.
 *
 * Easy to get wrong: a document is a stream like every other feed. A reader must never hold more than one item of it.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { readMisp } from './misp.ts';
import { readStix } from './stix.ts';

/** What surrounds one document. Items are STIX objects or MISP attributes, numbered from 1 in document order. */
export interface DocumentContext {
  /** How messages call the feed. Passes through `printable` before it is shown. */
  readonly name: string;
  /** Unix milliseconds: what has expired then is skipped. */
  readonly nowMs: number;
  /** Called once for each item, before anything else is said about it. May throw to end the reading. */
  onItem(): void;
  /** An item that cannot be read. `text` is raw. May throw to end the reading. */
  onInvalid(item: number, text: string, reason: string): void;
}

/**
 * Gives every entry of the document to the recorder, in order. Throws `FeedError` when the document is damaged, or
 * is something else altogether; errors of the source pass through.
 */
export type DocumentReader = (
  source: AsyncIterable<Uint8Array>,
  recorder: EntryRecorder,
  context: DocumentContext,
) => Promise<void>;

export type DocumentFormat = 'stix' | 'misp';

export const DOCUMENT_READERS: Readonly<Record<DocumentFormat, DocumentReader>> = { stix: readStix, misp: readMisp };
