/** Addresses and ports of a flow as a map key. Not on the short way: only flows with state are looked up. */
import type { FlowTuple } from '../netlink/conntrack.ts';

export function flowKey(ends: FlowTuple): string {
  let key = String.fromCharCode(ends.sourcePort, ends.destinationPort);
  const { bytes, addressLength, sourceAt, destinationAt } = ends;
  for (let i = 0; i < addressLength; i += 2) {
    key += String.fromCharCode(
      ((bytes[sourceAt + i] ?? 0) << 8) | (bytes[sourceAt + i + 1] ?? 0),
      ((bytes[destinationAt + i] ?? 0) << 8) | (bytes[destinationAt + i + 1] ?? 0),
    );
  }
  return key;
}
