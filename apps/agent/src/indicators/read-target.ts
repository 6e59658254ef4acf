/**
 * What the value of an indicator names, from the text that somebody typed:
 *
 *   example.com            the name and all below it      192.0.2.1  2001:db8::1     an address
 *   *.example.com          what is below, not the name    198.51.100.0/24            a network
 *   exact:example.com      the name, nothing below it     192.0.2.10-192.0.2.90      a range
 *   http(s)://host/path    what is at and under a path
 *
 * Each may be for one port only: `example.com:8443`, `198.51.100.0/24:25`, `[2001:db8::1]:443`, `http://host:8080/a`.
 *
 * Easy to get wrong: the canonical text is the identity of an indicator, so reading it again must give it back. And
 * `1.2.3.999` is a legal host name by its characters: a name whose last label is a number is a mistyped address here.
 */
import type { IndicatorType } from '@sallyport/contract/indicator-values';
import { canonicalHost, formatIp, type HostReject, parseCidr, parseIp } from '@sallyport/hosts/canonical';
import { MAX_PATH_BYTES } from '@sallyport/hosts/url-path';

import { type Network, networksOfRange } from './address-range.ts';
import { quote } from './quote.ts';

/** What there is to match. */
export type Destination =
  | { readonly kind: 'host'; readonly name: string; readonly match: 'suffix' | 'exact' | 'subdomains' }
  | { readonly kind: 'networks'; readonly networks: readonly Network[] }
  /** `host` is a canonical name or the text of an address, without brackets. */
  | { readonly kind: 'url'; readonly isTls: boolean; readonly host: string; readonly path: string };

export interface Target {
  readonly type: IndicatorType;
  /** Canonical. */
  readonly value: string;
  readonly destination: Destination;
  /** Null: any port. */
  readonly port: number | null;
}

/** What a value names, or why it cannot be used, in one line. */
export type ReadTarget =
  | { readonly kind: 'ok'; readonly target: Target }
  | { readonly kind: 'rejected'; readonly reason: string };

const MAX_TEXT = 2048;

/** The canonical value and what it means; `check` and `remove` understand what is typed in the same way. */
export function readTarget(text: string): ReadTarget {
  if (text.length > MAX_TEXT) return refuse(`longer than ${MAX_TEXT} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return readUrl(text);
  const split = splitPort(text);
  if (split.kind === 'rejected') return split;
  const { rest, port, bracketed } = split;
  const read = readAddresses(rest, text) ?? (bracketed ? notBracketed(text) : readHost(rest, text));
  if (read.kind === 'rejected' || port === null) return read;
  const { value, destination } = read.target;
  const isSix = destination.kind === 'networks' && value.includes(':');
  return { kind: 'ok', target: { ...read.target, value: `${isSix ? `[${value}]` : value}:${port}`, port } };
}

const refuse = (reason: string): { readonly kind: 'rejected'; readonly reason: string } => ({
  kind: 'rejected',
  reason,
});

const accept = (type: IndicatorType, value: string, destination: Destination): ReadTarget => ({
  kind: 'ok',
  target: { type, value, destination, port: null },
});

type Split =
  | { readonly kind: 'ok'; readonly rest: string; readonly port: number | null; readonly bracketed: boolean }
  | { readonly kind: 'rejected'; readonly reason: string };

/** Takes the port off. A text with several colons is an IPv6 address, whose port stands behind brackets. */
function splitPort(text: string): Split {
  const brackets = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  const plain = brackets === null ? /^([^:]*|exact:[^:]*):(\d+)$/is.exec(text) : null;
  const [, rest = text, digits] = brackets ?? plain ?? [];
  const bracketed = brackets !== null;
  if (digits === undefined) {
    return bracketed && parseIp(rest) !== null
      ? refuse(`${quote(text)}: write the IPv6 address without brackets, or a port behind them`)
      : { kind: 'ok', rest, port: null, bracketed };
  }
  const port = readPort(digits);
  return port === null
    ? refuse(`${quote(text)}: ${quote(digits)} is no port; write a number from 1 to 65535`)
    : { kind: 'ok', rest, port, bracketed };
}

function readPort(digits: string): number | null {
  const port = /^[1-9]\d{0,4}$/.test(digits) ? Number(digits) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

const notBracketed = (text: string): ReadTarget =>
  refuse(`${quote(text)}: only IPv6 addresses, networks and ranges stand in brackets`);

/** An address, a network or a range; null when the text is none and does not look like one. */
function readAddresses(text: string, typed: string): ReadTarget | null {
  if (isExact(text)) return null;
  if (text.includes('/')) return readNetwork(text, typed);
  const dash = text.indexOf('-');
  if (dash > 0 && /^[0-9a-f.:\s-]*$/i.test(text)) {
    const first = parseIp(text.slice(0, dash).trim());
    const last = parseIp(text.slice(dash + 1).trim());
    if (first !== null || last !== null) return readRange(first, last, typed);
  }
  const address = parseIp(text);
  if (address !== null) return acceptNetwork(address, address.length * 8);
  const fault = addressFault(text);
  return fault === null ? null : refuse(fault);
}

function acceptNetwork(address: Uint8Array, prefixLength: number): ReadTarget {
  const text = formatIp(address);
  const value = prefixLength === address.length * 8 ? text : `${text}/${prefixLength}`;
  return accept('IpAddress', value, { kind: 'networks', networks: [{ address, prefixLength }] });
}

function readNetwork(text: string, typed: string): ReadTarget {
  const shown = (): string => quote(typed);
  const cidr = parseCidr(text);
  if (cidr.kind === 'ok' && cidr.prefixLength === 0)
    return refuse(`${shown()} covers every address; name smaller networks`);
  if (cidr.kind === 'ok') return acceptNetwork(cidr.bytes, cidr.prefixLength);
  switch (cidr.reason) {
    case 'host-bits-set':
      return refuse(`${shown()} has bits set behind its prefix; the network is ${cidr.network}`);
    case 'bad-prefix-length':
      return refuse(`${shown()}: the prefix length must be 0–32 for IPv4 or 0–128 for IPv6`);
    case 'bad-address':
    case 'no-prefix-length': {
      const fault = addressFault(text.slice(0, text.indexOf('/')));
      return refuse(
        fault ?? `${shown()} looks like a URL without its scheme; write http://${quote(typed).slice(1, -1)}`,
      );
    }
    default:
      return cidr satisfies never;
  }
}

