import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { canonicalHost } from '@sallyport/hosts/canonical';
import fc from 'fast-check';

import { type GuardedAs, GuardedNames } from '../../src/feeds/guard/guarded-names.ts';
import { defaultPopularHosts, readNames } from '../../src/feeds/guard/popular-hosts.ts';
import { defaultPublicSuffixes, PublicSuffixes } from '../../src/feeds/guard/public-suffixes.ts';

const RULES = 'com\nuk\nco.uk\n*.ck\n!www.ck\n\ngithub.io\n*.compute.cloud.example\n!web.compute.cloud.example\n';

suite('public suffixes', () => {
  const suffixes = new PublicSuffixes(RULES);

  for (const { name, section, registrable } of [
    { name: 'com', section: 'icann', registrable: null },
    { name: 'co.uk', section: 'icann', registrable: null },
    { name: 'github.io', section: 'private', registrable: null },
    { name: 'a.github.io', section: null, registrable: 'a.github.io' },
    { name: 'b.a.github.io', section: null, registrable: 'a.github.io' },
    { name: 'www.bbc.co.uk', section: null, registrable: 'bbc.co.uk' },
    { name: 'shop.ck', section: 'icann', registrable: null },
    { name: 'a.shop.ck', section: null, registrable: 'a.shop.ck' },
    { name: 'www.ck', section: null, registrable: 'www.ck' },
    { name: 'x.compute.cloud.example', section: 'private', registrable: null },
    { name: 'web.compute.cloud.example', section: null, registrable: 'cloud.example' },
    { name: 'compute.cloud.example', section: null, registrable: 'cloud.example' },
    { name: 'host.unknown-tld', section: null, registrable: 'host.unknown-tld' },
  ] as const) {
    test(name, () => {
      assert.equal(suffixes.sectionOf(name), section);
      assert.equal(suffixes.registrable(name)?.name ?? null, registrable);
    });
  }

  test('the list that comes with the program', () => {
    const shipped = defaultPublicSuffixes();
    assert.ok(shipped.literal.size > 9000, `${shipped.literal.size} rules`);
    for (const name of ['com', 'co.uk', 'com.br', 'xn--p1ai']) assert.equal(shipped.sectionOf(name), 'icann', name);
    for (const name of [
      'github.io',
      'duckdns.org',
      'blob.core.windows.net',
      'webflow.io',
      'pages.dev',
      'workers.dev',
      'blogspot.com',
      's3.amazonaws.com',
    ])
      assert.equal(shipped.sectionOf(name), 'private', name);
    for (const name of ['google.com', 'github.com', 'bbc.co.uk', 'www.ck']) assert.equal(shipped.sectionOf(name), null);
    for (const name of [...shipped.literal.keys(), ...shipped.wildcard.keys(), ...shipped.exception])
      assert.deepEqual(canonicalHost(name), { kind: 'ok', value: name });
  });
});

