/**
 * Turns a piece of a line into an entry for the sink, and counts what became of it. Every format ends here, so that a
 * name, an address or a URL means the same in each of them.
 *
 * Easy to get wrong: `plainName` is only a shortcut for names that `canonicalHost` would return unchanged. It must
 * never accept anything else; a property test compares the two.
 */
import { canonicalHost, formatIp, parseCidr, readIp } from '@sallyport/hosts/canonical';

/** suffix: the name and everything below it; exact: the name alone; subdomains: only what is below it. */
export type HostMatch = 'suffix' | 'exact' | 'subdomains';

export interface UrlDetail {
  /** The only port the entry is about, null for any. */
  readonly port: number | null;
  /** Adblock patterns match without regard to case, and such lists are often published in lower case. */
  readonly ignoreCase: boolean;
}

/** What an exception (`@@`) takes back. */
export type ExceptionEntry =
  | { readonly kind: 'host'; readonly name: string; readonly match: HostMatch; readonly port: number | null }
  | { readonly kind: 'ip'; readonly address: Uint8Array; readonly port: number | null }
  | { readonly kind: 'url'; readonly host: string; readonly path: string; readonly detail: UrlDetail };

/**
 * Receives entries in file order, duplicates included. `port` is set where the feed limits an entry to one port
 * (`203.0.113.7:8443`); a table that cannot tell ports apart takes the entry for all ports, and the report says how
 * many there were. Byte arrays belong to the sink.
 */
export interface FeedSink {
  /** `name` is canonical: lower-case A-labels, at least two labels, no trailing dot. */
  host(name: string, match: HostMatch, port: number | null): void;
  /** 4 or 16 bytes. */
  ip(address: Uint8Array, port: number | null): void;
  /** The network's address, 4 or 16 bytes, host bits zero. */
  cidr(address: Uint8Array, prefixLength: number): void;
  /** `host` is a canonical name or address text; `path` begins with `/`, is ASCII, and includes the query. */
  url(host: string, path: string, detail: UrlDetail): void;
  exception(entry: ExceptionEntry): void;
}

export interface EntryCounts {
  hosts: number;
  ips: number;
  cidrs: number;
  urls: number;
}

/** Lines that are well formed and deliberately give no entry. */
export type SkipReason =
  /** `localhost` and its relatives. */
  | 'local-name'
  /** Loopback, unspecified and broadcast addresses. */
  | 'local-address'
  /** A hosts line that maps a name to a real address: no block. */
  | 'address-mapping'
  /** An Adblock rule that applies only to some requests, pages or browsers. */
  | 'conditional-rule'
  /** An Adblock rule that hides or changes parts of pages. */
  | 'cosmetic-rule'
  /** An Adblock rule that is not about one host. */
  | 'pattern-rule'
  | 'include'
  /** A path without a host. */
  | 'path-only'
  /** A URL of another scheme than http and https. */
  | 'other-scheme';

/** Why a line cannot be read, as a user sees it. */
export type InvalidReason =
  | 'not a host name'
  | 'not an IP address'
  | 'not an address or CIDR'
  | 'a top-level domain'
  | 'empty label'
  | 'label longer than 63 bytes'
  | 'name longer than 253 bytes'
  | 'not an internationalised name'
  | 'not UTF-8'
  | 'bad port'
  | 'bad prefix length'
  | 'CIDR with host bits set'
  | 'covers every address'
  | 'an address range; CIDRs are needed'
  | 'a hosts line'
  | 'an Adblock rule'
  | 'a wildcard inside a name'
  | 'no name after the address'
  | 'more than one column'
  | 'white space in a rule'
  | 'longer than 4096 bytes';

export class EntryRecorder {
  readonly entries: EntryCounts = { hosts: 0, ips: 0, cidrs: 0, urls: 0 };
  readonly skipped: Partial<Record<SkipReason, number>> = {};
  exceptions = 0;
  portQualified = 0;
  readonly #sink: FeedSink;
  #asException = false;

  constructor(sink: FeedSink) {
    this.#sink = sink;
  }

  /** A readable line without an entry. */
  skip(reason: SkipReason): null {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + 1;
    return null;
  }

  /** Entries recorded by `record` are exceptions. */
  except(record: () => InvalidReason | null): InvalidReason | null {
    this.#asException = true;
    const result = record();
    this.#asException = false;
    return result;
  }

  /** A host name or an address in `bytes[start, end)`. */
  host(bytes: Buffer, start: number, end: number, match: HostMatch, port: number | null): InvalidReason | null {
    const plain = plainName(bytes, start, end);
    if (plain !== null) return this.#host(plain, match, port);
    if (readIp(bytes, start, end, scratch) > 0) return this.address(bytes, start, end, port);
    const name = readName(bytes, start, end);
    return typeof name === 'string' ? this.#host(name, match, port) : name.invalid;
  }

