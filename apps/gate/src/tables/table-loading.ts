/**
 * Reads a table file into shared memory and verifies it there: bytes that the agent can no longer change.
 *
 * Both together cost about two milliseconds a megabyte. Small tables are done on the spot; for larger ones a thread is started
 * that ends with the table, because the thread that waits for it also beats the heart and talks to the agent.
 */
import { readSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { HostTable } from '@sallyport/hosts/table';

/** What the rest of the gate needs to know of a table without opening it. */
export interface TableFacts {
  readonly hosts: number;
  readonly addresses: number;
  readonly urls: number;
  readonly bytes: number;
  /** Kinds of processes that some of its rules are for. */
  readonly criteria: HostTable['scopeCriteria'];
}

export type LoadOutcome =
  | { readonly kind: 'ok'; readonly facts: TableFacts }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where the file is open and where its bytes go. */
export interface LoadTask {
  readonly file: string;
  readonly fd: number;
  /** On a SharedArrayBuffer, as long as the file. */
  readonly bytes: Uint8Array;
}

/**
 * A million and a half hosts, thirty milliseconds. A thread takes as long to start, and each one leaves a little of its
 * heap behind in the allocator: 1,000 of them made the gate ten megabytes larger.
 */
const ON_THE_SPOT_BYTES = 16 * 1024 * 1024;

export const load = (task: LoadTask): Promise<LoadOutcome> =>
  task.bytes.length <= ON_THE_SPOT_BYTES ? Promise.resolve(readAndVerify(task)) : loadInThread(task);

export function readAndVerify({ file, fd, bytes }: LoadTask): LoadOutcome {
  let length = 0;
  try {
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, length);
      if (read === 0) return refused(`${file} was cut short`);
      length += read;
    }
  } catch (error) {
    return refused(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const opened = HostTable.open(bytes);
  if (opened.kind !== 'ok') return refused(`${file} does not verify: ${opened.reason} (${opened.detail})`);
  const { hosts, ips, cidrs, urls, scopeCriteria } = opened.value;
  return { kind: 'ok', facts: { hosts, addresses: ips + cidrs, urls, bytes: bytes.length, criteria: scopeCriteria } };
}

/** Resolves once the thread is gone, so nothing writes to the bytes afterwards. */
function loadInThread(task: LoadTask): Promise<LoadOutcome> {
  const { promise, resolve } = Promise.withResolvers<LoadOutcome>();
  const worker = new Worker(new URL('table-loader.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
  });
  let outcome = refused(`${task.file}: the thread that verified it ended early`);
  worker.on('message', (message: LoadOutcome) => {
    outcome = message;
  });
  worker.on('error', (error) => {
    const reason = error instanceof Error ? error.message : String(error);
    outcome = refused(`${task.file} cannot be verified: ${reason}`);
  });
  worker.on('exit', () => resolve(outcome));
  return promise;
}

const refused = (reason: string): LoadOutcome => ({ kind: 'refused', reason });
