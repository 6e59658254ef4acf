/**
 * What is never judged: remote networks and processes (specification 1.3 and 1.4).
 *
 * Easy to get wrong: the kernel shows IPv4 peers of dual-stack sockets as ::ffff:0:0/96, so both sides are folded to
 * IPv4 before they are compared. `::/0` therefore excludes IPv6 only.
 */
import { isMapped } from '@sallyport/hosts/canonical';
import { isInScope } from '@sallyport/hosts/scope';

import type { Exclusions, Question } from './verdict.ts';

export type ExcludedNetwork = Exclusions['networks'][number];

/** The network or `'process'`, whichever excludes the connection; null when nothing does. */
export function excludedBy(exclusions: Exclusions, question: Question): ExcludedNetwork | 'process' | null {
  for (let i = 0; i < exclusions.networks.length; i++) {
    const network = exclusions.networks[i];
    if (network !== undefined && holds(network, question.remoteIp)) return network;
  }
  // Asking for a process costs, so nobody asks in vain.
  if (exclusions.executables.length === 0) return null;
  return isInScope({ executables: exclusions.executables }, question.subject) ? 'process' : null;
}

/** Where the bytes of the folded address begin in ::ffff:0:0/96. */
const MAPPED_BYTES = 12;

function holds({ address, prefixLength }: ExcludedNetwork, ip: Uint8Array): boolean {
  const start = prefixLength >= MAPPED_BYTES * 8 && isMapped(address) ? MAPPED_BYTES : 0;
  const ipStart = isMapped(ip) ? MAPPED_BYTES : 0;
  if (address.length - start !== ip.length - ipStart) return false;
  let bits = prefixLength - start * 8;
  for (let i = 0; bits > 0 && start + i < address.length; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff00 >> bits) & 0xff;
    if ((((address[start + i] ?? 0) ^ (ip[ipStart + i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
