/**
 * Address ranges `first-last` as the networks that cover exactly them.
 *
 * Easy to get wrong: an IPv4-mapped IPv6 address is an IPv4 address everywhere else, so both ends must have become
 * four or sixteen bytes alike before they are compared; `parseIp` sees to that.
 */

export interface Network {
  /** 4 or 16 bytes, host bits zero. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

/** The fewest networks, lowest first: at most 62 for IPv4, 254 for IPv6. Null when the ends do not fit together. */
export function networksOfRange(first: Uint8Array, last: Uint8Array): Network[] | null {
  if (first.length !== last.length) return null;
  const bits = first.length * 8;
  const end = toNumber(last);
  const networks: Network[] = [];
  let at = toNumber(first);
  if (at > end) return null;
  while (at <= end) {
    // The largest network that begins here and does not reach past the end.
    let size = 0;
    while (size < bits && (at & ((1n << BigInt(size + 1)) - 1n)) === 0n && at + (1n << BigInt(size + 1)) - 1n <= end) {
      size++;
    }
    networks.push({ address: toBytes(at, first.length), prefixLength: bits - size });
    at += 1n << BigInt(size);
  }
  return networks;
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

const toBytes = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
