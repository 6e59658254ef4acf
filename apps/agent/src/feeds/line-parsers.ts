/**
 * The four formats, one function per line each. They stand in one file because they are only understood side by side:
 * what one of them must refuse is what another one means.
 *
 * Easy to get wrong: the same text means different breadths. A hosts file names exact hosts; a domain list, also
 * one written as `*.name` or `.name`, names hosts with all below them (the publishers' wildcard lists leave the bare
 * name out); `||name^` likewise. A line is given without its line end and without white space around it, never empty.
 */
import { parseCidr, readIp } from '@sallyport/hosts/canonical';

import { type EntryRecorder, type InvalidReason, readAuthority } from './entry-recorder.ts';

export const FORMATS = ['hosts', 'domains', 'adblock', 'cidr'] as const;
export type Format = (typeof FORMATS)[number];

/** Null: readable, whether or not it gave an entry. */
export type LineResult = 'comment' | InvalidReason | null;

/** Reads `bytes[start, end)` into `out`. May keep state from line to line: make one per feed. */
export type LineParser = (bytes: Buffer, start: number, end: number, out: EntryRecorder) => LineResult;

export const LINE_PARSERS = {
  hosts: () => hostsLine,
  domains: () => domainsLine,
  adblock: adblockParser,
  cidr: () => cidrLine,
} as const satisfies Record<Format, () => LineParser>;

const SPACE = 0x20;
const TAB = 0x09;
const BANG = 0x21;
const HASH = 0x23;
const DOLLAR = 0x24;
const PERCENT = 0x25;
const STAR = 0x2a;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const AT = 0x40;
const BRACKET = 0x5b;
const CARET = 0x5e;
const PIPE = 0x7c;

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** The end of the column that begins at `start`. */
function columnEnd(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && !isBlank(bytes[i])) i++;
  return i;
}

/** The start of the next column. */
function skipBlanks(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && isBlank(bytes[i])) i++;
  return i;
}

/** `end` without trailing blanks. */
function trimEnd(bytes: Buffer, start: number, end: number): number {
  let i = end;
  while (i > start && isBlank(bytes[i - 1])) i--;
  return i;
}

/** Cuts a `#` comment, wherever it begins: neither names nor the parts of a URL that are sent can hold one. */
function withoutHash(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === HASH) return trimEnd(bytes, start, i);
  return end;
}

/** Cuts a `;` comment, which needs white space before it because a URL may hold the character. */
function withoutSemicolon(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === SEMICOLON) return start;
  for (let i = start + 1; i < end; i++) {
    if (bytes[i] === SEMICOLON && isBlank(bytes[i - 1])) return trimEnd(bytes, start, i);
  }
  return end;
}

/** `0.0.0.0 name [name…] # comment` (hosts(5)). */
function hostsLine(bytes: Buffer, start: number, lineEnd: number, out: EntryRecorder): LineResult {
  const end = withoutHash(bytes, start, lineEnd);
  if (end === start) return 'comment';
  const addressEnd = columnEnd(bytes, start, end);
  const target = hostsAddress(bytes, start, addressEnd);
  if (target === null) return 'not an IP address';
  let column = skipBlanks(bytes, addressEnd, end);
  if (column === end) return 'no name after the address';
  if (target === 'other') return out.skip('address-mapping');

  let invalid: InvalidReason | null = null;
  while (column < end) {
    const next = columnEnd(bytes, column, end);
    invalid ??= out.host(bytes, column, next, 'exact', null);
    column = skipBlanks(bytes, next, end);
  }
  return invalid;
}

const scratch = new Uint8Array(16);

/** Whether names on this address are blocked (it leads nowhere) or only mapped; null when it is no address. */
function hostsAddress(bytes: Buffer, start: number, end: number): 'nowhere' | 'other' | null {
  // `0` is the short form of 0.0.0.0 that inet_aton and some published lists know.
  if (end - start === 1 && bytes[start] === 0x30) return 'nowhere';
  const zone = bytes.subarray(start, end).indexOf(PERCENT);
  const length = readIp(bytes, start, zone < 0 ? end : start + zone, scratch);
  if (length === 0) return null;
  if (length === 4) return isUnspecifiedOrLoopback(scratch) ? 'nowhere' : 'other';
  for (let i = 0; i < 15; i++) if (scratch[i] !== 0) return 'other';
  return (scratch[15] ?? 0) <= 1 ? 'nowhere' : 'other';
}

const isUnspecifiedOrLoopback = (v4: Uint8Array): boolean =>
  v4[0] === 127 || (v4[0] === 0 && v4[1] === 0 && v4[2] === 0 && v4[3] === 0);

const SCHEME = /^([a-z][a-z0-9+.-]{0,15}):\/\//i;

/**
 * One entry a line: a name, `*.name`, `.name`, an address or CIDR, `address:port`, a URL with or without scheme. The
 * lists of the wild mix them (UT1 has addresses among domains, maltrail everything).
 */
