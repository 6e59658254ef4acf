/**
 * The ring between the worker that judges packets and the thread that talks to the agent.
 *
 * One producer, one consumer, one SharedArrayBuffer. The producer never waits: what does not fit is counted and
 * dropped. A record stays until the agent has stored it (`release`), so an agent that dies loses nothing that fits.
 *
 *   | i32 head | i32 tail | i32 dropped | i32 waiting | i32 pushed | unused | record record … |
 *
 * Head and tail are byte offsets into the record area; head === tail means empty, so one byte stays free. Records are
 * never split: where one does not fit before the end, a zero length says "go on at the start".
 */
import { encodeFlowRecord, type FlowRecord, flowRecordHead, MAX_FLOW_RECORD } from '@sallyport/contract/flow-record';

const HEAD = 0;
const TAIL = 1;
const DROPPED = 2;
const WAITING = 3;
const PUSHED = 4;
const CONTROL_INTS = 5;
const CONTROL_BYTES = 32;

export const ringBuffer = (capacityBytes: number): SharedArrayBuffer =>
  new SharedArrayBuffer(CONTROL_BYTES + capacityBytes);

export class RingProducer {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(shared: SharedArrayBuffer) {
    this.#control = new Int32Array(shared, 0, CONTROL_INTS);
    this.#bytes = new Uint8Array(shared, CONTROL_BYTES);
    this.#view = new DataView(shared, CONTROL_BYTES);
  }

  /** Adds the record, or counts it as dropped. Wakes the consumer if it sleeps. */
  push(record: FlowRecord): void {
    const head = Atomics.load(this.#control, HEAD);
    const tail = Atomics.load(this.#control, TAIL);
    const capacity = this.#bytes.length;
    let at = head;
    let free: number;
    if (head >= tail) {
      // The zero length that marks the jump needs two bytes of its own.
      if (capacity - head < MAX_FLOW_RECORD + 2) {
        at = 0;
        free = tail - 1;
      } else {
        free = capacity - head;
      }
    } else {
      free = tail - head - 1;
    }
    if (free < MAX_FLOW_RECORD) {
      Atomics.add(this.#control, DROPPED, 1);
      return;
    }
    if (at !== head && head + 2 <= capacity) this.#view.setUint16(head, 0, true);
    const length = encodeFlowRecord(record, this.#bytes, this.#view, at);
    Atomics.store(this.#control, HEAD, at + length);
    Atomics.add(this.#control, PUSHED, 1);
    if (Atomics.load(this.#control, WAITING) === 1) {
      Atomics.store(this.#control, WAITING, 0);
      Atomics.notify(this.#control, WAITING);
    }
  }
}

export class RingConsumer {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Read up to here; the tail follows when the agent acknowledges. */
  #read: number;
  #released = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#control = new Int32Array(shared, 0, CONTROL_INTS);
    this.#bytes = new Uint8Array(shared, CONTROL_BYTES);
    this.#view = new DataView(shared, CONTROL_BYTES);
    this.#read = Atomics.load(this.#control, TAIL);
  }

  get dropped(): number {
    return Atomics.load(this.#control, DROPPED);
  }

  /** Records that the agent has not stored yet, as far as is known. */
  get pending(): number {
    return (Atomics.load(this.#control, PUSHED) - this.#released) | 0;
  }

  /** Copies records that were not read yet, back to back, into one array of at most `maxBytes`; null when there are none. */
  read(maxBytes: number): Uint8Array | null {
    const head = Atomics.load(this.#control, HEAD);
    const parts: Uint8Array[] = [];
    let total = 0;
    while (this.#read !== head) {
      const length = this.#lengthAt(this.#read);
      if (length === 0) {
        this.#read = 0;
        continue;
      }
      if (total + length > maxBytes) break;
      parts.push(this.#bytes.subarray(this.#read, this.#read + length));
      total += length;
      this.#read += length;
    }
    if (total === 0) return null;
    const copy = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      copy.set(part, at);
      at += part.length;
    }
    return copy;
  }

  /** Frees every record up to and including `sequence`. */
  release(sequence: number): void {
    let tail = Atomics.load(this.#control, TAIL);
    while (tail !== this.#read) {
      const head = flowRecordHead(this.#bytes, this.#view, tail);
      if (this.#lengthAt(tail) === 0 || head === null) {
        tail = 0;
        continue;
      }
      if (head.sequence > sequence) break;
      tail += head.length;
      this.#released++;
    }
    Atomics.store(this.#control, TAIL, tail);
  }

  /** Start again at the oldest record that was not released: a new agent asks for what the last one did not store. */
  rewind(): void {
    this.#read = Atomics.load(this.#control, TAIL);
    // Whoever sleeps in `wait` has something to read again, though nothing new may come on an idle machine.
    Atomics.store(this.#control, WAITING, 0);
    Atomics.notify(this.#control, WAITING);
  }

  /** Resolves when there is something to read. */
  async wait(): Promise<void> {
    Atomics.store(this.#control, WAITING, 1);
    if (Atomics.load(this.#control, HEAD) !== this.#read) {
      Atomics.store(this.#control, WAITING, 0);
      return;
    }
    const waited = Atomics.waitAsync(this.#control, WAITING, 1);
    if (waited.async) await waited.value;
  }

  #lengthAt(offset: number): number {
    return offset + 2 <= this.#bytes.length ? this.#view.getUint16(offset, true) : 0;
  }
}
