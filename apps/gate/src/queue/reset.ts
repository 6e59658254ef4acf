/**
 * The reset that ends the peer's half of a blocked connection. REJECT answers the application only; without this the
 * server would keep a half-open connection until its own time-out.
 */
import { TCP_ACK, TCP_RST } from './segment.ts';

/** The ends of a flow as its client sees them. */
export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * An IP packet with a TCP reset from the client to its peer. `sequence` must be the first byte the peer has not seen:
 * a reset anywhere else in the window is only challenged (RFC 5961 section 3.2). The kernel fills in the IPv4 header
 * checksum (raw(7)); the TCP checksum is done here.
 */
export function resetPacket(ends: Ends, sequence: number, acknowledgement: number): Uint8Array {
  const v4 = ends.source.length === 4;
  const tcp = v4 ? 20 : 40;
  const packet = new Uint8Array(tcp + 20);
  const view = new DataView(packet.buffer);
  if (v4) {
    packet[0] = 0x45;
    view.setUint16(2, packet.length, false);
    view.setUint16(6, 0x4000, false); // don't fragment
    packet[8] = 64;
    packet[9] = 6;
    packet.set(ends.source, 12);
    packet.set(ends.destination, 16);
  } else {
    packet[0] = 0x60;
    view.setUint16(4, 20, false);
    packet[6] = 6;
    packet[7] = 64;
    packet.set(ends.source, 8);
    packet.set(ends.destination, 24);
  }
  view.setUint16(tcp, ends.sourcePort, false);
  view.setUint16(tcp + 2, ends.destinationPort, false);
  view.setUint32(tcp + 4, sequence, false);
  view.setUint32(tcp + 8, acknowledgement, false);
  packet[tcp + 12] = 5 << 4;
  packet[tcp + 13] = TCP_RST | TCP_ACK;
  view.setUint16(tcp + 16, tcpChecksum(packet, tcp, ends), false);
  return packet;
}

/** RFC 9293 section 3.1: pseudo-header, TCP header; there is no payload. */
function tcpChecksum(packet: Uint8Array, tcp: number, { source, destination }: Ends): number {
  let sum = 6 + 20; // protocol and length; the upper words are zero for both families
  for (const address of [source, destination]) sum += words(address, 0, address.length);
  sum += words(packet, tcp, packet.length);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function words(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return sum;
}
