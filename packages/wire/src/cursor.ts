/**
 * Forward-only reader over bytes it does not own.
 *
 * Reading past the end yields zero and sets `overrun`; it never throws and never copies. Read a whole structure in wire
 * order, then test `overrun` once: the code keeps the shape of the RFC's struct.
 */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Index of the next byte in the bytes given to the constructor. */
  offset: number;
  overrun = false;

  /** Reads `bytes` from `start` up to, not including, `end`; an `end` past the view is clipped to it. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#end = end < bytes.length ? end : bytes.length;
    this.offset = start;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  u8(): number {
    if (this.offset < this.#end) return this.#bytes[this.offset++] ?? 0;
    this.overrun = true;
    return 0;
  }

  /** Big-endian, as every multi-byte integer of TLS, SOCKS and HTTP/2. */
  u16(): number {
    const at = this.offset;
    if (at + 2 > this.#end) {
      this.overrun = true;
      this.offset = this.#end;
      return 0;
    }
    this.offset = at + 2;
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  skip(length: number): void {
    if (length > this.#end - this.offset) {
      this.overrun = true;
      this.offset = this.#end;
    } else {
      this.offset += length;
    }
  }

  /** The next `length` bytes as a view; shorter, with `overrun` set, when fewer are left. */
  take(length: number): Uint8Array {
    const start = this.offset;
    this.skip(length);
    return this.#bytes.subarray(start, this.offset);
  }
}
