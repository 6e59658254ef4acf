/**
 * The process behind the connection that is being judged, as rules ask for it.
 *
 * Nothing is looked up until a rule asks: without rules for some programs, control groups or containers a verdict costs
 * what it did before. Easy to get wrong: one object for all connections. It is about the one that was set last.
 */
import type { Subject } from '@sallyport/hosts/scope';

import type { FlowTuple } from '../netlink/conntrack.ts';
import { UNKNOWN_UID } from '../netlink/queue.ts';
import type { FlowProcess } from './flow-process.ts';
import type { Processes } from './processes.ts';

/** A connection in the client's order; `uid` is the owner of its socket or UNKNOWN_UID. */
export interface OwnedFlow extends FlowTuple {
  readonly uid: number;
}

/** Ways to find the process; each is tried when the one before knows nothing. */
export interface ProcessSources {
  /** By what eBPF saw. Null: there is no eBPF. */
  readonly seen: { find(ends: FlowTuple): FlowProcess | null } | null;
  /** By asking the kernel and going through all processes. Null: neither. */
  readonly searched: { find(ends: FlowTuple): FlowProcess | null } | null;
  readonly processes: Pick<Processes, 'executable' | 'controlGroup'>;
}

export class ConnectionSubject implements Subject {
  readonly #sources: ProcessSources | null;
  #ends: OwnedFlow | null = null;
  /** Undefined: not asked for yet. */
  #seen: FlowProcess | null | undefined;
  #process: FlowProcess | null | undefined;

  constructor(sources: ProcessSources | null) {
    this.#sources = sources;
  }

  /** From here on this is about the connection with these ends, which are read until the next call. */
  set(ends: OwnedFlow): void {
    this.#ends = ends;
    this.#seen = undefined;
    this.#process = undefined;
  }

  /** The socket's owner as the queue says; of a socket that is closed already, the user who opened it. */
  get uid(): number | null {
    const uid = this.#ends?.uid ?? UNKNOWN_UID;
    return uid === UNKNOWN_UID ? (this.#lookUp()?.uid ?? null) : uid;
  }

  get executable(): string | null {
    const process = this.#find();
    return process === null ? null : (this.#sources?.processes.executable(process) ?? null);
  }

  get cgroup(): string | null {
    return this.#controlGroup()?.path ?? null;
  }

  get container(): Subject['container'] {
    return this.#controlGroup()?.container ?? null;
  }

  #controlGroup(): ReturnType<ProcessSources['processes']['controlGroup']> {
    const process = this.#find();
    return process === null ? null : (this.#sources?.processes.controlGroup(process) ?? null);
  }

  #find(): FlowProcess | null {
    if (this.#process === undefined) {
      this.#process =
        this.#lookUp() ?? (this.#ends === null ? null : (this.#sources?.searched?.find(this.#ends) ?? null));
    }
    return this.#process;
  }

  #lookUp(): FlowProcess | null {
    if (this.#seen === undefined) {
      this.#seen = this.#ends === null ? null : (this.#sources?.seen?.find(this.#ends) ?? null);
    }
    return this.#seen;
  }
}
