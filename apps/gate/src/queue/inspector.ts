/**
 * From segments to verdicts: holds the bytes of a client until they say whom it asks for, has them judged, and keeps
 * plain HTTP under inspection for as long as the connection lives.
 *
 * No kernel in here: what happens to packets goes through `Outlet`, the clock comes in as a parameter. The rule that
 * everything hangs on: a packet is released only when every byte of it belongs to something that was judged.
 *
 * Nearly all flows take the short way: one segment, one reading, one verdict, no state kept.
 */
import type { Cause, NameSource } from '@sallyport/contract/flow-record';
import type { FailPolicy } from '@sallyport/contract/gate-settings';
import type { Verdict } from '@sallyport/policy/judge';
import { type FirstBytes, MAX_STEPS, readFirstBytes, type Stage } from '@sallyport/wire/classify';
import { BodyTracker } from '@sallyport/wire/http/body';
import { partialRequestHead, type RequestHead } from '@sallyport/wire/http/request';
import { ByteStream } from '@sallyport/wire/stream';

import { flowKey } from './flow-key.ts';
import { type Segment, TCP_SYN } from './segment.ts';

/** Bytes of an incomplete hello that are held (issue: 16 KiB), and for how long. */
export const HOLD_BYTES = 16_384;
export const HOLD_MS = 250;
const MAX_HELD_SEGMENTS = 96;
const MAX_FLOWS = 8192;
/** A segment this far from what was seen belongs to a new connection on the same ports. */
const WINDOW_BYTES = 1 << 24;

/** A packet that waits for its verdict: all that is needed once its bytes are gone. */
export interface HeldPacket {
  readonly id: number;
  readonly hook: number;
  readonly mark: number;
  readonly family: 4 | 6;
}

/** What can happen to packets. */
export interface Outlet {
  /** Let it go; the flow is not looked at again. */
  allow(packet: HeldPacket, segment: FlowEnds): void;
  /** Let it go; the next segment of the flow is looked at again. */
  pass(packet: HeldPacket, segment: FlowEnds): void;
  /** Let it go without a word about its flow: that was said with an earlier packet. */
  follow(packet: HeldPacket): void;
  /** Reset both sides. `sequence`, `acknowledgement`: where the peer stands, null when it has no connection yet. */
  block(packet: HeldPacket, segment: FlowEnds, peer: { sequence: number; acknowledgement: number } | null): void;
  drop(packet: HeldPacket): void;
}

/** Both ends of a flow, in the client's order. Addresses may be views that live only during the call. */
export interface FlowEnds {
  readonly bytes: Uint8Array;
  readonly addressLength: number;
  readonly sourceAt: number;
  readonly destinationAt: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** What was read, for the policy and for the record. */
export interface Reading {
  readonly names: readonly Uint8Array[];
  readonly nameSource: NameSource;
  readonly url: { readonly host: Uint8Array; readonly path: Uint8Array } | null;
  readonly alpnList: Uint8Array | null;
  readonly ech: boolean;
  readonly ambiguous: boolean;
}

export interface Judge {
  /** The verdict; the caller records it (`record`) when it is news. */
  judge(reading: Reading, ends: FlowEnds): Verdict;
  record(reading: Reading, ends: FlowEnds, packet: HeldPacket, verdict: Verdict, cause: Cause): void;
  /** What stands in for a verdict when the bytes cannot be read to the end. */
  readonly failInspectionLimit: FailPolicy;
}

export const NOTHING_READ: Reading = {
  names: [],
  nameSource: 'none',
  url: null,
  alpnList: null,
  ech: false,
  ambiguous: false,
};

interface Held extends HeldPacket {
  /** Stream offset behind its last byte. */
  readonly end: number;
}

class Flow implements FlowEnds {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly addressLength: number;
  readonly sourceAt = 0;
  readonly destinationAt: number;
  readonly protocol = 6;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Sequence number of stream offset 0. */
  readonly start: number;
  readonly stream = new ByteStream({ capacityBytes: HOLD_BYTES, maxPieces: MAX_HELD_SEGMENTS });
  readonly held: Held[] = [];
  stage: Stage = 'first';
  steps = 0;
  body: BodyTracker | null = null;
  /** Unix milliseconds at which an incomplete hello runs out of time, 0 when nothing waits. */
  deadlineMs = 0;
  acknowledgement = 0;
  /** The peer has no connection yet: data in a SYN (RFC 7413). */
  opening: boolean;
  /** Allowed for good, while the kernel does not know yet. */
  settled = false;
  lastRecorded: string | null = null;

