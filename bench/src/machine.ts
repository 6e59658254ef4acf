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
  /** TIME_WAIT sockets of all namespaces before the bench began, or null where /proc/slabinfo is closed. */
  readonly timeWaitBefore: number | null;
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
    timeWaitBefore: await timeWaitSockets(),
    date: now.toISOString(),
  };
}

/** Why figures measured now would not be comparable; empty on an idle machine. */
export function disturbances(machine: Machine): string[] {
  const found: string[] = [];
  if (machine.loadBefore > 0.5) found.push(`load average ${machine.loadBefore.toFixed(2)}`);
  if ((machine.timeWaitBefore ?? 0) > 2000) found.push(`${machine.timeWaitBefore} TIME_WAIT sockets in the kernel`);
  return found;
}

async function timeWaitSockets(): Promise<number | null> {
  const slabs = await readFile('/proc/slabinfo', 'utf8').catch(() => '');
  const active = /^tw_sock_TCP\s+(\d+)/m.exec(slabs)?.[1];
  return active === undefined ? null : Number(active);
}
