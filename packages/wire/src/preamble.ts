/**
 * What clients send in the clear before TLS (or a tunnelled request) begins on the same connection.
 *
 * Nothing here names the host, so nothing here is judged: a preamble only says "let these bytes go and look again behind
 * them". Line-based protocols (SMTP, IMAP, POP3, FTP, NNTP, ManageSieve, IRC, XMPP ...) are not told apart: every one of
 * them sends text, and after its STARTTLS a TLS record, which no text can be mistaken for.
 */
import { isTokenByte, CR, LF, SP, TAB } from './http/characters.ts';
import { versionBefore } from './http/request.ts';
import { incomplete, type Parsed, rejected } from './parsed.ts';

/** Longest text line that is taken for a command. RFC 5321 allows 512, IMAP and XMPP clients send more. */
const MAX_LINE = 1024;
const TLS_HANDSHAKE = 0x16;

/** PROXY protocol version 1 is one line, at most 107 bytes. */
const PROXY_V1 = 'PROXY ';
const MAX_PROXY_V1 = 107;
/** Version 2 starts like empty lines, which HTTP would skip, and then a NUL, which HTTP has not. */
const PROXY_V2 = '\r\n\r\n\0\r\nQUIT\n';
const PROXY_V2_HEADER = 16;
const MAX_PROXY_V2 = 4096;

const LDAP_STARTTLS = '1.3.6.1.4.1.1466.20037';

/** Header of the PROXY protocol (haproxy, proxy-protocol.txt), which names the true client. The value is its length. */
export function parseProxyHeader(bytes: Uint8Array): Parsed<number, 'not-proxy'> {
  if (startsLike(bytes, PROXY_V2)) {
    if (bytes.length < PROXY_V2_HEADER) return incomplete(PROXY_V2_HEADER);
    const end = PROXY_V2_HEADER + (((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0));
    if (end > MAX_PROXY_V2) return rejected('not-proxy', 14);
    return bytes.length < end ? incomplete(end) : { kind: 'ok', value: end };
  }
  if (!startsLike(bytes, PROXY_V1)) return rejected('not-proxy', 0);
  for (let i = PROXY_V1.length; i < bytes.length && i < MAX_PROXY_V1; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === LF) {
      // An HTTP request with the method PROXY is not a PROXY header.
      return bytes[i - 1] === CR && versionBefore(bytes, 0, i - 1) === -1
        ? { kind: 'ok', value: i + 1 }
        : rejected('not-proxy', i);
    }
    if (byte !== CR && (byte < SP || byte >= 0x7f)) return rejected('not-proxy', i);
  }
  return bytes.length < MAX_PROXY_V1 ? incomplete(Math.max(bytes.length + 1, 15)) : rejected('not-proxy', MAX_PROXY_V1);
}

/**
 * Requests for TLS in protocols that are not text. The value is the length of the request.
 * Only whole messages are recognised: they are tens of bytes long and sent at once, and holding every stream that starts
 * with a zero byte would cost other protocols dearly.
 */
export function binaryPreambleLength(bytes: Uint8Array): number {
  const length = bytes.length;
  if (length < 8) return 0;
  const first = bytes[0] ?? 0;
  // PostgreSQL SSLRequest 80877103, GSSENCRequest 80877104: int32 length 8, int32 code.
  if (first === 0 && bytes[3] === 8 && bytes[4] === 0x04 && bytes[5] === 0xd2 && bytes[6] === 0x16) {
    return bytes[7] === 0x2f || bytes[7] === 0x30 ? 8 : 0;
  }
  // MySQL: 32-byte packet number 1 whose capability flags hold CLIENT_SSL (0x0800).
  if (first === 32 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 1) {
    return length >= 36 && ((bytes[5] ?? 0) & 0x08) !== 0 ? 36 : 0;
  }
  // RDP: TPKT version 3 around an X.224 connection request (0xe0).
  if (first === 3 && bytes[1] === 0 && bytes[5] === 0xe0) {
    const end = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    return end >= 11 && end <= 512 && end <= length ? end : 0;
  }
  // MS-TDS: a PRELOGIN packet (0x12), then TLS records inside such packets, whose header is passed over alone.
  if (first === 0x12 && (bytes[1] ?? 2) <= 1) {
    if (bytes[8] === TLS_HANDSHAKE) return 8;
    const end = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    return end >= 14 && end <= 512 && end <= length ? end : 0;
  }
  // AMQP with the TLS protocol id 2 (AMQP 1.0 section 5.2.1).
  if (first === 0x41 && bytes[4] === 2 && startsLike(bytes.subarray(0, 4), 'AMQP')) return 8;
  // LDAP ExtendedRequest (0x77) with the StartTLS object identifier (RFC 4511 section 4.14).
  if (first === 0x30 && bytes[2] === 2) {
    const end = 2 + (bytes[1] ?? 0);
    const request = 4 + (bytes[3] ?? 0);
    if (end <= length && bytes[request] === 0x77 && bytes[request + 2] === 0x80) {
      return startsLike(bytes.subarray(request + 4, end), LDAP_STARTTLS) && end >= request + 4 + LDAP_STARTTLS.length
        ? end
        : 0;
    }
  }
  return 0;
}

/**
 * Whole lines of printable text at the start of `bytes`, or whole XMPP tags. The value is their length.
 * Stops before a TLS record and before anything that ends like an HTTP request line.
 */
export function parseTextLines(bytes: Uint8Array): Parsed<number, 'not-text'> {
  let at = 0;
  while (at < bytes.length) {
    const end = bytes[at] === 0x3c ? tagEnd(bytes, at) : lineEnd(bytes, at);
    if (end <= at) break;
    at = end;
  }
  if (at > 0) return { kind: 'ok', value: at };
  // "AUTH\r": a command without argument whose LF is in the next segment.
  return endsInCarriageReturn(bytes) ? incomplete(bytes.length + 1) : rejected('not-text', 0);
}

/** Index after the LF of the text line at `start`, or -1 if it is no whole line of text or an HTTP request line. */
function lineEnd(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + MAX_LINE);
  for (let i = start; i < limit; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === LF) {
      const stop = bytes[i - 1] === CR && i > start ? i - 1 : i;
      return versionBefore(bytes, start, stop) === -1 ? i + 1 : -1;
    }
    if ((byte < SP && byte !== TAB && byte !== CR) || byte >= 0x7f) return -1;
  }
  return -1;
}

/** Index after the `>` of the tag at `start`, or -1. `<` also starts a syslog priority, which ends soon as well. */
function tagEnd(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + MAX_LINE);
  for (let i = start; i < limit; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x3e) return i + 1;
    if (byte < SP && byte !== TAB && byte !== CR && byte !== LF) return -1;
  }
  return -1;
}

function endsInCarriageReturn(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  if (last < 1 || last > MAX_LINE || bytes[last] !== CR) return false;
  for (let i = 0; i < last; i++) if (!isTokenByte(bytes[i] ?? 0) && bytes[i] !== SP) return false;
  return true;
}

/** Whether `bytes` and `text` agree as far as both go. */
function startsLike(bytes: Uint8Array, text: string): boolean {
  const stop = Math.min(bytes.length, text.length);
  for (let i = 0; i < stop; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return stop > 0;
}
