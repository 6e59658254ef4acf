import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { flowKey } from '../src/queue/flow-key.ts';
import { Segment, TCP_ACK, TCP_SYN } from '../src/queue/segment.ts';
import { bytesOf, concat, hex, type TcpShape, tcpPacket, udpPacket } from './packets.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function read(packet: Uint8Array, shown = packet.length, fullLength = packet.length): Segment | null {
  const segment = new Segment();
  return segment.read(packet, 0, shown, fullLength) ? segment : null;
}

const payload = bytesOf('hello');

suite('segments that are read', () => {
  const cases: readonly { name: string; shape: TcpShape }[] = [
    { name: 'plain IPv4', shape: {} },
    { name: 'IPv4 options', shape: { ipOptions: 40 } },
    { name: 'TCP options', shape: { tcpOptions: 40 } },
    { name: 'both', shape: { ipOptions: 4, tcpOptions: 12 } },
    { name: 'plain IPv6', shape: { family: 6 } },
    {
      name: 'hop-by-hop, then destination options of two units',
      shape: {
        family: 6,
        firstHeader: 0,
        extensions: [hex('3c 00 0104 00000000'), hex('06 01 0104 00000000 0000000000000000')],
      },
    },
    { name: 'routing', shape: { family: 6, firstHeader: 43, extensions: [hex('06 00 0400 00000000')] } },
    { name: 'first fragment', shape: { family: 6, firstHeader: 44, extensions: [hex('06 00 0001 00000001')] } },
    {
      name: 'authentication header (its length counts words of 4)',
      shape: { family: 6, firstHeader: 51, extensions: [hex('06 02 0000 00000001 00000001 00000000')] },
    },
  ];
  for (const { name, shape } of cases) {
    test(name, () => {
      const segment = read(
        tcpPacket({ ...shape, payload, sourcePort: 50_001, destinationPort: 8443, sequence: 0xffff_fff0 }),
      );
      assert.ok(segment !== null);
      assert.equal(text(segment.payload), 'hello');
      assert.equal(segment.payloadLength, 5);
      assert.equal(segment.sourcePort, 50_001);
      assert.equal(segment.destinationPort, 8443);
      assert.equal(segment.sequence, 0xffff_fff0);
      assert.equal(segment.acknowledgement, 2000);
      assert.equal(segment.flags & TCP_ACK, TCP_ACK);
      assert.equal(segment.addressLength, shape.family === 6 ? 16 : 4);
      const want = shape.family === 6 ? '20010db8000000000000000000000007' : 'c6336407';
      assert.equal(Buffer.from(segment.destination).toString('hex'), want);
      assert.equal(
        Buffer.from(segment.source).toString('hex'),
        shape.family === 6 ? '20010db8000000000000000000000001' : 'c0000201',
      );
    });
  }

  test('a SYN with data: its first payload byte is one behind its sequence number, also across zero', () => {
    const segment = read(tcpPacket({ flags: 'S', sequence: 0xffff_ffff, payload }));
    assert.equal(segment?.sequence, 0);
    assert.equal((segment?.flags ?? 0) & TCP_SYN, TCP_SYN);
  });

  test('no payload', () => {
    assert.equal(read(tcpPacket({}))?.payloadLength, 0);
  });

  test('cut off at the copy range: what is shown, and how long it is', () => {
    const packet = tcpPacket({ payload: new Uint8Array(60_000).fill(0x61) });
    const segment = read(packet, 1000, packet.length);
    assert.equal(segment?.payload.length, 960);
    assert.equal(segment?.payloadLength, 60_000);
  });

  test('in the middle of a datagram, what surrounds it is not read', () => {
    const packet = tcpPacket({ payload });
    const framed = concat(new Uint8Array(36).fill(0xff), packet, new Uint8Array(9).fill(0xff));
    const segment = new Segment();
    assert.ok(segment.read(framed, 36, 36 + packet.length, packet.length));
    assert.equal(text(segment.payload), 'hello');
  });
});

suite('packets that are none', () => {
  const laterFragment = tcpPacket({ payload });
  laterFragment[7] = 1;
  const shortOffset = tcpPacket({ payload });
  shortOffset[32] = 4 << 4;
  const longOffset = tcpPacket({ payload });
  longOffset[32] = 15 << 4;
  const version5 = tcpPacket({ payload });
  version5[0] = 0x55;
  const cases: readonly { name: string; packet: Uint8Array; shown?: number }[] = [
    { name: 'nothing', packet: new Uint8Array(0) },
    { name: 'UDP', packet: udpPacket({ payload }) },
    { name: 'UDP over IPv6', packet: udpPacket({ family: 6, payload }) },
    { name: 'later IPv4 fragment', packet: laterFragment },
    {
      name: 'later IPv6 fragment',
      packet: tcpPacket({ family: 6, firstHeader: 44, extensions: [hex('06 00 0009 00000001')], payload }),
    },
    { name: 'unknown extension header', packet: tcpPacket({ family: 6, firstHeader: 50, payload }) },
    { name: 'data offset below 5', packet: shortOffset },
    { name: 'data offset behind the end', packet: longOffset },
    { name: 'IP version 5', packet: version5 },
    { name: 'IPv4 header cut', packet: tcpPacket({ payload }), shown: 19 },
    { name: 'TCP header cut', packet: tcpPacket({ payload }), shown: 39 },
    { name: 'IPv6 header cut', packet: tcpPacket({ family: 6, payload }), shown: 39 },
    {
      name: 'extension header cut',
      packet: tcpPacket({ family: 6, firstHeader: 0, extensions: [hex('06 05 0104 00000000')] }),
      shown: 48,
    },
  ];
  for (const { name, packet, shown } of cases) test(name, () => assert.equal(read(packet, shown), null));
});

test('any bytes: never throws, never shows a payload outside the packet', () => {
  const anyPacket = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom<4 | 6>(4, 6), fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }))
      .map(([family, changes]) => {
        const packet = tcpPacket({ family, payload, tcpOptions: 12 });
        for (const [at, value] of changes) packet[at % packet.length] = value;
        return packet;
      }),
  );
  fc.assert(
    fc.property(anyPacket, fc.nat(16), fc.nat(70_000), (packet, pad, fullLength) => {
      const framed = concat(new Uint8Array(pad), packet, new Uint8Array(pad).fill(0x45));
      const segment = new Segment();
      if (!segment.read(framed, pad, pad + packet.length, fullLength)) return;
      const start = segment.payload.byteOffset - framed.byteOffset;
      assert.ok(start >= pad && start + segment.payload.length <= pad + packet.length);
      assert.ok(segment.payload.length <= segment.payloadLength);
    }),
  );
});

test('a flow key tells addresses, ports and directions apart, and families', () => {
  const keys = [
    tcpPacket({}),
    tcpPacket({ sourcePort: 40_001 }),
    tcpPacket({ destinationPort: 444 }),
    tcpPacket({ sourcePort: 443, destinationPort: 40_000 }),
    tcpPacket({ family: 6 }),
  ].map((packet) => {
    const segment = read(packet);
    return segment === null ? '' : flowKey(segment);
  });
  assert.equal(new Set(keys).size, keys.length);
});
