/**
 * What the default guard rails leave of the damage that published lists do, and of their use (issue 3, "Must hold" 7
 * and 8). The lists are not part of the repository: see SALLYPORT_CORPORA below.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';

import { canonicalHost } from '@sallyport/hosts/canonical';

import { FeedError } from '../../src/feeds/feed-error.ts';
import type { FeedSink, HostMatch } from '../../src/feeds/feed-sink.ts';
import { GuardRails, type HeldReport, NO_APPROVALS } from '../../src/feeds/guard/guard-rails.ts';
import { type GuardedAs, GuardedNames } from '../../src/feeds/guard/guarded-names.ts';
import { GuardedNetworks } from '../../src/feeds/guard/guarded-networks.ts';
import { defaultPopularHosts } from '../../src/feeds/guard/popular-hosts.ts';
import { defaultPublicSuffixes } from '../../src/feeds/guard/public-suffixes.ts';
import { readFeed } from '../../src/feeds/read-feed.ts';
import { collectingSink } from './collecting-sink.ts';

const root = resolve(import.meta.dirname, '../../../..');
const lists = resolve(process.env['SALLYPORT_CORPORA'] ?? resolve(root, '../shared/corpora'), 'lists');
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

const suffixes = defaultPublicSuffixes();
const names = new GuardedNames({
  suffixes,
  popular: defaultPopularHosts(),
  protectedNames: ['console.sallyport-server.example'],
});
const rails = (inner: FeedSink): GuardRails =>
  new GuardRails(inner, {
    names,
    networks: new GuardedNetworks([]),
    approvals: NO_APPROVALS,
    previousEntries: null,
  });

test('a feed that lists the most harmful things is used without them', async () => {
  const text = [
    'google.com',
    'co.uk',
    'console.sallyport-server.example',
    '0.0.0.0/0',
    'evil.example',
    'worse.example',
  ];
  const used: string[] = [];
  const guarded = rails(collectingSink(used));
  await readFeed(Readable.from([Buffer.from(text.join('\n'))]), { name: 'list', format: 'domains' }, guarded);
  assert.deepEqual(used, ['suffix evil.example', 'suffix worse.example']);
  const held = new Set(guarded.finish().held.map(({ entry }) => entry));
  for (const entry of ['google.com', 'co.uk', 'console.sallyport-server.example']) assert.ok(held.has(entry), entry);
});

/** Hosts that would be blocked, to whether what is below them is, too. */
class BlockedHosts {
  readonly #hosts = new Map<string, boolean>();

  add(name: string, match: HostMatch): void {
    this.#hosts.set(name, (this.#hosts.get(name) ?? false) || match !== 'exact');
  }

  names(): IterableIterator<string> {
    return this.#hosts.keys();
  }

  /** The entry that blocks `name`, or null. */
  blocker(name: string): string | null {
    if (this.#hosts.has(name)) return name;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      if (this.#hosts.get(name.slice(dot + 1)) === true) return name.slice(dot + 1);
    }
    return null;
  }
}

const collector = (hosts: BlockedHosts): FeedSink => ({
  host: (name, match) => hosts.add(name, match),
  ip: () => {},
  cidr: () => {},
  url: () => {},
  exception: () => {},
});

/** Both: what a blind believer of the list blocks, and what the guard rails let through. */
const both = (blind: FeedSink, guarded: FeedSink): FeedSink => ({
  host: (name, match, detail) => {
    blind.host(name, match, detail);
    guarded.host(name, match, detail);
  },
  ip: (address, detail) => guarded.ip(address, detail),
  cidr: (address, prefixLength, detail) => guarded.cidr(address, prefixLength, detail),
  url: (host, path, detail) => guarded.url(host, path, detail),
  exception: (entry) => guarded.exception(entry),
});

/** A sub-domain of a popular name is none itself: an entry for it is used. */
const isHeldBack = (guarded: GuardedAs | null): boolean =>
  guarded !== null && guarded !== 'below-popular-host' && guarded !== 'hosting-tenant';

/** UT1 has categories of sites, most of which are not malicious at all. */
const MALICIOUS_CATEGORIES = ['malware', 'phishing', 'cryptojacking', 'ddos', 'stalkerware'];

