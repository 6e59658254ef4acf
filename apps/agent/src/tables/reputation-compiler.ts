/**
 * Compiles the reputation table in a child process (reputation-main.ts) and turns what the child says into results
 * and errors of ours.
 */
import { existsSync, rmSync } from 'node:fs';

import { ControlError } from '@sallyport/contract/control-error';

import type { FeedReport } from '../feeds/read-feed.ts';
import { type ChildProgram, runChild } from './child-program.ts';
import type { FeedToRead, ReputationMessage, ReputationTask } from './reputation-task.ts';
import type { TableFiles } from './table-files.ts';

export interface CompiledReputation {
  readonly file: string;
  readonly reports: ReadonlyMap<string, FeedReport>;
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

  /** Writes the content of `location` to `to`. Throws ControlError. */
  async fetch(location: string, to: string, maxBytes: number, onProgress: (line: string) => void): Promise<void> {
    await this.#run({ kind: 'fetch', location, to, maxBytes }, onProgress);
  }

  /** A new table file of all `feeds`, not yet handed over. Throws ControlError; no file is left then. */
  async compile(
    feeds: readonly FeedToRead[],
    maxBytes: number,
    onProgress: (line: string) => void,
  ): Promise<CompiledReputation> {
    const file = this.#files.next('reputation');
    const to = `${this.#files.path(file)}.part`;
    try {
      const reports = await this.#run({ kind: 'compile', feeds, to, maxBytes, hashKey: this.#hashKey }, onProgress);
      this.#files.finish(file);
      return { file, reports };
    } catch (error) {
      rmSync(to, { force: true });
      throw error;
    }
  }

  async #run(task: ReputationTask, onProgress: (line: string) => void): Promise<Map<string, FeedReport>> {
    const reports = new Map<string, FeedReport>();
    const refusals: string[] = [];
    const hear = (message: ReputationMessage): void => {
      switch (message.kind) {
        case 'progress':
          onProgress(message.line);
          return;
        case 'report':
          reports.set(message.feed, message.report);
          return;
        case 'refused':
          refusals.push(message.message);
          return;
        case 'done':
          onProgress(`${message.entries.toLocaleString('en')} entries, ${message.bytes.toLocaleString('en')} bytes`);
          return;
        default:
          message satisfies never;
      }
    };
    try {
      await runChild(this.#program, task, (message) => hear(message as ReputationMessage), this.#signal); // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own program, over our own pipe
    } catch (error) {
      if (this.#signal.aborted) throw new ControlError('unavailable', 'the agent is being stopped');
      throw new ControlError('internal', `the feed reader failed: ${error instanceof Error ? error.message : ''}`, {
        cause: error,
      });
    }
    const refusal = refusals[0];
    if (refusal !== undefined) throw new ControlError('invalid', refusal);
    return reports;
  }
}
