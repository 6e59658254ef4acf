/**
 * Rules of a table file by their ids, without decoding them: a file of half a million indicators has as many rules.
 */
import type { TableFile } from './table-file.ts';

const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;

export class RuleIndex {
  readonly #file: TableFile;
  /** Open addressing over the hash of an id: first rule with it + 1, 0 for an empty place. */
  readonly #heads: Uint32Array;
  /** Of rules with one id: the next one + 1. */
  readonly #next: Uint32Array;

  constructor(file: TableFile) {
    const { rules } = file.counts;
    this.#file = file;
    this.#heads = new Uint32Array(2 ** Math.ceil(Math.log2(rules * 2 + 2)));
    this.#next = new Uint32Array(rules);
    // The latest rule with each id, at its head, so that a long chain is not walked for each of its members.
    const tails = new Uint32Array(rules);
    for (let rule = 0; rule < rules; rule++) {
      const [start, end] = this.#idOf(rule);
      const place = this.#placeOf(file.bytes, start, end);
      const head = this.#heads[place] ?? 0;
      if (head === 0) this.#heads[place] = rule + 1;
      else this.#next[tails[head - 1] ?? 0] = rule + 1;
      tails[head === 0 ? rule : head - 1] = rule;
    }
  }

  /** Indices of the rules with this id, ascending. */
  *withId(id: string): Generator<number> {
    const bytes = Buffer.from(id);
    let rule = this.#heads[this.#placeOf(bytes, 0, bytes.length)] ?? 0;
    for (; rule !== 0; rule = this.#next[rule - 1] ?? 0) yield rule - 1;
  }

  #idOf(rule: number): readonly [start: number, end: number] {
    const { layout, rules } = this.#file;
    return [
      layout.strings + (rules.stringOffsets[rule * 2] ?? 0),
      layout.strings + (rules.stringOffsets[rule * 2 + 1] ?? 0),
    ];
  }

  /** Where the id in `bytes[start, end)` is, or could be put. */
  #placeOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = FNV_BASIS;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
    const mask = this.#heads.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const head = this.#heads[place] ?? 0;
      if (head === 0 || this.#hasId(head - 1, bytes, start, end)) return place;
    }
  }

  #hasId(rule: number, bytes: Uint8Array, start: number, end: number): boolean {
    const [from, to] = this.#idOf(rule);
    if (to - from !== end - start) return false;
    for (let i = 0; i < to - from; i++) if (this.#file.bytes[from + i] !== bytes[start + i]) return false;
    return true;
  }
}
