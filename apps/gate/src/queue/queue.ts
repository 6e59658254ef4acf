/** The gate's main thread's view of its queue worker: start it, give it orders, read its counters. */
import { Worker } from 'node:worker_threads';

import type { TableSlot } from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';

import { type Counter, SharedControl, type WorkerOrder, type WorkerReport, type WorkerStart } from './protocol.ts';
import { ringBuffer, RingConsumer } from './record-ring.ts';

/** Holds about 60,000 plain connections while the agent is away. */
const RING_BYTES = 8 * 1024 * 1024;

export class Queue {
  readonly records: RingConsumer;
  /** What the kernel does not do for us here. */
  readonly problems: readonly string[];
  readonly #worker: Worker;
  readonly #control: SharedControl;

  private constructor(worker: Worker, control: SharedControl, records: RingConsumer, problems: readonly string[]) {
    this.#worker = worker;
    this.#control = control;
    this.records = records;
    this.problems = problems;
  }

  /**
   * Resolves once the worker listens on the queue; rejects with one line that says why it cannot. The tables are in
   * force before it listens: rules of an earlier gate may send packets from the first moment on.
   */
  static async open(
    queueNumber: number,
    settings: GateSettings,
    tables: WorkerStart['tables'],
    connects: WorkerStart['connects'],
    onDeath: (reason: string) => void,
  ): Promise<Queue> {
    const ring = ringBuffer(RING_BYTES);
    const control = SharedControl.buffer();
    const start: WorkerStart = {
      queueNumber,
      ring,
      control,
      settings,
      tables,
      connects,
      // Higher than any sequence of an earlier gate, so that the journal can tell records apart by it alone.
      firstSequence: Date.now() * 1000,
    };
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Queue>();
    worker.on('message', (message: WorkerReport) => {
      if (message.kind === 'failed') reject(new Error(message.reason));
      else resolve(new Queue(worker, new SharedControl(control), new RingConsumer(ring), message.problems));
    });
    worker.on('error', (error) => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      reject(new Error(reason));
      onDeath(reason);
    });
    return promise;
  }

  /** In force for every packet that is received after this returns. */
  setSettings(settings: GateSettings): void {
    this.#order({ kind: 'settings', settings });
  }

  /**
   * The bytes must sit on a SharedArrayBuffer and be verified. In force as above. Returns the order's number: the table
   * that was there before is read until `lastObeyed` has come this far.
   */
  setTable(slot: TableSlot, bytes: Uint8Array): number {
    return this.#order({ kind: 'table', slot, bytes });
  }

  get lastObeyed(): number {
    return this.#control.lastObeyed;
  }

  counter(name: Counter): number {
    return this.#control.get(name);
  }

  /** Moves on while the worker is alive and well. */
  get beats(): number {
    return this.#control.beats;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#order({ kind: 'stop' });
    await ended;
  }

  #order(order: WorkerOrder): number {
    this.#worker.postMessage(order);
    return this.#control.announce();
  }
}
