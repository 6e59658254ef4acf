/** Lists as they are published. They are not part of the repository: see SALLYPORT_CORPORA below. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import { FeedError } from '../../src/feeds/feed-error.ts';
import type { Format } from '../../src/feeds/line-parsers.ts';
import { openFeedSource } from '../../src/feeds/open-source.ts';
import { type FeedReport, readFeed } from '../../src/feeds/read-feed.ts';
import { collectingSink } from './collecting-sink.ts';

const root = resolve(import.meta.dirname, '../../../..');
const lists = resolve(process.env['SALLYPORT_CORPORA'] ?? resolve(root, '../shared/corpora'), 'lists');
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

async function readList(path: string, format: Format | 'detect' = 'detect') {
  const entries: string[] = [];
  await using source = await openFeedSource(resolve(lists, path));
  const report = await readFeed(source.stream, { name: source.describe, format }, collectingSink(entries));
  return { entries, report };
}

/** Hosts and addresses without their breadth. */
const targets = (entries: readonly string[]): Set<string> =>
  new Set(entries.filter((entry) => !entry.startsWith('url ')).map((entry) => entry.slice(entry.indexOf(' ') + 1)));

const usable = ({ entries }: FeedReport): number => entries.hosts + entries.ips + entries.cidrs + entries.urls;

suite('urlhaus: one feed in many formats', { skip }, () => {
  const FILES: ReadonlyArray<readonly [file: string, format: Format, parts: 'all' | 'names' | 'addresses']> = [
    ['domains-online.txt', 'domains', 'all'],
    ['wildcard-online.txt', 'domains', 'all'],
    ['ag-online.txt', 'adblock', 'all'],
    ['agh-online.txt', 'adblock', 'all'],
    ['vivaldi-online.txt', 'adblock', 'all'],
    ['online.txt', 'adblock', 'all'],
    ['hosts-online.txt', 'hosts', 'names'],
    ['dnscrypt-blocked-names-online.txt', 'domains', 'names'],
    ['dnscrypt-blocked-ips-online.txt', 'cidr', 'addresses'],
  ];
  const isAddress = (target: string): boolean => /^[\d.]+$|:/.test(target);
  for (const [file, format, parts] of FILES) {
    test(file, async () => {
      const all = targets((await readList('urlhaus-cc0/urlhaus-filter-domains-online.txt')).entries);
      const want = [...all].filter((target) => parts === 'all' || isAddress(target) === (parts === 'addresses'));
      const { entries, report } = await readList(`urlhaus-cc0/urlhaus-filter-${file}`);
      assert.equal(report.format, format);
      assert.equal(report.invalid.count, 0);
      assert.deepEqual([...targets(entries)].toSorted(), want.toSorted());
      assert.ok(want.length > 500);
    });
  }

  const REFUSED: ReadonlyArray<readonly [file: string, code: string]> = [
    ['bind-online.conf', 'unsupported-format'],
    ['dnsmasq-online.conf', 'unsupported-format'],
    ['online.tpl', 'unsupported-format'],
    ['rpz-online.conf', 'unsupported-format'],
    ['snort2-online.rules', 'unsupported-format'],
    ['snort3-online.rules', 'unsupported-format'],
    ['splunk-online.csv', 'unsupported-format'],
    ['suricata-online.rules', 'unsupported-format'],
    ['suricata-sni-online.rules', 'unsupported-format'],
    ['unbound-online.conf', 'unsupported-format'],
  ];
  for (const [file, code] of REFUSED) {
    test(`${file} is refused with its line`, async () => {
      await assert.rejects(
        readList(`urlhaus-cc0/urlhaus-filter-${file}`),
        (error) => error instanceof FeedError && error.code === code && error.line !== null,
      );
    });
  }
});

suite('categories of UT1', { skip }, () => {
  const folder = resolve(lists, 'ut1-ccbysa');
  const categories = skip === false ? readdirSync(folder) : [];
  for (const file of ['domains', 'urls']) {
    test(file, async () => {
      let read = 0;
      let ips = 0;
      let invalid = 0;
      let urls = 0;
      for (const category of categories) {
        const path = resolve(folder, category, file);
        if (!existsSync(path) || statSync(path).size === 0) continue;
        const { report } = await readList(path, 'domains');
        read += usable(report);
        ips += report.entries.ips;
        urls += report.entries.urls;
        invalid += report.invalid.count;
      }
      assert.ok(read > 4000, `${read} entries`);
      assert.ok(invalid <= 5, `${invalid} invalid lines`);
      assert.ok(file === 'urls' ? urls > 3000 : ips > 1000, `${urls} URLs, ${ips} addresses`);
    });
  }
});

suite('maltrail: names, addresses, ports and paths in one file', { skip }, () => {
  for (const file of skip === false ? readdirSync(resolve(lists, 'maltrail-mit')) : []) {
    if (!file.endsWith('.txt')) continue;
    test(file, async () => {
      const { report } = await readList(`maltrail-mit/${file}`);
      assert.equal(report.format, file.endsWith('_cidr.txt') ? 'cidr' : 'domains');
      assert.equal(report.invalid.count, 0);
      assert.ok(usable(report) > 300, `${usable(report)} entries`);
    });
  }
});

suite('whole lists', { skip }, () => {
  test('5,000 malicious URLs stay URLs', async () => {
    const { report } = await readList('urls-malicious-cc0-5k.txt');
    assert.deepEqual(report.entries, { hosts: 0, ips: 0, cidrs: 0, urls: 5000 });
  });

  test('a compressed list is refused with the command', async () => {
    await assert.rejects(readList('domains-malicious-mit-cc0.txt.xz'), { code: 'compressed', message: /xz -dk/ });
  });

  test('1.2 million names, decompressed', async () => {
    const xz = spawn('xz', ['-dc', resolve(lists, 'domains-malicious-mit-cc0.txt.xz')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const names = new Set<string>();
    const sink = { ...collectingSink([]), host: (name: string) => void names.add(name) };
    const report = await readFeed(xz.stdout, { name: 'names', format: 'detect' }, sink);
    assert.deepEqual(report.entries, { hosts: 1_210_731, ips: 0, cidrs: 0, urls: 0 });
    assert.equal(report.invalid.count, 0);
    assert.ok(names.size > 1_200_000);
  });
});
