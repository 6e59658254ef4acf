/**
 * What the gate asks of bpf(2): maps, programs, links to a control group, look-ups. Layouts are those of `union
 * bpf_attr` (include/uapi/linux/bpf.h). Everything made here is a descriptor and is gone when the process is.
 */
import { bpf, bpfFinds, close, type Fd, fdFromBpf, pinned, type Pinned } from './libc.ts';
import { SysError } from './sys-error.ts';

const MAP_CREATE = 0;
const MAP_LOOKUP_ELEM = 1;
const PROG_LOAD = 5;
const LINK_CREATE = 28;
const LOG_BYTES = 64 * 1024;
const NAME_BYTES = 15;

/** Numbers of enum bpf_prog_type and enum bpf_attach_type. */
export interface BpfKind {
  readonly type: number;
  readonly attachType: number;
}

/** The kernel refused a program; `message` ends with the last words of its verifier. */
class BpfRefused extends Error {
  override readonly name = 'BpfRefused';
  readonly code = 'BPF_REFUSED';
}

export function createMap(map: {
  readonly name: string;
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
}): Fd {
  const attributes = pinned(48);
  for (const [at, value] of [map.type, map.keyBytes, map.valueBytes, map.maxEntries, map.flags].entries()) {
    attributes.view.setUint32(4 * at, value, true);
  }
  writeName(attributes, 28, map.name);
  return fdFromBpf(bpf(MAP_CREATE, attributes, 48));
}

/** `instructions` have their maps' descriptors in place already. */
export function loadProgram(program: BpfKind & { name: string; license: string; instructions: Uint8Array }): Fd {
  const { instructions, license } = program;
  const code = pinned(instructions.length);
  code.bytes.set(instructions);
  const licenseText = pinned(license.length + 1);
  new TextEncoder().encodeInto(license, licenseText.bytes);
  const attributes = pinned(72);
  const { view } = attributes;
  view.setUint32(0, program.type, true);
  view.setUint32(4, instructions.length / 8, true);
  view.setBigUint64(8, code.address, true);
  view.setBigUint64(16, licenseText.address, true);
  writeName(attributes, 48, program.name);
  view.setUint32(68, program.attachType, true);
  try {
    return fdFromBpf(bpf(PROG_LOAD, attributes, 72));
  } catch (error) {
    if (!(error instanceof SysError) || error.code === 'EPERM') throw error;
    // Once more, to be told why.
    const log = pinned(LOG_BYTES);
    view.setUint32(24, 1, true);
    view.setUint32(28, LOG_BYTES, true);
    view.setBigUint64(32, log.address, true);
    try {
      return fdFromBpf(bpf(PROG_LOAD, attributes, 72));
    } catch {
      const text = new TextDecoder().decode(log.bytes.subarray(0, Math.max(0, log.bytes.indexOf(0))));
      const lines = text.trim().split('\n').slice(-4, -1).join(' / ');
      throw new BpfRefused(`${program.name}: ${error.message}: ${lines}`, { cause: error });
    }
  }
}

/** Runs the program for every process of the group and those below. It stops when the descriptor is closed. */
export function attachToCgroup(program: Fd, cgroup: number, attachType: number): Fd {
  const attributes = pinned(16);
  attributes.view.setUint32(0, program, true);
  attributes.view.setUint32(4, cgroup, true);
  attributes.view.setUint32(8, attachType, true);
  return fdFromBpf(bpf(LINK_CREATE, attributes, 16));
}

/** Looks one key after another up; key and value are the same buffers each time. */
export class MapReader {
  readonly key: Pinned;
  readonly value: Pinned;
  readonly #attributes = pinned(32);

  constructor(map: Fd, keyBytes: number, valueBytes: number) {
    this.key = pinned(keyBytes);
    this.value = pinned(valueBytes);
    this.#attributes.view.setUint32(0, map, true);
    this.#attributes.view.setBigUint64(8, this.key.address, true);
    this.#attributes.view.setBigUint64(16, this.value.address, true);
  }

  /** Whether there is an entry for `key`; `value` holds it then. About 1 µs. */
  find(): boolean {
    return bpfFinds(MAP_LOOKUP_ELEM, this.#attributes, 32);
  }
}

export const closeAll = (descriptors: readonly Fd[]): void => {
  for (const fd of descriptors) close(fd);
};

function writeName(attributes: Pinned, at: number, name: string): void {
  new TextEncoder().encodeInto(name.slice(0, NAME_BYTES), attributes.bytes.subarray(at, at + NAME_BYTES));
}
