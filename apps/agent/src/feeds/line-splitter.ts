/**
 * Cuts a stream of bytes into lines without copying them, except the one that straddles two chunks.
 *
 * Easy to get wrong: a line may be longer than any buffer. Only its first `maxLineBytes` are kept, the callback
 * learns that there was more, and memory stays bounded whatever the feed holds. Lines end in LF or CRLF; white space
 * around them is cut off; blank lines are counted and not reported.
 */
export const MAX_LINE_BYTES = 4096;

/**
 * `bytes[start, end)` is valid during the call only. `overlong`: the line goes on after `end`. White space that was cut
 * off in front of it is still at `start - 1`.
 */
type OnLine = (bytes: Buffer, start: number, end: number, overlong: boolean) => void;

export class LineSplitter {
  /** The number of the line that was reported last, from 1; after `finish` the number of lines. */
  lines = 0;
  readonly #onLine: OnLine;
  readonly #onNul: () => never;
  readonly #maxLineBytes: number;
  readonly #carry: Buffer;
  #carried = 0;
  /** Bytes of the unfinished line, which may be more than are kept. */
  #pending = 0;

  /** `onNul` must throw; `lines` is then the number of the line with the NUL byte. */
  constructor(onLine: OnLine, onNul: () => never, maxLineBytes: number = MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
    this.#carry = Buffer.allocUnsafe(maxLineBytes);
    this.#onLine = onLine;
    this.#onNul = onNul;
  }

  push(chunk: Buffer): void {
    const nul = chunk.indexOf(0);
    let start = 0;
    while (start < chunk.length) {
      let end = start;
      while (end < chunk.length && chunk[end] !== LF) end++;
      if (nul >= start && nul < end) {
        this.lines++;
        this.#onNul();
      }
      if (end === chunk.length) {
        this.#keep(chunk, start, end);
        return;
      }
      if (this.#pending > 0) {
        this.#keep(chunk, start, end);
        this.#flush();
      } else {
        this.lines++;
        this.#report(chunk, start, end);
      }
      start = end + 1;
    }
  }

  /** Reports a last line that has no line end. */
  finish(): void {
    if (this.#pending > 0) this.#flush();
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    this.#pending += end - start;
    const room = Math.min(end - start, this.#maxLineBytes - this.#carried);
    this.#carried += chunk.copy(this.#carry, this.#carried, start, start + room);
  }

  #flush(): void {
    this.lines++;
    const length = this.#carried;
    const overlong = this.#pending > this.#maxLineBytes;
    this.#carried = 0;
    this.#pending = 0;
    this.#report(this.#carry, 0, length, overlong);
  }

  #report(bytes: Buffer, lineStart: number, lineEnd: number, carriedOverlong = false): void {
    const overlong = carriedOverlong || lineEnd - lineStart > this.#maxLineBytes;
    let start = lineStart;
    let end = overlong ? Math.min(lineEnd, lineStart + this.#maxLineBytes) : lineEnd;
    while (start < end && isWhite(bytes[start])) start++;
    while (end > start && isWhite(bytes[end - 1])) end--;
    if (end > start || overlong) this.#onLine(bytes, start, end, overlong);
  }
}

const LF = 0x0a;
const isWhite = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
