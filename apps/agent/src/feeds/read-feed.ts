/**
 * Reads one feed, line by line, in memory that does not depend on its size, and says exactly what it held.
 *
 * Easy to get wrong: entries reach the sink while the feed is still being read, and only the end shows whether the
 * feed is refused. A sink therefore collects beside what is in force, and drops its collection when this throws.
 */
import {
  EntryRecorder,
  type EntryCounts,
  type FeedSink,
  type InvalidReason,
  type SkipReason,
} from './entry-recorder.ts';
import { FeedError, printable } from './feed-error.ts';
import { detectFormat, type Detection, HEAD_BYTES, nulByte, startsWithBom } from './format-detection.ts';
import { type Format, LINE_PARSERS } from './line-parsers.ts';
import { LineSplitter } from './line-splitter.ts';

export interface ReadFeedOptions {
  /** How messages call the feed: a path or URL. */
  readonly name: string;
  readonly format: Format | 'detect';
  /** Called about every four MiB. Must not throw. */
  readonly onProgress?: (progress: { readonly lines: number; readonly bytes: number }) => void;
}

export interface InvalidLine {
  readonly line: number;
  /** Cut and made printable. */
  readonly text: string;
  readonly reason: InvalidReason;
}

export interface FeedReport {
  readonly format: Format;
  /** Lines, blank ones and comments included. */
  readonly read: number;
  /** Given to the sink, duplicates included. */
  readonly entries: Readonly<EntryCounts>;
  readonly exceptions: number;
  /** Entries and exceptions that the feed limits to one port. */
  readonly portQualified: number;
  /** Well-formed names, addresses and rules that deliberately gave no entry. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  /** Lines that could not be read, with the first ten of them. */
  readonly invalid: { readonly count: number; readonly first: readonly InvalidLine[] };
}

const KEPT_INVALID = 10;
const PROGRESS_BYTES = 4 * 1024 * 1024;

/** Unreadable lines that are forgiven: twenty or one in twenty, whichever is more. */
const tolerated = (lines: number): number => Math.max(20, lines * 0.05);
/** From here on a feed whose lines are mostly unreadable is not read to its end. */
const EARLY_LINES = 1000;

/**
 * Gives every entry of `source` to `sink`. Throws `FeedError` (and nothing else on account of the bytes) when the
 * feed is binary, in a format that is not supported, has no entry, or has too many lines that cannot be read: more
 * than `tolerated`, or more than half of all. Errors of the source itself pass through.
 */
export async function readFeed(
  source: AsyncIterable<Uint8Array>,
  options: ReadFeedOptions,
  sink: FeedSink,
): Promise<FeedReport> {
  let reading: Reading | null = null;
  const head: Buffer[] = [];
  let headBytes = 0;
  let bytes = 0;
  let progressAt = PROGRESS_BYTES;
  for await (const chunk of source) {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    bytes += view.length;
    if (reading === null) {
      head.push(Buffer.from(view)); // the source may reuse its memory
      headBytes += view.length;
      if (headBytes < HEAD_BYTES) continue;
      reading = new Reading(head.splice(0), false, options, sink);
    } else {
      reading.push(view);
    }
    if (bytes >= progressAt) {
      progressAt = bytes + PROGRESS_BYTES;
      options.onProgress?.({ lines: reading.lines, bytes });
    }
  }
  reading ??= new Reading(head, true, options, sink);
  return reading.finish();
}

/** One feed whose head is known. */
class Reading {
  readonly #name: string;
  readonly #named: boolean;
  readonly #format: Format;
  readonly #detection: Detection;
  readonly #recorder: EntryRecorder;
  readonly #splitter: LineSplitter;
  readonly #invalid: InvalidLine[] = [];
  #invalidCount = 0;
  /** Lines that are neither blank nor comments. */
  #significant = 0;

