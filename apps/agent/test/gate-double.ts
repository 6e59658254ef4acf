/**
 * A test double of the gate: a real Unix socket that speaks the real frames and records what it was told. It judges
 * nothing. It opens every table that is handed over, as the gate does, so a missing or damaged file is refused.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

import {
  encodeFrame,
  encodeJsonFrame,
  FRAME,
  FrameReader,
  type GateStatus,
  readJson,
  readNumber,
  readSettingsFrame,
  readTableFrame,
  type TableSlot,
} from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';
import { HostTable } from '@sallyport/hosts/table';

export class GateDouble implements AsyncDisposable {
  readonly settings: GateSettings[] = [];
  readonly tables: Record<TableSlot, HostTable | null> = {
    indicators: null,
    reputation: null,
    categories: null,
    popular: null,
  };
  readonly files: string[] = [];
  readonly acknowledged: number[] = [];
  readonly hellos: number[] = [];
  /** Answer the next table of that slot with a refusal. */
  refuse: { readonly slot: TableSlot; readonly reason: string } | null = null;
  /** Merged into every status. */
  status: Partial<GateStatus> = {};
  readonly #server: Server;
  readonly #tableDirectory: string;
  readonly #path: string;
  readonly #changes = new Set<() => void>();
  #agent: Socket | null = null;

  private constructor(server: Server, root: string, path: string) {
    this.#server = server;
    this.#tableDirectory = join(root, 'agent', 'tables');
    this.#path = path;
  }

  static async listen(root: string): Promise<GateDouble> {
    const path = join(root, 'gate', 'gate.sock');
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    const server = createServer();
    const gate = new GateDouble(server, root, path);
    server.on('connection', (socket) => gate.#accept(socket));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return gate;
  }

  get connected(): boolean {
    return this.#agent !== null;
  }

  sendRecords(batch: Uint8Array): void {
    this.#agent?.write(encodeFrame(FRAME.records, batch));
  }

  forget(slot: TableSlot): void {
    this.tables[slot] = null;
  }

  /** Ends the connection; the agent is expected to come back. */
  hangUp(): void {
    this.#agent?.destroy();
  }

  /** Resolves once `isTrue`, looked at after everything that arrives. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changes.add(resolve);
      await promise;
      this.#changes.delete(resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.#path, { force: true });
  }

  #accept(socket: Socket): void {
    this.#agent = socket;
    const reader = new FrameReader();
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#agent === socket) this.#agent = null;
      this.#changed();
    });
    socket.on('data', (chunk: Buffer) => {
      for (const { type, body } of reader.push(chunk) ?? []) this.#hear(socket, type, body);
      this.#changed();
    });
  }

  #hear(socket: Socket, type: number, body: Uint8Array): void {
    if (type === FRAME.hello) {
      const hello = readJson(body);
      if (typeof hello === 'object' && hello !== null && 'lastSequence' in hello) {
        this.hellos.push(Number(hello.lastSequence));
      }
    } else if (type === FRAME.settings) {
      const settings = readSettingsFrame(body);
      if (settings !== null) this.settings.push(settings);
      this.#answer(socket, 'settings', settings === null ? 'not understood' : null);
    } else if (type === FRAME.table) {
      const table = readTableFrame(body);
      if (table !== null) this.#answer(socket, table.slot, this.#load(table.slot, table.file));
    } else if (type === FRAME.acknowledge) {
      this.acknowledged.push(readNumber(body) ?? Number.NaN);
    } else if (type === FRAME.askStatus) {
      socket.write(encodeJsonFrame(FRAME.status, this.#statusNow()));
    }
  }

  #load(slot: TableSlot, file: string): string | null {
    if (this.refuse?.slot === slot) {
      const { reason } = this.refuse;
      this.refuse = null;
      return reason;
    }
    const opened = HostTable.open(readFileSync(join(this.#tableDirectory, file)));
    if (opened.kind === 'rejected') return opened.reason;
    this.tables[slot] = opened.value;
    this.files.push(file);
    return null;
  }

  #answer(socket: Socket, what: TableSlot | 'settings', reason: string | null): void {
    socket.write(encodeJsonFrame(FRAME.applied, { what, ok: reason === null, reason: reason ?? '' }));
  }

  #statusNow(): GateStatus {
    return {
      pid: 1,
      startedMs: 1000,
      enforcingSinceMs: 1000,
      mode: this.settings.at(-1)?.mode ?? 'starting',
      backend: 'nftables',
      queueNumber: 0,
      packets: 0,
      verdicts: 0,
      blocked: 0,
      audited: 0,
      held: 0,
      expiredHolds: 0,
      queueDropped: 0,
      userDropped: 0,
      recordsDropped: 0,
      recordsPending: 0,
      rulesRepaired: 0,
      conntrackCount: 0,
      conntrackMax: 0,
      conntrackState: 'ok',
      tables: { indicators: null, reputation: null, categories: null, popular: null },
      problems: [],
      ...this.status,
    };
  }

  #changed(): void {
    for (const wake of this.#changes) wake();
  }
}
