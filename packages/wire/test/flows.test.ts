import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { agreement, parseFlowRecord, readFlow, summarise } from '../src/flows.ts';
import { helloMessage, inRecords } from './hellos.ts';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const hello = inRecords(helloMessage());
const line = (expected: object, payloads: Uint8Array[], seqs: number[], more: object = {}): string =>
  JSON.stringify({
    id: 'x#tcp0',
    proto: 'tcp',
    tier: 'core',
    tags: [],
    seqs,
    payloads: payloads.map(hex),
    expected,
    ...more,
  });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test('a reordered hello agrees; a wrong answer is listed', () => {
  const pieces = [hello.subarray(60), hello.subarray(0, 60)];
  const right = line({ kind: 'tls', host: 'www.example.com', alpn: ['h2', 'http/1.1'], ech: false }, pieces, [60, 0]);
  const wrong = line({ kind: 'tls', host: 'other.example' }, pieces, [60, 0]);
  const summary = summarise([right, '', wrong]);
  assert.deepEqual(summary.tallies, { 'tls core': { flows: 2, hostAgrees: 1, allAgrees: 1 } });
  assert.deepEqual(summary.disagreements, [
    { id: 'x#tcp0', tier: 'core', kind: 'tls', field: 'host', expected: '"other.example"', got: '"www.example.com"' },
  ]);
});

test('a flow that ends early is incomplete', () => {
  const cut = line({ kind: 'tls', host: null, incomplete: true }, [hello.subarray(0, 80)], [0]);
  assert.deepEqual(summarise([cut]).tallies, { 'tls-truncated core': { flows: 1, hostAgrees: 1, allAgrees: 1 } });
});

test('later requests on the same connection are read behind bodies', () => {
  const stream =
    'POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' +
    'PUT /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\nHost:GET /3 HTTP/1.1\r\nHost: c\r\n\r\n';
  const requests = [
    { method: 'POST', host: 'a', uri: '/1' },
    { method: 'PUT', host: 'b', uri: '/2' },
    { method: 'GET', host: 'c', uri: '/3' },
  ];
  for (let cut = 1; cut < stream.length; cut++) {
    const record = parseFlowRecord(
      line({ kind: 'http', host: 'a', requests }, [text(stream.slice(0, cut)), text(stream.slice(cut))], [0, cut]),
    );
    assert.ok(typeof record !== 'string');
    assert.deepEqual(agreement(record, readFlow(record)), [], `cut ${cut}`);
  }
});

test('segments that contradict each other decide nothing', () => {
  const record = parseFlowRecord(line({ kind: 'http', host: 'a' }, [text('GET / HT'), text('GET /evil')], [0, 0]));
  assert.ok(typeof record !== 'string');
  assert.equal(readFlow(record).kind, 'conflict');
});

suite('lines that are no record', () => {
  const table: [string, string][] = [
    ['{', 'line 1: not JSON'],
    ['[]', 'line 1: not an object'],
    ['{"id":1}', 'line 1: id is not a string'],
    ['{"id":"x"}', 'line 1: proto is not a string'],
    ['{"id":"x","proto":"tcp","expected":{}}', 'line 1: expected.kind is not a string'],
    ['{"id":"x","proto":"tcp","expected":{"kind":"tls"}}', 'line 1: payloads is not a list'],
    ['{"id":"x","proto":"tcp","expected":{"kind":"tls"},"payloads":["0"]}', 'line 1: payloads[0] is not hexadecimal'],
    [
      '{"id":"x","proto":"tcp","expected":{"kind":"tls"},"payloads":["00"],"seqs":["0"]}',
      'line 1: seqs[0] is not an integer',
    ],
    [
      '{"id":"x","proto":"tcp","expected":{"kind":"tls"},"payloads":["00"]}',
      'line 1: seqs and payloads differ in length',
    ],
    ['{"id":"x","proto":"tcp","expected":{"kind":"tls","inner":3}}', 'line 1: expected.inner has no kind'],
    [
      '{"id":"x","proto":"tcp","expected":{"kind":"tls","requests":[3]}}',
      'line 1: expected.requests is not a list of objects',
    ],
    ['{"id":"x","proto":"tcp","expected":{"kind":"tls","host":7,"alpn":{}},"payloads":["00"],"seqs":[0]}', ''],
  ];
  for (const [input, want] of table)
    test(want === '' ? 'wrong types inside expected' : want, () =>
      assert.equal(summarise([input]).problems.join(), want),
    );
});

test('UDP flows are counted as not read yet', () => {
  assert.equal(summarise([line({ kind: 'quic', host: 'a' }, [text('x')], [], { proto: 'udp' })]).notReadYet, 1);
});
