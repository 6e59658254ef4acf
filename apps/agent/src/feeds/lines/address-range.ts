/**
 * An address range as the fewest CIDRs that cover it exactly: from the front, always the largest block that is
 * aligned and does not reach past the end.
 *
 * Easy to get wrong: the number of blocks is bounded (62 for IPv4, 254 for IPv6), so no range can blow up a feed.
 */
interface AddressBlock {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

/** `first` and `last` are inclusive and of the same length, 4 or 16 bytes; `first` is not after `last`. */
export function blocksOfRange(first: Uint8Array, last: Uint8Array): AddressBlock[] {
  const width = first.length * 8;
  const end = toInteger(last);
  const blocks: AddressBlock[] = [];
  let at = toInteger(first);
  while (at <= end) {
    let bits = 0;
    // Grows the block while its start stays aligned and its end stays inside.
    while (bits < width && (at & ((2n << BigInt(bits)) - 1n)) === 0n && at + (2n << BigInt(bits)) - 1n <= end) bits++;
    blocks.push({ address: toBytes(at, first.length), prefixLength: width - bits });
    at += 1n << BigInt(bits);
  }
  return blocks;
}

/** Whether `first` is not after `last`, both of the same length. */
export const isOrdered = (first: Uint8Array, last: Uint8Array): boolean => Buffer.compare(first, last) <= 0;

const toInteger = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function toBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn);
  return bytes;
}
