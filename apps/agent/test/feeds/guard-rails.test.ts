import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { parseCidr, parseIp } from '@sallyport/hosts/canonical';
import fc from 'fast-check';

import { type FeedSink, type HostMatch, PLAIN } from '../../src/feeds/feed-sink.ts';
import {
  type Approvals,
  GuardRails,
  type HeldReport,
  KEPT_PER_REASON,
  NO_APPROVALS,
} from '../../src/feeds/guard/guard-rails.ts';
import { GuardedNames } from '../../src/feeds/guard/guarded-names.ts';
import { GuardedNetworks } from '../../src/feeds/guard/guarded-networks.ts';
import { defaultPopularHosts } from '../../src/feeds/guard/popular-hosts.ts';
import { defaultPublicSuffixes } from '../../src/feeds/guard/public-suffixes.ts';
import { collectingSink } from './collecting-sink.ts';

const names = new GuardedNames({
  suffixes: defaultPublicSuffixes(),
  popular: defaultPopularHosts(),
  protectedNames: ['console.sallyport-server.example'],
});
const networks = new GuardedNetworks([Uint8Array.of(198, 100, 7, 9)]);

/** `suffix a.example`, `ip 1.2.3.4`, `cidr 1.2.0.0/16`, `url a.example /x`: what collectingSink writes. */
function feed(sink: FeedSink, entry: string): void {
  const [kind = '', what = '', path = ''] = entry.split(' ');
  if (kind === 'ip') return sink.ip(parseIp(what) ?? assert.fail(what), PLAIN);
  if (kind === 'url') return sink.url(what, path, PLAIN);
  if (kind !== 'cidr') return sink.host(what, kind as HostMatch, PLAIN);
  const parsed = parseCidr(what);
  assert.ok(parsed.kind === 'ok');
  sink.cidr(parsed.bytes, parsed.prefixLength, PLAIN);
}

function guard(
  entries: readonly string[],
  options: { approvals?: Partial<Approvals>; previousEntries?: number | null } = {},
): { used: string[]; report: HeldReport } {
  const used: string[] = [];
  const rails = new GuardRails(collectingSink(used), {
    names,
    networks,
    approvals: { ...NO_APPROVALS, ...options.approvals },
    previousEntries: options.previousEntries ?? null,
  });
  for (const entry of entries) feed(rails, entry);
  return { used, report: rails.finish() };
}

const heldTexts = ({ held }: HeldReport): string[] => held.map(({ entry, reason }) => `${entry}: ${reason}`);

