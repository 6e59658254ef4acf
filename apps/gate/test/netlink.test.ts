import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { type FlowTuple, readFailedMark, SET_MARK_LENGTH, writeSetMark } from '../src/netlink/conntrack.ts';
import { MessageWriter, readError } from '../src/netlink/message.ts';
import {
  bindRequest,
  HOOK_LOCAL_OUT,
  NF_ACCEPT,
  QueuedPacket,
  UNKNOWN_UID,
  VERDICT_LENGTH,
  writeVerdict,
} from '../src/netlink/queue.ts';
import { concat, DESTINATION_V6, hex, SOURCE_V6 } from './packets.ts';

const written = (write: (out: MessageWriter) => void): Uint8Array => {
  const out = new MessageWriter(1024);
  out.bytes.fill(0xee); // what an earlier message left must not shine through
  write(out);
  return out.bytes.subarray(0, out.length);
};

const V4: FlowTuple = {
  bytes: hex('ffff c0000201 c6336407'),
  addressLength: 4,
  sourceAt: 2,
  destinationAt: 6,
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 443,
};
const V6: FlowTuple = {
  ...V4,
  bytes: concat(SOURCE_V6, DESTINATION_V6),
  addressLength: 16,
  sourceAt: 0,
  destinationAt: 16,
};

suite('requests, byte for byte', () => {
  // nlmsghdr: u32 length, u16 type (subsystem 3, message), u16 flags, u32 sequence, u32 port; nfgenmsg: family, version, be16 queue.
  const config = (length: string, flags: string, attributes: string): Uint8Array =>
    hex(`${length}000000 0203 ${flags} 00000000 00000000 00 00 5208 ${attributes}`);

  for (const [failOpen, flags] of [
    [true, '00000005'],
    [false, '00000004'],
  ] as const) {
    test(`bind, fail ${failOpen ? 'open' : 'closed'}: three answers, then packets`, () => {
      assert.deepEqual(
        bindRequest({ queueNumber: 21_000, copyRange: 16_896, maxLength: 8192, failOpen }),
        concat(
          config('1c', '0500', '0800 0100 01 00 0000'),
          config('2c', '0500', `0800 0300 00002000 0800 0400 00000005 0800 0500 ${flags}`),
          config('24', '0500', '0800 0400 00000008 0800 0500 00000008'),
          config('20', '0100', '0c00 0200 00004200 02 000000'),
        ),
      );
    });
  }

  test('verdict that leaves the mark alone', () => {
    assert.deepEqual(
      written((out) => writeVerdict(out, 21_000, 0xdead_beef, NF_ACCEPT, null)),
      hex('20000000 0103 0100 00000000 00000000 00 00 5208 0c00 0200 00000001 deadbeef'),
    );
  });

  test('verdict with a mark, and with the mark 0', () => {
    for (const mark of [0xa000_0001, 0]) {
      const value = mark.toString(16).padStart(8, '0');
      assert.deepEqual(
        written((out) => writeVerdict(out, 7, 1, 0, mark)),
        hex(`28000000 0103 0100 00000000 00000000 00 00 0007 0c00 0200 00000000 00000001 0800 0300 ${value}`),
      );
    }
  });

  test('set the mark of an IPv4 flow', () => {
    assert.deepEqual(
      written((out) => writeSetMark(out, V4, 0x1000_0000, 0x3000_0000)),
      hex(`58000000 0001 0100 00000000 00000000 02 00 0000
           3400 0180
             1400 0180  0800 0100 c0000201  0800 0200 c6336407
             1c00 0280  0500 0100 06000000  0600 0200 9c400000  0600 0300 01bb0000
           0800 0800 10000000
           0800 1500 30000000`),
    );
  });

  test('set the mark of an IPv6 flow', () => {
    assert.deepEqual(
      written((out) => writeSetMark(out, V6, 0x8000_0000, 0xc000_0000)),
      hex(`70000000 0001 0100 00000000 00000000 0a 00 0000
           4c00 0180
             2c00 0180  1400 0300 20010db8000000000000000000000001  1400 0400 20010db8000000000000000000000007
             1c00 0280  0500 0100 06000000  0600 0200 9c400000  0600 0300 01bb0000
           0800 0800 80000000
           0800 1500 c0000000`),
    );
  });

  test('the announced lengths are enough', () => {
    assert.ok(written((out) => writeSetMark(out, V6, 1, 3)).length <= SET_MARK_LENGTH);
    assert.equal(written((out) => writeVerdict(out, 1, 1, 1, 1)).length, VERDICT_LENGTH);
    const out = new MessageWriter(VERDICT_LENGTH);
    assert.equal(out.fits(VERDICT_LENGTH), true);
    writeVerdict(out, 1, 1, 1, 1);
    assert.equal(out.fits(1), false);
    out.clear();
    assert.equal(out.fits(VERDICT_LENGTH), true);
  });

  test('messages follow each other in one datagram', () => {
    const both = written((out) => {
      writeSetMark(out, V4, 1, 3);
      writeVerdict(out, 1, 2, 1, null);
    });
    const length = new DataView(both.buffer).getUint32(0, true);
    assert.deepEqual(
      both.subarray(length),
      written((out) => writeVerdict(out, 1, 2, 1, null)),
    );
  });
});

