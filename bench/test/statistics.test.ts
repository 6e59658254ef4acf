import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { median, pairedRatios, percentile, summarise } from '../src/statistics.ts';

suite('percentile', () => {
  const cases = [
    { name: 'one value', values: [7], p: 0.99, want: 7 },
    { name: 'the middle of an odd number', values: [9, 1, 5], p: 0.5, want: 5 },
    { name: 'between two of an even number', values: [1, 2, 3, 4], p: 0.5, want: 2.5 },
    { name: 'numbers are ordered as numbers', values: [10, 9, 100], p: 0, want: 9 },
    { name: 'near the top', values: Array.from({ length: 101 }, (_, n) => n), p: 0.99, want: 99 },
  ];
  for (const { name, values, p, want } of cases) test(name, () => assert.equal(percentile(values, p), want));
  test('no values', () => assert.equal(median([]), Number.NaN));
});

test('a ratio compares with the baselines on both sides', () => {
  assert.deepEqual(pairedRatios([100, 200, 100], [75, 300]), [0.5, 2]);
  assert.throws(() => pairedRatios([100], [75]), RangeError);
});

test('a summary keeps the median and the extremes', () => {
  assert.deepEqual(summarise([3, 1, 2]), { median: 2, min: 1, max: 3, runs: 3 });
});
