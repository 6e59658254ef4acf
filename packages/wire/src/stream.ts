/**
 * The client's byte stream put together from the TCP segments that are being held.
 *
 * Bytes that arrive twice must be the same bytes: an overlap that differs means that the server may end up with another
 * text than the one judged here, so it is reported, never resolved by taking the first or the last.
 */

/**
 * - `ok`: everything up to the end of this payload is there.
 * - `gap`: stored, but bytes before it are missing.
 * - `conflict`: overlaps bytes seen before and differs from them. Nothing of it was stored.
 * - `overflow`: reaches beyond the capacity, or makes more separate pieces than are kept. What fits was stored.
 */
export type PushResult = 'ok' | 'gap' | 'conflict' | 'overflow';

export interface ByteStreamOptions {
  /** Most bytes kept, counted from the first byte not yet discarded. */
  readonly capacityBytes?: number;
  /** Most separate pieces kept while there are gaps between them. */
  readonly maxPieces?: number;
}

const FIRST_BUFFER_BYTES = 2048;

export class ByteStream {
  readonly #capacity: number;
  readonly #maxPieces: number;
  #buffer: Uint8Array;
  /** Stream offset of the first byte of the buffer. */
  #base = 0;
  /** What the buffer holds: disjoint, ascending, never touching [start, end) pairs, flattened, relative to the buffer. */
  #pieces: number[] = [];

  constructor(options: ByteStreamOptions = {}) {
    this.#capacity = options.capacityBytes ?? 16_384;
    this.#maxPieces = options.maxPieces ?? 64;
    this.#buffer = new Uint8Array(Math.min(FIRST_BUFFER_BYTES, this.#capacity));
  }

  /** Stream offset of the first byte that {@link contiguous} shows: the sum of all discards. */
  get base(): number {
    return this.#base;
  }

  /** Takes the payload whose first byte lies `offset` bytes after the first byte of the stream. The payload is copied. */
  push(offset: number, payload: Uint8Array): PushResult {
    const from = Math.max(0, this.#base - offset);
    if (from >= payload.length) return 'ok';
    const start = offset + from - this.#base;
    const wantedEnd = start + payload.length - from;
    const end = Math.min(wantedEnd, this.#capacity);
    if (start >= end) return 'overflow';
    const fresh = payload.subarray(from, from + end - start);
    if (this.#differs(start, end, fresh)) return 'conflict';
    this.#ensure(end);
    if (!this.#mark(start, end)) return 'overflow';
    this.#buffer.set(fresh, start);
    if (end < wantedEnd) return 'overflow';
    return end <= this.#contiguousEnd() ? 'ok' : 'gap';
  }

  /** The bytes from {@link base} up to the first gap. A view: valid until the next push or discard. */
  contiguous(): Uint8Array {
    return this.#buffer.subarray(0, this.#contiguousEnd());
  }

  /** Drops the next `count` bytes, whether they have arrived or not; later copies of them are ignored. */
  discard(count: number): void {
    const pieces: number[] = [];
    for (let i = 0; i + 1 < this.#pieces.length; i += 2) {
      const end = (this.#pieces[i + 1] ?? 0) - count;
      if (end > 0) pieces.push(Math.max(0, (this.#pieces[i] ?? 0) - count), end);
    }
    if (pieces.length > 0) this.#buffer.copyWithin(0, count, pieces[pieces.length - 1]! + count);
    this.#pieces = pieces;
    this.#base += count;
  }

  #contiguousEnd(): number {
    return this.#pieces[0] === 0 ? (this.#pieces[1] ?? 0) : 0;
  }

  #differs(start: number, end: number, fresh: Uint8Array): boolean {
    for (let i = 0; i + 1 < this.#pieces.length; i += 2) {
      const stop = Math.min(end, this.#pieces[i + 1] ?? 0);
      for (let at = Math.max(start, this.#pieces[i] ?? 0); at < stop; at++) {
        if (this.#buffer[at] !== fresh[at - start]) return true;
      }
    }
    return false;
  }

  #ensure(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(this.#capacity, Math.max(size, this.#buffer.length * 2)));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }

  /** Adds [start, end) to the pieces, merging what it touches; false when that would make too many. */
  #mark(start: number, end: number): boolean {
    const pieces = this.#pieces;
    let first = 0;
    while (first < pieces.length && (pieces[first + 1] ?? 0) < start) first += 2;
    let last = first;
    let mergedStart = start;
    let mergedEnd = end;
    while (last < pieces.length && (pieces[last] ?? 0) <= end) {
      mergedStart = Math.min(mergedStart, pieces[last] ?? 0);
      mergedEnd = Math.max(mergedEnd, pieces[last + 1] ?? 0);
      last += 2;
    }
    if (first === last && pieces.length / 2 >= this.#maxPieces) return false;
    pieces.splice(first, last - first, mergedStart, mergedEnd);
    return true;
  }
}
