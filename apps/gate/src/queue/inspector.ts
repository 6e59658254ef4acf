/**
 * From segments to verdicts: holds the bytes of a client until they say whom it asks for, has them judged, and keeps
 * plain HTTP under inspection for as long as the connection lives.
 *
 * No kernel in here: what happens to packets goes through `Outlet`, the clock comes in as a parameter. The rule that
 * everything hangs on: a packet is released only when every byte of it belongs to something that was judged.
 *
 * Nearly all flows take the short way: one segment, one reading, one verdict, no state kept.
 */
import type { Cause } from '@sallyport/contract/flow-record';
import type { FailPolicy } from '@sallyport/contract/gate-settings';
import { PASS } from '@sallyport/policy/judge';
import type { Verdict } from '@sallyport/policy/verdict';
import { MAX_STEPS, readFirstBytes } from '@sallyport/wire/classify';
import { BodyTracker } from '@sallyport/wire/http/body';

import type { FlowTuple } from '../netlink/conntrack.ts';
import { HOOK_FORWARD, UNKNOWN_UID } from '../netlink/queue.ts';
import { flowKey } from './flow-key.ts';
import { Flow, type FlowEnds, type HeldPacket, HOLD_BYTES, MAX_HELD_SEGMENTS } from './flow.ts';
import { NOTHING_READ, partialReading, type Reading, readingOfHttp, readingOfHttp2, readingOfTls } from './reading.ts';
import { RecentlyAllowed } from './recently-allowed.ts';
import { type Segment, TCP_SYN } from './segment.ts';

/** How long an incomplete hello is held. */
export const HOLD_MS = 250;
const MAX_FLOWS = 4096;
/** A segment this far from what was seen belongs to a new connection on the same ports. */
const WINDOW_BYTES = 1 << 24;
/** Bytes before what was judged are sent again within this time, or come from a new connection. */
const RESEND_MS = 60_000;
/** Packets that were queued before a verdict, or that the kernel could not be told about, get the same answer. */
const BLOCKED_MS = 1_000;
const ALLOWED_MS = 10_000;
/** How often deadlines are looked at. */
const EXPIRY_GRAIN_MS = 20;

/** What can happen to packets. */
export interface Outlet {
  /** Let it go; the flow is not looked at again. */
  allow(packet: HeldPacket, segment: FlowEnds): void;
  /** The same for a flow that the kernel does not know by its ends (a destination rewritten on the way, a zone). */
  allowUnnamed(packet: HeldPacket): void;
  /** Let it go; the next segment of the flow is looked at again. */
  pass(packet: HeldPacket, segment: FlowEnds): void;
  /** Let it go without a word about its flow: that was said with an earlier packet. */
  follow(packet: HeldPacket): void;
  /** Reset both sides. `sequence`, `acknowledgement`: where the peer stands, null when it has no connection yet. */
  block(packet: HeldPacket, segment: FlowEnds, peer: { sequence: number; acknowledgement: number } | null): void;
  drop(packet: HeldPacket): void;
}

export interface Judge {
  /** The verdict; the caller records it (`record`) when it is news. */
  judge(reading: Reading, ends: FlowEnds): Verdict;
  record(reading: Reading, ends: FlowEnds, packet: HeldPacket, verdict: Verdict, cause: Cause): void;
  /** What stands in for a verdict when the bytes cannot be read to the end. */
  readonly failInspectionLimit: FailPolicy;
}

export class Inspector {
  readonly #outlet: Outlet;
  readonly #judge: Judge;
  readonly #flows = new Map<string, Flow>();
  readonly #recent = new RecentlyAllowed();
  #waiting = 0;
  #timers = 0;
  #nextExpiryMs = 0;
  #nowMs = 0;
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

