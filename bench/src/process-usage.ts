/**
 * CPU time and memory of a tree of processes, from /proc.
 *
 * Memory is PSS: pages shared between the processes (Node's own code, mapped tables) count once in
 * the sum. The tree is read anew at each call, because a supervisor may have restarted a child.
 */
import { readdir, readFile } from 'node:fs/promises';

/** Kernel ticks of utime and stime in /proc/PID/stat: USER_HZ is 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  readonly pssMb: number;
  readonly rssMb: number;
  /** What no file is behind; unlike PSS, it does not change with what others run. */
  readonly anonymousMb: number;
}

/** The process `root` and everything it started, parents first. */
export async function processTree(root: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map<number, number>();
  for (const pid of pids) {
    const stat = await readStat(pid);
    if (stat !== undefined) parents.set(pid, stat.parent);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...pids.filter((child) => parents.get(child) === pid));
  return tree;
}

/** Seconds of CPU (user and system) that the living processes of the tree have used so far. */
export async function cpuSeconds(root: number): Promise<number> {
  const stats = await Promise.all((await processTree(root)).map(readStat));
  return stats.reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0) / TICKS_PER_SECOND;
}

/** Memory of each process of the tree, in MB (10^6 bytes). */
export async function memory(root: number): Promise<ProcessMemory[]> {
  const rows: ProcessMemory[] = [];
  for (const pid of await processTree(root)) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (rollup === '') continue;
    const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]);
    const row = { pid, command: command.replaceAll('\0', ' ').trim() };
    const megabytes = (field: string): number => (kilobytes(field) * 1024) / 1e6;
    rows.push({ ...row, pssMb: megabytes('Pss'), rssMb: megabytes('Rss'), anonymousMb: megabytes('Anonymous') });
  }
  return rows;
}

async function readStat(pid: number): Promise<{ parent: number; ticks: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command stands in parentheses and may itself contain spaces and parentheses (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 14) return undefined;
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}
