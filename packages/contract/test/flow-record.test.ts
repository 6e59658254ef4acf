import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import {
  ACTIONS,
  CAUSES,
  decodeFlowRecord,
  EFFECTS,
  encodeFlowRecord,
  type FlowRecord,
  flowRecordHead,
  HOOKS,
  LAYERS,
  MATCHES,
  MAX_FLOW_RECORD,
  NAME_SOURCES,
  RESPONSE_CATEGORIES,
  WEB_CATEGORIES,
} from '../src/flow-record.ts';

const PLAIN: FlowRecord = {
  sequence: 1_700_000_000_000_001,
  atMs: 1_700_000_000_000,
  protocol: 6,
  hook: 'forward',
  localAddress: Uint8Array.of(192, 0, 2, 1),
  localPort: 40_000,
  remoteAddress: Uint8Array.of(198, 51, 100, 7),
  remotePort: 443,
  name: Buffer.from('a.example'),
  nameSource: 'sni',
  alpn: Buffer.from('\x02h2'),
  url: new Uint8Array(0),
  ech: true,
  ambiguous: false,
  effect: 'block',
  action: 'block',
  category: 'Phishing',
  webCategory: 'Parked domains',
  confidence: 80,
  uid: 1000,
  layer: 'reputation',
  matched: 'host',
  cause: 'policy',
  ruleId: 'é',
  ruleTitle: 'T',
};

function encode(record: FlowRecord): Uint8Array {
  const into = new Uint8Array(MAX_FLOW_RECORD + 7);
  const length = encodeFlowRecord(record, into, new DataView(into.buffer), 7);
  return into.slice(7, 7 + length);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('layout, byte for byte', () => {
  assert.equal(
    hex(encode(PLAIN)),
    [
      '4700 02 02', // length 71, version, effect
      '0400796090281843', // sequence
      '00008056febc7842', // time
      '04 06 1c 50', // address length, protocol, web category, confidence
      '01 01 04 06 02 00 01 01', // source, flags, action, category, layer, cause, matched, hook
      '409c bb01 09 03 0000 0200 0100', // ports; lengths of name, application protocols, URL, id, title
      'e8030000', // user id
      'c0000201 c6336407',
      hex(Buffer.from('a.example\x02h2')),
      'c3a9 54',
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('version 1, of which journals are full', () => {
  const bytes = Buffer.from(
    [
      '4300 01 02',
      '0400796090281843',
      '00008056febc7842',
      '04 06 0000 01 01 04 06 02 00 01 01',
      '409c bb01 09 03 0000 0200 0100',
      'c0000201 c6336407',
      hex(Buffer.from('a.example\x02h2')),
      'c3a9 54',
    ]
      .join('')
      .replaceAll(' ', ''),
    'hex',
  );
  assert.deepEqual(plain(decodeFlowRecord(bytes)), plain({ ...PLAIN, webCategory: null, confidence: null, uid: null }));
  const head = flowRecordHead(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  assert.equal(head?.length, bytes.length);
  bytes[22] = 5; // reserved then, so it says nothing
  assert.equal(decodeFlowRecord(bytes)?.webCategory, null);
});

test('what is not known comes out as null', () => {
  const record = { ...PLAIN, webCategory: null, confidence: null, uid: null };
  assert.deepEqual(plain(decodeFlowRecord(encode(record))), plain(record));
  const bytes = encode(PLAIN);
  bytes[22] = WEB_CATEGORIES.length + 1;
  bytes[23] = 101;
  assert.deepEqual(plain(decodeFlowRecord(bytes)), plain({ ...PLAIN, webCategory: null, confidence: null }));
});

const address = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength }).filter((value) => Buffer.byteLength(value) <= maxLength);

const anyRecord: fc.Arbitrary<FlowRecord> = fc.constantFrom(4, 16).chain((length) =>
  fc.record({
    sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    atMs: fc.nat({ max: 8_640_000_000_000_000 }),
    protocol: fc.constantFrom(6, 17),
    hook: fc.constantFrom(...HOOKS),
    localAddress: address(length),
    localPort: fc.nat(0xffff),
    remoteAddress: address(length),
    remotePort: fc.nat(0xffff),
    name: fc.uint8Array({ maxLength: 253 }),
    nameSource: fc.constantFrom(...NAME_SOURCES),
    alpn: fc.uint8Array({ maxLength: 64 }),
    url: fc.uint8Array({ maxLength: 1024 }),
    ech: fc.boolean(),
    ambiguous: fc.boolean(),
    effect: fc.constantFrom(...EFFECTS),
    action: fc.constantFrom(...ACTIONS),
    category: fc.constantFrom(...RESPONSE_CATEGORIES),
    webCategory: fc.constantFrom(null, ...WEB_CATEGORIES),
    confidence: fc.constantFrom(null, 0, 1, 50, 99, 100),
    uid: fc.oneof(fc.constant(null), fc.nat(0xffff_fffe)),
    layer: fc.constantFrom(...LAYERS),
    matched: fc.constantFrom(...MATCHES),
    cause: fc.constantFrom(...CAUSES),
    ruleId: text(128),
    ruleTitle: text(256),
  }),
);

/** Views become arrays, so that a Buffer equals a Uint8Array with the same bytes. */
const plain = (record: FlowRecord | null): unknown =>
  record === null
    ? null
    : Object.fromEntries(
        Object.entries(record).map(([key, value]) => [key, value instanceof Uint8Array ? hex(value) : value]),
      );

test('what goes in comes out', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const bytes = encode(record);
      assert.deepEqual(plain(decodeFlowRecord(bytes)), plain(record));
      const head = flowRecordHead(bytes, new DataView(bytes.buffer), 0);
      assert.deepEqual(head, {
        length: bytes.length,
        sequence: record.sequence,
        atMs: record.atMs,
        effect: record.effect,
      });
      assert.ok(bytes.length <= MAX_FLOW_RECORD);
    }),
  );
});

