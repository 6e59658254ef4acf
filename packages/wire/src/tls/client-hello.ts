/**
 * TLS ClientHello from the first bytes a client sends (RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3).
 *
 * The easy mistake is to take one record for one message: a handshake message may be cut over any number of records, a
 * byte each if the client likes, and a name cut in two is still the name that the server will see.
 */
import { Cursor } from '../cursor.ts';
import { incomplete, type Parsed, rejected } from '../parsed.ts';

export type ClientHelloReject =
  /** The first bytes are no TLS handshake record (SSLv2-compatible hellos included). */
  | 'not-tls'
  /** A handshake record, but of another message. */
  | 'not-client-hello'
  /** A record without content: legal nowhere in a handshake (RFC 8446 section 5.1). */
  | 'empty-record'
  | 'record-too-long'
  /** A record of another type between the fragments of the hello. */
  | 'interleaved-record'
  /** More than {@link MAX_CLIENT_HELLO} bytes of message. */
  | 'too-long'
  /** A length inside the message disagrees with what surrounds it. */
  | 'bad-length'
  /** Two server_name extensions or two host names: servers differ on which one counts. */
  | 'duplicate-server-name';

export interface ClientHello {
  /** HostName of server_name as on the wire. A view of the input, or of a private copy if the hello came in fragments. */
  readonly serverName: Uint8Array | null;
  /** The name is an IPv4 or IPv6 literal, which RFC 6066 forbids and clients send. */
  readonly serverNameIsAddress: boolean;
  /** Body of the ALPN extension's protocol list; read it with {@link alpnOf}. */
  readonly alpnList: Uint8Array | null;
  /** encrypted_client_hello is present. GREASE ECH looks the same; the name is then the outer one. */
  readonly ech: boolean;
  /** encrypted_server_name, the draft before ECH. */
  readonly esni: boolean;
  /** Offers a group with ML-KEM or Kyber. */
  readonly postQuantum: boolean;
  /** Highest version offered, e.g. 0x0304; GREASE is ignored and a TLS 1.3 draft counts as TLS 1.3. */
  readonly version: number;
}

/** Longest handshake message read, in bytes after its four-byte header. Real ones are 200 to 2,500. */
const MAX_CLIENT_HELLO = 16_384;

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const MAX_RECORD = 16_384;
const CONTENT_HANDSHAKE = 22;
const CLIENT_HELLO = 1;

const EXT_SERVER_NAME = 0;
const EXT_SUPPORTED_GROUPS = 10;
const EXT_ALPN = 16;
const EXT_SUPPORTED_VERSIONS = 43;
const EXT_KEY_SHARE = 51;
const EXT_ECH = 65_037;
const EXT_ESNI = 65_486;

const HOST_NAME = 0;

/** Reads the hello at the start of `bytes`: the client's stream from its first TLS record on. Bytes after it are ignored. */
export function parseClientHello(bytes: Uint8Array): Parsed<ClientHello, ClientHelloReject> {
  const available = bytes.length;
  if (available < RECORD_HEADER + MESSAGE_HEADER) return parseFragments(bytes);
  const recordLength = u16(bytes, 3);
  const messageLength = u24(bytes, 6);
  if (
    bytes[0] !== CONTENT_HANDSHAKE ||
    bytes[1] !== 3 ||
    bytes[5] !== CLIENT_HELLO ||
    recordLength > MAX_RECORD ||
    messageLength + MESSAGE_HEADER > recordLength
  ) {
    return parseFragments(bytes);
  }
  const end = RECORD_HEADER + MESSAGE_HEADER + messageLength;
  if (available < end) return incomplete(end);
  return parseBody(bytes, RECORD_HEADER + MESSAGE_HEADER, end);
}

/** Protocol names of the ALPN extension in the client's order; a malformed tail is left out. Allocates: not for the hot path. */
export function alpnOf(list: Uint8Array | null): string[] {
  const names: string[] = [];
  if (list === null) return names;
  let at = 0;
  while (at < list.length) {
    const end = at + 1 + (list[at] ?? 0);
    if (end > list.length) break;
    let name = '';
    for (let i = at + 1; i < end; i++) name += String.fromCharCode(list[i] ?? 0);
    names.push(name);
    at = end;
  }
  return names;
}

