/**
 * Head of an HTTP/1.x request: the request line, every name it asks for, and how long its body is (RFC 9112).
 *
 * There can be more than one name: absolute-form beside Host, Host twice, Host folded over lines. Servers differ on which
 * one counts, so all of them are reported and `ambiguous` says that they may not be reduced to one.
 * The parser is as lenient as the laxest server in common use, because a head that it refuses is a head that it cannot judge.
 */
import { incomplete, type Parsed, rejected } from '../parsed.ts';
import { hostOfAuthority, sameName } from './authority.ts';
import { COLON, CR, equalsIgnoreCase, isBlank, isDigit, isSpace, isTokenByte, LF, SP, TAB } from './characters.ts';

export type RequestReject =
  /** A byte that no request line can hold at this place. */
  | 'not-http'
  /** The first line ended without `HTTP/` and a version: another line-based protocol, or HTTP/0.9. */
  | 'no-version'
  | 'method-too-long'
  /** More than {@link MAX_HEAD} bytes without a line end. */
  | 'line-too-long'
  /** More than {@link MAX_HOSTS} different names. */
  | 'too-many-hosts';

/** What follows the head: this many bytes, chunks, or nothing. */
export type BodyLength = number | 'chunked' | 'none';

/** All views are of the bytes given to the parser and live as long as those. */
export interface RequestHead {
  readonly method: string;
  /** request-target as on the wire. */
  readonly target: Uint8Array;
  /** 0x0100 for HTTP/1.0, 0x0101 for HTTP/1.1. */
  readonly version: number;
  /** Every different host asked for, the one that counts by RFC 9112 section 3.2.2 first. No port, userinfo, brackets. */
  readonly hosts: readonly Uint8Array[];
  /** Value of the first Host field, as on the wire without surrounding blanks; null if there is none or it is empty. */
  readonly hostField: Uint8Array | null;
  /** Servers may disagree on the host or on where the body ends. */
  readonly ambiguous: boolean;
  /** False if the blank line was not seen: further names may follow, and nothing is known about the body. */
  readonly complete: boolean;
  /** Bytes up to and including the blank line, with empty lines before the request line. */
  readonly headLength: number;
  readonly bodyLength: BodyLength;
  /** No further request is to be expected on this connection. */
  readonly connectionClose: boolean;
  /** Has an Upgrade field. A server is free to ignore it, so what follows may be another request all the same. */
  readonly upgrade: boolean;
}

/** Longest head read, in bytes. Servers stop at 8 to 64 KiB. */
const MAX_HEAD = 16_384;
/** Most different names in one head. Two are rare, and comparing thousands with each other would take milliseconds. */
const MAX_HOSTS = 32;
const MAX_METHOD = 32;
/** `x x HTTP/1.0` and an empty line. */
const SHORTEST_HEAD = 14;
const ASTERISK = 0x2a;
const COMMA = 0x2c;
const SLASH = 0x2f;

/**
 * Reads the request head at the start of `bytes`. Bytes after the blank line are ignored.
 * A head longer than {@link MAX_HEAD} is answered with what its first bytes say and `complete: false`.
 */
export function parseRequestHead(bytes: Uint8Array): Parsed<RequestHead, RequestReject> {
  const line = parseRequestLine(bytes);
  if (line.kind !== 'ok') return line;
  const end = headEnd(bytes, line.value.length);
  const complete = end !== -1 && end <= MAX_HEAD;
  if (!complete && bytes.length < MAX_HEAD) return incomplete(bytes.length + 1);
  const head = readHead(bytes, line.value, complete ? end : MAX_HEAD, complete);
  return head.hosts.length > MAX_HOSTS ? rejected('too-many-hosts', line.value.length) : { kind: 'ok', value: head };
}

/**
 * What an unfinished head has said so far, for a caller that cannot wait any longer; null before the first line is whole.
 * The last line may be cut short, so a name in it may be too.
 */