/** As the kernel sends it: packet header (be32 id, be16 protocol, u8 hook), then what else is given, then the payload. */
function packetMessage({ attributes = '', payload = '45000001', type = '0003' } = {}): Uint8Array {
  const size = hex(payload).length + 4;
  const padding = '00'.repeat((4 - (size % 4)) % 4);
  const payloadSize = Buffer.from([size & 0xff, size >> 8]).toString('hex');
  const body = hex(`0b00 0100 00000102 0800 03 00 ${attributes} ${payloadSize} 0a00 ${payload} ${padding}`);
  const message = concat(hex(`00000000 ${type} 0000 00000000 00000000 02 00 5208`), body);
  new DataView(message.buffer).setUint32(0, message.length, true);
  return message;
}

suite('QueuedPacket.read', () => {
  const read = (bytes: Uint8Array, length = bytes.length): QueuedPacket | null => {
    const packet = new QueuedPacket();
    return packet.read(bytes, length) ? packet : null;
  };

  test('header, payload, no mark', () => {
    const message = packetMessage({ payload: '4500000102' });
    const packet = read(message);
    assert.ok(packet !== null);
    assert.equal(packet.id, 0x102);
    assert.equal(packet.hook, HOOK_LOCAL_OUT);
    assert.equal(packet.mark, 0);
    assert.equal(packet.fullLength, 5);
    assert.deepEqual(message.subarray(packet.payloadStart, packet.payloadEnd), hex('4500000102'));
  });

  test('mark, and the length of a packet that was cut', () => {
    const packet = read(packetMessage({ attributes: '0800 0300 80000001 0800 0d00 00010000' }));
    assert.equal(packet?.mark, 0x8000_0001);
    assert.equal(packet?.fullLength, 65_536);
  });

  test('nothing of the packet before remains', () => {
    const packet = new QueuedPacket();
    const attributes = '0800 0300 80000001 0800 0d00 00010000 0800 1000 000003e8';
    assert.ok(packet.read(packetMessage({ attributes }), 1000));
    assert.equal(packet.uid, 1000);
    const plain = packetMessage();
    assert.ok(packet.read(plain, plain.length));
    assert.equal(packet.mark, 0);
    assert.equal(packet.fullLength, 4);
    assert.equal(packet.uid, UNKNOWN_UID);
  });

  test('attributes that are not ours, nested and byte-order flags, are passed over', () => {
    const packet = read(packetMessage({ attributes: '0800 0500 00000002 0600 0b80 aabb0000' }));
    assert.equal(packet?.id, 0x102);
  });

  const whole = packetMessage({ attributes: '0800 0300 00000001' });
  for (let length = 0; length < whole.length; length++) {
    test(`cut to ${length} bytes`, () => assert.equal(read(whole.subarray(0, length)), null));
  }

  test('what is none', () => {
    assert.equal(read(packetMessage({ type: '0203' })), null);
    assert.equal(read(packetMessage({ attributes: '0000 0300' })), null); // an attribute of no size would never end
    assert.equal(read(hex('18000000 0003 0000 00000000 00000000 02 00 5208 0600 0100 0000 0000')), null);
    assert.equal(read(hex('1c000000 0003 0000 00000000 00000000 02 00 5208 0800 0a00 45000000')), null); // no header
  });

  test('any bytes: never throws, never points outside', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 128 }),
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }).map((changes) => {
        const message = packetMessage({ attributes: '0800 0300 80000001 0800 0d00 00010000' });
        for (const [at, value] of changes) message[at % message.length] = value;
        return message;
      }),
    );
    fc.assert(
      fc.property(any, fc.nat(8), (bytes, more) => {
        const buffer = concat(bytes, new Uint8Array(more).fill(0x0a));
        const packet = read(buffer, bytes.length);
        if (packet !== null) {
          assert.ok(packet.payloadStart >= 20 && packet.payloadStart <= packet.payloadEnd);
          assert.ok(packet.payloadEnd <= bytes.length);
        }
        assert.deepEqual(packet, read(bytes));
        readError(buffer, bytes.length);
        readFailedMark(buffer, bytes.length);
      }),
    );
  });
});

