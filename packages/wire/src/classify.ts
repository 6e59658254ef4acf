/**
 * The front door: what the first bytes of a client's stream say about whom it wants to talk to.
 *
 * One answer is not always the last one. After `connect`, `socks` and `preamble` the client goes on inside the same
 * connection: release the bytes before `tunnelOffset`, then read the rest as a stream of its own, with the stage that the
 * answer names. At most {@link MAX_STEPS} such steps make sense on one connection.
 */
import { hostOfAuthority, sameName } from './http/authority.ts';
import { isTokenByte } from './http/characters.ts';
import { parseRequestHead, type RequestHead, type RequestReject } from './http/request.ts';
import { type FramesReject, HTTP2_PREFACE, parseFrames } from './http2/frames.ts';
import { binaryPreambleLength, parseProxyHeader, parseTextLines } from './preamble.ts';
import {
  parseSocks4Request,
  parseSocks5Greeting,
  parseSocks5Password,
  parseSocks5Request,
  type SocksRequest,
} from './socks.ts';
import { type ClientHello, type ClientHelloReject, parseClientHello } from './tls/client-hello.ts';

/** Where in a conversation the bytes stand: behind a SOCKS5 greeting, behind HTTP/2's preface, or `first`: anywhere else. */
export type Stage = 'first' | 'socks5' | 'http2';

export type UnknownWhy =
  /** Nothing that is read here. */
  | 'unrecognised'
  | 'ssh'
  | 'sslv2'
  /** A TLS handshake record that is no acceptable ClientHello. */
  | ClientHelloReject
  /** Began as an HTTP request and broke its bounds. */
  | RequestReject
  | FramesReject;

export type FirstBytes =
  | {
      readonly kind: 'tls';
      /** server_name as on the wire, null without one. */
      readonly host: Uint8Array | null;
      readonly ech: boolean;
      readonly hello: ClientHello;
    }
  | { readonly kind: 'http'; readonly head: RequestHead }
  | { readonly kind: 'connect'; readonly head: RequestHead; readonly tunnelOffset: number }
  | {
      /** The first request of an HTTP/2 connection without TLS. Later ones are not read. */
      readonly kind: 'http2';
      /** Different hosts of `:authority` and `host`, without port, userinfo and brackets. */
      readonly hosts: readonly Uint8Array[];
      /** The first of those fields as sent; null without one. */
      readonly authority: Uint8Array | null;
    }
  | ({ readonly kind: 'socks'; readonly tunnelOffset: number } & SocksRequest)
  | {
      readonly kind: 'preamble';
      readonly protocol: 'proxy' | 'socks5' | 'http2' | 'text' | 'binary';
      readonly tunnelOffset: number;
      readonly stage: Stage;
    }
  | {
      readonly kind: 'unknown';
      readonly why: UnknownWhy;
      /** It claims to be TLS or HTTP and breaks the rules: a reason to fail closed where plain `unknown` is none. */
      readonly malformed: boolean;
    }
  | {
      readonly kind: 'incomplete';
      /** Least total length at which the answer can be another one, unless the bytes turn out to be unknown earlier. */
      readonly need: number;
      readonly looksLike: 'tls' | 'http' | 'http2' | 'socks' | 'proxy' | 'text';
    };

/** Steps (`connect`, `socks`, `preamble`) after which a connection need not be watched any longer. */
export const MAX_STEPS = 8;

const UNRECOGNISED: FirstBytes = { kind: 'unknown', why: 'unrecognised', malformed: false };
const SSH: FirstBytes = { kind: 'unknown', why: 'ssh', malformed: false };
const SSLV2: FirstBytes = { kind: 'unknown', why: 'sslv2', malformed: false };
const EMPTY: FirstBytes = { kind: 'incomplete', need: 1, looksLike: 'text' };

const TLS_HANDSHAKE = 0x16;

/**
 * Reads contiguous client bytes from the start of the connection, or from `tunnelOffset` of the previous answer with that
 * answer's stage. Pure; the views in the answer live as long as `stream`.
 */
export function readFirstBytes(stream: Uint8Array, stage: Stage = 'first'): FirstBytes {
  if (stream.length === 0) return EMPTY;
  if (stage === 'socks5') return readSocks5(stream);
  if (stage === 'http2') return readFrames(stream);
  const first = stream[0] ?? 0;
  if (first === TLS_HANDSHAKE) return readTls(stream);
  if (isTokenByte(first) || first === 0x0d || first === 0x0a) return readTextOrHttp(stream);
  if (first === 5) return readSocks5Greeting(stream);
  if (first === 4) return readSocks4(stream);
  const preamble = binaryPreambleLength(stream);
  if (preamble > 0) return { kind: 'preamble', protocol: 'binary', tunnelOffset: preamble, stage: 'first' };
  // SSLv2-compatible hello: two-byte record length with the high bit set, then message type 1 and version 3.x.
  if (first >= 0x80 && stream[2] === 1 && (stream[3] === 3 || stream[3] === 0)) return SSLV2;
  return readText(stream);
}

function readTls(stream: Uint8Array): FirstBytes {
  const parsed = parseClientHello(stream);
  switch (parsed.kind) {
    case 'ok': {
      const hello = parsed.value;
      return { kind: 'tls', host: hello.serverName, ech: hello.ech, hello };
    }
    case 'incomplete':
      return { kind: 'incomplete', need: parsed.need, looksLike: 'tls' };
    case 'rejected':
      if (parsed.reason === 'not-tls') return UNRECOGNISED;
      // Another handshake message is sound TLS from the middle of a connection. The rest is a hello that went wrong.
      return { kind: 'unknown', why: parsed.reason, malformed: parsed.reason !== 'not-client-hello' };
  }
}

