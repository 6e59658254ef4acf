/** Lists as they are published. They are not part of the repository: see SALLYPORT_CORPORA below. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import { detectFormat, HEAD_BYTES } from '../../src/feeds/format-detection.ts';
import type { Format, FormatName } from '../../src/feeds/formats.ts';
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
  new Set(entries.filter((entry) => !entry.startsWith('url ')).map((entry) => entry.split(' ')[1] ?? ''));

const usable = ({ entries }: FeedReport): number => entries.hosts + entries.ips + entries.cidrs + entries.urls;

suite('urlhaus: one feed in nineteen formats', { skip }, () => {
  /** `some`: publishers cut these files; every target must be one of the whole list. */
  type Parts = 'all' | 'names' | 'addresses' | 'some';
  const FILES: ReadonlyArray<readonly [file: string, format: FormatName, parts: Parts]> = [
    ['domains-online.txt', 'domains', 'all'],
    ['wildcard-online.txt', 'domains', 'all'],
    ['ag-online.txt', 'adblock', 'all'],
    ['agh-online.txt', 'adblock', 'all'],
    ['vivaldi-online.txt', 'adblock', 'all'],
    ['online.txt', 'adblock', 'all'],
    ['online.tpl', 'tpl', 'all'],
    ['hosts-online.txt', 'hosts', 'names'],
    ['dnscrypt-blocked-names-online.txt', 'domains', 'names'],
    ['dnscrypt-blocked-ips-online.txt', 'cidr', 'addresses'],
    ['dnsmasq-online.conf', 'dnsmasq', 'names'],
    ['unbound-online.conf', 'unbound', 'names'],
    ['rpz-online.conf', 'rpz', 'names'],
    ['bind-online.conf', 'bind', 'names'],
    ['snort2-online.rules', 'suricata', 'some'],
    ['snort3-online.rules', 'suricata', 'some'],
    ['suricata-online.rules', 'suricata', 'some'],
    ['suricata-sni-online.rules', 'suricata', 'some'],
    ['splunk-online.csv', 'csv', 'some'],
  ];
  const isAddress = (target: string): boolean => /^[\d.]+$|:/.test(target);
  for (const [file, format, parts] of FILES) {
    test(file, async (t) => {
      const all = targets((await readList('urlhaus-cc0/urlhaus-filter-domains-online.txt')).entries);
      const { entries, report } = await readList(`urlhaus-cc0/urlhaus-filter-${file}`);
      assert.equal(report.format, format);
      assert.equal(report.invalid.count, 0);
      const found = targets(entries);
      if (parts === 'some') {
        assert.deepEqual(
          [...found].filter((target) => !all.has(target)),
          [],
        );
        assert.ok(found.size > 390, `${found.size}`);
      } else {
        const want = [...all].filter((target) => parts === 'all' || isAddress(target) === (parts === 'addresses'));
        assert.deepEqual([...found].toSorted(), want.toSorted());
        assert.ok(want.length > 500);
      }
      t.diagnostic(
        `${found.size} of ${all.size} targets; ${JSON.stringify(report.entries)} ${JSON.stringify(report.skipped)}`,
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

suite('documents are told apart by their shape', { skip }, () => {
  const FOLDERS: ReadonlyArray<readonly [folder: string, format: 'stix' | 'misp', files: RegExp]> = [
    ['stix', 'stix', /\.(?:json|stix2)$/],
    ['misp-events-eset', 'misp', /\.json$/],
    ['misp-warninglists-cc0', 'misp', /\.json$/],
  ];
  for (const [folder, format, files] of FOLDERS) {
    test(folder, () => {
      const path = resolve(lists, folder);
      const found = readdirSync(path).filter((file) => files.test(file));
      assert.ok(found.length >= 10, `${found.length} files`);
      for (const file of found) {
        const head = readFileSync(resolve(path, file)).subarray(0, HEAD_BYTES);
        assert.equal(detectFormat(head, head.length < HEAD_BYTES, file).format, format, file);
      }
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
