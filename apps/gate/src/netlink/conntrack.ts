/**
 * The one conntrack request the gate makes: set our bits of a flow's mark (nfnetlink_conntrack.h).
 *
 * Sent in the same datagram just before the verdict, so the mark is in place before the packet moves on. That way no
 * packet mark changes at LOCAL_OUT: a changed packet mark makes the kernel route the packet again
 * (nf_ip_reroute), and an `ip rule fwmark` that matches exactly would then send it elsewhere.
 */
import { HEADER, type MessageWriter, NETFILTER_HEADER, NLM_F_REQUEST } from './message.ts';

const MSG_NEW = 1 << 8;
const CTA_TUPLE_ORIG = 1;
const CTA_MARK = 8;
const CTA_MARK_MASK = 21;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
const AF_INET = 2;
const AF_INET6 = 10;

/** Space one request needs at most. */
export const SET_MARK_LENGTH = NETFILTER_HEADER + 4 + 4 + 2 * 20 + 4 + 3 * 8 + 2 * 8;

/** A TCP or UDP flow as its first packet shows it; addresses are offsets into `bytes`. */
export interface FlowTuple {
  readonly bytes: Uint8Array;
  readonly addressLength: number;
  readonly sourceAt: number;
  readonly destinationAt: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export function writeSetMark(out: MessageWriter, flow: FlowTuple, mark: number, mask: number): void {
  const v4 = flow.addressLength === 4;
  // Without NLM_F_CREATE: an entry that is gone is an error message, never a new entry.
  out.begin(MSG_NEW, NLM_F_REQUEST, v4 ? AF_INET : AF_INET6, 0);
  const tuple = out.beginNest(CTA_TUPLE_ORIG);
  const ip = out.beginNest(CTA_TUPLE_IP);
  out.raw(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, flow.bytes, flow.sourceAt, flow.addressLength);
  out.raw(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, flow.bytes, flow.destinationAt, flow.addressLength);
  out.endNest(ip);
  const protocol = out.beginNest(CTA_TUPLE_PROTO);
  out.u8(CTA_PROTO_NUM, flow.protocol);
  out.u16(CTA_PROTO_SRC_PORT, flow.sourcePort);
  out.u16(CTA_PROTO_DST_PORT, flow.destinationPort);
  out.endNest(protocol);
  out.endNest(tuple);
  out.u32(CTA_MARK, mark);
  out.u32(CTA_MARK_MASK, mask);
  out.end();
}

/**
 * The flow behind an NLMSG_ERROR that answers `writeSetMark` (the kernel sends the whole request back), or null for any
 * other message. Its addresses are offsets into `bytes`.
 */
export function readFailedMark(bytes: Uint8Array, length: number): FlowTuple | null {
  const request = HEADER + 4; // behind the error's own header and errno
  if (length < request + NETFILTER_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint16(request + 4, true) !== MSG_NEW) return null;
  const addressLength = view.getUint8(request + 16) === AF_INET ? 4 : 16;
  // As written above: two nest headers, then each address and port behind an attribute header of its own.
  const sourceAt = request + NETFILTER_HEADER + 12;
  const destinationAt = sourceAt + addressLength + 4;
  const protocolAt = destinationAt + addressLength + 8;
  if (length < protocolAt + 24) return null;
  return {
    bytes,
    addressLength,
    sourceAt,
    destinationAt,
    protocol: view.getUint8(protocolAt),
    sourcePort: view.getUint16(protocolAt + 8, false),
    destinationPort: view.getUint16(protocolAt + 16, false),
  };
}
