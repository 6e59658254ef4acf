import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { type BodyStep, BodyTracker } from '../src/http/body.ts';
import type { BodyLength } from '../src/http/request.ts';
import { bytesOf, textOf } from './hellos.ts';

suite('where the next head starts', () => {
  const end = (at: number): BodyStep => ({ kind: 'end', at });
  const broken = (at: number): BodyStep => ({ kind: 'broken', at });
  const body: BodyStep = { kind: 'body' };
  const table: { name: string; kind: BodyLength; input: string; want: BodyStep }[] = [
    { name: 'no body', kind: 'none', input: 'GET', want: end(0) },
    { name: 'length', kind: 3, input: 'abcGET', want: end(3) },
    { name: 'length not reached', kind: 4, input: 'abc', want: body },
    { name: 'one chunk', kind: 'chunked', input: '3\r\nabc\r\n0\r\n\r\nGET', want: end(13) },
    {
      name: 'chunks, sizes in any case and with zeros',
      kind: 'chunked',
      input: '0a\r\n0123456789\r\n0B\r\n0123456789a\r\n000\r\n\r\nG',
      want: end(40),
    },
    { name: 'extension', kind: 'chunked', input: '1;a="b\r";c \r\nx\r\n0;z\r\n\r\nG', want: end(23) },
    { name: 'trailer', kind: 'chunked', input: '0\r\nHost: b\r\nX: y\r\n\r\nG', want: end(20) },
    { name: 'bare LF', kind: 'chunked', input: '1\nx\n0\n\nG', want: end(7) },
    { name: 'last chunk without the empty line', kind: 'chunked', input: '0\r\n', want: body },
    { name: 'a head where a size should be', kind: 'chunked', input: 'GET / HTTP/1.1\r\n', want: broken(0) },
    { name: 'no size', kind: 'chunked', input: '\r\n', want: broken(0) },
    { name: 'chunk longer than its size', kind: 'chunked', input: '1\r\nxy\r\n', want: broken(4) },
    { name: 'size of 13 digits', kind: 'chunked', input: '1234567890abc', want: broken(12) },
    { name: 'negative size', kind: 'chunked', input: '-1\r\n', want: broken(0) },
    { name: 'extension without end', kind: 'chunked', input: `1;${'e'.repeat(5000)}`, want: broken(4098) },
    {
      name: 'trailer without end',
      kind: 'chunked',
      input: `0\r\n${'X: y\r\n'.repeat(3000)}`,
      want: broken(3 + 16_384),
    },
  ];
  for (const { name, kind, input, want } of table) {
    test(name, () => {
      const tracker = new BodyTracker(kind);
      assert.deepEqual(tracker.consume(bytesOf(input)), want);
      if (want.kind !== 'body') assert.deepEqual(tracker.consume(bytesOf('0\r\n')), { ...want, at: 0 });
    });
  }
});

test('bytes may be passed over unseen', () => {
  const tracker = new BodyTracker(1e12);
  assert.equal(tracker.certain, 1e12);
  tracker.skip(1e12 - 2);
  assert.deepEqual(tracker.consume(bytesOf('abGET')), { kind: 'end', at: 2 });
});

test('pieces of any size give the same answer as the whole', () => {
  const chunk = fc.string({ minLength: 1, maxLength: 20 }).map((text) => bytesOf(text));
  const stream = fc.oneof(
    fc.array(chunk, { maxLength: 5 }).map((chunks) => {
      const text = chunks.map((bytes) => `${bytes.length.toString(16)};x\r\n${textOf(bytes)}\r\n`).join('');
      return bytesOf(`${text}0\r\nT: u\r\n\r\nGET / HTTP/1.1`);
    }),
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('0', '1', 'f', ';', '\r', '\n', 'x'), maxLength: 40 }).map(bytesOf),
  );
  fc.assert(
    fc.property(stream, fc.array(fc.nat(80), { maxLength: 6 }), (bytes, cuts) => {
      const whole = new BodyTracker('chunked').consume(bytes);
      const tracker = new BodyTracker('chunked');
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      let got: BodyStep = { kind: 'body' };
      for (let i = 0; i + 1 < edges.length && got.kind === 'body'; i++) {
        const from = edges[i] ?? 0;
        got = tracker.consume(bytes.subarray(from, edges[i + 1]));
        if (got.kind !== 'body') got = { kind: got.kind, at: got.at + from };
      }
      assert.deepEqual(got, whole);
    }),
    { numRuns: 1000 },
  );
});
