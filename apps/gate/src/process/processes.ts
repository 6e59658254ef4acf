/**
 * What /proc says of the processes behind connections. Read on demand and synchronously: a few microseconds, for a
 * process that was asked for before; some twenty for a new one.
 *
 * Easy to get wrong: process ids are used again. A process is the one that connected only if it had started by then,
 * and stays the one only as long as its pidfd says so. A program can replace itself by another (exec) at any time; the
 * kernel then changes the name that connections carry to the new file's. So a path is taken from memory only for the
 * name that it was read for: reading it again costs 2 µs in a loop, but 15 µs between two packets.
 */
import { readFileSync, readlinkSync } from 'node:fs';

import type { Subject } from '@sallyport/hosts/scope';

import { close, type Fd, isThere, openProcess } from '../sys/libc.ts';
import { type ControlGroup, containerOf, readControlGroup } from './control-group.ts';
import type { FlowProcess } from './flow-process.ts';

/** Each holds a descriptor. */
const MAX_PROCESSES = 256;
const MAX_GROUPS = 1024;
/** What /proc counts time in, whatever the kernel does: USER_HZ is 100 everywhere we run. */
const TICK_NS = 10_000_000;
const DELETED = ' (deleted)';
/** Less than the fastest machine takes to use all process ids once. */
const SURE_MS = 5;

interface Known {
  /** Null once it has ended. */
  handle: Fd | null;
  /** When it was there last; monotonic. */
  seenMs: number;
  readonly startedNs: number;
  executable: string | null;
  /** The connection's command that `executable` was read for; empty before that. */
  command: string;
  group: Group | null;
  /** What `group` was read for. */
  cgroupId: number;
}

interface Group extends ControlGroup {
  readonly container: Subject['container'];
}

export class Processes {
  readonly #known = new Map<number, Known>();
  /** By id of the version 2 hierarchy: for processes that ended before anybody asked. */
  readonly #groups = new Map<number, Group>();

  /** Absolute path, as the process sees it; of a program that was replaced on disk the one it had. Null: not known. */
  executable(process: FlowProcess): string | null {
    const known = this.#find(process);
    if (known === null) return null;
    if (known.handle !== null && (process.command === '' || process.command !== known.command)) {
      const link = executableOf(process);
      // Whoever is still there now was there when the link was read.
      if (this.#isThere(known) && link !== null) {
        known.executable = link;
        known.command = process.command;
      }
    }
    return known.executable;
  }

  /** Path and container. Null: not known. */
  controlGroup(process: FlowProcess): Group | null {
    const known = this.#find(process);
    if (known === null) return this.#groups.get(process.cgroupId) ?? null;
    if (known.handle !== null && (known.group === null || known.cgroupId !== process.cgroupId)) {
      const group = readControlGroup(textOf(`/proc/${process.pid}/cgroup`));
      if (this.#isThere(known) && group !== null) {
        known.group = { ...group, container: containerOf(group.path) };
        known.cgroupId = process.cgroupId;
        if (group.unified) remember(this.#groups, process.cgroupId, known.group, MAX_GROUPS);
      }
    }
    return known.group;
  }

  close(): void {
    for (const { handle } of this.#known.values()) if (handle !== null) close(handle);
    this.#known.clear();
  }

  /** The process that opened the connection, if anything is or was known of it. */
  #find({ pid, connectedNs }: FlowProcess): Known | null {
    const known = this.#known.get(pid);
    if (known !== undefined && known.startedNs <= connectedNs && known.handle !== null) {
      const nowMs = performance.now();
      if (nowMs - known.seenMs < SURE_MS) return known;
      if (this.#isThere(known)) {
        known.seenMs = nowMs;
        return known;
      }
    }
    const opened = open(pid, connectedNs);
    // Nobody else had the id between the end of the one that is known and the connection.
    if (opened === null) return known !== undefined && known.startedNs <= connectedNs ? known : null;
    if (known !== undefined) this.#forget(pid, known);
    const [oldest] = this.#known;
    if (this.#known.size >= MAX_PROCESSES && oldest !== undefined) this.#forget(...oldest);
    this.#known.set(pid, opened);
    return opened;
  }

  #isThere(known: Known): boolean {
    if (known.handle === null) return false;
    if (isThere(known.handle)) return true;
    close(known.handle);
    known.handle = null;
    return false;
  }

  #forget(pid: number, { handle }: Known): void {
    if (handle !== null) close(handle);
    this.#known.delete(pid);
  }
}

/** The process that has this id now; null when there is none or it started after the connection. */
function open(pid: number, connectedNs: number): Known | null {
  const handle = openProcess(pid);
  if (handle === null) return null;
  const startedNs = startTicks(textOf(`/proc/${pid}/stat`)) * TICK_NS;
  if (startedNs <= connectedNs && isThere(handle)) {
    return { handle, seenMs: performance.now(), startedNs, executable: null, command: '', group: null, cgroupId: 0 };
  }
  close(handle);
  return null;
}

/**
 * Field 22 of /proc/PID/stat (proc(5)): ticks from boot to the start of the process. NaN when the text is not of that
 * form. The name in parentheses may hold anything, parentheses and spaces too.
 */
export function startTicks(stat: string): number {
  const after = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ', 20)
    .at(19);
  return after === undefined || !/^\d+$/.test(after) ? Number.NaN : Number(after);
}

/** The first thread of a process may have ended before the others: then it has no executable, but they do. */
function executableOf({ pid, tid }: FlowProcess): string | null {
  const link = linkOf(`/proc/${pid}/exe`) ?? (tid === pid ? null : linkOf(`/proc/${pid}/task/${tid}/exe`));
  return link?.endsWith(DELETED) === true ? link.slice(0, -DELETED.length) : link;
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Empty when it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  const [oldest] = map.keys();
  if (map.size >= max && !map.has(key) && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}