  constructor(key: string, ends: FlowEnds, start: number, opening: boolean) {
    const { addressLength, sourceAt, destinationAt } = ends;
    this.key = key;
    this.addressLength = addressLength;
    this.destinationAt = addressLength;
    this.bytes = new Uint8Array(2 * addressLength);
    this.bytes.set(ends.bytes.subarray(sourceAt, sourceAt + addressLength));
    this.bytes.set(ends.bytes.subarray(destinationAt, destinationAt + addressLength), addressLength);
    this.sourcePort = ends.sourcePort;
    this.destinationPort = ends.destinationPort;
    this.start = start;
    this.opening = opening;
  }
}

export class Inspector {
  readonly #outlet: Outlet;
  readonly #judge: Judge;
  readonly #flows = new Map<string, Flow>();
  #waiting = 0;
  expired = 0;

  constructor(outlet: Outlet, judge: Judge) {
    this.#outlet = outlet;
    this.#judge = judge;
  }

  /** Flows with segments that wait for more bytes. */
  get holding(): number {
    return this.#waiting;
  }

  get flows(): number {
    return this.#flows.size;
  }

  /** Takes one packet from the queue. `segment` and `packet` are read during the call only. */
  handle(segment: Segment, packet: HeldPacket, nowMs: number): void {
    let flow: Flow | undefined;
    let key: string | undefined;
    if (this.#flows.size > 0) {
      key = flowKey(segment);
      flow = this.#flows.get(key);
      if (flow !== undefined && this.#isAnother(flow, segment)) {
        this.#abandon(flow);
        flow = undefined;
      }
    }
    if (flow === undefined) {
      if (segment.payloadLength === 0) {
        this.#outlet.pass(packet, segment);
        return;
      }
      if (this.#decideAtOnce(segment, packet)) return;
      flow = new Flow(key ?? flowKey(segment), segment, segment.sequence, (segment.flags & TCP_SYN) !== 0);
      this.#add(flow);
    }
    if (flow.settled) {
      this.#outlet.allow(packet, flow);
      if (flow.opening) this.#forget(flow);
      return;
    }
    this.#take(flow, segment, packet, nowMs);
  }

  /** Applies the fail policy to whatever has waited too long. Cheap when nothing waits. */
  expire(nowMs: number): void {
    if (this.#waiting === 0) return;
    for (const flow of this.#flows.values()) {
      if (flow.deadlineMs !== 0 && flow.deadlineMs <= nowMs) {
        this.expired++;
        this.#giveUp(flow, 'time-cap');
      }
    }
  }

  /** The kernel could not mark this flow: its packets keep coming, and get the same answer here. */
  remember(ends: FlowEnds): void {
    const key = flowKey(ends);
    if (this.#flows.has(key)) return;
    const flow = new Flow(key, ends, 0, false);
    flow.settled = true;
    this.#add(flow);
  }

  /** The way nearly every flow takes; false when it needs state. */
  #decideAtOnce(segment: Segment, packet: HeldPacket): boolean {
    if ((segment.flags & TCP_SYN) !== 0 || segment.payload.length !== segment.payloadLength) return false;
    const bytes = readFirstBytes(segment.payload);
    let reading = NOTHING_READ;
    switch (bytes.kind) {
      case 'tls':
        reading = readingOfTls(bytes);
        break;
      case 'http':
        // Only when it is certainly the last request: nothing behind it and nothing to come.
        if (!bytes.head.connectionClose || !bytes.head.complete || bytes.head.headLength !== segment.payloadLength) {
          return false;
        }
        reading = readingOfHttp(bytes.head);
        break;
      case 'unknown':
        break;
      default:
        return false; // connect, socks, preamble, incomplete: more is to come
    }
    const verdict = this.#judge.judge(reading, segment);
    this.#judge.record(reading, segment, packet, verdict, causeOf(reading));
    if (stops(verdict)) {
      this.#outlet.block(packet, segment, { sequence: segment.sequence, acknowledgement: segment.acknowledgement });
    } else {
      this.#outlet.allow(packet, segment);
    }
    return true;
  }

  #take(flow: Flow, segment: Segment, packet: HeldPacket, nowMs: number): void {
    if (segment.payloadLength === 0) {
      this.#outlet.pass(packet, flow);
      return;
    }
    // Relative to what was seen last: sequence numbers come round every 4 GiB, stream offsets do not.
    const offset = flow.stream.base + ((segment.sequence - flow.start - flow.stream.base) | 0);
    const end = offset + segment.payloadLength;
    flow.acknowledgement = segment.acknowledgement;
    if ((segment.flags & TCP_SYN) === 0) flow.opening = false;
    if (end <= flow.stream.base) {
      this.#outlet.pass(packet, flow); // sent again, and judged the first time
      return;
    }
    // The body of a long upload is passed over without being kept, whatever part of it is shown to us.
    if (
      flow.body !== null &&
      flow.held.length === 0 &&
      offset === flow.stream.base &&
      flow.body.certain >= segment.payloadLength
    ) {
      flow.body.skip(segment.payloadLength);
      flow.stream.discard(segment.payloadLength);
      this.#outlet.pass(packet, flow);
      return;
    }
    flow.held.push({ id: packet.id, hook: packet.hook, mark: packet.mark, family: packet.family, end });
    if (segment.payload.length !== segment.payloadLength || flow.held.length > MAX_HELD_SEGMENTS) {
      this.#giveUp(flow, 'byte-cap');
      return;
    }
    switch (flow.stream.push(offset, segment.payload)) {
      case 'conflict':
        this.#giveUp(flow, 'conflicting-segments');
        return;
      case 'overflow':
        this.#giveUp(flow, 'byte-cap');
        return;
      case 'ok':
      case 'gap':
    }
    this.#advance(flow, nowMs);
  }

  /** Reads on as far as the bytes go. */
  #advance(flow: Flow, nowMs: number): void {
    for (;;) {
      const bytes = flow.stream.contiguous();
      if (flow.body !== null) {
        const step = flow.body.consume(bytes);
        if (step.kind === 'broken') {
          this.#giveUp(flow, 'byte-cap');
          return;
        }
        flow.stream.discard(step.kind === 'body' ? bytes.length : step.at);
        if (step.kind === 'body') {
          this.#release(flow, nowMs);
          return;
        }
        flow.body = null;
        continue;
      }
      if (bytes.length === 0) {
        this.#release(flow, nowMs);
        return;
      }
      const read = readFirstBytes(bytes, flow.stage);
      switch (read.kind) {
        case 'incomplete':
          this.#release(flow, nowMs);
          return;
        case 'tls':
          this.#settle(flow, readingOfTls(read), 'policy');
          return;
        case 'unknown':
          this.#settle(flow, NOTHING_READ, 'policy');
          return;
        case 'http2':
          // Later requests need the header compression's state: the first one decides for the connection.
          this.#settle(flow, readingOfHttp2(read.hosts), 'policy');
          return;
        case 'http': {
          const reading = readingOfHttp(read.head);
          if (!read.head.complete) {
            this.#giveUp(flow, 'byte-cap', reading);
            return;
          }
          if (read.head.connectionClose && read.head.headLength === bytes.length) {
            this.#settle(flow, reading, causeOf(reading));
            return;
          }
          if (!this.#goOn(flow, reading, read.head.headLength)) return;
          flow.body = new BodyTracker(read.head.bodyLength);
          break;
        }
        case 'connect':
          if (!this.#goOn(flow, { ...readingOfHttp(read.head), nameSource: 'connect', url: null }, read.tunnelOffset))
            return;
          break;
        case 'socks': {
          const names = read.host === null ? [] : [read.host];
          const nameSource = read.host === null ? 'none' : 'connect';
          if (!this.#goOn(flow, { ...NOTHING_READ, names, nameSource }, read.tunnelOffset)) return;
          break;
        }
        case 'preamble':
          flow.stream.discard(read.tunnelOffset);
          flow.stage = read.stage;
          if (++flow.steps > MAX_STEPS) {
            this.#settle(flow, NOTHING_READ, 'policy');
            return;
          }
          break;
      }
    }
  }

  /** Judges one of several requests; true when the connection may go on to the next. */
  #goOn(flow: Flow, reading: Reading, length: number): boolean {
    const verdict = this.#judgeAndRecord(flow, reading, causeOf(reading));
    if (stops(verdict)) {
      this.#block(flow);
      return false;
    }
    flow.stream.discard(length);
    flow.stage = 'first';
    return true;
  }

  /** Judges for good. */
  #settle(flow: Flow, reading: Reading, cause: Cause): void {
    if (stops(this.#judgeAndRecord(flow, reading, cause))) this.#block(flow);
    else this.#allow(flow);
  }

  /** The bytes cannot be read to the end: what was read still counts, then the fail policy. */
  #giveUp(flow: Flow, cause: Cause, known?: Reading): void {
    const partial = known === undefined ? partialRequestHead(flow.stream.contiguous()) : null;
    const reading = known ?? (partial === null ? NOTHING_READ : readingOfHttp(partial));
    if (stops(this.#judgeAndRecord(flow, reading, cause)) || this.#judge.failInspectionLimit === 'closed') {
      this.#block(flow);
    } else {
      this.#allow(flow);
    }
  }

  #judgeAndRecord(flow: Flow, reading: Reading, cause: Cause): Verdict {
    const verdict = this.#judge.judge(reading, flow);
    const packet = flow.held[0];
    // One row for the connection, then one for each further name or verdict that is news.
    const news = `${verdict.effect} ${reading.names.map((name) => String.fromCharCode(...name)).join(' ')}`;
    if (packet !== undefined && news !== flow.lastRecorded) {
      flow.lastRecorded = news;
      this.#judge.record(reading, flow, packet, verdict, cause);
    }
    return verdict;
  }

  /** Lets every packet go whose bytes are all judged; the rest waits, for a while. */
  #release(flow: Flow, nowMs: number): void {
    const judged = flow.stream.base;
    let kept = 0;
    for (const packet of flow.held) {
      if (packet.end <= judged) this.#outlet.pass(packet, flow);
      else flow.held[kept++] = packet;
    }
    flow.held.length = kept;
    if (kept === 0) this.#setDeadline(flow, 0);
    else if (flow.deadlineMs === 0) this.#setDeadline(flow, nowMs + HOLD_MS);
    // An open connection that waits for its next request goes to the end of the line for eviction.
    this.#flows.delete(flow.key);
    this.#flows.set(flow.key, flow);
  }

  #allow(flow: Flow): void {
    let first = true;
    for (const packet of flow.held) {
      if (first) this.#outlet.allow(packet, flow);
      else this.#outlet.follow(packet);
      first = false;
    }
    flow.held.length = 0;
    if (flow.opening) {
      // The kernel confirms a flow when its SYN leaves, so the mark did not stick: answer once more.
      flow.settled = true;
      this.#setDeadline(flow, 0);
    } else {
      this.#forget(flow);
    }
  }

