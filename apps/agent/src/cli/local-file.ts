/**
 * Opens a file or folder that the user named, with the user's rights, before anything else happens. What is opened is
 * checked by its descriptor, not by its name, so it cannot become something else in between.
 *
 * Easy to get wrong: a folder's files are opened only when it is read. A command that gives up root meanwhile, because
 * no agent runs, must still be able to read them.
 */
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { resolve } from 'node:path';

import { ControlError } from '@sallyport/contract/control-error';

import { tarOf } from '../feeds/archives/tar-members.ts';
import { FeedError } from '../feeds/feed-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied: run this as a user who may read it, or with sudo',
  EPERM: 'permission denied: run this as a user who may read it, or with sudo',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'is not a regular file',
};

export interface LocalFile extends Disposable {
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  /** From the beginning; once. Closes the file at the end. */
  content(): AsyncIterable<Uint8Array>;
}

/** Like `openLocalFile`; a folder is given as a tar archive of its files, of unknown size. */
export function openLocalFeed(path: string): LocalFile {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return openLocalFile(path);
  let isEmpty: boolean;
  try {
    accessSync(path, constants.X_OK);
    isEmpty = readdirSync(path).length === 0;
  } catch (error) {
    throw new ControlError('invalid', `${path}: ${REASONS['EACCES'] ?? ''}`, { cause: error });
  }
  if (isEmpty) throw new ControlError('invalid', `${path}: no file is in this folder`);
  const absolute = resolve(path);
  return { path: absolute, size: 0, content: () => archived(absolute), [Symbol.dispose]: () => {} };
}

async function* archived(folder: string): AsyncGenerator<Uint8Array> {
  try {
    yield* tarOf(folder);
  } catch (error) {
    if (error instanceof FeedError) throw new ControlError('invalid', error.message, { cause: error });
    throw error;
  }
}

/** Throws ControlError (`not-found`, `invalid`) with one line that names the file. Nothing is read yet. */
export function openLocalFile(path: string): LocalFile {
  if (path === '' || path.includes('\0')) throw new ControlError('invalid', 'the file name is empty or holds a NUL');
  let descriptor: number;
  try {
    // O_NONBLOCK: a FIFO without a writer would hang here for ever, before its type could be seen.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = REASONS[code] ?? `cannot be opened (${code})`;
    throw new ControlError(code === 'ENOENT' ? 'not-found' : 'invalid', `${path}: ${reason}`, { cause: error });
  }
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    const what = stat.isDirectory() ? 'is a directory: name a file in it' : 'is not a regular file';
    throw new ControlError('invalid', `${path}: ${what}`);
  }
  let open = true;
  return {
    path: resolve(path),
    size: stat.size,
    content() {
      open = false;
      return createReadStream('', { fd: descriptor, highWaterMark: 256 * 1024 });
    },
    [Symbol.dispose]() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}
