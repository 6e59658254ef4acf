/**
 * The gate's end of the socket to the agent. The agent is not trusted: it may be compromised, so every frame is
 * bounded and checked, and the worst it can do is what policy can do.
 *
 * One agent at a time; whoever says hello last is it, because the one before is dead or about to be.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

import {
  type Applied,
  encodeFrame,
  encodeJsonFrame,
  FRAME,
  FrameReader,
  type GateStatus,
  readJson,
  readNumber,
  readSettingsFrame,
  readTableFrame,
  type TableHandOver,
} from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';

/** Where flow records come from and go free again. */
export interface RecordSource {
  read(maxBytes: number): Uint8Array | null;
  release(sequence: number): void;
  rewind(): void;
  wait(): Promise<void>;
}

export interface LinkHandlers {
  /** Both answer null, or the reason why the old state stays. */
  applySettings(settings: GateSettings): Promise<string | null>;
  applyTable(table: TableHandOver): Promise<string | null>;
  status(): GateStatus;
}

/** Bytes of records that are sent as one frame, and how long the next frame waits so that records can gather. */
const RECORDS_FRAME_BYTES = 256 * 1024;
const GATHER_MS = 20;
/** What one who holds the socket can make the gate keep. */
const MAX_SOCKETS = 8;
const MAX_WAITING_ORDERS = 16;
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
const HELLO_MS = 5000;
const ORDERS: ReadonlySet<number> = new Set([FRAME.settings, FRAME.table]);

export class AgentLink {
  readonly #server: Server;
  readonly #path: string;
  readonly #handlers: LinkHandlers;
  #records: RecordSource | null = null;
  readonly #sockets = new Set<Socket>();
  #agent: Socket | null = null;

  private constructor(server: Server, path: string, handlers: LinkHandlers) {
    this.#server = server;
    this.#path = path;
    this.#handlers = handlers;
  }

  /** Listens at `path`, for the owner and the group of the directory it lies in. */
  static async listen(path: string, handlers: LinkHandlers): Promise<AgentLink> {
    rmSync(path, { force: true });
    const server = createServer();
    const link = new AgentLink(server, path, handlers);
    server.on('connection', (socket) => link.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o660);
    return link;
  }

  /** Sends records from here on; replaces the source of an earlier queue. */
  setRecords(records: RecordSource): void {
    this.#records = records;
    void this.#pump(records);
  }

  close(): void {
    this.#records = null;
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#path, { force: true });
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= MAX_SOCKETS) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const reader = new FrameReader();
    // Orders are carried out one after another, and answered in their order. Everything else is done at once: while a
    // large table is verified, records are still acknowledged and the agent is told how the gate is.
    let orders = Promise.resolve();
    let waiting = 0;
    // Whoever sends orders faster than they are carried out waits, so that they cannot fill the gate's memory.
    const order = (type: number, body: Uint8Array): void => {
      if (++waiting >= MAX_WAITING_ORDERS) socket.pause();
      orders = after(orders, async () => {
        await this.#carryOut(socket, type, body);
        if (--waiting < MAX_WAITING_ORDERS) socket.resume();
      });
    };
    const patience = setTimeout(() => {
      if (this.#agent !== socket) socket.destroy();
    }, HELLO_MS);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(patience);
      this.#sockets.delete(socket);
      if (this.#agent === socket) this.#agent = null;
    });
    socket.on('data', (chunk) => {
      const frames = typeof chunk === 'string' ? null : reader.push(chunk);
      if (frames === null) {
        socket.destroy();
        return;
      }
      for (const { type, body } of frames) {
        if (type !== FRAME.hello && this.#agent !== socket) {
          socket.destroy(); // hello comes first
          return;
        }
        if (ORDERS.has(type)) order(type, body);
        else void this.#carryOut(socket, type, body);
      }
    });
  }

  /** Never rejects: the agent comes back after a failure, an unhandled rejection would end the gate. */
  async #carryOut(socket: Socket, type: number, body: Uint8Array): Promise<void> {
    try {
      if (socket.destroyed || !(await this.#obey(socket, type, body))) socket.destroy();
    } catch {
      socket.destroy();
    }
  }

  /** False when the frame breaks the protocol. */
  async #obey(socket: Socket, type: number, body: Uint8Array): Promise<boolean> {
    if (type !== FRAME.hello && this.#agent !== socket) return false; // another agent has taken over meanwhile
    switch (type) {
      case FRAME.hello: {
        const hello = readJson(body);
        if (typeof hello !== 'object' || hello === null || !('lastSequence' in hello)) return false;
        if (typeof hello.lastSequence !== 'number') return false;
        if (this.#agent !== socket) this.#agent?.destroy();
        this.#agent = socket;
        this.#records?.rewind();
        return true;
      }
      case FRAME.settings: {
        const settings = readSettingsFrame(body);
        const reason = settings === null ? 'not understood' : await this.#handlers.applySettings(settings);
        this.#answer(socket, { what: 'settings', ok: reason === null, reason: reason ?? '' });
        return true;
      }
      case FRAME.table: {
        const table = readTableFrame(body);
        if (table === null) return false;
        const reason = await this.#handlers.applyTable(table);
        this.#answer(socket, { what: table.slot, ok: reason === null, reason: reason ?? '' });
        return true;
      }
      case FRAME.acknowledge: {
        const sequence = readNumber(body);
        if (sequence === null) return false;
        this.#records?.release(sequence);
        return true;
      }
      case FRAME.askStatus:
        // An agent that asks and does not read is none.
        if (socket.writableLength > MAX_UNREAD_BYTES) return false;
        socket.write(encodeJsonFrame(FRAME.status, this.#handlers.status()));
        return true;
      default:
        return false;
    }
  }

  #answer(socket: Socket, applied: Applied): void {
    if (!socket.destroyed) socket.write(encodeJsonFrame(FRAME.applied, applied));
  }

  /** Moves records to whoever is connected, until another source takes over. */
  async #pump(records: RecordSource): Promise<void> {
    while (this.#records === records) {
      const agent = this.#agent;
      const bytes = agent === null || agent.writableNeedDrain ? null : records.read(RECORDS_FRAME_BYTES);
      if (agent === null || agent.writableNeedDrain) {
        await pause(GATHER_MS * 5);
      } else if (bytes === null) {
        await records.wait();
        await pause(GATHER_MS);
      } else {
        agent.write(encodeFrame(FRAME.records, bytes));
      }
    }
  }
}

async function after(earlier: Promise<void>, step: () => Promise<void>): Promise<void> {
  await earlier;
  await step();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
