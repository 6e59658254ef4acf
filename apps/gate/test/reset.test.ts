import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { resetPacket } from '../src/queue/reset.ts';
import { DESTINATION_V6, hex, SOURCE_V6 } from './packets.ts';

/**
 * RFC 1071 as its text says, byte pairs in an array, pseudo-header written out in full (RFC 9293 3.1, RFC 8200 8.1): a
 * packet whose checksum is right sums to 0xffff.
 */
function onesComplementSum(packet: Uint8Array): number {
  const v4 = (packet[0] ?? 0) >> 4 === 4;
  const tcp = [...packet.subarray(v4 ? 20 : 40)];
  const addresses = [...(v4 ? packet.subarray(12, 20) : packet.subarray(8, 40))];
  const pseudo = v4 ? [...addresses, 0, 6, 0, tcp.length] : [...addresses, 0, 0, 0, tcp.length, 0, 0, 0, 6];
  const all = [...pseudo, ...tcp];
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) {
    sum += (all[at] ?? 0) * 256 + (all[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

suite('resetPacket', () => {
  test('IPv4, byte for byte', () => {
    const ends = {
      source: hex('c0000201'),
      destination: hex('c6336407'),
      sourcePort: 40_000,
      destinationPort: 443,
    };
    assert.deepEqual(
      resetPacket(ends, 0x0102_0304, 0xfffe_fdfc),
      hex(`45 00 0028 0000 4000 40 06 0000 c0000201 c6336407
           9c40 01bb 01020304 fffefdfc 50 14 0000 2397 0000`),
    );
  });

  test('IPv6, byte for byte up to the checksum', () => {
    const ends = { source: SOURCE_V6, destination: DESTINATION_V6, sourcePort: 1, destinationPort: 65_535 };
    const packet = resetPacket(ends, 1, 2);
    assert.deepEqual(
      packet.subarray(0, 56),
      hex(`60 00 0000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000007
           0001 ffff 00000001 00000002 50 14 0000`),
    );
    assert.equal(onesComplementSum(packet), 0xffff);
  });

  test('the checksum is right for any ends and numbers', () => {
    const address = fc
      .oneof(fc.constant(4), fc.constant(16))
      .chain((length) =>
        fc.tuple(
          fc.uint8Array({ minLength: length, maxLength: length }),
          fc.uint8Array({ minLength: length, maxLength: length }),
        ),
      );
    const port = fc.nat(0xffff);
    const number = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(address, port, port, number, number, ([source, destination], sourcePort, destinationPort, s, a) => {
        const packet = resetPacket({ source, destination, sourcePort, destinationPort }, s, a);
        assert.equal(onesComplementSum(packet), 0xffff);
        const view = new DataView(packet.buffer, source.length === 4 ? 20 : 40);
        assert.equal(view.getUint32(4), s);
        assert.equal(view.getUint32(8), a);
      }),
    );
  });
});
