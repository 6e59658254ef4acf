/**
 * What a line format is to `readFeed`: something that is given one line after the other.
 *
 * Easy to get wrong: a line comes without white space around it and is never empty. Where leading white space means
 * something (zone files), `isIndented` finds it, because the byte before `start` is still there.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import type { InvalidReason } from './reasons.ts';

/** Null: readable, whether or not it gave an entry. */
export type LineResult = 'comment' | InvalidReason | null;

/** Reads `bytes[start, end)`, which are valid during the call only, into `out`. */
export type ReadLine = (bytes: Buffer, start: number, end: number, out: EntryRecorder) => LineResult;

/** One feed's parser. May keep state from line to line: make one per feed. */
export interface LineParser {
  readonly line: ReadLine;
  /** Longer lines go to `longLine`; 4096 when absent. */
  readonly maxLineBytes?: number;
  /** The beginning of a line that is too long. Absent: a `#` or `;` comment, or invalid. */
  readonly longLine?: (bytes: Buffer, start: number, out: EntryRecorder) => LineResult;
  /** At the end of the feed: what a record that was begun and not finished comes to. */
  readonly end?: (out: EntryRecorder) => LineResult;
}

const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const SEMICOLON = 0x3b;

export const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** Whether the line that begins at `start` had white space before it. */
export const isIndented = (bytes: Buffer, start: number): boolean => start > 0 && isBlank(bytes[start - 1]);

/** The end of the column that begins at `start`. */
export function columnEnd(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && !isBlank(bytes[i])) i++;
  return i;
}

/** The start of the next column. */
export function skipBlanks(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && isBlank(bytes[i])) i++;
  return i;
}

/** `end` without trailing blanks. */
function trimEnd(bytes: Buffer, start: number, end: number): number {
  let i = end;
  while (i > start && isBlank(bytes[i - 1])) i--;
  return i;
}

/** Cuts a `#` comment, wherever it begins: neither names nor the parts of a URL that are sent can hold one. */
export function withoutHash(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === HASH) return trimEnd(bytes, start, i);
  return end;
}

/** Cuts a `;` comment, which needs white space before it because a URL may hold the character. */
export function withoutSemicolon(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === SEMICOLON) return start;
  for (let i = start + 1; i < end; i++) {
    if (bytes[i] === SEMICOLON && isBlank(bytes[i - 1])) return trimEnd(bytes, start, i);
  }
  return end;
}
