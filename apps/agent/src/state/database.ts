/**
 * Opens the two SQLite files. Each is held by one process alone: the exclusive lock is what keeps a second agent, or
 * a command without an agent, off a state directory that is in use, and the kernel lets go of it whatever becomes of
 * the process.
 *
 * Easy to get wrong: the lock is taken by the first access, not by opening, so the pragmas below are in that order.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { ControlError } from '@sallyport/contract/control-error';

import { giveToOwner, type StateDirectory, unavailable } from './state-directory.ts';

/**
 * What a commit means. `always`: it survives a power cut (one fsync each). `process`: it survives the death of this
 * process, and a power cut takes at most what was written since the last checkpoint.
 */
export type Durability = 'always' | 'process';

const BUSY_MS = 2000;
const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;
const SQLITE_READONLY = 8;

/** `schema` must be safe to run again. Throws ControlError. */
export function openDatabase(
  directory: StateDirectory,
  path: string,
  durability: Durability,
  schema: string,
): DatabaseSync {
  const isNew = !existsSync(path);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_MS });
    if (isNew) giveToOwner(directory, path);
    // 256 KiB of page cache: the working set is small and memory is budgeted.
    database.exec(
      `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA cache_size = -256; PRAGMA mmap_size = 0;
       PRAGMA synchronous = ${durability === 'always' ? 'FULL' : 'NORMAL'}; BEGIN EXCLUSIVE; ${schema}; COMMIT;`,
    );
    return database;
  } catch (error) {
    database?.close();
    throw refusal(directory, path, error);
  }
}

/** Runs `step` in one transaction; a throw undoes all of it. */
export function transaction<T>(database: DatabaseSync, step: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = step();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function refusal(directory: StateDirectory, path: string, error: unknown): Error {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  if (code === SQLITE_BUSY) {
    return new ControlError(
      'conflict',
      `${directory.root} is in use by another agent or command; stop that one first or choose another --state-dir`,
    );
  }
  if (code === SQLITE_CANTOPEN || code === SQLITE_READONLY) {
    return new ControlError('unavailable', `${path}: cannot be opened; run as root or as the agent's user`, {
      cause: error,
    });
  }
  return unavailable(path, error);
}
