/**
 * The thread that reads and verifies large tables, behind everything else on the machine: one at a time, each a message
 * in and a message out. It waits for the next, because a thread that ends with its table leaves memory behind.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';

import { type LoadTask, readAndVerify } from './table-loading.ts';

const port = parentPort;
if (port !== null) {
  // Of this thread alone: on Linux, process 0 of setpriority(2) is the calling thread. A gate that was started below that
  // priority may not rise to it.
  const { PRIORITY_BELOW_NORMAL } = constants.priority;
  if (getPriority(0) < PRIORITY_BELOW_NORMAL) setPriority(0, PRIORITY_BELOW_NORMAL);
  port.on('message', (task: LoadTask) => port.postMessage(readAndVerify(task)));
}
