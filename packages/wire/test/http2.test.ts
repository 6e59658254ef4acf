import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { duplexPair } from 'node:stream';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { HTTP2_PREFACE, parseFrames } from '../src/http2/frames.ts';
import { authoritiesOf } from '../src/http2/header-block.ts';
import { decodeHuffman } from '../src/http2/huffman.ts';
import { bytesOf, embedded, textOf } from './hellos.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** What a client of Node sends for a request, up to the first answer it waits for. */
async function bytesOfRequest(headers: Record<string, string>): Promise<Uint8Array> {
  const [client, server] = duplexPair();
  const session = connect('http://unused.example', { createConnection: () => client });
  session.on('error', () => {});
  const request = session.request({ ':path': '/', ...headers });
  request.on('error', () => {});
  const received: Buffer[] = [];
  for await (const chunk of server) {
    received.push(Buffer.from(chunk as Uint8Array));
    const bytes = Uint8Array.from(Buffer.concat(received));
    if (requestIn(bytes) !== undefined) {
      session.destroy();
      return bytes;
    }
  }
  throw new Error('the client sent no request');
}

/** Authorities of the first request behind the preface, read step by step. */
function requestIn(bytes: Uint8Array): (string | null)[] | undefined {
  for (let at = HTTP2_PREFACE.length; ;) {
    const frames = parseFrames(bytes.subarray(at));
    if (frames.kind !== 'ok') return undefined;
    if (frames.value.kind === 'request') return frames.value.authorities.map(textOf);
    at += frames.value.length;
  }
}

suite('Huffman code', () => {
  // RFC 7541 appendix C.4 and C.6.
  const table: [string, string][] = [
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['', ''],
  ];
  for (const [input, want] of table) test(want, () => assert.equal(textOf(decodeHuffman(hex(input))), want));

  test('padding must be up to seven ones', () => {
    assert.equal(textOf(decodeHuffman(hex('1f'))), 'a');
    assert.equal(decodeHuffman(hex('18')), null);
    assert.equal(decodeHuffman(hex('1fff')), null);
    assert.equal(decodeHuffman(hex('ffffffff')), null, 'end of string');
  });
  test("agrees with Node's encoder on every byte it sends", async () => {
    const characters = Array.from({ length: 0xff - 0x20 }, (_, index) => String.fromCharCode(index + 0x21));
    for (const character of characters.filter((each) => each !== '\x7f')) {
      const authority = `${'a'.repeat(40)}${character}${'0'.repeat(8)}`;
      const bytes = await bytesOfRequest({ ':authority': authority });
      assert.deepEqual(requestIn(bytes), [authority]);
    }
  });
});

suite('header block', () => {
  const table: { name: string; input: string; want: string[] | null }[] = [
    { name: 'RFC 7541 C.3.1', input: '828684410f7777772e6578616d706c652e636f6d', want: ['www.example.com'] },
    { name: 'RFC 7541 C.4.1', input: '828684418cf1e3c2e5f23a6ba0ab90f4ff', want: ['www.example.com'] },
    { name: 'without indexing', input: '0103612e62', want: ['a.b'] },
    { name: 'never indexed', input: '1103612e62', want: ['a.b'] },
    { name: 'host', input: '6603612e62', want: ['a.b'] },
    { name: 'name in full', input: '000a3a617574686f7269747903612e62', want: ['a.b'] },
    { name: 'both', input: '4103612e626603632e64', want: ['a.b', 'c.d'] },
    {
      name: 'name taken from an entry of its own',
      input: '40 0a3a617574686f72697479 03612e62 7e 03632e64'.replaceAll(' ', ''),
      want: ['a.b', 'c.d'],
    },
    { name: 'entry of its own again', input: '4103612e62be', want: ['a.b', 'a.b'] },
    { name: 'size update first', input: '3fe11f4103612e62', want: ['a.b'] },
    { name: 'none', input: '8286', want: [] },
    { name: 'index 0', input: '80', want: null },
    { name: 'entry that is not there', input: 'be', want: null },
    { name: 'string past the end', input: '4104612e62', want: null },
    { name: 'string missing', input: '41', want: null },
    { name: 'integer without end', input: '7fffffffffffff', want: null },
    { name: 'bad Huffman', input: '418118', want: null },
  ];
  for (const { name, input, want } of table) {
    test(name, () => assert.deepEqual(authoritiesOf(hex(input))?.map(textOf) ?? null, want));
  }
  test('never throws, and bytes outside the view do not matter', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.deepEqual(authoritiesOf(embedded(bytes, 0x00)), authoritiesOf(embedded(bytes, 0x82)));
      }),
      { numRuns: 2000 },
    );
  });
});

suite('frames', () => {
  const frame = (type: number, flags: number, body: number[]): number[] => [
    0,
    0,
    body.length,
    type,
    flags,
    0,
    0,
    0,
    1,
    ...body,
  ];
  const block = [0x41, 3, 0x61, 0x2e, 0x62];
  const settings = frame(4, 0, []);
  const request = (authority: string): object => ({
    kind: 'ok',
    value: { kind: 'request', authorities: [bytesOf(authority)] },
  });
  const table: { name: string; input: number[]; want: object }[] = [
    { name: 'request', input: frame(1, 4, block), want: request('a.b') },
    { name: 'padding and priority', input: frame(1, 0x2c, [2, 0, 0, 0, 0, 16, ...block, 9, 9]), want: request('a.b') },
    {
      name: 'continued',
      input: [...frame(1, 0, block.slice(0, 3)), ...frame(9, 4, block.slice(3))],
      want: request('a.b'),
    },
    {
      name: 'settings alone are released',
      input: settings,
      want: { kind: 'ok', value: { kind: 'passing', length: 9 } },
    },
    {
      name: 'settings before a request',
      input: [...settings, ...frame(1, 4, block)],
      want: { kind: 'ok', value: { kind: 'passing', length: 9 } },
    },
    {
      name: 'settings before half a frame',
      input: [...settings, 0, 0, 9],
      want: { kind: 'ok', value: { kind: 'passing', length: 9 } },
    },
    { name: 'half a request', input: frame(1, 4, block).slice(0, 11), want: { kind: 'incomplete', need: 14 } },
    { name: 'continuation missing', input: frame(1, 0, block), want: { kind: 'incomplete', need: 23 } },
    {
      name: 'another frame instead of it',
      input: [...frame(1, 0, block), ...settings],
      want: { kind: 'rejected', reason: 'bad-frames', offset: 14 },
    },
    { name: 'data first', input: frame(0, 0, [1]), want: { kind: 'rejected', reason: 'bad-frames', offset: 0 } },
    {
      name: 'frame of 16 MiB',
      input: [0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0],
      want: { kind: 'rejected', reason: 'bad-frames', offset: 0 },
    },
    {
      name: 'padding longer than the frame',
      input: frame(1, 0x0c, [200, ...block]),
      want: { kind: 'rejected', reason: 'bad-frames', offset: 0 },
    },
    {
      name: 'bad block',
      input: frame(1, 4, [0x80]),
      want: { kind: 'rejected', reason: 'bad-header-block', offset: 9 },
    },
  ];
  for (const { name, input, want } of table)
    test(name, () => assert.deepEqual(parseFrames(Uint8Array.from(input)), want));
});
