/**
 * The directory of compiled tables: `SLOT-N.tbl`, N rising for ever, never overwritten.
 *
 * Easy to get wrong: a file may only go once the gate has answered for its successor; until then the gate may be just
 * about to open it.
 */
import { closeSync, fsyncSync, openSync, readdirSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import type { TableSlot } from '@sallyport/contract/gate-link';
import { HEADER_WORDS, readCounts } from '@sallyport/hosts/format';

import { giveToOwner, type StateDirectory } from '../state/state-directory.ts';

/**
 * What a file is for: a slot of the gate, or the table of web categories before policies were applied, which the gate
 * never sees.
 */
export type TableKind = TableSlot | 'categorybase';

export class TableFiles {
  readonly #directory: StateDirectory;
  #last: number;

  /** Sweeps what a crash left half-written. */
  constructor(directory: StateDirectory) {
    this.#directory = directory;
    this.#last = 0;
    for (const file of readdirSync(directory.tables)) {
      this.#last = Math.max(this.#last, numberOf(file));
      if (file.endsWith('.part')) rmSync(join(directory.tables, file), { force: true });
    }
  }

  path(file: string): string {
    return join(this.#directory.tables, file);
  }

  /** A name for the next table; write to `path(file) + '.part'`, then `finish(file)`. */
  next(kind: TableKind): string {
    return `${kind}-${++this.#last}.tbl`;
  }

  /** Puts a completely written `.part` file in place. */
  finish(file: string): void {
    const path = this.path(file);
    giveToOwner(this.#directory, `${path}.part`);
    renameSync(`${path}.part`, path);
  }

  /**
   * `durable: false` skips fsync: right for a table that is compiled again at every start anyway. A torn file after
   * a power cut fails its checksum and is never used.
   */
  write(kind: TableKind, bytes: Uint8Array, options: { readonly durable: boolean }): string {
    const file = this.next(kind);
    const descriptor = openSync(`${this.path(file)}.part`, 'wx', 0o640);
    try {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
      if (options.durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    this.finish(file);
    return file;
  }

  /** Names, URLs and networks in a table, as its header says. */
  entries(file: string): number {
    const header = new Uint32Array(HEADER_WORDS);
    const descriptor = openSync(this.path(file), 'r');
    try {
      readSync(descriptor, header);
    } finally {
      closeSync(descriptor);
    }
    const { hosts, urls, v4, v6 } = readCounts(header);
    return hosts.entries + urls.entries + v4.networks + v6.networks;
  }

  remove(file: string): void {
    rmSync(this.path(file), { force: true });
  }

  /** All finished tables of `kind`, the newest first. */
  all(kind: TableKind): readonly string[] {
    return readdirSync(this.#directory.tables)
      .filter((file) => file.startsWith(`${kind}-`) && file.endsWith('.tbl'))
      .toSorted((one, other) => numberOf(other) - numberOf(one));
  }
}

const numberOf = (file: string): number => Number(/^[a-z]+-(\d{1,15})\./.exec(file)?.[1] ?? 0);
