/**
 * Addresses and networks as settings spell them: one text for each, so that a list can be compared and shown.
 *
 * Easy to get wrong: a network with host bits set (`10.1.2.3/8`) is refused, not rounded down, because it is more often
 * a typing error than a wish to exclude sixteen million addresses.
 */
/**
 * `address` or `address/length` in its one spelling: IPv6 as in RFC 5952, IPv4-mapped networks as IPv4, no length where
 * it is the whole address. Null when it is neither.
 */
export function canonicalNetwork(text: string): string | null {
  const [address = '', lengthText, ...more] = text.split('/');
  const bytes = bytesOf(address);
  if (bytes === null || more.length > 0) return null;
  if (lengthText !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(lengthText)) return null;
  const length = lengthText === undefined ? bytes.length * 8 : Number(lengthText);
  if (length > bytes.length * 8 || !hostBitsAreClear(bytes, length)) return null;
  const mapped = length >= 96 && isMapped(bytes);
  const folded = mapped ? bytes.slice(12) : bytes;
  const prefix = mapped ? length - 96 : length;
  return prefix === folded.length * 8 ? textOf(folded) : `${textOf(folded)}/${prefix}`;
}

function bytesOf(text: string): readonly number[] | null {
  if (!text.includes(':')) {
    const parts = text.split('.');
    return parts.length === 4 && parts.every((part) => PART.test(part)) ? parts.map(Number) : null;
  }
  if (!/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(urlOf(text))) return null;
  // The URL parser leaves eight groups with at most one gap, and no dotted quad.
  const [before = '', after] = hostOf(text).split('::');
  const head = groupsOf(before);
  const tail = groupsOf(after ?? '');
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...gap, ...tail].flatMap((group) => [group >> 8, group & 0xff]);
}

/** 0-255 without leading zeros. */
const PART = /^(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$/;

const urlOf = (address: string): string => `http://[${address}]/`;

const hostOf = (address: string): string => new URL(urlOf(address)).hostname.slice(1, -1);

const groupsOf = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return hostOf(groups.join(':'));
}

const hostBitsAreClear = (bytes: readonly number[], prefixLength: number): boolean =>
  bytes.every((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i)))) === 0);

const isMapped = (bytes: readonly number[]): boolean =>
  bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
