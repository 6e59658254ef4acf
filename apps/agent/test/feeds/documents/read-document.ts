/** Reads a document with a fixed clock and writes down what became of it. */
import { DOCUMENT_READERS, type DocumentFormat } from '../../../src/feeds/documents/registry.ts';
import { EntryRecorder } from '../../../src/feeds/entry-recorder.ts';
import { FeedError } from '../../../src/feeds/feed-error.ts';
import { collectingSink, streamOf } from '../collecting-sink.ts';

export const NOW_MS = Date.UTC(2026, 0, 1);

export interface DocumentOutcome {
  readonly entries: readonly string[];
  readonly items: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** `item: text: reason` */
  readonly invalid: readonly string[];
  /** `code: message`, null when it was read. */
  readonly error: string | null;
}

/** Only a `FeedError` is caught. */
export async function readDocument(format: DocumentFormat, chunks: readonly Uint8Array[]): Promise<DocumentOutcome> {
  const entries: string[] = [];
  const invalid: string[] = [];
  let items = 0;
  const recorder = new EntryRecorder(collectingSink(entries), () => items);
  let error: string | null = null;
  try {
    await DOCUMENT_READERS[format](streamOf(chunks), recorder, {
      name: 'list',
      nowMs: NOW_MS,
      onItem: () => void items++,
      onInvalid: (item, text, reason) => void invalid.push(`${item}: ${text}: ${reason}`),
    });
  } catch (thrown) {
    if (!(thrown instanceof FeedError)) throw thrown;
    error = `${thrown.code}: ${thrown.message}`;
  }
  return { entries, items, skipped: recorder.skipped, invalid, error };
}

export const readJson = (format: DocumentFormat, value: unknown): Promise<DocumentOutcome> =>
  readDocument(format, [Buffer.from(JSON.stringify(value))]);