  #block(flow: Flow): void {
    let first = true;
    const sequence = (flow.start + flow.stream.base) >>> 0;
    const peer = flow.opening ? null : { sequence, acknowledgement: flow.acknowledgement };
    for (const packet of flow.held) {
      if (first) this.#outlet.block(packet, flow, peer);
      else this.#outlet.drop(packet);
      first = false;
    }
    flow.held.length = 0;
    this.#forget(flow);
  }

  #isAnother(flow: Flow, segment: Segment): boolean {
    if (flow.settled) return (segment.flags & TCP_SYN) !== 0;
    const distance = (segment.sequence - flow.start - flow.stream.base) | 0;
    return distance > WINDOW_BYTES || distance < -WINDOW_BYTES;
  }

  #add(flow: Flow): void {
    if (this.#flows.size >= MAX_FLOWS) {
      const oldest = this.#flows.values().next().value;
      if (oldest !== undefined) this.#abandon(oldest);
    }
    this.#flows.set(flow.key, flow);
  }

  /** Room is needed, or its ports belong to another connection now. */
  #abandon(flow: Flow): void {
    if (flow.held.length > 0) this.#giveUp(flow, 'byte-cap');
    this.#forget(flow);
  }

  #forget(flow: Flow): void {
    this.#setDeadline(flow, 0);
    if (this.#flows.get(flow.key) === flow) this.#flows.delete(flow.key);
  }

  #setDeadline(flow: Flow, deadlineMs: number): void {
    if (flow.deadlineMs === 0 && deadlineMs !== 0) this.#waiting++;
    if (flow.deadlineMs !== 0 && deadlineMs === 0) this.#waiting--;
    flow.deadlineMs = deadlineMs;
  }
}

