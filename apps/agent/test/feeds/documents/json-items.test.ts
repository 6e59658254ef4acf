import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { type JsonShape, readJsonItems } from '../../../src/feeds/documents/json-items.ts';
import { FeedError } from '../../../src/feeds/feed-error.ts';
import { streamOf } from '../collecting-sink.ts';

type Label = 'list' | 'item' | 'type';
const SHAPE: JsonShape<Label> = {
  members: { list: { label: 'list', elements: 'item' }, type: 'type', 'a"b': 'type' },
  elements: 'item',
};

/** `open list`, `item {"a":1}`, `unreadable item "…": reason`, and at the end `code: message`. */
async function walk(chunks: readonly Uint8Array[]): Promise<string[]> {
  const log: string[] = [];
  try {
    await readJsonItems(streamOf(chunks), 'list', SHAPE, {
      onOpen: (label) => void log.push(`open ${label}`),
      onItem: (label, value) => void log.push(`${label} ${JSON.stringify(value)}`),
      onUnreadable: (label, text, reason) => void log.push(`unreadable ${label} ${text.slice(0, 20)}: ${reason}`),
    });
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    log.push(`${error.code}: ${error.message}`);
  }
  return log;
}

const walkText = (text: string): Promise<string[]> => walk([Buffer.from(text)]);

suite('what is taken', () => {
  const CASES: ReadonlyArray<{ name: string; input: string; want: readonly string[] }> = [
    {
      name: 'items of a list',
      input: '{"list":[{"a":1},{"b":[2]}]}',
      want: ['open list', 'item {"a":1}', 'item {"b":[2]}'],
    },
    {
      name: 'scalars as items',
      input: '{"list":["x",1,-2.5e3,true,null]}',
      want: ['open list', 'item "x"', 'item 1', 'item -2500', 'item true', 'item null'],
    },
    { name: 'an array as the document', input: ' [ {} , [] ] \n', want: ['item {}', 'item []'] },
    { name: 'empty containers', input: '{"list":[]}', want: ['open list'] },
    {
      name: 'other members are passed over',
      input: '{"x":{"list":[1]},"y":"}]\\"","type":"t","z":[[{}]]}',
      want: ['type "t"'],
    },
    { name: 'escapes in a key', input: '{"\\u0074ype":1,"a\\"b":2}', want: ['type 1', 'type 2'] },
    { name: 'keys of every object', input: '{"__proto__":1,"constructor":{},"type":3}', want: ['type 3'] },
    { name: 'a list that is none', input: '{"list":{"item":1},"type":2}', want: ['open list', 'type 2'] },
    { name: 'a list that is a string', input: '{"list":"[1]"}', want: [] },
    { name: 'a bare value', input: '17', want: [] },
    { name: 'brackets and quotes in strings', input: '[{"a":"]}\\\\\\""}]', want: ['item {"a":"]}\\\\\\""}'] },
    { name: 'a byte order mark', input: '\uFEFF[1]', want: ['item 1'] },
    {
      name: 'an item that is no JSON',
      input: '[{"a":tru},{"b":1}]',
      want: ['unreadable item {"a":tru}: not JSON', 'item {"b":1}'],
    },
  ];
  for (const { name, input, want } of CASES) test(name, async () => assert.deepEqual(await walkText(input), want));
});

suite('what is refused', () => {
  const CASES: ReadonlyArray<{ name: string; input: string; want: RegExp }> = [
    { name: 'nothing', input: '', want: /^empty: / },
    { name: 'white space', input: ' \n', want: /ends in the middle, after 2 bytes/ },
    { name: 'cut in an item', input: '{"list":[{"a":', want: /ends in the middle, after 14 bytes/ },
    { name: 'cut in a string', input: '{"list":["a', want: /ends in the middle/ },
    { name: 'cut after a comma', input: '[1,', want: /ends in the middle/ },
    { name: 'two documents', input: '[1] [2]', want: /"\[" at byte 4, where nothing more is expected/ },
    { name: 'text', input: 'Copyright', want: /"C" at byte 0, where a value is expected/ },
    { name: 'a page', input: '<html>', want: /"<" at byte 0/ },
    { name: 'a trailing comma', input: '[1,]', want: /"\]" at byte 3, where a value is expected/ },
    { name: 'no comma', input: '[1 2]', want: /"2" at byte 3, where "," or a closing bracket is expected/ },
    { name: 'no colon', input: '{"list" []}', want: /"\[" at byte 8, where ":" is expected/ },
    { name: 'no key', input: '{1:2}', want: /"1" at byte 1, where a key or "}" is expected/ },
    { name: 'mixed brackets in what is passed over', input: '{"x":[}', want: /"}" at byte 6/ },
    { name: 'a NUL byte', input: '[\0', want: /byte 0x0 at byte 1/ },
    { name: 'deep arrays', input: '['.repeat(100_000), want: /nested deeper than 128 levels at byte 128/ },
    { name: 'deep objects inside an item', input: `[${'{"a":'.repeat(200)}`, want: /nested deeper than 128 levels/ },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => assert.match((await walkText(input)).at(-1) ?? '', want));
  }
});

test('an item of more than a mebibyte is passed over with its beginning, and the next one is read', async () => {
  const large = JSON.stringify({ a: 'x'.repeat(1024 * 1024) });
  const whole = Buffer.from(`{"list":[${large},{"b":1}]}`);
  const want = ['open list', 'unreadable item {"a":"xxxxxxxxxxxxxx: longer than 1 MiB', 'item {"b":1}'];
  assert.deepEqual(await walk([whole]), want);
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += 70_000) pieces.push(whole.subarray(at, at + 70_000));
  assert.deepEqual(await walk(pieces), want);
});

test('a byte order mark that is cut', async () => {
  const bytes = Buffer.from('\uFEFF[1]');
  assert.deepEqual(await walk([bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2)]), ['item 1']);
});

test('bytes that are not UTF-8', async () => {
  const bytes = Buffer.concat([Buffer.from('["'), Buffer.from([0xff]), Buffer.from('",1]')]);
  const log = await walk([bytes]);
  assert.match(log[0] ?? '', /not UTF-8$/);
  assert.deepEqual(log.slice(1), ['item 1']);
});

test('property: any JSON gives the same items as JSON.parse, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue({ maxDepth: 4 })),
      fc.array(fc.nat(5000), { maxLength: 8 }),
      async (list, cuts) => {
        const bytes = Buffer.from(JSON.stringify({ other: list, list }, null, 1));
        const log = await walk(cutAt(bytes, cuts));
        assert.deepEqual(log, ['open list', ...list.map((value) => `item ${JSON.stringify(value)}`)]);
      },
    ),
    { numRuns: 200 },
  );
});

test('property: arbitrary and damaged bytes give FeedErrors only, the same however they are cut', async () => {
  const valid = Buffer.from('{"type":"bundle","list":[{"a":"\\u00e9\\n"},[1,2,{"b":null}],"s",-1.5e3],"x":{"y":[]}}');
  const damaged = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const copy = Buffer.from(valid);
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });
  const input = fc.oneof(
    damaged,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(input, fc.array(fc.nat(300), { maxLength: 5 }), async (bytes, cuts) => {
      assert.deepEqual(await walk(cutAt(bytes, cuts)), await walk([bytes]));
    }),
    { numRuns: 500 },
  );
});

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of cuts.map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b)) {
    pieces.push(bytes.subarray(from, cut));
    from = cut;
  }
  return [...pieces, bytes.subarray(from)];
}
