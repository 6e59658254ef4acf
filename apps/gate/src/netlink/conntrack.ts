/**
 * The two conntrack requests the gate makes (nfnetlink_conntrack.h): set our bits of a flow's mark, and ask what ends a
 * flow had before they were rewritten.
 *
 * The first is sent in the same datagram just before the verdict, so the mark is in place before the packet moves on. That way no
 * packet mark changes at LOCAL_OUT: a changed packet mark makes the kernel route the packet again
 * (nf_ip_reroute), and an `ip rule fwmark` that matches exactly would then send it elsewhere.
 */
import { align4, HEADER, type MessageWriter, NETFILTER_HEADER, NLM_F_REQUEST } from './message.ts';

const MSG_NEW = 1 << 8;
const MSG_GET = MSG_NEW | 1;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
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
  // Without NLM_F_CREATE: an entry that is gone is an error message, never a new entry.
  out.begin(MSG_NEW, NLM_F_REQUEST, familyOf(flow), 0);
  writeTuple(out, CTA_TUPLE_ORIG, flow);
  out.u32(CTA_MARK, mark);
  out.u32(CTA_MARK_MASK, mask);
  out.end();
}

/** Asks for the flow whose packets look like this after its destination was rewritten. Space: SET_MARK_LENGTH. */
export function writeGetRewritten(out: MessageWriter, flow: FlowTuple): void {
  out.begin(MSG_GET, NLM_F_REQUEST, familyOf(flow), 0);
  // Answers come from where the packets went to.
  writeTuple(out, CTA_TUPLE_REPLY, {
    ...flow,
    sourceAt: flow.destinationAt,
    destinationAt: flow.sourceAt,
    sourcePort: flow.destinationPort,
    destinationPort: flow.sourcePort,
  });
  out.end();
}

const familyOf = (flow: FlowTuple): number => (flow.addressLength === 4 ? AF_INET : AF_INET6);

function writeTuple(out: MessageWriter, kind: number, flow: FlowTuple): void {
  const v4 = flow.addressLength === 4;
  const tuple = out.beginNest(kind);
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
}

/**
 * The ends before any rewriting, as the application named them, from the answer to `writeGetRewritten`; null when there
 * is no such flow. Addresses are offsets into `bytes`.
 */
export function readOriginal(bytes: Uint8Array, length: number): FlowTuple | null {
  if (length < NETFILTER_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint16(4, true) !== MSG_NEW) return null;
  const addressLength = view.getUint8(HEADER) === AF_INET ? 4 : 16;
  const end = Math.min(length, view.getUint32(0, true));
  const original = attribute(view, NETFILTER_HEADER, end, CTA_TUPLE_ORIG);
  if (original === null) return null;
  const ip = attribute(view, original.start, original.end, CTA_TUPLE_IP);
  const proto = attribute(view, original.start, original.end, CTA_TUPLE_PROTO);
  if (ip === null || proto === null) return null;
  const v4 = addressLength === 4;
  const source = attribute(view, ip.start, ip.end, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC);
  const destination = attribute(view, ip.start, ip.end, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST);
  const protocol = attribute(view, proto.start, proto.end, CTA_PROTO_NUM);
  const sourcePort = attribute(view, proto.start, proto.end, CTA_PROTO_SRC_PORT);
  const destinationPort = attribute(view, proto.start, proto.end, CTA_PROTO_DST_PORT);
  if (source === null || destination === null || source.end - source.start !== addressLength) return null;
  if (destination.end - destination.start !== addressLength || protocol === null) return null;
  if (sourcePort === null || destinationPort === null || protocol.end === protocol.start) return null;
  if (sourcePort.end - sourcePort.start !== 2 || destinationPort.end - destinationPort.start !== 2) return null;
  return {
    bytes,
    addressLength,
    sourceAt: source.start,
    destinationAt: destination.start,
    protocol: view.getUint8(protocol.start),
    sourcePort: view.getUint16(sourcePort.start, false),
    destinationPort: view.getUint16(destinationPort.start, false),
  };
}

/** Content of the first attribute of this type. */
function attribute(view: DataView, from: number, to: number, type: number): { start: number; end: number } | null {
  for (let at = from; at + 4 <= to;) {
    const size = view.getUint16(at, true);
    if (size < 4 || at + size > to) return null;
    if ((view.getUint16(at + 2, true) & 0x3fff) === type) return { start: at + 4, end: at + size };
    at += align4(size);
  }
  return null;
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