function maliciousLists(): string[] {
  const below = (folder: string, wanted: RegExp): string[] =>
    readdirSync(resolve(lists, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => wanted.test(path) && statSync(resolve(lists, folder, path)).isFile())
      .map((path) => `${folder}/${path}`)
      .toSorted();
  return [
    'domains-malicious-mit-cc0.txt.xz',
    'urls-malicious-cc0-5k.txt',
    ...below('urlhaus-cc0', /^urlhaus-filter/),
    ...below('maltrail-mit', /\.txt$/),
    ...below('ut1-ccbysa', new RegExp(`^(?:${MALICIOUS_CATEGORIES.join('|')})/(?:domains|urls)$`)),
    ...below('misp-events-eset', /\.json$/),
    ...below('stix', /\.(?:json|stix2)$/),
  ];
}

const openList = (path: string): AsyncIterable<Uint8Array> => {
  const bytes = resolve(lists, path);
  if (!path.endsWith('.xz')) return Readable.from([readFileSync(bytes)]);
  return spawn('xz', ['-dc', bytes], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
};

interface Loaded {
  readonly blind: BlockedHosts;
  readonly used: BlockedHosts;
  readonly report: HeldReport;
}

async function load(t: TestContext): Promise<Loaded> {
  const blind = new BlockedHosts();
  const used = new BlockedHosts();
  const guarded = rails(collector(used));
  const unread: string[] = [];
  for (const path of maliciousLists()) {
    try {
      await readFeed(openList(path), { name: path, format: 'detect' }, both(collector(blind), guarded));
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      unread.push(`${path} (${error.code})`);
    }
  }
  if (unread.length > 0) t.diagnostic(`not read: ${unread.join(', ')}`);
  return { blind, used, report: guarded.finish() };
}

/** The names of one warninglist, canonical, without addresses. */
function warninglist(file: string): string[] {
  const { type, list } = JSON.parse(readFileSync(resolve(lists, 'misp-warninglists-cc0', file), 'utf8')) as {
    type: string;
    list: string[];
  };
  if (type === 'cidr') return [];
  return list.flatMap((entry) => {
    const host = canonicalHost(entry.replace(/^\*?\./, '').replace(/\/.*/, ''));
    return host.kind === 'ok' && host.value.includes('.') ? [host.value] : [];
  });
}

suite('default guard rails over published lists', { skip }, () => {
  const files = skip === false ? readdirSync(resolve(lists, 'misp-warninglists-cc0')) : [];
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(3)} %`;

  test('popular names stay reachable, malicious ones are blocked', async (t) => {
    const { blind, used, report } = await load(t);
    const popular = new Set(files.flatMap(warninglist));
    const listed = [...popular].filter((name) => blind.blocker(name) !== null);
    const blocked = [...popular].filter((name) => used.blocker(name) !== null);
    t.diagnostic(`popular names: ${popular.size}; blocked by blind belief: ${listed.length}`);
    t.diagnostic(`blocked with guard rails: ${blocked.length} (${share(blocked.length, popular.size)})`);
    const listsOf = (name: string): string => files.filter((file) => warninglist(file).includes(name)).join(', ');
    for (const name of blocked)
      t.diagnostic(`  ${name}, by the entry ${used.blocker(name)}; popular in ${listsOf(name)}`);

    let malicious = 0;
    let missed = 0;
    for (const name of blind.names()) {
      if (suffixes.sectionOf(name) === 'icann' || suffixes.literal.has(name) || popular.has(name)) continue;
      malicious++;
      if (used.blocker(name) === null) missed++;
    }
    t.diagnostic(`malicious hosts: ${malicious}, blocked ${share(malicious - missed, malicious)} (${missed} are not)`);
    t.diagnostic(`held back: ${JSON.stringify(report.counts)}, narrowed ${report.narrowed}`);
    t.diagnostic(`damage: ${JSON.stringify(report.damage)}`);

    assert.ok(popular.size > 20_000 && malicious > 1_000_000);
    assert.ok(listed.length > 40);
    assert.ok(blocked.length <= popular.size * 0.0005, `${blocked.length} popular names are blocked`);
    assert.ok(missed <= malicious * 0.01, `${missed} malicious hosts are not blocked`);
    assert.ok(report.damage.popularListed.before > 0);
    assert.deepEqual(report.damage.popularBlocked.after, 0);
    assert.equal(report.damage.publicSuffixes.after, 0);
    // README of the corpora: a host block for each of these would take github.com and its like away.
    assert.ok(report.damage.urlsOnPopularHosts.before > 1000);
    assert.equal(report.damage.urlsOnPopularHosts.after, 0);
  });

  test('how many names of lists that are no source of ours would be held back', (t) => {
    for (const file of files) {
      const list = warninglist(file);
      if (list.length === 0) continue;
      const known = list.filter((name) => isHeldBack(names.lookUp(name, true))).length;
      const below = list.filter((name) => names.lookUp(name, true) === 'below-popular-host').length;
      t.diagnostic(`${file}: ${known} of ${list.length} (${share(known, list.length)}), below a popular name ${below}`);
      if (file === 'tranco10k.json') assert.ok(known > 0.35 * list.length);
      if (file === 'second-level-tlds.json') assert.ok(known > 0.98 * list.length);
    }
  });
});
