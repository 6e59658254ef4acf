/**
 * The tables in force, one a slot: from the file that the agent names to the bytes that the queue worker judges by.
 *
 * A table that cannot be used never displaces one that can. Of each slot the file before the last is remembered too:
 * when the last one turns out damaged at the next start, that one is in force again until the agent brings another.
 *
 * Easy to get wrong: one load at a time. The caller sees to it (main.ts does everything in turn).
 */
import { readSync } from 'node:fs';

import { TABLE_SLOTS, type GateStatus, type TableHandOver, type TableSlot } from '@sallyport/contract/gate-link';
import { HEADER_BYTES } from '@sallyport/hosts/format';
import { headerFault } from '@sallyport/hosts/table-file';

import type { LastApplied, StateDirectory } from '../state-directory.ts';
import { load, type TableFacts } from './table-loading.ts';
import { TableMemory } from './table-memory.ts';

/** Whoever judges by the tables: the queue. */
export interface TableReader {
  /** Puts a table in force; the number of the order that says so. */
  setTable(slot: TableSlot, bytes: Uint8Array): number;
  /** All orders up to this number were obeyed. */
  readonly lastObeyed: number;
}

interface InForce {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly facts: TableFacts;
}

type Files = Readonly<Partial<Record<TableSlot, string>>>;

export class TableSlots {
  readonly #state: StateDirectory;
  readonly #reader: () => TableReader | null;
  readonly #memory: TableMemory;
  readonly #inForce = new Map<TableSlot, InForce>();
  readonly #previous = new Map<TableSlot, string>();
  readonly #problems = new Map<TableSlot, string>();

  /** `reader` answers null as long as nobody reads tables. */
  constructor(state: StateDirectory, reader: () => TableReader | null, memory: TableMemory = new TableMemory()) {
    this.#state = state;
    this.#reader = reader;
    this.#memory = memory;
  }

  /** Goes on with the tables of an earlier run. */
  async restore(last: LastApplied): Promise<void> {
    for (const slot of TABLE_SLOTS) {
      const file = last.tables[slot];
      const before = last.previous[slot];
      if (file === undefined) continue;
      const reason = await this.#load({ slot, file });
      if (reason === null) {
        if (before !== undefined) this.#previous.set(slot, before);
        continue;
      }
      const fallback = before === undefined ? 'there is none before it' : await this.#load({ slot, file: before });
      this.#problems.set(
        slot,
        fallback === null
          ? `the last ${slot} table cannot be used: ${reason}; the one before it, ${before}, is in force until a new one comes`
          : `no ${slot} table is in force until a new one comes: ${reason}; ${fallback}`,
      );
    }
  }

  /** Null, or why the table in force stays. */
  async take(table: TableHandOver): Promise<string | null> {
    const { slot } = table;
    const before = this.#inForce.get(slot)?.file;
    const reason = await this.#load(table);
    if (reason !== null) {
      const stays = before === undefined ? 'there is none in force' : `${before} stays in force`;
      this.#problems.set(slot, `the agent's new ${slot} table was refused, ${stays}: ${reason}`);
    } else {
      this.#problems.delete(slot);
      if (before !== undefined && before !== table.file) this.#previous.set(slot, before);
    }
    return reason;
  }

  /** What a queue worker that starts now judges by. */
  get bytes(): Partial<Record<TableSlot, Uint8Array>> {
    return Object.fromEntries([...this.#inForce].map(([slot, { bytes }]) => [slot, bytes]));
  }

  /** What to go on with at the next start. */
  get files(): { readonly tables: Files; readonly previous: Files } {
    return {
      tables: Object.fromEntries([...this.#inForce].map(([slot, { file }]) => [slot, file])),
      previous: Object.fromEntries(this.#previous),
    };
  }

  get figures(): GateStatus['tables'] {
    return {
      indicators: this.#figuresOf('indicators'),
      reputation: this.#figuresOf('reputation'),
      categories: this.#figuresOf('categories'),
      popular: this.#figuresOf('popular'),
    };
  }

  /** One line each. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** Gives memory back that the queue worker has let go of. */
  reclaim(): void {
    this.#memory.reclaim(this.#reader()?.lastObeyed ?? null);
  }

  #figuresOf(slot: TableSlot): GateStatus['tables'][TableSlot] {
    const facts = this.#inForce.get(slot)?.facts;
    if (facts === undefined) return null;
    const { hosts, addresses, urls, bytes } = facts;
    return { hosts, addresses, urls, bytes };
  }

  async #load({ slot, file }: TableHandOver): Promise<string | null> {
    let bytes: Uint8Array;
    let facts: TableFacts;
    try {
      using opened = this.#state.openTable(file);
      const start = new Uint8Array(HEADER_BYTES);
      readSync(opened.fd, start, 0, HEADER_BYTES, 0);
      const early = headerFault(start, opened.size);
      // A gigabyte of nothing must not cost a gigabyte.
      if (early !== null) return `${file} does not verify: ${early.reason} (${early.detail})`;
      this.reclaim();
      bytes = this.#memory.take(opened.size);
      const outcome = await load({ file, fd: opened.fd, bytes });
      if (outcome.kind === 'refused') {
        this.#memory.giveBack(bytes);
        return outcome.reason;
      }
      facts = outcome.facts;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const replaced = this.#inForce.get(slot);
    this.#inForce.set(slot, { file, bytes, facts });
    const order = this.#reader()?.setTable(slot, bytes);
    if (replaced === undefined) return null;
    if (order === undefined) this.#memory.giveBack(replaced.bytes);
    else this.#memory.retire(replaced.bytes, order);
    return null;
  }
}
