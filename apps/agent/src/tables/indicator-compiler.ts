/**
 * Keeps the table of custom indicators up to date with their store, at a cost that fits the change: a few indicators
 * are compiled at once, many in a child process (policy-main.ts), and a single change to many edits the last table.
 *
 * Easy to get wrong: `note` has to be called in the same step of the store's `exclusive` as the change, or a table
 * could lack a change that was noted before it, for ever.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { ControlError } from '@sallyport/contract/control-error';
import type { Indicator } from '@sallyport/contract/indicator';

import type { IndicatorStore } from '../indicators/indicator-store.ts';
import { buildIndicatorTable, type CompileNotes, type ThisDevice } from './indicator-table.ts';
import type { PolicyChild } from './policy-child.ts';
import type { IndicatorChange, PolicyTask, StoredLine } from './policy-task.ts';
import type { TableFiles } from './table-files.ts';

export interface IndicatorCompilerOptions {
  readonly child: PolicyChild;
  readonly files: TableFiles;
  readonly store: IndicatorStore;
  readonly hashKey: readonly [number, number];
  /** As it is now. */
  readonly device: () => ThisDevice;
}

export interface CompiledIndicators {
  readonly file: string;
  /** Of everything that is stored when it was built, else of the changes. */
  readonly notes: CompileNotes;
  readonly complete: boolean;
  /** Of the store, which the table agrees with. */
  readonly generation: number;
}

/** So many take the agent about 20 ms. */
export const AT_ONCE = 2000;
/** Above, building costs no more than editing. */
const MAX_CHANGES = 10_000;
const ROWS_PER_TURN = 2000;

export class IndicatorCompiler {
  readonly #options: IndicatorCompilerOptions;
  #changes: IndicatorChange[] = [];
  /** The table that `#changes` are about, and the device it was compiled for. Null: none that can be edited. */
  #base: { readonly file: string; readonly device: string } | null = null;

  constructor(options: IndicatorCompilerOptions) {
    this.#options = options;
  }

  /** A single change of the store. */
  note(removed: Indicator | null, added: Indicator | null): void {
    if (this.#base === null) return;
    this.#changes.push({ removed: toLine(removed), added: toLine(added) });
    if (this.#changes.length > MAX_CHANGES) this.noteMany();
  }

  /** More changes than are worth listing. */
  noteMany(): void {
    this.#base = null;
    this.#changes = [];
  }

  /** Writes a table of what is stored. Throws ControlError. Never twice at once. */
  async compile(): Promise<CompiledIndicators> {
    const { store } = this.#options;
    const device = this.#options.device();
    if (store.size > AT_ONCE && this.#base?.device === JSON.stringify(device)) {
      const edited = await this.#edit(this.#base.file, device);
      if (edited !== null) return edited;
    }
    return this.#build(device);
  }

  async #edit(base: string, device: ThisDevice): Promise<CompiledIndicators | null> {
    const { store, files } = this.#options;
    const { changes, generation } = await store.exclusive(() => {
      const taken = { changes: this.#changes, generation: store.generation };
      this.#changes = [];
      return taken;
    });
    if (this.#base === null) return null;
    const notes = await this.#inChild((to) => ({ kind: 'edit', table: files.path(base), changes, device, to }));
    return notes === null ? null : this.#finished(notes.file, notes.notes, device, generation, false);
  }

  async #build(device: ThisDevice): Promise<CompiledIndicators> {
    const { store, files, hashKey } = this.#options;
    const source = `${files.path(`indicators-${process.pid}-${Date.now()}`)}.lines.part`;
    try {
      const dumped = await store.exclusive(async () => {
        this.#changes = [];
        this.#base = { file: '', device: JSON.stringify(device) };
        const { generation } = store;
        if (store.size > AT_ONCE) {
          await dump(store, source);
          return { generation, all: null };
        }
        return { generation, all: allOf(store) };
      });
      if (dumped.all !== null) {
        const { bytes, notes } = buildIndicatorTable(dumped.all, hashKey, device);
        const file = files.write('indicators', bytes, { durable: false });
        return this.#finished(file, notes, device, dumped.generation, true);
      }
      const built = await this.#inChild((to) => ({ kind: 'build', from: source, hashKey, device, to }));
      if (built === null) throw new ControlError('internal', 'the indicators do not fit into a table');
      return this.#finished(built.file, built.notes, device, dumped.generation, true);
    } catch (error) {
      this.noteMany();
      throw error;
    } finally {
      rmSync(source, { force: true });
    }
  }

  #finished(
    file: string,
    notes: CompileNotes,
    device: ThisDevice,
    generation: number,
    complete: boolean,
  ): CompiledIndicators {
    // `noteMany` may have been called meanwhile; then this table cannot be edited up to date.
    if (this.#base !== null) this.#base = { file, device: JSON.stringify(device) };
    return { file, notes, complete, generation };
  }

  /** Null when the table that is edited has no room. */
  async #inChild(task: (to: string) => PolicyTask): Promise<{ file: string; notes: CompileNotes } | null> {
    try {
      const { file, said } = await this.#options.child.run('indicators', task);
      return said?.kind === 'indicators' ? { file, notes: said.notes } : null;
    } catch (error) {
      this.noteMany();
      throw error;
    }
  }
}

function toLine(indicator: Indicator | null): StoredLine | null {
  if (indicator === null) return null;
  const { id, creationTimeDateTimeUtc: _, lastUpdateTime: __, ...draft } = indicator;
  return { id, body: JSON.stringify(draft) };
}

function allOf(store: IndicatorStore): Indicator[] {
  const all: Indicator[] = [];
  for (let page = store.page({}); page.length > 0; page = store.page({ after: Number(all.at(-1)?.id) })) {
    all.push(...page);
  }
  return all;
}

/** Everything that is stored as lines of a file, a few thousand at a time so that others get their turn. */
async function dump(store: IndicatorStore, path: string): Promise<void> {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    for (let after = 0; ;) {
      const rows = store.storedAfter(after, ROWS_PER_TURN);
      const last = rows.at(-1);
      if (last === undefined) return;
      writeSync(descriptor, rows.map(({ id, body }) => `${id}\t${body}\n`).join(''));
      after = last.id;
      await setImmediate();
    }
  } finally {
    closeSync(descriptor);
  }
}