function readRange(first: Uint8Array | null, last: Uint8Array | null, typed: string): ReadTarget {
  const shown = (): string => quote(typed);
  if (first === null) return refuse(`${shown()}: the first address of the range is none`);
  if (last === null) return refuse(`${shown()}: the last address of the range is none`);
  const networks = networksOfRange(first, last);
  if (networks === null) {
    return refuse(
      first.length === last.length
        ? `${shown()}: the range ends before it begins; write the lower address first`
        : `${shown()}: the range mixes IPv4 and IPv6`,
    );
  }
  const only = networks.length === 1 ? networks[0] : undefined;
  if (only?.prefixLength === 0) return refuse(`${shown()} covers every address; name smaller ranges`);
  if (only !== undefined) return acceptNetwork(only.address, only.prefixLength);
  return accept('IpAddress', `${formatIp(first)}-${formatIp(last)}`, { kind: 'networks', networks });
}

const EXACT = 'exact:';
const isExact = (text: string): boolean => text.slice(0, EXACT.length).toLowerCase() === EXACT;

function readHost(text: string, typed: string): ReadTarget {
  const shown = (): string => quote(typed);
  const below = text.startsWith('*.');
  const exact = isExact(text);
  const bare = below ? text.slice(2) : exact ? text.slice(EXACT.length).trim() : text;
  if (bare.includes('*')) return refuse(`${shown()}: "*" is only allowed as a leading "*."`);
  const fault = addressFault(bare);
  if (fault !== null) return refuse(fault);
  if (exact && parseIp(bare) !== null) return refuse(`${shown()}: an address is always exact; leave "exact:" out`);
  const host = canonicalHost(bare);
  if (host.kind === 'rejected') return refuse(`${shown()} ${HOST_FAULTS[host.reason]}`);
  const name = host.value;
  if (!name.includes('.'))
    return refuse(`${shown()} is a top-level domain or a bare name; name at least two labels, such as example.${name}`);
  if (below) return accept('DomainName', `*.${name}`, { kind: 'host', name, match: 'subdomains' });
  if (exact) return accept('DomainName', `${EXACT}${name}`, { kind: 'host', name, match: 'exact' });
  return accept('DomainName', name, { kind: 'host', name, match: 'suffix' });
}

