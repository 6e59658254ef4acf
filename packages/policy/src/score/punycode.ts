/**
 * Punycode decoding (RFC 3492 6.2) and UTF-8 decoding of one label, to code points.
 *
 * Easy to get wrong: the input comes from the wire, so the arithmetic is bounded before it is done: a label has at
 * most 63 bytes, and any value past the last code point ends the decoding with null.
 */
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 0x80;
const HYPHEN = 0x2d;
const LAST_CODE_POINT = 0x10ffff;
const MAX_LABEL_BYTES = 63;

/** What stands after `xn--` in `bytes[start, end)`, lower case. Null when it is not Punycode. */
export function decodePunycode(bytes: Uint8Array, start: number, end: number): number[] | null {
  if (end - start > MAX_LABEL_BYTES) return null;
  const output: number[] = [];
  let delimiter = end - 1;
  while (delimiter >= start && bytes[delimiter] !== HYPHEN) delimiter--;
  for (let i = start; i < delimiter; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) return null;
    output.push(byte);
  }
  let at = delimiter < start ? start : delimiter + 1;
  if (at >= end) return null;

  let n = INITIAL_N;
  let i = 0;
  let bias = INITIAL_BIAS;
  while (at < end) {
    const before = i;
    let weight = 1;
    for (let k = BASE; ; k += BASE) {
      if (at >= end) return null;
      const digit = digitOf(bytes[at++] ?? 0);
      if (digit < 0) return null;
      i += digit * weight;
      if (i > LAST_CODE_POINT * (MAX_LABEL_BYTES + 1)) return null;
      const threshold = Math.min(T_MAX, Math.max(T_MIN, k - bias));
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const count = output.length + 1;
    bias = adapted(i - before, count, before === 0);
    n += Math.floor(i / count);
    i %= count;
    if (n > LAST_CODE_POINT || (n >= 0xd800 && n <= 0xdfff)) return null;
    output.splice(i, 0, n);
    i++;
  }
  return output;
}

function adapted(delta: number, count: number, first: boolean): number {
  let rest = first ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let k = 0;
  while (rest > ((BASE - T_MIN) * T_MAX) >> 1) {
    rest = Math.floor(rest / (BASE - T_MIN));
    k += BASE;
  }
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}

function digitOf(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61;
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 + 26 : -1;
}

/** UTF-8 of `bytes[start, end)`, strict (RFC 3629: shortest form, no surrogates). Null when it is not. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): number[] | null {
  const output: number[] = [];
  for (let i = start; i < end;) {
    const lead = bytes[i++] ?? 0;
    if (lead < 0x80) {
      output.push(lead);
      continue;
    }
    const more =
      lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc2 && lead < 0xe0 ? 1 : 0;
    if (more === 0 || i + more > end) return null;
    let point = lead & (0x3f >> more);
    for (let k = 0; k < more; k++) {
      const byte = bytes[i++] ?? 0;
      if ((byte & 0xc0) !== 0x80) return null;
      point = (point << 6) | (byte & 0x3f);
    }
    const least = more === 3 ? 0x10000 : more === 2 ? 0x800 : 0x80;
    if (point < least || point > LAST_CODE_POINT || (point >= 0xd800 && point <= 0xdfff)) return null;
    output.push(point);
  }
  return output;
}
