/**
 * Copies events to journald as they arrive in our journal.
 *
 * Easy to get wrong: journald is a copy, never in the way. What it does not take at once is counted and left behind;
 * our own journal has it. And it may come and go: the socket is looked for again while there is none.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { journaldEntry } from './journald-entry.ts';
import type { DatagramSocket } from './journald-socket.ts';

export interface JournaldOptions {
  /** Asked for every event. */
  readonly isWanted: () => boolean;
  /** Null while nothing listens. */
  readonly open: () => DatagramSocket | null;
}

export class JournaldForwarder {
  readonly #isWanted: () => boolean;
  readonly #open: () => DatagramSocket | null;
  #socket: DatagramSocket | null = null;
  #dropped = 0;

  constructor({ isWanted, open }: JournaldOptions) {
    this.#isWanted = isWanted;
    this.#open = open;
  }

  /** Events that journald was there for and did not take. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when `events` end. */
  async forward(events: AsyncIterable<DeviceNetworkEvent>): Promise<void> {
    for await (const event of events) {
      if (!this.#isWanted()) continue;
      this.#socket ??= this.#open();
      if (this.#socket !== null && !this.#socket.send(journaldEntry(event))) this.#dropped++;
    }
  }
}
