/**
 * Who holds a socket, where no eBPF program saw it being opened: the kernel names its inode, and one of the processes
 * has a descriptor of it.
 *
 * Easy to get wrong: this goes through all processes, in the middle of a verdict. So those that had connections before
 * come first, then the newest, and there is an end to it after some milliseconds.
 */
import { readdirSync, readlinkSync } from 'node:fs';

import type { FlowTuple } from '../netlink/conntrack.ts';
import { readSocket, socketRequest } from '../netlink/sock-diag.ts';
import { close, type Fd, receiveNow, send, socketDiagnosis } from '../sys/libc.ts';
import type { FlowProcess } from './flow-process.ts';

const LIMIT_MS = 10;
const MAX_RECENT = 32;

export class SocketOwners {
  readonly #socket: Fd = socketDiagnosis();
  readonly #answer = new Uint8Array(1024);
  /** Newest last. */
  #recent: number[] = [];

  /** Null when there is no such socket here, or its process was not found in time. `tid` is the process's id. */
  find(ends: FlowTuple): FlowProcess | null {
    const request = socketRequest(ends);
    send(this.#socket, request, request.length);
    const socket = readSocket(this.#answer, receiveNow(this.#socket, this.#answer));
    if (socket === null || socket.inode === 0) return null;
    const pid = this.#holderOf(`socket:[${socket.inode}]`);
    if (pid === null) return null;
    this.#recent = [...this.#recent.filter((known) => known !== pid).slice(1 - MAX_RECENT), pid];
    return { connectedNs: Number.POSITIVE_INFINITY, cgroupId: 0, pid, tid: pid, uid: socket.uid, command: '' };
  }

  close(): void {
    close(this.#socket);
  }

  #holderOf(link: string): number | null {
    const deadline = performance.now() + LIMIT_MS;
    const others = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .toSorted((a, b) => b - a);
    for (const pid of new Set([...this.#recent.toReversed(), ...others])) {
      if (performance.now() > deadline) return null;
      if (holds(pid, link)) return pid;
    }
    return null;
  }
}

function holds(pid: number, link: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((name) => linkOf(`${folder}/${name}`) === link);
  } catch {
    return false; // it has ended, or is none of ours to look at
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
