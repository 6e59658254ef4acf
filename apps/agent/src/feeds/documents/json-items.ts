/**
 * Reads a JSON document of any size piece by piece: containers that the shape names are walked through, the items in
 * them are parsed one at a time, everything else is passed over without being kept.
 *
 * Easy to get wrong: only taken items are parsed, by `JSON.parse`. Of what is passed over this checks brackets, quotes
 * and depth, enough to find its end, not whether each literal in it is spelled right. The stream parsers on npm were
 * weighed for this: they bound neither an item's size nor its depth, and look at each token in JavaScript.
 */
import { isUtf8 } from 'node:buffer';

import { FeedError, printable } from '../feed-error.ts';

/** What to do with the values of a container: walk on into them, or take them under a label. Not named: pass over. */
export interface JsonShape<Label extends string> {
  /** Reported when a container begins here. */
  readonly label?: Label;
  /** If it is an object: its members by key. */
  readonly members?: Readonly<Record<string, JsonShape<Label> | Label>>;
  /** If it is an array. */
  readonly elements?: JsonShape<Label> | Label;
}

export interface JsonVisitor<Label extends string> {
  /** A labelled container begins. */
  onOpen(label: Label): void;
  /** A parsed value, in document order. */
  onItem(label: Label, value: unknown): void;
  /** An item that is too large or no JSON. `text` is its beginning, raw. */
  onUnreadable(label: Label, text: string, reason: string): void;
}

/** Of one item, as UTF-8. */
const MAX_ITEM_BYTES = 1024 * 1024;
const MAX_DEPTH = 128;
/** A longer key is none that a shape names. */
const MAX_KEY_BYTES = 256;

/**
 * Walks the one document in `source`. Throws `FeedError` when it is not JSON, ends early, goes on after its end or is
 * nested too deeply; errors of the source and of the visitor pass through. Memory: one chunk and one item.
 */
export async function readJsonItems<Label extends string>(
  source: AsyncIterable<Uint8Array>,
  name: string,
  shape: JsonShape<Label>,
  visitor: JsonVisitor<Label>,
): Promise<void> {
  const scanner = new Scanner(printable(name, 400), shape, visitor);
  for await (const chunk of source) {
    scanner.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  scanner.finish();
}

/** A container that is being walked through. */
interface Frame<Label extends string> {
  readonly isArray: boolean;
  readonly shape: JsonShape<Label>;
  /** What the value that comes next is, in an object. */
  next: JsonShape<Label> | Label | null;
}

/** What may come next between values. */
type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const EXPECTED_TEXT: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value-or-end': 'a value or "]"',
  key: 'a key',
  'key-or-end': 'a key or "}"',
  colon: '":"',
  'comma-or-end': '"," or a closing bracket',
  nothing: 'nothing more',
};

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** A minus sign, a digit, or the small letters of `true`, `false` and `null`. */
const beginsLiteral = (byte: number): boolean =>
  byte === 0x2d || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a);
const endsLiteral = (byte: number): boolean =>
  isSpace(byte) || byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT;

class Scanner<Label extends string> {
  readonly #name: string;
  readonly #visitor: JsonVisitor<Label>;
  readonly #frames: Frame<Label>[] = [];
  readonly #root: JsonShape<Label>;
  #expected: Expected = 'value';
  /** Bytes before the chunk at hand. */
  #offset = 0;

