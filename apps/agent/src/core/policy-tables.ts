/**
 * The two tables that come from what the administrator wrote: custom indicators, and web categories as the category
 * policies have them. Compiles them when something changes and hands them over.
 *
 * Easy to get wrong: both also depend on the device group, on which processes web content filtering is about, and on
 * the users of the machine. `settingsChanged` has to be called for the settings; users are read at each compile.
 */
import { existsSync } from 'node:fs';

import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import type { ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { Indicator } from '@sallyport/contract/indicator';
import { TableBuilder } from '@sallyport/hosts/build';

import { type CategorySettings, isForDevice } from '../categories/category-rules.ts';
import type { IndicatorStore } from '../indicators/indicator-store.ts';
import { readUsers } from '../indicators/users.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { Facts } from '../state/facts.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import { CategoryCompiler } from '../tables/category-compiler.ts';
import type { ChildProgram } from '../tables/child-program.ts';
import { CoalescedTask } from '../tables/coalesced-task.ts';
import { AT_ONCE, IndicatorCompiler } from '../tables/indicator-compiler.ts';
import type { CompileNotes } from '../tables/indicator-table.ts';
import { PolicyChild } from '../tables/policy-child.ts';
import type { PublishedTables } from '../tables/published-tables.ts';
import type { TableFiles } from '../tables/table-files.ts';

export interface PolicyTablesOptions {
  readonly program: ChildProgram;
  readonly directory: StateDirectory;
  readonly files: TableFiles;
  readonly tables: PublishedTables;
  readonly indicators: IndicatorStore;
  readonly policies: () => readonly CategoryPolicy[];
  readonly settings: SettingsStore;
  readonly facts: Facts;
  readonly hashKey: readonly [number, number];
  /** The table of categories as the lists say it; null before there is one. */
  readonly categoryBase: () => string | null;
  readonly signal: AbortSignal;
}

export class PolicyTables {
  readonly #options: PolicyTablesOptions;
  readonly #indicators: IndicatorCompiler;
  readonly #categories: CategoryCompiler;
  readonly #indicatorTask = new CoalescedTask(() => this.#compileIndicators());
  readonly #categoryTask = new CoalescedTask(() => this.#compileCategories());
  /** Unknown users, of indicators and of category policies. */
  #unknown: Record<string, number> = {};
  #otherGroups = 0;
  #settingsText: string;

  constructor(options: PolicyTablesOptions) {
    this.#options = options;
    const { directory, files, hashKey, indicators: store } = options;
    const child = new PolicyChild(options.program, files, options.signal);
    this.#indicators = new IndicatorCompiler({
      child,
      files,
      directory,
      store,
      hashKey,
      device: () => this.#device(),
    });
    this.#categories = new CategoryCompiler(child, files);
    this.#settingsText = this.#relevantSettings();
  }

  /** Indicators that are for other device groups, as far as known since the last full compile. */
  get otherGroups(): number {
    return this.#otherGroups;
  }

  get problems(): readonly string[] {
    return Object.entries(this.#unknown).map(
      ([user, count]) =>
        `user ${user} of ${count} ${count === 1 ? 'indicator' : 'indicators'} is not in /etc/passwd: write the uid instead`,
    );
  }

  /** Whom indicators and policies are for is resolved with these. */
  get categorySettings(): CategorySettings {
    const { settings } = this.#options;
    return {
      deviceGroup: String(settings.value('DeviceGroup')),
      processes: settings.value('WebContentFilteringProcesses') === 'browsers' ? 'browsers' : 'all',
      users: readUsers(),
    };
  }

  /** The indicator table of the last run is in force again. False when it does not hold just what is stored. */
  adoptLast(): boolean {
    const { facts, files, tables, indicators } = this.#options;
    const [file = '', generation] = (facts.get(TABLE_FACT) ?? '').split(' ');
    if (file === '' || Number(generation) !== indicators.generation || !existsSync(files.path(file))) return false;
    tables.adopt('indicators', file);
    return true;
  }

  /** See IndicatorCompiler: in the same step of the store's `exclusive` as the change. */
  noteIndicator(removed: Indicator | null, added: Indicator | null): void {
    this.#indicators.note(removed, added);
  }

  /** All or none; what is stored is in force when this resolves. Throws ControlError, and what `lines` throws. */
  async importIndicators(
    lines: AsyncIterable<Uint8Array>,
    nowMs: number,
    onProgress: (line: string) => void,
  ): Promise<ImportResult> {
    const { indicators } = this.#options;
    const result = await indicators.exclusive(() => this.#indicators.import(lines, nowMs, onProgress));
    if (result.failed === 0) await this.compileIndicators();
    return result;
  }

  /** Resolves when the gate judges by what is stored now. Throws ControlError. */
  compileIndicators(): Promise<void> {
    return this.#indicatorTask.request();
  }

  /** The gate stops at the very second by itself; of many, they leave the table with the next full compile. */
  async removeExpired(nowMs: number): Promise<void> {
    const { indicators } = this.#options;
    const removed = await indicators.removeExpired(nowMs);
    if (removed > 0 && indicators.size <= AT_ONCE) await this.compileIndicators();
  }

  compileCategories(): Promise<void> {
    return this.#categoryTask.request();
  }

  /** After a new table of categories. Null, or why the gate judges by the one before. */
  async takeCategories(): Promise<string | null> {
    try {
      await this.compileCategories();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Where no agent compiled them: what is stored, unless a table of it is there already. */
  async compileStored(): Promise<void> {
    const { tables } = this.#options;
    if (tables.current('indicators') === null) await this.compileIndicators();
    if (tables.current('categories') === null) await this.compileCategories();
  }

  /** Compiles what depends on a setting that changed. Throws ControlError. */
  async settingsChanged(): Promise<void> {
    const text = this.#relevantSettings();
    if (text === this.#settingsText) return;
    this.#indicators.noteMany();
    await Promise.all([this.compileIndicators(), this.compileCategories()]);
    // Not before: what failed is tried again with the next change.
    this.#settingsText = text;
  }

  async settled(): Promise<void> {
    await this.#indicatorTask.settled();
    await this.#categoryTask.settled();
  }

  #device(): { readonly group: string; readonly users: CategorySettings['users'] } {
    return { group: String(this.#options.settings.value('DeviceGroup')), users: readUsers() };
  }

  #relevantSettings(): string {
    const { settings } = this.#options;
    return JSON.stringify([settings.value('DeviceGroup'), settings.value('WebContentFilteringProcesses')]);
  }

  async #compileIndicators(): Promise<void> {
    const { tables, facts } = this.#options;
    const { file, notes, complete, generation } = await this.#indicators.compile();
    this.#note(notes, complete);
    const refusal = await tables.publish('indicators', file);
    if (refusal !== null) {
      // The file is gone, so there is nothing left to edit.
      this.#indicators.noteMany();
      throw new ControlError('unavailable', `stored, but the gate refused the new table: ${refusal}`);
    }
    facts.set(TABLE_FACT, `${file} ${generation}`);
  }

  #note(notes: CompileNotes, complete: boolean): void {
    if (complete) {
      this.#unknown = { ...notes.unknownUsers };
      this.#otherGroups = notes.otherGroups;
      return;
    }
    for (const [user, count] of Object.entries(notes.unknownUsers)) {
      this.#unknown[user] = (this.#unknown[user] ?? 0) + count;
    }
    this.#otherGroups += notes.otherGroups;
  }

  async #compileCategories(): Promise<void> {
    const { tables, files, policies, categoryBase, hashKey } = this.#options;
    const settings = this.categorySettings;
    const base = categoryBase();
    const mine = policies().filter((policy) => isForDevice(policy, settings.deviceGroup));
    // Without policies nothing is asked, and the gate need not hold ten million names for that.
    if (base === null || mine.length === 0) {
      if (tables.current('categories') === null) return;
      const empty = files.write('categories', new TableBuilder({ hashKey }).build(), { durable: false });
      return this.#publishCategories(empty);
    }
    return this.#publishCategories(await this.#categories.compile(base, mine, settings));
  }

  async #publishCategories(file: string): Promise<void> {
    const refusal = await this.#options.tables.publish('categories', file);
    if (refusal !== null)
      throw new ControlError('unavailable', `stored, but the gate refused the new table: ${refusal}`);
  }
}

const TABLE_FACT = 'indicator-table';
