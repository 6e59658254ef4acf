import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { MAX_FLOW_RECORD } from '@sallyport/contract/flow-record';
import fc from 'fast-check';

import { ringBuffer, RingConsumer, RingProducer } from '../src/queue/record-ring.ts';
import { flowRecord, longestRecord, sequencesOf } from './flow-records.ts';

const ring = (capacity: number): { producer: RingProducer; consumer: RingConsumer } => {
  const shared = ringBuffer(capacity);
  return { producer: new RingProducer(shared), consumer: new RingConsumer(shared) };
};

suite('ring', () => {
  test('empty: nothing to read, nothing to release', () => {
    const { consumer } = ring(10_000);
    assert.equal(consumer.read(10_000), null);
    consumer.release(5);
    assert.equal(consumer.pending, 0);
  });

  test('records come out in order, no more than asked for at a time', () => {
    const { producer, consumer } = ring(10_000);
    for (const sequence of [1, 2, 3]) producer.push(flowRecord(sequence, 500));
    assert.deepEqual(sequencesOf(consumer.read(1200)), [1, 2]);
    assert.deepEqual(sequencesOf(consumer.read(1200)), [3]);
    assert.equal(consumer.read(1200), null);
    assert.equal(consumer.pending, 3);
  });

  test('full: what does not fit is counted and nothing before it is touched', () => {
    const { producer, consumer } = ring(4 * MAX_FLOW_RECORD);
    for (let sequence = 1; sequence <= 20; sequence++) producer.push(flowRecord(sequence, 1000));
    assert.deepEqual(sequencesOf(consumer.read(100_000)), [1, 2, 3, 4, 5, 6]);
    assert.equal(consumer.dropped, 14);
    consumer.release(6);
    producer.push(flowRecord(99, 1000));
    assert.deepEqual(sequencesOf(consumer.read(100_000)), [99]);
  });

  test('a record that would close the ring exactly is refused: full would look like empty', () => {
    const { producer, consumer } = ring(3 * MAX_FLOW_RECORD);
    const push = (sequence: number): void => producer.push(longestRecord(sequence));
    push(1);
    push(2);
    consumer.read(1e9);
    consumer.release(1);
    push(3); // would end where record 2 begins
    assert.equal(consumer.dropped, 1);
    consumer.release(2);
    push(4);
    push(5); // record 4 fills the first third, this would fill the second, up to the tail
    assert.equal(consumer.dropped, 2);
    assert.deepEqual(sequencesOf(consumer.read(1e9)), [4]);
  });

  test('a lost agent: what it did not store comes again, what it stored does not', () => {
    const { producer, consumer } = ring(10_000);
    for (let sequence = 1; sequence <= 5; sequence++) producer.push(flowRecord(sequence));
    consumer.read(10_000);
    consumer.release(2);
    consumer.rewind();
    assert.deepEqual(sequencesOf(consumer.read(10_000)), [3, 4, 5]);
    consumer.release(2); // an old acknowledgement
    consumer.release(1e300); // one of a future that was never sent
    assert.equal(consumer.pending, 0);
    consumer.rewind();
    assert.equal(consumer.read(10_000), null);
  });

  test('an acknowledgement frees nothing that was not read', () => {
    const { producer, consumer } = ring(10_000);
    producer.push(flowRecord(1));
    consumer.release(10);
    assert.equal(consumer.pending, 1);
    assert.deepEqual(sequencesOf(consumer.read(10_000)), [1]);
  });

  test('another consumer, as after a restart of the reading side, starts at the oldest unreleased', () => {
    const shared = ringBuffer(10_000);
    const producer = new RingProducer(shared);
    const first = new RingConsumer(shared);
    for (let sequence = 1; sequence <= 3; sequence++) producer.push(flowRecord(sequence));
    first.read(10_000);
    first.release(1);
    assert.deepEqual(sequencesOf(new RingConsumer(shared).read(10_000)), [2, 3]);
  });

  test('a sleeper is woken by a record, by a rewind that gives it something, and not kept when there is something', async () => {
    const { producer, consumer } = ring(10_000);
    const asleep = consumer.wait();
    producer.push(flowRecord(1));
    await asleep;
    await consumer.wait();
    consumer.read(10_000);
    const again = consumer.wait();
    consumer.rewind();
    await again;
    assert.deepEqual(sequencesOf(consumer.read(10_000)), [1]);
  });
});

test('model: nothing is lost, doubled, damaged or out of order', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), size: fc.nat(1024) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), size: fc.nat(6000) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), size: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), size: fc.constant(0) }) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: MAX_FLOW_RECORD + 3, max: 8 * MAX_FLOW_RECORD }),
      (steps, capacity) => {
        const { producer, consumer } = ring(capacity);
        let kept: number[] = []; // stored and not released
        let read = 0; // how many of them were read
        let dropped = 0;
        let sequence = 0;
        for (const { kind, size } of steps) {
          if (kind === 'push') {
            producer.push(flowRecord(++sequence, size));
            if (consumer.dropped === dropped) kept.push(sequence);
            else assert.equal(consumer.dropped, ++dropped);
            // Room for three of the largest is never refused: one may be lost at the end, one keeps the ends apart.
            if (kept.length === 0) assert.ok(capacity < 3 * MAX_FLOW_RECORD, 'an empty ring refused a record');
          } else if (kind === 'read') {
            const found = sequencesOf(consumer.read(MAX_FLOW_RECORD + size));
            assert.deepEqual(found, kept.slice(read, read + found.length));
            if (read < kept.length) assert.ok(found.length > 0);
            read += found.length;
          } else if (kind === 'release') {
            const upTo = (kept[0] ?? 0) + size - 1;
            consumer.release(upTo);
            const gone = kept.filter((each, index) => index < read && each <= upTo).length;
            kept = kept.slice(gone);
            read -= gone;
          } else {
            consumer.rewind();
            read = 0;
          }
          assert.equal(consumer.pending, kept.length);
        }
        consumer.rewind();
        assert.deepEqual(sequencesOf(consumer.read(1e9)), kept);
      },
    ),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
  );
});
