/** Runs one task of policy-main.ts in a child process and puts the table that it wrote in place. */
import { rmSync } from 'node:fs';

import { ControlError } from '@sallyport/contract/control-error';
import type { TableSlot } from '@sallyport/contract/gate-link';

import { type ChildProgram, runChild } from './child-program.ts';
import type { PolicyMessage, PolicyTask } from './policy-task.ts';
import type { TableFiles } from './table-files.ts';

export class PolicyChild {
  readonly #program: ChildProgram;
  readonly #files: TableFiles;
  readonly #signal: AbortSignal;

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
    const file = this.#files.next(slot);
    const to = `${this.#files.path(file)}.part`;
    const messages: PolicyMessage[] = [];
    try {
      const hear = (message: unknown): void => void messages.push(message as PolicyMessage); // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own program, over our own pipe
      await runChild(this.#program, task(to), hear, this.#signal);
    } catch (error) {
      rmSync(to, { force: true });
      if (this.#signal.aborted) throw new ControlError('unavailable', 'the agent is being stopped');
      const reason = error instanceof Error ? error.message : '';
      throw new ControlError('internal', `the ${slot} table cannot be compiled: ${reason}`, { cause: error });
    }
    const said = messages[0] ?? null;
    if (said !== null && said.kind !== 'full') this.#files.finish(file);
    return { file, said };
  }
}
