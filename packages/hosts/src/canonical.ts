/**
 * The one written form of names and addresses. Lists, indicators and the command line pass through here once, so
 * that comparing is comparing bytes afterwards.
 *
 * Easy to get wrong: the WHATWG host parser behind `domainToASCII` also reads numbers (`0x7f.1` becomes `127.0.0.1`)
 * and undoes percent-encoding. It is therefore asked only about names with non-ASCII characters, with all ASCII
 * characters already checked, and with a letter-only label appended so that no name ends in a number.
 */
import { domainToASCII } from 'node:url';

export type HostReject =
  | 'empty'
  | 'empty-label'
  | 'label-too-long'
  | 'name-too-long'
  | 'bad-character'
  | 'bad-idna'
  | 'address';

export type CanonicalHost =
  | { readonly kind: 'ok'; readonly value: string }
  | { readonly kind: 'rejected'; readonly reason: HostReject };

/** RFC 1035 2.3.4, without the root's dot. */
export const MAX_NAME_BYTES = 253;
const MAX_LABEL_BYTES = 63;

const NAME = 1;
const UPPER = 2;
/** Per ASCII code: 0 not in a name, NAME, or UPPER for a letter that needs folding. Underscore: SRV, DKIM, real hosts. */
const NAME_CODES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCodePoint(code);
  if (/[A-Z]/.test(character)) return UPPER;
  return /[a-z0-9_.-]/.test(character) ? NAME : 0;
});

const rejected = (reason: HostReject): CanonicalHost => ({ kind: 'rejected', reason });

/**
 * Lower case, one trailing dot removed, IDNA A-labels (UTS 46, non-transitional), RFC 1035 length rules. Labels may
 * hold underscores and begin or end in a hyphen, as real lists do. Empty labels, ports, wildcards and white space
 * are rejected, and so are address literals: those go through `parseIp`. `1.2.3` and `0x7f.1` are names.
 */
export function canonicalHost(text: string): CanonicalHost {
  let upper = false;
  let ascii = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      ascii = false;
      continue;
    }
    const type = NAME_CODES[code] ?? 0;
    if (type === 0) return rejected(code === COLON && parseIp(text) !== null ? 'address' : 'bad-character');
    if (type === UPPER) upper = true;
  }
  if (ascii) return checkedName(upper ? text.toLowerCase() : text);
  // Longer than any name, so the result would be refused; not worth the conversion's time.
  if (text.length > 4 * MAX_NAME_BYTES) return rejected('name-too-long');

  const converted = domainToASCII(text + IDNA_SENTINEL);
  if (!converted.endsWith(IDNA_SENTINEL)) return rejected('bad-idna');
  const name = converted.slice(0, -IDNA_SENTINEL.length);
  for (let i = 0; i < name.length; i++) {
    if (NAME_CODES[name.charCodeAt(i)] !== NAME) return rejected('bad-idna');
  }
  return checkedName(name);
}

const IDNA_SENTINEL = '.sentinel';

/** Length rules on lower-case ASCII. */
function checkedName(text: string): CanonicalHost {
  const value = text.endsWith('.') ? text.slice(0, -1) : text;
  if (value.length === 0) return rejected(text.length === 0 ? 'empty' : 'empty-label');
  if (value.length > MAX_NAME_BYTES) return rejected('name-too-long');
  let label = 0;
  for (let i = 0; i <= value.length; i++) {
    if (i < value.length && value.charCodeAt(i) !== DOT) {
      label++;
      continue;
    }
    if (label === 0) return rejected('empty-label');
    if (label > MAX_LABEL_BYTES) return rejected('label-too-long');
    label = 0;
  }
  const last = value.charCodeAt(value.length - 1);
  if (last >= DIGIT_0 && last <= DIGIT_9 && parseIp(value) !== null) return rejected('address');
  return { kind: 'ok', value };
}

const DOT = 0x2e;
const COLON = 0x3a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** The longest text of an address: six groups and an embedded dotted quad. */
const MAX_IP_TEXT = 45;

/**
 * An IPv4 address in exactly four decimal parts without leading zeros, or an IPv6 address in any form of RFC 4291
 * 2.2 (no zone, no brackets). An IPv4-mapped IPv6 address gives its 4 bytes. Null for everything else.
 */
export function parseIp(text: string): Uint8Array | null {
  const plain = readText(text);
  if (plain === 0) return null;
  return isMapped(scratch) && plain === 16 ? scratch.slice(12) : scratch.slice(0, plain);
}

const scratch = new Uint8Array(16);
const scratchText = new Uint8Array(MAX_IP_TEXT);

/** Reads into `scratch` without folding mapped addresses: 0, 4 or 16. */
function readText(text: string): 0 | 4 | 16 {
  if (text.length > MAX_IP_TEXT) return 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return 0;
    scratchText[i] = code;
  }
  return readIpUnfolded(scratchText, 0, text.length, scratch);
}

/**
 * `parseIp` over bytes, for names from the wire: writes the address to `into` (16 bytes) and returns how many bytes
 * of it count, 0 when the text is no address. Does not allocate.
 */
export function readIp(bytes: Uint8Array, start: number, end: number, into: Uint8Array): 0 | 4 | 16 {
  if (end - start > MAX_IP_TEXT) return 0;
  const length = readIpUnfolded(bytes, start, end, into);
  if (length !== 16 || !isMapped(into)) return length;
  into.copyWithin(0, 12, 16);
  return 4;
}

