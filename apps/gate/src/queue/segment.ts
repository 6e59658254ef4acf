/**
 * A TCP segment inside an IP packet, as the queue shows it: from the IP header on, possibly several wire segments at
 * once (GSO), possibly cut off at the copy range. Reused for every packet; offsets are into the datagram.
 */
import { UNKNOWN_UID } from '../netlink/queue.ts';

export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_ACK = 0x10;

const PROTOCOL_TCP = 6;
const NO_BYTES = new Uint8Array(0);

export class Segment {
  bytes: Uint8Array = NO_BYTES;
  /** 4 or 16. */
  addressLength = 4;
  sourceAt = 0;
  destinationAt = 0;
  readonly protocol = PROTOCOL_TCP;
  sourcePort = 0;
  destinationPort = 0;
  /** Not in the packet: whoever reads it sets this (queue.ts, UNKNOWN_UID). */
  uid = UNKNOWN_UID;
  /** Sequence number of the first payload byte: one behind the segment's own when it carries SYN. */
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** What of the payload is shown: a view that lives until the next receive. */
  payload: Uint8Array = NO_BYTES;
  /** Length of the whole payload. */
  payloadLength = 0;

  /**
   * Reads the packet at `bytes[start, end)`, whose length in the kernel is `fullLength`. False when it is no TCP
   * segment with a whole header (a fragment, another protocol, nonsense).
   */
  read(bytes: Uint8Array, start: number, end: number, fullLength: number): boolean {
    this.bytes = bytes;
    const version = (bytes[start] ?? 0) >> 4;
    const tcp =
      version === 4 ? this.#readIpv4(bytes, start, end) : version === 6 ? this.#readIpv6(bytes, start, end) : -1;
    if (tcp === -1 || tcp + 20 > end) return false;
    this.sourcePort = u16(bytes, tcp);
    this.destinationPort = u16(bytes, tcp + 2);
    this.acknowledgement = u32(bytes, tcp + 8);
    this.flags = bytes[tcp + 13] ?? 0;
    const payloadAt = tcp + (((bytes[tcp + 12] ?? 0) >> 4) << 2);
    const payloadEnd = start + fullLength;
    if (payloadAt < tcp + 20 || payloadAt > end || payloadAt > payloadEnd) return false;
    this.sequence = (u32(bytes, tcp + 4) + ((this.flags & TCP_SYN) !== 0 ? 1 : 0)) >>> 0;
    this.payload = bytes.subarray(payloadAt, Math.min(end, payloadEnd));
    this.payloadLength = payloadEnd - payloadAt;
    return true;
  }

  get source(): Uint8Array {
    return this.bytes.subarray(this.sourceAt, this.sourceAt + this.addressLength);
  }

  get destination(): Uint8Array {
    return this.bytes.subarray(this.destinationAt, this.destinationAt + this.addressLength);
  }

  /** Offset of the TCP header, or -1. */
  #readIpv4(bytes: Uint8Array, start: number, end: number): number {
    if (start + 20 > end || bytes[start + 9] !== PROTOCOL_TCP) return -1;
    if ((u16(bytes, start + 6) & 0x1fff) !== 0) return -1; // a later fragment has no TCP header
    this.addressLength = 4;
    this.sourceAt = start + 12;
    this.destinationAt = start + 16;
    return start + (((bytes[start] ?? 0) & 0x0f) << 2);
  }

  /** Offset of the TCP header behind any extension headers (RFC 8200 section 4), or -1. */
  #readIpv6(bytes: Uint8Array, start: number, end: number): number {
    if (start + 40 > end) return -1;
    this.addressLength = 16;
    this.sourceAt = start + 8;
    this.destinationAt = start + 24;
    let next = bytes[start + 6] ?? 0;
    let at = start + 40;
    // Each turn moves at least 8 bytes on, so the packet's length bounds the loop.
    while (next !== PROTOCOL_TCP) {
      if (at + 8 > end) return -1;
      const length = bytes[at + 1] ?? 0;
      switch (next) {
        case 0: // hop-by-hop options
        case 43: // routing
        case 60: // destination options
          next = bytes[at] ?? 0;
          at += 8 + 8 * length;
          break;
        case 44: // fragment
          if ((u16(bytes, at + 2) & 0xfff8) !== 0) return -1;
          next = bytes[at] ?? 0;
          at += 8;
          break;
        case 51: // authentication header
          next = bytes[at] ?? 0;
          at += 8 + 4 * length;
          break;
        default:
          return -1;
      }
    }
    return at;
  }
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const u32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