/** The general case: walks the records, says what is missing or wrong, and joins a message that lies in several of them. */
function parseFragments(bytes: Uint8Array): Parsed<ClientHello, ClientHelloReject> {
  let at = 0;
  let gathered = 0;
  let header = 0;
  let messageSize = MESSAGE_HEADER;
  for (;;) {
    const wrong = recordReject(bytes, at);
    if (wrong !== null) return rejected(at === 0 || wrong !== 'not-tls' ? wrong : 'interleaved-record', at);
    if (bytes.length < at + RECORD_HEADER) return incomplete(at + RECORD_HEADER + messageSize - gathered);
    const start = at + RECORD_HEADER;
    const end = start + u16(bytes, at + 3);
    const stop = Math.min(end, bytes.length);
    for (let i = start; i < stop && gathered + i - start < MESSAGE_HEADER; i++) {
      if (gathered + i - start === 0 && bytes[i] !== CLIENT_HELLO) return rejected('not-client-hello', i);
      header = (header << 8) | (bytes[i] ?? 0);
    }
    gathered += stop - start;
    if (gathered >= MESSAGE_HEADER) {
      const length = header & 0xff_ff_ff;
      if (length > MAX_CLIENT_HELLO) return rejected('too-long', start);
      messageSize = MESSAGE_HEADER + length;
      if (gathered >= messageSize) return parseBody(join(bytes, messageSize), MESSAGE_HEADER, messageSize);
    }
    // A record that is cut short by the end of the view costs no further header, one that is used up does.
    if (stop < end || end === bytes.length) {
      const missing = messageSize - gathered;
      return incomplete(bytes.length + missing + (missing > end - stop ? RECORD_HEADER : 0));
    }
    at = end;
  }
}

/** Judges as much of the record header at `at` as is there. */
function recordReject(bytes: Uint8Array, at: number): ClientHelloReject | null {
  if (bytes.length > at && bytes[at] !== CONTENT_HANDSHAKE) return 'not-tls';
  // The minor version is to be ignored (RFC 8446 section 5.1), and servers do ignore it.
  if (bytes.length > at + 1 && bytes[at + 1] !== 3) return 'not-tls';
  if (bytes.length < at + RECORD_HEADER) return null;
  const length = u16(bytes, at + 3);
  if (length === 0) return 'empty-record';
  return length > MAX_RECORD ? 'record-too-long' : null;
}

/** Copies the first `size` bytes of record content into one buffer; the caller has seen that they are there. */
function join(bytes: Uint8Array, size: number): Uint8Array {
  const message = new Uint8Array(size);
  let filled = 0;
  for (let at = 0; filled < size;) {
    const start = at + RECORD_HEADER;
    const length = u16(bytes, at + 3);
    const part = Math.min(length, size - filled);
    message.set(bytes.subarray(start, start + part), filled);
    filled += part;
    at = start + length;
  }
  return message;
}

