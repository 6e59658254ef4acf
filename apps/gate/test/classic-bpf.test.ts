/** Runs the very programs of the rendered rules on real packets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { runClassicBpf } from './classic-bpf.ts';
import { concat, hex, type TcpShape, tcpPacket, udpPacket } from './packets.ts';
import { RENDERED } from './rendered-rules.ts';

/** In the order of the rules: TCP payload, then QUIC version 1 and 2. */
function programs(family: 'ip' | 'ip6'): { payload: string; v1: string; v2: string } {
  const text = RENDERED[0]?.[family] ?? '';
  const found = [...new Set([...text.matchAll(/--bytecode "([^"]+)"/g)].map((match) => match[1] ?? ''))];
  const [payload = '', v1 = '', v2 = ''] = found;
  assert.equal(found.length, 3);
  return { payload, v1, v2 };
}

suite('TCP payload', () => {
  const cases: readonly { readonly name: string; readonly shape: TcpShape }[] = [
    { name: 'plain IPv4', shape: { family: 4 } },
    { name: 'IPv4 with timestamps', shape: { family: 4, tcpOptions: 12 } },
    { name: 'IPv4, most TCP options', shape: { family: 4, tcpOptions: 40 } },
    { name: 'IPv4 with IP options', shape: { family: 4, ipOptions: 8, tcpOptions: 12 } },
    { name: 'IPv4, most options of both', shape: { family: 4, ipOptions: 40, tcpOptions: 40 } },
    { name: 'IPv4 Fast Open SYN', shape: { family: 4, flags: 'S', tcpOptions: 20 } },
    { name: 'plain IPv6', shape: { family: 6 } },
    { name: 'IPv6 with timestamps', shape: { family: 6, tcpOptions: 12 } },
    { name: 'IPv6, most TCP options', shape: { family: 6, tcpOptions: 40 } },
  ];
  for (const { name, shape } of cases) {
    const { payload: program } = programs(shape.family === 6 ? 'ip6' : 'ip');
    for (const length of [0, 1, 1400]) {
      test(`${name}, ${length} bytes: ${length > 0 ? 'queued' : 'not queued'}`, () => {
        const packet = tcpPacket({ ...shape, payload: new Uint8Array(length).fill(0xff) });
        assert.equal(runClassicBpf(program, packet), length > 0 ? 1 : 0);
      });
    }
  }

  test('behind IPv6 extension headers the gate looks itself, payload or not', () => {
    const destinationOptions = hex('06 00 01 04 00 00 00 00');
    const packet = tcpPacket({ family: 6, extensions: [destinationOptions], firstHeader: 60 });
    assert.equal(runClassicBpf(programs('ip6').payload, packet), 1);
  });

  test('a GSO packet of 64 kB', () => {
    for (const family of [4, 6] as const) {
      const packet = tcpPacket({ family, payload: new Uint8Array(65_000) });
      assert.equal(runClassicBpf(programs(family === 4 ? 'ip' : 'ip6').payload, packet), 1);
    }
  });
});

suite('QUIC Initial', () => {
  const datagram = (firstBytes: string, length = 1200): Uint8Array => {
    const head = hex(firstBytes);
    return concat(head, new Uint8Array(Math.max(0, length - head.length))).subarray(0, length);
  };
  // First byte: long header, fixed bit, two bits of type, two reserved, two of packet number length (RFC 9000 17.2).
  const cases: readonly { name: string; payload: Uint8Array; want: 'v1' | 'v2' | 'neither' }[] = [
    { name: 'version 1 Initial', payload: datagram('c3 00000001 08'), want: 'v1' },
    { name: 'version 1 Initial, other low bits', payload: datagram('cf 00000001 08'), want: 'v1' },
    { name: 'version 1 Initial, 1400 bytes', payload: datagram('c0 00000001 08', 1400), want: 'v1' },
    { name: 'version 2 Initial', payload: datagram('d3 6b3343cf 08'), want: 'v2' },
    { name: 'version 1 Initial, one byte short', payload: datagram('c3 00000001 08', 1199), want: 'neither' },
    { name: 'version 2 Initial, one byte short', payload: datagram('d3 6b3343cf 08', 1199), want: 'neither' },
    { name: 'version 1 0-RTT', payload: datagram('d3 00000001 08'), want: 'neither' },
    { name: 'version 1 Handshake', payload: datagram('e3 00000001 08'), want: 'neither' },
    { name: 'version 1 Retry', payload: datagram('f3 00000001 08'), want: 'neither' },
    { name: 'version 2 Handshake', payload: datagram('f3 6b3343cf 08'), want: 'neither' },
    { name: 'version 2 Retry', payload: datagram('c3 6b3343cf 08'), want: 'neither' },
    { name: 'unknown version', payload: datagram('c3 0a0a0a0a 08'), want: 'neither' },
    { name: 'short header', payload: datagram('43 00000001 08'), want: 'neither' },
    { name: 'fixed bit clear', payload: datagram('83 00000001 08'), want: 'neither' },
    { name: 'four bytes', payload: datagram('c3 0000', 4), want: 'neither' },
    { name: 'no bytes', payload: new Uint8Array(0), want: 'neither' },
    { name: 'DNS over TCP-sized answer', payload: datagram('0001 8180 0001', 1300), want: 'neither' },
  ];
  for (const { name, payload, want } of cases) {
    test(name, () => {
      for (const shape of [{ family: 4 }, { family: 4, ipOptions: 40 }, { family: 6 }] as const) {
        const { v1, v2 } = programs(shape.family === 6 ? 'ip6' : 'ip');
        const packet = udpPacket({ ...shape, payload });
        assert.equal(runClassicBpf(v1, packet), want === 'v1' ? 1 : 0);
        assert.equal(runClassicBpf(v2, packet), want === 'v2' ? 1 : 0);
      }
    });
  }

  test('IPv6 that is not directly UDP is left alone', () => {
    const { v1 } = programs('ip6');
    assert.equal(runClassicBpf(v1, tcpPacket({ family: 6, payload: datagram('c3 00000001 08', 1400) })), 0);
  });
});
