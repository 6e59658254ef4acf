/**
 * Which table file of each slot is in force, and how a new one comes into force.
 *
 * Easy to get wrong: a gate that restarts goes on with the file it was given last, so that file must stay until the
 * gate has taken its successor. What no gate ever took and is not in force any more can go at once.
 */
import { TABLE_SLOTS, type Applied, type TableHandOver, type TableSlot } from '@sallyport/contract/gate-link';

import type { TableFiles } from './table-files.ts';

/** Null: no gate is there. */
export type HandOver = (table: TableHandOver) => Promise<Applied | null>;

export class PublishedTables {
  readonly #files: TableFiles;
  readonly #handOver: HandOver;
  readonly #current = new Map<TableSlot, string>();
  readonly #taken = new Map<TableSlot, string>();

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
    } else if (before !== undefined && before !== this.#taken.get(slot)) {
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
        if (refusal !== null && this.#current.get(slot) === file) refused[slot] = refusal;
      }),
    );
    return refused;
  }

  async #offer(slot: TableSlot, file: string): Promise<string | null> {
    const applied = await this.#handOver({ slot, file });
    if (applied === null) return null;
    if (!applied.ok) return applied.reason;
    if (this.#current.get(slot) === file) {
      this.#taken.set(slot, file);
      this.#files.sweep(slot, file);
    }
    return null;
  }
}
