/**
 * Sends exact bytes, cut exactly where the caller says, from inside a namespace.
 *
 * The process starts in tens of milliseconds; the times in the outcome are its own and do not
 * include that.
 */
import { fileURLToPath } from 'node:url';

import type { Namespace } from './namespace.ts';

export interface RawRequest {
  readonly host: string;
  readonly port: number;
  /** Base64; each is sent as one segment (or more, when larger than the segment size). */
  readonly pieces: readonly string[];
  /** Wait between two pieces; 0 sends the next as soon as the kernel has taken the one before. */
  readonly pauseMs: number;
  /** Give up waiting for the end after this time from the start. */
  readonly timeoutMs: number;
  /** Whether the first data received ends the run, or only the end of the connection does. */
  readonly until: 'data' | 'close';
}

export interface RawOutcome {
  /** `data` and `closed` (FIN from the server), `timeout`, or the error code: `ECONNRESET`, `ECONNREFUSED`, … */
  readonly end: string;
  /** Milliseconds from the call of connect(). `connectedMs` is missing when the handshake did not complete. */
  readonly connectedMs?: number;
  /** When the last piece was handed to the kernel. */
  readonly sentMs?: number;
  readonly endedMs: number;
  /** Base64 of everything received. */
  readonly received: string;
}

export interface RawOptions {
  readonly host: string;
  readonly port: number;
  readonly pieces: readonly Uint8Array[];
  /** Default: 0. */
  readonly pauseMs?: number;
  /** Default: 2000. */
  readonly timeoutMs?: number;
  /** Default: data. */
  readonly until?: RawRequest['until'];
}

/** Runs the raw client in `namespace` and returns how the connection ended. */
export async function sendRaw(namespace: Namespace, options: RawOptions): Promise<RawOutcome> {
  const request: RawRequest = {
    host: options.host,
    port: options.port,
    pieces: options.pieces.map((piece) => Buffer.from(piece).toString('base64')),
    pauseMs: options.pauseMs ?? 0,
    timeoutMs: options.timeoutMs ?? 2000,
    until: options.until ?? 'data',
  };
  const program = fileURLToPath(new URL('./programs/raw-client.ts', import.meta.url));
  const output = await namespace.must([process.execPath, program, JSON.stringify(request)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
  return JSON.parse(output) as RawOutcome;
}
