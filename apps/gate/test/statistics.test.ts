import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseQueueStatistics } from '../src/queue/statistics.ts';

// Two queues, as /proc/net/netfilter/nfnetlink_queue aligns them.
const TEXT = `    0   4242     1 2  4096     2     3     99  1
21000  70001    12 2 16896   400    56 123456  1
`;

test('the line of our queue', () => {
  assert.deepEqual(parseQueueStatistics(TEXT, 21_000), { waiting: 12, queueDropped: 400, userDropped: 56 });
  assert.deepEqual(parseQueueStatistics(TEXT, 0), { waiting: 1, queueDropped: 2, userDropped: 3 });
});

test('another queue, an empty file, nonsense: nothing', () => {
  const none = { waiting: 0, queueDropped: 0, userDropped: 0 };
  assert.deepEqual(parseQueueStatistics(TEXT, 5), none);
  assert.deepEqual(parseQueueStatistics('', 21_000), none);
  assert.deepEqual(parseQueueStatistics('21000', 21_000), none);
});
