/**
 * The thread that reads and verifies large tables, behind everything else on the machine: one at a time, each a message
 * in and a message out. It waits for the next, because a thread that ends with its table leaves memory behind.
 */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';

import { type LoadTask, readAndVerify } from './table-loading.ts';

const port = parentPort;
if (port !== null) {
  // Of this thread alone: on Linux, process 0 of setpriority(2) is the calling thread.
  setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  port.on('message', (task: LoadTask) => port.postMessage(readAndVerify(task)));
}
