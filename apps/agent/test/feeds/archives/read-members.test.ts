import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';

import { isWebCategory } from '@sallyport/hosts/web-category';

import { ArchiveLimits, type FeedMember } from '../../../src/feeds/archives/feed-member.ts';
import { tarMembers, tarOf } from '../../../src/feeds/archives/tar-members.ts';
import { ut1Member } from '../../../src/feeds/archives/ut1.ts';
import { FeedError } from '../../../src/feeds/feed-error.ts';
import type { Format } from '../../../src/feeds/formats.ts';
import { type MembersReport, readFeedMembers } from '../../../src/feeds/read-members.ts';
import { collectingSink, streamOf } from '../collecting-sink.ts';

async function* membersOf(files: Readonly<Record<string, string>>): AsyncGenerator<FeedMember> {
  for (const [name, content] of Object.entries(files)) {
    yield await Promise.resolve({ name, stream: streamOf([Buffer.from(content)]) });
  }
}

interface Outcome {
  readonly entries: readonly string[];
  readonly report: MembersReport | null;
  readonly error: string | null;
}

async function read(files: Readonly<Record<string, string>>, format: Format | 'detect' = 'detect'): Promise<Outcome> {
  const entries: string[] = [];
  try {
    const report = await readFeedMembers(membersOf(files), { name: 'feed', format }, collectingSink(entries));
    return { entries, report, error: null };
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    return { entries, report: null, error: `${error.code}: ${error.message}` };
  }
}

const skippedOf = ({ report }: Outcome): readonly string[] =>
  report?.members.skipped.first.map(({ name, reason }) => `${name}: ${reason}`) ?? [];

suite('archives of lists', () => {
  test('reports are added up, and what is no list is named', async () => {
    const outcome = await read({
      'a.txt': 'a.example\nlocalhost\nb.example\n',
      'sub/b.txt': '0.0.0.0 c.example\nbad..name d e\n0.0.0.0 d.example\n',
      'COPYING.pdf': '%PDF-1.4\0\0',
      'empty.txt': '',
    });
    assert.deepEqual(outcome.entries, ['suffix a.example', 'suffix b.example', 'exact c.example', 'exact d.example']);
    const { report } = outcome;
    assert.deepEqual(report?.entries, { hosts: 4, ips: 0, cidrs: 0, urls: 0 });
    assert.equal(report.read, 6);
    assert.deepEqual(report.skipped, { 'local-name': 1 });
    assert.equal(report.invalid.count, 1);
    assert.match(report.invalid.first[0]?.reason ?? '', /^sub\/b\.txt: /);
    assert.equal(report.members.read, 2);
    assert.deepEqual(
      report.members.skipped.first.map(({ name }) => name),
      ['COPYING.pdf', 'empty.txt'],
    );
    assert.match(skippedOf(outcome)[0] ?? '', /binary file/);
  });

  test('a single list without a name is read as by itself', async () => {
    const { entries, report } = await read({ '': 'a.example\nb.example\n' }, 'domains');
    assert.deepEqual(entries, ['suffix a.example', 'suffix b.example']);
    assert.equal(report?.format, 'domains');
    const { error } = await read({ '': '' });
    assert.equal(error, 'empty: feed: no entries; an empty feed is not used');
  });

  test('nothing in any member', async () => {
    assert.equal(
      (await read({ a: '', b: '# nothing\n' })).error,
      'empty: feed: none of its 2 files gives entries; a: feed, a: no entries; an empty feed is not used',
    );
    assert.equal((await read({})).error, 'empty: feed: none of its 0 files gives entries');
  });

  test('a member that breaks after it gave entries ends the feed', async () => {
    const broken = `${'a.example\n'.repeat(10)}${'not a name at all\n'.repeat(100)}`;
    const { error } = await read({ 'good.txt': 'b.example\n', 'broken.txt': broken }, 'domains');
    assert.match(error ?? '', /^wrong-format: feed, broken\.txt:11: /);
  });

  test('a member whose data is damaged ends the feed, even before its first entry', async () => {
    async function* members(): AsyncGenerator<FeedMember> {
      yield await Promise.resolve({ name: 'good', stream: streamOf([Buffer.from('a.example\n')]) });
      yield { name: 'bad', stream: damaged() };
    }
    async function* damaged(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('b.example\n'));
      throw new FeedError('compressed', 'feed, bad: damaged');
    }
    await assert.rejects(readFeedMembers(members(), { name: 'feed', format: 'detect' }, collectingSink([])), {
      code: 'compressed',
    });
  });

  test('progress goes on from member to member', async () => {
    const lines: number[] = [];
    const many = 'a.example\n'.repeat(900_000);
    await readFeedMembers(
      membersOf({ a: many, b: many }),
      { name: 'feed', format: 'domains', onProgress: (progress) => void lines.push(progress.lines) },
      { ...collectingSink([]), host: () => {} },
    );
    assert.deepEqual(
      lines,
      lines.toSorted((a, b) => a - b),
    );
  });
});

