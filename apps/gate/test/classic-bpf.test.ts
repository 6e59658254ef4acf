/** Runs the very program of the rendered iptables rules on real packets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { runClassicBpf } from './classic-bpf.ts';
import { hex, type TcpShape, tcpPacket } from './packets.ts';
import { RENDERED } from './rendered-rules.ts';

function payloadProgram(family: 'ip' | 'ip6'): string {
  const found = new Set([...(RENDERED[0]?.[family] ?? '').matchAll(/--bytecode "([^"]+)"/g)].map((match) => match[1]));
  const [program = ''] = found;
  assert.equal(found.size, 1);
  return program;
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
    const program = payloadProgram(shape.family === 6 ? 'ip6' : 'ip');
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
    assert.equal(runClassicBpf(payloadProgram('ip6'), packet), 1);
  });

  test('a GSO packet of 64 kB', () => {
    for (const family of [4, 6] as const) {
      const packet = tcpPacket({ family, payload: new Uint8Array(65_000) });
      assert.equal(runClassicBpf(payloadProgram(family === 4 ? 'ip' : 'ip6'), packet), 1);
    }
  });
});