suite('guard rails', () => {
  for (const { name, input, used, held } of [
    {
      name: 'the feed of issue 3: the harmful entries are held back, the rest is used',
      input: [
        'suffix google.com',
        'suffix co.uk',
        'suffix console.sallyport-server.example',
        'cidr 0.0.0.0/0',
        'suffix evil.example',
        'ip 45.33.32.156',
      ],
      used: ['suffix evil.example', 'ip 45.33.32.156'],
      held: [
        'console.sallyport-server.example: protected-name',
        '0.0.0.0/0: too-wide',
        'co.uk: public-suffix',
        'google.com: popular-host',
      ],
    },
    {
      name: 'what lies above a protected name',
      input: [
        'suffix sallyport-server.example',
        'exact sallyport-server.example',
        'subdomains sallyport-server.example',
        'suffix evil.console.sallyport-server.example',
        'url console.sallyport-server.example /report',
      ],
      used: ['exact sallyport-server.example', 'suffix evil.console.sallyport-server.example'],
      held: [
        'console.sallyport-server.example/report: protected-name',
        'sallyport-server.example: above-protected-name',
        '*.sallyport-server.example: above-protected-name',
      ],
    },
    {
      name: 'shared hosting: tenants and pages are used, the platform is not',
      input: [
        'suffix duckdns.org',
        'subdomains blob.core.windows.net',
        'exact webflow.io',
        'suffix evil.duckdns.org',
        'url github.com /evil/repository',
        'url github.com /',
        'suffix windows.net',
      ],
      used: ['suffix evil.duckdns.org', 'url github.com /evil/repository'],
      held: [
        'duckdns.org: public-suffix',
        '*.blob.core.windows.net: public-suffix',
        'webflow.io: public-suffix',
        'github.com/: popular-host',
        'windows.net: popular-host',
      ],
    },
    {
      name: 'a tenant right below a wildcard of the list counts for itself alone',
      input: ['suffix ec2-192-0-2-1.compute-1.amazonaws.com', 'subdomains ec2-192-0-2-1.compute-1.amazonaws.com'],
      used: ['exact ec2-192-0-2-1.compute-1.amazonaws.com'],
      held: ['*.ec2-192-0-2-1.compute-1.amazonaws.com: public-suffix'],
    },
    {
      name: 'popular hosts: themselves, www and above, but not below',
      input: [
        'suffix github.com',
        'exact www.github.com',
        'subdomains github.com',
        'suffix evil.github.com',
        'suffix discordapp.com',
        'url cdn.discordapp.com /attachments/1/evil.exe',
      ],
      used: ['suffix evil.github.com', 'url cdn.discordapp.com /attachments/1/evil.exe'],
      held: [
        'github.com: popular-host',
        'www.github.com: popular-host',
        '*.github.com: popular-host',
        'discordapp.com: popular-host',
      ],
    },
    {
      name: 'networks',
      input: ['cidr ::/0', 'cidr 192.0.0.0/8', 'ip 198.100.7.9', 'ip 8.8.8.8', 'cidr 45.33.0.0/16'],
      used: ['cidr 45.33.0.0/16'],
      held: [
        '198.100.7.9: protected-address',
        '::/0: too-wide',
        '192.0.0.0/8: local-network',
        '8.8.8.8: popular-address',
      ],
    },
  ]) {
    test(name, () => {
      const result = guard(input);
      assert.deepEqual(result.used, used);
      assert.deepEqual(heldTexts(result.report), held);
      assert.equal(result.report.heldEntries, held.length);
      assert.equal(result.report.entries, input.length);
      assert.equal(result.report.wholeFeed, null);
      for (const { sentence } of result.report.held) assert.match(sentence, /^[a-z].*[^.]$/);
    });
  }

  test('an approval lets exactly its entry through; a public suffix counts for itself alone', () => {
    const input = [
      'suffix github.com',
      'suffix gitlab.com',
      'suffix duckdns.org',
      'subdomains duckdns.org',
      'cidr 0.0.0.0/0',
    ];
    const entries = new Set(['github.com', 'duckdns.org', '*.duckdns.org', '0.0.0.0/0']);
    const { used, report } = guard(input, { approvals: { entries } });
    assert.deepEqual(used, ['suffix github.com', 'exact duckdns.org', 'cidr 0.0.0.0/0']);
    assert.deepEqual(
      report.held.map(({ entry, approvable }) => ({ entry, approvable })),
      [
        { entry: '*.duckdns.org', approvable: false },
        { entry: 'gitlab.com', approvable: true },
      ],
    );
  });

  test('an approval of a name is none for its sub-domains alone', () => {
    const { used } = guard(['subdomains github.com', 'suffix github.com'], {
      approvals: { entries: new Set(['*.github.com']) },
    });
    assert.deepEqual(used, ['subdomains github.com']);
  });

  for (const { name, now, before, approvals, want } of [
    { name: 'read for the first time', now: 1, before: null, approvals: {}, want: null },
    { name: 'was empty', now: 9, before: 0, approvals: {}, want: null },
    { name: 'half is left', now: 50, before: 100, approvals: {}, want: null },
    { name: 'less than half is left', now: 49, before: 100, approvals: {}, want: 'shrank' },
    { name: 'shrinking is approved', now: 49, before: 100, approvals: { shrink: true }, want: null },
    {
      name: 'approved growth is no approved shrinking',
      now: 49,
      before: 100,
      approvals: { growth: true },
      want: 'shrank',
    },
    { name: 'nearly tenfold', now: 999, before: 100, approvals: {}, want: null },
    { name: 'tenfold', now: 1000, before: 100, approvals: {}, want: 'grew' },
    { name: 'growth is approved', now: 1000, before: 100, approvals: { growth: true }, want: null },
  ]) {
    test(`whole feed: ${name}`, () => {
      const input = Array.from({ length: now }, (_, i) => `suffix host${i}.example`);
      const { report } = guard(input, { approvals, previousEntries: before });
      assert.equal(report.wholeFeed?.reason ?? null, want);
    });
  }

  test('says in words what became of a feed that shrank', () => {
    const { report } = guard(['suffix a.example'], { previousEntries: 1200 });
    assert.equal(
      report.wholeFeed?.sentence,
      'lost more than half of its entries (1,200 entries before, 1 now); the old content stays in force',
    );
  });

  test('keeps the first different entries of each reason and counts all', () => {
    const input = Array.from({ length: 300 }, (_, i) => `ip 10.0.${i % 150}.1`);
    const { report } = guard([...input, 'suffix github.com']);
    assert.equal(report.counts['local-network'], 300);
    assert.equal(report.held.length, KEPT_PER_REASON + 1);
    assert.deepEqual(
      report.held.slice(0, 1).map(({ entry, count }) => ({ entry, count })),
      [{ entry: '10.0.0.1', count: 2 }],
    );
  });

  test('exceptions pass', () => {
    const used: string[] = [];
    const rails = new GuardRails(collectingSink(used), {
      names,
      networks,
      approvals: NO_APPROVALS,
      previousEntries: null,
    });
    rails.exception({ kind: 'host', name: 'google.com', match: 'suffix', detail: PLAIN });
    assert.deepEqual(used, ['allow suffix google.com']);
    assert.equal(rails.finish().entries, 0);
  });
});

