/** What is remembered of the feeds' tables, so that the next start can use them again. */
import type { CompiledFiles } from '../tables/reputation-compiler.ts';

export const TABLES_FACT = 'feed-tables';

export interface TablesFact {
  readonly files: CompiledFiles;
  /** Names everything that went into them; empty when they are not all in force. */
  readonly key: string;
}

export function readTablesFact(text: string | null): TablesFact | null {
  return text === null ? null : (JSON.parse(text) as TablesFact); // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by FeedIntake
}
