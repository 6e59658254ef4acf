/**
 * Copies events to journald as they arrive in our journal.
 *
 * Easy to get wrong: journald takes only so many datagrams before it reads them, so a burst needs patience. This loop
 * may have it, because it reads our journal at its own pace and nobody waits for it. But a journald that is hung or
 * gone gets none: until it takes something again, every event is tried once, counted and left behind.
 */
import { setTimeout } from 'node:timers/promises';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { journaldEntry } from './journald-entry.ts';
import type { DatagramSocket } from './journald-socket.ts';

export interface JournaldOptions {
  /** Asked for every event. */
  readonly isWanted: () => boolean;
  /** Null while nothing listens; asked again for every event until then. */
  readonly open: () => DatagramSocket | null;
  /** Resolves a little later. */
  readonly pause?: () => Promise<void>;
}

export const MAX_ATTEMPTS = 50;
const PAUSE_MS = 10;

const shortPause = (): Promise<void> => setTimeout(PAUSE_MS, undefined, { ref: false });

export class JournaldForwarder {
  readonly #isWanted: () => boolean;
  readonly #open: () => DatagramSocket | null;
  readonly #pause: () => Promise<void>;
  #socket: DatagramSocket | null = null;
  #isPatient = true;
  #dropped = 0;

  constructor({ isWanted, open, pause = shortPause }: JournaldOptions) {
    this.#isWanted = isWanted;
    this.#open = open;
    this.#pause = pause;
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
      if (this.#socket !== null) await this.#send(this.#socket, journaldEntry(event));
    }
  }

  async #send(socket: DatagramSocket, entry: Uint8Array): Promise<void> {
    const attempts = this.#isPatient ? MAX_ATTEMPTS : 1;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (socket.send(entry)) {
        this.#isPatient = true;
        return;
      }
      if (attempt < attempts) await this.#pause();
    }
    this.#isPatient = false;
    this.#dropped++;
  }
}
