/**
 * Remembers for a moment which flows were allowed, so that their segments which were queued before the verdict are not
 * taken for new flows of an unknown protocol. A fixed table of keyed hashes: one more store on the way of every flow,
 * one look-up only for bytes that say nothing.
 */
import { randomInt } from 'node:crypto';

import type { FlowEnds } from './flow.ts';

const SLOTS = 4096;
const MEMORY_MS = 1_000;

export class RecentlyAllowed {
  /** Unpredictable, so that nobody can choose ports that collide with an allowed flow. */
  readonly #key = randomInt(0x7fff_ffff) | 1;
  readonly #hashes = new Int32Array(SLOTS);
  readonly #timesMs = new Float64Array(SLOTS);

  add(ends: FlowEnds, nowMs: number): void {
    const hash = this.#hash(ends);
    this.#hashes[hash & (SLOTS - 1)] = hash;
    this.#timesMs[hash & (SLOTS - 1)] = nowMs;
  }

  has(ends: FlowEnds, nowMs: number): boolean {
    const hash = this.#hash(ends);
    const slot = hash & (SLOTS - 1);
    return this.#hashes[slot] === hash && nowMs - (this.#timesMs[slot] ?? 0) < MEMORY_MS;
  }

  #hash({ bytes, addressLength, sourceAt, destinationAt, sourcePort, destinationPort }: FlowEnds): number {
    let hash = Math.imul(this.#key ^ (sourcePort << 16) ^ destinationPort, 0x9e37_79b1);
    for (let i = 0; i < addressLength; i++) {
      hash = Math.imul(hash ^ ((bytes[sourceAt + i] ?? 0) << 8) ^ (bytes[destinationAt + i] ?? 0), 0x85eb_ca6b);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}
