/**
 * The agent's end of the socket to the gate. It reconnects for ever; whoever owns it learns of every new connection
 * and then sends settings and tables again, because the gate may be another process than before.
 *
 * Easy to get wrong: a request whose connection breaks is answered with null, "no gate judges by it now", and not
 * repeated; what is in force is sent again as a whole on the next connection. And records are acknowledged only after
 * `onRecords` has returned, which is after they were committed: if it throws, the connection is ended, and the gate
 * sends them again on the next one.
 */
import { connect, type Socket } from 'node:net';

import {
  type Applied,
  encodeFrame,
  encodeJsonFrame,
  encodeNumberFrame,
  FRAME,
  FrameReader,
  type GateStatus,
  readJson,
  type TableHandOver,
} from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';

export interface GateLinkHandlers {
  lastSequence(): number;
  /** Stores flow records and returns the highest sequence that may be acknowledged. */
  onRecords(batch: Uint8Array): number | null;
  onStatus(status: GateStatus): void;
  /** A new connection is up. */
  onConnect(): void;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
const NOTHING = new Uint8Array(0);

export class GateLink {
  readonly #path: string;
  readonly #handlers: GateLinkHandlers;
  readonly #pending: ((applied: Applied | null) => void)[] = [];
  #socket: Socket | null = null;
  #retry: NodeJS.Timeout | null = null;
  #waitMs = FIRST_WAIT_MS;
  #closed = false;
  #status: GateStatus | null = null;
  readonly #statusWaiters: (() => void)[] = [];
  #problem: string | null = null;

  constructor(path: string, handlers: GateLinkHandlers) {
    this.#path = path;
    this.#handlers = handlers;
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  /** The latest one of this connection; null without a connection. */
  get status(): GateStatus | null {
    return this.#status;
  }

  /** Why records cannot be stored at present; null when they can. */
  get problem(): string | null {
    return this.#problem;
  }

  start(): void {
    const socket = connect(this.#path);
    const reader = new FrameReader();
    socket.on('connect', () => {
      this.#socket = socket;
      this.#waitMs = FIRST_WAIT_MS;
      socket.write(encodeJsonFrame(FRAME.hello, { lastSequence: this.#handlers.lastSequence() }));
      this.#handlers.onConnect();
      this.askStatus();
    });
    socket.on('data', (chunk: Buffer) => {
      const frames = reader.push(chunk);
      if (frames === null) {
        socket.destroy();
        return;
      }
      for (const { type, body } of frames) {
        if (!socket.destroyed) this.#hear(socket, type, body);
      }
    });
    // Every error is followed by close, and every way to lose the gate ends there.
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  applySettings(settings: GateSettings): Promise<Applied | null> {
    return this.#request(encodeJsonFrame(FRAME.settings, settings));
  }

  applyTable(table: TableHandOver): Promise<Applied | null> {
    return this.#request(encodeJsonFrame(FRAME.table, table));
  }

  askStatus(): void {
    this.#socket?.write(encodeFrame(FRAME.askStatus, NOTHING));
  }

  /** The gate's state as of now; the last known one if it does not answer within `timeoutMs`; null without a gate. */
  async freshStatus(timeoutMs: number): Promise<GateStatus | null> {
    if (this.#socket === null) return null;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#statusWaiters.push(resolve);
    this.askStatus();
    await promise;
    clearTimeout(timer);
    return this.#status;
  }

  #request(frame: Uint8Array): Promise<Applied | null> {
    const socket = this.#socket;
    if (socket === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#pending.push(resolve);
      socket.write(frame);
    });
  }

  #hear(socket: Socket, type: number, body: Uint8Array): void {
    switch (type) {
      case FRAME.records:
        try {
          const highest = this.#handlers.onRecords(body);
          this.#problem = null;
          if (highest !== null) socket.write(encodeNumberFrame(FRAME.acknowledge, highest));
        } catch (error) {
          this.#problem = `events cannot be stored: ${error instanceof Error ? error.message : String(error)}`;
          this.#waitMs = LONGEST_WAIT_MS;
          socket.destroy();
        }
        return;
      case FRAME.status: {
        const status = readJson(body);
        if (!isGateStatus(status)) return;
        this.#status = status;
        for (const answered of this.#statusWaiters.splice(0)) answered();
        this.#handlers.onStatus(status);
        return;
      }
      case FRAME.applied: {
        const applied = readJson(body);
        if (isApplied(applied)) this.#pending.shift()?.(applied);
        else socket.destroy();
        return;
      }
      default:
        socket.destroy();
    }
  }

  #lost(): void {
    this.#socket = null;
    this.#status = null;
    for (const answered of this.#statusWaiters.splice(0)) answered();
    for (const answer of this.#pending.splice(0)) answer(null);
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.start(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** The gate is the more trusted side, so its answers are only checked for what would break the agent. */
function isGateStatus(value: unknown): value is GateStatus {
  if (typeof value !== 'object' || value === null) return false;
  const numbers = ['pid', 'startedMs', 'enforcingSinceMs', 'recordsDropped'];
  const fields = new Map<string, unknown>(Object.entries(value));
  return (
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    typeof fields.get('mode') === 'string' &&
    Array.isArray(fields.get('problems'))
  );
}

const isApplied = (value: unknown): value is Applied =>
  typeof value === 'object' &&
  value !== null &&
  'ok' in value &&
  typeof value.ok === 'boolean' &&
  'reason' in value &&
  typeof value.reason === 'string';