suite('damage report', () => {
  const input = [
    'suffix github.com',
    'suffix github.com',
    'suffix gitlab.com',
    'suffix duckdns.org',
    'exact webflow.io',
    'suffix evil.github.io',
    'suffix evil.github.com',
    'url github.com /a',
    'url evil.example /a',
  ];

  test('before and after', () => {
    const { damage } = guard(input).report;
    assert.deepEqual(damage.popularListed, { before: 2, after: 0 });
    assert.equal(damage.popularBlocked.after, 0);
    assert.ok(damage.popularBlocked.before >= 2);
    assert.deepEqual(damage.publicSuffixes, { before: 1, after: 0 });
    assert.equal(damage.urls, 2);
    assert.deepEqual(damage.urlsOnPopularHosts, { before: 1, after: 0 });
    assert.equal(damage.belowPopular, 2);
  });

  test('is bounded where names have no end', () => {
    const rails = new GuardRails(collectingSink([]), {
      names,
      networks,
      approvals: NO_APPROVALS,
      previousEntries: null,
    });
    for (let i = 0; i < 150_000; i++) rails.host(`n${i}.mm`, 'suffix', PLAIN);
    const { damage, counts } = rails.finish();
    assert.equal(counts['public-suffix'], 150_000);
    assert.equal(damage.publicSuffixes.before, 100_000);
  });

  test('what is approved is damage again', () => {
    const approvals = { entries: new Set(['github.com', 'duckdns.org']) };
    const { damage } = guard(input, { approvals }).report;
    assert.deepEqual(damage.popularListed, { before: 2, after: 1 });
    assert.deepEqual(damage.publicSuffixes, { before: 1, after: 0 });
  });
});

suite('guard rails, any feed', () => {
  const entry = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('suffix', 'exact', 'subdomains'),
        fc.constantFrom(
          'github.com',
          'www.github.com',
          'x.github.com',
          'duckdns.org',
          'x.duckdns.org',
          'evil.example',
          'co.uk',
          'amazonaws.com',
          'sallyport-server.example',
          'console.sallyport-server.example',
        ),
      )
      .map((words) => words.join(' ')),
    fc.ipV4().map((address) => `ip ${address}`),
    fc
      .tuple(fc.constantFrom('github.com', 'evil.example'), fc.constantFrom('/', '/a'))
      .map((words) => `url ${words.join(' ')}`),
    fc.constantFrom('cidr 0.0.0.0/0', 'cidr 10.0.0.0/8', 'cidr 45.33.0.0/16'),
  );
  /** As `feed approve` takes it. */
  const textOf = (written: string): string => {
    const [kind, what = '', path = ''] = written.split(' ');
    return kind === 'subdomains' ? `*.${what}` : what + path;
  };

  test('every entry is used or held back, and approvals change nothing else', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), fc.array(entry, { maxLength: 5 }), (input, approved) => {
        const plain = guard(input);
        assert.equal(plain.used.length + plain.report.heldEntries, input.length);
        assert.equal(
          plain.report.held.reduce((sum, { count }) => sum + count, 0),
          plain.report.heldEntries,
        );
        const total = Object.values(plain.report.counts).reduce((sum, count) => sum + count, 0);
        assert.equal(total, plain.report.heldEntries);

        const entries = new Set(approved.map(textOf));
        const loosened = guard(input, { approvals: { entries } });
        const freed = plain.report.held.filter((held) => entries.has(held.entry) && held.approvable);
        const stillHeld = plain.report.held.filter((held) => !freed.includes(held));
        assert.deepEqual(loosened.report.held, stillHeld);
        assert.equal(loosened.used.length, plain.used.length + freed.reduce((sum, { count }) => sum + count, 0));
        assert.equal(
          loosened.used.filter((used) => used === 'suffix duckdns.org' || used === 'suffix co.uk').length,
          0,
        );
      }),
    );
  });
});
