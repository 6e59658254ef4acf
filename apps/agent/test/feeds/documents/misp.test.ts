import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { readMisp } from '../../../src/feeds/documents/misp.ts';
import { EntryRecorder } from '../../../src/feeds/entry-recorder.ts';
import { readFeed } from '../../../src/feeds/read-feed.ts';
import { collectingSink } from '../collecting-sink.ts';
import { NOW_MS, readDocument, readJson } from './read-document.ts';

const attribute = (type: string, value: unknown, fields: Readonly<Record<string, unknown>> = {}): unknown => ({
  type,
  value,
  category: 'Network activity',
  to_ids: true,
  ...fields,
});

const tagged = (...names: readonly string[]) => ({ Tag: names.map((name) => ({ name })) });

suite('attributes', () => {
  const CASES: ReadonlyArray<{ name: string; input: unknown; want: string }> = [
    {
      name: 'a domain covers what is below it',
      input: attribute('domain', 'evil.example'),
      want: 'suffix evil.example',
    },
    {
      name: 'a hostname is one host',
      input: attribute('hostname', 'www.evil.example'),
      want: 'exact www.evil.example',
    },
    {
      name: 'a domain with its address then',
      input: attribute('domain|ip', 'evil.example|198.51.100.7'),
      want: 'suffix evil.example',
    },
    { name: 'a destination', input: attribute('ip-dst', '198.51.100.7'), want: 'ip 198.51.100.7' },
    { name: 'a network', input: attribute('ip-dst', '2001:db8::/32'), want: 'cidr 2001:db8::/32' },
    { name: 'a port', input: attribute('ip-dst|port', '198.51.100.7|8443'), want: 'ip 198.51.100.7 :8443' },
    {
      name: 'a port after a colon',
      input: attribute('ip-dst|port', '198.51.100.7:8443'),
      want: 'ip 198.51.100.7 :8443',
    },
    { name: 'a port of IPv6', input: attribute('ip-dst|port', '2001:db8::7|8443'), want: 'ip 2001:db8::7 :8443' },
    {
      name: 'a port of a name',
      input: attribute('hostname|port', 'evil.example|8443'),
      want: 'exact evil.example :8443',
    },
    { name: 'no port', input: attribute('ip-dst|port', '198.51.100.7'), want: 'invalid 1: 198.51.100.7: bad port' },
    { name: 'a URL', input: attribute('url', 'http://evil.example/a'), want: 'url evil.example /a' },
    { name: 'a URI with a host', input: attribute('uri', 'https://evil.example/a'), want: 'url evil.example /a' },
    { name: 'a URI without', input: attribute('uri', '/gate.php'), want: 'skipped path-only' },
    { name: 'a source', input: attribute('ip-src', '198.51.100.7'), want: 'skipped source-address' },
    { name: 'a source with a port', input: attribute('ip-src|port', '198.51.100.7|1'), want: 'skipped source-address' },
    {
      name: 'not for detection',
      input: attribute('domain', 'evil.example', { to_ids: false }),
      want: 'skipped not-to-ids',
    },
    { name: 'no such flag', input: { type: 'domain', value: 'evil.example' }, want: 'skipped not-to-ids' },
    {
      name: 'flags of old exports',
      input: attribute('domain', 'evil.example', { to_ids: '1', deleted: '0' }),
      want: 'suffix evil.example',
    },
    { name: 'deleted', input: attribute('domain', 'evil.example', { deleted: true }), want: 'skipped deleted' },
    { name: 'a hash', input: attribute('sha256', 'ab'), want: 'skipped other-type' },
    { name: 'a type called like a method', input: attribute('constructor', 'x'), want: 'skipped other-type' },
    { name: 'a bad name', input: attribute('domain', 'not a name'), want: 'invalid 1: not a name: not a host name' },
    {
      name: 'a bad network',
      input: attribute('ip-dst', '203.0.113.1/24'),
      want: 'invalid 1: 203.0.113.1/24: CIDR with host bits set',
    },
    {
      name: 'no value',
      input: { type: 'domain', to_ids: true },
      want: 'invalid 1: {"type":"domain","to_ids":true}: not a MISP attribute',
    },
    { name: 'no attribute', input: 5, want: 'invalid 1: 5: not a MISP attribute' },
    {
      name: 'a phishing tag',
      input: attribute('domain', 'evil.example', tagged('tlp:clear', 'circl:incident-classification="phishing"')),
      want: 'suffix evil.example is Phishing',
    },
    {
      name: 'a C2 tag',
      input: attribute('domain', 'evil.example', tagged('kill-chain:Command and Control')),
      want: 'suffix evil.example is C2',
    },
    {
      name: 'a confidence tag',
      input: attribute('domain', 'evil.example', tagged('misp:confidence-level="fairly-confident"')),
      want: 'suffix evil.example 50%',
    },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => {
      const { entries, skipped, invalid, error, items } = await readJson('misp', { Event: { Attribute: [input] } });
      const said = [
        ...entries,
        ...Object.keys(skipped).map((key) => `skipped ${key}`),
        ...invalid.map((text) => `invalid ${text}`),
      ];
      assert.deepEqual({ said, error, items }, { said: [want], error: null, items: 1 });
    });
  }

  test('objects hold attributes, and are deleted with them', async () => {
    const objects = [
      { name: 'domain-ip', Attribute: [attribute('domain', 'a.example'), attribute('ip-dst', '198.51.100.7')] },
      { name: 'url', deleted: true, Attribute: [attribute('url', 'http://b.example/x')] },
      { name: 'empty' },
      'text',
    ];
    const { entries, skipped, invalid, items } = await readJson('misp', { Event: { info: 'x', Object: objects } });
    assert.deepEqual(entries, ['suffix a.example', 'ip 198.51.100.7']);
    assert.deepEqual(skipped, { deleted: 1 });
    assert.deepEqual(invalid, ['4: "text": not a MISP object']);
    assert.equal(items, 4);
  });
});

