import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { MAX_STEPS, readFirstBytes, type Stage } from '../src/classify.ts';
import { bytesOf, embedded, handshake, helloMessage, inRecords, record, textOf } from './hellos.ts';

const hello = String.fromCharCode(...inRecords(helloMessage()));
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const request = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';

/** The whole conversation in words, each step read behind the one before: `connect b.example > tls www.example.com`. */
function conversation(text: Uint8Array): string {
  const words: string[] = [];
  let at = 0;
  let stage: Stage = 'first';
  for (let step = 0; step <= MAX_STEPS && at < text.length; step++) {
    const answer = readFirstBytes(text.subarray(at), stage);
    switch (answer.kind) {
      case 'tls':
        return [...words, `tls ${textOf(answer.host)}`].join(' > ');
      case 'http':
        return [...words, `http ${answer.head.hosts.map(textOf).join(' ')}`].join(' > ');
      case 'http2':
        return [...words, `http2 ${answer.hosts.map(textOf).join(' ')}`].join(' > ');
      case 'unknown':
        return [...words, `unknown ${answer.why}${answer.malformed ? '!' : ''}`].join(' > ');
      case 'incomplete':
        return [...words, `incomplete ${answer.looksLike}`].join(' > ');
      case 'connect':
        words.push(`connect ${answer.head.hosts.map(textOf).join(' ')}`);
        break;
      case 'socks':
        words.push(`socks${answer.version} ${textOf(answer.host) ?? answer.address?.join('.')}:${answer.port}`);
        break;
      case 'preamble':
        words.push(answer.protocol);
        break;
    }
    at += answer.tunnelOffset;
    stage = answer.kind === 'preamble' ? answer.stage : 'first';
  }
  return words.join(' > ');
}

suite('conversations', () => {
  const table: { name: string; input: string; want: string }[] = [
    { name: 'TLS', input: hello, want: 'tls www.example.com' },
    { name: 'TLS, cut', input: hello.slice(0, 70), want: 'incomplete tls' },
    { name: 'HTTP', input: request, want: 'http a.example' },
    { name: 'HTTP, cut', input: request.slice(0, -1), want: 'incomplete http' },
    {
      name: 'CONNECT, then TLS',
      input: `CONNECT b.example:443 HTTP/1.1\r\n\r\n${hello}`,
      want: 'connect b.example > tls www.example.com',
    },
    {
      name: 'CONNECT in CONNECT',
      input: `CONNECT p:1 HTTP/1.1\n\nCONNECT b:2 HTTP/1.1\n\n${hello}`,
      want: 'connect p > connect b > tls www.example.com',
    },

    {
      name: 'SOCKS5 name',
      input: `\x05\x01\x00\x05\x01\x00\x03\x09b.example\x01\xbb${hello}`,
      want: 'socks5 > socks5 b.example:443 > tls www.example.com',
    },
    {
      name: 'SOCKS5 greeting that looks like a request',
      input: '\x05\x02\x00\x01\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50',
      want: 'socks5 > socks5 127.0.0.1:80',
    },
    { name: 'SOCKS5 greeting alone', input: '\x05\x02\x00\x01', want: 'socks5' },
    {
      name: 'SOCKS5 password',
      input: `\x05\x01\x02\x01\x01u\x02pw\x05\x01\x00\x03\x01b\x00\x50${request}`,
      want: 'socks5 > socks5 > socks5 b:80 > http a.example',
    },
    {
      name: 'SOCKS5 IPv6',
      input: `\x05\x01\x00\x05\x01\x00\x04${'\x20'.repeat(16)}\x01\xbb`,
      want: `socks5 > socks5 ${Array(16).fill('32').join('.')}:443`,
    },
    { name: 'SOCKS5 request, cut', input: '\x05\x01\x00\x05\x01\x00\x03\x09b.exam', want: 'socks5 > incomplete socks' },
    {
      name: 'SOCKS4',
      input: `\x04\x01\x01\xbb\xc0\x00\x02\x01user\0${hello}`,
      want: 'socks4 192.0.2.1:443 > tls www.example.com',
    },
    {
      name: 'SOCKS4a',
      input: `\x04\x01\x00\x50\x00\x00\x00\x01\0b.example\0${request}`,
      want: 'socks4 b.example:80 > http a.example',
    },
    {
      name: 'CQL, which starts like SOCKS4',
      input: '\x04\x00\x00\x00\x05\x00\x00\x00\x00',
      want: 'unknown unrecognised',
    },
    {
      name: 'CQL, which starts like SOCKS5',
      input: '\x05\x00\x00\x00\x05\x00\x00\x00\x00',
      want: 'unknown unrecognised',
    },
    { name: 'DNP3, which starts like SOCKS5', input: '\x05\x64\x08\xc4\x04\x00\x03\x00', want: 'unknown unrecognised' },

    { name: 'PROXY v1', input: `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${hello}`, want: 'proxy > tls www.example.com' },
    { name: 'PROXY v1, cut', input: 'PROXY TCP4 192.0.2.1', want: 'incomplete http' },
    { name: 'PROXY v1 before HTTP', input: `PROXY UNKNOWN\r\n${request}`, want: 'proxy > http a.example' },
    { name: 'PROXY as a method', input: `PROXY / HTTP/1.1\r\nHost: b\r\n\r\n`, want: 'http b' },
    {
      name: 'PROXY v2',
      input: `\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c${'\0'.repeat(12)}${hello}`,
      want: 'proxy > tls www.example.com',
    },
    { name: 'PROXY v2, cut', input: '\r\n\r\n\0\r\nQU', want: 'incomplete proxy' },

    { name: 'SMTP STARTTLS', input: `EHLO c.example\r\nSTARTTLS\r\n${hello}`, want: 'text > tls www.example.com' },
    { name: 'IMAP STARTTLS', input: `a1 CAPABILITY\r\na2 STARTTLS\r\n${hello}`, want: 'text > tls www.example.com' },
    { name: 'FTP AUTH TLS', input: `AUTH TLS\r\n${hello}`, want: 'text > tls www.example.com' },
    { name: 'POP3, cut before LF', input: 'AUTH\r', want: 'incomplete text' },
    {
      name: 'XMPP',
      input: `<?xml version='1.0'?><stream:stream to='b'>\n<starttls/>${hello}`,
      want: 'text > tls www.example.com',
    },
    { name: 'PostgreSQL', input: `\0\0\0\x08\x04\xd2\x16\x2f${hello}`, want: 'binary > tls www.example.com' },
    {
      name: 'MySQL',
      input: `\x20\0\0\x01\x85\xae\xff\x19${'\0'.repeat(28)}${hello}`,
      want: 'binary > tls www.example.com',
    },
    {
      name: 'RDP',
      input: `\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0${hello}`,
      want: 'binary > tls www.example.com',
    },
    {
      name: 'LDAP',
      input: `0\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037${hello}`,
      want: 'binary > tls www.example.com',
    },
    { name: 'AMQP', input: `AMQP\x02\x01\0\0${hello}`, want: 'binary > tls www.example.com' },
    {
      name: 'TDS',
      input: `\x12\x01\x00\x0e\0\0\0\0\xff\0\0\0\0\0\x12\x01\x00\xff\0\0\0\0${hello}`,
      want: 'binary > binary > tls www.example.com',
    },
    {
      name: 'HTTP/2 without TLS',
      input: `${preface}\0\0\0\x04\0\0\0\0\0\0\0\x0b\x01\x04\0\0\0\x01\x41\x09u@b.ex:80`,
      want: 'http2 > http2 > http2 b.ex',
    },
    { name: 'HTTP/2 preface, cut', input: preface.slice(0, -2), want: 'incomplete http2' },
    { name: 'HTTP/2 preface alone', input: preface, want: 'http2' },
    { name: 'PRI of another version', input: 'PRI * HTTP/1.1\r\nHost: a\r\n\r\n', want: 'http a' },
    { name: 'text, then a request', input: `EHLO x\r\n${request}`, want: 'text > http a.example' },
    { name: 'text without end', input: 'NICK a\r\n'.repeat(30), want: 'text' },

    { name: 'SSH', input: 'SSH-2.0-OpenSSH_9.6\r\n', want: 'unknown ssh' },
    { name: 'a ServerHello', input: '\x16\x03\x03\x00\x04\x02\x00\x00\x00', want: 'unknown not-client-hello' },
    { name: 'SSLv2', input: '\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10', want: 'unknown sslv2' },
    { name: 'binary', input: '\x00\x01\x02\x03', want: 'unknown unrecognised' },
    { name: 'TLS application data', input: '\x17\x03\x03\x00\x01\x00', want: 'unknown unrecognised' },
    {
      name: 'a hello with wrong lengths',
      input: String.fromCharCode(...record(handshake([3, 3]))),
      want: 'unknown bad-length!',
    },
    { name: 'a token, then binary', input: 'GIOP\x01\x02', want: 'unknown unrecognised' },
    { name: 'a request line of 16 KiB', input: `GET /${'a'.repeat(16_384)}`, want: 'unknown line-too-long!' },
  ];
  for (const { name, input, want } of table) {
    test(name, () => {
      assert.equal(conversation(bytesOf(input)), want);
      assert.equal(conversation(embedded(bytesOf(input))), want, 'inside other bytes');
    });
  }
});