function domainsLine(bytes: Buffer, start: number, lineEnd: number, out: EntryRecorder): LineResult {
  const end = withoutSemicolon(bytes, start, withoutHash(bytes, start, lineEnd));
  if (end === start) return 'comment';
  const first = bytes[start];
  if (first === BANG || first === PIPE || (first === AT && bytes[start + 1] === AT)) return 'an Adblock rule';
  let slash = -1;
  let colon = false;
  let star = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (isBlank(byte)) return isAddress(bytes, start, i) ? 'a hosts line' : 'more than one column';
    if ((byte === SLASH || byte === QUESTION) && slash < 0) slash = i;
    if (slash >= 0) continue;
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
  if (slash < 0 && !colon) return out.host(bytes, from, end, 'suffix', null);
  return mixedEntry(bytes, from, end, slash, out);
}

/** Something with a colon or slash: URL, CIDR, IPv6 address, or host with port. */
function mixedEntry(bytes: Buffer, start: number, end: number, slash: number, out: EntryRecorder): LineResult {
  const scheme = SCHEME.exec(bytes.toString('latin1', start, Math.min(end, start + 20)));
  if (scheme !== null) {
    if (!/^https?$/i.test(scheme[1] ?? '')) return out.skip('other-scheme');
    return out.url(bytes, start + scheme[0].length, end, 'exact', false);
  }
  if (slash >= 0) {
    // UT1 has URLs such as `198.51.100.16/42` beside real networks: what is no network is a host and a path.
    if (isCidrShaped(bytes, start, end)) {
      const text = bytes.toString('latin1', start, end);
      if (parseCidr(text).kind === 'ok') return out.cidr(text);
    }
    return out.url(bytes, start, end, 'exact', false);
  }
  const authority = readAuthority(bytes, start, end);
  if (authority === null) return 'bad port';
  return bytes[start] === BRACKET
    ? out.address(bytes, authority.hostStart, authority.hostEnd, authority.port)
    : out.host(bytes, authority.hostStart, authority.hostEnd, 'suffix', authority.port);
}

const isAddress = (bytes: Buffer, start: number, end: number): boolean => readIp(bytes, start, end, scratch) > 0;

/** An address, a slash, digits. */
function isCidrShaped(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 50) return false;
  const [address, length, rest] = bytes.toString('latin1', start, end).split('/');
  return (
    rest === undefined && /^\d{1,3}$/.test(length ?? '') && isAddress(bytes, start, start + (address ?? '').length)
  );
}

/** An address, `address:port` or CIDR in the first column; later columns are remarks. */
function cidrLine(bytes: Buffer, start: number, lineEnd: number, out: EntryRecorder): LineResult {
  const end = withoutSemicolon(bytes, start, withoutHash(bytes, start, lineEnd));
  if (end === start) return 'comment';
  let first = start;
  while (first < end && !isBlank(bytes[first]) && bytes[first] !== SEMICOLON) first++;
  const second = skipBlanks(bytes, first, end);
  if (second < end && bytes[first] !== SEMICOLON) {
    const refused = secondColumn(bytes, start, first, second, end);
    if (refused !== null) return refused;
  }
  if (bytes.subarray(start, first).includes(SLASH)) return out.cidr(bytes.toString('latin1', start, first));
  const authority = readAuthority(bytes, start, first);
  const invalid = authority && out.address(bytes, authority.hostStart, authority.hostEnd, authority.port);
  if (authority !== null && invalid === null) return null;
  return looksLikeRange(bytes, start, first) ? 'an address range; CIDRs are needed' : 'not an address or CIDR';
}

/** Remarks are free text, except where they change what the first column means. */
function secondColumn(bytes: Buffer, start: number, first: number, second: number, end: number): InvalidReason | null {
  const secondEnd = columnEnd(bytes, second, end);
  const dash = secondEnd - second === 1 && bytes[second] === 0x2d;
  if (isAddress(bytes, second, secondEnd) || dash) return 'an address range; CIDRs are needed';
  return hostsAddress(bytes, start, first) === 'nowhere' ? 'a hosts line' : null;
}

function looksLikeRange(bytes: Buffer, start: number, end: number): boolean {
  const dash = bytes.subarray(start, end).indexOf(0x2d);
  return dash > 0 && isAddress(bytes, start, start + dash);
}

/** Options that leave a rule unconditional: it blocks every request to the host. */
const PLAIN_OPTIONS: ReadonlySet<string> = new Set(['all', 'document', 'doc', 'important', '']);
/** Where options begin: `$`, a name, then a value, the next option or the end. A `$` in a path does not look so. */
const OPTIONS = /\$(?=~?[a-z0-9_-]+(?:[,=]|$))/i;
/** Element hiding, scriptlets, HTML filters, in all their dialects. */
const COSMETIC = /#@?[$%?]{0,2}#|\$@?\$/;

/**
 * Adblock Plus, uBlock Origin and AdGuard syntax, of which only rules about whole hosts and URL prefixes are taken.
 * A line that is nothing but a name is a host, as uBlock Origin reads it.
 */
