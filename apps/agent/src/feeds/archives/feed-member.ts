/**
 * One file of an archive, and the limits that all files of it share.
 *
 * Easy to get wrong: an archive is read in passing. A member's stream is good until the next member is asked for; what
 * was not read of it is passed over. Nothing is ever written, so names are labels, whatever path they spell.
 */
import { byteSize, FeedError } from '../feed-error.ts';

export interface FeedMember {
  /** The path inside the archive, printable, without a leading `./`; empty for a feed that is no archive. */
  readonly name: string;
  /** Decompressed. To be read once. Its errors are `FeedError`s. */
  readonly stream: AsyncIterable<Uint8Array>;
}

export const MAX_MEMBERS = 100_000;
export const MAX_NAME = 400;

/** Counts what comes out of all members together, which is what a decompression bomb blows up. */
export class ArchiveLimits {
  readonly #describe: string;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  #members = 0;
  #bytes = 0;

  constructor(describe: string, maxBytes: number, signal?: AbortSignal) {
    this.#describe = describe;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
  }

  /** Throws `FeedError` when there are too many. Folders count, because they cost time as well. */
  addMember(): void {
    this.#members++;
    if (this.#members <= MAX_MEMBERS) return;
    throw new FeedError('too-large', `${this.#describe}: more than ${MAX_MEMBERS} members in one archive`);
  }

  /** Throws `FeedError` at the limit, and when the reading was cancelled. */
  addBytes(count: number): void {
    if (this.#signal?.aborted === true) throw new FeedError('aborted', `${this.#describe}: cancelled`);
    this.#bytes += count;
    if (this.#bytes <= this.#maxBytes) return;
    throw new FeedError(
      'too-large',
      `${this.#describe}: its content is more than the limit of ${byteSize(this.#maxBytes)} for one feed; raise the setting FeedMaxBytes or split the list`,
    );
  }
}