suite('guarded names', () => {
  const names = new GuardedNames({
    suffixes: new PublicSuffixes(RULES),
    popular: ['google.com', 'www.portal.com', 'www.com', 'www.co.uk', 'cdn.shop.com', 'news.co.uk'],
    protectedNames: ['sallyport.corp.com'],
  });

  for (const { name, suffix, exact } of [
    { name: 'google.com', suffix: 'popular-host', exact: 'popular-host' },
    { name: 'www.google.com', suffix: 'popular-host', exact: 'popular-host' },
    { name: 'mail.google.com', suffix: 'below-popular-host', exact: 'below-popular-host' },
    { name: 'www.mail.google.com', suffix: 'below-popular-host', exact: 'below-popular-host' },
    { name: 'notgoogle.com', suffix: null, exact: null },
    { name: 'google.com.evil.com', suffix: null, exact: null },
    { name: 'portal.com', suffix: 'popular-host', exact: 'popular-host' },
    { name: 'shop.com', suffix: 'above-popular-host', exact: null },
    { name: 'co.uk', suffix: 'public-suffix', exact: 'public-suffix' },
    { name: 'github.io', suffix: 'public-suffix', exact: 'public-suffix' },
    { name: 'evil.github.io', suffix: null, exact: null },
    { name: 'shop.ck', suffix: 'public-suffix', exact: 'public-suffix' },
    { name: 'www.ck', suffix: null, exact: null },
    { name: 'a.compute.cloud.example', suffix: 'hosting-tenant', exact: 'hosting-tenant' },
    { name: 'b.a.compute.cloud.example', suffix: null, exact: null },
    { name: 'web.compute.cloud.example', suffix: null, exact: null },
    { name: 'compute.cloud.example', suffix: 'above-public-suffix', exact: null },
    { name: 'cloud.example', suffix: 'above-public-suffix', exact: null },
    { name: 'sallyport.corp.com', suffix: 'protected-name', exact: 'protected-name' },
    { name: 'corp.com', suffix: 'above-protected-name', exact: null },
    { name: 'evil.sallyport.corp.com', suffix: null, exact: null },
    { name: 'www.com', suffix: 'popular-host', exact: 'popular-host' },
    { name: 'www.co.uk', suffix: 'popular-host', exact: 'popular-host' },
    { name: 'evil.co.uk', suffix: null, exact: null },
    { name: 'city.gov', suffix: 'institution', exact: 'institution' },
    { name: 'university.ac.uk', suffix: 'institution', exact: 'institution' },
    { name: 'dept.university.edu', suffix: null, exact: null },
    { name: 'university.edu.example', suffix: null, exact: null },
    { name: 'evil.example', suffix: null, exact: null },
  ] as ReadonlyArray<{ name: string; suffix: GuardedAs | null; exact: GuardedAs | null }>) {
    test(name, () => {
      assert.equal(names.lookUp(name, true), suffix, 'as suffix');
      assert.equal(names.lookUp(name, false), exact, 'as exact');
    });
  }

  test('counts popular names behind entries', () => {
    assert.equal(names.popularBlockedBy(new Map()), 0);
    assert.equal(names.popularBlockedBy(new Map([['google.com', true]])), 1);
    assert.equal(names.popularBlockedBy(new Map([['shop.com', true]])), 1);
    assert.equal(names.popularBlockedBy(new Map([['shop.com', false]])), 0);
    // portal.com and www.portal.com, www.com, google.com, cdn.shop.com
    assert.equal(names.popularBlockedBy(new Map([['com', true]])), 5);
  });

  test('the hash table finds exactly what a search through the list finds', () => {
    const label = fc.constantFrom('a', 'b', 'ab', 'www', 'c-1');
    const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), fc.array(name, { minLength: 1 }), (popular, asked) => {
        const table = new GuardedNames({ suffixes: new PublicSuffixes(''), popular, protectedNames: [] });
        const all = popular.flatMap((host) => (/^www\..*\./.test(host) ? [host, host.slice(4)] : [host]));
        for (const host of asked) {
          const want =
            all.includes(host) || (host.startsWith('www.') && all.includes(host.slice(4)))
              ? 'popular-host'
              : all.some((other) => other.endsWith(`.${host}`))
                ? 'above-popular-host'
                : all.some((other) => host.endsWith(`.${other}`))
                  ? 'below-popular-host'
                  : null;
          assert.equal(table.lookUp(host, true), want, host);
        }
      }),
    );
  });
});

suite('popular hosts', () => {
  test('reads names and skips comments', () => {
    assert.deepEqual(readNames('# a.example is no name here\nb.example c.example\n\n d.example '), [
      'b.example',
      'c.example',
      'd.example',
    ]);
  });

  test('the default list is canonical and has what everybody would miss', () => {
    const hosts = defaultPopularHosts();
    const suffixes = defaultPublicSuffixes();
    for (const host of hosts) {
      assert.deepEqual(canonicalHost(host), { kind: 'ok', value: host });
      assert.notEqual(suffixes.sectionOf(host), 'icann', host);
    }
    const known = new Set(hosts);
    assert.ok(known.size > 10_000, `${known.size} names`);
    for (const host of ['google.com', 'github.com', 'chatgpt.com', 'nginx.com', '1drv.ms', 'lnkd.in', 'wikipedia.org'])
      assert.ok(known.has(host), host);
  });
});
