/**
 * Names as feeds write them: from bytes to the canonical text, or the reason why not.
 *
 * Easy to get wrong: `plainName` is only a shortcut for names that `canonicalHost` would return unchanged. It must
 * never accept anything else; a property test compares the two.
 */
import { canonicalHost, formatIp, readIp } from '@sallyport/hosts/canonical';

import type { InvalidReason } from './reasons.ts';

const DOT = 0x2e;
const LETTER = 1;
const DIGIT = 2;
const PUNCTUATION = 3;
/** What may stand in a canonical name, per byte; 0 for all else, capitals and UTF-8 included. */
const PLAIN_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x61 && byte <= 0x7a) return LETTER;
  if (byte >= 0x30 && byte <= 0x39) return DIGIT;
  return byte === DOT || byte === 0x2d || byte === 0x5f ? PUNCTUATION : 0;
});

/**
 * The name in `bytes[start, end)` if it is canonical already and cannot be an address or number (its last label
 * begins with a letter). Null means "ask the slow path", not "bad". Nearly every line of a real list takes this
 * way; it costs one pass over the bytes and one string.
 */
export function plainName(bytes: Buffer, start: number, end: number): string | null {
  const length = end - start;
  if (length === 0 || length > 253) return null;
  let labelStart = start;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (PLAIN_BYTES[byte] === 0) return null;
    if (byte !== DOT) continue;
    if (i === labelStart || i - labelStart > 63) return null;
    labelStart = i + 1;
  }
  if (labelStart === end || end - labelStart > 63) return null;
  return PLAIN_BYTES[bytes[labelStart] ?? 0] === LETTER ? bytes.toString('latin1', start, end) : null;
}

type NameOrReason = string | { readonly invalid: InvalidReason };

/** `canonicalHost` plus the one thing it leaves open: a name that ends in a number is a mistyped address here. */
export function readName(bytes: Buffer, start: number, end: number): NameOrReason {
  const text = readUtf8(bytes, start, end);
  if (text === null) return { invalid: 'not UTF-8' };
  const name = canonicalHost(text);
  if (name.kind === 'rejected') {
    switch (name.reason) {
      case 'empty':
      case 'bad-character':
        return { invalid: 'not a host name' };
      case 'empty-label':
        return { invalid: 'empty label' };
      case 'label-too-long':
        return { invalid: 'label longer than 63 bytes' };
      case 'name-too-long':
        return { invalid: 'name longer than 253 bytes' };
      case 'bad-idna':
        return { invalid: 'not an internationalised name' };
      case 'address': // with a trailing dot
        return { invalid: 'not an IP address' };
      default:
        return name.reason satisfies never;
    }
  }
  return ENDS_IN_NUMBER.test(name.value) ? { invalid: 'not an IP address' } : name.value;
}

/** What `inet_aton` and the WHATWG URL parser take for a number; no top-level domain looks like it. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

const scratch = new Uint8Array(16);

/** The host of a URL: a name, or an address in its canonical text. */
export function urlHost(bytes: Buffer, start: number, end: number): NameOrReason {
  const plain = plainName(bytes, start, end);
  if (plain?.includes('.') === true) return plain;
  const bracketed = bytes[start] === 0x5b && bytes[end - 1] === 0x5d;
  const inner = bracketed ? 1 : 0;
  const length = readIp(bytes, start + inner, end - inner, scratch);
  if (length > 0) return formatIp(scratch.subarray(0, length));
  const name = readName(bytes, start, end);
  if (typeof name !== 'string' || name.includes('.') || LOCAL_NAMES.has(name)) return name;
  return { invalid: 'a top-level domain' };
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`; null when what follows the colon is no port. */
export function readAuthority(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly hostStart: number; readonly hostEnd: number; readonly port: number | null } | null {
  const whole = { hostStart: start, hostEnd: end, port: null };
  const colon = bytes.subarray(start, end).lastIndexOf(0x3a);
  if (colon < 0 || bytes[end - 1] === 0x5d || readIp(bytes, start, end, scratch) > 0) return whole;
  const digits = bytes.toString('latin1', start + colon + 1, end);
  // RFC 3986 3.2.3 allows an empty port.
  if (digits === '') return { ...whole, hostEnd: end - 1 };
  const port = readPort(digits);
  return port === null ? null : { hostStart: start, hostEnd: start + colon, port };
}

/** 1–65535, in decimal. */
export function readPort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : null;
}

/** Path and query as they would be sent: UTF-8 and control bytes percent-encoded, a leading slash. Null: not UTF-8. */
export function asciiPath(bytes: Buffer, start: number, end: number): string | null {
  const text = readUtf8(bytes, start, end);
  if (text === null) return null;
  const rooted = text.startsWith('/') ? text : `/${text}`;
  return rooted.replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null when the bytes are not UTF-8. */
function readUtf8(bytes: Buffer, start: number, end: number): string | null {
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return null;
  }
}

/** Names that published hosts files carry for the local machine. */
export const LOCAL_NAMES: ReadonlySet<string> = new Set([
  'localhost',
  'localhost.localdomain',
  'localhost4',
  'localhost4.localdomain4',
  'localhost6',
  'localhost6.localdomain6',
  'local',
  'broadcasthost',
  'ip6-localhost',
  'ip6-loopback',
  'ip6-localnet',
  'ip6-mcastprefix',
  'ip6-allnodes',
  'ip6-allrouters',
  'ip6-allhosts',
]);
