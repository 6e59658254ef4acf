/** One line that is written over, on a terminal; nothing into a file. */
import type { Context } from './context.ts';
import { printable } from './safe-text.ts';

export interface Progress extends Disposable {
  readonly show: (line: string) => void;
  readonly clear: () => void;
}

export function progressOn({ err }: Context): Progress {
  let shown = false;
  const clear = (): void => {
    if (shown) void err.write('\r\x1b[K');
    shown = false;
  };
  return {
    show(line) {
      if (!err.isTerminal) return;
      void err.write(`\r\x1b[K${printable(line)}`);
      shown = true;
    },
    clear,
    [Symbol.dispose]: clear,
  };
}
