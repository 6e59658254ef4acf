/**
 * The largest resident memory of every process that this one started, itself not counted.
 *
 * Easy to get wrong: the kernel's high-water mark (VmHWM in /proc/PID/status) is exact, and gone with its process. It is
 * read every few milliseconds, so of a process that ends it lacks what came after the last look.
 */
import { readFileSync } from 'node:fs';

export interface MemoryWatch extends Disposable {
  /** Of the processes seen so far, the largest first. */
  readonly peaks: readonly { readonly program: string; readonly megabytes: number }[];
}

const LOOK_EVERY_MS = 20;

/** Begins to look; until it is disposed of. */
export function watchMemory(): MemoryWatch {
  const peaks = new Map<number, { program: string; megabytes: number }>();
  const look = (): void => {
    for (const pid of descendants(process.pid)) {
      const status = readText(`/proc/${pid}/status`);
      const kib = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (kib === undefined) continue;
      const program = readText(`/proc/${pid}/cmdline`).split('\0').slice(0, 3).join(' ').slice(0, 100);
      peaks.set(pid, { program, megabytes: (Number(kib) * 1024) / 1e6 });
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    get peaks() {
      return [...peaks.values()].toSorted((one, other) => other.megabytes - one.megabytes);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function descendants(pid: number): number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Empty when the process is gone. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
