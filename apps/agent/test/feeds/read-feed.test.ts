import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { canonicalHost } from '@sallyport/hosts/canonical';
import fc from 'fast-check';

import { HEAD_BYTES } from '../../src/feeds/format-detection.ts';
import { FEED_FORMATS, type Format, FORMAT_NAMES } from '../../src/feeds/formats.ts';
import { plainName } from '../../src/feeds/lines/host-text.ts';
import { readFeed } from '../../src/feeds/read-feed.ts';
import { collectingSink, outcomeOf, outcomeOfText, streamOf } from './collecting-sink.ts';

const names = (count: number): string => Array.from({ length: count }, (_, i) => `n${i}.example\n`).join('');

suite('report', () => {
  test('counts lines, entries, skipped and invalid lines with their numbers', async () => {
    const text = `# head\n\nA.example\n192.0.2.1:80\n192.0.2.0/24\nb.example/x\nlocalhost\nb\u0007ad.example\n${names(3)}c..example`;
    const { report } = await outcomeOfText(text, 'domains');
    assert.deepEqual(report, {
      format: 'domains',
      read: 12,
      entries: { hosts: 4, ips: 1, cidrs: 1, urls: 1 },
      exceptions: 0,
      portQualified: 1,
      skipped: { 'local-name': 1 },
      skippedAt: { 'local-name': [7] },
      invalid: {
        count: 2,
        first: [
          { line: 8, text: 'b\uFFFDad.example', reason: 'not a host name' },
          { line: 12, text: 'c..example', reason: 'empty label' },
        ],
      },
    });
  });

  test('keeps the first ten invalid lines, cut', async () => {
    const { report } = await outcomeOfText(names(100) + `${'x'.repeat(300)}\n`.repeat(12), 'domains');
    assert.equal(report?.invalid.count, 12);
    assert.deepEqual(
      report.invalid.first.map(({ line }) => line),
      [101, 102, 103, 104, 105, 106, 107, 108, 109, 110],
    );
    assert.equal(report.invalid.first[0]?.text, `${'x'.repeat(79)}…`);
  });

  test('of a document the items take the place of lines', async () => {
    const indicator = (pattern: string): object => ({
      type: 'indicator',
      spec_version: '2.1',
      id: 'indicator--00000000-0000-4000-8000-000000000001',
      pattern_type: 'stix',
      pattern,
      valid_from: '2020-01-01T00:00:00Z',
    });
    const bundle = {
      type: 'bundle',
      id: 'bundle--00000000-0000-4000-8000-000000000002',
      objects: [
        indicator("[domain-name:value = 'a.example']"),
        { type: 'malware', spec_version: '2.1', id: 'malware--00000000-0000-4000-8000-000000000003' },
        indicator('[domain-name:value = '),
      ],
    };
    const { entries, report, error } = await outcomeOfText(`\uFEFF${JSON.stringify(bundle)}`, 'detect');
    assert.equal(error, null);
    assert.deepEqual(entries, ['suffix a.example']);
    assert.equal(report?.format, 'stix');
    assert.equal(report.read, 3);
    assert.deepEqual(Object.values(report.skippedAt), [[2]]);
    assert.deepEqual(
      report.invalid.first.map(({ line }) => line),
      [3],
    );
  });

  test('a source is given back when the feed is refused', async () => {
    for (const text of ['<html>', 'a..b\n'.repeat(100_000), 'a.example\n']) {
      let closed = 0;
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          yield await Promise.resolve(Buffer.from(text));
          yield Buffer.from('\0');
        } finally {
          closed++;
        }
      }
      await assert.rejects(readFeed(source(), { name: 'list', format: 'detect' }, collectingSink([])));
      assert.equal(closed, 1);
    }
  });

  test('progress is told about every four MiB', async () => {
    const chunk = Buffer.from(names(100_000).slice(0, 1024 * 1024 - 1) + '\n');
    const seen: number[] = [];
    await readFeed(
      streamOf(Array.from({ length: 10 }, () => chunk)),
      { name: 'list', format: 'domains', onProgress: ({ bytes }) => seen.push(bytes / 1024 / 1024) },
      collectingSink([]),
    );
    assert.deepEqual(seen, [4, 8]);
  });
});

