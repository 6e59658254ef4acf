/**
 * Reads a feed, however large, in one pass: says what it is, gives its entries to a sink, in memory that does not
 * depend on its size, and says exactly what it held.
 *
 * Easy to get wrong: entries reach the sink while the feed is still being read, and only the end shows whether the
 * feed is refused. A sink therefore collects beside what is in force, and drops its collection when this throws.
 */
import { DOCUMENT_READERS } from './documents/registry.ts';
import { type EntryCounts, EntryRecorder } from './entry-recorder.ts';
import { FeedError, printable } from './feed-error.ts';
import type { FeedSink } from './feed-sink.ts';
import { detectFormat, HEAD_BYTES, nulByte, startsWithBom } from './format-detection.ts';
import { type ChosenFormat, type Format, type FormatName, parseFormat } from './formats.ts';
import { LINE_PARSERS, type LineFormat } from './line-parsers.ts';
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.ts';
import type { CsvMap } from './lines/csv-columns.ts';
import type { LineParser, LineResult } from './lines/line-parser.ts';
import type { SkipReason } from './lines/reasons.ts';
import { detectedFormat, type InvalidLine, Tally } from './lines/tally.ts';

export interface ReadFeedOptions {
  /** How messages call the feed: a path or URL. */
  readonly name: string;
  readonly format: Format | 'detect';
  /** Unix milliseconds; what a document says has expired by then is skipped. Absent: now. */
  readonly nowMs?: number;
  /** Called about every four MiB; of a document `lines` are its items. Must not throw. */
  readonly onProgress?: (progress: { readonly lines: number; readonly bytes: number }) => void;
}

export interface FeedReport {
  readonly format: FormatName;
  /** Lines, blank ones and comments included; items of a document. */
  readonly read: number;
  /** Given to the sink, duplicates included. */
  readonly entries: Readonly<EntryCounts>;
  readonly exceptions: number;
  /** Entries and exceptions that the feed limits to one port. */
  readonly portQualified: number;
  /** Well-formed names, addresses and rules that deliberately gave no entry. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  /** The numbers of the first five lines of each reason. */
  readonly skippedAt: Readonly<Partial<Record<SkipReason, readonly number[]>>>;
  /** Lines that could not be read, with the first ten of them. */
  readonly invalid: { readonly count: number; readonly first: readonly InvalidLine[] };
}

const PROGRESS_BYTES = 4 * 1024 * 1024;

/**
 * Gives every entry of `source` to `sink`. Throws `FeedError` (and nothing else on account of the bytes) when the
 * feed is binary, in a format that is not supported, has no entry, or has too many lines that cannot be read: more
 * than twenty and one in twenty, or more than half of all. Errors of the source itself pass through.
 */
export async function readFeed(
  source: AsyncIterable<Uint8Array>,
  options: ReadFeedOptions,
  sink: FeedSink,
): Promise<FeedReport> {
  const name = printable(options.name, 400);
  const chosen = options.format === 'detect' ? null : parseFormat(options.format);
  if (chosen?.kind === 'rejected')
    throw new FeedError('wrong-format', `${name}: --format ${options.format}: ${chosen.reason}`);
  const chunks = source[Symbol.asyncIterator]();
  try {
    const head = await takeHead(chunks);
    return await readChosen(head, chunks, { ...options, name }, chosen, sink);
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
}

async function readChosen(
  { head, first, complete }: Head,
  chunks: AsyncIterator<Uint8Array>,
  { name, nowMs = Date.now(), onProgress }: ReadFeedOptions,
  chosen: ChosenFormat | null,
  sink: FeedSink,
): Promise<FeedReport> {
  const detection = detectFormat(head, complete, name, chosen?.name ?? null);
  const format = chosen?.name ?? detectedFormat(detection, complete, name);
  const isDocument = format === 'stix' || format === 'misp';
  const tally = new Tally({ name, format, named: chosen !== null, detection, unit: isDocument ? 'item' : 'line' });
  const reading: Reading = isDocument
    ? new DocumentReading(format, tally, sink, name, nowMs)
    : new LineReading(format, chosen?.csv ?? null, tally, sink, name);
  const { recorder } = reading;
  await reading.read(joined(first, chunks, (bytes) => onProgress?.({ lines: reading.position, bytes })));
  tally.judge(recorder);
  return {
    format,
    read: reading.position,
    entries: recorder.entries,
    exceptions: recorder.exceptions,
    portQualified: recorder.portQualified,
    skipped: recorder.skipped,
    skippedAt: recorder.skippedAt,
    invalid: { count: tally.invalidCount, first: tally.invalid },
  };
}

/** One pass over a feed whose format is known. */
interface Reading {
  readonly recorder: EntryRecorder;
  /** The number of the line or item that was read last. */
  readonly position: number;
  read(source: AsyncIterable<Buffer>): Promise<void>;
}

interface Head {
  /** The first `HEAD_BYTES`, or all there are. */
  readonly head: Buffer;
  /** The chunks that were taken for it; they hold `head` and may hold more. */
  readonly first: readonly Buffer[];
  /** Nothing comes after `first`. */
  readonly complete: boolean;
}

async function takeHead(chunks: AsyncIterator<Uint8Array>): Promise<Head> {
  const first: Buffer[] = [];
  let bytes = 0;
  let complete = false;
  while (bytes < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) {
      complete = true;
      break;
    }
    first.push(Buffer.from(next.value)); // a copy: the source may reuse its memory
    bytes += next.value.length;
  }
  return { head: Buffer.concat(first, Math.min(HEAD_BYTES, bytes)), first, complete };
}

