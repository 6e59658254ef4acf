/**
 * The files of a tar archive, in passing, and a folder as such an archive.
 *
 * Easy to get wrong: links are neither followed nor read. In the archives of category lists they are second names of
 * folders that are there anyway.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { createTarDecoder, createTarPacker } from 'modern-tar';

import { FeedError, printable } from '../feed-error.ts';
import { type ArchiveLimits, type FeedMember, MAX_MEMBERS, MAX_NAME } from './feed-member.ts';

/** What has to be seen of a stream to tell. */
export const TAR_HEAD_BYTES = 512;

/** POSIX and GNU archives carry `ustar` in each header. */
export const isTar = (head: Uint8Array): boolean => Buffer.from(head.subarray(257, 262)).equals(MAGIC);

const MAGIC = Buffer.from('ustar');

/** `source` is decompressed already. Throws `FeedError`; errors of the source pass through. */
export async function* tarMembers(
  source: AsyncIterable<Uint8Array>,
  describe: string,
  limits: ArchiveLimits,
): AsyncGenerator<FeedMember> {
  // The decoder wraps what the source throws, or loses it.
  const failure: { error: unknown } = { error: null };
  const entries = ReadableStream.from(remembered(source, failure)).pipeThrough(createTarDecoder({ strict: true }));
  const reader = entries.getReader();
  try {
    for (;;) {
      const next = await reader.read().catch((error: unknown) => {
        throw damaged(failure.error ?? error, describe);
      });
      if (next.done) return;
      const { header, body } = next.value;
      limits.addMember();
      if (header.type === undefined || header.type === 'file') {
        const name = printable(header.name.replace(/^(?:\.\/)+/, ''), MAX_NAME);
        const stream = content(body, `${describe}, ${name}`, failure);
        yield { name, stream };
        // Ends the reading, if it has begun.
        await stream.return(undefined);
      }
      await drain(body);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Reads what nobody wanted. Cancelling would be shorter, but the decoder then waits for ever for a reader of what it
 * has read already. What is wrong with the archive shows at the next member.
 */
async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const rest = body.getReader();
  try {
    while (!(await rest.read()).done);
  } catch {
    // See above.
  } finally {
    rest.releaseLock();
  }
}

async function* content(
  body: ReadableStream<Uint8Array>,
  describe: string,
  failure: { readonly error: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    // Not cancelled when it is left early: see `drain`.
    for await (const chunk of body.values({ preventCancel: true })) yield chunk;
  } catch (error) {
    throw damaged(failure.error ?? error, describe);
  }
}

async function* remembered(
  source: AsyncIterable<Uint8Array>,
  failure: { error: unknown },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    // A copy, because the decoder keeps what it was given until the member is read.
    for await (const chunk of source) yield Uint8Array.from(chunk);
  } catch (error) {
    failure.error = error;
    throw error;
  }
}

function damaged(error: unknown, describe: string): FeedError {
  if (error instanceof FeedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FeedError('compressed', `${describe}: damaged tar archive (${printable(message, 200)})`, { cause: error });
}

const MAX_FOLDER_DEPTH = 16;
const CHUNK_BYTES = 256 * 1024;

/**
 * The regular files below a folder as a tar archive, sorted by path, with paths relative to the folder. Symbolic links
 * are left out. Throws `FeedError` for a folder that cannot be read, is too deep or too large, or changes meanwhile.
 */
export async function* tarOf(directory: string): AsyncGenerator<Uint8Array> {
  const describe = printable(directory, MAX_NAME);
  const { readable, controller } = createTarPacker();
  const filled = fill(directory, describe, controller).then(
    () => controller.finalize(),
    (error: unknown) => controller.error(error),
  );
  try {
    yield* readable;
  } catch (error) {
    if (error instanceof FeedError) throw error;
    throw folderError(error, describe);
  } finally {
    // Left early, the packer refuses what comes next, and `fill` ends by that.
    await filled;
  }
}

async function fill(
  directory: string,
  describe: string,
  controller: ReturnType<typeof createTarPacker>['controller'],
): Promise<void> {
  let count = 0;
  for await (const path of filesBelow(directory, '', 0)) {
    if (++count > MAX_MEMBERS) throw new FeedError('too-large', `${describe}: more than ${MAX_MEMBERS} files`);
    // Between listing and opening it may have become a link.
    await using file = await open(join(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await file.stat();
    const writer = controller.add({ name: path, size, type: 'file', mtime: new Date(0) }).getWriter();
    for await (const chunk of exactly(file, size, `${describe}/${path}`)) await writer.write(chunk);
    await writer.close();
  }
}

async function* filesBelow(root: string, below: string, depth: number): AsyncGenerator<string> {
  if (depth > MAX_FOLDER_DEPTH) {
    throw new FeedError('too-large', `${printable(root, MAX_NAME)}: folders nested deeper than ${MAX_FOLDER_DEPTH}`);
  }
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, path, depth + 1);
    else if (entry.isFile()) yield path;
  }
}

/** The archive says the size before the content. */
async function* exactly(file: FileHandle, size: number, describe: string): AsyncGenerator<Uint8Array> {
  let left = size;
  while (left > 0) {
    const wanted = Math.min(left, CHUNK_BYTES);
    const { bytesRead, buffer } = await file.read(new Uint8Array(wanted), 0, wanted);
    if (bytesRead === 0)
      throw new FeedError('unreadable', `${printable(describe, MAX_NAME)}: changed while it was read`);
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function folderError(error: unknown, describe: string): FeedError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOENT') return new FeedError('not-found', `${describe}: no such folder`, { cause: error });
  return new FeedError('unreadable', `${describe}: cannot be read (${code || printable(message, 200)})`, {
    cause: error,
  });
}
