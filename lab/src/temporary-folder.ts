/**
 * A folder under the system's temporary directory that disappears with its handle.
 *
 * Readable by everyone on purpose: servers of the lab drop to an unprivileged user and still have to
 * read their pages from it. The name carries this process's id, for the sweep after a crash.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
}

export async function createTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `sallyport-lab-${process.pid}-${purpose}-`));
  await chmod(path, 0o755);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes the folders of labs whose process is gone. */
export async function sweepTemporaryFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^sallyport-lab-(?<pid>\d+)-/.exec(name)?.groups?.['pid'];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}
