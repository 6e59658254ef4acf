/**
 * The truth tables of the specification, line by line. Rows and columns of web content filtering and of cloud-app
 * (MDCA) policies are left out: neither exists here yet.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { getHeapStatistics } from 'node:v8';

import { TableBuilder } from '@sallyport/hosts/build';
import { parseCidr, parseIp } from '@sallyport/hosts/canonical';
import type { Action, Rule } from '@sallyport/hosts/rule';
import { HostTable } from '@sallyport/hosts/table';

import { actionTypeOf, eventIdOf } from '../src/events.ts';
import { PASS, judge, type PolicySettings, type Question, type Tables } from '../src/judge.ts';

const BLOCK: PolicySettings = { mode: 'block', convertWarnToBlock: false };
const AUDIT: PolicySettings = { mode: 'audit', convertWarnToBlock: false };
const DISABLED: PolicySettings = { mode: 'disabled', convertWarnToBlock: false };
const CONVERT: PolicySettings = { mode: 'block', convertWarnToBlock: true };

/** `action value`, `value` as people write it: `=name` exact, `*.name` below, `host/path`, address, network. */
type Line = `${Action} ${string}`;

/** A table of one rule per line; the line is the rule's title. */
function tableOf(source: Rule['source'], lines: readonly Line[], expiresAt: number | null = null): HostTable | null {
  if (lines.length === 0) return null;
  const builder = new TableBuilder();
  for (const line of lines) {
    const [action, value = ''] = line.split(' ');
    if (action !== 'allow' && action !== 'warn' && action !== 'block' && action !== 'audit') assert.fail(line);
    const category = source === 'feed' ? 'Phishing' : action === 'allow' ? 'CustomAllowList' : 'CustomBlockList';
    const rule = builder.addRule({ action, category, id: line, title: line, source, expiresAt });
    const address = parseIp(value);
    const network = parseCidr(value);
    if (address !== null) builder.addIp(address, rule);
    else if (network.kind === 'ok') builder.addCidr(network.bytes, network.prefixLength, rule);
    else if (value.includes('/'))
      builder.addUrl(value.slice(0, value.indexOf('/')), value.slice(value.indexOf('/')), rule);
    else if (value.startsWith('=')) builder.addHost(value.slice(1), rule, 'exact');
    else if (value.startsWith('*.')) builder.addHost(value.slice(2), rule, 'subdomains');
    else builder.addHost(value, rule);
  }
  const table = HostTable.open(builder.build());
  if (table.kind !== 'ok') assert.fail(table.detail);
  return table.value;
}

const tables = (indicators: readonly Line[], feed: readonly Line[] = []): Tables => ({
  indicators: tableOf('indicator', indicators),
  reputation: tableOf('feed', feed),
});

/** A question about names to one address; a URL is given as `host/path`. */
function question(names: string | readonly string[], remote = '192.0.2.1'): Question {
  const list = typeof names === 'string' ? [names] : names;
  const withPath = list.find((name) => name.includes('/'));
  const slash = withPath?.indexOf('/') ?? 0;
  return {
    names: list.map((name) => Buffer.from(name.replace(/\/.*/, ''))),
    url:
      withPath === undefined
        ? null
        : { host: Buffer.from(withPath.slice(0, slash)), path: Buffer.from(withPath.slice(slash)) },
    remoteIp: parseIp(remote) ?? assert.fail(remote),
    remotePort: 443,
  };
}

