/** The truth tables of the specification, line by line, and every rule of precedence. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { getHeapStatistics } from 'node:v8';

import type { ReputationTable } from '@sallyport/hosts/reputation-table';
import type { Rule } from '@sallyport/hosts/rule';

import { actionTypeOf, eventIdOf } from '../src/events.ts';
import { explain } from '../src/explain.ts';
import { PASS, judge } from '../src/judge.ts';
import type { NameScore, PolicySettings, Question, Tables, Verdict } from '../src/verdict.ts';
import { AUDIT, BLOCK, CONVERT, DISABLED, perAction, question, tables, type Line, type Lines } from './tables.ts';

const winner = (lines: Lines, asked: Question, settings: PolicySettings = BLOCK, nowMs = 0): string | null =>
  judge(asked, tables(lines), settings, nowMs).rule?.title ?? null;

suite('order of the layers (4.1)', () => {
  const INDICATOR = perAction('site.example');
  const THREAT = 'block site.example';
  const WCF = 'block site.example';
  const UNSANCTIONED: Line = ['block site.example', { category: 'CasbPolicy', title: 'unsanctioned', id: 'U' }];
  const MONITORED: Line = ['warn site.example', { category: 'CasbPolicy', title: 'monitored', id: 'M' }];

  interface Case {
    readonly name: string;
    readonly indicator?: readonly Line[];
    readonly threat?: readonly Line[];
    readonly wcf?: readonly Line[];
    readonly want: readonly [Verdict['effect'], Verdict['action'], Verdict['layer'], Verdict['responseCategory']];
  }
  const cases: readonly Case[] = [
    // The specification's three lines.
    {
      name: 'Allow, Block, Block, Block: allow (override)',
      indicator: [UNSANCTIONED, INDICATOR.allow],
      threat: [THREAT],
      wcf: [WCF],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    {
      name: 'Allow, Allow, Block, Block: allow (WCF exception)',
      indicator: [UNSANCTIONED, INDICATOR.allow],
      threat: [],
      wcf: [WCF],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    {
      name: 'Warn, Block, Block, Block: warn (override)',
      indicator: [UNSANCTIONED, INDICATOR.warn],
      threat: [THREAT],
      wcf: [WCF],
      want: ['warn', 'warn', 'indicator', 'CustomBlockList'],
    },
    // Each column alone, and what follows from "the first layer that gives an answer decides".
    { name: 'nothing', want: ['pass', 'none', 'none', null] },
    {
      name: 'a block indicator',
      indicator: [INDICATOR.block],
      want: ['block', 'block', 'indicator', 'CustomBlockList'],
    },
    { name: 'unsanctioned', indicator: [UNSANCTIONED], want: ['block', 'block', 'indicator', 'CasbPolicy'] },
    { name: 'monitored', indicator: [MONITORED], want: ['warn', 'warn', 'indicator', 'CasbPolicy'] },
    {
      name: 'monitored and a web threat',
      indicator: [MONITORED],
      threat: [THREAT],
      want: ['warn', 'warn', 'indicator', 'CasbPolicy'],
    },
    { name: 'a web threat', threat: [THREAT], want: ['block', 'block', 'reputation', 'Phishing'] },
    { name: 'an uncertain one', threat: ['warn site.example'], want: ['warn', 'warn', 'reputation', 'Phishing'] },
    { name: 'a blocked category', wcf: [WCF], want: ['block', 'block', 'category', 'CustomPolicy'] },
    {
      name: 'a web threat in a blocked category',
      threat: [THREAT],
      wcf: [WCF],
      want: ['block', 'block', 'reputation', 'Phishing'],
    },
    {
      name: 'an uncertain one in a blocked category',
      threat: ['warn site.example'],
      wcf: [WCF],
      want: ['warn', 'warn', 'reputation', 'Phishing'],
    },
    {
      name: 'a block indicator on a web threat in a blocked category',
      indicator: [INDICATOR.block],
      threat: [THREAT],
      wcf: [WCF],
      want: ['block', 'block', 'indicator', 'CustomBlockList'],
    },
    {
      name: 'entries about other names',
      indicator: ['allow other.example'],
      threat: ['block another.example'],
      wcf: [WCF],
      want: ['block', 'block', 'category', 'CustomPolicy'],
    },
    {
      name: 'a less specific indicator still goes before a more specific feed entry',
      indicator: ['allow example'],
      threat: [THREAT],
      want: ['pass', 'allow', 'indicator', 'CustomAllowList'],
    },
    {
      name: "an exception vouches for nothing: the feed's own entry is gone, the other feed's stands",
      threat: [
        ['allow site.example', { id: 'A' }],
        ['block example', { id: 'A' }],
        ['warn =site.example', { id: 'B' }],
      ],
      wcf: [WCF],
      want: ['warn', 'warn', 'reputation', 'Phishing'],
    },
    {
      name: 'an exception vouches for nothing: the category is still blocked',
      threat: [
        ['allow site.example', { id: 'A' }],
        ['block example', { id: 'A' }],
      ],
      wcf: [WCF],
      want: ['block', 'block', 'category', 'CustomPolicy'],
    },
  ];
  for (const { name, indicator, threat, wcf, want } of cases) {
    test(name, () => {
      const given = tables({
        ...(indicator === undefined ? {} : { indicators: indicator }),
        ...(threat === undefined ? {} : { reputation: threat }),
        ...(wcf === undefined ? {} : { categories: wcf }),
      });
      const verdict = judge(question('site.example'), given, BLOCK, 0);
      assert.deepEqual([verdict.effect, verdict.action, verdict.layer, verdict.responseCategory], want);
    });
  }
});

suite('audit exempts from nothing', () => {
  const INDICATOR: Line = ['audit site.example', { title: 'indicator' }];
  const FEED: Line = ['audit site.example', { title: 'feed' }];
  const lookAlike = (): NameScore => ({ score: 80, reasons: ['score'] });
  const cases: readonly { name: string; lines: Lines; want: string | null }[] = [
    { name: 'an audit indicator alone', lines: { indicators: [INDICATOR] }, want: 'indicator' },
    { name: 'a feed blocks', lines: { indicators: [INDICATOR], reputation: ['block example'] }, want: 'block example' },
    { name: 'a feed warns', lines: { indicators: [INDICATOR], reputation: ['warn example'] }, want: 'warn example' },
    {
      name: 'a feed audits too: the indicator is named',
      lines: { indicators: [INDICATOR], reputation: [FEED] },
      want: 'indicator',
    },
    {
      name: 'a feed blocks the address',
      lines: { indicators: [INDICATOR], reputation: ['block 192.0.2.1'] },
      want: 'block 192.0.2.1',
    },
    { name: 'a low-confidence feed alone', lines: { reputation: [FEED] }, want: 'feed' },
    {
      name: 'a category below both blocks',
      lines: { indicators: [INDICATOR], reputation: [FEED], categories: ['block example'] },
      want: 'block example',
    },
    {
      name: 'a category below both is only counted',
      lines: { indicators: [INDICATOR], reputation: [FEED], categories: ['audit example'] },
      want: 'indicator',
    },
    {
      name: 'the score below both',
      lines: { indicators: [INDICATOR], reputation: [FEED], score: lookAlike },
      want: 'score',
    },
    {
      name: 'an audit of the address does not stop the name',
      lines: { indicators: ['audit 192.0.2.0/24'], reputation: ['block site.example'] },
      want: 'block site.example',
    },
  ];
  for (const { name, lines, want } of cases) {
    test(name, () => assert.equal(winner(lines, question('site.example'), { ...BLOCK, lowReputation: 'warn' }), want));
  }

  test('a score that only audits does not hide what a list audits', () => {
    const lines: Lines = { reputation: [FEED], score: lookAlike };
    assert.equal(winner(lines, question('site.example'), { ...BLOCK, lowReputation: 'audit' }), 'feed');
  });
});

suite('mode by verdict (4.3)', () => {
  const cases = [
    { action: 'allow', disabled: 'pass', audit: 'pass', block: 'pass', convert: 'pass' },
    { action: 'warn', disabled: 'pass', audit: 'audit', block: 'warn', convert: 'block' },
    { action: 'block', disabled: 'pass', audit: 'audit', block: 'block', convert: 'block' },
    { action: 'audit', disabled: 'pass', audit: 'audit', block: 'audit', convert: 'audit' },
  ] as const;
  const effects = (given: Tables, change: Partial<PolicySettings> = {}): Record<string, string> => {
    const effect = (settings: PolicySettings): string =>
      judge(question('site.example'), given, { ...settings, ...change }, 0).effect;
    return { disabled: effect(DISABLED), audit: effect(AUDIT), block: effect(BLOCK), convert: effect(CONVERT) };
  };
  for (const { action, ...want } of cases) {
    test(`${action} indicator`, () => {
      assert.deepEqual(effects(tables({ indicators: [`${action} site.example`] })), want);
    });
    if (action === 'allow') continue;
    test(`${action} feed`, () => {
      assert.deepEqual(effects(tables({ reputation: [`${action} site.example`] })), want);
    });
    test(`${action} score`, () => {
      const score = (): NameScore => ({ score: 60, reasons: [] });
      assert.deepEqual(effects(tables({ score }), { lowReputation: action }), want);
    });
  }
  test('a blocked category', () => {
    const want = { disabled: 'pass', audit: 'audit', block: 'block', convert: 'block' };
    assert.deepEqual(effects(tables({ categories: ['block site.example'] })), want);
  });
  test('a category that is only counted', () => {
    const want = { disabled: 'pass', audit: 'pass', block: 'pass', convert: 'pass' };
    assert.deepEqual(effects(tables({ categories: ['audit site.example'] })), want);
  });
  test('no match', () => {
    const want = { disabled: 'pass', audit: 'pass', block: 'pass', convert: 'pass' };
    assert.deepEqual(effects(tables({ indicators: ['block other.example'] })), want);
  });

  test('disabled is the verdict of no match, also where the connection is excluded', () => {
    const given = tables({ indicators: ['block site.example'] });
    assert.equal(judge(question('site.example'), given, DISABLED, 0), PASS);
    const exclusions = { networks: [{ address: new Uint8Array(4), prefixLength: 0 }], executables: [] };
    assert.equal(judge(question('site.example'), given, { ...DISABLED, exclusions }, 0), PASS);
    assert.equal(explain(question('site.example'), given, { ...DISABLED, exclusions }, 0).verdict, PASS);
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
  interface Case {
    readonly name: string;
    readonly lines: readonly Line[];
    readonly ask: string | readonly string[];
    readonly want: string | null;
  }
  /** Without `allow`, which is an exception in a feed. */
  const restricting: readonly Case[] = [
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
    { name: 'a longer suffix', lines: ['block example', 'warn a.example'], ask: 'b.a.example', want: 'warn a.example' },
    { name: 'exact', lines: ['block example', 'warn =a.example'], ask: 'b.a.example', want: 'block example' },
    { name: 'only below', lines: ['block *.example'], ask: 'example', want: null },
    { name: 'no label boundary', lines: ['block example'], ask: 'badexample', want: null },
    { name: 'no path is seen over TLS', lines: ['block a.example/bad'], ask: 'a.example', want: null },
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
    {
      name: 'a name that is an address in brackets',
      lines: ['block 2001:db8::/32'],
      ask: '[2001:DB8::1]',
      want: 'block 2001:db8::/32',
    },
    {
      name: 'the surer of two',
      lines: [
        ['block a.example', { confidence: 10, title: 'weak' }],
        ['block a.example', { confidence: 90, title: 'sure' }],
      ],
      ask: 'a.example',
      want: 'sure',
    },
    {
      name: 'the first of two',
      lines: [
        ['block a.example', { title: 'first' }],
        ['block a.example', { title: 'second' }],
      ],
      ask: 'a.example',
      want: 'first',
    },
  ];
  const allowing: readonly Case[] = [
    {
      name: 'a longer suffix that allows',
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
      name: 'allow before a surer block',
      lines: [['block a.example', { confidence: 100 }], 'allow a.example'],
      ask: 'a.example',
      want: 'allow a.example',
    },
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
  ];
  for (const { name, lines, ask, want } of restricting) {
    test(name, () => {
      for (const given of [{ indicators: lines }, { reputation: lines }]) {
        assert.equal(winner(given, question(ask)), want);
      }
    });
  }
  for (const { name, lines, ask, want } of allowing) {
    test(name, () => assert.equal(winner({ indicators: lines }, question(ask)), want));
  }
});

