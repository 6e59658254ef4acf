/** What the agent and the child process that compiles its policy (indicators, categories) say to each other. */
import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import type { ControlFault, ImportResult } from '@sallyport/contract/control';

import type { CategorySettings } from '../categories/category-rules.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import type { CompileNotes, ThisDevice } from './indicator-table.ts';

/** All indicators anew. The database of indicators is lent to the child. */
export interface BuildTask {
  readonly kind: 'build';
  readonly directory: StateDirectory;
  readonly hashKey: readonly [number, number];
  readonly device: ThisDevice;
  /** Where the table goes; must not exist. So in all tasks. */
  readonly to: string;
}

/** An import, whose lines come on standard input, and a table of all indicators after it. The database is lent as well. */
export interface ImportTask extends Omit<BuildTask, 'kind'> {
  readonly kind: 'import';
  readonly nowMs: number;
}

/** A table of indicators with a few changes. */
export interface EditTask {
  readonly kind: 'edit';
  /** Stays as it is. So in all tasks. */
  readonly table: string;
  readonly changes: readonly IndicatorChange[];
  readonly device: ThisDevice;
  readonly to: string;
}

/** What policies make of the table of categories. */
export interface CategoriesTask {
  readonly kind: 'categories';
  readonly table: string;
  readonly policies: readonly CategoryPolicy[];
  readonly settings: CategorySettings;
  readonly to: string;
}

export type PolicyTask = BuildTask | ImportTask | EditTask | CategoriesTask;

/** What one change took away and what it put there; null for nothing. */
export interface IndicatorChange {
  readonly removed: StoredLine | null;
  readonly added: StoredLine | null;
}

export interface StoredLine {
  readonly id: string;
  /** JSON of an IndicatorDraft. */
  readonly body: string;
}

export type PolicyMessage =
  | { readonly kind: 'progress'; readonly line: string }
  /** No table follows when anything failed. */
  | { readonly kind: 'imported'; readonly result: ImportResult }
  /** The import is not carried out, and here is why. */
  | { readonly kind: 'refused'; readonly fault: ControlFault }
  | { readonly kind: 'indicators'; readonly notes: CompileNotes }
  | { readonly kind: 'categories' }
  /** The table has no room for the changes: it has to be built. */
  | { readonly kind: 'full' };
