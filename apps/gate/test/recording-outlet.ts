/**
 * An outlet that writes down what happens to packets, a judge over a short list of names, and one client of the
 * inspector. Together they are the kernel around it: each packet may get one verdict, and a second one fails the test.
 */
import type { Cause } from '@sallyport/contract/flow-record';
import type { FailPolicy } from '@sallyport/contract/gate-settings';
import { PASS } from '@sallyport/policy/judge';
import type { Verdict } from '@sallyport/policy/verdict';

import { HOOK_LOCAL_OUT, UNKNOWN_UID } from '../src/netlink/queue.ts';
import type { FlowEnds, HeldPacket } from '../src/queue/flow.ts';
import { Inspector, type Judge, type Outlet } from '../src/queue/inspector.ts';
import type { Reading } from '../src/queue/reading.ts';
import { Segment } from '../src/queue/segment.ts';
import { tcpPacket } from './packets.ts';

export type Fate = 'allow' | 'allow-unnamed' | 'pass' | 'follow' | 'block' | 'drop';
export interface Peer {
  readonly sequence: number;
  readonly acknowledgement: number;
}

class RecordingOutlet implements Outlet {
  readonly fates = new Map<number, Fate>();
  /** Packets in the order in which they were let go or ended. */
  readonly order: number[] = [];
  /** What the last block told the peer, undefined before the first. */
  peer: Peer | null | undefined;

  allow(packet: HeldPacket, ends: FlowEnds): void {
    this.#note(packet, 'allow', ends);
  }
  allowUnnamed(packet: HeldPacket): void {
    this.#note(packet, 'allow-unnamed');
  }
  pass(packet: HeldPacket, ends: FlowEnds): void {
    this.#note(packet, 'pass', ends);
  }
  follow(packet: HeldPacket): void {
    this.#note(packet, 'follow');
  }
  drop(packet: HeldPacket): void {
    this.#note(packet, 'drop');
  }
  block(packet: HeldPacket, ends: FlowEnds, peer: Peer | null): void {
    this.#note(packet, 'block', ends);
    this.peer = peer;
  }

  #note({ id }: HeldPacket, fate: Fate, ends?: FlowEnds): void {
    if (this.fates.has(id)) throw new Error(`packet ${id}: ${fate} after ${this.fates.get(id) ?? ''}`);
    if (ends !== undefined && ends.destinationPort !== 443) throw new Error(`packet ${id}: ends of another flow`);
    this.fates.set(id, fate);
    this.order.push(id);
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

class ListJudge implements Judge {
  readonly bad: ReadonlySet<string>;
  failInspectionLimit: FailPolicy = 'open';
  /** Every address is blocked, whatever the name. */
  blocksAddress = false;
  /** Nothing is judged. */
  excludes = false;
  /** Of each record, the user. */
  readonly uids: number[] = [];
  /** `effect cause names source`, one line for each record. */
  readonly records: string[] = [];
  readonly urls: string[] = [];

  constructor(bad: readonly string[]) {
    this.bad = new Set(bad);
  }

  judge({ names }: Reading): Verdict {
    if (this.excludes) return { ...PASS, layer: 'exclusion' };
    const bad = this.blocksAddress || names.some((name) => this.bad.has(text(name).toLowerCase()));
    return bad ? { ...PASS, effect: 'block' } : PASS;
  }

  record(reading: Reading, ends: FlowEnds, _packet: HeldPacket, verdict: Verdict, cause: Cause): void {
    this.records.push([verdict.effect, cause, reading.nameSource, ...reading.names.map(text)].join(' '));
    this.uids.push(ends.uid);
    if (reading.url !== null) this.urls.push(text(reading.url.host) + text(reading.url.path));
  }
}

export interface SendOptions {
  readonly flags?: string;
  /** Bytes of the packet that are shown. */
  readonly shown?: number;
  /** Payload bytes that the packet has beyond those given; they are not shown. */
  readonly more?: number;
  readonly nowMs?: number;
  readonly hook?: number;
  readonly uid?: number;
}

/** Inspector, outlet and judge, and the numbering of packets. */
export class Bench {
  readonly outlet = new RecordingOutlet();
  readonly judge = new ListJudge(['bad.example', 'worse.example']);
  readonly inspector = new Inspector(this.outlet, this.judge);
  readonly #segment = new Segment();
  #sent = 0;

  /** Hands a packet over and answers with its number, from 1. */
  send(
    packet: Uint8Array,
    { shown = packet.length, more = 0, nowMs = 0, hook = HOOK_LOCAL_OUT, uid = UNKNOWN_UID }: SendOptions = {},
  ): number {
    const id = ++this.#sent;
    if (!this.#segment.read(packet, 0, shown, packet.length + more))
      throw new Error('the test made a packet that is none');
    this.#segment.uid = uid;
    const family = (packet[0] ?? 0) >> 4 === 6 ? 6 : 4;
    this.inspector.handle(this.#segment, { id, hook, mark: 0, family }, nowMs);
    packet.fill(0xee); // views into it must not be used later
    return id;
  }

  /** Fates of all packets so far, in order; `held` for those without one. */
  get fates(): string {
    return Array.from({ length: this.#sent }, (_, index) => this.outlet.fates.get(index + 1) ?? 'held').join(' ');
  }
}

export interface ClientOptions {
  /** Sequence number of the first payload byte. */
  readonly initial?: number;
  readonly port?: number;
  readonly family?: 4 | 6;
  readonly hook?: number;
}

/** One TCP connection of a client; offsets count from its first payload byte. */
export class Client {
  readonly #bench: Bench;
  readonly #initial: number;
  readonly #port: number;
  readonly #family: 4 | 6;
  readonly #hook: number;

  constructor(
    bench: Bench,
    { initial = 0xffff_ff00, port = 40_000, family = 4, hook = HOOK_LOCAL_OUT }: ClientOptions = {},
  ) {
    this.#bench = bench;
    this.#initial = initial;
    this.#port = port;
    this.#family = family;
    this.#hook = hook;
  }

  send(offset: number, payload: Uint8Array, options: SendOptions = {}): number {
    const { flags = 'AP' } = options;
    const sequence = (this.#initial + offset - (flags.includes('S') ? 1 : 0)) >>> 0;
    const shape = { family: this.#family, sourcePort: this.#port, sequence, flags, payload };
    return this.#bench.send(tcpPacket({ ...shape, acknowledgement: 77 }), { hook: this.#hook, ...options });
  }
}
