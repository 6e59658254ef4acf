/**
 * Shared memory for tables, used again and again.
 *
 * Why not leave it to the garbage collector: a table is outside V8's heap, so an idle thread sees no reason to collect
 * what holds it, and a collection in the thread that judges packets stops them for milliseconds. Here the pages of a
 * replaced table go back to the kernel at once; what stays is address space, into which the next table is read.
 *
 * Easy to get wrong: the queue worker reads the old table until it has taken the order with the new one, so `retire`
 * is given the number of that order and nothing happens before `reclaim` hears that it was obeyed.
 */
import { releasePages } from '../sys/libc.ts';

/** Room to grow: lists get longer by a little each day. Pages that are never written cost nothing. */
const HEADROOM = 9 / 8;
const GRAIN_BYTES = 64 * 1024;
/** More than the four tables and what a burst of small changes leaves behind. */
const MAX_SPARES = 8;
/** A small table must not sit on the address space of a large one. */
const MAX_WASTE = 4;

export class TableMemory {
  readonly #release: (bytes: Uint8Array) => void;
  #retired: { readonly buffer: SharedArrayBuffer; readonly order: number }[] = [];
  readonly #spares: SharedArrayBuffer[] = [];

  constructor(release: (bytes: Uint8Array) => void = releasePages) {
    this.#release = release;
  }

  /** `size` bytes at the start of a buffer of their own; what they hold is left over from others. */
  take(size: number): Uint8Array {
    const limit = Math.max(GRAIN_BYTES, size) * MAX_WASTE;
    const fitting = this.#spares
      .filter(({ byteLength }) => byteLength >= size && byteLength <= limit)
      .reduce<SharedArrayBuffer | null>(
        (best, one) => (best !== null && best.byteLength <= one.byteLength ? best : one),
        null,
      );
    if (fitting === null) return new Uint8Array(new SharedArrayBuffer(capacityFor(size)), 0, size);
    this.#spares.splice(this.#spares.indexOf(fitting), 1);
    return new Uint8Array(fitting, 0, size);
  }

  /** Takes back what another thread may read until it has obeyed the order of this number. */
  retire(bytes: Uint8Array, order: number): void {
    this.#retired.push({ buffer: bufferOf(bytes), order });
  }

  /** Takes back what nobody reads. */
  giveBack(bytes: Uint8Array): void {
    this.#keep(bufferOf(bytes));
  }

  /** All orders up to this number were obeyed; null when no other thread is there. */
  reclaim(obeyed: number | null): void {
    if (this.#retired.length === 0) return;
    // The numbers wrap round at 32 bits.
    const isFree = ({ order }: { readonly order: number }): boolean => obeyed === null || ((obeyed - order) | 0) >= 0;
    for (const retired of this.#retired) if (isFree(retired)) this.#keep(retired.buffer);
    this.#retired = this.#retired.filter((retired) => !isFree(retired));
  }

  #keep(buffer: SharedArrayBuffer): void {
    this.#release(new Uint8Array(buffer));
    this.#spares.push(buffer);
    if (this.#spares.length > MAX_SPARES) this.#spares.shift();
  }
}

const capacityFor = (size: number): number => Math.max(1, Math.ceil((size * HEADROOM) / GRAIN_BYTES)) * GRAIN_BYTES;

function bufferOf(bytes: Uint8Array): SharedArrayBuffer {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes.buffer;
  throw new TypeError('a table that is not on shared memory');
}
