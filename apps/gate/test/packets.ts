/**
 * Real IP packets for tests, written field by field from RFC 791, 8200, 9293 and 768. Checksums are left zero: nothing
 * under test looks at those of packets it is shown.
 */
export interface TcpShape {
  readonly family?: 4 | 6;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  /** Flag letters of `SAFRP`; ACK and PSH when absent. */
  readonly flags?: string;
  /** Bytes of TCP options, a multiple of 4. */
  readonly tcpOptions?: number;
  /** Bytes of IPv4 options, a multiple of 4. */
  readonly ipOptions?: number;
  /** IPv6 extension headers as [type, bytes of body behind next header and length]. */
  readonly extensions?: readonly Uint8Array[];
  /** Type of the first extension header; each body starts with its own next header field. */
  readonly firstHeader?: number;
  readonly payload?: Uint8Array;
}

const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };
const SOURCE_V4 = [192, 0, 2, 1];
const DESTINATION_V4 = [198, 51, 100, 7];
export const SOURCE_V6 = Buffer.from('20010db8000000000000000000000001', 'hex');
export const DESTINATION_V6 = Buffer.from('20010db8000000000000000000000007', 'hex');

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export function tcpPacket(shape: TcpShape = {}): Uint8Array {
  const { payload = new Uint8Array(0), tcpOptions = 0, flags = 'AP' } = shape;
  const tcp = new Uint8Array(20 + tcpOptions);
  const view = new DataView(tcp.buffer);
  view.setUint16(0, shape.sourcePort ?? 40_000);
  view.setUint16(2, shape.destinationPort ?? 443);
  view.setUint32(4, (shape.sequence ?? 1000) >>> 0);
  view.setUint32(8, (shape.acknowledgement ?? 2000) >>> 0);
  tcp[12] = ((20 + tcpOptions) / 4) << 4;
  for (const letter of flags) tcp[13] = (tcp[13] ?? 0) | (FLAG_BITS[letter] ?? 0);
  tcp.fill(1, 20); // no-operation options
  return ipPacket(shape, 6, concat(tcp, payload));
}

export interface UdpShape extends Pick<TcpShape, 'family' | 'ipOptions'> {
  readonly payload: Uint8Array;
}

export function udpPacket(shape: UdpShape): Uint8Array {
  const udp = new Uint8Array(8);
  const view = new DataView(udp.buffer);
  view.setUint16(0, 40_000);
  view.setUint16(2, 443);
  view.setUint16(4, 8 + shape.payload.length);
  return ipPacket(shape, 17, concat(udp, shape.payload));
}

function ipPacket(
  shape: Pick<TcpShape, 'family' | 'ipOptions' | 'extensions' | 'firstHeader'>,
  protocol: number,
  body: Uint8Array,
): Uint8Array {
  if (shape.family === 6) {
    const extensions = concat(...(shape.extensions ?? []));
    const header = new Uint8Array(40);
    header[0] = 0x60;
    new DataView(header.buffer).setUint16(4, extensions.length + body.length);
    header[6] = shape.firstHeader ?? protocol;
    header[7] = 64;
    header.set(SOURCE_V6, 8);
    header.set(DESTINATION_V6, 24);
    return concat(header, extensions, body);
  }
  const length = 20 + (shape.ipOptions ?? 0);
  const header = new Uint8Array(length).fill(1, 20);
  header[0] = 0x40 | (length / 4);
  new DataView(header.buffer).setUint16(2, length + body.length);
  header[8] = 64;
  header[9] = protocol;
  header.set(SOURCE_V4, 12);
  header.set(DESTINATION_V4, 16);
  return concat(header, body);
}
