/**
 * The content of a feed that comes through the command that names it, bounded in bytes and in time.
 *
 * Easy to get wrong: a client that was stopped in the middle keeps its connection open, so waiting for the next piece
 * has an end of its own.
 */
import { ControlError } from '@sallyport/contract/control-error';

import { byteSize, printable } from '../feeds/feed-error.ts';

/** Undefined: the location is to be opened here. */
export type FeedContent = AsyncIterable<Uint8Array> | undefined;

export const isUrl = (location: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(location);

/** The next feed waits in the queue meanwhile, so a client that was stopped in the middle is not waited for. */
const CONTENT_PAUSE_MS = 60_000;

/**
 * What the client sends, piece by piece. Throws ControlError: `invalid` beyond `maxBytes`, `unavailable` when nothing
 * comes for a minute.
 */
export async function* bounded(
  content: AsyncIterable<Uint8Array>,
  location: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  let total = 0;
  try {
    for (;;) {
      const next = await soon(chunks.next(), location);
      if (next.done === true) return;
      total += next.value.length;
      if (total > maxBytes) {
        throw new ControlError(
          'invalid',
          `${printable(location, 400)}: more than the limit of ${byteSize(maxBytes)} for one feed; raise the setting FeedMaxBytes or split the list`,
        );
      }
      yield next.value;
    }
  } finally {
    // Not awaited: it waits for a chunk that may never come.
    chunks.return?.().catch(() => {});
  }
}

async function soon<T>(next: Promise<T>, location: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const message = `${printable(location, 400)}: nothing of it came for ${CONTENT_PAUSE_MS / 1000} s; gave up`;
  const timer = setTimeout(() => reject(new ControlError('unavailable', message)), CONTENT_PAUSE_MS);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
  }
}
