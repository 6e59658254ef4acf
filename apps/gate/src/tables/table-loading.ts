/**
 * Reads a table file into shared memory and verifies it there: bytes that the agent can no longer change.
 *
 * Both together cost two to three milliseconds a megabyte. Small tables are done on the spot, larger ones by a thread of lower
 * priority: on a machine whose processors are busy, the same work at normal priority stands in the way of whoever
 * waits for a packet, and 1,000 swaps of a million hosts made the slowest hundredth of connections several times slower.
 *
 * Easy to get wrong: the thread stays once it was needed. Starting one for each table takes as long as the table, and each
 * leaves a little of its heap behind in the allocator.
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

/** Some twenty thousand hosts, one millisecond: less than asking the thread takes on a busy machine. */
const ON_THE_SPOT_BYTES = 512 * 1024;

let loader: LoaderThread | null = null;

export function load(task: LoadTask): Promise<LoadOutcome> {
  if (task.bytes.length <= ON_THE_SPOT_BYTES) return Promise.resolve(readAndVerify(task));
  loader ??= new LoaderThread(() => (loader = null));
  return loader.load(task);
}

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
  const { hosts, ips, cidrs, urls } = opened.value;
  return { kind: 'ok', facts: { hosts, addresses: ips + cidrs, urls, bytes: bytes.length } };
}

/** One task at a time. */
class LoaderThread {
  readonly #worker: Worker;
  #answer: ((outcome: LoadOutcome) => void) | null = null;

  constructor(onEnd: () => void) {
    this.#worker = new Worker(new URL('table-loader.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64 },
    });
    let reason = 'the thread that verifies tables ended early';
    this.#worker.on('message', (outcome: LoadOutcome) => this.#finish(outcome));
    this.#worker.on('error', (error) => {
      reason = `it cannot be verified: ${error instanceof Error ? error.message : String(error)}`;
    });
    // Not before: until then the thread may write to the bytes.
    this.#worker.on('exit', () => {
      onEnd();
      this.#finish(refused(reason));
    });
  }

  load(task: LoadTask): Promise<LoadOutcome> {
    const { promise, resolve } = Promise.withResolvers<LoadOutcome>();
    this.#answer = resolve;
    this.#worker.ref();
    this.#worker.postMessage(task);
    return promise;
  }

  #finish(outcome: LoadOutcome): void {
    // An idle thread keeps no process alive.
    this.#worker.unref();
    this.#answer?.(outcome);
    this.#answer = null;
  }
}

const refused = (reason: string): LoadOutcome => ({ kind: 'refused', reason });
