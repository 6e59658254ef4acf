import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { readFeed } from '../../../src/feeds/read-feed.ts';
import { collectingSink } from '../collecting-sink.ts';
import { type DocumentOutcome, readDocument, readJson } from './read-document.ts';

const indicator = (fields: Readonly<Record<string, unknown>>): unknown => ({
  type: 'indicator',
  spec_version: '2.1',
  id: 'indicator--1',
  pattern: "[domain-name:value = 'evil.example']",
  pattern_type: 'stix',
  valid_from: '2025-01-01T00:00:00Z',
  ...fields,
});

const readIndicators = (...fields: ReadonlyArray<Readonly<Record<string, unknown>>>): Promise<DocumentOutcome> =>
  readJson('stix', { type: 'bundle', id: 'bundle--1', objects: fields.map(indicator) });

suite('indicators', () => {
  const CASES: ReadonlyArray<{ name: string; input: Readonly<Record<string, unknown>>; want: string }> = [
    { name: 'as it is', input: {}, want: 'suffix evil.example' },
    {
      name: 'STIX 2.0 has no pattern type',
      input: { pattern_type: undefined, labels: ['malicious-activity'] },
      want: 'suffix evil.example is Malicious',
    },
    {
      name: 'valid until later',
      input: { valid_until: '2026-02-01T00:00:00.123456Z' },
      want: 'suffix evil.example until 2026-02-01T00:00:00.123Z',
    },
    { name: 'valid until this very moment', input: { valid_until: '2026-01-01T00:00:00Z' }, want: 'skipped expired' },
    { name: 'valid from later', input: { valid_from: '2026-01-01T00:00:00.001Z' }, want: 'skipped not-yet-valid' },
    { name: 'revoked', input: { revoked: true }, want: 'skipped revoked' },
    { name: 'confidence', input: { confidence: 85 }, want: 'suffix evil.example 85%' },
    { name: 'no confidence', input: { confidence: '85' }, want: 'suffix evil.example' },
    { name: 'impossible confidence', input: { confidence: 850 }, want: 'suffix evil.example' },
    {
      name: 'phishing, by label',
      input: { indicator_types: ['malicious-activity'], labels: ['Phishing'] },
      want: 'suffix evil.example is Phishing',
    },
    {
      name: 'C2, by kill chain',
      input: { kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: 'command-and-control' }] },
      want: 'suffix evil.example is C2',
    },
    { name: 'anomalous', input: { indicator_types: ['anomalous-activity'] }, want: 'suffix evil.example is Untrusted' },
    { name: 'benign', input: { indicator_types: ['benign'] }, want: 'skipped benign' },
    { name: 'another language', input: { pattern_type: 'sigma', pattern: 'title: x' }, want: 'skipped other-language' },
    {
      name: 'window in the past',
      input: {
        pattern: "[domain-name:value = 'evil.example'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
      },
      want: 'skipped expired',
    },
    {
      name: 'window that is open',
      input: {
        pattern: "[domain-name:value = 'evil.example'] START t'2020-01-01T00:00:00Z' STOP t'2027-01-01T00:00:00Z'",
      },
      want: 'suffix evil.example until 2027-01-01T00:00:00.000Z',
    },
    {
      name: 'window that comes',
      input: {
        pattern: "[domain-name:value = 'evil.example'] START t'2026-06-01T00:00:00Z' STOP t'2027-01-01T00:00:00Z'",
      },
      want: 'skipped not-yet-valid',
    },
    {
      name: 'a URL',
      input: { pattern: "[url:value = 'HTTPS://Evil.Example:8443/a b#c']" },
      want: 'url evil.example /a%20b :8443',
    },
    {
      name: 'a URL without a path',
      input: { pattern: "[url:value = 'http://evil.example/']" },
      want: 'exact evil.example',
    },
    {
      name: 'another scheme',
      input: { pattern: "[url:value = 'ftp://evil.example/a']" },
      want: 'skipped other-scheme',
    },
    {
      name: 'a port',
      input: { pattern: "[ipv4-addr:value = '198.51.100.7' AND network-traffic:dst_port = 8080]" },
      want: 'ip 198.51.100.7 :8080',
    },
    { name: 'a network', input: { pattern: "[ipv6-addr:value = '2001:db8::/32']" }, want: 'cidr 2001:db8::/32' },
    {
      name: 'a wildcard',
      input: { pattern: "[domain-name:value = '*.evil.example']" },
      want: 'subdomains evil.example',
    },
    {
      name: 'a bad pattern',
      input: { pattern: "[domain-name:value = 'evil.example'" },
      want: 'invalid 1: lue = \'evil.example\': not a STIX pattern: "]" is expected',
    },
    { name: 'no pattern', input: { pattern: 5 }, want: 'invalid 1: indicator--1: an indicator without a pattern' },
    {
      name: 'a bad value',
      input: { pattern: "[domain-name:value = 'evil example']" },
      want: 'invalid 1: evil example: not a host name',
    },
    {
      name: 'a bad network',
      input: { pattern: "[ipv4-addr:value = '198.51.100.7/24']" },
      want: 'invalid 1: 198.51.100.7/24: CIDR with host bits set',
    },
    { name: 'a bad date', input: { valid_until: 'soon' }, want: 'invalid 1: valid_until soon: bad date' },
    { name: 'a date of another type', input: { valid_until: 5 }, want: 'invalid 1: valid_until 5: bad date' },
    {
      name: 'fields of other types',
      input: { indicator_types: 'benign', labels: [5, null], kill_chain_phases: {}, revoked: 'no', valid_from: null },
      want: 'suffix evil.example',
    },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => {
      const { entries, skipped, invalid, error } = await readIndicators(input);
      const said = [
        ...entries,
        ...Object.keys(skipped).map((key) => `skipped ${key}`),
        ...invalid.map((text) => `invalid ${text}`),
      ];
      assert.deepEqual({ said, error }, { said: [want], error: null });
    });
  }

  test('what else is in a bundle is counted', async () => {
    const { entries, items, skipped, invalid } = await readJson('stix', {
      type: 'bundle',
      objects: [
        { type: 'malware', name: 'x' },
        { type: 'domain-name', value: 'seen.example' },
        { type: 'ipv4-addr', value: '198.51.100.7' },
        indicator({}),
        { name: 'no type' },
        'text',
        null,
      ],
    });
    assert.deepEqual(entries, ['suffix evil.example']);
    assert.equal(items, 7);
    assert.deepEqual(skipped, { 'other-object': 1, 'observed-object': 2 });
    assert.deepEqual(invalid, [
      '5: : an object without a type',
      '6: text: not a STIX object',
      '7: null: not a STIX object',
    ]);
  });
});

