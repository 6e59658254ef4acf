import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { FlowEnds } from '../src/queue/flow.ts';
import { RecentlyAllowed } from '../src/queue/recently-allowed.ts';

const NOW = 1_700_000_000_000;

const ends = (ports: readonly [number, number], ...addresses: readonly number[]): FlowEnds => ({
  bytes: Uint8Array.from([0xee, ...addresses]), // not at the start: offsets count
  addressLength: addresses.length / 2,
  sourceAt: 1,
  destinationAt: 1 + addresses.length / 2,
  protocol: 6,
  sourcePort: ports[0],
  destinationPort: ports[1],
  uid: 1000,
});

suite('recently allowed', () => {
  const flow = ends([40_000, 443], 192, 0, 2, 1, 198, 51, 100, 7);
  const cases: readonly { name: string; asked: FlowEnds; afterMs: number; want: boolean }[] = [
    { name: 'at once', asked: flow, afterMs: 0, want: true },
    {
      name: 'seen through other bytes',
      asked: ends([40_000, 443], 192, 0, 2, 1, 198, 51, 100, 7),
      afterMs: 999,
      want: true,
    },
    { name: 'a second later', asked: flow, afterMs: 1000, want: false },
    {
      name: 'another source port',
      asked: ends([40_001, 443], 192, 0, 2, 1, 198, 51, 100, 7),
      afterMs: 0,
      want: false,
    },
    {
      name: 'another destination port',
      asked: ends([40_000, 444], 192, 0, 2, 1, 198, 51, 100, 7),
      afterMs: 0,
      want: false,
    },
    { name: 'another source', asked: ends([40_000, 443], 192, 0, 2, 2, 198, 51, 100, 7), afterMs: 0, want: false },
    { name: 'another destination', asked: ends([40_000, 443], 192, 0, 2, 1, 198, 51, 100, 8), afterMs: 0, want: false },
    { name: 'the other way round', asked: ends([443, 40_000], 198, 51, 100, 7, 192, 0, 2, 1), afterMs: 0, want: false },
  ];
  for (const { name, asked, afterMs, want } of cases) {
    test(name, () => {
      const recent = new RecentlyAllowed();
      assert.equal(recent.has(asked, NOW), false);
      recent.add(flow, NOW);
      assert.equal(recent.has(asked, NOW + afterMs), want);
    });
  }

  test('more flows than there is room for push earlier ones out, and never lend them their place', () => {
    const recent = new RecentlyAllowed();
    const nth = (index: number, last: number): FlowEnds =>
      ends([index & 0xffff, 443], 192, 0, 2, 1, 198, 51, 100, last);
    for (let index = 0; index < 20_000; index++) recent.add(nth(index, 7), NOW);
    let kept = 0;
    let strangers = 0;
    for (let index = 0; index < 20_000; index++) {
      if (recent.has(nth(index, 7), NOW)) kept++;
      if (recent.has(nth(index, 8), NOW)) strangers++;
    }
    assert.ok(kept <= 4096 && kept > 2000, `${kept} kept`);
    assert.ok(strangers <= 1, `${strangers} strangers`); // 1 in 2^32 each
  });
});