function adblockParser(): LineParser {
  /** How many `!#if` are open: rules inside apply to some browsers only. */
  let depth = 0;

  return (bytes, start, end, out) => {
    const first = bytes[start];
    if (first === BANG) {
      if (bytes[start + 1] !== HASH) return 'comment';
      const directive = bytes.toString('latin1', start + 2, columnEnd(bytes, start, end));
      if (directive === 'if') depth++;
      else if (directive === 'endif') depth = Math.max(0, depth - 1);
      else if (directive === 'include') return out.skip('include');
      return 'comment';
    }
    if (first === BRACKET && bytes[start + 1] !== DOLLAR) return 'comment';
    if (first === HASH && (start + 1 === end || isBlank(bytes[start + 1]))) return 'comment';
    if (depth > 0 || first === BRACKET) return out.skip('conditional-rule');
    if (first === AT && bytes[start + 1] === AT) return out.except(() => adblockRule(bytes, start + 2, end, out));
    return adblockRule(bytes, start, end, out);
  };
}

function adblockRule(bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null {
  const text = bytes.toString('latin1', start, end);
  if (COSMETIC.test(text)) return out.skip('cosmetic-rule');
  if (text.startsWith('/') && /\/(?:\$|$)/.test(text.slice(1))) return out.skip('pattern-rule');
  const options = OPTIONS.exec(text);
  const pattern = options === null ? text : text.slice(0, options.index);
  if (/[ \t]/.test(pattern))
    return isAddress(bytes, start, columnEnd(bytes, start, end)) ? 'a hosts line' : 'white space in a rule';
  if (options !== null) {
    const named = text
      .slice(options.index + 1)
      .toLowerCase()
      .split(',');
    if (!named.every((option) => PLAIN_OPTIONS.has(option))) return out.skip('conditional-rule');
  }
  const patternEnd = start + pattern.length;
  if (pattern.startsWith('||')) return anchoredRule(bytes, start + 2, patternEnd, out);
  if (isCidrShaped(bytes, start, patternEnd)) return 'not a host name';
  if (
    options === null &&
    /^[a-z0-9\x80-\xff][\w.\x80-\xff-]*[a-z0-9\x80-\xff]$/i.test(pattern) &&
    pattern.includes('.')
  ) {
    return out.host(bytes, start, patternEnd, 'suffix', null);
  }
  return out.skip('pattern-rule');
}

/** What follows `||`: a host, and then nothing more than its end, or a path. */
function anchoredRule(bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null {
  const wildcard = bytes[start] === STAR && bytes[start + 1] === DOT;
  const hostStart = wildcard ? start + 2 : start;
  // An IPv6 address has colons of its own.
  const bracket = bytes[hostStart] === BRACKET ? bytes.subarray(hostStart, end).indexOf(0x5d) : -1;
  let hostEnd = hostStart + bracket + 1;
  while (hostEnd < end && !ENDS_HOST.has(bytes[hostEnd] ?? 0)) hostEnd++;
  let rest = bytes.toString('latin1', hostEnd, end);
  const port = /^:\d*/.exec(rest)?.[0] ?? '';
  rest = rest.slice(port.length);
  if (isPartOfName(bytes, hostStart, hostEnd, rest)) return out.skip('pattern-rule');

  if (WHOLE_HOST.has(rest)) {
    const authority = readAuthority(bytes, hostStart, hostEnd + port.length);
    if (authority === null) return 'bad port';
    if (bytes[hostStart] === BRACKET) return out.address(bytes, hostStart, authority.hostEnd, authority.port);
    return out.host(bytes, hostStart, authority.hostEnd, wildcard ? 'subdomains' : 'suffix', authority.port);
  }
  let pathEnd = rest.length;
  while (pathEnd > 0 && '^*|'.includes(rest.charAt(pathEnd - 1))) pathEnd--;
  const path = rest.slice(0, pathEnd);
  if (wildcard || !/^[/?]/.test(path) || /[*^|]/.test(path)) return out.skip('pattern-rule');
  return out.url(bytes, hostStart, end - (rest.length - pathEnd), 'suffix', true);
}

/**
 * Whether what stands between `||` and `rest` is only a part of the names that the rule matches: `||name.^`, `||.name^`,
 * `||secure-login-` (no end given), `||xyz/login/` (any host below xyz). `||xyz^` is not: it names all of xyz.
 */
function isPartOfName(bytes: Buffer, start: number, end: number, rest: string): boolean {
  if (end === start || bytes[start] === DOT || bytes[end - 1] === DOT) return true;
  if (bytes[start] === BRACKET || rest.startsWith('^')) return false;
  return bytes[end - 1] === 0x2d || !bytes.subarray(start, end).includes(DOT);
}

const ENDS_HOST: ReadonlySet<number> = new Set([CARET, SLASH, COLON, QUESTION, STAR, PIPE, DOLLAR]);
const WHOLE_HOST: ReadonlySet<string> = new Set(['', '^', '^|', '^*', '|', '/', '/^', '/*', '/|']);
