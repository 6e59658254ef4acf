import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { alpnOf, type ClientHelloReject, parseClientHello } from '../src/tls/client-hello.ts';
import {
  bytesOf,
  embedded,
  filler,
  handshake,
  helloBody,
  helloMessage,
  type HelloShape,
  inRecords,
  latin1,
  postQuantumHello,
  record,
  serverNameBody,
  textOf,
} from './hellos.ts';

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

/** What a parse says, as comparable plain data. */
function told(bytes: Uint8Array): unknown {
  const parsed = parseClientHello(bytes);
  if (parsed.kind !== 'ok') return parsed;
  const { serverName, serverNameIsAddress, ech, esni, postQuantum, version } = parsed.value;
  return {
    host: textOf(serverName),
    address: serverNameIsAddress,
    alpn: alpnOf(parsed.value.alpnList),
    ech,
    esni,
    postQuantum,
    version: version.toString(16),
  };
}

const usual = {
  host: 'www.example.com',
  address: false,
  alpn: ['h2', 'http/1.1'],
  ech: false,
  esni: false,
  postQuantum: false,
  version: '304',
};

suite('what a hello says', () => {
  const table: { name: string; input: HelloShape; want: object }[] = [
    { name: 'a usual one', input: {}, want: {} },
    { name: 'no server_name', input: { serverName: null }, want: { host: null } },
    { name: 'an empty name is none', input: { serverName: '' }, want: { host: null } },
    { name: 'case as on the wire', input: { serverName: 'WwW.ExAmple.COM' }, want: { host: 'WwW.ExAmple.COM' } },
    { name: 'IPv4 literal', input: { serverName: '192.0.2.1' }, want: { host: '192.0.2.1', address: true } },
    { name: 'IPv6 literal', input: { serverName: '2001:db8::1' }, want: { host: '2001:db8::1', address: true } },
    { name: 'a name of digits and letters', input: { serverName: '1e100.net' }, want: { host: '1e100.net' } },
    { name: 'no ALPN', input: { alpn: [] }, want: { alpn: [] } },
    { name: 'GREASE in ALPN', input: { alpn: ['\x0a\x0a', 'h2'] }, want: { alpn: ['\x0a\x0a', 'h2'] } },
    { name: 'ECH', input: { extra: [[65_037, [0, 0, 1]]] }, want: { ech: true } },
    { name: 'ESNI', input: { extra: [[65_486, []]] }, want: { esni: true } },
    { name: 'legacy version alone', input: { versions: [] }, want: { version: '303' } },
    { name: 'GREASE versions do not count', input: { versions: [0xfafa, 0x0303, 0x0302] }, want: { version: '303' } },
    { name: 'a TLS 1.3 draft', input: { versions: [0x7f1c, 0x0303] }, want: { version: '304' } },
    { name: 'GREASE groups are not post-quantum', input: { groups: [0xbaba, 29] }, want: {} },
    ...[0x11ec, 0x11eb, 0x11ed, 0x6399, 0x639a, 0x0200, 0x0201, 0x0202].map((group) => ({
      name: `post-quantum group ${group.toString(16)}`,
      input: { groups: [29, group] },
      want: { postQuantum: true },
    })),
    {
      name: 'key share alone',
      input: {
        groups: [],
        shares: [
          [29, 32],
          [0x11ec, 64],
        ],
      },
      want: { postQuantum: true },
    },
    {
      name: 'GREASE extensions',
      input: {
        extra: [
          [0x0a0a, []],
          [0xfafa, [0]],
        ],
      },
      want: {},
    },
    {
      name: 'a malformed ALPN list costs only itself',
      input: { alpn: [], extra: [[16, [0, 9, 1]]] },
      want: { alpn: [] },
    },
  ];
  for (const { name, input, want } of table) {
    test(name, () => assert.deepEqual(told(inRecords(helloMessage(input))), { ...usual, ...want }));
  }

  test('a hello without extensions', () => {
    const body = helloBody([]).slice(0, -2);
    const want = { ...usual, host: null, alpn: [], version: '303' };
    assert.deepEqual(told(inRecords(handshake(body))), want);
  });
  test('bytes after the hello are ignored', () => {
    const more = Uint8Array.from([...inRecords(helloMessage()), 0x14, 3, 3, 0, 1, 1, 0xff]);
    assert.deepEqual(told(more), usual);
  });
  test('record versions from 3.0 to 3.4', () => {
    for (let minor = 0; minor <= 4; minor++) {
      assert.deepEqual(told(Uint8Array.from(record(helloMessage(), 22, minor))), usual);
    }
  });
  test('an entry of another name type is passed over', () => {
    const list = [7, 0, 1, 0xff, 0, 0, 3, ...latin1('a.b')];
    const message = helloMessage({ serverName: null, extra: [[0, [0, list.length, ...list]]] });
    assert.deepEqual(told(inRecords(message)), { ...usual, host: 'a.b' });
  });
});