  /** Takes one packet from the queue. `segment` and `packet` are read during the call only; `nowMs` is monotonic. */
  handle(segment: Segment, packet: HeldPacket, nowMs: number): void {
    this.#nowMs = nowMs;
    let flow: Flow | undefined;
    let key: string | undefined;
    if (this.#flows.size > 0) {
      key = flowKey(segment);
      flow = this.#flows.get(key);
      if (flow !== undefined && this.#isAnother(flow, segment)) {
        // Nobody waits for what the old connection still had here, and a verdict on it would mark the new one.
        for (const { id, hook, mark, family } of flow.held) this.#outlet.drop({ id, hook, mark, family });
        this.#forget(flow);
        flow = undefined;
      }
    }
    if (flow === undefined) {
      if (segment.payloadLength === 0) {
        this.#outlet.pass(packet, segment);
        return;
      }
      if (this.#decideAtOnce(segment, packet, nowMs)) return;
      flow = new Flow(key ?? flowKey(segment), segment, segment.sequence, (segment.flags & TCP_SYN) !== 0);
      this.#add(flow);
    }
    flow.lastSeenMs = nowMs;
    if (flow.uid === UNKNOWN_UID) flow.uid = segment.uid;
    if (flow.settled === 'blocked') {
      // Rejected rather than dropped: the packet that was blocked may have been lost with the whole queue, as happens
      // when any tool takes a netfilter hook away, and then nobody told the application.
      this.#outlet.block(packet, flow, null);
    } else if (flow.settled === 'allowed') {
      if (flow.unnamed) this.#outlet.allowUnnamed(packet);
      else this.#outlet.allow(packet, flow);
      this.#recent.add(flow, nowMs);
      this.#forget(flow);
    } else {
      this.#take(flow, segment, packet, nowMs);
    }
  }

  /** Applies the fail policy to whatever has waited too long. Cheap when nothing waits. */
  expire(nowMs: number): void {
    if (this.#timers === 0 || nowMs < this.#nextExpiryMs) return;
    this.#nextExpiryMs = nowMs + EXPIRY_GRAIN_MS;
    for (const flow of this.#flows.values()) {
      if (flow.deadlineMs === 0 || flow.deadlineMs > nowMs) continue;
      if (flow.settled === null) {
        this.expired++;
        this.#runOutOfTime(flow, nowMs);
      } else {
        this.#forget(flow);
      }
    }
  }

  /** The kernel could not find this flow to mark it: its next packet says it with a mark of its own. */
  remember(ends: FlowTuple, nowMs: number): void {
    const key = flowKey(ends);
    if (this.#flows.has(key)) return;
    const flow = new Flow(key, { ...ends, uid: UNKNOWN_UID }, 0, false);
    flow.unnamed = true;
    this.#add(flow);
    this.#settleAs(flow, 'allowed', nowMs + ALLOWED_MS);
  }

  /** The way nearly every flow takes; false when it needs state. */
  #decideAtOnce(segment: Segment, packet: HeldPacket, nowMs: number): boolean {
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
        if (this.#recent.has(segment, nowMs)) {
          this.#outlet.allow(packet, segment);
          return true;
        }
        if (packet.hook === HOOK_FORWARD) return false; // what was sent first may come second
        break;
      default:
        return false; // connect, socks, preamble, incomplete: more is to come
    }
    const verdict = this.#judge.judge(reading, segment);
    this.#judge.record(reading, segment, packet, verdict, causeOf(reading));
    if (stops(verdict)) {
      this.#outlet.block(packet, segment, { sequence: segment.sequence, acknowledgement: segment.acknowledgement });
      const flow = new Flow(flowKey(segment), segment, segment.sequence, false);
      flow.blockedFrom = segment.sequence;
      flow.blockedTo = (segment.sequence + segment.payloadLength) >>> 0;
      this.#add(flow);
      this.#settleAs(flow, 'blocked', nowMs + BLOCKED_MS);
    } else {
      this.#outlet.allow(packet, segment);
      this.#recent.add(segment, nowMs);
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
    if (offset < 0 && flow.stream.base === 0) {
      this.#take(this.#rebase(flow, offset, segment), segment, packet, nowMs);
      return;
    }
    if (end <= flow.stream.base) {
      this.#outlet.pass(packet, flow); // sent again, and judged the first time
      return;
    }
    // The body of a long upload is passed over without being kept, whatever part of it is shown to us and in whatever
    // order it comes.
    if (flow.body !== null && flow.held.length === 0 && flow.body.certain >= end - flow.stream.base) {
      flow.body.skip(end - flow.stream.base);
      flow.stream.discard(end - flow.stream.base);
      this.#outlet.pass(packet, flow);
      return;
    }
    flow.held.push({ id: packet.id, hook: packet.hook, mark: packet.mark, family: packet.family, end });
    if (flow.held.length > MAX_HELD_SEGMENTS) {
      this.#giveUp(flow, 'byte-cap', nowMs);
      return;
    }
    let pushed = flow.stream.push(offset, segment.payload);
    const unseen = segment.payloadLength - segment.payload.length;
    // Even a slow hello's segment must not pass before all of it was looked at.
    if (pushed === 'overflow' || unseen > 0) flow.patient = true;
    if (pushed === 'overflow') {
      // Judging what is there makes room.
      if (!this.#advance(flow, nowMs)) return;
      pushed = flow.stream.push(offset, segment.payload);
    }
    if (pushed === 'overflow' || pushed === 'conflict') {
      this.#giveUp(flow, pushed === 'conflict' ? 'conflicting-segments' : 'byte-cap', nowMs);
      return;
    }
    if (!this.#advance(flow, nowMs)) return;
    if (unseen === 0 || flow.held.length === 0) return;
    // More than the copy range came at once: fine as long as the rest is body.
    if (flow.body === null || flow.stream.base !== end - unseen || flow.body.certain < unseen) {
      this.#giveUp(flow, 'byte-cap', nowMs);
      return;
    }
    flow.body.skip(unseen);
    flow.stream.discard(unseen);
    this.#release(flow, nowMs);
  }

  /** The segment lies before everything seen so far: start the stream there. `offset` is negative. */
  #rebase(flow: Flow, offset: number, segment: Segment): Flow {
    const earlier = new Flow(flow.key, flow, segment.sequence, flow.opening);
    const known = flow.stream.contiguous();
    earlier.stream.push(-offset, known);
    // Bytes behind a gap, or too many, cannot be taken along: the client sends them again.
    const keptEnd = Math.min(known.length, HOLD_BYTES + offset);
    for (const packet of flow.held) {
      if (packet.end <= keptEnd) earlier.held.push({ ...packet, end: packet.end - offset });
      else this.#outlet.drop(packet);
    }
    earlier.patient = flow.patient;
    earlier.unknownOnce = flow.unknownOnce;
    earlier.lastRecorded = flow.lastRecorded;
    earlier.lastSeenMs = flow.lastSeenMs;
    const deadlineMs = flow.deadlineMs;
    this.#forget(flow);
    this.#add(earlier);
    this.#setDeadline(earlier, deadlineMs);
    return earlier;
  }

  /** Reads on as far as the bytes go; false when the flow was decided for good. */
  #advance(flow: Flow, nowMs: number): boolean {
    for (;;) {
      const bytes = flow.stream.contiguous();
      if (flow.body !== null) {
        const step = flow.body.consume(bytes);
        if (step.kind === 'broken') return this.#giveUp(flow, 'byte-cap', nowMs);
        flow.stream.discard(step.kind === 'body' ? bytes.length : step.at);
        if (step.kind === 'body') return this.#release(flow, nowMs);
        flow.body = null;
        continue;
      }
      if (bytes.length === 0) return this.#release(flow, nowMs);
      const read = readFirstBytes(bytes, flow.stage);
      switch (read.kind) {
        case 'incomplete':
          return this.#release(flow, nowMs);
        case 'tls':
          return this.#settle(flow, readingOfTls(read), 'policy', nowMs);
        case 'unknown':
          if (mayBeLaterPart(flow)) return this.#waitForBeginning(flow, nowMs);
          return this.#settle(flow, NOTHING_READ, 'policy', nowMs);
        case 'http2':
          // Later requests need the header compression's state: the first one decides for the connection.
          return this.#settle(flow, readingOfHttp2(read.hosts), 'policy', nowMs);
        case 'http': {
          const reading = readingOfHttp(read.head);
          if (!read.head.complete) return this.#giveUp(flow, 'byte-cap', nowMs, reading);
          if (read.head.connectionClose && read.head.headLength === bytes.length) {
            return this.#settle(flow, reading, causeOf(reading), nowMs);
          }
          if (!this.#goOn(flow, reading, read.head.headLength, nowMs)) return false;
          flow.body = new BodyTracker(read.head.bodyLength);
          break;
        }
        case 'connect': {
          const reading: Reading = { ...readingOfHttp(read.head), nameSource: 'connect', url: null };
          if (!read.head.complete) return this.#giveUp(flow, 'byte-cap', nowMs, reading);
          if (!this.#goOn(flow, reading, read.tunnelOffset, nowMs)) return false;
          break;
        }
        case 'socks': {
          const names = read.host === null ? [] : [read.host];
          const nameSource = read.host === null ? 'none' : 'connect';
          if (!this.#goOn(flow, { ...NOTHING_READ, names, nameSource }, read.tunnelOffset, nowMs)) return false;
          break;
        }
        case 'preamble':
          // `HTTP/1.1` and header lines look like those of a mail client.
          if (read.protocol === 'text' && mayBeLaterPart(flow)) return this.#waitForBeginning(flow, nowMs);
          flow.stream.discard(read.tunnelOffset);
          flow.stage = read.stage;
          if (++flow.steps > MAX_STEPS) return this.#settle(flow, NOTHING_READ, 'policy', nowMs);
          break;
      }
    }
  }

  /**
   * Forwarded segments can overtake each other, and the second half of a hello reads as nothing at all. It is let go,
   * for the first half is what names the host, and the flow is judged with the next segment, whichever that is.
   */
  #waitForBeginning(flow: Flow, nowMs: number): boolean {
    // An address that is blocked needs no name.
    if (stops(this.#judge.judge(NOTHING_READ, flow))) return this.#settle(flow, NOTHING_READ, 'policy', nowMs);
    flow.unknownOnce = true;
    flow.patient = false;
    this.#release(flow, nowMs);
    flow.patient = true;
    return true;
  }

  /** Judges one of several requests; true when the connection may go on to the next. */
  #goOn(flow: Flow, reading: Reading, length: number, nowMs: number): boolean {
    const verdict = this.#judgeAndRecord(flow, reading, causeOf(reading));
    if (stops(verdict)) return this.#block(flow, nowMs);
    flow.stream.discard(length);
    flow.stage = 'first';
    flow.patient = true;
    return true;
  }

  /** Judges for good. */
  #settle(flow: Flow, reading: Reading, cause: Cause, nowMs: number): false {
    return stops(this.#judgeAndRecord(flow, reading, cause)) ? this.#block(flow, nowMs) : this.#allow(flow, nowMs);
  }

  /** The bytes cannot be read to the end: what was read still counts, then the fail policy. */
  #giveUp(flow: Flow, cause: Cause, nowMs: number, known?: Reading): false {
    const verdict = this.#judgeAndRecord(flow, known ?? partialReading(flow.stream.contiguous()), cause);
    return stops(verdict) ? this.#block(flow, nowMs) : this.#allow(flow, nowMs);
  }

  /**
   * Too slow, by malice or because Nagle's algorithm keeps the rest back until the first part is acknowledged. An open
   * policy lets the part go that is here, yet goes on reading: the segment that completes the hello is judged before
   * it passes, so a name in small slow pieces never reaches the peer whole.
   */
  #runOutOfTime(flow: Flow, nowMs: number): void {
    if (stops(this.#judgeAndRecord(flow, partialReading(flow.stream.contiguous()), 'time-cap'))) {
      this.#block(flow, nowMs);
    } else {
      flow.patient = false;
      this.#release(flow, nowMs);
    }
  }

  /** The verdict, where bytes could not be read to the end after the fail policy has had its say. */
  #judgeAndRecord(flow: Flow, reading: Reading, cause: Cause): Verdict {
    let verdict = this.#judge.judge(reading, flow);
    const failed = cause === 'time-cap' || cause === 'byte-cap' || cause === 'conflicting-segments';
    const isOpen = this.#judge.failInspectionLimit === 'open' || verdict.layer === 'exclusion';
    if (failed && !isOpen && !stops(verdict)) verdict = FAILED_CLOSED;
    const packet = flow.held[0];
    // One row for the connection, then one for each further name or verdict that is news.
    const news = `${verdict.effect} ${reading.names.map((name) => String.fromCharCode(...name)).join(' ')}`;
    if (packet !== undefined && news !== flow.lastRecorded) {
      flow.lastRecorded = news;
      this.#judge.record(reading, flow, packet, verdict, cause);
    }
    return verdict;
  }

  /** Lets every packet go whose bytes are all judged; the rest waits, for a while. The flow goes on. */
  #release(flow: Flow, nowMs: number): true {
    const judged = flow.stream.base;
    let kept = 0;
    for (const packet of flow.held) {
      if (packet.end <= judged || !flow.patient) {
        this.#outlet.pass(packet, flow);
        flow.passedEnd = Math.max(flow.passedEnd, packet.end);
      } else {
        flow.held[kept++] = packet;
      }
    }
    const released = kept < flow.held.length;
    flow.held.length = kept;
    if (kept === 0) this.#setDeadline(flow, 0);
    else if (flow.deadlineMs === 0 || released) this.#setDeadline(flow, nowMs + HOLD_MS);
    // An open connection that waits for its next request goes to the end of the line for eviction.
    this.#flows.delete(flow.key);
    this.#flows.set(flow.key, flow);
    return true;
  }

  #allow(flow: Flow, nowMs: number): false {
    let first = true;
    for (const packet of flow.held) {
      if (first) this.#outlet.allow(packet, flow);
      else this.#outlet.follow(packet);
      first = false;
    }
    flow.held.length = 0;
    if (flow.opening) {
      // The kernel confirms a flow when its SYN leaves, so the mark did not stick: answer once more.
      this.#settleAs(flow, 'allowed', nowMs + ALLOWED_MS);
    } else {
      this.#recent.add(flow, nowMs);
      this.#forget(flow);
    }
    return false;
  }

  #block(flow: Flow, nowMs: number): false {
    let first = true;
    const sequence = (flow.start + Math.max(flow.stream.base, flow.passedEnd)) >>> 0;
    const peer = flow.opening ? null : { sequence, acknowledgement: flow.acknowledgement };
    for (const packet of flow.held) {
      if (first) this.#outlet.block(packet, flow, peer);
      else this.#outlet.drop(packet);
      first = false;
    }
    const end = flow.held.reduce((furthest, packet) => Math.max(furthest, packet.end), flow.passedEnd);
    flow.blockedFrom = sequence;
    flow.blockedTo = (flow.start + end) >>> 0;
    flow.held.length = 0;
    this.#settleAs(flow, 'blocked', nowMs + BLOCKED_MS);
    return false;
  }

