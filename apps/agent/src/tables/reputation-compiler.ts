/**
 * Fetches feeds and compiles their tables in a child process (reputation-main.ts), and turns what the child says into
 * results and errors of ours.
 *
 * Easy to get wrong: the child may end at any moment, killed or out of memory. Until `finish` has renamed a file there
 * is only a `.part`, which is deleted here or swept at the next start.
 */
import { existsSync, rmSync } from 'node:fs';

import { ControlError } from '@sallyport/contract/control-error';

import type { FeedErrorCode } from '../feeds/feed-error.ts';
import type { Validators } from '../feeds/open-source.ts';
import { type ChildProgram, runChild } from './child-program.ts';
import { NoNetworkError } from './no-network-error.ts';
import type { CompileTask, ReadingReport, ReputationMessage, ReputationTask } from './reputation-task.ts';
import type { TableFiles } from './table-files.ts';

/** Files of finished tables, not yet handed over. */
export interface CompiledFiles {
  readonly reputation: string;
  /** Web categories before policies. */
  readonly categories: string;
  readonly popular: string;
}

export interface Compiled {
  /** Null when nothing was left to compile: every candidate was refused or withheld. */
  readonly files: CompiledFiles | null;
  /** By feed. */
  readonly reports: ReadonlyMap<string, ReadingReport>;
  readonly refused: ReadonlyMap<string, string>;
  readonly withheld: ReadonlyMap<string, { readonly reason: string; readonly entries: number }>;
}

/** Null: not modified since. */
export type Fetched = Validators | null;

interface Heard {
  readonly reports: Map<string, ReadingReport>;
  readonly refused: Map<string, string>;
  readonly withheld: Map<string, { readonly reason: string; readonly entries: number }>;
  /** Of a fetch. */
  refusal: { readonly code: FeedErrorCode; readonly message: string } | null;
  fetched: Fetched;
  isDone: boolean;
}

export class ReputationCompiler {
  readonly #program: ChildProgram;
  readonly #files: TableFiles;
  readonly #hashKey: readonly [number, number];
  readonly #signal: AbortSignal;

  /** `signal` ends what is under way, and all later attempts. */
  constructor(program: ChildProgram, files: TableFiles, hashKey: readonly [number, number], signal: AbortSignal) {
    this.#program = program;
    this.#files = files;
    this.#hashKey = hashKey;
    this.#signal = signal;
  }

  /** Is a table of an earlier compile still there? */
  has(file: string): boolean {
    return file !== '' && existsSync(this.#files.path(file));
  }

  /**
   * Writes the content of `location` to `to`, unless validators say that it is the same. Throws ControlError, and of it
   * NoNetworkError when no server was met.
   */
  async fetch(
    location: string,
    to: string,
    maxBytes: number,
    validators: Validators | null,
    onProgress: (line: string) => void,
  ): Promise<Fetched> {
    const heard = await this.#run({ kind: 'fetch', location, to, maxBytes, validators }, onProgress);
    const { refusal } = heard;
    if (refusal?.code === 'no-network') throw new NoNetworkError(refusal.message);
    if (refusal !== null) throw new ControlError('invalid', refusal.message);
    return heard.fetched;
  }

  /** New tables of all feeds. Throws ControlError; no file is left then. */
  async compile(
    task: Omit<CompileTask, 'kind' | 'to' | 'hashKey'>,
    onProgress: (line: string) => void,
  ): Promise<Compiled> {
    const files = {
      reputation: this.#files.next('reputation'),
      categories: this.#files.next('categorybase'),
      popular: this.#files.next('popular'),
    };
    const partOf = (file: string): string => `${this.#files.path(file)}.part`;
    const to = {
      reputation: partOf(files.reputation),
      categories: partOf(files.categories),
      popular: partOf(files.popular),
    };
    try {
      const heard = await this.#run({ ...task, kind: 'compile', to, hashKey: this.#hashKey }, onProgress);
      if (heard.isDone) for (const file of Object.values(files)) this.#files.finish(file);
      return { ...heard, files: heard.isDone ? files : null };
    } catch (error) {
      for (const path of Object.values(to)) rmSync(path, { force: true });
      for (const file of Object.values(files)) this.#files.remove(file);
      throw error;
    }
  }

  /** Deletes tables of web categories that a crash left behind. */
  sweepCategories(keep: string | null): void {
    for (const file of this.#files.all('categorybase')) if (file !== keep) this.#files.remove(file);
  }

  /** Deletes files that are not to come into force. */
  discard(files: CompiledFiles): void {
    for (const file of filesOf(files)) this.#files.remove(file);
  }

  async #run(task: ReputationTask, onProgress: (line: string) => void): Promise<Heard> {
    const heard: Heard = {
      reports: new Map(),
      refused: new Map(),
      withheld: new Map(),
      refusal: null,
      fetched: null,
      isDone: false,
    };
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own program, over our own pipe
      const onMessage = (message: unknown): void => hear(heard, message as ReputationMessage, onProgress);
      await runChild(this.#program, task, onMessage, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) throw new ControlError('unavailable', 'the agent is being stopped');
      throw new ControlError('internal', `the feed reader failed: ${error instanceof Error ? error.message : ''}`, {
        cause: error,
      });
    }
    return heard;
  }
}

const filesOf = ({ reputation, categories, popular }: CompiledFiles): readonly string[] => [
  reputation,
  categories,
  popular,
];

function hear(heard: Heard, message: ReputationMessage, onProgress: (line: string) => void): void {
  // What is not noted says it.
  if (message.kind === 'not-modified' || message.kind === 'nothing-new') return;
  switch (message.kind) {
    case 'progress':
      onProgress(message.line);
      return;
    case 'report':
      heard.reports.set(message.feed, message.report);
      return;
    case 'refused':
      if (message.feed === null) heard.refusal = message;
      else heard.refused.set(message.feed, message.message);
      return;
    case 'withheld':
      heard.withheld.set(message.feed, message);
      return;
    case 'fetched':
      heard.fetched = message.validators;
      return;
    case 'done':
      heard.isDone = true;
      if (message.entries > 0)
        onProgress(`${message.entries.toLocaleString('en')} entries, ${message.bytes.toLocaleString('en')} bytes`);
      return;
    default:
      message satisfies never;
  }
}