function readTextOrHttp(stream: Uint8Array): FirstBytes {
  const proxy = parseProxyHeader(stream);
  if (proxy.kind === 'ok') return { kind: 'preamble', protocol: 'proxy', tunnelOffset: proxy.value, stage: 'first' };
  const parsed = parseRequestHead(stream);
  switch (parsed.kind) {
    case 'ok': {
      const head = parsed.value;
      if (head.method === 'PRI' && head.version === 0x02_00) return readPreface(stream);
      return isConnect(head.method) ? { kind: 'connect', head, tunnelOffset: head.headLength } : { kind: 'http', head };
    }
    case 'incomplete':
      return { kind: 'incomplete', need: parsed.need, looksLike: 'http' };
    case 'rejected':
      if (proxy.kind === 'incomplete') return { kind: 'incomplete', need: proxy.need, looksLike: 'proxy' };
      if (parsed.reason === 'line-too-long' || parsed.reason === 'too-many-hosts') {
        return { kind: 'unknown', why: parsed.reason, malformed: true };
      }
      return isSsh(stream) ? SSH : readText(stream);
  }
}

/** The head of the preface is whole; the six bytes behind it may not be. */
function readPreface(stream: Uint8Array): FirstBytes {
  const stop = Math.min(stream.length, HTTP2_PREFACE.length);
  for (let i = 0; i < stop; i++) if (stream[i] !== HTTP2_PREFACE.charCodeAt(i)) return UNRECOGNISED;
  if (stop < HTTP2_PREFACE.length) return { kind: 'incomplete', need: HTTP2_PREFACE.length, looksLike: 'http2' };
  return { kind: 'preamble', protocol: 'http2', tunnelOffset: stop, stage: 'http2' };
}

function readFrames(stream: Uint8Array): FirstBytes {
  const frames = parseFrames(stream);
  switch (frames.kind) {
    case 'ok': {
      if (frames.value.kind === 'passing') {
        return { kind: 'preamble', protocol: 'http2', tunnelOffset: frames.value.length, stage: 'http2' };
      }
      const { authorities } = frames.value;
      const hosts = authorities.map((value) => hostOfAuthority(value, 0, value.length)).filter(isNewName);
      return { kind: 'http2', hosts, authority: authorities[0] ?? null };
    }
    case 'incomplete':
      return { kind: 'incomplete', need: frames.need, looksLike: 'http2' };
    case 'rejected':
      return { kind: 'unknown', why: frames.reason, malformed: true };
  }
}

const isNewName = (host: Uint8Array, index: number, all: readonly Uint8Array[]): boolean =>
  host.length > 0 && all.findIndex((other) => sameName(other, host)) === index;

function readText(stream: Uint8Array): FirstBytes {
  const lines = parseTextLines(stream);
  switch (lines.kind) {
    case 'ok':
      return { kind: 'preamble', protocol: 'text', tunnelOffset: lines.value, stage: 'first' };
    case 'incomplete':
      return { kind: 'incomplete', need: lines.need, looksLike: 'text' };
    case 'rejected': {
      const preamble = binaryPreambleLength(stream);
      if (preamble === 0) return UNRECOGNISED;
      return { kind: 'preamble', protocol: 'binary', tunnelOffset: preamble, stage: 'first' };
    }
  }
}

function readSocks4(stream: Uint8Array): FirstBytes {
  const request = parseSocks4Request(stream);
  if (request.kind === 'rejected') return UNRECOGNISED;
  if (request.kind === 'incomplete') return { kind: 'incomplete', need: request.need, looksLike: 'socks' };
  return socks(request.value);
}

function readSocks5Greeting(stream: Uint8Array): FirstBytes {
  const greeting = parseSocks5Greeting(stream);
  if (greeting.kind === 'rejected') return UNRECOGNISED;
  if (greeting.kind === 'incomplete') return { kind: 'incomplete', need: greeting.need, looksLike: 'socks' };
  return { kind: 'preamble', protocol: 'socks5', tunnelOffset: greeting.value, stage: 'socks5' };
}

/** After the greeting: the request, or a password first. Another method's messages end the reading. */
function readSocks5(stream: Uint8Array): FirstBytes {
  if (stream[0] === 1) {
    const password = parseSocks5Password(stream);
    if (password.kind === 'rejected') return UNRECOGNISED;
    if (password.kind === 'incomplete') return { kind: 'incomplete', need: password.need, looksLike: 'socks' };
    return { kind: 'preamble', protocol: 'socks5', tunnelOffset: password.value, stage: 'socks5' };
  }
  const request = parseSocks5Request(stream);
  if (request.kind === 'rejected') return UNRECOGNISED;
  if (request.kind === 'incomplete') return { kind: 'incomplete', need: request.need, looksLike: 'socks' };
  return socks(request.value);
}

const socks = (request: SocksRequest): FirstBytes => ({ kind: 'socks', tunnelOffset: request.length, ...request });

const isConnect = (method: string): boolean => method.length === 7 && method.toUpperCase() === 'CONNECT';

/** `SSH-` (RFC 4253 section 4.2): by far the most common text that never becomes TLS. */
const isSsh = (stream: Uint8Array): boolean =>
  stream[0] === 0x53 && stream[1] === 0x53 && stream[2] === 0x48 && stream[3] === 0x2d;
