/**
 * What travels over the control socket: one request per connection, in the frames of the gate link
 * (`u32 length | u8 type | body`, contract's gate-link.ts).
 *
 *   client -> server   part* request (content* contentEnd)?
 *   server -> client   (progress | event)* (part* result | fault)
 *
 * Not HTTP, although it looks as if it should be: loading node:http costs the agent 7 MB of memory of its own and
 * 15 MB resident, and the agent's whole budget is a few times that.
 *
 * Easy to get wrong: a frame holds at most 1 MiB, a list of indicators may be longer. A long message is cut: `part`
 * frames, then the frame that says what it is.
 */
import type { Socket } from 'node:net';

import type { Control, ControlFault } from '@sallyport/contract/control';
import { encodeFrame, type Frame, FrameReader, MAX_FRAME } from '@sallyport/contract/gate-link';

export const CONTROL_FRAME = {
  part: 1,
  request: 2,
  content: 3,
  contentEnd: 4,
  progress: 65,
  event: 66,
  result: 67,
  fault: 68,
} as const;

/** A request is JSON `{ method, arguments, content }`; `content` says that content frames follow. */
export type ControlMethod = keyof Control;

/** Requests and results above this are refused. A hundred thousand indicators fit. */
const MAX_MESSAGE = 64 * 1024 * 1024;
const PIECE = MAX_FRAME - 16;

/** `value` as JSON in one frame of `type`, with `part` frames before it when it is long. */
export function* encodeMessage(type: number, value: unknown): Generator<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify(value) ?? 'null');
  let offset = 0;
  for (; bytes.length - offset > PIECE; offset += PIECE) {
    yield encodeFrame(CONTROL_FRAME.part, bytes.subarray(offset, offset + PIECE));
  }
  yield encodeFrame(type, bytes.subarray(offset));
}

/** Content in frames that fit. */
export function* encodeContent(chunk: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < chunk.length; offset += PIECE) {
    yield encodeFrame(CONTROL_FRAME.content, chunk.subarray(offset, offset + PIECE));
  }
}

/** Resolves when the socket takes more; false when it is gone. */
export async function send(socket: Socket, frame: Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(frame)) return true;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve);
  socket.once('close', resolve);
  await promise;
  socket.off('drain', resolve);
  socket.off('close', resolve);
  return !socket.destroyed;
}

export interface Message {
  readonly type: number;
  /** Of content frames only. */
  readonly bytes: Uint8Array;
  /** Of all others. */
  readonly value: unknown;
}

/**
 * The messages that arrive on `socket`, one after another. Ends when the peer ends. Reading is paused while nobody
 * asks, so a sender that is faster than the reader waits. Throws when the peer breaks the protocol.
 */
export async function* readMessages(socket: Socket): AsyncGenerator<Message> {
  const reader = new FrameReader();
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of socket) {
    const frames: Frame[] | null = chunk instanceof Uint8Array ? reader.push(chunk) : null;
    if (frames === null) throw new Error('a frame out of bounds');
    for (const { type, body } of frames) {
      if (type === CONTROL_FRAME.content || type === CONTROL_FRAME.contentEnd) {
        yield { type, bytes: body, value: null };
        continue;
      }
      length += body.length;
      if (length > MAX_MESSAGE) throw new Error('a message out of bounds');
      parts.push(body);
      if (type === CONTROL_FRAME.part) continue;
      const text = Buffer.concat(parts).toString('utf8');
      parts = [];
      length = 0;
      yield { type, bytes: body, value: JSON.parse(text) as unknown };
    }
  }
}

const FAULT_CODES = [
  'invalid',
  'not-found',
  'conflict',
  'unavailable',
  'internal',
] as const satisfies readonly ControlFault['code'][];

export function readFault(value: unknown): ControlFault {
  if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value) {
    const code = FAULT_CODES.find((known) => known === value.code);
    if (code !== undefined && typeof value.message === 'string') return { code, message: value.message };
  }
  return { code: 'internal', message: 'the agent answered something that is not understood' };
}