export function partialRequestHead(bytes: Uint8Array): RequestHead | null {
  const line = parseRequestLine(bytes);
  return line.kind === 'ok' ? readHead(bytes, line.value, Math.min(bytes.length, MAX_HEAD), false) : null;
}

/** Indices of a request line's parts. */
interface RequestLine {
  readonly methodStart: number;
  readonly methodEnd: number;
  readonly targetStart: number;
  readonly targetEnd: number;
  readonly version: number;
  /** Bytes up to and including the LF. */
  readonly length: number;
}

function parseRequestLine(bytes: Uint8Array): Parsed<RequestLine, RequestReject> {
  const length = bytes.length;
  let at = 0;
  // RFC 9112 section 2.2: empty lines before the request line are to be ignored.
  while (at < length && (bytes[at] === CR || bytes[at] === LF)) at++;

  const methodStart = at;
  while (at < length && isTokenByte(bytes[at] ?? 0)) at++;
  const methodEnd = at;
  if (methodEnd - methodStart > MAX_METHOD) return rejected('method-too-long', methodStart);
  if (at < length && (methodEnd === methodStart || !isBlank(bytes[at] ?? 0))) return rejected('not-http', at);
  while (at < length && isBlank(bytes[at] ?? 0)) at++;

  const targetStart = at;
  while (at < length && (bytes[at] ?? 0) !== LF) {
    const byte = bytes[at] ?? 0;
    if ((byte < SP && byte !== TAB && byte !== CR) || byte === 0x7f) return rejected('not-http', at);
    at++;
  }
  if (at >= length) {
    if (length >= MAX_HEAD) return rejected('line-too-long', length);
    return incomplete(Math.max(length + 1, methodStart + SHORTEST_HEAD));
  }
  let lineEnd = at;
  while (lineEnd > targetStart && isSpace(bytes[lineEnd - 1] ?? 0)) lineEnd--;
  const versionStart = versionBefore(bytes, targetStart, lineEnd);
  if (versionStart === -1) return rejected('no-version', at);
  let targetEnd = versionStart;
  while (targetEnd > targetStart && isBlank(bytes[targetEnd - 1] ?? 0)) targetEnd--;
  const major = (bytes[versionStart + 5] ?? 0) - 0x30;
  const minor = (bytes[versionStart + 7] ?? 0) - 0x30;
  return {
    kind: 'ok',
    value: { methodStart, methodEnd, targetStart, targetEnd, version: (major << 8) | minor, length: at + 1 },
  };
}

function readHead(bytes: Uint8Array, line: RequestLine, end: number, complete: boolean): RequestHead {
  const head = new HeadReader(bytes);
  head.readTarget(line);
  head.readFields(line.length, end);
  return {
    method: ascii(bytes, line.methodStart, line.methodEnd),
    target: bytes.subarray(line.targetStart, line.targetEnd),
    version: line.version,
    hosts: head.hosts,
    hostField: head.hostField,
    ambiguous: head.ambiguous,
    complete,
    headLength: end,
    bodyLength: head.bodyLength(),
    connectionClose: head.close || (line.version < 0x01_01 && !head.keepAlive),
    upgrade: head.upgrade,
  };
}

/** Start of `HTTP/d.d` at the end of a line, or -1. Case is ignored, as by some servers. */
export function versionBefore(bytes: Uint8Array, start: number, end: number): number {
  const at = end - 8;
  if (at <= start || !isBlank(bytes[at - 1] ?? 0)) return -1;
  if (!equalsIgnoreCase(bytes, at, at + 5, 'http/') || bytes[at + 6] !== 0x2e) return -1;
  return isDigit(bytes[at + 5] ?? 0) && isDigit(bytes[at + 7] ?? 0) ? at : -1;
}

/** Index after the blank line that ends the fields starting at `from`, or -1. Lines may end in a bare LF. */
function headEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    if (bytes[at] === LF) return at + 1;
    if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2;
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd === -1) return -1;
    at = lineEnd + 1;
  }
}