  #settleAs(flow: Flow, verdict: 'allowed' | 'blocked', untilMs: number): void {
    this.#setDeadline(flow, 0);
    flow.settled = verdict;
    this.#setDeadline(flow, untilMs);
  }

  #isAnother(flow: Flow, segment: Segment): boolean {
    if (flow.settled === 'allowed') return (segment.flags & TCP_SYN) !== 0;
    if (flow.settled === 'blocked') {
      // A reset frees the ports at once. What belongs to the blocked flow starts exactly where it started or where the
      // last of it ended; a new connection starts anywhere.
      if (segment.sequence === flow.blockedFrom) return false;
      if (segment.sequence !== flow.blockedTo) return true;
      flow.blockedTo = (segment.sequence + segment.payloadLength) >>> 0;
      return false;
    }
    const distance = (segment.sequence - flow.start - flow.stream.base) | 0;
    // Between two requests the next one starts where the last one ended; a connection that takes over the ports of one
    // in TIME_WAIT starts 65,537 bytes further (tcp_twsk_unique), any other anywhere.
    const idle = flow.held.length === 0 && flow.body === null && flow.stream.base > 0;
    if (idle && distance < 0 && this.#nowMs - flow.lastSeenMs > RESEND_MS) return true;
    return distance > (idle ? HOLD_BYTES : WINDOW_BYTES) || distance < -WINDOW_BYTES;
  }

  #add(flow: Flow): void {
    if (this.#flows.size >= MAX_FLOWS) {
      const oldest = this.#flows.values().next().value;
      if (oldest !== undefined) {
        if (oldest.held.length > 0) this.#giveUp(oldest, 'byte-cap', this.#nowMs);
        this.#forget(oldest);
      }
    }
    this.#flows.set(flow.key, flow);
  }

  #forget(flow: Flow): void {
    this.#setDeadline(flow, 0);
    if (this.#flows.get(flow.key) === flow) this.#flows.delete(flow.key);
  }

  #setDeadline(flow: Flow, deadlineMs: number): void {
    const change = Number(deadlineMs !== 0) - Number(flow.deadlineMs !== 0);
    this.#timers += change;
    if (flow.settled === null) this.#waiting += change;
    flow.deadlineMs = deadlineMs;
  }
}

/** A closed policy for what cannot be read. */
const FAILED_CLOSED: Verdict = Object.freeze({ ...PASS, effect: 'block' });

const mayBeLaterPart = (flow: Flow): boolean =>
  !flow.unknownOnce && flow.stream.base === 0 && flow.held[0]?.hook === HOOK_FORWARD;

const stops = (verdict: Verdict): boolean => verdict.effect === 'block' || verdict.effect === 'warn';

const causeOf = (reading: Reading): Cause => (reading.ambiguous ? 'ambiguous-name' : 'policy');
