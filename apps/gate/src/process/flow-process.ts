/**
 * The eBPF map from a connection's ends to the process that opened it: layouts of `struct flow` and `struct process`
 * in bpf/connect.bpf.c.
 *
 * Easy to get wrong: an IPv6 socket may speak IPv4, so both families have one form of key (::ffff:a.b.c.d).
 */
import type { FlowTuple } from '../netlink/conntrack.ts';
import { MapReader } from '../sys/bpf.ts';
import type { Fd } from '../sys/libc.ts';

export const KEY_BYTES = 48;
export const VALUE_BYTES = 48;
const LOCAL = 8;
const REMOTE = 24;
const LOCAL_PORT = 40;
const REMOTE_PORT = 42;

/** Who called connect(). Read at once: it is overwritten by the next look-up. */
export interface FlowProcess {
  /** When, in nanoseconds since boot; Infinity when it is not known, and the process has the connection now. */
  readonly connectedNs: number;
  /** Id in the version 2 hierarchy: the inode of its directory. */
  readonly cgroupId: number;
  readonly pid: number;
  /** The thread. */
  readonly tid: number;
  /** Real user. */
  readonly uid: number;
  /** Name of the thread, at most 15 bytes; a program's file name unless it chose another. */
  readonly command: string;
}

/** Bytes of the key for a connection of the network namespace with this cookie. Ends in the client's order. */
export function writeKey(into: DataView, netns: bigint, ends: FlowTuple): void {
  into.setBigUint64(0, netns, true);
  into.setUint32(44, 0, true);
  writeEnds(into, ends);
}

function writeEnds(into: DataView, ends: FlowTuple): void {
  writeAddress(into, LOCAL, ends.bytes, ends.sourceAt, ends.addressLength);
  writeAddress(into, REMOTE, ends.bytes, ends.destinationAt, ends.addressLength);
  into.setUint16(LOCAL_PORT, ends.sourcePort, true);
  into.setUint16(REMOTE_PORT, ends.destinationPort, true);
}

export const readValue = (value: DataView): FlowProcess => ({
  connectedNs: u64(value, 0),
  cgroupId: u64(value, 8),
  pid: value.getUint32(16, true),
  tid: value.getUint32(20, true),
  uid: value.getUint32(24, true),
  command: commandAt(value, 32),
});

export class FlowProcesses {
  readonly #map: MapReader;

  constructor(map: Fd, netns: bigint) {
    this.#map = new MapReader(map, KEY_BYTES, VALUE_BYTES);
    this.#map.key.view.setBigUint64(0, netns, true);
  }

  /** Null when nobody of this machine's own network namespace was seen to open it. */
  find(ends: FlowTuple): FlowProcess | null {
    writeEnds(this.#map.key.view, ends); // the rest stays
    return this.#map.find() ? readValue(this.#map.value.view) : null;
  }
}

function writeAddress(into: DataView, at: number, bytes: Uint8Array, from: number, length: number): void {
  const start = at + 16 - length;
  if (length === 4) {
    into.setUint32(at, 0, true);
    into.setUint32(at + 4, 0, true);
    into.setUint32(at + 8, 0xffff, false);
  }
  for (let i = 0; i < length; i++) into.setUint8(start + i, bytes[from + i] ?? 0);
}

/** As a number: times since boot and inodes are far below 2^53. */
const u64 = (value: DataView, at: number): number =>
  value.getUint32(at, true) + value.getUint32(at + 4, true) * 2 ** 32;

function commandAt(value: DataView, start: number): string {
  let command = '';
  for (let at = start; at < start + 16; at++) {
    const byte = value.getUint8(at);
    if (byte === 0) break;
    command += String.fromCharCode(byte);
  }
  return command;
}
