import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { ByteStream, type PushResult } from '../src/stream.ts';
import { bytesOf, textOf } from './hellos.ts';

suite('segments', () => {
  const table: { name: string; input: [number, string][]; want: PushResult[]; text: string }[] = [
    {
      name: 'in order',
      input: [
        [0, 'abc'],
        [3, 'def'],
      ],
      want: ['ok', 'ok'],
      text: 'abcdef',
    },
    {
      name: 'reordered',
      input: [
        [3, 'def'],
        [0, 'abc'],
      ],
      want: ['gap', 'ok'],
      text: 'abcdef',
    },
    {
      name: 'duplicate',
      input: [
        [0, 'abc'],
        [0, 'abc'],
      ],
      want: ['ok', 'ok'],
      text: 'abc',
    },
    {
      name: 'overlap that agrees',
      input: [
        [0, 'abcd'],
        [2, 'cdef'],
      ],
      want: ['ok', 'ok'],
      text: 'abcdef',
    },
    {
      name: 'overlap that differs',
      input: [
        [0, 'abcd'],
        [2, 'xxef'],
      ],
      want: ['ok', 'conflict'],
      text: 'abcd',
    },
    {
      name: 'differs behind a gap',
      input: [
        [4, 'efgh'],
        [5, 'xx'],
        [0, 'abcd'],
      ],
      want: ['gap', 'conflict', 'ok'],
      text: 'abcdefgh',
    },
    {
      name: 'around a known piece',
      input: [
        [2, 'c'],
        [0, 'abcde'],
      ],
      want: ['gap', 'ok'],
      text: 'abcde',
    },
    {
      name: 'two gaps',
      input: [
        [2, 'c'],
        [4, 'e'],
        [3, 'd'],
        [0, 'ab'],
      ],
      want: ['gap', 'gap', 'gap', 'ok'],
      text: 'abcde',
    },
    { name: 'before the first byte', input: [[-1, 'zab']], want: ['ok'], text: 'ab' },
    {
      name: 'keep-alive probe',
      input: [
        [0, 'ab'],
        [-1, 'z'],
      ],
      want: ['ok', 'ok'],
      text: 'ab',
    },
    { name: 'empty payload', input: [[5, '']], want: ['ok'], text: '' },
    {
      name: 'as much as fits',
      input: [
        [0, 'abcdefghij'],
        [8, 'ij'],
      ],
      want: ['overflow', 'overflow'],
      text: 'abcdefgh',
    },
    { name: 'wholly beyond', input: [[9, 'x']], want: ['overflow'], text: '' },
  ];
  for (const { name, input, want, text } of table) {
    test(name, () => {
      const stream = new ByteStream({ capacityBytes: 8 });
      assert.deepEqual(
        input.map(([offset, payload]) => stream.push(offset, bytesOf(payload))),
        want,
      );
      assert.equal(textOf(stream.contiguous()), text);
    });
  }

  test('pieces are bounded', () => {
    const stream = new ByteStream({ maxPieces: 2 });
    assert.equal(stream.push(2, bytesOf('c')), 'gap');
    assert.equal(stream.push(4, bytesOf('e')), 'gap');
    assert.equal(stream.push(6, bytesOf('g')), 'overflow');
    assert.equal(stream.push(3, bytesOf('d')), 'gap');
    assert.equal(stream.push(0, bytesOf('ab')), 'ok');
    assert.equal(textOf(stream.contiguous()), 'abcde');
  });
  test('discard moves the window, also past what has arrived', () => {
    const stream = new ByteStream({ capacityBytes: 4 });
    stream.push(0, bytesOf('abcd'));
    stream.discard(3);
    assert.equal(textOf(stream.contiguous()), 'd');
    assert.equal(stream.push(4, bytesOf('efg')), 'ok');
    assert.equal(stream.push(0, bytesOf('abc')), 'ok', 'a late copy of discarded bytes');
    stream.discard(10);
    assert.equal(stream.base, 13);
    assert.equal(stream.push(7, bytesOf('hijklmno')), 'ok');
    assert.equal(textOf(stream.contiguous()), 'no');
  });
});

test('any cut, order, copy and overlap of a text gives the text', () => {
  const text = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) & 0xff);
  const piece = fc.tuple(fc.nat(299), fc.integer({ min: 1, max: 80 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const stream = new ByteStream({ maxPieces: 400 });
      const known = new Set<number>();
      for (const [start, length] of pieces) {
        const payload = text.subarray(start, start + length);
        assert.notEqual(stream.push(start, payload), 'conflict');
        for (let i = 0; i < payload.length; i++) known.add(start + i);
      }
      let end = 0;
      while (known.has(end)) end++;
      assert.deepEqual(stream.contiguous(), text.subarray(0, end));
    }),
  );
});
