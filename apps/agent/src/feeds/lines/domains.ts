/**
 * One entry a line: a name, `*.name`, `.name`, an address or CIDR, `address:port`, a URL with or without scheme. The
 * lists of the wild mix them (UT1 has addresses among domains, maltrail everything).
 *
 * Easy to get wrong: `*.name` and `.name` stand for the name itself as well, because the publishers' wildcard lists
 * leave the bare name out; a URL's host is exact.
 */
import { parseCidr } from '@sallyport/hosts/canonical';

import { type EntryRecorder, withPort } from '../entry-recorder.ts';
import { type EntryDetail, PLAIN } from '../feed-sink.ts';
import { isAddress, isCidrShaped } from './address-text.ts';
import { plainName, readAuthority } from './host-text.ts';
import { isBlank, type LineParser, type LineResult, withoutHash, withoutSemicolon } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const BANG = 0x21;
const STAR = 0x2a;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;
const AT = 0x40;
const BRACKET = 0x5b;
const PIPE = 0x7c;

const SCHEME = /^([a-z][a-z0-9+.-]{0,15}):\/\//i;

/** What some lists, made from tables, have as their first line. */
const COLUMN_NAME = /^"?(?:domains?|domain[ _]name|host(?:name)?s?|urls?|ips?|ip[ _]address|indicators?|iocs?)"?$/i;

export function domainsParser(): LineParser {
  let first = true;
  return {
    line: (bytes, start, lineEnd, out) => {
      // Nearly every line is a name and nothing else; one look at its bytes is enough for it.
      const plain = first ? null : plainName(bytes, start, lineEnd);
      if (plain !== null) return out.name(plain, 'suffix');
      const end = withoutSemicolon(bytes, start, withoutHash(bytes, start, lineEnd));
      if (end === start) return 'comment';
      if (first) {
        first = false;
        if (end - start < 20 && COLUMN_NAME.test(bytes.toString('latin1', start, end))) return out.skip('header');
      }
      return domainsLine(bytes, start, end, out);
    },
  };
}

function domainsLine(bytes: Buffer, start: number, end: number, out: EntryRecorder): LineResult {
  const first = bytes[start];
  if (first === BANG || first === PIPE || (first === AT && bytes[start + 1] === AT)) return 'an Adblock rule';
  for (let i = start; i < end; i++) {
    if (isBlank(bytes[i])) return isAddress(bytes, start, i) ? 'a hosts line' : 'more than one column';
  }
  return recordMixed(bytes, start, end, out);
}

/** An entry in any of the forms that a domain list has, in `bytes[start, end)` without white space. */
export function recordMixed(
  bytes: Buffer,
  start: number,
  end: number,
  out: EntryRecorder,
  detail: EntryDetail = PLAIN,
): InvalidReason | null {
  const first = bytes[start];
  let slash = -1;
  let colon = false;
  let star = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === SLASH || byte === QUESTION) {
      slash = i;
      break;
    }
    if (byte === COLON) colon = true;
    if (byte === STAR) star = true;
  }
  if (slash === start) return out.skip('path-only');

  let from = start;
  if (star || first === DOT) {
    if (first === STAR && bytes[start + 1] === DOT) from += 2;
    else if (first === DOT) from += 1;
    else return 'a wildcard inside a name';
    if (bytes.subarray(from, slash < 0 ? end : slash).includes(STAR)) return 'a wildcard inside a name';
  }
  if (slash < 0 && !colon) return out.host(bytes, from, end, 'suffix', detail);
  return recordCompound(bytes, from, end, slash, out, detail);
}

/** Something with a colon or slash: URL, CIDR, IPv6 address, or host with port. */
function recordCompound(
  bytes: Buffer,
  start: number,
  end: number,
  slash: number,
  out: EntryRecorder,
  detail: EntryDetail,
): InvalidReason | null {
  const scheme = SCHEME.exec(bytes.toString('latin1', start, Math.min(end, start + 20)));
  if (scheme !== null) {
    if (!/^https?$/i.test(scheme[1] ?? '')) return out.skip('other-scheme');
    return out.url(bytes, start + scheme[0].length, end, 'exact', detail);
  }
  if (slash >= 0) {
    // UT1 has URLs such as `198.51.100.16/42` beside real networks: what is no network is a host and a path.
    if (isCidrShaped(bytes, start, end)) {
      const text = bytes.toString('latin1', start, end);
      if (parseCidr(text).kind === 'ok') return out.cidr(text, detail);
    }
    return out.url(bytes, start, end, 'exact', detail);
  }
  const authority = readAuthority(bytes, start, end);
  if (authority === null) return 'bad port';
  const own = withPort(detail, authority.port);
  return bytes[start] === BRACKET
    ? out.address(bytes, authority.hostStart, authority.hostEnd, own)
    : out.host(bytes, authority.hostStart, authority.hostEnd, 'suffix', own);
}
