/**
 * Which table file of each slot is in force, and how a new one comes into force.
 *
 * Easy to get wrong: a gate that restarts goes on with the file it took last, or, should that be damaged, with the one
 * it took before. So both stay. What no gate ever took and is not in force any more can go at once.
 */
import { TABLE_SLOTS, type Applied, type TableHandOver, type TableSlot } from '@sallyport/contract/gate-link';

import type { TableFiles } from './table-files.ts';

/** Null: no gate is there. */
export type HandOver = (table: TableHandOver) => Promise<Applied | null>;

export class PublishedTables {
  readonly #files: TableFiles;
  readonly #handOver: HandOver;
  readonly #current = new Map<TableSlot, string>();
  /** What a gate that restarts begins with. */
  readonly #taken = new Map<TableSlot, string>();
  /** Files of an earlier run that a gate could not use. */
  readonly #unusable = new Set<string>();

  constructor(files: TableFiles, handOver: HandOver) {
    this.#files = files;
    this.#handOver = handOver;
  }

  current(slot: TableSlot): string | null {
    return this.#current.get(slot) ?? null;
  }

  /** Takes over a table of an earlier run, which a gate may be using. Nothing is handed over. */
  adopt(slot: TableSlot, file: string): void {
    this.#current.set(slot, file);
    this.#taken.set(slot, file);
  }

  /** Null when it is in force, or no gate is there and it will be; otherwise why the gate keeps the old one. */
  async publish(slot: TableSlot, file: string): Promise<string | null> {
    const before = this.#current.get(slot);
    this.#current.set(slot, file);
    const refusal = await this.#offer(slot, file);
    if (refusal !== null) {
      if (before === undefined) this.#current.delete(slot);
      else this.#current.set(slot, before);
      this.#files.remove(file);
    } else if (before !== undefined && this.#isUnknownToGate(slot, before)) {
      this.#files.remove(before);
    }
    return refusal;
  }

  /** Hands over all that is in force, to a gate that has just been met. The reasons of what it refused, by slot. */
  async handOverAll(): Promise<Partial<Record<TableSlot, string>>> {
    const refused: Partial<Record<TableSlot, string>> = {};
    await Promise.all(
      TABLE_SLOTS.map(async (slot) => {
        const file = this.#current.get(slot);
        const refusal = file === undefined ? null : await this.#offer(slot, file);
        // Meanwhile replaced: then that answer counts, and this file may be gone.
        if (refusal === null || file === undefined || this.#current.get(slot) !== file) return;
        refused[slot] = refusal;
        this.#unusable.add(file);
        if (this.#taken.get(slot) === file) this.#taken.delete(slot);
      }),
    );
    return refused;
  }

  /** It was in force while no gate was there, and is not any more. */
  #isUnknownToGate(slot: TableSlot, file: string): boolean {
    return this.#taken.get(slot) !== this.#current.get(slot) && this.#taken.get(slot) !== file;
  }

  async #offer(slot: TableSlot, file: string): Promise<string | null> {
    const applied = await this.#handOver({ slot, file });
    if (applied === null) return null;
    if (!applied.ok) return applied.reason;
    if (this.#current.get(slot) === file && this.#taken.get(slot) !== file) {
      this.#sweep(slot, file);
      this.#taken.set(slot, file);
    }
    return null;
  }

  /** Deletes what is older than `file`, but for what the gate would fall back on. */
  #sweep(slot: TableSlot, file: string): void {
    const all = this.#files.all(slot);
    const older = all.slice(all.indexOf(file) + 1);
    const taken = this.#taken.get(slot);
    const usable = older.filter((each) => !this.#unusable.has(each));
    // Where it is not known which one the gate took, most likely the newest.
    const spare = usable.find((each) => each === taken) ?? usable[0];
    for (const each of older) if (each !== spare) this.#files.remove(each);
  }
}