const USUAL_PORTS = { http: '80', https: '443' } as const;

function readUrl(text: string): ReadTarget {
  const shown = (): string => quote(text);
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/i.exec(text);
  const scheme = parts?.[1]?.toLowerCase() ?? '';
  if (scheme !== 'http' && scheme !== 'https') return refuse(`${shown()}: only http and https URLs are supported`);
  const authority = parts?.[2] ?? '';
  if (authority.includes('@')) return refuse(`${shown()}: leave user name and password out`);
  const colon = /:([^:\]]*)$/.exec(authority);
  const digits = colon?.[1] ?? '';
  const isUsual = digits === '' || digits === USUAL_PORTS[scheme];
  const port = isUsual ? null : readPort(digits);
  if (!isUsual && port === null)
    return refuse(`${shown()}: ${quote(digits)} is no port; write a number from 1 to 65535`);
  const hostText = colon === null ? authority : authority.slice(0, -colon[0].length);
  const literal = parseIp(hostText.startsWith('[') && hostText.endsWith(']') ? hostText.slice(1, -1) : hostText);
  let host: string;
  if (literal !== null) {
    host = formatIp(literal);
  } else {
    const fault = addressFault(hostText);
    if (fault !== null) return refuse(fault);
    const name = canonicalHost(hostText);
    if (name.kind === 'rejected') return refuse(`${shown()}: the host ${HOST_FAULTS[name.reason]}`);
    if (!name.value.includes('.')) return refuse(`${shown()}: the host is a top-level domain or a bare name`);
    host = name.value;
  }
  const rest = parts?.[3] ?? '';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(rest)) return refuse(`${shown()}: white space in a URL; encode it as %20`);
  const path = encodeNonAscii(rest.startsWith('/') ? rest : `/${rest}`);
  if (path.length >= MAX_PATH_BYTES) return refuse(`the path of the URL is longer than ${MAX_PATH_BYTES - 1} bytes`);
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const value = `${scheme}://${shownHost}${port === null ? '' : `:${port}`}${path}`;
  return {
    kind: 'ok',
    target: { type: 'Url', value, destination: { kind: 'url', isTls: scheme === 'https', host, path }, port },
  };
}

/** Browsers send a path in UTF-8, percent-encoded. */
const encodeNonAscii = (path: string): string =>
  path.replaceAll(/[^\u0000-\u007f]+/gu, (run) => encodeURIComponent(run.toWellFormed())); // oxlint-disable-line no-control-regex -- the ASCII range

const HOST_FAULTS = {
  empty: 'is empty',
  'empty-label': 'has an empty label (two dots in a row, or a leading dot)',
  'label-too-long': 'has a label of more than 63 characters',
  'name-too-long': 'is longer than 253 characters',
  'bad-character': 'is no domain, URL, IP address or CIDR: it has a character that cannot stand in a host name',
  'bad-idna': 'is not a valid internationalised name',
  address: 'is an IP address in an unusual form; write it plainly',
} as const satisfies Record<HostReject, string>;

/** Why something that looks like an address is none; null when it does not look like one. */
function addressFault(text: string): string | null {
  const shown = (): string => quote(text);
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) {
    return parseIp(text) === null
      ? `${shown()} is not an IPv6 address; expected up to eight groups of up to four hex digits`
      : null;
  }
  if (!/^[0-9]+(?:\.[0-9]*)*$/.test(text) || parseIp(text) !== null)
    return /\.[0-9]+\.?$/.test(text) ? numericEnd(text) : null;
  const parts = text.split('.');
  if (parts.length !== 4) return `${shown()} is not an IPv4 address; it has ${parts.length} parts instead of four`;
  for (const part of parts) {
    if (part === '') return `${shown()} is not an IPv4 address; one of its parts is empty`;
    if (Number(part) > 255) return `${shown()} is not an IPv4 address; ${part.slice(0, 16)} is more than 255`;
    if (part.length > 1 && part.startsWith('0'))
      return `${shown()} is not an IPv4 address; write ${part.slice(0, 16)} without leading zeros`;
  }
  return null;
}

const numericEnd = (text: string): string | null =>
  parseIp(text) === null ? `${quote(text)} ends in a number and is neither a domain nor an IP address` : null;