/** ::ffff:0:0/96 (RFC 4291 2.5.5.2): the kernel reports IPv4 peers of dual-stack sockets in this form. */
export function isMapped(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return true;
}

function readIpUnfolded(bytes: Uint8Array, start: number, end: number, into: Uint8Array): 0 | 4 | 16 {
  for (let i = start; i < end; i++) {
    if (bytes[i] === COLON) return readIpv6(bytes, start, end, into) ? 16 : 0;
  }
  return readDottedQuad(bytes, start, end, into, 0) ? 4 : 0;
}

/** Four decimal parts, 0–255, no leading zero (which `inet_aton` reads as octal), nothing else. */
function readDottedQuad(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  let part = 0;
  let value = 0;
  let digits = 0;
  for (let i = start; i <= end; i++) {
    const code = i < end ? (bytes[i] ?? 0) : DOT;
    if (code === DOT) {
      if (digits === 0 || part === 4) return false;
      into[at + part] = value;
      part++;
      value = 0;
      digits = 0;
      continue;
    }
    if (code < DIGIT_0 || code > DIGIT_9) return false;
    if (digits > 0 && value === 0) return false;
    value = value * 10 + code - DIGIT_0;
    digits++;
    if (value > 255) return false;
  }
  return part === 4;
}

function readIpv6(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  into.fill(0, 0, 16);
  let at = 0;
  let gap = -1;
  let i = start;
  if (bytes[i] === COLON) {
    if (i + 1 >= end || bytes[i + 1] !== COLON) return false;
    gap = 0;
    i += 2;
  }
  while (i < end) {
    if (at >= 16) return false;
    let value = 0;
    let digits = 0;
    const group = i;
    while (i < end && digits <= 4) {
      const digit = hexDigit(bytes[i] ?? 0);
      if (digit < 0) break;
      value = value * 16 + digit;
      digits++;
      i++;
    }
    if (digits === 0 || digits > 4) return false;
    if (i < end && bytes[i] === DOT) {
      if (at > 12 || !readDottedQuad(bytes, group, end, into, at)) return false;
      at += 4;
      break;
    }
    into[at] = value >> 8;
    into[at + 1] = value & 0xff;
    at += 2;
    if (i === end) break;
    if (bytes[i] !== COLON) return false;
    i++;
    if (i < end && bytes[i] === COLON) {
      if (gap >= 0) return false;
      gap = at;
      i++;
    } else if (i === end) {
      return false;
    }
  }
  if (gap < 0) return at === 16;
  if (at === 16) return false;
  into.copyWithin(16 - (at - gap), gap, at);
  into.fill(0, gap, 16 - (at - gap));
  return true;
}

function hexDigit(code: number): number {
  if (code >= DIGIT_0 && code <= DIGIT_9) return code - DIGIT_0;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

export type ParsedCidr =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array; readonly prefixLength: number }
  | { readonly kind: 'rejected'; readonly reason: 'no-prefix-length' | 'bad-address' | 'bad-prefix-length' }
  | {
      readonly kind: 'rejected';
      readonly reason: 'host-bits-set';
      /** The network that was probably meant. */ readonly network: string;
    };

/**
 * `address/length`. A network inside ::ffff:0:0/96 becomes an IPv4 one. Set host bits are refused rather than
 * cleared, because `10.1.2.3/8` is more often a typing error than a wish to cover sixteen million addresses.
 */
export function parseCidr(text: string): ParsedCidr {
  const slash = text.indexOf('/');
  if (slash < 0) return { kind: 'rejected', reason: 'no-prefix-length' };
  const size = readText(text.slice(0, slash));
  if (size === 0) return { kind: 'rejected', reason: 'bad-address' };
  const lengthText = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(lengthText)) return { kind: 'rejected', reason: 'bad-prefix-length' };
  const written = Number(lengthText);
  if (written > size * 8) return { kind: 'rejected', reason: 'bad-prefix-length' };

  const folded = size === 16 && written >= 96 && isMapped(scratch);
  const bytes = folded ? scratch.slice(12) : scratch.slice(0, size);
  const prefixLength = folded ? written - 96 : written;
  const network = bytes.slice();
  clearHostBits(network, prefixLength);
  if (network.some((byte, i) => byte !== bytes[i])) {
    return { kind: 'rejected', reason: 'host-bits-set', network: `${formatIp(network)}/${prefixLength}` };
  }
  return { kind: 'ok', bytes, prefixLength };
}

/** Zeroes every bit after the first `prefixLength`, in place. */
export function clearHostBits(address: Uint8Array, prefixLength: number): void {
  for (let i = 0; i < address.length; i++) {
    const kept = Math.min(8, Math.max(0, prefixLength - i * 8));
    address[i] = (address[i] ?? 0) & (0xff00 >> kept);
  }
}

/** Dotted quad, or IPv6 in the form of RFC 5952 (lower case, longest run of zeros shortened). */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let gap = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > longest) {
      gap = i;
      longest = run;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (gap < 0) return hex.join(':');
  return `${hex.slice(0, gap).join(':')}::${hex.slice(gap + longest).join(':')}`;
}
