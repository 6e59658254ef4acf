/** Flow assembly: order, retransmission, gaps, reused ports; and files cut anywhere. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { flowsOf, readPcap, type Segment } from '../src/pcap.ts';

const segment = (from: 'c' | 's', sequence: number, flags: string, text = ''): Segment => ({
  from,
  to: from === 'c' ? 's' : 'c',
  atMs: 0,
  sequence,
  syn: flags.includes('S'),
  ack: flags.includes('A'),
  fin: flags.includes('F'),
  rst: flags.includes('R'),
  payload: Buffer.from(text),
});

const SYN = segment('c', 99, 'S');
const cases = [
  { name: 'in order', segments: [SYN, segment('c', 100, 'A', 'ab'), segment('c', 102, 'A', 'cd')], want: ['abcd'] },
  { name: 'out of order', segments: [SYN, segment('c', 102, 'A', 'cd'), segment('c', 100, 'A', 'ab')], want: ['abcd'] },
  {
    name: 'retransmitted',
    segments: [SYN, segment('c', 100, 'A', 'ab'), segment('c', 100, 'A', 'abc')],
    want: ['abc'],
  },
  { name: 'ends at a gap', segments: [SYN, segment('c', 100, 'A', 'ab'), segment('c', 103, 'A', 'd')], want: ['ab'] },
  { name: 'nothing but a reset', segments: [SYN, segment('c', 100, 'RA')], want: [''] },
  { name: 'data in the SYN', segments: [segment('c', 99, 'S', 'ab'), segment('c', 102, 'A', 'c')], want: ['abc'] },
  {
    name: 'sequence numbers wrap',
    segments: [segment('c', 0xfffffffe, 'S'), segment('c', 0xffffffff, 'A', 'ab'), segment('c', 1, 'A', 'c')],
    want: ['abc'],
  },
  {
    name: 'reused port',
    segments: [SYN, segment('c', 100, 'A', 'ab'), segment('c', 500, 'S'), segment('c', 501, 'A', 'x')],
    want: ['ab', 'x'],
  },
  { name: 'SYN sent twice', segments: [SYN, SYN, segment('c', 100, 'A', 'ab')], want: ['ab'] },
  { name: 'SYN-ACK seen first', segments: [segment('s', 7, 'SA'), segment('c', 100, 'A', 'ab')], want: ['ab'] },
];

suite('flowsOf', () => {
  for (const { name, segments, want } of cases) {
    test(name, () => {
      const payloads = flowsOf(segments).map(({ fromClient }) => Buffer.from(fromClient.payload).toString());
      assert.deepEqual(payloads, want);
    });
  }
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const FILE = hex(`
  d4c3b2a1 02000400 00000000 00000000 00000400 01000000
  01000000 f4010000 38000000 38000000
  020000000001 020000000002 0800
  4500002a 00000000 40060000 c6120001 c6120002
  1f90 0050 00000064 00000000 5018 ffff 0000 0000  6869`);

suite('readPcap', () => {
  test('one IPv4 segment', () => {
    const [only] = readPcap(FILE).segments;
    assert.deepEqual(only, {
      from: '198.18.0.1:8080',
      to: '198.18.0.2:80',
      atMs: 1000.5,
      sequence: 100,
      syn: false,
      ack: true,
      fin: false,
      rst: false,
      payload: hex('6869'),
    });
  });
  test('a file that is still being written shows only whole packets', () => {
    for (let length = 0; length < FILE.length; length++) {
      assert.deepEqual(readPcap(FILE.subarray(0, length)).segments, []);
    }
  });
  test('something else is refused', () => {
    assert.throws(() => readPcap(new Uint8Array(64)), /no Ethernet pcap/);
  });
});
