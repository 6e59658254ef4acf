/**
 * What became of a feed's lines or items: how many could not be read, the first of them, and whether the feed is
 * refused for it.
 *
 * Easy to get wrong: comments and blank lines count for nothing here; a feed of a thousand comments and twenty-one
 * broken lines is a broken feed.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { FeedError, printable } from '../feed-error.ts';
import type { Detection } from '../format-detection.ts';
import { FORMAT_NAMES, type FormatName } from '../formats.ts';

export interface InvalidLine {
  /** The line's number, or the item's in a document. */
  readonly line: number;
  /** Cut and made printable. */
  readonly text: string;
  readonly reason: string;
}

interface TallyOptions {
  /** Printable. */
  readonly name: string;
  readonly format: FormatName;
  /** Whether the user said so. */
  readonly named: boolean;
  readonly detection: Detection;
  readonly unit: 'line' | 'item';
}

const KEPT_INVALID = 10;

/** Unreadable lines that are forgiven: twenty or one in twenty, whichever is more. */
const tolerated = (lines: number): number => Math.max(20, lines * 0.05);
/** From here on a feed whose lines are mostly unreadable is not read to its end. */
const EARLY_LINES = 1000;

export class Tally {
  /** Lines that are neither blank nor comments; items of a document. */
  significant = 0;
  invalidCount = 0;
  readonly invalid: InvalidLine[] = [];
  readonly #options: TallyOptions;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  /** One of the significant ones cannot be read. Throws `FeedError` when most of very many cannot. */
  refuse(position: number, text: string, reason: string): void {
    this.invalidCount++;
    if (this.invalid.length < KEPT_INVALID) {
      this.invalid.push({ line: position, text: printable(text), reason: printable(reason) });
    }
    if (this.significant >= EARLY_LINES && this.invalidCount > this.significant / 2) throw this.#wrongFormat();
  }

  /** At the end: throws `FeedError` when the feed is not to be used. */
  judge({ entries, exceptions, skipped }: EntryRecorder): void {
    const readable = this.significant - this.invalidCount;
    if (this.invalidCount > tolerated(this.significant) || this.invalidCount > readable) throw this.#wrongFormat();
    if (entries.hosts + entries.ips + entries.cidrs + entries.urls + exceptions === 0) {
      throw this.#nothingUsable(skipped);
    }
  }

  #at(position: number): string {
    const { name, unit } = this.#options;
    return unit === 'line' ? `${name}:${position}` : `${name}, item ${position}`;
  }

  #wrongFormat(): FeedError {
    const { name, format, unit } = this.#options;
    const first = this.invalid[0];
    const where = first === undefined ? name : `${this.#at(first.line)}: "${first.text}": ${first.reason}`;
    const share = `${this.invalidCount} of ${this.significant} ${unit}s cannot be read as ${format}`;
    return new FeedError('wrong-format', `${where}; ${share}; ${this.#remedy()}`, {
      ...(first !== undefined && { line: first.line }),
    });
  }

  #remedy(): string {
    const { detection, format, named } = this.#options;
    const proposed = detection.format;
    if (proposed !== null && proposed !== format) return `it looks like ${proposed}: use --format ${proposed}`;
    if (format === 'csv') return 'say which columns to read with --format csv:value=COLUMN';
    if (format === 'cidr') return 'if it mixes names and addresses, use --format domains';
    return named ? 'choose another --format, or leave it out to have it detected' : 'name the format with --format';
  }

  #nothingUsable(skipped: EntryRecorder['skipped']): FeedError {
    const { name, format, detection, unit } = this.#options;
    const { firstLine } = detection;
    if (firstLine === null || this.significant === 0) {
      return new FeedError('empty', `${name}: no entries; an empty feed is not used`);
    }
    const reasons = Object.entries(skipped).map(([reason, count]) => `${count} ${reason}`);
    const proposed = detection.format;
    const hint =
      proposed !== null && proposed !== format ? `; it looks like ${proposed}: use --format ${proposed}` : '';
    const what =
      unit === 'line'
        ? `${name}:${firstLine.number}: "${printable(firstLine.text)}" and all other lines give`
        : `${name}: ${this.significant} items give`;
    return new FeedError(
      'wrong-format',
      `${what} nothing to block as ${format} (skipped: ${reasons.join(', ')})${hint}`,
      {
        line: firstLine.number,
      },
    );
  }
}

/** The format that detection proposes, or the error that says why it proposes none. */
export function detectedFormat(detection: Detection, complete: boolean, name: string): FormatName {
  const { format, firstLine, problem } = detection;
  if (format !== null) return format;
  if (firstLine === null) {
    throw complete
      ? new FeedError('empty', `${name}: no entries; an empty feed is not used`)
      : new FeedError('wrong-format', `${name}: nothing but comments at its beginning; name the format with --format`);
  }
  throw new FeedError(
    'wrong-format',
    `${name}:${firstLine.number}: "${printable(firstLine.text)}" ${problem ?? 'fits no format'} (formats: ${FORMAT_NAMES.join(', ')})`,
    { line: firstLine.number },
  );
}
