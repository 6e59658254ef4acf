import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { parseRequestHead, partialRequestHead, type RequestReject } from '../src/http/request.ts';
import { bytesOf, embedded, textOf } from './hellos.ts';

/** What a parse says, as comparable plain data. */
function told(bytes: Uint8Array): unknown {
  const parsed = parseRequestHead(bytes);
  if (parsed.kind !== 'ok') return parsed;
  const { target, hosts, hostField, ...rest } = parsed.value;
  return { ...rest, target: textOf(target), hosts: hosts.map(textOf), hostField: textOf(hostField) };
}

/** The names alone: `a b` or `a b?` when ambiguous. */
function names(text: string): string {
  const parsed = parseRequestHead(bytesOf(text));
  if (parsed.kind !== 'ok') return parsed.kind === 'rejected' ? parsed.reason : parsed.kind;
  return parsed.value.hosts.map(textOf).join(' ') + (parsed.value.ambiguous ? '?' : '');
}

test('a whole head', () => {
  const head = 'GET /a?b=c HTTP/1.1\r\nHost: www.example.com:8080\r\nAccept: */*\r\n\r\n';
  assert.deepEqual(told(bytesOf(`${head}GET /next`)), {
    method: 'GET',
    target: '/a?b=c',
    version: 0x0101,
    hosts: ['www.example.com'],
    hostField: 'www.example.com:8080',
    ambiguous: false,
    complete: true,
    headLength: head.length,
    bodyLength: 'none',
    connectionClose: false,
    upgrade: false,
  });
});