suite('documents', () => {
  const CASES: ReadonlyArray<{ name: string; input: unknown; want: string }> = [
    { name: 'a TAXII envelope', input: { more: false, objects: [indicator({})] }, want: 'suffix evil.example' },
    { name: 'an array', input: [indicator({})], want: 'suffix evil.example' },
    { name: 'an empty bundle', input: { type: 'bundle', objects: [] }, want: '' },
    {
      name: 'one object',
      input: indicator({}),
      want: 'wrong-format: list: not a STIX bundle: it has no list "objects"; it is a single object of type "indicator"',
    },
    {
      name: 'a MISP event',
      input: { Event: { Attribute: [] } },
      want: 'wrong-format: list: not a STIX bundle: it has no list "objects"; it looks like a MISP event: use --format misp',
    },
    { name: 'a number', input: 5, want: 'wrong-format: list: not a STIX bundle: it has no list "objects"' },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => {
      const { entries, error } = await readJson('stix', input);
      assert.equal(error ?? entries.join(), want);
    });
  }

  test('a truncated bundle is refused', async () => {
    const whole = Buffer.from(JSON.stringify({ type: 'bundle', objects: [indicator({}), indicator({})] }));
    assert.match((await readDocument('stix', [whole.subarray(0, -1)])).error ?? '', /ends in the middle/);
  });
});

test('property: any JSON values in the fields of an indicator', async () => {
  const keys = [
    'type',
    'pattern',
    'pattern_type',
    'valid_from',
    'valid_until',
    'labels',
    'indicator_types',
    'confidence',
    'revoked',
    'kill_chain_phases',
  ];
  const fields = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string()));
  await fc.assert(
    fc.asyncProperty(fields, async (some) => {
      const { error, items } = await readIndicators(some);
      assert.equal(error, null);
      assert.equal(items, 1);
    }),
    { numRuns: 300 },
  );
});

test('100 MB of objects are read in bounded memory', async () => {
  const COUNT = 200_000;
  async function* bundle(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"type":"bundle","objects":[');
    for (let i = 0; i < COUNT; i += 100) {
      const some = Array.from({ length: 100 }, (_, n) =>
        JSON.stringify(
          indicator({ pattern: `[domain-name:value = 'n${i + n}.example']`, description: 'x'.repeat(300) }),
        ),
      );
      yield await Promise.resolve(Buffer.from((i === 0 ? '' : ',') + some.join(',')));
    }
    yield Buffer.from(']}');
  }
  let hosts = 0;
  let peak = 0;
  const before = process.memoryUsage.rss();
  const sink = {
    ...collectingSink([]),
    host: () => void (++hosts % 1000 === 0 && (peak = Math.max(peak, process.memoryUsage.rss()))),
  };
  const report = await readFeed(bundle(), { name: 'bundle', format: 'stix' }, sink);
  assert.equal(hosts, COUNT);
  assert.equal(report.read, COUNT);
  assert.ok(peak - before < 200e6, `grew by ${Math.round((peak - before) / 1e6)} MB`);
});

const lists = resolve(
  process.env['SALLYPORT_CORPORA'] ?? resolve(import.meta.dirname, '../../../../../../shared/corpora'),
  'lists',
);
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

suite('bundles as they are published', { skip }, () => {
  const FILES: ReadonlyArray<readonly [file: string, entries: object, skipped: object, invalid: number]> = [
    ['amnesty-wintego_helios.stix2', { hosts: 175, ips: 0, cidrs: 0, urls: 0 }, { 'other-object': 177 }, 0],
    ['amnesty-novispy.stix2', { hosts: 0, ips: 7, cidrs: 0, urls: 0 }, { 'other-object': 19, 'other-type': 11 }, 0],
    ['oasis-apt1.json', { hosts: 3, ips: 0, cidrs: 4, urls: 0 }, { 'other-object': 64, 'other-type': 5 }, 0],
    ['oasis-poisonivy.json', { hosts: 24, ips: 40, cidrs: 0, urls: 0 }, { 'other-object': 130, 'other-type': 2 }, 1],
  ];
  for (const [file, entries, skipped, invalid] of FILES) {
    test(file, async () => {
      const source = createReadStream(resolve(lists, 'stix', file));
      const report = await readFeed(source, { name: file, format: 'stix' }, collectingSink([]));
      assert.deepEqual({ ...report.entries }, entries);
      assert.deepEqual({ ...report.skipped }, skipped);
      assert.equal(report.invalid.count, invalid);
    });
  }

  test('a bundle that only observes gives nothing', async () => {
    const source = createReadStream(resolve(lists, 'stix/oasis-infrastructure.json'));
    await assert.rejects(readFeed(source, { name: 'x', format: 'stix' }, collectingSink([])), {
      name: 'FeedError',
      message: /8 other-object, 2 observed-object/,
    });
  });
});
