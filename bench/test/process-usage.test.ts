import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { cpuSeconds, memory, processTree } from '../src/process-usage.ts';

test('a tree holds its children, their CPU time and their memory', async () => {
  const busy = `for (const end = process.cpuUsage().user + 100_000; process.cpuUsage().user < end; );
    process.stdout.write('done'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', busy]);
  try {
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    const tree = await processTree(process.pid);
    assert.equal(tree[0], process.pid);
    assert.ok(tree.includes(pid));
    assert.deepEqual(await processTree(pid), [pid]);
    assert.ok((await cpuSeconds(pid)) >= 0.09);
    const [row] = await memory(pid);
    assert.ok(row !== undefined && row.pssMb > 1 && row.pssMb <= row.rssMb);
    assert.match(row.command, / -e /);
  } finally {
    child.kill();
  }
});