function parseBody(bytes: Uint8Array, start: number, end: number): Parsed<ClientHello, ClientHelloReject> {
  const body = new Cursor(bytes, start, end);
  let version = body.u16();
  body.skip(32);
  const sessionIdLength = body.u8();
  body.skip(sessionIdLength);
  body.skip(body.u16());
  body.skip(body.u8());
  if (body.overrun || sessionIdLength > 32) return rejected('bad-length', body.offset);

  let serverName: Uint8Array | null = null;
  let sawServerName = false;
  let alpnList: Uint8Array | null = null;
  let ech = false;
  let esni = false;
  let postQuantum = false;

  // Extensions may be absent altogether (before TLS 1.3), but not followed by anything.
  if (body.remaining > 0 && body.u16() !== body.remaining) return rejected('bad-length', body.offset);
  while (body.remaining > 0) {
    const type = body.u16();
    const length = body.u16();
    const from = body.offset;
    body.skip(length);
    if (body.overrun) return rejected('bad-length', from);
    switch (type) {
      case EXT_SERVER_NAME: {
        if (sawServerName) return rejected('duplicate-server-name', from);
        sawServerName = true;
        const name = parseServerName(bytes, from, from + length);
        if (name.kind === 'rejected') return name;
        serverName = name.kind === 'ok' ? name.value : null;
        break;
      }
      case EXT_ALPN:
        // A malformed list costs the list, not the name: hostile servers need not be strict.
        if (length >= 2 && u16(bytes, from) === length - 2) alpnList = bytes.subarray(from + 2, from + length);
        break;
      case EXT_SUPPORTED_VERSIONS:
        version = highestVersion(bytes, from, length, version);
        break;
      case EXT_SUPPORTED_GROUPS:
        postQuantum ||= groupsHavePostQuantum(bytes, from, from + length);
        break;
      case EXT_KEY_SHARE:
        postQuantum ||= sharesHavePostQuantum(bytes, from, from + length);
        break;
      case EXT_ECH:
        ech = true;
        break;
      case EXT_ESNI:
        esni = true;
        break;
    }
  }
  const serverNameIsAddress = serverName !== null && isAddressLiteral(serverName);
  return { kind: 'ok', value: { serverName, serverNameIsAddress, alpnList, ech, esni, postQuantum, version } };
}

/**
 * Body of server_name (RFC 6066 section 3). An empty extension or an empty name is no name. Entries of other types are
 * skipped, since all that were ever defined share the length field.
 */
function parseServerName(
  bytes: Uint8Array,
  start: number,
  end: number,
): Parsed<Uint8Array | null, 'bad-length' | 'duplicate-server-name'> {
  if (start === end) return { kind: 'ok', value: null };
  const list = new Cursor(bytes, start, end);
  if (list.u16() !== list.remaining) return rejected('bad-length', start);
  let name: Uint8Array | null = null;
  while (list.remaining > 0) {
    const type = list.u8();
    const entry = list.take(list.u16());
    if (list.overrun) return rejected('bad-length', list.offset);
    if (type !== HOST_NAME || entry.length === 0) continue;
    if (name !== null) return rejected('duplicate-server-name', list.offset);
    name = entry;
  }
  return { kind: 'ok', value: name };
}

/** supported_versions replaces legacy_version (RFC 8446 section 4.2.1); 0x7f00 to 0x7fff are the drafts of TLS 1.3. */
function highestVersion(bytes: Uint8Array, from: number, length: number, legacy: number): number {
  let highest = 0;
  for (let i = from + 1; i + 1 < from + length; i += 2) {
    const offered = u16(bytes, i);
    const version = offered >> 8 === 0x7f ? 0x03_04 : offered;
    if (version >> 8 === 3 && version > highest) highest = version;
  }
  return highest === 0 ? legacy : highest;
}

function groupsHavePostQuantum(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from + 2; i + 1 < end; i += 2) {
    if (isPostQuantumGroup(u16(bytes, i))) return true;
  }
  return false;
}

function sharesHavePostQuantum(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from + 2; i + 3 < end; i += 4 + u16(bytes, i + 2)) {
    if (isPostQuantumGroup(u16(bytes, i))) return true;
  }
  return false;
}

/** IANA "TLS Supported Groups": MLKEM512/768/1024, the three ML-KEM hybrids, and the two Kyber drafts that were deployed. */
function isPostQuantumGroup(group: number): boolean {
  return (
    group === 0x11_ec ||
    group === 0x11_eb ||
    group === 0x11_ed ||
    group === 0x63_99 ||
    group === 0x63_9a ||
    (group >= 0x02_00 && group <= 0x02_02)
  );
}

/** Digits and dots only, or anything with a colon: no host name looks like either. */
function isAddressLiteral(name: Uint8Array): boolean {
  let digitsAndDots = true;
  for (let i = 0; i < name.length; i++) {
    const byte = name[i] ?? 0;
    if (byte === 0x3a) return true;
    if (byte !== 0x2e && (byte < 0x30 || byte > 0x39)) digitsAndDots = false;
  }
  return digitsAndDots;
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const u24 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 16) | u16(bytes, at + 1);
