/**
 * HTTP/2 without TLS, "prior knowledge" (RFC 9113 sections 3.3 and 4): finds the first request of a connection.
 *
 * A client may wait for the server's SETTINGS before it sends a request, so preface and settings must not be held. They are
 * told apart from the request as bytes to be released, and the reading goes on at the next frame.
 * Only the first request is read. Later ones need the state of the header compression of all before them.
 */
import { incomplete, type Parsed, rejected } from '../parsed.ts';
import { authoritiesOf } from './header-block.ts';

export type FramesReject =
  /** Frames in an order or of a size that no client sends. */
  | 'bad-frames'
  /** The header block breaks RFC 7541. */
  | 'bad-header-block';

/**
 * - `passing`: `length` bytes of whole frames without a request: release them and read on behind them.
 * - `request`: values of `:authority` and `host` of the first request, on the wire or decoded.
 */
export type Frames =
  | { readonly kind: 'passing'; readonly length: number }
  | { readonly kind: 'request'; readonly authorities: readonly Uint8Array[] };

export const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const FRAME_HEADER = 9;
/** SETTINGS_MAX_FRAME_SIZE before anybody may raise it. */
const MAX_FRAME = 16_384;
const MAX_BLOCK = 16_384;

const HEADERS = 1;
const PRIORITY = 2;
const SETTINGS = 4;
const PING = 6;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
const FLAG_END_HEADERS = 0x04;
const FLAG_PADDED = 0x08;
const FLAG_PRIORITY = 0x20;

/** Reads frames from the first byte behind the preface, or behind a `passing` answer. */
export function parseFrames(bytes: Uint8Array): Parsed<Frames, FramesReject> {
  let at = 0;
  for (;;) {
    const known = bytes.length - at >= FRAME_HEADER;
    const type = bytes[at + 3] ?? 0;
    const end = at + FRAME_HEADER + frameLength(bytes, at);
    if (known && end - at > FRAME_HEADER + MAX_FRAME) return rejected('bad-frames', at);
    if (known && type === HEADERS) break;
    if (known && !mayPrecedeRequest(type)) return rejected('bad-frames', at);
    if (!known || end > bytes.length) {
      if (at > 0) break;
      return incomplete(known ? end : FRAME_HEADER);
    }
    at = end;
  }
  if (at > 0) return { kind: 'ok', value: { kind: 'passing', length: at } };
  return parseRequest(bytes);
}

/** HEADERS and its CONTINUATION frames, from the first byte on. */
function parseRequest(bytes: Uint8Array): Parsed<Frames, FramesReject> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let at = 0; ;) {
    if (bytes.length < at + FRAME_HEADER) return incomplete(at + FRAME_HEADER);
    const flags = bytes[at + 4] ?? 0;
    let start = at + FRAME_HEADER;
    const end = start + frameLength(bytes, at);
    if (end - start > MAX_FRAME || (at > 0 && bytes[at + 3] !== CONTINUATION)) return rejected('bad-frames', at);
    if (bytes.length < end) return incomplete(end);
    let stop = end;
    if (at === 0) {
      if ((flags & FLAG_PADDED) !== 0) stop -= bytes[start++] ?? 0;
      if ((flags & FLAG_PRIORITY) !== 0) start += 5;
      if (start > stop) return rejected('bad-frames', at);
    }
    parts.push(bytes.subarray(start, stop));
    size += stop - start;
    if (size > MAX_BLOCK) return rejected('bad-frames', at);
    at = end;
    if ((flags & FLAG_END_HEADERS) !== 0) break;
  }
  const authorities = authoritiesOf(joined(parts, size));
  return authorities === null
    ? rejected('bad-header-block', FRAME_HEADER)
    : { kind: 'ok', value: { kind: 'request', authorities } };
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only !== undefined) return only;
  const block = new Uint8Array(size);
  let filled = 0;
  for (const part of parts) {
    block.set(part, filled);
    filled += part.length;
  }
  return block;
}

const frameLength = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

/** Types above CONTINUATION are extensions, to be ignored (RFC 9113 section 5.5); GREASE uses them. */
const mayPrecedeRequest = (type: number): boolean =>
  type === SETTINGS || type === WINDOW_UPDATE || type === PRIORITY || type === PING || type > CONTINUATION;
