/**
 * Finds the intervals in which packets were not judged, also those in which neither gate nor agent ran: the time up
 * to which protection was seen is kept in a file and compared with the time since which the gate judges again.
 *
 * Easy to get wrong: an agent that was away while the gate went on judging is no gap. So what counts is the gate's
 * `enforcingSinceMs`, never the agent's own uptime. And in mode `disabled` nothing is promised, so nothing is missing.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

import type { GateStatus } from '@sallyport/contract/gate-link';

import { giveToOwner, type StateDirectory } from '../state/state-directory.ts';

export interface ProtectionGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

const WIDTH = 24;

export class GapDetector implements Disposable {
  readonly #descriptor: number;
  #lastEnforcingMs: number | null;

  constructor(directory: StateDirectory) {
    this.#lastEnforcingMs = readLast(directory.lastEnforcing);
    this.#descriptor = openSync(directory.lastEnforcing, this.#lastEnforcingMs === null ? 'w' : 'r+', 0o640);
    giveToOwner(directory, directory.lastEnforcing);
  }

  /** Takes in a status of the gate, and returns the gap that it ends, if it ends one. */
  observe(status: GateStatus, nowMs: number): ProtectionGap | null {
    if (status.mode === 'disabled') {
      this.#keep(null);
      return null;
    }
    if (status.enforcingSinceMs === 0) return null;
    const fromMs = this.#lastEnforcingMs;
    this.#keep(Math.max(nowMs, status.enforcingSinceMs));
    // However short: what passed meanwhile passed unjudged. Statuses come once a second, so it looks up to that longer.
    if (fromMs === null || status.enforcingSinceMs <= fromMs) return null;
    const reason = status.startedMs > fromMs ? 'the gate was not running' : 'the gate was not judging packets';
    return { fromMs, toMs: status.enforcingSinceMs, reason };
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  /** In place and without fsync: after a power cut an older time is read and the gap looks longer than it was. */
  #keep(atMs: number | null): void {
    if (atMs === null && this.#lastEnforcingMs === null) return;
    this.#lastEnforcingMs = atMs;
    writeSync(this.#descriptor, `${atMs ?? ''}`.padEnd(WIDTH), 0);
  }
}

function readLast(path: string): number | null {
  try {
    const text = readFileSync(path, 'latin1').trim();
    return /^\d{1,16}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