suite('properties', () => {
  const start = fc.constantFrom(
    hello,
    request,
    'CONNECT a:1 HTTP/1.1\r\n\r\n',
    '\x05\x01\x00',
    '\x04\x01\x00\x50\0\0\0\x01\0b\0',
    'PROXY TCP4 ',
    '\r\n\r\n\0\r\nQUIT\n',
    'EHLO x\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x20\0\0\x01',
    '0\x1d\x02\x01\x01\x77',
    '<',
  );
  const input = fc
    .tuple(fc.array(start, { maxLength: 3 }), fc.uint8Array({ maxLength: 60 }), fc.nat(400))
    .map(([starts, rest, keep]) => Uint8Array.from([...bytesOf(starts.join('')), ...rest]).subarray(0, keep));

  test('never throws, progresses, and looks at nothing outside the view', () => {
    fc.assert(
      fc.property(input, fc.constantFrom<Stage>('first', 'socks5', 'http2'), (bytes, stage) => {
        const answer = readFirstBytes(bytes, stage);
        assert.equal(answer.kind, readFirstBytes(embedded(bytes), stage).kind);
        if (answer.kind === 'incomplete') assert.ok(answer.need > bytes.length);
        if ('tunnelOffset' in answer) assert.ok(answer.tunnelOffset > 0 && answer.tunnelOffset <= bytes.length);
        assert.equal(conversation(bytes), conversation(embedded(bytes, 0x0a)));
      }),
      { numRuns: 3000 },
    );
  });
  test('asking before `need` bytes are there brings no name', () => {
    fc.assert(
      fc.property(input, fc.nat(300), (bytes, length) => {
        const early = readFirstBytes(bytes.subarray(0, length));
        if (early.kind !== 'incomplete') return;
        for (let more = length; more < Math.min(early.need, bytes.length + 1); more++) {
          const kind = readFirstBytes(bytes.subarray(0, more)).kind;
          assert.ok(['incomplete', 'unknown', 'preamble'].includes(kind), `${kind} at ${more}, before ${early.need}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
