/**
 * SOCKS as the client speaks it: the request names the host that the proxy shall connect to.
 *
 * SOCKS5 (RFC 1928) needs the proxy's answer before it names anything, and its greeting can look exactly like the start of
 * a request (05 02 00 01), so the two are read by two functions and the caller keeps track of which is due.
 * SOCKS4 and 4a name the host at once.
 */
import { Cursor } from './cursor.ts';
import { incomplete, type Parsed, rejected } from './parsed.ts';

export interface SocksRequest {
  readonly version: 4 | 5;
  /** Host name as on the wire; null if the client asks for an address. */
  readonly host: Uint8Array | null;
  /** 4 or 16 bytes of address; null if the client asks for a name. */
  readonly address: Uint8Array | null;
  readonly port: number;
  /** Bytes of the request: the tunnelled stream starts behind them. */
  readonly length: number;
}

const SOCKS4 = 4;
const SOCKS5 = 5;
const PASSWORD_NEGOTIATION = 1;
const MAX_METHODS = 10;
const MAX_SOCKS4_FIELD = 255;

/** Client greeting: version, count, methods. The value is its length. Strict, for many binary protocols start with 05. */
export function parseSocks5Greeting(bytes: Uint8Array): Parsed<number, 'not-socks'> {
  if (bytes.length > 0 && bytes[0] !== SOCKS5) return rejected('not-socks', 0);
  if (bytes.length < 2) return incomplete(3);
  const methods = bytes[1] ?? 0;
  if (methods === 0 || methods > MAX_METHODS) return rejected('not-socks', 1);
  const end = 2 + methods;
  for (let i = 2; i < end && i < bytes.length; i++) {
    const method = bytes[i] ?? 0;
    // 0 to 9 are assigned by IANA, 0x80 to 0xfe are private.
    if ((method > 9 && method < 0x80) || method === 0xff) return rejected('not-socks', i);
    for (let j = 2; j < i; j++) if (bytes[j] === method) return rejected('not-socks', i);
  }
  return bytes.length < end ? incomplete(end) : { kind: 'ok', value: end };
}

/** User name and password (RFC 1929), sent between greeting and request. The value is its length. */
export function parseSocks5Password(bytes: Uint8Array): Parsed<number, 'not-socks'> {
  if (bytes.length > 0 && bytes[0] !== PASSWORD_NEGOTIATION) return rejected('not-socks', 0);
  if (bytes.length < 2) return incomplete(3);
  const passwordAt = 2 + (bytes[1] ?? 0);
  if (bytes.length <= passwordAt) return incomplete(passwordAt + 1);
  const end = passwordAt + 1 + (bytes[passwordAt] ?? 0);
  return bytes.length < end ? incomplete(end) : { kind: 'ok', value: end };
}

/** Request of SOCKS5 (RFC 1928 section 4). */
export function parseSocks5Request(bytes: Uint8Array): Parsed<SocksRequest, 'not-socks'> {
  if (bytes.length > 0 && bytes[0] !== SOCKS5) return rejected('not-socks', 0);
  if (bytes.length < 5) return incomplete(10);
  const request = new Cursor(bytes, 1);
  const command = request.u8();
  if (command < 1 || command > 3 || request.u8() !== 0) return rejected('not-socks', 1);
  const type = request.u8();
  if (type !== 1 && type !== 3 && type !== 4) return rejected('not-socks', 3);
  const named = type === 3;
  const size = named ? request.u8() : type === 1 ? 4 : 16;
  const length = request.offset + size + 2;
  if (bytes.length < length) return incomplete(length);
  const name = request.take(size);
  const port = request.u16();
  return {
    kind: 'ok',
    value: { version: SOCKS5, host: named ? name : null, address: named ? null : name, port, length },
  };
}

/** SOCKS4, and 4a with the name behind the user id when the address is 0.0.0.x. */
export function parseSocks4Request(bytes: Uint8Array): Parsed<SocksRequest, 'not-socks'> {
  if (bytes.length > 0 && bytes[0] !== SOCKS4) return rejected('not-socks', 0);
  if (bytes.length > 1 && bytes[1] !== 1 && bytes[1] !== 2) return rejected('not-socks', 1);
  if (bytes.length < 9) return incomplete(9);
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  // No connection goes to port 0: this is another protocol.
  if (port === 0) return rejected('not-socks', 2);
  const userEnd = fieldEnd(bytes, 8);
  if (userEnd.kind !== 'ok') return userEnd;
  const hasName = bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] !== 0;
  if (!hasName) {
    const address = bytes.subarray(4, 8);
    return { kind: 'ok', value: { version: SOCKS4, host: null, address, port, length: userEnd.value + 1 } };
  }
  const nameEnd = fieldEnd(bytes, userEnd.value + 1);
  if (nameEnd.kind !== 'ok') return nameEnd;
  const host = bytes.subarray(userEnd.value + 1, nameEnd.value);
  return { kind: 'ok', value: { version: SOCKS4, host, address: null, port, length: nameEnd.value + 1 } };
}

/** Index of the NUL that ends the printable field at `start`. */
function fieldEnd(bytes: Uint8Array, start: number): Parsed<number, 'not-socks'> {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0) return { kind: 'ok', value: i };
    if (byte < 0x20 || byte === 0x7f || i - start >= MAX_SOCKS4_FIELD) return rejected('not-socks', i);
  }
  return incomplete(bytes.length + 1);
}