suite('documents', () => {
  const event = { info: 'x', Attribute: [attribute('domain', 'evil.example')] };
  const CASES: ReadonlyArray<{ name: string; input: unknown; want: string }> = [
    { name: 'an event', input: { Event: event }, want: 'suffix evil.example' },
    { name: 'an event without its wrapper', input: event, want: 'suffix evil.example' },
    {
      name: 'an export',
      input: { response: [{ Event: event }, { Event: event }] },
      want: 'suffix evil.example,suffix evil.example',
    },
    { name: 'an export of old servers', input: { response: { Event: event } }, want: 'suffix evil.example' },
    { name: 'found attributes', input: { response: { Attribute: event.Attribute } }, want: 'suffix evil.example' },
    { name: 'a list of events', input: [{ Event: event }, event], want: 'suffix evil.example,suffix evil.example' },
    { name: 'an event without attributes', input: { Event: { info: 'x' } }, want: '' },
    {
      name: 'a warninglist',
      input: { name: 'x', list: ['a.example'], type: 'string' },
      want: 'wrong-format: list: this is a MISP warninglist, and a MISP warninglist lists what not to block; add it with --format warninglist',
    },
    {
      name: 'a manifest',
      input: { '5a2b': { info: 'x', Orgc: {} } },
      want: 'wrong-format: list: not a MISP event: it has no "Event" and no "Attribute"; of a MISP feed, add the folder or an archive of it, not its manifest',
    },
    {
      name: 'a STIX bundle',
      input: { type: 'bundle', objects: [] },
      want: 'wrong-format: list: not a MISP event: it has no "Event" and no "Attribute"; it looks like a STIX bundle: use --format stix',
    },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => {
      const { entries, error } = await readJson('misp', input);
      assert.equal(error ?? entries.join(), want);
    });
  }
});

test('property: arbitrary and damaged events give FeedErrors only', async () => {
  const valid = Buffer.from(
    JSON.stringify({
      response: [
        {
          Event: {
            Attribute: [attribute('ip-dst|port', '198.51.100.7|80'), attribute('url', 'http://a.example/x')],
            Object: [{ Attribute: [attribute('domain', 'a.example')] }],
          },
        },
      ],
    }),
  );
  const changes = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(valid.length), async (changed, length) => {
      const copy = Buffer.from(valid.subarray(0, length));
      for (const [at, byte] of changed) if (at < length) copy[at] = byte;
      const { entries, error } = await readDocument('misp', [copy]);
      assert.ok(entries.length <= 3 && (error === null || /^(?:wrong-format|empty): list/.test(error)));
    }),
    { numRuns: 500 },
  );
});

test('100 MB of attributes are read in bounded memory', async () => {
  const COUNT = 300_000;
  async function* event(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"response":[{"Event":{"info":"x","Attribute":[');
    for (let i = 0; i < COUNT; i += 100) {
      const some = Array.from({ length: 100 }, (_, n) =>
        JSON.stringify(attribute('domain', `n${i + n}.example`, { comment: 'x'.repeat(250) })),
      );
      yield await Promise.resolve(Buffer.from((i === 0 ? '' : ',') + some.join(',')));
    }
    yield Buffer.from(']}}]}');
  }
  let hosts = 0;
  let peak = 0;
  const before = process.memoryUsage.rss();
  const sink = {
    ...collectingSink([]),
    host: () => void (++hosts % 1000 === 0 && (peak = Math.max(peak, process.memoryUsage.rss()))),
  };
  await readMisp(event(), new EntryRecorder(sink), {
    name: 'event',
    nowMs: NOW_MS,
    onItem: () => {},
    onInvalid: (item) => assert.fail(`item ${item}`),
  });
  assert.equal(hosts, COUNT);
  assert.ok(peak - before < 200e6, `grew by ${Math.round((peak - before) / 1e6)} MB`);
});

const lists = resolve(
  process.env['SALLYPORT_CORPORA'] ?? resolve(import.meta.dirname, '../../../../../../shared/corpora'),
  'lists',
);
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

suite('events as they are published', { skip }, () => {
  const folder = resolve(lists, 'misp-events-eset');
  for (const file of skip === false ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []) {
    test(file, async () => {
      const entries: string[] = [];
      let items = 0;
      const recorder = new EntryRecorder(collectingSink(entries));
      await readMisp(createReadStream(resolve(folder, file)), recorder, {
        name: file,
        nowMs: NOW_MS,
        onItem: () => void items++,
        onInvalid: (item) => assert.fail(`item ${item}`),
      });
      const skipped = Object.values(recorder.skipped).reduce((sum, count) => sum + count, 0);
      assert.ok(items >= 9);
      assert.equal(entries.length + skipped, items);
      assert.equal(entries.length, file === 'misp-telebots.json' ? 3 : 0);
    });
  }

  test('an event without indicators is refused by itself', async () => {
    const source = createReadStream(resolve(folder, 'misp-ramsay.json'));
    await assert.rejects(readFeed(source, { name: 'x', format: 'misp' }, collectingSink([])), {
      message: /81 other-type/,
    });
  });
});