suite('tolerance', () => {
  const cases = [
    { name: '20 of 40', good: 20, bad: 20, read: true },
    { name: '20 of 39', good: 19, bad: 20, read: false },
    { name: '21 of 100', good: 79, bad: 21, read: false },
    { name: '50 of 1000', good: 950, bad: 50, read: true },
    { name: '51 of 1000', good: 949, bad: 51, read: false },
    { name: '1 of 1', good: 0, bad: 1, read: false },
    { name: '900 in front of 20000', good: 20_000, bad: 900, read: true },
  ];
  for (const { name, good, bad, read } of cases) {
    test(`${name} lines unreadable: ${read ? 'read' : 'refused'}`, async () => {
      const { error } = await outcomeOfText('a..b\n'.repeat(bad) + names(good), 'domains');
      const first = `wrong-format: list:1: "a..b": empty label; ${bad} of ${good + bad} lines cannot be read as domains; `;
      assert.equal(error?.slice(0, first.length) ?? null, read ? null : first);
    });
  }

  test('a feed of rubbish is left after a thousand lines', async () => {
    let pulled = 0;
    async function* rubbish(): AsyncGenerator<Uint8Array> {
      for (; pulled < 1000; pulled++) yield await Promise.resolve(Buffer.from('what is this\n'.repeat(10_000)));
    }
    await assert.rejects(readFeed(rubbish(), { name: 'list', format: 'domains' }, collectingSink([])), {
      code: 'wrong-format',
      line: 1,
    });
    assert.ok(pulled < 10, `${pulled} chunks were read`);
  });

  test('control characters of a feed do not reach the message', async () => {
    const { error } = await outcomeOf([Buffer.from('a\r\u2028\u001B[31mb c\n')], 'domains');
    assert.match(error ?? '', /^wrong-format: list:1: "a\uFFFD{3}\[31mb c": more than one column; 1 of 1 lines/);
  });
});

suite('bounds', () => {
  test('a line over 4096 bytes is invalid, and the rest is read', async () => {
    const { entries, report } = await outcomeOfText(`a.example\n${'x'.repeat(5000)}.example\nb.example\n`, 'domains');
    assert.deepEqual(entries, ['suffix a.example', 'suffix b.example']);
    assert.deepEqual(report?.invalid.first, [
      { line: 2, text: `${'x'.repeat(79)}…`, reason: 'longer than 4096 bytes' },
    ]);
  });

  test('a long comment is a comment, a long Adblock rule is conditional', async () => {
    const long = 'x'.repeat(5000);
    const adblock = await outcomeOfText(`! ${long}\n||a.example^$domain=${long}\n||b.example^\n`, 'adblock');
    assert.deepEqual(adblock.entries, ['suffix b.example']);
    assert.deepEqual(adblock.report?.skipped, { 'conditional-rule': 1 });
    const hosts = await outcomeOfText(`# ${long}\n0.0.0.0 a.example\n`, 'hosts');
    assert.equal(hosts.report?.invalid.count, 0);
  });

  test('one endless line keeps nothing but its beginning', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 200; i++) yield await Promise.resolve(chunk);
    }
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    await assert.rejects(
      readFeed(
        endless(),
        {
          name: 'list',
          format: 'domains',
          onProgress: () => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)),
        },
        collectingSink([]),
      ),
      { code: 'wrong-format' },
    );
    assert.ok(peak - before < 16 * 1024 * 1024, `${peak - before} bytes`);
  });

  test('nothing but comments at the beginning asks for a name of the format', async () => {
    const text = '# comment\n'.repeat(HEAD_BYTES / 10 + 10) + 'a.example\n';
    assert.match((await outcomeOfText(text, 'detect')).error ?? '', /^wrong-format: list: .*--format/);
    assert.deepEqual((await outcomeOfText(text, 'domains')).entries, ['suffix a.example']);
  });
});

