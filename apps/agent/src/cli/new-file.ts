/**
 * A file that the user names for what a command makes. Opened with the user's rights, before any other are taken on.
 *
 * Easy to get wrong: never an existing one, whatever it is. `--export /etc/passwd` is a slip of the hand.
 */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';

import { ControlError } from '@sallyport/contract/control-error';

export interface NewFile extends Disposable {
  /** All of it, or ControlError. */
  write(text: string): void;
  /** It is whole. Until then it is removed when it is closed. */
  keep(): void;
}

/** Mode 0600: what agents know is not for everybody. Throws ControlError. */
export function openNewFile(path: string): NewFile {
  const descriptor = attempt(path, 'created', () => openSync(path, 'wx', 0o600));
  let isWhole = false;
  return {
    write: (text) => attempt(path, 'written', () => writeFileSync(descriptor, text)),
    keep() {
      isWhole = true;
    },
    [Symbol.dispose]() {
      closeSync(descriptor);
      if (isWhole) return;
      try {
        rmSync(path, { force: true });
      } catch {
        // The rights of a moment ago may be gone; what is left is named by the error that led here.
      }
    },
  };
}

function attempt<T>(path: string, what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = code === 'EEXIST' ? 'is there already: name a new file' : `cannot be ${what} (${code})`;
    throw new ControlError('invalid', `${path}: ${reason}`, { cause: error });
  }
}
