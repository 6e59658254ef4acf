/**
 * The host inside an authority: `[userinfo@]host[:port]` (RFC 3986 section 3.2).
 *
 * In `http://good.example@bad.example/` the host is bad.example: userinfo ends at the *last* `@` before the path.
 */
import { COLON } from './characters.ts';

const AT = 0x40;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * View of the host in the authority that starts at `start` and ends at `end` or at the first `/`, `?`, `#` or `\`.
 * Without port, userinfo and brackets; empty if there is no host. An IPv6 literal without brackets is left whole.
 */
export function hostOfAuthority(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let from = start;
  let stop = start;
  for (; stop < end; stop++) {
    const byte = bytes[stop] ?? 0;
    if (byte === 0x2f || byte === 0x3f || byte === 0x23 || byte === 0x5c) break;
    if (byte === AT) from = stop + 1;
  }
  if (bytes[from] === OPEN_BRACKET) {
    let close = from + 1;
    while (close < stop && bytes[close] !== CLOSE_BRACKET) close++;
    return bytes.subarray(from + 1, close);
  }
  let colon = -1;
  for (let i = from; i < stop; i++) {
    if (bytes[i] !== COLON) continue;
    if (colon !== -1) return bytes.subarray(from, stop);
    colon = i;
  }
  return bytes.subarray(from, colon === -1 ? stop : colon);
}

/** Whether two host names are the same but for ASCII case. */
export function sameName(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    if (lower(left[i] ?? 0) !== lower(right[i] ?? 0)) return false;
  }
  return true;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
