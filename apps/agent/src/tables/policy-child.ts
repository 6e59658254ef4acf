/** Runs tasks of policy-main.ts in a child process of their own and puts the tables that they write in place. */
import { renameSync, rmSync } from 'node:fs';

import { ControlError } from '@sallyport/contract/control-error';
import type { TableSlot } from '@sallyport/contract/gate-link';

import { type ChildProgram, runChild } from './child-program.ts';
import type { PolicyMessage, PolicyTask } from './policy-task.ts';
import type { TableFiles } from './table-files.ts';

export interface RunningTask {
  readonly onMessage: (message: PolicyMessage) => void;
  /** The child's standard input. */
  readonly content?: AsyncIterable<Uint8Array>;
}

export class PolicyChild {
  readonly #program: ChildProgram;
  readonly #files: TableFiles;
  readonly #signal: AbortSignal;
  #parts = 0;

  /** `signal` ends what is under way, and all later attempts. */
  constructor(program: ChildProgram, files: TableFiles, signal: AbortSignal) {
    this.#program = program;
    this.#files = files;
    this.#signal = signal;
  }

  /** The new file, not yet handed over, and what the child said about it. Throws ControlError; no file is left then. */
  async run(
    slot: TableSlot,
    task: (to: string) => PolicyTask,
  ): Promise<{ readonly file: string; readonly said: PolicyMessage | null }> {
    const messages: PolicyMessage[] = [];
    const part = await this.write(slot, task, { onMessage: (message) => void messages.push(message) });
    const said = messages[0] ?? null;
    return { file: said === null || said.kind === 'full' ? '' : this.place(slot, part), said };
  }

  /**
   * The path of what the task wrote, for `place` or to be deleted; whether it wrote anything is what its messages say.
   * Throws ControlError, and what the content throws; nothing is left then.
   */
  async write(slot: TableSlot, task: (to: string) => PolicyTask, { onMessage, content }: RunningTask): Promise<string> {
    const part = this.#files.path(`${slot}-${process.pid}-${++this.#parts}.part`);
    const failures: unknown[] = [];
    async function* watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      try {
        yield* source;
      } catch (error) {
        // The child finds its content incomplete and ends in order; the reason is known here alone.
        failures.push(error);
      }
    }
    try {
      const hear = (message: unknown): void => onMessage(message as PolicyMessage); // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own program, over our own pipe
      const input = content === undefined ? undefined : watched(content);
      await runChild(this.#program, task(part), hear, this.#signal, undefined, input);
    } catch (error) {
      rmSync(part, { force: true });
      if (this.#signal.aborted) throw new ControlError('unavailable', 'the agent is being stopped');
      const reason = error instanceof Error ? error.message : '';
      throw new ControlError('internal', `the ${slot} table cannot be compiled: ${reason}`, { cause: error });
    }
    if (failures.length > 0) {
      rmSync(part, { force: true });
      throw failures[0];
    }
    return part;
  }

  /** Names a finished table. A name is higher than those of all tables before, whichever was begun first. */
  place(slot: TableSlot, part: string): string {
    const file = this.#files.next(slot);
    renameSync(part, `${this.#files.path(file)}.part`);
    this.#files.finish(file);
    return file;
  }
}