  /** An address in `bytes[start, end)`, in brackets or not. */
  address(bytes: Buffer, start: number, end: number, port: number | null): InvalidReason | null {
    const bracketed = bytes[start] === 0x5b && bytes[end - 1] === 0x5d;
    const length = bracketed ? readIp(bytes, start + 1, end - 1, scratch) : readIp(bytes, start, end, scratch);
    if (length === 0) return 'not an IP address';
    const address = scratch.slice(0, length);
    if (isLocalAddress(address)) return this.skip('local-address');
    if (port !== null) this.portQualified++;
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'ip', address, port });
    } else {
      this.entries.ips++;
      this.#sink.ip(address, port);
    }
    return null;
  }

  /** `address/length`. Null also for a local network that is skipped. */
  cidr(text: string): InvalidReason | null {
    const parsed = parseCidr(text);
    if (parsed.kind === 'rejected') {
      if (parsed.reason === 'host-bits-set') return 'CIDR with host bits set';
      return parsed.reason === 'bad-prefix-length' ? 'bad prefix length' : 'not an address or CIDR';
    }
    if (parsed.prefixLength === 0) return 'covers every address';
    const full = parsed.bytes.length * 8;
    if (isLocalNetwork(parsed.bytes, parsed.prefixLength)) return this.skip('local-address');
    if (parsed.prefixLength === full) {
      this.entries.ips++;
      this.#sink.ip(parsed.bytes, null);
    } else {
      this.entries.cidrs++;
      this.#sink.cidr(parsed.bytes, parsed.prefixLength);
    }
    return null;
  }

  /**
   * `[userinfo@]host[:port][/path][?query]` in `bytes[start, end)`, without scheme and fragment. An empty path and `/`
   * are the same URL (RFC 3986 6.2.3) and mean the whole host; anything longer is a URL entry and never blocks a host.
   */
  url(bytes: Buffer, start: number, end: number, match: HostMatch, ignoreCase: boolean): InvalidReason | null {
    let slash = start;
    while (slash < end && bytes[slash] !== 0x2f && bytes[slash] !== 0x3f) slash++;
    const at = bytes.subarray(start, slash).lastIndexOf(0x40);
    const authority = readAuthority(bytes, start + at + 1, slash);
    if (authority === null) return 'bad port';
    const { hostStart, hostEnd, port } = authority;
    if (slash === end || (slash + 1 === end && bytes[slash] === 0x2f)) {
      return bytes[hostStart] === 0x5b
        ? this.address(bytes, hostStart, hostEnd, port)
        : this.host(bytes, hostStart, hostEnd, match, port);
    }

    const host = urlHost(bytes, hostStart, hostEnd);
    if (typeof host !== 'string') return host.invalid;
    if (LOCAL_NAMES.has(host)) return this.skip('local-name');
    const path = asciiPath(bytes, slash, end);
    if (path === null) return 'not UTF-8';
    if (port !== null) this.portQualified++;
    const detail = port === null ? (ignoreCase ? ANY_CASE : AS_WRITTEN) : { port, ignoreCase };
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'url', host, path, detail });
    } else {
      this.entries.urls++;
      this.#sink.url(host, path, detail);
    }
    return null;
  }

  #host(name: string, match: HostMatch, port: number | null): InvalidReason | null {
    if (LOCAL_NAMES.has(name)) return this.skip('local-name');
    if (!name.includes('.')) return 'a top-level domain';
    if (port !== null) this.portQualified++;
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'host', name, match, port });
    } else {
      this.entries.hosts++;
      this.#sink.host(name, match, port);
    }
    return null;
  }
}

const AS_WRITTEN: UrlDetail = { port: null, ignoreCase: false };
const ANY_CASE: UrlDetail = { port: null, ignoreCase: true };
const scratch = new Uint8Array(16);

/** Names that published hosts files carry for the local machine. */
const LOCAL_NAMES: ReadonlySet<string> = new Set([
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

const DOT = 0x2e;
const LETTER = 1;
const DIGIT = 2;
const PUNCTUATION = 3;
/** What may stand in a canonical name, per byte; 0 for all else, capitals and UTF-8 included. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
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
    if (PLAIN[byte] === 0) return null;
    if (byte !== DOT) continue;
    if (i === labelStart || i - labelStart > 63) return null;
    labelStart = i + 1;
  }
  if (labelStart === end || end - labelStart > 63) return null;
  return PLAIN[bytes[labelStart] ?? 0] === LETTER ? bytes.toString('latin1', start, end) : null;
}

type NameOrReason = string | { readonly invalid: InvalidReason };

/** `canonicalHost` plus the one thing it leaves open: a name that ends in a number is a mistyped address here. */
function readName(bytes: Buffer, start: number, end: number): NameOrReason {
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

function urlHost(bytes: Buffer, start: number, end: number): NameOrReason {
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
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port > 0 && port <= 65_535 ? { hostStart: start, hostEnd: start + colon, port } : null;
}

/** Path and query as they would be sent: UTF-8 and control bytes percent-encoded, a leading slash. */
function asciiPath(bytes: Buffer, start: number, end: number): string | null {
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

/** 0.0.0.0/8, 127.0.0.0/8, 255.255.255.255, ::, ::1: never another host, so never worth an entry. */
function isLocalAddress(address: Uint8Array): boolean {
  if (address.length === 4) return isLocalNetwork(address, 32);
  for (let i = 0; i < 15; i++) if (address[i] !== 0) return false;
  return (address[15] ?? 0) <= 1;
}

function isLocalNetwork(address: Uint8Array, prefixLength: number): boolean {
  if (address.length === 16) return prefixLength >= 127 && isLocalAddress(address);
  if (prefixLength === 32 && address.every((byte) => byte === 255)) return true;
  return prefixLength >= 8 && (address[0] === 0 || address[0] === 127);
}
