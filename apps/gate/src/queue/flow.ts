/**
 * The state of one flow that could not be decided at once. Data only: the inspector moves it on.
 *
 * Stream offsets count from the first byte that was seen, sequence numbers are what the wire says; `start` joins them.
 */
import type { Stage } from '@sallyport/wire/classify';
import type { BodyTracker } from '@sallyport/wire/http/body';
import { ByteStream } from '@sallyport/wire/stream';

import type { FlowTuple } from '../netlink/conntrack.ts';

/** Bytes of an incomplete hello that are held, and in how many packets. */
export const HOLD_BYTES = 16_384;
export const MAX_HELD_SEGMENTS = 96;

/** A packet that waits for its verdict: all that is needed once its bytes are gone. */
export interface HeldPacket {
  readonly id: number;
  readonly hook: number;
  readonly mark: number;
  readonly family: 4 | 6;
}

/** Both ends of a flow, in the client's order. Addresses may be views that live only during the call. */
export interface FlowEnds extends FlowTuple {
  /** Of the socket on this machine; UNKNOWN_UID where there is none or it is not known. */
  readonly uid: number;
}

/** A held packet and where it ends. */
export interface Held extends HeldPacket {
  /** Stream offset behind its last byte. */
  readonly end: number;
}

export class Flow implements FlowEnds {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly addressLength: number;
  readonly sourceAt = 0;
  readonly destinationAt: number;
  readonly protocol = 6;
  readonly sourcePort: number;
  readonly destinationPort: number;
  uid: number;
  /** Sequence number of stream offset 0. */
  readonly start: number;
  readonly stream = new ByteStream({ capacityBytes: HOLD_BYTES, maxPieces: MAX_HELD_SEGMENTS });
  readonly held: Held[] = [];
  stage: Stage = 'first';
  steps = 0;
  body: BodyTracker | null = null;
  /** When an incomplete hello runs out of time, or a settled flow is forgotten; 0 when nothing waits. */
  deadlineMs = 0;
  /** False once a hello took too long: its segments pass as they come, all but the one that completes it. */
  patient = true;
  /** Stream offset behind the last byte that the peer may have got. */
  passedEnd = 0;
  acknowledgement = 0;
  /** The peer has no connection yet: data in a SYN (RFC 7413). */
  opening: boolean;
  /** Decided for good, while packets may come that the kernel does not know it of. */
  settled: 'allowed' | 'blocked' | null = null;
  /** Once blocked: the sequence numbers at which a blocked segment sent again, and the next one behind it, begin. */
  blockedFrom = 0;
  blockedTo = 0;
  /** The kernel does not find it by its ends. */
  unnamed = false;
  /** Nothing that is read here, so far; the beginning may still be on its way (forwarded traffic can be out of order). */
  unknownOnce = false;
  lastSeenMs = 0;
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
    this.uid = ends.uid;
    this.start = start;
    this.opening = opening;
  }
}