  // The value or key that is being read as a whole; a value when `#isKey` is false.
  #span: 'none' | 'string' | 'literal' | 'container' = 'none';
  #isKey = false;
  /** Null: passed over. */
  #label: Label | null = null;
  #inString = false;
  #escaped = false;
  /** Brackets that are open inside the span: 1 for an array. */
  readonly #brackets = new Uint8Array(MAX_DEPTH);
  #depth = 0;
  /** What earlier chunks held of the span. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #tooLong = false;

  constructor(name: string, shape: JsonShape<Label>, visitor: JsonVisitor<Label>) {
    this.#name = name;
    this.#root = shape;
    this.#visitor = visitor;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && chunk[at] === BYTE_ORDER_MARK[this.#offset + at]) at++;
    while (at < chunk.length) {
      if (this.#span !== 'none') {
        at = this.#resume(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (isSpace(byte)) at++;
      else at = this.#structure(chunk, at, byte);
    }
    this.#offset += chunk.length;
  }

  finish(): void {
    if (this.#offset === 0) throw new FeedError('empty', `${this.#name}: no entries; an empty feed is not used`);
    // Only a literal at the root can end with the input.
    if (this.#span === 'literal' && this.#frames.length === 0) this.#endSpan(Buffer.alloc(0), 0, 0);
    if (this.#expected !== 'nothing' || this.#span !== 'none') {
      throw new FeedError(
        'wrong-format',
        `${this.#name}: the JSON document ends in the middle, after ${this.#offset} bytes; fetch it again`,
      );
    }
  }

  /** One byte between values that is not white space. Returns where to go on. */
  #structure(chunk: Buffer, at: number, byte: number): number {
    const frame = this.#frames.at(-1);
    switch (this.#expected) {
      case 'value-or-end':
        if (byte === CLOSE_ARRAY) return this.#close(at);
        return this.#value(chunk, at, byte);
      case 'value':
        return this.#value(chunk, at, byte);
      case 'key-or-end':
        if (byte === CLOSE_OBJECT) return this.#close(at);
        return this.#key(chunk, at, byte);
      case 'key':
        return this.#key(chunk, at, byte);
      case 'colon':
        if (byte !== COLON) throw this.#unexpected(at, byte);
        this.#expected = 'value';
        return at + 1;
      case 'comma-or-end':
        if (byte === COMMA) {
          this.#expected = frame?.isArray === true ? 'value' : 'key';
          return at + 1;
        }
        if (byte !== (frame?.isArray === true ? CLOSE_ARRAY : CLOSE_OBJECT)) throw this.#unexpected(at, byte);
        return this.#close(at);
      case 'nothing':
        throw this.#unexpected(at, byte);
      default:
        return this.#expected satisfies never;
    }
  }

  #value(chunk: Buffer, at: number, byte: number): number {
    const frame = this.#frames.at(-1);
    const what = frame === undefined ? this.#root : frame.isArray ? (frame.shape.elements ?? null) : frame.next;
    const isContainer = byte === OPEN_ARRAY || byte === OPEN_OBJECT;
    if (isContainer && what !== null && typeof what !== 'string') {
      if (this.#frames.length === MAX_DEPTH) throw this.#tooDeep(at);
      const isArray = byte === OPEN_ARRAY;
      this.#frames.push({ isArray, shape: what, next: null });
      this.#expected = isArray ? 'value-or-end' : 'key-or-end';
      if (what.label !== undefined) this.#visitor.onOpen(what.label);
      return at + 1;
    }
    if (!isContainer && byte !== QUOTE && !beginsLiteral(byte)) throw this.#unexpected(at, byte);
    this.#isKey = false;
    this.#label = typeof what === 'string' ? what : null;
    this.#span = isContainer ? 'container' : byte === QUOTE ? 'string' : 'literal';
    return this.#resume(chunk, at);
  }

  #key(chunk: Buffer, at: number, byte: number): number {
    if (byte !== QUOTE) throw this.#unexpected(at, byte);
    this.#isKey = true;
    this.#span = 'string';
    return this.#resume(chunk, at);
  }

  #close(at: number): number {
    this.#frames.pop();
    this.#afterValue();
    return at + 1;
  }

  #afterValue(): void {
    this.#expected = this.#frames.length === 0 ? 'nothing' : 'comma-or-end';
  }

  /** Looks for the end of the span from `start` on, which is its first byte or where the last chunk left off. */
  #resume(chunk: Buffer, start: number): number {
    const end = this.#span === 'literal' ? literalEnd(chunk, start) : this.#bracketedEnd(chunk, start);
    if (end === null) {
      this.#keep(chunk, start, chunk.length);
      return chunk.length;
    }
    this.#endSpan(chunk, start, end);
    return end;
  }

  /** The end of a string or container, null when it lies in a later chunk. */
  #bracketedEnd(chunk: Buffer, start: number): number | null {
    const length = chunk.length;
    let at = start;
    while (at < length) {
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false;
          at++;
          continue;
        }
        let byte = 0;
        while (at < length) {
          byte = chunk[at] ?? 0;
          if (byte === QUOTE || byte === BACKSLASH) break;
          at++;
        }
        if (at === length) return null;
        at++;
        if (byte === BACKSLASH) {
          this.#escaped = true;
          continue;
        }
        this.#inString = false;
        if (this.#depth === 0) return at;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (byte === QUOTE) {
        this.#inString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#depth + this.#frames.length >= MAX_DEPTH) throw this.#tooDeep(at - 1);
        this.#brackets[this.#depth++] = byte;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth--;
        // "[" and "]", like "{" and "}", are two apart in ASCII.
        if (this.#brackets[this.#depth] !== byte - 2) throw this.#unexpected(at - 1, byte);
        if (this.#depth === 0) return at;
      }
    }
    return null;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    if (this.#label === null && !this.#isKey) return;
    const limit = this.#isKey ? MAX_KEY_BYTES : MAX_ITEM_BYTES;
    const room = Math.min(end - start, limit - this.#keptBytes);
    if (room < end - start) this.#tooLong = true;
    // A copy: the source may reuse its memory.
    if (room > 0) this.#kept.push(Buffer.from(chunk.subarray(start, start + room)));
    this.#keptBytes += Math.max(0, room);
  }

  #endSpan(chunk: Buffer, start: number, end: number): void {
    const label = this.#label;
    const isKey = this.#isKey;
    let bytes = chunk.subarray(start, end);
    if (this.#keptBytes > 0 || bytes.length > (isKey ? MAX_KEY_BYTES : MAX_ITEM_BYTES)) {
      this.#keep(chunk, start, end);
      bytes = Buffer.concat(this.#kept);
    }
    const tooLong = this.#tooLong;
    this.#span = 'none';
    this.#kept = [];
    this.#keptBytes = 0;
    this.#tooLong = false;
    if (isKey) {
      this.#takeKey(tooLong ? null : bytes);
      return;
    }
    this.#label = null;
    this.#afterValue();
    if (label !== null) this.#takeItem(label, bytes, tooLong);
  }

  #takeKey(bytes: Buffer | null): void {
    const key = bytes === null ? null : parse(bytes);
    const frame = this.#frames.at(-1);
    const members = frame?.shape.members;
    if (frame !== undefined) {
      frame.next = typeof key === 'string' && members && Object.hasOwn(members, key) ? (members[key] ?? null) : null;
    }
    this.#expected = 'colon';
  }

  #takeItem(label: Label, bytes: Buffer, tooLong: boolean): void {
    const value = tooLong ? undefined : parse(bytes);
    if (value !== undefined) {
      this.#visitor.onItem(label, value);
      return;
    }
    const reason = tooLong ? 'longer than 1 MiB' : isUtf8(bytes) ? 'not JSON' : 'not UTF-8';
    this.#visitor.onUnreadable(label, bytes.toString('utf8', 0, 400), reason);
  }

  #unexpected(at: number, byte: number): FeedError {
    const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`;
    return new FeedError(
      'wrong-format',
      `${this.#name}: not JSON: ${shown} at byte ${this.#offset + at}, where ${EXPECTED_TEXT[this.#expected]} is expected`,
    );
  }

  #tooDeep(at: number): FeedError {
    return new FeedError(
      'wrong-format',
      `${this.#name}: nested deeper than ${MAX_DEPTH} levels at byte ${this.#offset + at}`,
    );
  }
}

function literalEnd(chunk: Buffer, start: number): number | null {
  for (let at = start; at < chunk.length; at++) if (endsLiteral(chunk[at] ?? 0)) return at;
  return null;
}

/** Undefined, which is no JSON value, when it cannot be parsed. */
function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