test('a MISP feed: events that give nothing do not matter, its indexes are left out', async () => {
  const event = (value: string, to_ids: boolean): string =>
    JSON.stringify({ Event: { info: 'x', Attribute: [{ type: 'domain', value, to_ids }] } });
  const outcome = await read(
    {
      'manifest.json': '{"a":{}}',
      'hashes.csv': 'ab,a',
      'a.json': event('a.example', true),
      'b.json': event('b.example', false),
    },
    'misp',
  );
  assert.deepEqual(outcome.entries, ['suffix a.example']);
  assert.deepEqual(
    skippedOf(outcome).map((text) => text.slice(0, 59)),
    [
      'manifest.json: an index of the events, not an event',
      'hashes.csv: an index of the events, not an event',
      'b.json: feed, b.json: 1 items give nothing to block as misp',
    ],
  );
});

suite('UT1', () => {
  const CASES: ReadonlyArray<{ path: string; want: string | null }> = [
    { path: 'blacklists/adult/domains', want: 'adult: Pornography / Sexually explicit' },
    { path: 'porn/urls', want: 'adult: Pornography / Sexually explicit' },
    { path: 'violence/domains', want: 'agressif: Hate & intolerance' },
    { path: 'phishing/domains', want: 'phishing: Phishing' },
    { path: 'stalkerware/domains', want: 'stalkerware: Malicious' },
    { path: 'child/domains', want: 'child: skipped, a list of sites to allow' },
    { path: 'ads/domains', want: 'publicite: skipped, no web category corresponds to this folder' },
    { path: 'adult/expressions', want: 'adult: skipped, regular expressions, which are no hosts' },
    { path: 'constructor/domains', want: 'constructor: skipped, a folder that is not known' },
    { path: 'adult/usage', want: null },
    { path: 'domains', want: null },
  ];
  for (const { path, want } of CASES) {
    test(path, () => {
      const member = ut1Member(path);
      const meaning = member?.meaning;
      const said = meaning?.kind === 'skipped' ? `skipped, ${meaning.reason}` : meaning?.category;
      assert.equal(member === null ? null : `${member.folder}: ${said}`, want);
      if (meaning?.kind === 'web') assert.ok(isWebCategory(meaning.category));
    });
  }

  const files = {
    'blacklists/adult/domains': 'a.example\n198.51.100.7\n',
    'blacklists/adult/urls': 'b.example/x\n',
    'blacklists/adult/expressions': '(sex)',
    'blacklists/adult/usage': 'black',
    'blacklists/porn/domains': 'a.example\n198.51.100.7\n',
    'blacklists/phishing/domains': 'c.example\n',
    'blacklists/liste_bu/domains': 'd.example\n',
    'blacklists/global_usage': 'e.example\n',
  };
  for (const format of ['ut1', 'detect'] as const) {
    test(`folders become categories, format ${format}`, async () => {
      const outcome = await read(files, format);
      assert.deepEqual(outcome.entries, [
        'suffix a.example is Pornography / Sexually explicit',
        'ip 198.51.100.7 is Pornography / Sexually explicit',
        'url b.example /x is Pornography / Sexually explicit',
        'suffix c.example is Phishing',
      ]);
      assert.equal(outcome.report?.format, 'ut1');
      assert.ok(skippedOf(outcome).includes('blacklists/porn/domains: the same list as adult/domains, which was read'));
      assert.ok(skippedOf(outcome).includes('blacklists/liste_bu/domains: liste_bu: a list of sites to allow'));
      assert.ok(
        skippedOf(outcome).includes('blacklists/adult/expressions: adult: regular expressions, which are no hosts'),
      );
    });
  }

  test('a plain archive that has a folder of such a name keeps its format', async () => {
    const { entries } = await read({ 'unknown/domains': 'a.example\n', 'adult/list.txt': '0.0.0.0 b.example\n' });
    assert.deepEqual(entries, ['suffix a.example', 'exact b.example']);
  });
});

const lists = resolve(
  process.env['SALLYPORT_CORPORA'] ?? resolve(import.meta.dirname, '../../../../../../shared/corpora'),
  'lists',
);
const skip = existsSync(lists) ? false : `no corpora at ${lists}`;

suite('as they are published', { skip }, () => {
  const readFolder = async (name: string, format: Format) => {
    const entries: string[] = [];
    const limits = new ArchiveLimits(name, 1e9);
    const members = tarMembers(tarOf(resolve(lists, name)), name, limits);
    return { entries, report: await readFeedMembers(members, { name, format }, collectingSink(entries)) };
  };

  test('UT1: every folder is known, and used or named', async () => {
    const { entries, report } = await readFolder('ut1-ccbysa', 'ut1');
    const folders = readdirSync(resolve(lists, 'ut1-ccbysa'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    assert.ok(report.members.read + report.members.skipped.count >= folders.length);
    assert.deepEqual(
      report.members.skipped.first.filter(({ reason }) => reason.includes('not known')),
      [],
    );
    assert.ok(report.members.read >= 40, `${report.members.read} lists`);
    assert.ok(entries.length > 4000, `${entries.length} entries`);
    assert.ok(entries.every((entry) => entry.includes(' is ')));
    assert.ok(report.invalid.count <= 5, `${report.invalid.count} invalid`);
  });

  test('MISP events as a folder', async () => {
    const { entries, report } = await readFolder('misp-events-eset', 'misp');
    assert.equal(entries.length, 3);
    assert.equal(report.members.read, 1);
  });
});