suite('order of the layers (4.1)', () => {
  const name = 'site.example';
  const cases = [
    {
      indicator: ['allow site.example'],
      threat: ['block site.example'],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    {
      indicator: ['allow site.example'],
      threat: ['allow site.example'],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    {
      indicator: ['warn site.example'],
      threat: ['block site.example'],
      want: ['warn', 'warn', 'indicator', 'CustomBlockList'],
    },
    {
      indicator: ['block site.example'],
      threat: ['allow site.example'],
      want: ['block', 'block', 'indicator', 'CustomBlockList'],
    },
    { indicator: [], threat: ['block site.example'], want: ['block', 'block', 'reputation', 'Phishing'] },
    {
      indicator: ['block other.example'],
      threat: ['block site.example'],
      want: ['block', 'block', 'reputation', 'Phishing'],
    },
    { indicator: ['block site.example'], threat: [], want: ['block', 'block', 'indicator', 'CustomBlockList'] },
    { indicator: [], threat: ['warn site.example'], want: ['warn', 'warn', 'reputation', 'Phishing'] },
    { indicator: [], threat: [], want: ['pass', 'none', 'none', null] },
    // A less specific indicator still goes before a more specific feed entry.
    {
      indicator: ['allow example'],
      threat: ['block site.example'],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    // An audit indicator does not exempt: it is heard only when nothing below restricts.
    {
      indicator: ['audit site.example'],
      threat: ['block site.example'],
      want: ['block', 'block', 'reputation', 'Phishing'],
    },
    {
      indicator: ['audit site.example'],
      threat: ['warn site.example'],
      want: ['warn', 'warn', 'reputation', 'Phishing'],
    },
    {
      indicator: ['audit site.example'],
      threat: ['audit site.example'],
      want: ['audit', 'audit', 'indicator', 'CustomBlockList'],
    },
    {
      indicator: ['audit site.example'],
      threat: ['allow site.example'],
      want: ['audit', 'audit', 'indicator', 'CustomBlockList'],
    },
    { indicator: ['audit site.example'], threat: [], want: ['audit', 'audit', 'indicator', 'CustomBlockList'] },
    {
      indicator: ['audit site.example'],
      threat: ['block 192.0.2.1'],
      want: ['block', 'block', 'reputation', 'Phishing'],
    },
  ] as const;
  for (const { indicator, threat, want } of cases) {
    test(`${indicator.join() || 'no indicator'}; feed: ${threat.join() || 'nothing'}`, () => {
      const verdict = judge(question(name), tables(indicator, threat), BLOCK, 0);
      assert.deepEqual([verdict.effect, verdict.action, verdict.layer, verdict.responseCategory], want);
    });
  }
});

suite('mode by verdict (4.3)', () => {
  const cases = [
    { action: 'allow', disabled: 'pass', audit: 'pass', block: 'pass', convert: 'pass' },
    { action: 'warn', disabled: 'pass', audit: 'audit', block: 'warn', convert: 'block' },
    { action: 'block', disabled: 'pass', audit: 'audit', block: 'block', convert: 'block' },
    { action: 'audit', disabled: 'pass', audit: 'audit', block: 'audit', convert: 'audit' },
  ] as const;
  for (const { action, ...want } of cases) {
    test(action, () => {
      const given = tables([`${action} site.example`]);
      const effect = (settings: PolicySettings): string => judge(question('site.example'), given, settings, 0).effect;
      const got = { disabled: effect(DISABLED), audit: effect(AUDIT), block: effect(BLOCK), convert: effect(CONVERT) };
      assert.deepEqual(got, want);
    });
  }

  test('disabled is the verdict of no match', () => {
    assert.equal(judge(question('site.example'), tables(['block site.example']), DISABLED, 0), PASS);
  });

  test('what is written of it', () => {
    const written = (['pass', 'audit', 'warn', 'block'] as const).map((effect) => [
      actionTypeOf(effect),
      eventIdOf(effect),
    ]);
    assert.deepEqual(written, [
      [null, null],
      ['ExploitGuardNetworkProtectionAudited', 1125],
      ['ExploitGuardNetworkProtectionBlocked', 1126],
      ['ExploitGuardNetworkProtectionBlocked', 1126],
    ]);
  });
});

suite('within one layer', () => {
  const cases = [
    {
      name: 'a longer suffix',
      lines: ['block example', 'allow ok.example'],
      ask: 'a.ok.example',
      want: 'allow ok.example',
    },
    {
      name: 'a longer suffix, the other way',
      lines: ['allow example', 'block bad.example'],
      ask: 'bad.example',
      want: 'block bad.example',
    },
    {
      name: 'allow before warn',
      lines: ['warn a.example', 'allow a.example'],
      ask: 'a.example',
      want: 'allow a.example',
    },
    {
      name: 'warn before block',
      lines: ['block a.example', 'warn a.example'],
      ask: 'a.example',
      want: 'warn a.example',
    },
    {
      name: 'block before audit',
      lines: ['audit a.example', 'block a.example'],
      ask: 'a.example',
      want: 'block a.example',
    },
    { name: 'exact', lines: ['block example', 'allow =a.example'], ask: 'b.a.example', want: 'block example' },
    { name: 'only below', lines: ['block *.example'], ask: 'example', want: null },
    {
      name: 'a URL before its host',
      lines: ['allow a.example', 'block a.example/bad'],
      ask: 'a.example/bad/x',
      want: 'block a.example/bad',
    },
    {
      name: 'a URL allowed on a blocked host',
      lines: ['block a.example', 'allow a.example/ok'],
      ask: 'a.example/ok',
      want: 'allow a.example/ok',
    },
    {
      name: 'another path',
      lines: ['allow a.example', 'block a.example/bad'],
      ask: 'a.example/badly',
      want: 'allow a.example',
    },
    {
      name: 'a longer path',
      lines: ['block a.example/x', 'allow a.example/x/y'],
      ask: 'a.example/x/y/z',
      want: 'allow a.example/x/y',
    },
    { name: 'no path is seen over TLS', lines: ['block a.example/bad'], ask: 'a.example', want: null },
    {
      name: 'the longest prefix',
      lines: ['block 192.0.2.0/24', 'allow 192.0.2.0/30'],
      ask: [],
      want: 'allow 192.0.2.0/30',
    },
    {
      name: 'an address before its network',
      lines: ['allow 192.0.2.0/24', 'block 192.0.2.1'],
      ask: [],
      want: 'block 192.0.2.1',
    },
    {
      name: 'allow on the address, block on the name',
      lines: ['block a.example', 'allow 192.0.2.1'],
      ask: 'a.example',
      want: 'allow 192.0.2.1',
    },
    {
      name: 'allow on the name, block on the address',
      lines: ['allow a.example', 'block 192.0.2.1'],
      ask: 'a.example',
      want: 'allow a.example',
    },
    {
      name: 'warn on the network, block on the name',
      lines: ['block a.example', 'warn 192.0.2.0/24'],
      ask: 'a.example',
      want: 'warn 192.0.2.0/24',
    },
    {
      name: 'audit on the name, block on the address',
      lines: ['audit a.example', 'block 192.0.2.1'],
      ask: 'a.example',
      want: 'block 192.0.2.1',
    },
    {
      name: 'the same on both: the name is named',
      lines: ['block 192.0.2.1', 'block a.example'],
      ask: 'a.example',
      want: 'block a.example',
    },
    {
      name: 'a name that is an address',
      lines: ['block 198.51.100.7'],
      ask: '198.51.100.7',
      want: 'block 198.51.100.7',
    },
  ] as const;
  for (const { name, lines, ask, want } of cases) {
    test(name, () => {
      for (const given of [tables(lines), tables([], lines)]) {
        assert.equal(judge(question(ask), given, BLOCK, 0).rule?.title ?? null, want);
      }
    });
  }
});

suite('several names', () => {
  const lines = ['allow good.example', 'block bad.example', 'warn odd.example', 'audit seen.example'] as const;
  const cases = [
    { names: ['good.example', 'bad.example'], want: 'block bad.example' },
    { names: ['bad.example', 'good.example'], want: 'block bad.example' },
    { names: ['plain.example', 'bad.example'], want: 'block bad.example' },
    { names: ['good.example', 'odd.example'], want: 'warn odd.example' },
    { names: ['odd.example', 'bad.example'], want: 'block bad.example' },
    { names: ['seen.example', 'good.example'], want: 'audit seen.example' },
    { names: ['good.example', 'plain.example'], want: null },
    { names: ['good.example', 'www.good.example'], want: 'allow good.example' },
  ];
  for (const { names, want } of cases) {
    test(names.join(' and '), () => {
      assert.equal(judge(question(names), tables(lines), BLOCK, 0).rule?.title ?? null, want);
    });
  }

  test('an allow indicator on one name does not cover a feed block on the other', () => {
    const verdict = judge(question(['good.example', 'evil.example']), tables(lines, ['block evil.example']), BLOCK, 0);
    assert.deepEqual([verdict.effect, verdict.layer], ['block', 'reputation']);
    assert.equal(Buffer.from(verdict.matchedName ?? []).toString(), 'evil.example');
  });

  test('the path belongs to the name that the URL has, in whatever case it is written', () => {
    const given = tables(['allow a.example', 'block a.example/bad', 'block b.example/bad']);
    const asked = question(['A.example.', 'a.example/bad']);
    assert.equal(judge(asked, given, BLOCK, 0).rule?.title, 'block a.example/bad');
    assert.equal(judge(question(['b.example', 'a.example/ok']), given, BLOCK, 0).effect, 'pass');
  });
});

suite('what a verdict says', () => {
  test('how it matched', () => {
    const given = tables(['block a.example', 'block b.example/x', 'block 192.0.2.1', 'block 198.51.100.0/24']);
    const matched = (asked: Question): unknown => {
      const verdict = judge(asked, given, BLOCK, 0);
      return [verdict.matched, verdict.matchedName === null ? null : Buffer.from(verdict.matchedName).toString()];
    };
    assert.deepEqual(matched(question('www.A.example', '203.0.113.1')), ['host', 'www.A.example']);
    assert.deepEqual(matched(question('b.example/x', '203.0.113.1')), ['url', 'b.example']);
    assert.deepEqual(matched(question('c.example', '192.0.2.1')), ['ip', null]);
    assert.deepEqual(matched(question([], '::ffff:198.51.100.9')), ['cidr', null]);
    assert.deepEqual(matched(question('198.51.100.9', '203.0.113.1')), ['cidr', '198.51.100.9']);
  });

  test('expiry, to the millisecond', () => {
    const given: Tables = {
      indicators: tableOf('indicator', ['allow a.example', 'block 192.0.2.1'], 1_900_000_000_123),
      reputation: tableOf('feed', ['block a.example']),
    };
    const effect = (nowMs: number): string => judge(question('a.example'), given, BLOCK, nowMs).effect;
    assert.deepEqual([effect(1_900_000_000_122), effect(1_900_000_000_123)], ['pass', 'block']);
    const noName = (nowMs: number): string => judge(question([]), given, BLOCK, nowMs).effect;
    assert.deepEqual([noName(1_900_000_000_122), noName(1_900_000_000_123)], ['block', 'pass']);
  });

  test('no tables: everything passes', () => {
    assert.equal(judge(question('a.example'), { indicators: null, reputation: null }, BLOCK, 0), PASS);
  });

  test('a pass without a match allocates nothing', () => {
    const given = tables(['block a.example', 'block 192.0.2.0/30'], ['block b.example', 'block b.example/x']);
    const asked = question('www.some.other.example/path', '203.0.113.1');
    const allocated = (): number => getHeapStatistics().total_allocated_bytes ?? assert.fail('not counted');
    const times = 200_000;
    const run = (): void => {
      for (let i = 0; i < times; i++) judge(asked, given, BLOCK, 0);
    };
    // Until it is compiled the code boxes its numbers, hence the rounds before the one that counts.
    for (let i = 0; i < 3; i++) run();
    const before = allocated();
    run();
    const bytesEach = (allocated() - before) / times;
    assert.ok(bytesEach < 4, `${bytesEach} bytes a verdict; the smallest object has 16`);
    assert.equal(judge(asked, given, BLOCK, 0), PASS);
  });
});