suite('what is refused', () => {
  const hello = helloMessage();
  const table: { name: string; input: readonly number[] | Uint8Array; want: ClientHelloReject; offset: number }[] = [
    { name: 'HTTP', input: bytesOf('GET / HTTP/1.1\r\n'), want: 'not-tls', offset: 0 },
    { name: 'SSLv2-compatible hello', input: [0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0], want: 'not-tls', offset: 0 },
    { name: 'application data', input: [0x17, 3, 3, 0, 1, 0], want: 'not-tls', offset: 0 },
    { name: 'another major version', input: [22, 2, 0, 0, 9], want: 'not-tls', offset: 0 },
    { name: 'ServerHello', input: record([2, ...hello.slice(1)]), want: 'not-client-hello', offset: 5 },
    { name: 'record without content', input: [22, 3, 1, 0, 0], want: 'empty-record', offset: 0 },
    {
      name: 'empty record between fragments',
      input: [...record(hello.slice(0, 9)), ...record([]), ...record(hello.slice(9))],
      want: 'empty-record',
      offset: 14,
    },
    { name: 'record of more than 16 KiB', input: [22, 3, 1, 0x40, 1], want: 'record-too-long', offset: 0 },
    {
      name: 'an alert between fragments',
      input: [...record(hello.slice(0, 9)), ...record([1, 0], 21), ...record(hello.slice(9))],
      want: 'interleaved-record',
      offset: 14,
    },
    { name: 'message of more than 16 KiB', input: record([1, 0, 0x40, 1]), want: 'too-long', offset: 5 },
    { name: 'message of 16 MiB', input: record([1, 0xff, 0xff, 0xff, 3, 3]), want: 'too-long', offset: 5 },
    {
      name: 'session id of 33 bytes',
      input: record(handshake([3, 3, ...filler(32), 33, ...zeros(60)])),
      want: 'bad-length',
      offset: 80,
    },
    {
      name: 'cipher suites past the end',
      input: record(handshake([3, 3, ...filler(32), 0, 0xff, 0xff])),
      want: 'bad-length',
      offset: 46,
    },
    {
      name: 'extension past the end',
      input: record(handshake(helloBody([0, 9, 0, 5, 1]))),
      want: 'bad-length',
      offset: 92,
    },
    {
      name: 'bytes behind the extensions',
      input: record(handshake([...helloBody([]), 0])),
      want: 'bad-length',
      offset: 88,
    },
    {
      name: 'server_name twice',
      input: record(helloMessage({ extra: [[0, serverNameBody('other.example')]] })),
      want: 'duplicate-server-name',
      offset: 114,
    },
    {
      name: 'two host names in one list',
      input: record(helloMessage({ serverName: null, extra: [[0, [0, 8, 0, 0, 1, 0x61, 0, 0, 1, 0x62]]] })),
      want: 'duplicate-server-name',
      offset: 102,
    },
    {
      name: 'name longer than its list',
      input: record(helloMessage({ serverName: null, extra: [[0, [0, 4, 0, 0, 9, 0x61]]] })),
      want: 'bad-length',
      offset: 98,
    },
  ];
  for (const { name, input, want, offset } of table) {
    test(name, () => {
      const parsed = parseClientHello(Uint8Array.from(input));
      assert.deepEqual(parsed, { kind: 'rejected', reason: want, offset });
    });
  }
});

suite('split equals whole', () => {
  const message = helloMessage({ groups: [0x11ec], extra: [[65_037, [1, 2, 3]]] });
  const whole = told(inRecords(message));

  test('two records, cut at every byte', () => {
    for (let cut = 1; cut < message.length; cut++)
      assert.deepEqual(told(inRecords(message, [cut])), whole, `cut ${cut}`);
  });
  test('one record per byte', () => {
    const everywhere = message.map((_, index) => index);
    assert.deepEqual(told(inRecords(message, everywhere)), whole);
  });
  test('2 to 5 records at any place, in any hello', () => {
    const host = fc.stringMatching(/^[a-z0-9.-]{1,80}$/);
    const cuts = fc.array(fc.nat(message.length + 60), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(host, cuts, (serverName, at) => {
        const any = helloMessage({ serverName });
        assert.deepEqual(told(inRecords(any, at)), told(inRecords(any)));
      }),
    );
  });
  test('every prefix is incomplete and asks for a byte that is missing', () => {
    for (const bytes of [inRecords(message), inRecords(message, [1, 3, 60, 61]), postQuantumHello()]) {
      for (let length = 0; length < bytes.length; length++) {
        const parsed = parseClientHello(bytes.subarray(0, length));
        assert.equal(parsed.kind, 'incomplete', `prefix of ${length}`);
        if (parsed.kind === 'incomplete')
          assert.ok(parsed.need > length && parsed.need <= bytes.length, `${length}: ${parsed.need}`);
      }
    }
  });
});

suite('hostile bytes', () => {
  const corrupted = fc
    .tuple(
      fc.nat(400),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      fc.array(fc.nat(250), { maxLength: 3 }),
    )
    .map(([keep, edits, cuts]) => {
      const bytes = inRecords(helloMessage(), cuts);
      for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
      return bytes.subarray(0, keep);
    });
  const anything = fc.oneof(corrupted, fc.uint8Array({ maxLength: 200 }));

  test('never throws, and bytes outside the view do not matter', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        assert.deepEqual(told(embedded(bytes, 0x00)), told(embedded(bytes, 0x16)));
        assert.deepEqual(told(embedded(bytes, 0xff)), told(bytes.slice()));
      }),
      { numRuns: 2000 },
    );
  });
  test('an answer stands whatever follows: no prefix is ok with another name', () => {
    fc.assert(
      fc.property(anything, fc.nat(400), (bytes, length) => {
        const early = parseClientHello(bytes.subarray(0, length));
        if (early.kind !== 'incomplete')
          assert.equal(JSON.stringify(told(bytes.subarray(0, length))), JSON.stringify(told(bytes)));
      }),
      { numRuns: 2000 },
    );
  });
});
