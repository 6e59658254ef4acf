/** Runs a command as main.ts would, with its output in strings and a clock that stands still. */
import type { Control } from '@sallyport/contract/control';

import type { Context, Output } from '../../src/cli/context.ts';
import { plainLayout } from '../../src/cli/layout.ts';
import { run } from '../../src/cli/run.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 14, 0, 0);

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Setting {
  readonly control: Control;
  readonly running?: boolean;
  readonly width?: number;
  /** Calls back after each write to stdout. */
  readonly onOut?: (text: string, interrupt: () => void) => void;
  readonly terminal?: boolean;
  readonly nowMs?: number;
}

export async function sallyport(setting: Setting, ...argv: string[]): Promise<Outcome> {
  const interrupted = new AbortController();
  const texts = { out: '', err: '' };
  const output = (name: 'out' | 'err'): Output => ({
    isTerminal: setting.terminal ?? false,
    async write(text) {
      texts[name] += text;
      if (name === 'out') setting.onOut?.(text, () => interrupted.abort());
    },
  });
  const context: Context = {
    out: output('out'),
    err: output('err'),
    layout: () => plainLayout(setting.nowMs ?? NOW_MS, setting.width ?? null),
    async openControl(_, asCaller) {
      asCaller?.(await setting.control.feeds());
      return {
        control: setting.control,
        running: setting.running ?? true,
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    interrupted: () => interrupted.signal,
  };
  const code = await run(argv, context);
  return { code, ...texts };
}
