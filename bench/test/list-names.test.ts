import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canonicalHost } from '@sallyport/hosts/canonical';

import { listName } from '../src/list-names.ts';

test('names are canonical, distinct and always the same', () => {
  const names = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    for (const list of [0, 1]) {
      const name = listName(i, list);
      assert.deepEqual(canonicalHost(name), { kind: 'ok', value: name });
      assert.equal(listName(i, list), name);
      names.add(name);
    }
  }
  assert.equal(names.size, 40_000);
});

test('names have the number of labels asked for, else as many as real lists have', () => {
  assert.equal(listName(7, 0, 4).split('.').length, 4);
  const names = Array.from({ length: 20_000 }, (_, i) => listName(i));
  const two = names.filter((name) => name.split('.').length === 2).length / names.length;
  const bytes = names.reduce((sum, name) => sum + name.length, 0) / names.length;
  assert.ok(Math.abs(two - 0.68) < 0.02, `${two} have two labels`);
  assert.ok(Math.abs(bytes - 18) < 2, `${bytes} bytes on average`);
});
