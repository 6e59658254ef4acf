/**
 * What the gate's main thread and its queue worker share: start parameters, the messages in between, and the counters.
 *
 * Counters are plain doubles in shared memory that only the worker writes; a torn read costs nothing but a wrong
 * figure in `status` once. `beat`, `generation` and `obeyed` are atomics, because decisions hang on them.
 */
import type { TableSlot } from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';

import type { ConnectMap } from '../process/connect-watch.ts';

export interface WorkerStart {
  readonly queueNumber: number;
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly firstSequence: number;
  readonly settings: GateSettings;
  /** In force before the first packet is received. */
  readonly tables: Readonly<Partial<Record<TableSlot, Uint8Array>>>;
  /** Who opens connections; null when the kernel cannot be watched. */
  readonly connects: ConnectMap | null;
}

/** Read by the worker with `receiveMessageOnPort` when `generation` moved, so before its next verdict. */
export type WorkerOrder =
  | { readonly kind: 'settings'; readonly settings: GateSettings }
  | { readonly kind: 'table'; readonly slot: TableSlot; readonly bytes: Uint8Array }
  | { readonly kind: 'stop' };

/** From the worker: it listens on the queue (`problems`: what it has to do without), or why it cannot. */
export type WorkerReport =
  | { readonly kind: 'listening'; readonly problems: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

export const COUNTERS = [
  'packets',
  'verdicts',
  'blocked',
  'audited',
  'held',
  'expiredHolds',
  'unmarked',
  'resetFailures',
] as const;
export type Counter = (typeof COUNTERS)[number];

const BEAT = 0;
const GENERATION = 1;
const OBEYED = 2;
const ATOMICS_BYTES = 16;

export class SharedControl {
  readonly #atomics: Int32Array;
  readonly #counters: Float64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#atomics = new Int32Array(shared, 0, 3);
    this.#counters = new Float64Array(shared, ATOMICS_BYTES, COUNTERS.length);
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(ATOMICS_BYTES + 8 * COUNTERS.length);
  }

  /** Moves on with every turn of the worker's loop, so at least every quarter of a second. */
  beat(): void {
    Atomics.add(this.#atomics, BEAT, 1);
  }

  get beats(): number {
    return Atomics.load(this.#atomics, BEAT);
  }

  /** Says that an order waits on the port. Call after posting it. Returns the order's number. */
  announce(): number {
    return (Atomics.add(this.#atomics, GENERATION, 1) + 1) | 0;
  }

  get generation(): number {
    return Atomics.load(this.#atomics, GENERATION);
  }

  /** The worker has carried out every order up to this number, and reads no table that one of them replaced. */
  obeyed(generation: number): void {
    Atomics.store(this.#atomics, OBEYED, generation);
  }

  get lastObeyed(): number {
    return Atomics.load(this.#atomics, OBEYED);
  }

  add(counter: Counter, amount: number): void {
    const index = COUNTERS.indexOf(counter);
    this.#counters[index] = (this.#counters[index] ?? 0) + amount;
  }

  set(counter: Counter, value: number): void {
    this.#counters[COUNTERS.indexOf(counter)] = value;
  }

  get(counter: Counter): number {
    return this.#counters[COUNTERS.indexOf(counter)] ?? 0;
  }
}
