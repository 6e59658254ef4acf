/**
 * The one written form of a URL path, so that `/a/./b`, `//a/b` and `/%61/b` are one path. Used by the builder and by
 * the matcher alike: what one of them folds, the other does too.
 *
 * Easy to get wrong: `%2F` stays as it is. Only unreserved characters may be decoded (RFC 3986 6.2.2.2).
 */

/** Longer paths are compared by their first bytes only; the builder refuses rules that would not fit. */
export const MAX_PATH_BYTES = 2048;

const SLASH = 0x2f;
const PERCENT = 0x25;
const DOT = 0x2e;
const QUESTION = 0x3f;
const HASH = 0x23;

/**
 * Writes the normal form of `path` (the request target from its first slash, with or without a query) to `into`,
 * which must hold MAX_PATH_BYTES, and returns its length. Percent-encoded unreserved characters are decoded, other
 * escapes get upper-case digits, `.` and `..` segments are resolved, repeated slashes are one, a fragment is cut off.
 * The query is kept as it is.
 */
export function normalizePath(path: Uint8Array, into: Uint8Array): number {
  let length = 0;
  let query = false;
  for (let i = 0; i <= path.length && length < MAX_PATH_BYTES; i++) {
    let byte = i < path.length ? (path[i] ?? 0) : HASH;
    let escape = 0;
    if (!query && byte === PERCENT && i + 2 < path.length) {
      const value = hexValue(path[i + 1] ?? 0) * 16 + hexValue(path[i + 2] ?? 0);
      if (value >= 0 && UNRESERVED[value] === 1) {
        byte = value;
        i += 2;
      } else if (value >= 0) escape = value;
    }
    const segmentEnds = !query && (byte === SLASH || byte === QUESTION || byte === HASH);
    if (segmentEnds) length = closeSegment(into, length);
    if (byte === HASH) return length;
    if (byte === QUESTION) query = true;
    if (segmentEnds && byte === SLASH && length > 0 && into[length - 1] === SLASH) continue;
    into[length++] = byte;
    if (escape > 0 && length + 2 <= MAX_PATH_BYTES) {
      into[length++] = upperHex(path[i + 1] ?? 0);
      into[length++] = upperHex(path[i + 2] ?? 0);
      i += 2;
    }
  }
  return length;
}

/** Resolves a `.` or `..` that ends at `length`: the length afterwards, with the slash before the segment kept. */
function closeSegment(into: Uint8Array, length: number): number {
  if (length < 2 || into[length - 1] !== DOT) return length;
  if (into[length - 2] === SLASH) return length - 1;
  if (length < 3 || into[length - 2] !== DOT || into[length - 3] !== SLASH) return length;
  let end = length - 3;
  while (end > 0 && into[end - 1] !== SLASH) end--;
  return Math.max(end, 1);
}

/** RFC 3986 2.3. */
const UNRESERVED = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9._~-]/.test(String.fromCharCode(code)) && code < 0x80 ? 1 : 0,
);

/** Far below zero for a character that is no hexadecimal digit, so that a sum with one is negative too. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1000;
}

const upperHex = (code: number): number => (code >= 0x61 ? code - 0x20 : code);

/** Whether a prefix of a path may end before this byte. */
export const endsPrefix = (byte: number): boolean => byte === SLASH || byte === QUESTION || byte === 0x26;