suite('errors', () => {
  /** NLMSG_ERROR: its own header, the negative errno, then the request it answers. */
  const errorMessage = (errno: number, request: Uint8Array): Uint8Array => {
    const message = concat(hex('00000000 0200 0000 00000000 00000000 00000000'), request);
    const view = new DataView(message.buffer);
    view.setUint32(0, message.length, true);
    view.setInt32(16, -errno, true);
    return message;
  };

  test('errno, acknowledgement, other messages, cut short', () => {
    assert.equal(readError(errorMessage(16, hex('')), 20), 16);
    assert.ok(readError(errorMessage(0, hex('')), 20) === 0); // -0 counts as acknowledged
    assert.equal(readError(errorMessage(16, hex('')), 19), null);
    assert.equal(readError(packetMessage(), packetMessage().length), null);
  });

  test('the flow behind a failed request is the one that was asked for', () => {
    const address = fc
      .constantFrom(4, 16)
      .chain((length) => fc.uint8Array({ minLength: 2 * length, maxLength: 2 * length }));
    fc.assert(
      fc.property(address, fc.nat(0xffff), fc.nat(0xffff), (bytes, sourcePort, destinationPort) => {
        const addressLength = bytes.length / 2;
        const flow = {
          ...V4,
          bytes,
          addressLength,
          sourceAt: 0,
          destinationAt: addressLength,
          sourcePort,
          destinationPort,
        };
        const answer = errorMessage(
          2,
          written((out) => writeSetMark(out, flow, 1, 3)),
        );
        const failed = readFailedMark(answer, answer.length);
        assert.ok(failed !== null);
        assert.equal(failed.sourcePort, sourcePort);
        assert.equal(failed.destinationPort, destinationPort);
        assert.equal(failed.protocol, 6);
        assert.deepEqual(answer.slice(failed.sourceAt, failed.sourceAt + addressLength), bytes.slice(0, addressLength));
        assert.deepEqual(
          answer.slice(failed.destinationAt, failed.destinationAt + addressLength),
          bytes.slice(addressLength),
        );
        for (let length = 0; length < answer.length - 16; length++) assert.equal(readFailedMark(answer, length), null);
      }),
      { numRuns: 50 },
    );
  });

  test('a failed verdict is no failed mark', () => {
    const answer = errorMessage(
      2,
      written((out) => writeVerdict(out, 1, 2, 1, 3)),
    );
    assert.equal(readFailedMark(answer, answer.length), null);
  });
});
