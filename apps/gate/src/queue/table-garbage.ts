/**
 * Gives the memory of replaced tables back. A table is outside V8's heap, so an idle thread sees no reason to collect
 * what holds it, and each new list of 10^6 hosts would add 10 MB. Needs `--expose-gc`, does nothing without.
 *
 * Easy to get wrong: both threads hold the same shared bytes, and only when both have collected are they free.
 */

/** So much waits for a quiet moment; the collection itself takes some milliseconds, in which no packet is judged. */
const URGENT_BYTES = 64 * 1024 * 1024;
/** Small tables are not worth a collection each. */
const WORTH_IT_BYTES = 1024 * 1024;

export class TableGarbage {
  #bytes = 0;

  /** A table of this size was taken out of use. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** To be called regularly, `isQuiet` when nothing waits to be done. */
  collect(isQuiet: boolean): void {
    if (this.#bytes < (isQuiet ? WORTH_IT_BYTES : URGENT_BYTES)) return;
    this.#bytes = 0;
    globalThis.gc?.();
  }
}
