/**
 * Turns what the inspector decides into netlink messages and reset packets. Messages of one turn of the loop are sent
 * together, at the latest by `flush`.
 */
import type { FlowMarks } from '../flow-marks.ts';
import { SET_MARK_LENGTH, writeSetMark } from '../netlink/conntrack.ts';
import { MessageWriter } from '../netlink/message.ts';
import { HOOK_LOCAL_OUT, NF_ACCEPT, NF_DROP, VERDICT_LENGTH, writeVerdict } from '../netlink/queue.ts';
import { type Fd, send, sendPacket, setMark } from '../sys/libc.ts';
import type { FlowEnds, HeldPacket } from './flow.ts';
import type { Outlet } from './inspector.ts';
import type { SharedControl } from './protocol.ts';
import { resetPacket } from './reset.ts';

export interface KernelOutletOptions {
  readonly queue: Fd;
  readonly queueNumber: number;
  readonly rawSockets: Readonly<Record<4 | 6, Fd | null>>;
  readonly counters: SharedControl;
}

export class KernelOutlet implements Outlet {
  readonly #options: KernelOutletOptions;
  readonly #out = new MessageWriter(32 * 1024);
  readonly #resets: {
    readonly family: 4 | 6;
    readonly packet: Uint8Array;
    readonly to: Uint8Array;
    readonly mark: number;
  }[] = [];
  marks: FlowMarks;
  /** A closed policy for an absent gate needs to tell "judged so far" from "never seen". */
  markInspected = false;

  constructor(options: KernelOutletOptions, marks: FlowMarks) {
    this.#options = options;
    this.marks = marks;
  }

  allow(packet: HeldPacket, ends: FlowEnds): void {
    this.#acceptMarked(packet, ends, this.marks.allowed);
  }

  allowUnnamed(packet: HeldPacket): void {
    this.#verdict(packet, NF_ACCEPT, this.#withMark(packet, this.marks.allowed));
  }

  pass(packet: HeldPacket, ends: FlowEnds): void {
    if (this.markInspected) this.#acceptMarked(packet, ends, this.marks.inspected);
    else this.#verdict(packet, NF_ACCEPT, null);
  }

  follow(packet: HeldPacket): void {
    this.#verdict(packet, NF_ACCEPT, null);
  }

  drop(packet: HeldPacket): void {
    this.#verdict(packet, NF_DROP, null);
  }

  /**
   * The packet goes on, marked, into our own rules, which answer the application with a reset and save the mark. That
   * holds even for flows that conntrack requests cannot name. The peer gets its reset from us.
   */
  block(packet: HeldPacket, ends: FlowEnds, peer: { sequence: number; acknowledgement: number } | null): void {
    this.#verdict(packet, NF_ACCEPT, this.#withMark(packet, this.marks.blocked));
    if (peer === null) return;
    const { bytes, addressLength, sourceAt, destinationAt, sourcePort, destinationPort } = ends;
    const destination = bytes.slice(destinationAt, destinationAt + addressLength);
    const source = bytes.slice(sourceAt, sourceAt + addressLength);
    this.#resets.push({
      family: packet.family,
      packet: resetPacket({ source, destination, sourcePort, destinationPort }, peer.sequence, peer.acknowledgement),
      to: destination,
      mark: packet.mark,
    });
  }

  /** Sends everything that was decided since the last call. */
  flush(): void {
    const { queue, counters, rawSockets } = this.#options;
    if (this.#out.length > 0) {
      send(queue, this.#out.bytes, this.#out.length);
      this.#out.clear();
    }
    for (const { family, packet, to, mark } of this.#resets) {
      const socket = rawSockets[family];
      try {
        if (socket === null) continue;
        // Routed as the flow was: rules may look at the packet's mark.
        setMark(socket, mark);
        sendPacket(socket, packet, packet.length, to);
      } catch {
        counters.add('resetFailures', 1); // the peer's own time-out ends its half
      }
    }
    this.#resets.length = 0;
  }

  #acceptMarked(packet: HeldPacket, ends: FlowEnds, value: number): void {
    if (packet.hook === HOOK_LOCAL_OUT) {
      if (!this.#out.fits(SET_MARK_LENGTH + VERDICT_LENGTH)) this.#sendNow();
      writeSetMark(this.#out, ends, value, this.marks.mask);
      this.#verdict(packet, NF_ACCEPT, null);
    } else {
      this.#verdict(packet, NF_ACCEPT, this.#withMark(packet, value));
    }
  }

  #verdict(packet: HeldPacket, verdict: number, mark: number | null): void {
    if (!this.#out.fits(VERDICT_LENGTH)) this.#sendNow();
    writeVerdict(this.#out, this.#options.queueNumber, packet.id, verdict, mark);
    this.#options.counters.add('verdicts', 1);
  }

  #sendNow(): void {
    send(this.#options.queue, this.#out.bytes, this.#out.length);
    this.#out.clear();
  }

  #withMark(packet: HeldPacket, value: number): number {
    return ((packet.mark & ~this.marks.mask) | value) >>> 0;
  }
}
