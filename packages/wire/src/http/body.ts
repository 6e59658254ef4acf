/**
 * Finds the next request head behind a request's body, so that a kept-alive connection stays under inspection.
 *
 * Bytes come in pieces of any size and are not kept: the state between two pieces is a few numbers.
 * Only requests are tracked. They always have a length; a body that runs "until close" exists in responses alone.
 */
import { CR, isBlank, LF } from './characters.ts';
import type { BodyLength } from './request.ts';

/**
 * - `body`: all bytes belonged to the body.
 * - `end`: the body ended before index `at` of the bytes given: the next head starts there.
 * - `broken`: the chunk framing is not HTTP's at index `at`; where the next head starts cannot be known.
 */
export type BodyStep =
  | { readonly kind: 'body' }
  | { readonly kind: 'end'; readonly at: number }
  | { readonly kind: 'broken'; readonly at: number };

type State = 'bytes' | 'size' | 'extension' | 'data' | 'data-end' | 'trailer' | 'done' | 'broken';

/** A chunk size of more digits than this is an attack (RFC 9112 section 7.1 asks for a limit). */
const MAX_SIZE_DIGITS = 12;
/** Bytes of one chunk extension, and of all trailer lines together. */
const MAX_EXTENSION = 4096;
const MAX_TRAILER = 16_384;

export class BodyTracker {
  #state: State;
  /** Bytes left of the body or chunk; in `size` the value read so far. */
  #left = 0;
  /** Digits of the size, bytes of the extension, or bytes of the trailer seen. */
  #seen = 0;
  /** In `trailer`: no byte but CR on the line so far. */
  #lineIsEmpty = true;

  constructor(body: BodyLength) {
    if (body === 'chunked') {
      this.#state = 'size';
    } else {
      this.#left = body === 'none' ? 0 : body;
      this.#state = this.#left === 0 ? 'done' : 'bytes';
    }
  }

  /** Whole bytes that certainly belong to the body and need not be shown: they may be passed over by {@link skip}. */
  get certain(): number {
    return this.#state === 'bytes' || this.#state === 'data' ? this.#left : 0;
  }

  /** Passes over `count` bytes, at most {@link certain}, without looking at them. */
  skip(count: number): void {
    this.#left -= Math.min(count, this.certain);
    if (this.#left === 0) this.#finishData();
  }

  /** Takes the next bytes of the stream. After `end` or `broken` the answer stays the same, with `at` 0. */
  consume(bytes: Uint8Array): BodyStep {
    let at = 0;
    for (;;) {
      if (this.#state === 'done') return { kind: 'end', at };
      if (this.#state === 'broken') return { kind: 'broken', at };
      if (at >= bytes.length) return { kind: 'body' };
      const skipped = Math.min(this.certain, bytes.length - at);
      if (skipped > 0) {
        this.skip(skipped);
        at += skipped;
      } else if (this.#step(bytes[at] ?? 0)) {
        at++;
      }
    }
  }

  #finishData(): void {
    if (this.#state === 'bytes') this.#state = 'done';
    else if (this.#state === 'data') this.#state = 'data-end';
  }

  /** Takes one byte of the chunk framing; false if it broke it. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'size': {
        const digit = hexDigit(byte);
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          return ++this.#seen <= MAX_SIZE_DIGITS || this.#break();
        }
        if (this.#seen === 0) return this.#break();
        if (byte === LF) return this.#startChunk();
        if (byte !== CR && byte !== 0x3b && !isBlank(byte)) return this.#break();
        this.#state = 'extension';
        this.#seen = 0;
        return true;
      }
      case 'extension':
        if (byte === LF) return this.#startChunk();
        return ++this.#seen <= MAX_EXTENSION || this.#break();
      case 'data-end':
        if (byte === CR) return true;
        if (byte !== LF) return this.#break();
        this.#state = 'size';
        this.#left = 0;
        this.#seen = 0;
        return true;
      case 'trailer':
        if (++this.#seen > MAX_TRAILER) return this.#break();
        if (byte === LF) {
          if (this.#lineIsEmpty) this.#state = 'done';
          this.#lineIsEmpty = true;
        } else if (byte !== CR) {
          this.#lineIsEmpty = false;
        }
        return true;
      case 'bytes':
      case 'data':
      case 'done':
      case 'broken':
        return true;
    }
  }

  #startChunk(): true {
    this.#seen = 0;
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return true;
  }

  #break(): false {
    this.#state = 'broken';
    return false;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
