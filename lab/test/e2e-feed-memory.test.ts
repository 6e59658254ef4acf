/**
 * What reading a large feed needs: no process of ours takes more than the limit while 64 MB are read, whichever the
 * format. Needs root.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { FeedView } from '@sallyport/contract/control';

import { startSallyport } from '../src/agent-run.ts';
import { generateFeed } from '../src/generate-feed.ts';
import { watchMemory } from '../src/peak-memory.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const SAMPLE_BYTES = 64e6;
/** Must hold 6. */
const LIMIT_MB = 300;
/** Arguments of the process that reads feeds, as no other has them. */
const READER = '/proc/self/exe --no-warnings --max-old-space-size';

suite('memory', needsRoot, () => {
  // Lines, records that may span lines, and a document.
  for (const format of ['adblock', 'csv', 'stix']) {
    test(`64 MB of ${format}`, async (t) => {
      await using lab = await createPairLab({ serverAddresses: 1 });
      await using folder = await createTemporaryFolder('memory');
      const list = join(folder.path, 'list');
      await writeFile(list, generateFeed(format, SAMPLE_BYTES));
      await using sallyport = await startSallyport(lab.client.namespace, { mode: 'block' });
      using watch = watchMemory();
      const view = await sallyport.json<FeedView>('feed', 'add', list);
      assert.deepEqual([view.format, view.invalid.count], [format, 0]);
      assert.ok(view.entries.hosts > 100_000);
      const reader = watch.peaks.find(({ program }) => program.startsWith(READER));
      assert.ok(reader !== undefined, 'the reader was seen');
      for (const { program, megabytes } of watch.peaks.slice(0, 3))
        t.diagnostic(`${megabytes.toFixed(0)} MB ${program}`);
      assert.ok((watch.peaks[0]?.megabytes ?? 0) <= LIMIT_MB, `${watch.peaks[0]?.megabytes} MB`);
    });
  }
});
