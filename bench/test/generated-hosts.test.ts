import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generatedHosts } from '../src/generated-hosts.ts';

test('exactly as many distinct host names as asked for', () => {
  const lines = [...generatedHosts(123_456)].join('').split('\n');
  assert.equal(lines.pop(), '');
  assert.equal(lines.length, 123_456);
  assert.equal(new Set(lines).size, 123_456);
  assert.ok(lines.every((line) => /^[a-z]+-[0-9a-z]+\.[0-9a-z]+\.invalid$/.test(line)));
});
