import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { entryText, ruleText, scopeText, textOf } from '../src/wording.ts';
import { question } from './tables.ts';

suite('wording', () => {
  const names = [
    { name: 'canonical', input: 'WWW.Example.com.', want: 'www.example.com' },
    { name: 'UTF-8', input: 'bücher.example', want: 'xn--bcher-kva.example' },
    { name: 'an address in brackets', input: '[2001:db8::1]', want: '2001:db8::1' },
    { name: 'no name at all', input: 'a\u001b[2J b', want: String.raw`a\u001b[2J b` },
    { name: 'nothing', input: '', want: '' },
  ];
  for (const { name, input, want } of names) {
    test(`name: ${name}`, () => assert.equal(textOf(Buffer.from(input)), want));
  }

  const entries = [
    { ask: 'A.B.example.', matched: 'host', specificity: 9, want: 'b.example' },
    { ask: 'odd name.B.EXAMPLE', matched: 'host', specificity: 9, want: 'b.example' },
    { ask: 'b.example/x/../y?q', matched: 'url', specificity: 2, want: 'b.example/y' },
    { ask: 'b.example/x', matched: 'url', specificity: 0, want: 'b.example/' },
    { ask: 'b.example/"\n', matched: 'url', specificity: 3, want: String.raw`b.example/\"\n` },
    { ask: '198.51.100.7', matched: 'cidr', specificity: 24, want: '198.51.100.0/24' },
    { ask: '[2001:db8:1::1]', matched: 'cidr', specificity: 32, want: '2001:db8::/32' },
    { ask: '[2001:db8:1::1]', matched: 'ip', specificity: 128, want: '2001:db8:1::1' },
    { ask: '[::ffff:198.51.100.7]', matched: 'ip', specificity: 32, want: '198.51.100.7' },
    { ask: null, matched: 'cidr', specificity: 0, want: '0.0.0.0/0' },
  ] as const;
  for (const { ask, matched, specificity, want } of entries) {
    test(`entry: ${want} for ${JSON.stringify(ask)}`, () => {
      const asked = question(ask ?? []);
      assert.equal(entryText({ matched, specificity }, asked, asked.names[0] ?? null), want);
    });
  }

  const scopes = [
    { scope: { uids: [[0, 0] as const, [1000, 1999] as const] }, want: 'user 0 or 1000-1999' },
    { scope: { executables: ['curl', '/usr/bin/wget'] }, want: 'program curl or /usr/bin/wget' },
    { scope: { cgroups: ['/a'], containers: ['web'] }, want: 'control group /a and container web' },
    { scope: { uids: [] }, want: 'user (none)' },
    { scope: {}, want: '' },
  ];
  for (const { scope, want } of scopes) {
    test(`scope: ${want || 'everybody'}`, () => assert.equal(scopeText(scope), want));
  }

  test('a rule for everybody names nobody', () => {
    const rule = {
      action: 'block',
      category: 'C2',
      id: '1',
      title: 'T',
      source: 'feed',
      expiresAt: null,
      confidence: 0,
      port: 8443,
      scope: {},
    } as const;
    assert.equal(ruleText(rule), '"T" (block, C2, confidence 0, port 8443 only)');
  });
});