test('a byte order mark at the start of a text stays', () => {
  const record = { ...PLAIN, ruleId: '\ufeffid', ruleTitle: '\ufeff\ufeff' };
  assert.deepEqual(plain(decodeFlowRecord(encode(record))), plain(record));
});

suite('clipping', () => {
  const cases: readonly { name: string; title: string; want: string }[] = [
    { name: 'just fits', title: 'x'.repeat(256), want: 'x'.repeat(256) },
    { name: 'one byte over', title: 'x'.repeat(257), want: 'x'.repeat(256) },
    { name: 'two-byte character across the end', title: `${'x'.repeat(255)}é`, want: 'x'.repeat(255) },
    { name: 'two-byte character at the end', title: `${'x'.repeat(254)}éé`, want: `${'x'.repeat(254)}é` },
    { name: 'four-byte character, one byte in', title: `${'x'.repeat(253)}😀`, want: 'x'.repeat(253) },
    { name: 'four-byte character, just fits', title: `${'x'.repeat(252)}😀😀`, want: `${'x'.repeat(252)}😀` },
  ];
  for (const { name, title, want } of cases) {
    test(name, () => {
      assert.equal(decodeFlowRecord(encode({ ...PLAIN, ruleTitle: title }))?.ruleTitle, want);
    });
  }

  test('names, URLs and protocols that are too long lose their end', () => {
    const long = new Uint8Array(5000).fill(0x61);
    const record = decodeFlowRecord(encode({ ...PLAIN, name: long, url: long, alpn: long, ruleId: 'i'.repeat(5000) }));
    assert.equal(record?.name.length, 253);
    assert.equal(record?.url.length, 1024);
    assert.equal(record?.alpn.length, 64);
    assert.equal(record?.ruleId.length, 128);
    assert.equal(record?.ruleTitle, 'T');
  });

  test('any text: what is left is a beginning of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (title) => {
        const left = decodeFlowRecord(encode({ ...PLAIN, ruleTitle: title }))?.ruleTitle ?? '?';
        assert.ok(title.startsWith(left));
        if (Buffer.byteLength(title) <= 256) assert.equal(left, title);
      }),
    );
  });

  test('a buffer that is too small: 0, and nothing is written', () => {
    const length = encode(PLAIN).length;
    const into = new Uint8Array(length - 1);
    assert.equal(encodeFlowRecord(PLAIN, into, new DataView(into.buffer), 0), 0);
    assert.ok(into.every((byte) => byte === 0));
  });
});

suite('hostile bytes', () => {
  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const record = encode(PLAIN);
    record.set(bytes, at);
    return record;
  };
  const cases: readonly { name: string; bytes: Uint8Array }[] = [
    { name: 'nothing', bytes: new Uint8Array(0) },
    { name: 'one byte short', bytes: encode(PLAIN).slice(0, -1) },
    { name: 'one byte more', bytes: Uint8Array.from([...encode(PLAIN), 0]) },
    { name: 'length 0', bytes: changed(0, 0, 0) },
    { name: 'length of the header only', bytes: changed(0, 48, 0) },
    { name: 'length beyond the longest', bytes: changed(0, 0xff, 0xff) },
    { name: 'another version', bytes: changed(2, 3) },
    { name: 'version 0', bytes: changed(2, 0) },
    { name: 'the parts of the other version', bytes: changed(2, 1) },
    { name: 'unknown effect', bytes: changed(3, EFFECTS.length) },
    { name: 'address of 5 bytes', bytes: changed(20, 5) },
    { name: 'parts that add up to more', bytes: changed(36, 10) },
    { name: 'parts that add up to less', bytes: changed(42, 0, 0) },
  ];
  for (const { name, bytes } of cases) test(name, () => assert.equal(decodeFlowRecord(bytes), null));

  test('never throws, never reads outside its view', () => {
    const mutated = fc
      .tuple(anyRecord, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }))
      .map(([record, changes]) => {
        const bytes = encode(record);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), fc.nat(9), (bytes, pad) => {
        const framed = new Uint8Array(bytes.length + 2 * pad).fill(0x61);
        framed.set(bytes, pad);
        const inside = decodeFlowRecord(framed.subarray(pad, pad + bytes.length));
        assert.deepEqual(plain(inside), plain(decodeFlowRecord(bytes)));
      }),
    );
  });
});
