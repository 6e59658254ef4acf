import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { type FlowTuple, readOriginal, SET_MARK_LENGTH, writeGetRewritten } from '../src/netlink/conntrack.ts';
import { MessageWriter } from '../src/netlink/message.ts';
import { readSocket, socketRequest } from '../src/netlink/sock-diag.ts';
import { KEY_BYTES, readValue, writeKey } from '../src/process/flow-process.ts';
import { startTicks } from '../src/process/processes.ts';
import { DESTINATION_V6, hex, SOURCE_V6 } from './packets.ts';

const V4: FlowTuple = {
  bytes: Uint8Array.of(0xee, 192, 0, 2, 1, 198, 51, 100, 7),
  addressLength: 4,
  sourceAt: 1,
  destinationAt: 5,
  protocol: 6,
  sourcePort: 0x1234,
  destinationPort: 443,
};
const V6: FlowTuple = {
  ...V4,
  bytes: Uint8Array.from([...SOURCE_V6, ...DESTINATION_V6]),
  addressLength: 16,
  sourceAt: 0,
  destinationAt: 16,
};
const MAPPED: FlowTuple = {
  ...V6,
  bytes: hex('00000000000000000000ffff c0000201 00000000000000000000ffff c6336407'),
};

const keyOf = (ends: FlowTuple): string => {
  const key = new Uint8Array(KEY_BYTES).fill(0xaa);
  writeKey(new DataView(key.buffer), 0x0102n, ends);
  return Buffer.from(key).toString('hex');
};

suite('keys of connections', () => {
  const v4 = '0201000000000000 00000000000000000000ffffc0000201 00000000000000000000ffffc6336407 3412 bb01 00000000';
  const v6 = '0201000000000000 20010db8000000000000000000000001 20010db8000000000000000000000007 3412 bb01 00000000';
  const cases: readonly { readonly name: string; readonly ends: FlowTuple; readonly want: string }[] = [
    { name: 'IPv4', ends: V4, want: v4 },
    { name: 'IPv6', ends: V6, want: v6 },
    { name: 'IPv4 as an IPv6 socket shows it', ends: MAPPED, want: v4 },
  ];
  for (const { name, ends, want } of cases) {
    test(name, () => assert.equal(keyOf(ends), want.replaceAll(' ', '')));
  }

  test('the process', () => {
    const bytes = hex(
      '00ca9a3b00000000 2a00000000000000 39300000 3a300000 e8030000 00000000 6375726c00ffffffffffffffffffffff',
    );
    assert.deepEqual(readValue(new DataView(bytes.buffer)), {
      connectedNs: 1_000_000_000,
      cgroupId: 42,
      pid: 12_345,
      tid: 12_346,
      uid: 1000,
      command: 'curl',
    });
  });
});

suite('sock_diag', () => {
  test('what is asked', () => {
    const want =
      '48000000 1400 0100 00000000 00000000 02 06 00 00 ffffffff 1234 01bb c0000201000000000000000000000000' +
      'c6336407000000000000000000000000 00000000 ffffffffffffffff';
    assert.equal(Buffer.from(socketRequest(V4)).toString('hex'), want.replaceAll(' ', ''));
    assert.equal(socketRequest(V6)[16], 10);
  });

  const id = '00'.repeat(48);
  const answer = hex(
    `58000000 1400 0000 00000000 00000000 02010000 ${id} 00000000 00000000 00000000 e8030000 39300000`,
  );
  test('the answer', () => assert.deepEqual(readSocket(answer, answer.length), { uid: 1000, inode: 12_345 }));
  test('there is none', () => {
    const error = hex('24000000 0200 0000 00000000 00000000 feffffff 48000000 1400 0100 00000000 00000000');
    assert.equal(readSocket(error, error.length), null);
  });
  test('cut short', () => {
    for (let length = 0; length < answer.length; length++) assert.equal(readSocket(answer, length), null);
  });
  test('any bytes: no exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void readSocket(bytes, bytes.length)));
  });
});

suite('the ends before a rewriting', () => {
  test("what is asked: the answers' direction", () => {
    const out = new MessageWriter(SET_MARK_LENGTH);
    writeGetRewritten(out, V4);
    const want =
      '48000000 0101 0100 00000000 00000000 02 00 0000 3400 0280' +
      '1400 0180 0800 0100 c6336407 0800 0200 c0000201' +
      '1c00 0280 0500 0100 06000000 0600 0200 01bb0000 0600 0300 12340000';
    assert.equal(Buffer.from(out.bytes.subarray(0, out.length)).toString('hex'), want.replaceAll(' ', ''));
  });

  const original =
    '1400 0180 0800 0100 c0000201 0800 0200 cb007109 1c00 0280 0500 0100 06000000 0600 0200 12340000 0600 0300 00500000';
  const answer = hex(`50000000 0001 0000 00000000 00000000 02 00 0000 0800 0300 00000008 3400 0180 ${original}`);
  test('the answer', () => {
    const read = readOriginal(answer, answer.length);
    assert.ok(read);
    const { bytes, sourceAt, destinationAt, sourcePort, destinationPort, protocol } = read;
    assert.deepEqual(
      [[...bytes.subarray(sourceAt, sourceAt + 4)], [...bytes.subarray(destinationAt, destinationAt + 4)]],
      [
        [192, 0, 2, 1],
        [203, 0, 113, 9],
      ],
    );
    assert.deepEqual([sourcePort, destinationPort, protocol], [0x1234, 80, 6]);
  });
  test('cut short', () => {
    for (let length = 0; length < 78; length++) assert.equal(readOriginal(answer, length), null, `${length}`);
  });
  test('any change: no exception, and nothing points outside', () => {
    const changes = fc.array(fc.tuple(fc.nat(answer.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(changes, (list) => {
        const copy = answer.slice();
        for (const [at, byte] of list) copy[at] = byte;
        const read = readOriginal(copy, copy.length);
        return read === null || Math.max(read.sourceAt, read.destinationAt) + read.addressLength <= copy.length;
      }),
    );
  });
});

suite('when a process started', () => {
  const rest = `S 1 10 10 0 -1 4194560 100 0 0 0 0 1 0 0 20 0 1 0 987654 1000 5`;
  const cases: readonly { readonly name: string; readonly stat: string; readonly want: number }[] = [
    { name: 'as usual', stat: `10 (curl) ${rest}\n`, want: 987_654 },
    { name: 'a name made to deceive', stat: `10 (a) S 1 2) ${rest}\n`, want: 987_654 },
    { name: 'a process that has ended', stat: '', want: Number.NaN },
    { name: 'cut short', stat: '10 (curl) S 1 10', want: Number.NaN },
  ];
  for (const { name, stat, want } of cases) test(name, () => assert.equal(startTicks(stat), want));
});