/** Lines of the formats with a grammar of their own; also cut, so that quotes and brackets stay open. */
const STRUCTURED = [
  'address=/a.example/b.example/0.0.0.0',
  'server=/a.example/#',
  'local-zone: "a.example" always_nxdomain',
  'local-zone: "a.example" redirect',
  'local-data: "a.example A 0.0.0.0"',
  '$ORIGIN rpz.test.',
  '@ SOA ns. root. ( 1 ; x',
  '2 3 4 5 )',
  '\tNS ns.',
  '  A 0.0.0.0',
  ' \r A ::',
  '*.a.example 60 IN CNAME .',
  '24.0.113.0.203.rpz-ip CNAME rpz-passthru.',
  'zone "a.example" { type master; file "null"; };',
  '/* zone "a.example" {',
  'msFilterList',
  '-d a.example',
  '+d a.example',
  '=a.example',
  '10.0.*',
  'alert tls any any -> any any (tls.sni; content:"a|2e|example"; bsize:9; classtype:x; sid:1;)',
  'alert tcp any any -> [203.0.113.9,198.51.100.0/24] [80,443] (sid:1;) \\',
  'YS5leGFtcGxl,7',
  '# "ioc_value","ioc_type","confidence_level","expires"',
  '"a.example", "domain","50","2030-01-01"',
  'domain;constructor;__proto__',
  'a.example,"x',
  '203.0.113.1-203.0.113.200',
  '{"type":"bundle","objects":[{"type":"indicator","pattern":"[domain-name:value = \'a.example\']"}]}',
  '{"Event":{"Attribute":[{"type":"domain","value":"a.example","to_ids":true}]}}',
] as const;

suite('memory', () => {
  /** The fastest format, and those that keep something from line to line. `$` becomes a number. */
  const LINES: ReadonlyArray<readonly [format: Format, line: string]> = [
    ['domains', 'n$.bad.example\n'],
    ['rpz', 'n$.bad.example CNAME .\n'],
    ['bind', 'zone "n$.bad.example" { type master; file "null"; };\n'],
    ['suricata', 'alert tls any any -> any any (tls.sni; content:"n$.bad.example"; endswith; sid:1;)\n'],
    ['csv:value=1', '"n$.bad.example","x"\n'],
  ];
  const TOTAL = 50 * 1024 * 1024;
  const sink = { host() {}, ip() {}, cidr() {}, url() {}, exception() {} };
  for (const [format, line] of LINES) {
    test(`${format}: 50 MiB pass in memory that does not grow with them`, async (t) => {
      const chunk = Buffer.from(Array.from({ length: 2000 }, (_, i) => line.replace('$', `${i + 1}`)).join(''));
      async function* feed(): AsyncGenerator<Uint8Array> {
        for (let sent = 0; sent < TOTAL; sent += chunk.length) yield await Promise.resolve(chunk);
      }
      const before = process.memoryUsage.rss();
      let peak = before;
      const started = performance.now();
      const report = await readFeed(
        feed(),
        { name: 'list', format, onProgress: () => (peak = Math.max(peak, process.memoryUsage.rss())) },
        sink,
      );
      const seconds = (performance.now() - started) / 1000;
      const { hosts, ips, cidrs } = report.entries;
      assert.ok(hosts + ips + cidrs >= report.read);
      assert.equal(report.invalid.count, 0);
      assert.ok(peak - before < 40 * 1024 * 1024, `${peak - before} bytes more`);
      t.diagnostic(
        `${format}: ${Math.round(report.read / seconds / 1000)} k lines/s, ${Math.round((peak - before) / 1024 / 1024)} MiB more`,
      );
    });
  }
});

