/** Writes a file that is used again after a restart, so it has to be on the disk before its name is. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Throws when `path` exists. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o640);
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
