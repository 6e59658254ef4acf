/**
 * The wire between gate and agent: a Unix stream socket in the state directory, length-prefixed frames.
 *
 *   u32 little-endian length of what follows | u8 type | body
 *
 * The gate trusts nothing that arrives: frames are bounded, JSON bodies are checked field by field, and a frame
 * that does not fit ends the connection (the agent reconnects). TypeBox-free, because the gate speaks it.
 */
import { type GateSettings, readGateSettings } from './gate-settings.ts';

export const FRAME = {
  /** agent -> gate: JSON `{ "lastSequence": number }`, first frame of a connection. */
  hello: 1,
  /** agent -> gate: JSON GateSettings. Answered by `applied`. */
  settings: 2,
  /** agent -> gate: JSON TableHandOver. Answered by `applied`. */
  table: 3,
  /** agent -> gate: f64 highest sequence that is stored durably. */
  acknowledge: 4,
  /** agent -> gate: empty. Answered by `status`. */
  askStatus: 5,
  /** gate -> agent: flow records back to back (flow-record.ts). */
  records: 64,
  /** gate -> agent: JSON GateStatus. */
  status: 65,
  /** gate -> agent: JSON Applied, in the order of the requests. */
  applied: 66,
} as const;

export const MAX_FRAME = 1 << 20;
/** Settings with the longest lists of exclusions that `readGateSettings` takes are shorter. */
const MAX_JSON = 512 * 1024;

/** Popular names decide nothing; they are only known not to be news. */
export const TABLE_SLOTS = ['indicators', 'reputation', 'categories', 'popular'] as const;
export type TableSlot = (typeof TABLE_SLOTS)[number];

/** A compiled table that waits as a file in the agent's table directory. */
export interface TableHandOver {
  readonly slot: TableSlot;
  /** File name without any directory: the gate only ever opens it below the agent's table directory. */
  readonly file: string;
}

export interface Applied {
  readonly what: 'settings' | TableSlot;
  readonly ok: boolean;
  /** Empty when ok, otherwise one line. */
  readonly reason: string;
}

/** Counters since the gate started, unless said otherwise. */
export interface GateStatus {
  readonly pid: number;
  readonly startedMs: number;
  /** Since when packets are judged without interruption, 0 when they are not. */
  readonly enforcingSinceMs: number;
  readonly mode: string;
  /** `nftables`, `iptables-nft`, or empty when no rule is loaded. */
  readonly backend: string;
  readonly queueNumber: number;
  readonly packets: number;
  readonly verdicts: number;
  readonly blocked: number;
  readonly audited: number;
  readonly held: number;
  readonly expiredHolds: number;
  /** Packets the kernel dropped or passed because the queue or our socket buffer was full. */
  readonly queueDropped: number;
  readonly userDropped: number;
  readonly recordsDropped: number;
  readonly recordsPending: number;
  readonly rulesRepaired: number;
  readonly conntrackCount: number;
  readonly conntrackMax: number;
  /** `ok`, `filling`, or `full`; anything but ok comes with a line in `problems`. */
  readonly conntrackState: string;
  readonly tables: Record<
    TableSlot,
    { readonly hosts: number; readonly addresses: number; readonly urls: number; readonly bytes: number } | null
  >;
  /** One line each: what is degraded and what to do. */
  readonly problems: readonly string[];
}

export function encodeFrame(type: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + body.length);
  new DataView(frame.buffer).setUint32(0, 1 + body.length, true);
  frame[4] = type;
  frame.set(body, 5);
  return frame;
}

export const encodeJsonFrame = (type: number, value: unknown): Uint8Array =>
  encodeFrame(type, new TextEncoder().encode(JSON.stringify(value)));

export function encodeNumberFrame(type: number, value: number): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setFloat64(0, value, true);
  return encodeFrame(type, body);
}

export interface Frame {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Cuts a byte stream into frames. `push` returns null once the peer broke the bounds: end the connection. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): Frame[] | null {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: Frame[] = [];
    let offset = 0;
    while (bytes.length - offset >= 5) {
      const length = view.getUint32(offset, true);
      if (length < 1 || length > MAX_FRAME) return null;
      if (bytes.length - offset < 4 + length) break;
      frames.push({ type: bytes[offset + 4] ?? 0, body: bytes.subarray(offset + 5, offset + 4 + length) });
      offset += 4 + length;
    }
    this.#rest = bytes.subarray(offset);
    return frames;
  }
}

/** A JSON body as `unknown`, or undefined when it is too long or no JSON. */
export function readJson(body: Uint8Array): unknown {
  if (body.length > MAX_JSON) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

export function readNumber(body: Uint8Array): number | null {
  if (body.length !== 8) return null;
  const value = new DataView(body.buffer, body.byteOffset, 8).getFloat64(0, true);
  return Number.isFinite(value) ? value : null;
}

export const readSettingsFrame = (body: Uint8Array): GateSettings | null => readGateSettings(readJson(body));

export function readTableFrame(body: Uint8Array): TableHandOver | null {
  const value = readJson(body);
  if (typeof value !== 'object' || value === null || !('slot' in value) || !('file' in value)) return null;
  const slot = TABLE_SLOTS.find((candidate) => candidate === value.slot);
  const file = value.file;
  // A bare name of a strict alphabet: no separator, no leading dot, so it cannot leave the table directory.
  if (slot === undefined || typeof file !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,99}$/.test(file)) return null;
  return { slot, file };
}