suite('ports and scopes', () => {
  const cases: readonly { name: string; change: Partial<Rule>; asked: Question; want: boolean }[] = [
    { name: 'its port', change: { port: 8443 }, asked: question('a.example', { port: 8443 }), want: true },
    { name: 'another port', change: { port: 8443 }, asked: question('a.example'), want: false },
    { name: 'no port known', change: { port: 8443 }, asked: question('a.example', { port: 0 }), want: false },
    {
      name: 'its user',
      change: { scope: { uids: [[1000, 1999]] } },
      asked: question('a.example', { subject: { uid: 1999 } }),
      want: true,
    },
    {
      name: 'another user',
      change: { scope: { uids: [[1000, 1999]] } },
      asked: question('a.example', { subject: { uid: 2000 } }),
      want: false,
    },
    { name: 'nobody known', change: { scope: { uids: [[0, 4294967295]] } }, asked: question('a.example'), want: false },
    { name: 'a scope of everybody', change: { scope: {} }, asked: question('a.example'), want: true },
    {
      name: 'its program by file name',
      change: { scope: { executables: ['curl'] } },
      asked: question('a.example', { subject: { executable: '/usr/bin/curl' } }),
      want: true,
    },
    {
      name: 'another program of the same name',
      change: { scope: { executables: ['/usr/bin/curl'] } },
      asked: question('a.example', { subject: { executable: '/tmp/curl' } }),
      want: false,
    },
    {
      name: 'below its control group',
      change: { scope: { cgroups: ['/system.slice'] } },
      asked: question('a.example', { subject: { cgroup: '/system.slice/x.service' } }),
      want: true,
    },
    {
      name: 'its container by short id',
      change: { scope: { containers: ['0123456789ab'] } },
      asked: question('a.example', { subject: { container: { id: '0123456789abcdef', name: null } } }),
      want: true,
    },
    {
      name: 'all criteria must hold',
      change: { scope: { uids: [[0, 0]], executables: ['curl'] } },
      asked: question('a.example', { subject: { uid: 0, executable: '/usr/bin/wget' } }),
      want: false,
    },
    {
      name: 'port and scope',
      change: { port: 443, scope: { uids: [[0, 0]] } },
      asked: question('a.example', { subject: { uid: 0 } }),
      want: true,
    },
  ];
  for (const { name, change, asked, want } of cases) {
    test(name, () => {
      for (const layer of ['indicators', 'reputation', 'categories'] as const) {
        const verdict = judge(asked, tables({ [layer]: [['block a.example', change]] }), BLOCK, 0);
        assert.equal(verdict.effect, want ? 'block' : 'pass', layer);
      }
    });
  }

  test('an entry for somebody else makes room for the less specific one', () => {
    const lines: Line[] = [['allow a.example', { scope: { uids: [[0, 0]] } }], 'block example'];
    assert.equal(winner({ indicators: lines }, question('a.example', { subject: { uid: 0 } })), 'allow a.example');
    assert.equal(winner({ indicators: lines }, question('a.example', { subject: { uid: 7 } })), 'block example');
  });

  test('a scoped allow indicator that does not apply leaves the feed its say', () => {
    const lines: Lines = { indicators: [['allow a.example', { port: 8443 }]], reputation: ['block a.example'] };
    assert.equal(winner(lines, question('a.example', { port: 8443 })), 'allow a.example');
    assert.equal(winner(lines, question('a.example')), 'block a.example');
  });
});

