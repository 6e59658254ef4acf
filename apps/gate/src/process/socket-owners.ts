/**
 * Who holds a socket, where no eBPF program saw it being opened: the kernel names its inode, and one of the processes
 * has a descriptor of it.
 *
 * Easy to get wrong: this goes through all processes, in the middle of a verdict. So descriptors that were sockets of
 * the same user before come first (programs that connect again and again reuse the number), then that user's newest
 * processes, then everybody's, and there is an end to it after some milliseconds.
 */
import { opendirSync, readdirSync, readlinkSync, statSync } from 'node:fs';

import type { FlowTuple } from '../netlink/conntrack.ts';
import { readSocket, socketRequest } from '../netlink/sock-diag.ts';
import { close, type Fd, receiveNow, send, socketDiagnosis } from '../sys/libc.ts';
import type { FlowProcess } from './flow-process.ts';

const LIMIT_MS = 10;
const MAX_RECENT = 512;
const DESCRIPTORS_PER_READ = 64;

/** A descriptor that was a connection's. */
interface Place {
  readonly uid: number;
  readonly pid: number;
  /** `/proc/PID/fd/N` */
  readonly path: string;
}

export class SocketOwners {
  readonly #socket: Fd = socketDiagnosis();
  readonly #answer = new Uint8Array(1024);
  /** By path, newest last. */
  readonly #recent = new Map<string, Place>();

  /** Null when there is no such socket here, or its process was not found in time. `tid` is the process's id. */
  find(ends: FlowTuple): FlowProcess | null {
    const request = socketRequest(ends);
    send(this.#socket, request, request.length);
    const socket = readSocket(this.#answer, receiveNow(this.#socket, this.#answer));
    if (socket === null || socket.inode === 0) return null;
    const { uid } = socket;
    const link = `socket:[${socket.inode}]`;
    const place = this.#lookAgain(uid, link) ?? search(uid, link);
    if (place === null) return null;
    this.#recent.delete(place.path);
    this.#recent.set(place.path, place);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
    const { pid } = place;
    return { connectedNs: Number.POSITIVE_INFINITY, cgroupId: 0, pid, tid: pid, uid, command: '' };
  }

  close(): void {
    close(this.#socket);
  }

  #lookAgain(uid: number, link: string): Place | null {
    for (const place of this.#recent.values()) {
      if (place.uid !== uid) continue;
      const found = linkOf(place.path);
      if (found === link) return place;
      if (found === null) this.#recent.delete(place.path);
    }
    return null;
  }
}

function search(uid: number, link: string): Place | null {
  const deadline = performance.now() + LIMIT_MS;
  const newestFirst = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => b - a);
  const others: number[] = [];
  for (const pid of newestFirst) {
    const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
    if (owner !== uid) {
      if (owner !== undefined) others.push(pid);
      continue;
    }
    const path = placeIn(pid, link, deadline);
    if (path !== null) return { uid, pid, path };
    if (performance.now() > deadline) return null;
  }
  // Programs that changed their user, and those that hide their memory: /proc shows these as root's.
  for (const pid of others) {
    const path = placeIn(pid, link, deadline);
    if (path !== null) return { uid, pid, path };
    if (performance.now() > deadline) return null;
  }
  return null;
}

/** One program may hold half a million descriptors, so the time is looked at on the way. */
function placeIn(pid: number, link: string, deadline: number): string | null {
  const folder = `/proc/${pid}/fd`;
  try {
    using descriptors = opendirSync(folder, { bufferSize: DESCRIPTORS_PER_READ });
    let seen = 0;
    for (let entry = descriptors.readSync(); entry !== null; entry = descriptors.readSync()) {
      if (linkOf(`${folder}/${entry.name}`) === link) return `${folder}/${entry.name}`;
      if (++seen % DESCRIPTORS_PER_READ === 0 && performance.now() > deadline) return null;
    }
    return null;
  } catch {
    return null; // it has ended, or is none of ours to look at
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