/** What the fields have said so far. One per head. */
class HeadReader {
  readonly #bytes: Uint8Array;
  readonly hosts: Uint8Array[] = [];
  hostField: Uint8Array | null = null;
  ambiguous = false;
  close = false;
  keepAlive = false;
  upgrade = false;
  #hostFields = 0;
  #contentLength = -1;
  #chunked = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bodyLength(): BodyLength {
    if (this.#chunked) return 'chunked';
    return this.#contentLength > 0 ? this.#contentLength : 'none';
  }

  /** RFC 9112 section 3.2: authority-form for CONNECT, absolute-form for proxies; the other two forms name no host. */
  readTarget({ methodStart, methodEnd, targetStart: start, targetEnd: end }: RequestLine): void {
    const bytes = this.#bytes;
    const first = bytes[start] ?? 0;
    if (first === SLASH || (first === ASTERISK && end - start === 1)) return;
    if (equalsIgnoreCase(bytes, methodStart, methodEnd, 'connect')) {
      this.#addHost(hostOfAuthority(bytes, start, end));
      return;
    }
    for (let i = start; i + 2 < end; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === COLON) {
        if (bytes[i + 1] === SLASH && bytes[i + 2] === SLASH) this.#addHost(hostOfAuthority(bytes, i + 3, end));
        return;
      }
      if (!isTokenByte(byte)) return;
    }
  }

  /** Reads the field lines in [from, end); the blank line included. */
  readFields(from: number, end: number): void {
    const bytes = this.#bytes;
    let at = from;
    while (at < end) {
      const newline = bytes.indexOf(LF, at);
      const lineEnd = newline === -1 || newline > end ? end : newline;
      this.#readField(at, lineEnd, end);
      at = lineEnd + 1;
    }
  }

  #readField(lineStart: number, lineEnd: number, end: number): void {
    const bytes = this.#bytes;
    let start = lineStart;
    while (start < lineEnd && isBlank(bytes[start] ?? 0)) start++;
    const interesting = (bytes[start] ?? 0) | 0x20;
    // h, c, t, u: the first letters of the five names below. Most lines stop here.
    if (interesting !== 0x68 && interesting !== 0x63 && interesting !== 0x74 && interesting !== 0x75) return;
    let colon = start;
    while (colon < lineEnd && bytes[colon] !== COLON) colon++;
    if (colon === lineEnd) return;
    let nameEnd = colon;
    while (nameEnd > start && isBlank(bytes[nameEnd - 1] ?? 0)) nameEnd--;

    // A folded line that reads like a field is one to servers that do not unfold. It has its own line only, or a thousand
    // such lines would be read a thousand times.
    const folded = start > lineStart;
    const from = colon + 1;
    const stop = folded ? lineEnd : valueEnd(bytes, lineEnd, end);
    switch (nameEnd - start) {
      case 4:
        if (!equalsIgnoreCase(bytes, start, nameEnd, 'host')) break;
        this.ambiguous ||= folded;
        this.#readHost(from, stop);
        break;
      case 7:
        this.upgrade ||= equalsIgnoreCase(bytes, start, nameEnd, 'upgrade');
        break;
      case 10:
        if (equalsIgnoreCase(bytes, start, nameEnd, 'connection')) this.#readConnection(from, stop);
        break;
      case 14:
        if (!equalsIgnoreCase(bytes, start, nameEnd, 'content-length')) break;
        this.ambiguous ||= folded;
        this.#readContentLength(from, stop);
        break;
      case 17:
        if (!equalsIgnoreCase(bytes, start, nameEnd, 'transfer-encoding')) break;
        this.ambiguous ||= folded;
        this.#readTransferEncoding(from, stop);
        break;
    }
  }

  /** One name, or several by list or fold, which no server should accept and some do. */
  #readHost(from: number, stop: number): void {
    const bytes = this.#bytes;
    let at = from;
    let names = 0;
    let first = -1;
    let last = from;
    for (;;) {
      while (at < stop && (isSpace(bytes[at] ?? 0) || bytes[at] === COMMA)) at++;
      if (at >= stop) break;
      const start = at;
      while (at < stop && !isSpace(bytes[at] ?? 0) && bytes[at] !== COMMA) at++;
      if (first === -1) first = start;
      last = at;
      names++;
      const host = hostOfAuthority(bytes, start, at);
      const added = this.#addHost(host);
      if (added && (names > 1 || this.#hostFields > 0)) this.ambiguous = true;
    }
    this.#hostFields++;
    if (first !== -1) this.hostField ??= bytes.subarray(first, last);
  }

  #addHost(host: Uint8Array): boolean {
    if (host.length === 0 || this.hosts.length > MAX_HOSTS) return false;
    for (let i = 0; i < this.hosts.length; i++) {
      const known = this.hosts[i];
      if (known !== undefined && sameName(known, host)) return false;
    }
    this.hosts.push(host);
    return true;
  }

  #readConnection(from: number, stop: number): void {
    const bytes = this.#bytes;
    let at = from;
    while (at < stop) {
      while (at < stop && (isSpace(bytes[at] ?? 0) || bytes[at] === COMMA)) at++;
      const start = at;
      while (at < stop && !isSpace(bytes[at] ?? 0) && bytes[at] !== COMMA) at++;
      if (equalsIgnoreCase(bytes, start, at, 'close')) this.close = true;
      else if (equalsIgnoreCase(bytes, start, at, 'keep-alive')) this.keepAlive = true;
    }
  }

  /** A list of equal numbers is one number (RFC 9110 section 8.6); anything else leaves the framing open. */
  #readContentLength(from: number, stop: number): void {
    const bytes = this.#bytes;
    let at = from;
    let numbers = 0;
    while (at < stop) {
      while (at < stop && (isSpace(bytes[at] ?? 0) || bytes[at] === COMMA)) at++;
      if (at >= stop) break;
      let value = 0;
      const start = at;
      while (at < stop && isDigit(bytes[at] ?? 0) && value <= Number.MAX_SAFE_INTEGER / 16) {
        value = value * 10 + (bytes[at++] ?? 0) - 0x30;
      }
      if (at === start || (at < stop && !isSpace(bytes[at] ?? 0) && bytes[at] !== COMMA)) {
        this.ambiguous = true;
        return;
      }
      if (this.#contentLength !== -1 && this.#contentLength !== value) this.ambiguous = true;
      this.#contentLength = value;
      numbers++;
    }
    if (numbers === 0 || this.#chunked) this.ambiguous = true;
  }

  /** Only a final `chunked` frames a request (RFC 9112 section 6.1); beside Content-Length it wins, but not everywhere. */
  #readTransferEncoding(from: number, stop: number): void {
    const bytes = this.#bytes;
    let end = stop;
    while (end > from && (isSpace(bytes[end - 1] ?? 0) || bytes[end - 1] === COMMA)) end--;
    let start = end;
    while (start > from && !isSpace(bytes[start - 1] ?? 0) && bytes[start - 1] !== COMMA) start--;
    if (equalsIgnoreCase(bytes, start, end, 'chunked')) this.#chunked = true;
    else this.ambiguous = true;
    if (this.#contentLength !== -1) this.ambiguous = true;
  }
}

/** End of the value whose first line ends at `lineEnd`, folded lines (RFC 9112 section 5.2) included. */
function valueEnd(bytes: Uint8Array, lineEnd: number, end: number): number {
  let stop = Math.min(lineEnd, end);
  while (stop + 1 < end && isBlank(bytes[stop + 1] ?? 0)) {
    const next = bytes.indexOf(LF, stop + 1);
    if (next === -1 || next >= end) return end;
    stop = next;
  }
  return stop;
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