  constructor(chunks: readonly Buffer[], complete: boolean, options: ReadFeedOptions, sink: FeedSink) {
    this.#name = printable(options.name, 400);
    this.#named = options.format !== 'detect';
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const head = Buffer.concat(chunks, Math.min(HEAD_BYTES, total));
    this.#detection = detectFormat(head, complete, this.#name);
    this.#format = options.format === 'detect' ? this.#detected(complete) : options.format;

    const parse = LINE_PARSERS[this.#format]();
    const recorder = new EntryRecorder(sink);
    const adblock = this.#format === 'adblock';
    this.#recorder = recorder;
    this.#splitter = new LineSplitter(
      (bytes, start, end, overlong) => {
        // An Adblock rule may list thousands of sites; such a rule is conditional, and a long comment is a comment.
        const result = overlong ? longLine(bytes[start] ?? 0, adblock, recorder) : parse(bytes, start, end, recorder);
        if (result === 'comment') return;
        this.#significant++;
        if (result !== null) this.#refuseLine(result, bytes, start, end);
      },
      () => {
        throw nulByte(this.#name, this.#splitter.lines);
      },
    );
    this.#splitter.push(startsWithBom(head) ? head.subarray(3) : head);
    // Only the last chunk can reach past the head: with it the head was full.
    const last = chunks.at(-1);
    if (last !== undefined && total > head.length) this.#splitter.push(last.subarray(head.length - total));
  }

  get lines(): number {
    return this.#splitter.lines;
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  finish(): FeedReport {
    this.#splitter.finish();
    const { entries, exceptions, portQualified, skipped } = this.#recorder;
    const usable = entries.hosts + entries.ips + entries.cidrs + entries.urls + exceptions;
    const readable = this.#significant - this.#invalidCount;
    if (this.#invalidCount > tolerated(this.#significant) || this.#invalidCount > readable) throw this.#wrongFormat();
    if (usable === 0) throw this.#nothingUsable();
    return {
      format: this.#format,
      read: this.#splitter.lines,
      entries,
      exceptions,
      portQualified,
      skipped,
      invalid: { count: this.#invalidCount, first: this.#invalid },
    };
  }

  #refuseLine(reason: InvalidReason, bytes: Buffer, start: number, end: number): void {
    this.#invalidCount++;
    if (this.#invalid.length < KEPT_INVALID) {
      // Four bytes per shown character at most, so that a long line is not decoded whole.
      const text = bytes.toString('utf8', start, Math.min(end, start + 4 * 81));
      this.#invalid.push({ line: this.#splitter.lines, text: printable(text), reason });
    }
    if (this.#significant >= EARLY_LINES && this.#invalidCount > this.#significant / 2) throw this.#wrongFormat();
  }

  #detected(complete: boolean): Format {
    const { format, firstLine } = this.#detection;
    if (format !== null) return format;
    if (firstLine === null && complete)
      throw new FeedError('empty', `${this.#name}: no entries; an empty feed is not used`);
    if (firstLine === null) {
      throw new FeedError(
        'wrong-format',
        `${this.#name}: nothing but comments at its beginning; name the format with --format`,
      );
    }
    throw new FeedError(
      'wrong-format',
      `${this.#name}:${firstLine.number}: "${printable(firstLine.text)}" fits none of the formats hosts, domains, adblock, cidr; if it is one of them, name it with --format`,
      { line: firstLine.number },
    );
  }

  #wrongFormat(): FeedError {
    const first = this.#invalid[0];
    const where = first === undefined ? '' : `:${first.line}: "${first.text}": ${first.reason}`;
    const share = `${this.#invalidCount} of ${this.#significant} lines cannot be read as ${this.#format}`;
    return new FeedError('wrong-format', `${this.#name}${where}; ${share}; ${this.#remedy()}`, {
      ...(first !== undefined && { line: first.line }),
    });
  }

  #remedy(): string {
    const proposed = this.#detection.format;
    if (proposed !== null && proposed !== this.#format) return `it looks like ${proposed}: use --format ${proposed}`;
    if (this.#format === 'cidr') return 'if it mixes names and addresses, use --format domains';
    return this.#named
      ? 'choose another --format, or leave it out to have it detected'
      : 'name the format with --format';
  }

  #nothingUsable(): FeedError {
    const { firstLine, format } = this.#detection;
    if (firstLine === null || this.#significant === 0) {
      return new FeedError('empty', `${this.#name}: no entries; an empty feed is not used`);
    }
    const skipped = Object.entries(this.#recorder.skipped).map(([reason, count]) => `${count} ${reason}`);
    const hint = format !== null && format !== this.#format ? `; it looks like ${format}: use --format ${format}` : '';
    return new FeedError(
      'wrong-format',
      `${this.#name}:${firstLine.number}: "${printable(firstLine.text)}" and all other lines give nothing to block as ${this.#format} (skipped: ${skipped.join(', ')})${hint}`,
      { line: firstLine.number },
    );
  }
}

function longLine(first: number, adblock: boolean, recorder: EntryRecorder): 'comment' | InvalidReason | null {
  if (first === 0x23 || first === 0x3b || (adblock && first === 0x21)) return 'comment';
  return adblock ? recorder.skip('conditional-rule') : 'longer than 4096 bytes';
}
