/** Run by journal.test.ts: appends batches for ever and reports each acknowledgement, until it is killed. */
import { Journal } from '../src/journal/journal.ts';
import { stateDirectory } from '../src/state/state-directory.ts';
import { encodeBatch, flowRecord } from './state-fixture.ts';

const journal = new Journal(stateDirectory(process.argv[2] ?? ''), () => 1_000_000);
let next = 1;
for (;;) {
  const batch = Array.from({ length: 250 }, () => flowRecord(next++));
  const { highest } = journal.append(encodeBatch(batch));
  await new Promise((resolve) => process.send?.(highest, resolve));
}
