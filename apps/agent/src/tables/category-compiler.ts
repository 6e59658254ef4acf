/**
 * Applies category policies to the table of categories as the lists say it (`categorybase`), which the gate never sees.
 * Entries are not touched, so a change of policy costs one copy, however many names there are.
 */
import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import { ControlError } from '@sallyport/contract/control-error';

import type { CategorySettings } from '../categories/category-rules.ts';
import type { PolicyChild } from './policy-child.ts';
import type { TableFiles } from './table-files.ts';

export class CategoryCompiler {
  readonly #child: PolicyChild;
  readonly #files: TableFiles;

  constructor(child: PolicyChild, files: TableFiles) {
    this.#child = child;
    this.#files = files;
  }

  /** The new file. `base` is a file of the table directory. Throws ControlError. */
  async compile(base: string, policies: readonly CategoryPolicy[], settings: CategorySettings): Promise<string> {
    const table = this.#files.path(base);
    const { file, said } = await this.#child.run('categories', (to) => ({
      kind: 'categories',
      table,
      policies,
      settings,
      to,
    }));
    if (said?.kind !== 'categories') throw new ControlError('internal', 'the categories were not compiled');
    return file;
  }
}