suite('properties', () => {
  const feedLine = fc.oneof(
    fc.constantFrom(
      '0.0.0.0 a.example',
      '||a.example^$all',
      '@@||b.example/x^',
      '! x',
      '!#if x',
      '# x',
      '203.0.113.0/24 ; x',
      '192.0.2.1:80',
      'http://a.example/x',
      'bücher.example',
      '*.a.example',
      '\uFEFFa.example',
      '',
      'x'.repeat(4095),
      'x'.repeat(4097),
      '\r',
      ...STRUCTURED,
    ),
    fc.constantFrom(...STRUCTURED).chain((line) => fc.nat(line.length).map((cut) => line.slice(0, cut))),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(...'a1.-_*|^$@#!;:/[]%, \t'.split('')), maxLength: 30 }),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(feedLine, { maxLength: 30 }).map((lines) => new Uint8Array(Buffer.from(lines.join('\n')))),
  );
  const format = fc.constantFrom<Format | 'detect'>(
    'detect',
    ...FORMAT_NAMES,
    'csv:value=1',
    'csv:host=host,path=2,type=ioc_type',
  );

  test('any bytes are read or refused with a FeedError of one line, the same however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, format, fc.array(fc.nat(2000), { maxLength: 20 }), async (feed, as, cuts) => {
        const whole = await outcomeOf([feed], as);
        assert.doesNotMatch(whole.error ?? '', /[\n\r\0]/);
        const at = [0, ...cuts.toSorted((a, b) => a - b), feed.length];
        const pieces = at.slice(1).map((end, i) => feed.subarray(at[i], end));
        assert.deepEqual(await outcomeOf(pieces, as), whole);
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1000) },
    );
  });

  test('a feed beyond the head is the same in one chunk, in small ones, and cut around the head', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => (i % 50 === 0 ? `b..ad${i}` : `name-${i}.example`));
    const feed = Buffer.from(lines.join('\r\n'));
    assert.ok(feed.length > 1.5 * HEAD_BYTES);
    const whole = await outcomeOf([feed], 'detect');
    assert.equal(whole.report?.entries.hosts, 29_400);
    for (const size of [1009, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < feed.length; at += size) chunks.push(feed.subarray(at, at + size));
      assert.deepEqual(await outcomeOf(chunks, 'detect'), whole, `chunks of ${size}`);
    }
  });

  test('the short way gives what canonicalHost gives, or nothing', () => {
    const label = fc.string({ unit: fc.constantFrom(...'abz019-_.X ü'.split('')), maxLength: 12 });
    const long = fc.nat(70).map((length) => 'a'.repeat(length));
    const text = fc.array(fc.oneof(label, long), { maxLength: 6 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(text, (name) => {
        const encoded = Buffer.from(`<${name}>`);
        const plain = plainName(encoded, 1, encoded.length - 1);
        if (plain !== null) assert.deepEqual(canonicalHost(name), { kind: 'ok', value: plain });
      }),
      { numRuns: 3000 },
    );
    const usual = Buffer.from('www.bad-name_1.example');
    assert.equal(plainName(usual, 0, usual.length), 'www.bad-name_1.example');
  });

  for (const { name } of FEED_FORMATS) {
    if (name === 'stix' || name === 'misp') continue; // their readers have tests of their own
    test(`${name}: lines that open and never close cost time in proportion to their length`, async () => {
      // Read again from its start for every line that follows, each of these would take minutes.
      const openers = [
        '"',
        '(',
        'x {',
        '\\',
        'x "',
        'a.example,"',
        'zone "a" {',
        'a TXT (',
        'alert x any any -> any any (y;\\',
      ];
      for (const opener of openers) {
        const text = `${`${opener}\n`.repeat(3)}${`${opener}x\n`.repeat(50_000)}`;
        const { error } = await outcomeOfText(text, name);
        assert.ok(error === null || /^(?:wrong-format|empty)/.test(error), error ?? '');
      }
    });
  }

  test('hostile lines cost time in proportion to their length', async () => {
    // Repetitions that a careless pattern walks over again from every position. Quadratic, this takes minutes.
    const hostile = [
      `${'^'.repeat(3000)}a`,
      `a${' '.repeat(3000)}b`,
      '$'.repeat(3000),
      '/'.repeat(3000),
      'a#'.repeat(1500),
      'a.'.repeat(1500),
    ];
    for (const line of hostile) {
      const text = `||x.example^\n`.repeat(20_000) + `||h.example/${line}\n`.repeat(1000);
      const { error } = await outcomeOfText(text, 'adblock');
      assert.ok(error === null || error.startsWith('wrong-format'), error ?? '');
    }
  });
});
