/**
 * Keeps the table of custom indicators up to date with their store, at a cost that fits the change: a few indicators
 * are compiled at once, many and all imports in a child process (policy-main.ts), and a single change to many edits the
 * last table.
 *
 * Easy to get wrong: `note` has to be called in the same step of the store's `exclusive` as the change, or a table
 * could lack a change that was noted before it, for ever.
 */
import { rmSync } from 'node:fs';

import type { ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { Indicator } from '@sallyport/contract/indicator';

import { completeImport } from '../indicators/import-indicators.ts';
import type { IndicatorStore } from '../indicators/indicator-store.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import { buildIndicatorTable, type CompileNotes, type ThisDevice } from './indicator-table.ts';
import type { PolicyChild, RunningTask } from './policy-child.ts';
import type { IndicatorChange, PolicyTask, StoredLine } from './policy-task.ts';
import type { TableFiles } from './table-files.ts';

export interface IndicatorCompilerOptions {
  readonly child: PolicyChild;
  readonly files: TableFiles;
  readonly directory: StateDirectory;
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

/** The table that noted changes are about, and the device it was compiled for. */
interface Base {
  readonly file: string;
  readonly device: string;
}

/** The table of an import, which nobody has asked for yet. Without a name: `TableFiles.sweep` may not touch it. */
interface Imported {
  readonly part: string;
  readonly notes: CompileNotes;
  readonly device: string;
}

/** So many take the agent about 20 ms. */
export const AT_ONCE = 2000;
/** Above, building costs no more than editing. */
const MAX_CHANGES = 10_000;

export class IndicatorCompiler {
  readonly #options: IndicatorCompilerOptions;
  #changes: IndicatorChange[] = [];
  /** Null: none that can be edited. */
  #base: Base | null = null;
  #imported: Imported | null = null;

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
    if (this.#imported !== null) rmSync(this.#imported.part, { force: true });
    this.#imported = null;
  }

  /**
   * Stores all lines of ImportLine or none, and compiles the table that `compile` then answers with. To be used inside
   * `exclusive` of the store. Throws ControlError, and what `lines` throws; nothing is stored then.
   */
  async import(
    lines: AsyncIterable<Uint8Array>,
    nowMs: number,
    onProgress: (line: string) => void,
  ): Promise<ImportResult> {
    const { store, directory, hashKey } = this.#options;
    const device = this.#options.device();
    const heard: { result: ImportResult | null; notes: CompileNotes | null; refusal: ControlError | null } = {
      result: null,
      notes: null,
      refusal: null,
    };
    const running: RunningTask = {
      content: completeImport(lines),
      onMessage(message) {
        if (message.kind === 'progress') onProgress(message.line);
        else if (message.kind === 'imported') heard.result = message.result;
        else if (message.kind === 'indicators') heard.notes = message.notes;
        else if (message.kind === 'refused')
          heard.refusal = new ControlError(message.fault.code, message.fault.message);
      },
    };
    const task = (to: string): PolicyTask => ({ kind: 'import', directory, hashKey, device, nowMs, to });
    const before = store.generation;
    let part: string;
    try {
      part = await store.lend(() => this.#options.child.write('indicators', task, running));
    } catch (error) {
      // Stored and then not compiled: the next `compile` does it.
      if (store.generation === before || heard.result === null) throw error;
      this.noteMany();
      return heard.result;
    }
    const { result, notes, refusal } = heard;
    if (refusal !== null) throw refusal;
    if (result === null) throw new ControlError('internal', 'the import ended without a result');
    if (result.failed > 0) return result;
    this.noteMany();
    if (notes !== null) {
      this.#imported = { part, notes, device: JSON.stringify(device) };
      this.#base = { file: '', device: this.#imported.device };
    }
    return result;
  }

  /** Writes a table of what is stored. Throws ControlError. Never twice at once. */
  async compile(): Promise<CompiledIndicators> {
    const device = this.#options.device();
    const imported = await this.#takeImported(device);
    if (imported !== null && imported.upToDate) return imported.compiled;
    const base = this.#base;
    if (this.#options.store.size > AT_ONCE && base?.device === JSON.stringify(device)) {
      const edited = await this.#edit(base, device);
      if (imported !== null) this.#options.files.remove(base.file);
      if (edited !== null) return edited;
    }
    return this.#build(device);
  }

  /** The table of an import, if it is for this device. It becomes the base of the changes that were noted since. */
  #takeImported(
    device: ThisDevice,
  ): Promise<{ readonly compiled: CompiledIndicators; readonly upToDate: boolean } | null> {
    const { store, child } = this.#options;
    return store.exclusive(() => {
      const imported = this.#imported;
      if (imported === null) return null;
      if (imported.device !== JSON.stringify(device)) {
        this.noteMany();
        return null;
      }
      this.#imported = null;
      const file = child.place('indicators', imported.part);
      this.#base = { file, device: imported.device };
      const compiled = { file, notes: imported.notes, complete: true, generation: store.generation };
      return { compiled, upToDate: this.#changes.length === 0 };
    });
  }

  /** Null when the table has no room for the changes. */
  async #edit(base: Base, device: ThisDevice): Promise<CompiledIndicators | null> {
    const { store, files } = this.#options;
    const taken = await store.exclusive(() => {
      // An import came in between.
      if (this.#base !== base) return null;
      const changes = this.#changes;
      this.#changes = [];
      return { changes, generation: store.generation };
    });
    if (taken === null) return null;
    const { changes, generation } = taken;
    const edited = await this.#inChild((to) => ({ kind: 'edit', table: files.path(base.file), changes, device, to }));
    if (edited === null) return null;
    this.#rebase(base, edited.file);
    return { ...edited, complete: false, generation };
  }

  #build(device: ThisDevice): Promise<CompiledIndicators> {
    return this.#options.store.exclusive(async () => {
      this.noteMany();
      try {
        return await this.#buildAll(device);
      } catch (error) {
        this.noteMany();
        throw error;
      }
    });
  }

  async #buildAll(device: ThisDevice): Promise<CompiledIndicators> {
    const { store, files, hashKey, directory } = this.#options;
    const base: Base = { file: '', device: JSON.stringify(device) };
    this.#base = base;
    const { generation } = store;
    if (store.size <= AT_ONCE) {
      const { bytes, notes } = buildIndicatorTable(allOf(store), hashKey, device);
      const file = files.write('indicators', bytes, { durable: false });
      this.#rebase(base, file);
      return { file, notes, complete: true, generation };
    }
    const built = await store.lend(() => this.#inChild((to) => ({ kind: 'build', directory, hashKey, device, to })));
    if (built === null) throw new ControlError('internal', 'the indicators do not fit into a table');
    this.#rebase(base, built.file);
    return { ...built, complete: true, generation };
  }

  /** Unless an import, or more changes than are worth listing, have come in between: then `file` lacks them. */
  #rebase(from: Base, file: string): void {
    if (this.#base === from) this.#base = { file, device: from.device };
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