suite('exclusions', () => {
  const network = (address: readonly number[], prefixLength: number) => ({
    address: Uint8Array.from(address),
    prefixLength,
  });
  const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
  const ANY_V6 = Array.from({ length: 16 }, () => 0);
  const cases = [
    { name: 'in a network', networks: [network([192, 0, 2, 0], 24)], asked: question('a.example'), want: true },
    { name: 'outside', networks: [network([192, 0, 2, 128], 25)], asked: question('a.example'), want: false },
    { name: 'the very address', networks: [network([192, 0, 2, 1], 32)], asked: question('a.example'), want: true },
    { name: 'the next one', networks: [network([192, 0, 2, 0], 32)], asked: question('a.example'), want: false },
    { name: 'any IPv4', networks: [network([0, 0, 0, 0], 0)], asked: question('a.example'), want: true },
    {
      name: 'a prefix within a byte',
      networks: [network([192, 0, 2, 0], 31)],
      asked: question('a.example'),
      want: true,
    },
    { name: 'any IPv6 is not IPv4', networks: [network(ANY_V6, 0)], asked: question('a.example'), want: false },
    {
      name: 'any IPv6 is not mapped IPv4',
      networks: [network(ANY_V6, 0)],
      asked: question('a.example', { remote: '::ffff:192.0.2.1' }),
      want: false,
    },
    {
      name: 'a mapped peer in an IPv4 network',
      networks: [network([192, 0, 2, 0], 24)],
      asked: question('a.example', { remote: '::ffff:192.0.2.1' }),
      want: true,
    },
    {
      name: 'an IPv4 peer in a mapped network',
      networks: [network([...MAPPED_PREFIX, 192, 0, 2, 0], 120)],
      asked: question('a.example'),
      want: true,
    },
    {
      name: 'IPv6',
      networks: [network([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 32)],
      asked: question('a.example', { remote: '2001:db8::7' }),
      want: true,
    },
    {
      name: 'a program',
      executables: ['/usr/bin/curl'],
      asked: question('a.example', { subject: { executable: '/usr/bin/curl' } }),
      want: true,
    },
    {
      name: 'a program by file name',
      executables: ['curl'],
      asked: question('a.example', { subject: { executable: '/opt/curl' } }),
      want: true,
    },
    {
      name: 'another program',
      executables: ['curl'],
      asked: question('a.example', { subject: { executable: '/usr/bin/curly' } }),
      want: false,
    },
    { name: 'an unknown program', executables: ['curl'], asked: question('a.example'), want: false },
    { name: 'nothing', asked: question('a.example', { subject: { executable: '/usr/bin/curl' } }), want: false },
  ];
  const given = tables({ indicators: ['block a.example'] });
  for (const { name, networks = [], executables = [], asked, want } of cases) {
    test(name, () => {
      const { effect, layer, rule } = judge(asked, given, { ...BLOCK, exclusions: { networks, executables } }, 0);
      assert.deepEqual(
        [effect, layer, rule === null],
        want ? ['pass', 'exclusion', true] : ['block', 'indicator', false],
      );
    });
  }

  test('no address, no match', () => {
    const exclusions = { networks: [network([0, 0, 0, 0], 0), network(ANY_V6, 0)], executables: [] };
    const asked = { ...question('a.example'), remoteIp: new Uint8Array(0) };
    assert.equal(judge(asked, given, { ...BLOCK, exclusions }, 0).effect, 'block');
  });
});

suite('web content filtering', () => {
  const say = (lines: Lines, asked: Question, settings: PolicySettings = BLOCK): unknown => {
    const { effect, action, layer, webCategory, responseCategory } = judge(asked, tables(lines), settings, 0);
    return [effect, action, layer, webCategory, responseCategory];
  };
  const games: Line = ['audit play.example', { webCategory: 'Games' }];
  const bets: Line = ['block play.example', { webCategory: 'Gambling' }];

  test('a blocked category', () => {
    assert.deepEqual(say({ categories: [bets] }, question('www.play.example')), [
      'block',
      'block',
      'category',
      'Gambling',
      'CustomPolicy',
    ]);
  });
  test('a category that no policy blocks is counted and nothing else (4.6)', () => {
    const want = ['pass', 'none', 'none', 'Games', null];
    assert.deepEqual(say({ categories: [games] }, question('play.example')), want);
    assert.deepEqual(say({ categories: [games] }, question('play.example'), AUDIT), want);
  });
  test('union of policies and categories: the blocked one decides, in whatever order', () => {
    for (const categories of [
      [games, bets],
      [bets, games],
    ]) {
      assert.partialDeepStrictEqual(say({ categories }, question('play.example')), [
        'block',
        'block',
        'category',
        'Gambling',
      ]);
    }
  });
  test('an allow indicator is the exception, and the layer is not reached', () => {
    const lines = { indicators: ['allow play.example'], categories: [bets] };
    assert.deepEqual(say(lines, question('play.example')), ['pass', 'allow', 'indicator', null, 'CustomAllowList']);
  });
  test('under an audit the category is counted too', () => {
    const audited = ['audit', 'audit', 'reputation', 'Games', 'Phishing'];
    assert.deepEqual(
      say({ reputation: ['audit play.example'], categories: [games] }, question('play.example')),
      audited,
    );
    const both = { indicators: ['audit play.example'], categories: [bets] };
    assert.deepEqual(say(both, question('play.example')), ['block', 'block', 'category', 'Gambling', 'CustomPolicy']);
  });
  test('by address', () => {
    const lines: Lines = { categories: [['block 192.0.2.0/24', { webCategory: 'Peer-to-peer' }]] };
    assert.deepEqual(say(lines, question([])), ['block', 'block', 'category', 'Peer-to-peer', 'CustomPolicy']);
  });
  test('of several names the counted one is told, the blocked one decides', () => {
    const lines = { categories: [games, 'block bad.example'] };
    assert.deepEqual(say(lines, question(['plain.example', 'play.example'])), ['pass', 'none', 'none', 'Games', null]);
    assert.deepEqual(say(lines, question(['play.example', 'plain.example'])), ['pass', 'none', 'none', 'Games', null]);
    assert.partialDeepStrictEqual(say(lines, question(['play.example', 'bad.example'])), [
      'block',
      'block',
      'category',
      'Gambling',
    ]);
    const allowed = { indicators: ['allow ok.example'], categories: [games] };
    assert.deepEqual(say(allowed, question(['ok.example', 'play.example'])), ['pass', 'none', 'none', 'Games', null]);
  });
});

suite('low reputation without a list', () => {
  const scoring =
    (asked: string[]) =>
    (name: Uint8Array): NameScore | null => {
      const text = Buffer.from(name).toString();
      asked.push(text);
      return text.includes('paypa1') ? { score: 83, reasons: ['Looks like paypal.com.', 'Digits for letters.'] } : null;
    };
  const cases: readonly {
    name: string;
    lines: Lines;
    ask: readonly string[];
    asked: readonly string[];
    want: string;
  }[] = [
    { name: 'a name on no list', lines: {}, ask: ['paypa1.example'], asked: ['paypa1.example'], want: 'score' },
    { name: 'an unremarkable one', lines: {}, ask: ['plain.example'], asked: ['plain.example'], want: 'none' },
    { name: 'no name', lines: {}, ask: [], asked: [], want: 'none' },
    {
      name: 'a popular name',
      lines: { popular: ['audit paypa1.example'] },
      ask: ['www.paypa1.example'],
      asked: [],
      want: 'none',
    },
    {
      name: 'popular by its exact name only',
      lines: { popular: ['audit =paypa1.example'] },
      ask: ['www.paypa1.example'],
      asked: ['www.paypa1.example'],
      want: 'score',
    },
    {
      name: 'an allow indicator',
      lines: { indicators: ['allow example'] },
      ask: ['paypa1.example'],
      asked: [],
      want: 'indicator',
    },
    {
      name: 'a feed that blocks it',
      lines: { reputation: ['block example'] },
      ask: ['paypa1.example'],
      asked: [],
      want: 'reputation',
    },
    {
      name: 'a categorised name',
      lines: { categories: ['audit example'] },
      ask: ['paypa1.example'],
      asked: [],
      want: 'none',
    },
    {
      name: 'an address in a category says nothing about the name',
      lines: { categories: ['audit 192.0.2.1'] },
      ask: ['paypa1.example'],
      asked: ['paypa1.example'],
      want: 'score',
    },
    {
      name: "an exception takes back its feed's entry, no more",
      lines: { reputation: ['allow paypa1.example'] },
      ask: ['paypa1.example'],
      asked: ['paypa1.example'],
      want: 'score',
    },
    {
      name: 'each of several names',
      lines: {},
      ask: ['plain.example', 'paypa1.example'],
      asked: ['plain.example', 'paypa1.example'],
      want: 'score',
    },
  ];
  for (const { name, lines, ask, asked, want } of cases) {
    test(name, () => {
      const heard: string[] = [];
      const given = tables({ ...lines, score: scoring(heard) });
      const { layer } = judge(question(ask), given, { ...BLOCK, lowReputation: 'audit' }, 0);
      assert.deepEqual([heard, layer], [asked, want]);
    });
  }

  test('off is never asked', () => {
    const heard: string[] = [];
    assert.equal(judge(question('paypa1.example'), tables({ score: scoring(heard) }), BLOCK, 0), PASS);
    assert.deepEqual(heard, []);
  });

  test('what its verdict says', () => {
    const settings: PolicySettings = { ...BLOCK, lowReputation: 'warn' };
    assert.deepEqual(
      judge(question('Paypa1.example.'), tables({ score: () => ({ score: 83, reasons: ['Why'] }) }), settings, 0),
      {
        effect: 'warn',
        action: 'warn',
        responseCategory: 'Untrusted',
        webCategory: null,
        layer: 'score',
        rule: {
          action: 'warn',
          category: 'Untrusted',
          id: 'local-score',
          title: 'Why',
          source: 'score',
          expiresAt: null,
          confidence: 83,
        },
        matched: 'host',
        matchedName: Buffer.from('Paypa1.example.'),
      },
    );
  });
});

suite('several names', () => {
  const indicators = ['allow good.example', 'block bad.example', 'warn odd.example', 'audit seen.example'] as const;
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
    test(names.join(' and '), () => assert.equal(winner({ indicators }, question(names)), want));
  }

  test('an allow indicator on one name does not cover a feed block on the other', () => {
    const given = tables({ indicators, reputation: ['block evil.example'] });
    const verdict = judge(question(['good.example', 'evil.example']), given, BLOCK, 0);
    assert.deepEqual([verdict.effect, verdict.layer], ['block', 'reputation']);
    assert.equal(Buffer.from(verdict.matchedName ?? []).toString(), 'evil.example');
  });

  test('the path belongs to the name that the URL has, in whatever case it is written', () => {
    const lines = { indicators: ['allow a.example', 'block a.example/bad', 'block b.example/bad'] };
    assert.equal(winner(lines, question(['A.example.', 'a.example/bad'])), 'block a.example/bad');
    assert.equal(winner(lines, question(['b.example', 'a.example/ok'])), null);
  });
});

