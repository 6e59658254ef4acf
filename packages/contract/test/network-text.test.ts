import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { canonicalNetwork } from '../src/network-text.ts';

suite('canonicalNetwork', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1/32', '192.0.2.1'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['::', '::'],
    ['::1/128', '::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:200/120', '192.0.2.0/24'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['fe80::1%eth0', null],
    ['10.1.2.3/8', null],
    ['2001:db8::1/32', null],
    ['192.0.2.1/33', null],
    ['::/129', null],
    ['192.0.2.1/', null],
    ['192.0.2.1/-1', null],
    ['192.0.2.0/024', null],
    ['192.0.2.0/24/24', null],
    ['192.0.2.01', null],
    ['192.0.2', null],
    ['192.0.2.256', null],
    ['100.109.110.199', '100.109.110.199'],
    ['1:2:3:4:5:6:7', null],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7:8:9', null],
    ['1::2::3', null],
    ['::192.0.2.256', null],
    ['0x7f.0.0.1', null],
    [' 192.0.2.1', null],
    ['[::1]', null],
    ['example.org', null],
    ['', null],
  ];
  for (const [text, want] of cases) test(JSON.stringify(text), () => assert.equal(canonicalNetwork(text), want));

  test('never throws, and what it gives is its own spelling', () => {
    const text = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:./]{0,40}$/));
    fc.assert(
      fc.property(text, fc.nat(130), (address, length) => {
        for (const typed of [address, `${address}/${length}`]) {
          const network = canonicalNetwork(typed);
          if (network !== null) assert.equal(canonicalNetwork(network), network);
        }
      }),
    );
  });
});
