import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import { releasePages } from '../src/sys/libc.ts';
import { TableMemory } from '../src/tables/table-memory.ts';

const MEGABYTE = 1 << 20;

suite('table memory', () => {
  test('what was retired is used again once the order was obeyed, and not before', () => {
    const memory = new TableMemory(() => {});
    const first = memory.take(MEGABYTE);
    memory.retire(first, 7);
    memory.reclaim(6);
    const second = memory.take(MEGABYTE);
    assert.notEqual(second.buffer, first.buffer);
    memory.reclaim(7);
    assert.equal(memory.take(MEGABYTE).buffer, first.buffer);
  });

  test('order numbers wrap round', () => {
    const memory = new TableMemory(() => {});
    const first = memory.take(MEGABYTE);
    memory.retire(first, -0x8000_0000);
    memory.reclaim(0x7fff_ffff);
    assert.notEqual(memory.take(MEGABYTE).buffer, first.buffer);
    memory.reclaim(-0x7fff_ffff);
    assert.equal(memory.take(MEGABYTE).buffer, first.buffer);
  });

  test('without another thread everything is free at once', () => {
    const memory = new TableMemory(() => {});
    const first = memory.take(10);
    memory.retire(first, 3);
    memory.reclaim(null);
    assert.equal(memory.take(10).buffer, first.buffer);
  });

  const cases: readonly { name: string; spare: number; asked: number; want: boolean }[] = [
    { name: 'a little more than before fits', spare: 100 * MEGABYTE, asked: 110 * MEGABYTE, want: true },
    { name: 'much more does not', spare: 100 * MEGABYTE, asked: 120 * MEGABYTE, want: false },
    { name: 'a smaller one fits', spare: 100 * MEGABYTE, asked: 50 * MEGABYTE, want: true },
    { name: 'a small one does not take the place of a large one', spare: 100 * MEGABYTE, asked: MEGABYTE, want: false },
    { name: 'nothing at all', spare: 1, asked: 0, want: true },
  ];
  for (const { name, spare, asked, want } of cases) {
    test(name, () => {
      const memory = new TableMemory(() => {});
      const first = memory.take(spare);
      memory.giveBack(first);
      const second = memory.take(asked);
      assert.equal(second.length, asked);
      assert.equal(second.buffer === first.buffer, want);
    });
  }

  test('the smallest that fits', () => {
    const memory = new TableMemory(() => {});
    const [large, small] = [memory.take(3 * MEGABYTE), memory.take(2 * MEGABYTE)];
    memory.giveBack(large);
    memory.giveBack(small);
    assert.equal(memory.take(MEGABYTE).buffer, small.buffer);
    assert.equal(memory.take(MEGABYTE).buffer, large.buffer);
  });

  test('a thousand swaps stay in two buffers, whatever their order is obeyed after', () => {
    const memory = new TableMemory(() => {});
    const seen = new Set<ArrayBufferLike>();
    let current = memory.take(MEGABYTE);
    for (let order = 1; order <= 1000; order++) {
      memory.reclaim(order - 1);
      const next = memory.take(MEGABYTE + (order % 1000));
      memory.retire(current, order);
      seen.add(current.buffer);
      current = next;
    }
    assert.equal(seen.size, 2);
  });

  test('the kernel has the pages again, and they can be written again', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(64 * MEGABYTE));
    const before = residentBytes();
    bytes.fill(7);
    assert.ok(residentBytes() - before > 60 * MEGABYTE);
    releasePages(bytes);
    assert.ok(residentBytes() - before < 4 * MEGABYTE);
    assert.equal(bytes[32 * MEGABYTE], 0);
    bytes[32 * MEGABYTE] = 1;
    assert.equal(bytes[32 * MEGABYTE], 1);
  });

  test('bytes of this thread alone are refused: V8 may move them', () => {
    assert.throws(() => releasePages(new Uint8Array(MEGABYTE)), TypeError);
  });
});

function residentBytes(): number {
  return Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]) * 1024;
}