suite('names', () => {
  const get = 'GET / HTTP/1.1\r\n';
  const table: { name: string; input: string; want: string }[] = [
    { name: 'origin-form', input: `${get}Host: a.example\r\n\r\n`, want: 'a.example' },
    { name: 'no Host', input: `${get}Accept: x\r\n\r\n`, want: '' },
    { name: 'empty Host', input: `${get}Host:\r\n\r\n`, want: '' },
    { name: 'field name in any case', input: `${get}hOsT: a.example\r\n\r\n`, want: 'a.example' },
    { name: 'value in wire case', input: `${get}Host: A.Example\r\n\r\n`, want: 'A.Example' },
    { name: 'no blank before the value', input: `${get}Host:a.example\r\n\r\n`, want: 'a.example' },
    { name: 'blanks around the value', input: `${get}Host: \t a.example \t\r\n\r\n`, want: 'a.example' },
    { name: 'blank before the colon', input: `${get}Host : a.example\r\n\r\n`, want: 'a.example' },
    { name: 'port', input: `${get}Host: a.example:81\r\n\r\n`, want: 'a.example' },
    { name: 'empty port', input: `${get}Host: a.example:\r\n\r\n`, want: 'a.example' },
    { name: 'trailing dot stays', input: `${get}Host: a.example.\r\n\r\n`, want: 'a.example.' },
    { name: 'IPv6 literal', input: `${get}Host: [2001:db8::1]\r\n\r\n`, want: '2001:db8::1' },
    { name: 'IPv6 literal and port', input: `${get}Host: [2001:db8::1]:80\r\n\r\n`, want: '2001:db8::1' },
    { name: 'IPv6 literal without brackets', input: `${get}Host: 2001:db8::1\r\n\r\n`, want: '2001:db8::1' },
    { name: 'userinfo', input: `${get}Host: good.example@bad.example\r\n\r\n`, want: 'bad.example' },
    { name: 'path in Host', input: `${get}Host: bad.example/@good.example\r\n\r\n`, want: 'bad.example' },
    { name: 'bare LF', input: 'GET / HTTP/1.1\nHost: a.example\n\n', want: 'a.example' },
    { name: 'mixed line ends', input: 'GET / HTTP/1.1\r\nHost: a.example\n\r\n', want: 'a.example' },
    { name: 'empty lines first', input: `\r\n\n\r\n${get}Host: a.example\r\n\r\n`, want: 'a.example' },
    { name: 'folded before the value', input: `${get}Host:\r\n a.example\r\n\r\n`, want: 'a.example' },
    { name: 'folded behind the value', input: `${get}Host: a.example\r\n \r\nX: y\r\n\r\n`, want: 'a.example' },
    {
      name: 'folded between two values',
      input: `${get}Host: a.example\r\n\tb.example\r\n\r\n`,
      want: 'a.example b.example?',
    },
    { name: 'list of values', input: `${get}Host: a.example, b.example\r\n\r\n`, want: 'a.example b.example?' },
    { name: 'two Hosts', input: `${get}Host: a.example\r\nHost: b.example\r\n\r\n`, want: 'a.example b.example?' },
    { name: 'the same Host twice', input: `${get}Host: a.example\r\nhost: A.EXAMPLE\r\n\r\n`, want: 'a.example' },
    { name: 'three Hosts', input: `${get}Host: a\r\nHost: b\r\nHost: c\r\n\r\n`, want: 'a b c?' },
    {
      name: 'Host in a folded line',
      input: `${get}X: y\r\n Host: b.example\r\nHost: a.example\r\n\r\n`,
      want: 'b.example a.example?',
    },
    { name: 'blank before the first field', input: `${get} Host: a.example\r\n\r\n`, want: 'a.example?' },
    {
      name: 'names that only look alike',
      input: `${get}X-Host: b\r\nHosts: c\r\nHos: d\r\nHost: a\r\n\r\n`,
      want: 'a',
    },
    { name: 'line without a colon', input: `${get}Host\r\nHost: a\r\n\r\n`, want: 'a' },
    { name: 'Host in the body', input: `${get}Host: a\r\n\r\nHost: b\r\n\r\n`, want: 'a' },

    { name: 'absolute-form', input: 'GET http://a.example/x HTTP/1.1\r\n\r\n', want: 'a.example' },
    {
      name: 'absolute-form, same Host',
      input: 'GET http://a.example/x HTTP/1.1\r\nHost: A.example\r\n\r\n',
      want: 'a.example',
    },
    {
      name: 'absolute-form, other Host',
      input: 'GET http://a.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n',
      want: 'a.example b.example',
    },
    {
      name: 'absolute-form with everything',
      input: 'GET HTTPS://u:p@a.example:444?q#f HTTP/1.1\r\n\r\n',
      want: 'a.example',
    },
    {
      name: 'absolute-form, userinfo with @',
      input: 'GET http://x@good.example@bad.example/ HTTP/1.1\r\n\r\n',
      want: 'bad.example',
    },
    {
      name: 'absolute-form, @ in the path',
      input: 'GET http://bad.example/@good.example HTTP/1.1\r\n\r\n',
      want: 'bad.example',
    },
    {
      name: 'absolute-form, backslash',
      input: 'GET http://bad.example\\@good.example HTTP/1.1\r\n\r\n',
      want: 'bad.example',
    },
    { name: 'absolute-form, IPv6', input: 'GET http://[::1]:8080/ HTTP/1.1\r\n\r\n', want: '::1' },
    { name: 'absolute-form, another scheme', input: 'GET ftp://a.example/ HTTP/1.1\r\n\r\n', want: 'a.example' },
    {
      name: 'a URL in the query is no name',
      input: `GET /?u=http://b.example/ HTTP/1.1\r\nHost: a\r\n\r\n`,
      want: 'a',
    },
    { name: 'authority-form', input: 'CONNECT a.example:443 HTTP/1.1\r\n\r\n', want: 'a.example' },
    {
      name: 'authority-form, other Host',
      input: 'CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n',
      want: 'a.example b.example',
    },
    { name: 'authority-form, IPv6', input: 'CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n', want: '2001:db8::1' },
    { name: 'asterisk-form', input: 'OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n', want: 'a.example' },

    { name: 'HTTP/1.0', input: 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', want: 'a' },
    { name: 'extension method', input: 'X-MY.METHOD /y HTTP/1.1\r\nHost: a\r\n\r\n', want: 'a' },
    { name: 'method of 32 bytes', input: `${'M'.repeat(32)} / HTTP/1.1\r\nHost: a\r\n\r\n`, want: 'a' },
    { name: 'blank in the target', input: 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', want: 'a' },
    { name: 'tabs between the parts', input: 'GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n', want: 'a' },
    { name: 'bytes over 127 in the target', input: 'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n', want: 'a' },
    { name: 'blank behind the version', input: 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', want: 'a' },
  ];
  for (const { name, input, want } of table) test(name, () => assert.equal(names(input), want));
});

suite('framing', () => {
  const table: { name: string; input: string; want: [unknown, boolean] }[] = [
    { name: 'none', input: 'X: y', want: ['none', false] },
    { name: 'length', input: 'Content-Length: 12', want: [12, false] },
    { name: 'length zero', input: 'Content-Length: 0', want: ['none', false] },
    { name: 'the same length twice', input: 'Content-Length: 7\r\ncontent-length: 7', want: [7, false] },
    { name: 'a list of one length', input: 'Content-Length: 7, 7', want: [7, false] },
    { name: 'two lengths', input: 'Content-Length: 7\r\nContent-Length: 8', want: [8, true] },
    { name: 'length with a sign', input: 'Content-Length: +7', want: ['none', true] },
    { name: 'length in hexadecimal', input: 'Content-Length: 0x7', want: ['none', true] },
    { name: 'length without digits', input: 'Content-Length:', want: ['none', true] },
    { name: 'length beyond all numbers', input: `Content-Length: ${'9'.repeat(40)}`, want: ['none', true] },
    { name: 'chunked', input: 'Transfer-Encoding: Chunked', want: ['chunked', false] },
    { name: 'chunked last', input: 'Transfer-Encoding: gzip, chunked', want: ['chunked', false] },
    { name: 'chunked not last', input: 'Transfer-Encoding: chunked, gzip', want: ['none', true] },
    { name: 'not quite chunked', input: 'Transfer-Encoding: xchunked', want: ['none', true] },
    {
      name: 'chunked beside length',
      input: 'Content-Length: 7\r\nTransfer-Encoding: chunked',
      want: ['chunked', true],
    },
    {
      name: 'length beside chunked',
      input: 'Transfer-Encoding: chunked\r\nContent-Length: 7',
      want: ['chunked', true],
    },
    { name: 'inside a folded line', input: 'X: y\r\n Content-Length: 7', want: [7, true] },
    { name: 'folded', input: 'Transfer-Encoding:\r\n chunked', want: ['chunked', false] },
  ];
  for (const { name, input, want } of table) {
    test(name, () => {
      const parsed = parseRequestHead(bytesOf(`POST / HTTP/1.1\r\nHost: a\r\n${input}\r\n\r\n`));
      assert.ok(parsed.kind === 'ok');
      assert.deepEqual([parsed.value.bodyLength, parsed.value.ambiguous], want);
    });
  }
});

suite('the connection afterwards', () => {
  const table: { name: string; input: string; close: boolean; upgrade: boolean }[] = [
    { name: '1.1 stays', input: 'GET / HTTP/1.1\r\n\r\n', close: false, upgrade: false },
    { name: '1.1 with close', input: 'GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n', close: true, upgrade: false },
    { name: '1.0 ends', input: 'GET / HTTP/1.0\r\n\r\n', close: true, upgrade: false },
    {
      name: '1.0 with keep-alive',
      input: 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
      close: false,
      upgrade: false,
    },
    {
      name: 'upgrade',
      input: 'GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      close: false,
      upgrade: true,
    },
  ];
  for (const { name, input, close, upgrade } of table) {
    test(name, () => {
      const parsed = parseRequestHead(bytesOf(input));
      assert.ok(parsed.kind === 'ok');
      assert.deepEqual([parsed.value.connectionClose, parsed.value.upgrade], [close, upgrade]);
    });
  }
});

suite('what is refused, and how soon', () => {
  const table: { name: string; input: string; want: RequestReject; offset: number }[] = [
    { name: 'SSH', input: 'SSH-2.0-OpenSSH_9.6\r\n', want: 'not-http', offset: 19 },
    { name: 'SMTP', input: 'EHLO mail.example\r\n', want: 'no-version', offset: 18 },
    { name: 'a word alone', input: 'QUIT\r\n', want: 'not-http', offset: 4 },
    { name: 'HTTP/0.9', input: 'GET /index.html\r\n', want: 'no-version', offset: 16 },
    { name: 'SIP', input: 'INVITE sip:a@b.example SIP/2.0\r\n', want: 'no-version', offset: 31 },
    { name: 'version glued to the target', input: 'GET /HTTP/1.1\r\n', want: 'no-version', offset: 14 },
    { name: 'no target', input: 'GET HTTP/1.1\r\n', want: 'no-version', offset: 13 },
    { name: 'TLS', input: '\x16\x03\x01', want: 'not-http', offset: 0 },
    { name: 'a byte that is no token', input: 'GET{', want: 'not-http', offset: 3 },
    { name: 'NUL in the target', input: 'GET /\0', want: 'not-http', offset: 5 },
    { name: 'method of 33 bytes', input: 'M'.repeat(33), want: 'method-too-long', offset: 0 },
    { name: 'a response', input: 'HTTP/1.1 200 OK\r\n', want: 'not-http', offset: 4 },
    { name: 'a line of 16 KiB', input: `GET /${'a'.repeat(16_384)}`, want: 'line-too-long', offset: 16_389 },
  ];
  for (const { name, input, want, offset } of table) {
    test(name, () => assert.deepEqual(parseRequestHead(bytesOf(input)), { kind: 'rejected', reason: want, offset }));
  }
});

test('names are bounded', () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, index) => `Host: h${index}\r\n`).join('');
  assert.equal(names(`GET / HTTP/1.1\r\n${lines(32)}\r\n`).split(' ').length, 32);
  assert.equal(names(`GET / HTTP/1.1\r\n${lines(33)}\r\n`), 'too-many-hosts');
});

