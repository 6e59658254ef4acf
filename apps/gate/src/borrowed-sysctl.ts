/**
 * A kernel setting that is changed while the gate runs and put back as it was found, by this process or by the next one.
 *
 * The one such setting, besides the conntrack limit: `net.ipv4.tcp_autocorking`. With it the kernel keeps a small write
 * back while an earlier segment of the connection still sits on this host. A segment that is held for the rest of
 * its hello sits here, so the rest would never come: hello and verdict would wait for each other until the time cap.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import type { StateDirectory } from './state-directory.ts';

const AUTOCORKING = '/proc/sys/net/ipv4/tcp_autocorking';

export interface ValueMemory {
  read(): string | null;
  write(value: string): void;
  forget(): void;
}

export class BorrowedSysctl {
  readonly #path: string;
  readonly #memory: ValueMemory;

  constructor(path: string, memory: ValueMemory) {
    this.#path = path;
    this.#memory = memory;
  }

  /** Best effort: where the setting cannot be changed, nothing else fails for it. */
  set(value: string): void {
    try {
      const found = readFileSync(this.#path, 'utf8').trim();
      if (found === value) return;
      // Remembered first: a crash between the two steps must not lose what was found.
      if (this.#memory.read() === null) this.#memory.write(found);
      writeFileSync(this.#path, value);
    } catch {
      // read-only /proc/sys, as in some containers
    }
  }

  restore(): void {
    const found = this.#memory.read();
    if (found === null) return;
    try {
      writeFileSync(this.#path, found);
    } catch {
      // as above
    }
    this.#memory.forget();
  }
}

export const autocorking = (state: StateDirectory): BorrowedSysctl =>
  new BorrowedSysctl(AUTOCORKING, {
    read: () => {
      const value = state.readJson('autocorking.json');
      return typeof value === 'string' ? value : null;
    },
    write: (value) => state.writeJson('autocorking.json', value),
    forget: () => state.remove('autocorking.json'),
  });
