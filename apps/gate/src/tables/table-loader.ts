/** The thread that reads and verifies one large table, behind everything else on the machine, and ends. */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

import { type LoadTask, readAndVerify } from './table-loading.ts';

if (parentPort !== null) {
  // Of this thread alone: on Linux, process 0 of setpriority(2) is the calling thread.
  setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- handed over by table-loading.ts
  parentPort.postMessage(readAndVerify(workerData as LoadTask));
}