const stops = (verdict: Verdict): boolean => verdict.effect === 'block' || verdict.effect === 'warn';

const causeOf = (reading: Reading): Cause => (reading.ambiguous ? 'ambiguous-name' : 'policy');

const readingOfTls = (read: Extract<FirstBytes, { kind: 'tls' }>): Reading => ({
  names: read.host === null ? [] : [read.host],
  nameSource: read.host === null ? 'none' : 'sni',
  url: null,
  alpnList: read.hello.alpnList,
  ech: read.ech,
  ambiguous: false,
});

const readingOfHttp2 = (hosts: readonly Uint8Array[]): Reading => ({
  ...NOTHING_READ,
  names: hosts,
  nameSource: hosts.length === 0 ? 'none' : 'http-host',
});

function readingOfHttp(head: RequestHead): Reading {
  const host = head.hosts[0];
  return {
    names: head.hosts,
    nameSource: host === undefined ? 'none' : 'http-host',
    url: host === undefined ? null : { host, path: pathOf(head.target) },
    alpnList: null,
    ech: false,
    ambiguous: head.ambiguous,
  };
}

const COLON = 0x3a;
const SLASH = 0x2f;

/** Path and query of a request-target: absolute-form loses its scheme and authority (RFC 9112 section 3.2.2). */
function pathOf(target: Uint8Array): Uint8Array {
  if (target[0] === SLASH) return target;
  for (let at = 0; at + 2 < target.length; at++) {
    if (target[at] !== COLON || target[at + 1] !== SLASH || target[at + 2] !== SLASH) continue;
    for (let path = at + 3; path < target.length; path++) {
      if (target[path] === SLASH) return target.subarray(path);
    }
    break;
  }
  return ROOT;
}

const ROOT = Uint8Array.of(SLASH);
