import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { parseCidr, parseIp } from '@sallyport/hosts/canonical';

import { type GuardedNetwork, GuardedNetworks } from '../../src/feeds/guard/guarded-networks.ts';

const own = ['198.100.7.9', '2600:1:2::3'].flatMap((text) => parseIp(text) ?? []);

suite('guarded networks', () => {
  const networks = new GuardedNetworks(own);

  for (const { entry, want } of [
    { entry: '0.0.0.0/0', want: 'too-wide' },
    { entry: '::/0', want: 'too-wide' },
    { entry: '128.0.0.0/1', want: 'too-wide' },
    { entry: '2.0.0.0/7', want: 'too-wide' },
    { entry: '3.0.0.0/8', want: null },
    { entry: '2400::/18', want: 'too-wide' },
    { entry: '2003::/19', want: null },
    { entry: '10.0.0.0/8', want: 'local-network' },
    { entry: '10.1.2.3/32', want: 'local-network' },
    { entry: '192.0.0.0/8', want: 'local-network' },
    { entry: '172.16.0.0/13', want: 'local-network' },
    { entry: '172.32.0.0/13', want: null },
    { entry: '100.64.0.1/32', want: 'local-network' },
    { entry: '100.128.0.1/32', want: null },
    { entry: '127.0.0.1/32', want: 'local-network' },
    { entry: '169.254.169.254/32', want: 'local-network' },
    { entry: '224.0.0.251/32', want: 'local-network' },
    { entry: '239.0.0.0/8', want: 'local-network' },
    { entry: '255.255.255.255/32', want: 'local-network' },
    { entry: '240.0.0.0/8', want: 'local-network' },
    { entry: '203.0.113.7/32', want: 'local-network' },
    { entry: '203.0.0.0/16', want: null },
    { entry: 'fe80::1/128', want: 'local-network' },
    { entry: 'fd00::/32', want: 'local-network' },
    { entry: 'ff02::1/128', want: 'local-network' },
    { entry: '::1/128', want: 'local-network' },
    { entry: '2001:db8::/33', want: 'local-network' },
    { entry: '2001:db9::/33', want: null },
    { entry: '198.100.7.9/32', want: 'protected-address' },
    { entry: '198.100.0.0/16', want: 'protected-address' },
    { entry: '198.100.7.8/32', want: null },
    { entry: '2600:1:2::/64', want: 'protected-address' },
    { entry: '8.8.8.8/32', want: 'popular-address' },
    { entry: '8.8.0.0/16', want: 'popular-address' },
    { entry: '8.9.0.0/16', want: null },
    { entry: '2606:4700:4700::1111/128', want: 'popular-address' },
    { entry: '45.33.32.156/32', want: null },
  ] as ReadonlyArray<{ entry: string; want: GuardedNetwork | null }>) {
    test(entry, () => {
      const parsed = parseCidr(entry);
      assert.ok(parsed.kind === 'ok');
      assert.equal(networks.lookUp(parsed.bytes, parsed.prefixLength), want);
    });
  }

  test('first bytes that need a search', () => {
    // Both families: the short cut is for IPv4 only. 4.2.2.1 is a resolver, 5.0.0.1 nothing.
    assert.equal(networks.lookUp(Uint8Array.of(4, 2, 2, 1), 32), 'popular-address');
    assert.equal(networks.lookUp(Uint8Array.of(4, 2, 2, 3), 32), null);
    assert.equal(networks.lookUp(Uint8Array.of(5, 0, 0, 1), 32), null);
    for (const first of [10, 224, 239, 240, 250, 255, 0, 127])
      assert.equal(networks.lookUp(Uint8Array.of(first, 0, 0, 1), 32), 'local-network', `${first}`);
  });

  test('the limits can be moved', () => {
    const strict = new GuardedNetworks([], { ipv4Bits: 16, ipv6Bits: 32 });
    assert.equal(strict.lookUp(Uint8Array.of(3, 0, 0, 0), 15), 'too-wide');
    assert.equal(strict.lookUp(Uint8Array.of(3, 0, 0, 0), 16), null);
  });
});
