/**
 * Reads a packet capture (classic pcap, Ethernet) into TCP segments and flows. Pure.
 *
 * A capture that is still being written ends in the middle of a packet: everything before that is
 * returned. Packets may be larger than the MTU, because offloads leave segmentation to the device.
 *
 *     file    magic(4) version(4) zone(4) sigfigs(4) snaplen(4) linktype(4)   packet*
 *     packet  seconds(4) fraction(4) captured(4) original(4)   bytes[captured]
 */

/** One TCP segment as captured. */
export interface Segment {
  /** `address:port`, IPv6 in brackets. */
  readonly from: string;
  readonly to: string;
  /** Capture time, Unix milliseconds with microseconds as fraction. */
  readonly atMs: number;
  readonly sequence: number;
  readonly syn: boolean;
  readonly ack: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly payload: Uint8Array;
}

/** A UDP datagram; the capture uses them as marks. */
export interface Datagram {
  readonly fromPort: number;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

export interface Packets {
  readonly segments: readonly Segment[];
  readonly datagrams: readonly Datagram[];
}

/** What one side of a flow sent, as seen at the capture point. */
export interface Direction {
  /** Bytes in sequence order, each once however often it was sent; ends before the first gap. */
  readonly payload: Uint8Array;
  /** Payload length of each segment that carried any, in order of capture (retransmissions too). */
  readonly segmentLengths: readonly number[];
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
}

/** A TCP connection. `client` is the side that sent the SYN without ACK, or else the first one seen. */
export interface Flow {
  readonly client: string;
  readonly server: string;
  readonly startedAtMs: number;
  readonly fromClient: Direction;
  readonly fromServer: Direction;
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

/** Decodes a capture file. Throws when it is no Ethernet pcap: that is a mistake of the lab, not hostile input. */
export function readPcap(file: Uint8Array): Packets {
  const segments: Segment[] = [];
  const datagrams: Datagram[] = [];
  if (file.length < FILE_HEADER) return { segments, datagrams };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = [true, false].find((little) =>
    [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS].includes(view.getUint32(0, little)),
  );
  if (magic === undefined || view.getUint32(20, magic) !== LINKTYPE_ETHERNET) throw new Error('no Ethernet pcap file');
  const perMillisecond = view.getUint32(0, magic) === MAGIC_NANOSECONDS ? 1e6 : 1e3;

  let offset = FILE_HEADER;
  while (offset + PACKET_HEADER <= file.length) {
    const atMs = view.getUint32(offset, magic) * 1000 + view.getUint32(offset + 4, magic) / perMillisecond;
    const captured = view.getUint32(offset + 8, magic);
    const start = offset + PACKET_HEADER;
    if (start + captured > file.length) break;
    const packet = readFrame(file.subarray(start, start + captured), atMs);
    if (packet !== undefined && 'sequence' in packet) segments.push(packet);
    else if (packet !== undefined) datagrams.push(packet);
    offset = start + captured;
  }
  return { segments, datagrams };
}

/** Groups segments into flows, in the order in which the flows began. A reused port begins a new flow. */
export function flowsOf(segments: readonly Segment[]): Flow[] {
  const flows: Segment[][] = [];
  const current = new Map<string, Segment[]>();
  for (const segment of segments) {
    const key = [segment.from, segment.to].sort().join(' ');
    const open = current.get(key);
    const begins = segment.syn && !segment.ack && open?.some((seen) => seen.syn && seen.sequence === segment.sequence);
    if (open !== undefined && (!(segment.syn && !segment.ack) || begins === true)) open.push(segment);
    else {
      const fresh = [segment];
      current.set(key, fresh);
      flows.push(fresh);
    }
  }
  return flows.map(toFlow);
}

function toFlow(segments: readonly Segment[]): Flow {
  const first = segments[0];
  if (first === undefined) throw new Error('a flow has at least one segment');
  // A capture that began late may show the server's side first.
  const opening = segments.find(({ syn }) => syn);
  const [client, server] =
    opening === undefined || !opening.ack
      ? [(opening ?? first).from, (opening ?? first).to]
      : [opening.to, opening.from];
  return {
    client,
    server,
    startedAtMs: first.atMs,
    fromClient: toDirection(segments.filter(({ from }) => from === client)),
    fromServer: toDirection(segments.filter(({ from }) => from === server)),
  };
}

function toDirection(segments: readonly Segment[]): Direction {
  const withPayload = segments.filter(({ payload }) => payload.length > 0);
  const syn = segments.find((segment) => segment.syn);
  // The SYN takes one sequence number; without it the lowest number seen stands in for the start.
  const start = syn === undefined ? withPayload[0]?.sequence : (syn.sequence + 1) >>> 0;
  const placed = withPayload
    .map(({ sequence, payload, syn: inSyn }) => ({ at: (sequence + (inSyn ? 1 : 0) - (start ?? 0)) | 0, payload }))
    .sort((a, b) => a.at - b.at);
  const pieces: Uint8Array[] = [];
  let end = 0;
  for (const { at, payload } of placed) {
    if (at > end) break;
    if (at + payload.length <= end || at < 0) continue;
    pieces.push(payload.subarray(end - at));
    end = at + payload.length;
  }
  return {
    payload: concatenate(pieces, end),
    segmentLengths: withPayload.map(({ payload }) => payload.length),
    syn: syn !== undefined,
    fin: segments.some(({ fin }) => fin),
    rst: segments.some(({ rst }) => rst),
  };
}

function readFrame(frame: Uint8Array, atMs: number): Segment | Datagram | undefined {
  if (frame.length < ETHERNET_HEADER) return undefined;
  const ip = frame.subarray(ETHERNET_HEADER);
  switch (u16(frame, 12)) {
    case ETHERTYPE_IPV4: {
      const header = ((ip[0] ?? 0) & 0x0f) * 4;
      const length = u16(ip, 2);
      const addresses = [formatIPv4(ip.subarray(12, 16)), formatIPv4(ip.subarray(16, 20))] as const;
      return readTransport(ip.subarray(header, length), ip[9] ?? 0, addresses, atMs);
    }
    case ETHERTYPE_IPV6: {
      // Extension headers do not occur in the lab.
      const addresses = [formatIPv6(ip.subarray(8, 24)), formatIPv6(ip.subarray(24, 40))] as const;
      return readTransport(ip.subarray(40, 40 + u16(ip, 4)), ip[6] ?? 0, addresses, atMs);
    }
    default:
      return undefined;
  }
}

function readTransport(
  bytes: Uint8Array,
  protocol: number,
  [source, destination]: readonly [string, string],
  atMs: number,
): Segment | Datagram | undefined {
  const fromPort = u16(bytes, 0);
  const toPort = u16(bytes, 2);
  if (protocol === PROTOCOL_UDP) return { fromPort, toPort, payload: bytes.slice(8) };
  if (protocol !== PROTOCOL_TCP) return undefined;
  const header = ((bytes[12] ?? 0) >> 4) * 4;
  const flags = bytes[13] ?? 0;
  return {
    from: `${source}:${fromPort}`,
    to: `${destination}:${toPort}`,
    atMs,
    sequence: ((u16(bytes, 4) << 16) | u16(bytes, 6)) >>> 0,
    fin: (flags & 0x01) !== 0,
    syn: (flags & 0x02) !== 0,
    rst: (flags & 0x04) !== 0,
    ack: (flags & 0x10) !== 0,
    payload: bytes.slice(header),
  };
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const formatIPv4 = (bytes: Uint8Array): string => bytes.join('.');

/** In brackets, shortened as RFC 5952 wants it: `[2001:db8::1]`. */
function formatIPv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, n) => u16(bytes, n * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname;
}

function concatenate(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
