/** Addresses inside a line: is this one, and does it lead anywhere. */
import { readIp } from '@sallyport/hosts/canonical';

const scratch = new Uint8Array(16);
const PERCENT = 0x25;

export const isAddress = (bytes: Buffer, start: number, end: number): boolean => readIp(bytes, start, end, scratch) > 0;

/** An address, a slash, digits. */
export function isCidrShaped(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 50) return false;
  const [address, length, rest] = bytes.toString('latin1', start, end).split('/');
  return (
    rest === undefined && /^\d{1,3}$/.test(length ?? '') && isAddress(bytes, start, start + (address ?? '').length)
  );
}

/** Whether names on this address are blocked (it leads nowhere) or only mapped; null when it is no address. */
export function addressTarget(bytes: Buffer, start: number, end: number): 'nowhere' | 'other' | null {
  // `0` is the short form of 0.0.0.0 that inet_aton and some published lists know.
  if (end - start === 1 && bytes[start] === 0x30) return 'nowhere';
  const zone = bytes.subarray(start, end).indexOf(PERCENT);
  const length = readIp(bytes, start, zone < 0 ? end : start + zone, scratch);
  if (length === 0) return null;
  if (length === 4) return isUnspecifiedOrLoopback(scratch) ? 'nowhere' : 'other';
  for (let i = 0; i < 15; i++) if (scratch[i] !== 0) return 'other';
  return (scratch[15] ?? 0) <= 1 ? 'nowhere' : 'other';
}

/** `addressTarget` of a text. */
export function targetOf(text: string): 'nowhere' | 'other' | null {
  const bytes = Buffer.from(text, 'latin1');
  return addressTarget(bytes, 0, bytes.length);
}

const isUnspecifiedOrLoopback = (v4: Uint8Array): boolean =>
  v4[0] === 127 || (v4[0] === 0 && v4[1] === 0 && v4[2] === 0 && v4[3] === 0);
