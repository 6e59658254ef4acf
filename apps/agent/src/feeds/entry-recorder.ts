/**
 * Turns a piece of a line or document into an entry for the sink, and counts what became of it. Every format ends
 * here, so that a name, an address or a URL means the same in each of them.
 *
 * Easy to get wrong: an entry that is limited to a port by its own text (`203.0.113.7:8443`) keeps the rest of the
 * given detail, and the port in the text wins.
 */
import { parseCidr, parseIp, readIp } from '@sallyport/hosts/canonical';

import { type EntryDetail, type FeedSink, type HostMatch, PLAIN } from './feed-sink.ts';
import { blocksOfRange, isOrdered } from './lines/address-range.ts';
import { asciiPath, LOCAL_NAMES, plainName, readAuthority, readName, urlHost } from './lines/host-text.ts';
import type { InvalidReason, SkipReason } from './lines/reasons.ts';

export interface EntryCounts {
  hosts: number;
  ips: number;
  cidrs: number;
  urls: number;
}

/** How many positions are kept for each reason to skip. */
const KEPT_POSITIONS = 5;

export class EntryRecorder {
  readonly entries: EntryCounts = { hosts: 0, ips: 0, cidrs: 0, urls: 0 };
  readonly skipped: Partial<Record<SkipReason, number>> = {};
  /** Where the first few of each reason were: numbers of lines, or of items of a document. */
  readonly skippedAt: Partial<Record<SkipReason, number[]>> = {};
  exceptions = 0;
  portQualified = 0;
  readonly #sink: FeedSink;
  readonly #position: () => number;
  #asException = false;

  /** `position` is the number of the line or item that is being read. */
  constructor(sink: FeedSink, position: () => number = () => 0) {
    this.#sink = sink;
    this.#position = position;
  }

