/**
 * The files of a zip archive, by its central directory. It needs the archive as a file: where a member's data ends is
 * often written only behind the data.
 *
 * Easy to get wrong: several entries may point at the same data, and sizes in headers are claims. So the limits count
 * what is decompressed, and the checksum is compared at the end of each member.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';

import { FeedError, printable } from '../feed-error.ts';
import { type ArchiveLimits, type FeedMember, MAX_MEMBERS, MAX_NAME } from './feed-member.ts';

/** `PK\x03\x04`, or `PK\x05\x06` of an empty archive. */
export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/** Members in the order of the directory. Throws `FeedError`. `file` stays open and belongs to the caller. */
export async function* zipMembers(
  file: FileHandle,
  describe: string,
  limits: ArchiveLimits,
): AsyncGenerator<FeedMember> {
  const zip = await fromFdPromise(file.fd, {
    autoClose: false,
    lazyEntries: true,
    // Names are labels only, and none of them is a reason to refuse the archive.
    decodeStrings: false,
  }).catch((error: unknown) => {
    throw damaged(error, describe);
  });
  if (zip.entryCount > MAX_MEMBERS) {
    throw new FeedError('too-large', `${describe}: more than ${MAX_MEMBERS} members in one archive`);
  }
  const entries = zip.eachEntry();
  for (;;) {
    const next = await entries.next().catch((error: unknown) => {
      throw damaged(error, describe);
    });
    if (next.done === true) return;
    const entry: Entry = next.value;
    limits.addMember();
    const name = printable(entry.fileNameRaw.toString('utf8').replace(/^\.\//, ''), MAX_NAME);
    if (name.endsWith('/') || isLink(entry)) continue;
    yield { name, stream: content(zip, entry, `${describe}, ${name}`, limits) };
  }
}

/** The upper half holds the Unix mode when a Unix made the entry (APPNOTE 4.4.15); its data is then a path. */
const isLink = (entry: Entry): boolean =>
  entry.versionMadeBy >>> 8 === 3 && ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000;

async function* content(
  zip: ZipFile,
  entry: Entry,
  describe: string,
  limits: ArchiveLimits,
): AsyncGenerator<Uint8Array> {
  if (entry.isEncrypted()) {
    throw new FeedError('compressed', `${describe}: encrypted; unpack it first and add the result`);
  }
  if (!entry.canDecodeFileData()) {
    const method = METHODS[entry.compressionMethod] ?? `method ${entry.compressionMethod}`;
    throw new FeedError('compressed', `${describe}: compressed with ${method}, which is not read in zip archives`);
  }
  const stream = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
    throw damaged(error, describe);
  });
  let sum = 0;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Uint8Array; // oxlint-disable-line typescript/no-unsafe-type-assertion -- a byte stream gives Buffers
      limits.addBytes(bytes.length);
      sum = crc32(bytes, sum);
      yield bytes;
    }
  } catch (error) {
    throw damaged(error, describe);
  } finally {
    stream.destroy();
  }
  if (sum !== entry.crc32) throw new FeedError('compressed', `${describe}: damaged zip data (wrong checksum)`);
}

/** APPNOTE 4.4.5, as far as they occur. */
const METHODS: Readonly<Record<number, string>> = {
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'xz',
  98: 'PPMd',
  99: 'encryption (AES)',
};

function damaged(error: unknown, describe: string): FeedError {
  if (error instanceof FeedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FeedError('compressed', `${describe}: damaged zip archive (${printable(message, 200)})`, { cause: error });
}
