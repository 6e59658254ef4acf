/** What the figures were measured on. Without it a figure cannot be compared with anything. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { versions } from 'node:process';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly system: string;
  readonly node: string;
  /** Load average of the last minute before the bench began: above about 0.2 the machine was not idle. */
  readonly loadBefore: number;
  /** ISO 8601, UTC. */
  readonly date: string;
}

export async function describeMachine(now: Date): Promise<Machine> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1e6),
    kernel: release(),
    system: /^PRETTY_NAME="(.*)"$/m.exec(osRelease)?.[1] ?? 'unknown',
    node: versions.node,
    loadBefore: loadavg()[0] ?? 0,
    date: now.toISOString(),
  };
}
