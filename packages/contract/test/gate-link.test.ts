import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import {
  encodeFrame,
  encodeJsonFrame,
  encodeNumberFrame,
  type Frame,
  FrameReader,
  MAX_FRAME,
  readJson,
  readNumber,
  readSettingsFrame,
  readTableFrame,
} from '../src/gate-link.ts';
import { DEFAULT_GATE_SETTINGS } from '../src/gate-settings.ts';

const plain = (frames: readonly Frame[]): string[] =>
  frames.map(({ type, body }) => `${type} ${Buffer.from(body).toString('hex')}`);

suite('FrameReader', () => {
  test('layout', () => {
    assert.deepEqual(encodeFrame(64, Uint8Array.of(1, 2)), Uint8Array.of(3, 0, 0, 0, 64, 1, 2));
    assert.deepEqual(encodeNumberFrame(4, 1), Uint8Array.of(9, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f));
  });

  test('cut anywhere, and the chunks used for something else afterwards, the frames are the same', () => {
    const anyFrame = fc.record({ type: fc.nat(255), body: fc.uint8Array({ maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 12 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ type, body }) => encodeFrame(type, body)));
        const edges = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const reader = new FrameReader();
        const found: string[] = [];
        for (const [index, edge] of edges.slice(1).entries()) {
          found.push(...plain(reader.push(Uint8Array.from(bytes.subarray(edges[index], edge))) ?? []));
        }
        assert.deepEqual(found, plain(frames));
      }),
    );
  });

  test('bounds', () => {
    const header = (length: number): Uint8Array => {
      const bytes = new Uint8Array(5);
      new DataView(bytes.buffer).setUint32(0, length, true);
      return bytes;
    };
    assert.equal(new FrameReader().push(header(0)), null);
    assert.equal(new FrameReader().push(header(MAX_FRAME + 1)), null);
    assert.equal(new FrameReader().push(header(0xffff_ffff)), null);
    assert.deepEqual(new FrameReader().push(header(MAX_FRAME)), []);
    const reader = new FrameReader();
    const largest = encodeFrame(1, new Uint8Array(MAX_FRAME - 1));
    assert.equal(reader.push(largest)?.length, 1);
    assert.equal(reader.push(largest)?.length, 1);
  });

  test('any bytes: never throws, keeps no more than one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        const reader = new FrameReader();
        for (const chunk of chunks) {
          const frames = reader.push(chunk);
          if (frames === null) return;
          for (const { body } of frames) assert.ok(body.length < MAX_FRAME);
        }
      }),
    );
  });
});

suite('bodies', () => {
  const json = (value: unknown): Uint8Array => encodeJsonFrame(1, value).subarray(5);

  test('JSON, bounded', () => {
    assert.deepEqual(readJson(json({ a: [1] })), { a: [1] });
    assert.equal(readJson(Buffer.from('{')), undefined);
    assert.equal(readJson(new Uint8Array(0)), undefined);
    assert.equal(readJson(json('x'.repeat(524_286))), 'x'.repeat(524_286));
    assert.equal(readJson(json('x'.repeat(524_287))), undefined);
  });

  test('numbers', () => {
    const body = (value: number): Uint8Array => encodeNumberFrame(4, value).subarray(5);
    assert.equal(readNumber(body(1_700_000_000_000_001)), 1_700_000_000_000_001);
    for (const value of [Number.NaN, Infinity, -Infinity]) assert.equal(readNumber(body(value)), null);
    assert.equal(readNumber(body(1).subarray(1)), null);
    assert.equal(readNumber(new Uint8Array(9)), null);
  });

  test('settings', () => {
    assert.deepEqual(readSettingsFrame(json(DEFAULT_GATE_SETTINGS)), DEFAULT_GATE_SETTINGS);
    assert.equal(readSettingsFrame(Buffer.from('no')), null);
  });

  const good = ['a', 'reputation-12.table', '0', 'x'.repeat(100), 'a..b'];
  const bad = ['', '.', '..', '.a', '../a', 'a/b', '/a', 'a\0', 'A', 'a b', 'a\n', 'x'.repeat(101), 'é', '-a', 'a\\b'];
  for (const file of good) {
    test(`table file ${JSON.stringify(file)}`, () =>
      assert.deepEqual(readTableFrame(json({ slot: 'indicators', file })), { slot: 'indicators', file }));
  }
  for (const file of bad) {
    test(`no table file: ${JSON.stringify(file)}`, () =>
      assert.equal(readTableFrame(json({ slot: 'indicators', file })), null));
  }
  for (const value of [
    null,
    1,
    [],
    {},
    { slot: 'indicators' },
    { slot: 'x', file: 'a' },
    { slot: 'indicators', file: 1 },
  ]) {
    test(`no table: ${JSON.stringify(value)}`, () => assert.equal(readTableFrame(json(value)), null));
  }
});