/** The whole feed without a byte order mark. `onProgress` is told how many bytes were passed on. */
async function* joined(
  first: readonly Buffer[],
  rest: AsyncIterator<Uint8Array>,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let progressAt = PROGRESS_BYTES;
  try {
    // In one piece, because a byte order mark may be cut.
    const begin = Buffer.concat(first);
    bytes = begin.length;
    yield startsWithBom(begin) ? begin.subarray(3) : begin;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      const { buffer, byteOffset, byteLength } = next.value;
      bytes += byteLength;
      yield Buffer.from(buffer, byteOffset, byteLength);
      if (bytes < progressAt) continue;
      progressAt = bytes + PROGRESS_BYTES;
      onProgress(bytes);
    }
  } finally {
    await rest.return?.();
  }
}

class LineReading implements Reading {
  readonly recorder: EntryRecorder;
  readonly #parser: LineParser;
  readonly #splitter: LineSplitter;
  readonly #tally: Tally;

  constructor(format: LineFormat, csv: CsvMap | null, tally: Tally, sink: FeedSink, name: string) {
    const parser = LINE_PARSERS[format](csv);
    const recorder = new EntryRecorder(sink, () => this.position);
    const tooLong = parser.longLine ?? longLine(parser.maxLineBytes ?? MAX_LINE_BYTES);
    this.recorder = recorder;
    this.#parser = parser;
    this.#tally = tally;
    this.#splitter = new LineSplitter(
      (bytes, start, end, overlong) => {
        const result = overlong ? tooLong(bytes, start, recorder) : parser.line(bytes, start, end, recorder);
        if (result === 'comment') return;
        tally.significant++;
        // Four bytes per shown character at most, so that a long line is not decoded whole.
        if (result !== null)
          tally.refuse(this.position, bytes.toString('utf8', start, Math.min(end, start + 4 * 81)), result);
      },
      () => {
        throw nulByte(name, this.position);
      },
      parser.maxLineBytes,
    );
  }

  get position(): number {
    return this.#splitter.lines;
  }

  async read(source: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of source) this.#splitter.push(chunk);
    this.#splitter.finish();
    const left = this.#parser.end?.(this.recorder) ?? null;
    if (left === null || left === 'comment') return;
    this.#tally.significant++;
    this.#tally.refuse(this.position, '', left);
  }
}

const HASH = 0x23;
const SEMICOLON = 0x3b;

/** A long comment is a comment. */
const longLine =
  (limit: number) =>
  (bytes: Buffer, start: number): LineResult => {
    if (bytes[start] === HASH || bytes[start] === SEMICOLON) return 'comment';
    return limit > MAX_LINE_BYTES ? 'longer than 65536 bytes' : 'longer than 4096 bytes';
  };

class DocumentReading implements Reading {
  readonly recorder: EntryRecorder;
  readonly #format: 'stix' | 'misp';
  readonly #tally: Tally;
  readonly #name: string;
  readonly #nowMs: number;
  #items = 0;

  constructor(format: 'stix' | 'misp', tally: Tally, sink: FeedSink, name: string, nowMs: number) {
    this.recorder = new EntryRecorder(sink, () => this.#items);
    this.#format = format;
    this.#tally = tally;
    this.#name = name;
    this.#nowMs = nowMs;
  }

  get position(): number {
    return this.#items;
  }

  async read(source: AsyncIterable<Buffer>): Promise<void> {
    await DOCUMENT_READERS[this.#format](source, this.recorder, {
      name: this.#name,
      nowMs: this.#nowMs,
      onItem: () => {
        this.#items++;
        this.#tally.significant++;
      },
      onInvalid: (item, text, reason) => this.#tally.refuse(item, text, reason),
    });
  }
}
