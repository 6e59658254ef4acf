/**
 * All that a command may touch outside its arguments. Tests hand in their own; main.ts hands in the process.
 */
import type { Control, FeedView } from '@sallyport/contract/control';

import type { Layout } from './layout.ts';

export interface Output {
  /** Resolves when the stream wants more: a reader that is slow must not make us hold a million rows. */
  write(text: string): Promise<void>;
  readonly isTerminal: boolean;
}

export interface OpenedControl extends AsyncDisposable {
  readonly control: Control;
  /** False: the agent's core was opened in this process, because no agent runs. */
  readonly running: boolean;
}

/**
 * Called once with the feeds while this process still has the rights it was started with. Without an agent they are
 * given up next: a feed's file that only root may read has to be opened here.
 */
export type AsCaller = (feeds: readonly FeedView[]) => void;

export interface Context {
  readonly out: Output;
  readonly err: Output;
  /** How to render for `out`, at this moment. */
  layout(): Layout;
  openControl(stateDirectory: string, asCaller?: AsCaller): Promise<OpenedControl>;
  /** Aborts at the first Ctrl-C or SIGTERM from now on, which then no longer end the process. */
  interrupted(): AbortSignal;
}

/** `lines` as one write. */
export const printLines = (output: Output, lines: readonly string[]): Promise<void> =>
  lines.length === 0 ? Promise.resolve() : output.write(`${lines.join('\n')}\n`);
