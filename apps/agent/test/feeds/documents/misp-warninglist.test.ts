import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import { formatIp } from '@sallyport/hosts/canonical';

import {
  readWarninglist,
  type WarninglistReport,
  type WarninglistValue,
} from '../../../src/feeds/documents/misp-warninglist.ts';
import { FeedError } from '../../../src/feeds/feed-error.ts';
import { streamOf } from '../collecting-sink.ts';
import { NOW_MS } from './read-document.ts';

const show = (value: WarninglistValue): string =>
  value.kind === 'host' ? `${value.match} ${value.name}` : `cidr ${formatIp(value.address)}/${value.prefixLength}`;

async function read(
  source: AsyncIterable<Uint8Array>,
): Promise<{ values: string[]; invalid: string[]; report: WarninglistReport }> {
  const values: string[] = [];
  const invalid: string[] = [];
  const report = await readWarninglist(
    source,
    {
      name: 'list',
      nowMs: NOW_MS,
      onItem: () => {},
      onInvalid: (item, text, reason) => void invalid.push(`${item}: ${text}: ${reason}`),
    },
    (value) => void values.push(show(value)),
  );
  return { values, invalid, report };
}

const readList = (value: unknown) => read(streamOf([Buffer.from(JSON.stringify(value))]));

suite('values', () => {
  const CASES: ReadonlyArray<{ name: string; type: string; list: readonly unknown[]; want: readonly string[] }> = [
    {
      name: 'strings are exact',
      type: 'string',
      list: ['a.example', 'B.Example', 'com'],
      want: ['exact a.example', 'exact b.example', 'exact com'],
    },
    { name: 'host names cover what is below', type: 'hostname', list: ['a.example'], want: ['suffix a.example'] },
    { name: 'a leading dot covers both', type: 'string', list: ['.a.example'], want: ['suffix a.example'] },
    {
      name: 'networks and addresses',
      type: 'cidr',
      list: ['192.0.2.0/24', '198.51.100.7', 'FE80::/10'],
      want: ['cidr 192.0.2.0/24', 'cidr 198.51.100.7/32', 'cidr fe80::/10'],
    },
    { name: 'an address among names', type: 'string', list: ['192.0.2.1'], want: ['cidr 192.0.2.1/32'] },
    { name: 'parts of names', type: 'substring', list: ['google'], want: [] },
    { name: 'expressions', type: 'regex', list: ['/^a/'], want: [] },
  ];
  for (const { name, type, list, want } of CASES) {
    test(name, async () => {
      const { values, report } = await readList({ list, name: 'N', type });
      assert.deepEqual(values, want);
      assert.deepEqual(report, {
        title: 'N',
        type,
        read: list.length,
        used: want.length,
        skipped: list.length - want.length,
        invalid: 0,
      });
    });
  }

  test('what cannot be read', async () => {
    const { values, invalid } = await readList({ type: 'string', list: ['a b', 5, 'a.example', { x: 1 }] });
    assert.deepEqual(values, ['exact a.example']);
    assert.deepEqual(invalid, ['1: a b: not a host name', '2: : not a host name', '4: : not a host name']);
  });
});

suite('what is none', () => {
  const CASES: ReadonlyArray<{ name: string; input: unknown; want: RegExp }> = [
    { name: 'an event', input: { Event: {} }, want: /^wrong-format: list: not a MISP warninglist: it has no "list"$/ },
    { name: 'no type', input: { list: ['a.example'] }, want: /its "type" is none of string, hostname/ },
    {
      name: 'another type',
      input: { list: ['a.example'], type: 'list' },
      want: /its "type" is none of string, hostname/,
    },
  ];
  for (const { name, input, want } of CASES) {
    test(name, async () => {
      const error: unknown = await readList(input).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof FeedError);
      assert.match(`${error.code}: ${error.message}`, want);
    });
  }

  test('more than is held', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"list":["x"');
      const more = Buffer.from(`,"${'a'.repeat(1000)}"`.repeat(100));
      for (;;) yield await Promise.resolve(more);
    }
    await assert.rejects(read(endless()), { name: 'FeedError', code: 'too-large' });
  });
});

const lists = resolve(
  process.env['SALLYPORT_CORPORA'] ?? resolve(import.meta.dirname, '../../../../../../shared/corpora'),
  'lists',
);
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

suite('lists as they are published', { skip }, () => {
  const folder = resolve(lists, 'misp-warninglists-cc0');
  for (const file of skip === false ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []) {
    test(file, async () => {
      const { report } = await read(createReadStream(resolve(folder, file)));
      assert.ok(report.used > 0);
      // moz-top500 has one name that its publisher cut with dots.
      assert.equal(report.invalid, file === 'moz-top500.json' ? 1 : 0);
      assert.equal(report.used + report.invalid, report.read);
    });
  }
});