  /** A readable piece without an entry. */
  skip(reason: SkipReason): null {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + 1;
    const positions = (this.skippedAt[reason] ??= []);
    if (positions.length < KEPT_POSITIONS) positions.push(this.#position());
    return null;
  }

  /** Entries recorded by `record` are exceptions. */
  except(record: () => InvalidReason | null): InvalidReason | null {
    this.#asException = true;
    try {
      return record();
    } finally {
      this.#asException = false;
    }
  }

  /** A host name or an address in `bytes[start, end)`. */
  host(bytes: Buffer, start: number, end: number, match: HostMatch, detail: EntryDetail = PLAIN): InvalidReason | null {
    const plain = plainName(bytes, start, end);
    if (plain !== null) return this.name(plain, match, detail);
    if (readIp(bytes, start, end, scratch) > 0) return this.address(bytes, start, end, detail);
    const name = readName(bytes, start, end);
    return typeof name === 'string' ? this.name(name, match, detail) : name.invalid;
  }

  /** A name that is canonical already, as `plainName` gives it. */
  name(name: string, match: HostMatch, detail: EntryDetail = PLAIN): InvalidReason | null {
    if (LOCAL_NAMES.has(name)) return this.skip('local-name');
    if (!name.includes('.')) return 'a top-level domain';
    if (detail.port !== null) this.portQualified++;
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'host', name, match, detail });
    } else {
      this.entries.hosts++;
      this.#sink.host(name, match, detail);
    }
    return null;
  }

  /** An address in `bytes[start, end)`, in brackets or not. */
  address(bytes: Buffer, start: number, end: number, detail: EntryDetail = PLAIN): InvalidReason | null {
    const bracketed = bytes[start] === 0x5b && bytes[end - 1] === 0x5d;
    const length = bracketed ? readIp(bytes, start + 1, end - 1, scratch) : readIp(bytes, start, end, scratch);
    if (length === 0) return 'not an IP address';
    const address = scratch.slice(0, length);
    if (isLocalAddress(address)) return this.skip('local-address');
    this.#network(address, length * 8, detail);
    return null;
  }

  /**
   * `address/length`. Null also for a local network that is skipped. A network of all addresses is recorded: whether it
   * may be used is for the guard rails to say, and to show.
   */
  cidr(text: string, detail: EntryDetail = PLAIN): InvalidReason | null {
    const parsed = parseCidr(text);
    if (parsed.kind === 'rejected') {
      if (parsed.reason === 'host-bits-set') return 'CIDR with host bits set';
      return parsed.reason === 'bad-prefix-length' ? 'bad prefix length' : 'not an address or CIDR';
    }
    if (isLocalNetwork(parsed.bytes, parsed.prefixLength)) return this.skip('local-address');
    this.#network(parsed.bytes, parsed.prefixLength, detail);
    return null;
  }

  /** Two addresses, inclusive, as the CIDRs that cover them exactly. */
  range(firstText: string, lastText: string, detail: EntryDetail = PLAIN): InvalidReason | null {
    const first = parseIp(firstText);
    const last = parseIp(lastText);
    if (first === null || last === null) return 'not an IP address';
    if (first.length !== last.length) return 'a range of two address families';
    if (!isOrdered(first, last)) return 'a range that ends before it begins';
    const blocks = blocksOfRange(first, last);
    let recorded = 0;
    for (const { address, prefixLength } of blocks) {
      if (isLocalNetwork(address, prefixLength)) continue;
      this.#network(address, prefixLength, detail);
      recorded++;
    }
    return recorded === 0 ? this.skip('local-address') : null;
  }

  /**
   * `[userinfo@]host[:port][/path][?query]` in `bytes[start, end)`, without scheme and fragment. An empty path and `/`
   * are the same URL (RFC 3986 6.2.3) and mean the whole host; anything longer is a URL entry and never blocks a host.
   */
  url(bytes: Buffer, start: number, end: number, match: HostMatch, detail: EntryDetail = PLAIN): InvalidReason | null {
    let slash = start;
    while (slash < end && bytes[slash] !== 0x2f && bytes[slash] !== 0x3f) slash++;
    const at = bytes.subarray(start, slash).lastIndexOf(0x40);
    const authority = readAuthority(bytes, start + at + 1, slash);
    if (authority === null) return 'bad port';
    const { hostStart, hostEnd, port } = authority;
    const own = withPort(detail, port);
    if (slash === end || (slash + 1 === end && bytes[slash] === 0x2f)) {
      return bytes[hostStart] === 0x5b
        ? this.address(bytes, hostStart, hostEnd, own)
        : this.host(bytes, hostStart, hostEnd, match, own);
    }

    const host = urlHost(bytes, hostStart, hostEnd);
    if (typeof host !== 'string') return host.invalid;
    if (LOCAL_NAMES.has(host)) return this.skip('local-name');
    const path = asciiPath(bytes, slash, end);
    if (path === null) return 'not UTF-8';
    if (own.port !== null) this.portQualified++;
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'url', host, path, detail: own });
    } else {
      this.entries.urls++;
      this.#sink.url(host, path, own);
    }
    return null;
  }

  #network(address: Uint8Array, prefixLength: number, detail: EntryDetail): void {
    if (detail.port !== null) this.portQualified++;
    if (this.#asException) {
      this.exceptions++;
      this.#sink.exception({ kind: 'ip', address, prefixLength, detail });
    } else if (prefixLength === address.length * 8) {
      this.entries.ips++;
      this.#sink.ip(address, detail);
    } else {
      this.entries.cidrs++;
      this.#sink.cidr(address, prefixLength, detail);
    }
  }
}

const scratch = new Uint8Array(16);

/** `detail` for one port; the same object when there is none. */
export const withPort = (detail: EntryDetail, port: number | null): EntryDetail =>
  port === null ? detail : { ...detail, port };

/** Whether an address of 4 or 16 bytes is 0.0.0.0/8, 127.0.0.0/8, 255.255.255.255, :: or ::1: never another host. */
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
