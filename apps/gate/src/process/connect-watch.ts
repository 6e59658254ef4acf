/**
 * Loads the eBPF program that remembers who opens connections, and attaches it to all control groups of the machine.
 *
 * Nothing is pinned: maps, programs and links are descriptors of this process, and the kernel takes all of it away when
 * the process ends, however it ends. Programs of other gates beside it are not disturbed; each has maps of its own.
 *
 * Easy to get wrong: it sees connections of every network namespace. Keys carry the namespace's cookie.
 */
import { closeSync, constants, openSync, readFileSync, readlinkSync } from 'node:fs';

import { attachToCgroup, type BpfKind, closeAll, createMap, loadProgram } from '../sys/bpf.ts';
import { type Fd, netnsCookie } from '../sys/libc.ts';
import { type BpfObject, type BpfProgram, readBpfObject } from './bpf/object.ts';
import { unifiedHierarchy } from './cgroup-mount.ts';
import { KEY_BYTES, VALUE_BYTES } from './flow-process.ts';

export const OBJECT_FILE = new URL('bpf/connect.bpf.o', import.meta.url);

/** What look-ups need. Plain values: another thread of this process can use them. */
export interface ConnectMap {
  /** Of the map with `struct flow` keys. */
  readonly fd: Fd;
  /** Cookie of the network namespace that this process is in. */
  readonly netns: bigint;
}

export interface ConnectWatch {
  readonly map: ConnectMap;
  /** Takes the programs away. */
  close(): void;
}

export type Watching =
  | { readonly kind: 'watching'; readonly watch: ConnectWatch }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** PROC_PID_INIT_INO and PROC_CGROUP_INIT_INO (include/linux/proc_ns.h). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const FIRST_CGROUP_NAMESPACE = 'cgroup:[4026531835]';

const KINDS: Readonly<Record<string, BpfKind>> = {
  sockops: { type: 13, attachType: 3 }, // BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS
  'cgroup/connect4': { type: 18, attachType: 10 }, // BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT
  'cgroup/connect6': { type: 18, attachType: 11 },
};

/** Starts to watch, or says in one line why it cannot be done here. Nothing is left behind then. */
export function watchConnects(): Watching {
  try {
    return { kind: 'watching', watch: start() };
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

function start(): ConnectWatch {
  if (readlinkSync('/proc/self/ns/pid') !== FIRST_PID_NAMESPACE) {
    throw new Error("the kernel's process ids mean others here: this is not the machine's first pid namespace");
  }
  if (readlinkSync('/proc/self/ns/cgroup') !== FIRST_CGROUP_NAMESPACE) {
    throw new Error('most control groups cannot be seen from this cgroup namespace');
  }
  const root = unifiedHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (root === null) throw new Error('the root of the control group hierarchy (version 2) is not mounted');
  const read = readBpfObject(readFileSync(OBJECT_FILE));
  if (read.kind === 'broken') throw new Error(`connect.bpf.o: ${read.reason}`);
  const netns = netnsCookie();
  const made: Fd[] = [];
  const cgroup = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flows = install(read.object, cgroup, made);
    return { map: { fd: flows, netns }, close: () => closeAll(made.splice(0).toReversed()) };
  } catch (error) {
    closeAll(made);
    throw error;
  } finally {
    closeSync(cgroup);
  }
}

/** Puts every descriptor into `made`; returns the one of the map `flows`. */
function install({ maps, programs, license }: BpfObject, cgroup: number, made: Fd[]): Fd {
  const keep = (fd: Fd): Fd => {
    made.push(fd);
    return fd;
  };
  const mapFds = maps.map((map) => keep(createMap(map)));
  const at = maps.findIndex(({ name }) => name === 'flows');
  const [flows, layout] = [mapFds[at], maps[at]];
  if (flows === undefined || layout?.keyBytes !== KEY_BYTES || layout.valueBytes !== VALUE_BYTES) {
    throw new Error('connect.bpf.o was not made of this source');
  }
  // `sockops` last would miss the ports of connections that are opened meanwhile: it comes first.
  for (const program of programs.toSorted(({ section }) => (section === 'sockops' ? -1 : 1))) {
    const kind = KINDS[program.section];
    if (kind === undefined) throw new Error(`connect.bpf.o: unknown section ${program.section}`);
    const name = program.section.replaceAll(/\W/g, '_');
    const loaded = keep(loadProgram({ ...kind, name, license, instructions: linked(program, mapFds) }));
    keep(attachToCgroup(loaded, cgroup, kind.attachType));
  }
  return flows;
}

const PSEUDO_MAP_FD = 1;

/** The instructions, with maps by their descriptors. */
function linked({ instructions, references }: BpfProgram, maps: readonly Fd[]): Uint8Array {
  const code = new Uint8Array(instructions); // a copy, also of a Buffer
  const view = new DataView(code.buffer);
  for (const { instruction, map } of references) {
    const at = instruction * 8;
    view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (PSEUDO_MAP_FD << 4));
    view.setInt32(at + 4, maps[map] ?? -1, true);
  }
  return code;
}