suite('what a verdict says', () => {
  test('how it matched', () => {
    const indicators = ['block a.example', 'block b.example/x', 'block 192.0.2.1', 'block 198.51.100.0/24'];
    const matched = (asked: Question): unknown => {
      const verdict = judge(asked, tables({ indicators }), BLOCK, 0);
      return [verdict.matched, verdict.matchedName === null ? null : Buffer.from(verdict.matchedName).toString()];
    };
    const elsewhere = { remote: '203.0.113.1' };
    assert.deepEqual(matched(question('www.A.example', elsewhere)), ['host', 'www.A.example']);
    assert.deepEqual(matched(question('b.example/x', elsewhere)), ['url', 'b.example']);
    assert.deepEqual(matched(question('c.example')), ['ip', null]);
    assert.deepEqual(matched(question([], { remote: '::ffff:198.51.100.9' })), ['cidr', null]);
    assert.deepEqual(matched(question('198.51.100.9', elsewhere)), ['cidr', '198.51.100.9']);
  });

  test('expiry, to the millisecond', () => {
    const expiresAt = 1_900_000_000_123;
    const lines: Lines = {
      indicators: [
        ['allow a.example', { expiresAt }],
        ['block 192.0.2.1', { expiresAt }],
      ],
      reputation: ['block a.example'],
      categories: [['block c.example', { expiresAt }]],
    };
    const effects = (asked: Question): string[] =>
      [expiresAt - 1, expiresAt, expiresAt + 1].map((nowMs) => judge(asked, tables(lines), BLOCK, nowMs).effect);
    assert.deepEqual(effects(question('a.example')), ['pass', 'block', 'block']);
    assert.deepEqual(effects(question([])), ['block', 'pass', 'pass']);
    assert.deepEqual(effects(question('c.example', { remote: '203.0.113.1' })), ['block', 'pass', 'pass']);
  });

  test('an exception that has expired takes nothing back', () => {
    const reputation: Line[] = [
      ['allow a.example', { id: 'F', expiresAt: 100 }],
      ['block example', { id: 'F' }],
    ];
    const effects = [99, 100].map((nowMs) => judge(question('a.example'), tables({ reputation }), BLOCK, nowMs).effect);
    assert.deepEqual(effects, ['pass', 'block']);
  });

  test('no tables: everything passes', () => {
    assert.equal(judge(question('a.example'), tables({}), { ...BLOCK, lowReputation: 'block' }, 0), PASS);
  });

  test('a pass without a match allocates nothing', () => {
    const silent: ReputationTable = {
      last: { matched: 'host', specificity: 0 },
      findName: () => -1,
      findAddress: () => -1,
      nameCandidates: () => [],
      addressCandidates: () => [],
      rule: () => assert.fail('nothing was found'),
    };
    const given: Tables = {
      indicators: silent,
      reputation: silent,
      categories: silent,
      popular: silent,
      score: () => null,
    };
    const settings: PolicySettings = { ...BLOCK, lowReputation: 'block' };
    const asked = question('www.some.other.example/path', { remote: '203.0.113.1', subject: { uid: 0 } });
    const allocated = (): number => getHeapStatistics().total_allocated_bytes ?? assert.fail('not counted');
    const times = 200_000;
    const run = (): void => {
      for (let i = 0; i < times; i++) judge(asked, given, settings, 1_700_000_000_000.5 + i);
    };
    // Until it is compiled the code boxes its numbers, and on a busy machine compiling may take several rounds.
    let bytesEach = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 30 && bytesEach >= 4; round++) {
      const before = allocated();
      run();
      bytesEach = (allocated() - before) / times;
    }
    assert.ok(bytesEach < 4, `${bytesEach} bytes a verdict; the smallest object has 16`);
    assert.equal(judge(asked, given, settings, 0), PASS);
  });
});