suite('heads that do not end', () => {
  test('beyond the bound the names so far are told', () => {
    const parsed = parseRequestHead(bytesOf(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(16_384)}`));
    assert.ok(parsed.kind === 'ok');
    assert.deepEqual([parsed.value.hosts.map(textOf), parsed.value.complete], [['a'], false]);
  });
  test('a caller that cannot wait gets the names so far', () => {
    const head = partialRequestHead(bytesOf('GET http://a/ HTTP/1.1\r\nHost: b\r\nAccept'));
    assert.deepEqual([head?.hosts.map(textOf), head?.complete], [['a', 'b'], false]);
    assert.equal(partialRequestHead(bytesOf('GET http://a/ HTT')), null);
  });
});

const line = fc.oneof(
  fc.constantFrom(
    'Host: a.example',
    'Host: b.example:8',
    ' folded',
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Host:',
    ': x',
    'Host',
  ),
  fc.string({ maxLength: 30 }),
);
const head = fc
  .tuple(
    fc.constantFrom('GET / HTTP/1.1', 'GET http://u@c.example:1/x HTTP/1.0', 'CONNECT d.example:443 HTTP/1.1'),
    fc.array(line, { maxLength: 6 }),
    fc.constantFrom('\r\n', '\n'),
  )
  .map(([first, lines, end]) => bytesOf([first, ...lines, '', ''].join(end)));

suite('properties', () => {
  test('every prefix of a head is incomplete and asks for a byte that is missing', () => {
    fc.assert(
      fc.property(head, (bytes) => {
        const parsed = parseRequestHead(bytes);
        assert.ok(parsed.kind === 'ok');
        for (let length = 0; length < parsed.value.headLength; length++) {
          const early = parseRequestHead(bytes.subarray(0, length));
          assert.equal(early.kind, 'incomplete', `prefix of ${length}`);
          if (early.kind === 'incomplete') assert.ok(early.need > length && early.need <= parsed.value.headLength);
        }
      }),
    );
  });
  test('never throws, and bytes outside the view do not matter', () => {
    const edited = fc
      .tuple(head, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 5 }))
      .map(([bytes, edits]) => {
        for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(edited, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const want = told(bytes);
        for (const around of [0x0a, 0x0d, 0x20, 0x41, 0x5d]) assert.deepEqual(told(embedded(bytes, around)), want);
      }),
      { numRuns: 2000 },
    );
  });
  test('what follows the head does not matter', () => {
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 40 }), (bytes, rest) => {
        const parsed = parseRequestHead(bytes);
        assert.ok(parsed.kind === 'ok');
        const whole = bytes.subarray(0, parsed.value.headLength);
        assert.deepEqual(told(Uint8Array.from([...whole, ...rest])), told(whole));
      }),
    );
  });
});
