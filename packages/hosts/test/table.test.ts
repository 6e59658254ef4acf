import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { crc32 } from 'node:zlib';

import fc from 'fast-check';

import { TableBuilder, type EntryKind } from '../src/build.ts';
import { canonicalHost, clearHostBits } from '../src/canonical.ts';
import { HEADER_WORDS, layoutOf, readCounts } from '../src/format.ts';
import type { Asked, ReputationTable } from '../src/reputation-table.ts';
import type { Rule } from '../src/rule.ts';
import type { Scope, Subject } from '../src/scope.ts';
import { TableError } from '../src/table-error.ts';
import { HostTable } from '../src/table.ts';
import { type Entry, OracleTable } from './oracle.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) };
const bytes = (text: string): Uint8Array => Buffer.from(text);

const block: Rule = {
  action: 'block',
  category: 'Malicious',
  id: 'b',
  title: 'block',
  source: 'feed',
  expiresAt: null,
};
const rule = (change: Partial<Rule>): Rule => ({ ...block, ...change });

function opened(file: Uint8Array): HostTable {
  const table = HostTable.open(file);
  if (table.kind !== 'ok') assert.fail(table.detail);
  return table.value;
}

/** A table of block rules, one per name, so that the index found is the position of the name. */
function tableOf(...entries: readonly (string | readonly [string, EntryKind])[]): HostTable {
  const builder = new TableBuilder();
  for (const entry of entries) {
    const [name, kind] = typeof entry === 'string' ? ([entry, 'suffix'] as const) : entry;
    builder.addHost(name, builder.addRule(block), kind);
  }
  return opened(builder.build());
}

const when = (nowMs: number): Asked => ({ nowMs, port: 443, subject: null });

const find = (table: ReputationTable, name: string, now = 0): number =>
  table.findName(bytes(name), 0, bytes(name).length, null, when(now));

const findUrl = (table: ReputationTable, host: string, path: string): number =>
  table.findName(bytes(host), 0, bytes(host).length, bytes(path), when(0));

suite('findName', () => {
  const table = tableOf(
    'example.com',
    ['only.example.net', 'exact'],
    ['below.example.net', 'subdomains'],
    'zip',
    'xn--bcher-kva.example',
  );
  const cases = [
    { name: 'itself', input: 'example.com', want: 0 },
    { name: 'a sub-domain at any depth', input: 'a.b.c.example.com', want: 0 },
    { name: 'any case', input: 'A.EXAMPLE.Com', want: 0 },
    { name: 'a trailing dot', input: 'example.com.', want: 0 },
    { name: 'several trailing dots', input: 'example.com...', want: 0 },
    { name: 'no label boundary', input: 'badexample.com', want: -1 },
    { name: 'its parent', input: 'com', want: -1 },
    { name: 'a longer top', input: 'example.com.org', want: -1 },
    { name: 'exact: itself', input: 'only.example.net', want: 1 },
    { name: 'exact: not below', input: 'a.only.example.net', want: -1 },
    { name: 'subdomains: below', input: 'a.b.below.example.net', want: 2 },
    { name: 'subdomains: not itself', input: 'below.example.net', want: -1 },
    { name: 'a single label', input: 'zip', want: 3 },
    { name: 'below a single label', input: 'a.zip', want: 3 },
    { name: 'raw UTF-8', input: 'www.BÜCHER.example', want: 4 },
    { name: 'A-label', input: 'www.xn--bcher-kva.EXAMPLE', want: 4 },
    { name: 'empty labels before', input: '..example.com', want: 0 },
    { name: 'odd bytes before', input: 'a b\0%.example.com', want: 0 },
    { name: 'longer than any name', input: `${'a.'.repeat(5000)}example.com`, want: 0 },
    { name: 'no label boundary, longer than any name', input: `${'a'.repeat(5000)}example.com`, want: -1 },
    { name: 'nothing', input: '', want: -1 },
    { name: 'a dot', input: '.', want: -1 },
    { name: 'characters no name may hold, before', input: '\u{fffd}.example.com', want: 0 },
  ];
  for (const { name, input, want } of cases) test(name, () => assert.equal(find(table, input), want));

  test('reads only inside start and end, and bounds that are off are cut', () => {
    const framed = bytes('x.example.com.y');
    assert.equal(table.findName(framed, 2, 13, null, when(0)), 0);
    assert.equal(table.findName(framed, 2, 15, null, when(0)), -1);
    assert.equal(table.findName(framed.subarray(0, 13), 0, 99, null, when(0)), 0);
    assert.equal(table.findName(framed, 13, 2, null, when(0)), -1);
    assert.equal(table.findName(framed, -5, 13, null, when(0)), 0);
  });

  test('an address literal is looked up as an address', () => {
    const builder = new TableBuilder();
    builder.addIp(Uint8Array.of(192, 0, 2, 1), builder.addRule(block));
    builder.addCidr(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 32, builder.addRule(block));
    const addresses = opened(builder.build());
    for (const text of ['192.0.2.1', '192.0.2.1.', '::ffff:192.0.2.1', '[::ffff:c000:201]']) {
      assert.equal(find(addresses, text), 0, text);
      assert.deepEqual(addresses.last, { matched: 'ip', specificity: 32 });
    }
    for (const text of ['2001:db8::a', '[2001:DB8::A]']) assert.equal(find(addresses, text), 1, text);
    assert.deepEqual(addresses.last, { matched: 'cidr', specificity: 32 });
    for (const text of ['192.0.2.01', '192.0.2.1.example', '[192.0.2.1', '2001:db8:::a']) {
      assert.equal(find(addresses, text), -1, text);
    }
  });

  test('a label depth beyond the mask is still found', () => {
    const deep = `${'a.'.repeat(50)}example`;
    assert.equal(find(tableOf(deep), `b.${deep}`), 0);
    assert.equal(find(tableOf(deep), deep.slice(2)), -1);
  });
});

suite('findAddress', () => {
  test('the longest prefix wins, and an expired one makes room', () => {
    const builder = new TableBuilder();
    const net = Uint8Array.of(10, 1, 2, 3);
    for (const [length, expiresAt] of [
      [0, null],
      [8, null],
      [24, 100],
      [32, 50],
    ] as const) {
      builder.addCidr(net, length, builder.addRule(rule({ expiresAt })));
    }
    const table = opened(builder.build());
    const answer = (now: number, last = 3): unknown => {
      const index = table.findAddress(Uint8Array.of(10, 1, 2, last), when(now));
      return [index, table.last.matched, table.last.specificity];
    };
    assert.deepEqual(answer(49), [3, 'ip', 32]);
    assert.deepEqual(answer(50), [2, 'cidr', 24]);
    assert.deepEqual(answer(49, 9), [2, 'cidr', 24]);
    assert.deepEqual(answer(100), [1, 'cidr', 8]);
    assert.equal(table.findAddress(Uint8Array.of(11, 0, 0, 0), when(0)), 0);
    assert.equal(table.findAddress(new Uint8Array(16), when(0)), -1);
    assert.equal(table.findAddress(new Uint8Array(5), when(0)), -1);
    assert.deepEqual([table.ips, table.cidrs], [1, 3]);
  });
});

suite('findName with a path', () => {
  const builder = new TableBuilder();
  const urls = [
    ['example.com', '/block'],
    ['example.com', '/block/deeper/'],
    ['example.com', '/a?id=1'],
    ['whole.example', '/'],
    ['192.0.2.1', '/x'],
    ['[2001:db8::1]', 'x'],
  ] as const;
  for (const [host, path] of urls) builder.addUrl(host, path, builder.addRule(block));
  const table = opened(builder.build());
  const cases = [
    { host: 'example.com', path: '/block', want: 0 },
    { host: 'EXAMPLE.com.', path: '/block/', want: 0 },
    { host: 'example.com', path: '/block?x=y', want: 0 },
    { host: 'example.com', path: '/%62lock/x', want: 0 },
    { host: 'example.com', path: '/x/..//block/x', want: 0 },
    { host: 'example.com', path: '/blocked', want: -1 },
    { host: 'example.com', path: '/Block', want: -1 },
    { host: 'example.com', path: '/', want: -1 },
    { host: 'www.example.com', path: '/block', want: -1 },
    { host: 'example.com', path: '/block/deeper/x', want: 1 },
    { host: 'example.com', path: '/block/deeper', want: 1 },
    { host: 'example.com', path: '/a?id=1&y=2', want: 2 },
    { host: 'example.com', path: '/a?id=10', want: -1 },
    { host: 'example.com', path: '/a', want: -1 },
    { host: 'whole.example', path: '/anything?at=all', want: 3 },
    { host: 'whole.example', path: '', want: 3 },
    { host: '192.0.2.1', path: '/x/y', want: 4 },
    { host: '::ffff:192.0.2.1', path: '/x/y', want: 4 },
    { host: '2001:DB8:0::1', path: '/x', want: 5 },
    { host: '', path: '/x', want: -1 },
  ];
  for (const { host, path, want } of cases) {
    test(`${host} ${path}`, () => assert.equal(findUrl(table, host, path), want));
  }
});

suite('entries on one key', () => {
  /** Rules of indicators, because a feed's allow is an exception. */
  const built = (
    ...rules: readonly (Partial<Rule> & { kind?: EntryKind })[]
  ): { table: HostTable; duplicates: number } => {
    const builder = new TableBuilder();
    for (const { kind, ...change } of rules)
      builder.addHost('example.com', builder.addRule(rule({ source: 'indicator', ...change })), kind);
    return { table: opened(builder.build()), duplicates: builder.duplicates };
  };
  const cases = [
    { name: 'allow before all', rules: ['audit', 'block', 'warn', 'allow'], want: 3 },
    { name: 'warn before block', rules: ['block', 'warn', 'audit'], want: 1 },
    { name: 'block before audit', rules: ['audit', 'block'], want: 1 },
    { name: 'first added among equals', rules: ['audit', 'block', 'block'], want: 1 },
  ] as const;
  for (const { name, rules, want } of cases) {
    test(name, () => {
      const { table, duplicates } = built(...rules.map((action) => ({ action })));
      assert.deepEqual([find(table, 'example.com'), duplicates, table.hosts], [want, rules.length - 1, 1]);
    });
  }

  test('a winner that expires leaves the field to a longer-lived loser', () => {
    const { table } = built({ action: 'block' }, { action: 'allow', expiresAt: 100 }, { expiresAt: 50 });
    assert.deepEqual([find(table, 'example.com', 99), find(table, 'example.com', 100)], [1, 0]);
  });

  test('an exact winner does not take the sub-domains of a suffix loser', () => {
    const { table } = built({ action: 'block' }, { action: 'allow', kind: 'exact' });
    assert.deepEqual([find(table, 'example.com'), find(table, 'a.example.com')], [1, 0]);
  });

  test('every source is kept, and the surest one is named', () => {
    const { table } = built({ confidence: 30 }, {}, { confidence: 90 }, { action: 'audit', confidence: 100 });
    assert.equal(find(table, 'example.com'), 2);
    const name = bytes('a.example.com');
    const candidates = table.nameCandidates(name, 0, name.length, null);
    assert.deepEqual(
      candidates.map(({ ruleIndex }) => ruleIndex),
      [2, 0, 1, 3],
    );
  });

  test('a list of categories takes back what it says itself, whatever source its rules have', () => {
    const { table } = built(
      { source: 'category', action: 'audit', id: 'list' },
      { source: 'feed', action: 'allow', id: 'list' },
      { source: 'category', action: 'audit', id: 'other' },
    );
    assert.equal(find(table, 'example.com'), 2);
  });

  test('an exception is known before a surer allow of the same id answers', () => {
    const { table } = built({ action: 'allow', confidence: 100 }, { action: 'allow', source: 'feed' });
    assert.equal(find(table, 'example.com'), -1);
  });

  test('exceptions of any number of feeds hold, and for one question only', () => {
    const feeds = Array.from({ length: 100 }, (_, i) => ({ id: String(i), source: 'feed' as const }));
    const builder = new TableBuilder();
    for (const feed of feeds)
      builder.addHost('example.com', builder.addRule(rule({ ...feed, action: 'allow' })), 'exact');
    for (const feed of feeds) builder.addHost('example.com', builder.addRule(rule(feed)));
    const table = opened(builder.build());
    for (let round = 0; round < 3; round++) {
      assert.equal(find(table, 'example.com'), -1);
      assert.equal(find(table, 'a.example.com'), 100);
    }
  });

  test('100,000 entries on one key build quickly and leave one', () => {
    const builder = new TableBuilder();
    const indexes = (['block', 'audit', 'allow', 'warn'] as const).map((action) =>
      builder.addRule(rule({ action, source: 'indicator' })),
    );
    for (let i = 0; i < 100_000; i++) builder.addHost('example.com', indexes[i % 4] ?? 0);
    const table = opened(builder.build());
    assert.deepEqual([find(table, 'example.com'), table.hosts, builder.duplicates], [2, 1, 99_999]);
  });
});

test('300,000 names: all found, no other', () => {
  const builder = new TableBuilder();
  const index = builder.addRule(block);
  const count = 300_000;
  for (let i = 0; i < count; i++) builder.addHost(`n${i}.example`, index);
  const file = builder.build();
  const table = opened(file);
  assert.ok(file.length < 10.2 * count, `${file.length / count} bytes a name`);
  for (let i = 0; i < count; i++) if (find(table, `n${i}.example`) !== index) assert.fail(`n${i} is not found`);
  for (let i = count; i < 2 * count; i++) if (find(table, `n${i}.example`) !== -1) assert.fail(`n${i} is found`);
});

suite('rules', () => {
  const rules: Rule[] = [
    block,
    rule({
      action: 'allow',
      category: 'CustomAllowList',
      source: 'indicator',
      id: 'ä',
      title: '',
      generateAlert: false,
    }),
    rule({ action: 'warn', category: 'TechScam', expiresAt: 1_900_000_000_001, severity: 'Informational' }),
    rule({ action: 'audit', category: 'COCO', generateAlert: true, severity: 'High', title: '名前'.repeat(500) }),
    rule({ confidence: 0, port: 65_535, webCategory: 'Parked domains', source: 'category' }),
    rule({ confidence: 100, port: 1, scope: { uids: [[1000, 1999]], executables: ['/usr/bin/curl', 'wget'] } }),
    rule({ source: 'popular', action: 'allow', scope: { cgroups: ['/system.slice'], containers: ['web'] } }),
    rule({ scope: { uids: [[1000, 1999]], executables: ['/usr/bin/curl', 'wget'] } }),
    rule({ id: '\u{feff}mark', title: '\u{feff}', scope: {}, expiresAt: Number.MAX_VALUE }),
  ];
  const builder = new TableBuilder();
  for (const each of rules) builder.addRule(each);

  test('come back as they went in', () => {
    const table = opened(builder.build());
    assert.deepEqual(
      rules.map((_, i) => table.rule(i)),
      rules,
    );
    assert.deepEqual(table.scopeCriteria, { uids: true, executables: true, cgroups: true, containers: true });
    assert.equal(table.rule(2), table.rule(2));
    assert.throws(() => table.rule(rules.length), RangeError);
    assert.throws(() => table.rule(-1), RangeError);
  });

  test('a table of more rules than two bytes can count', () => {
    const many = new TableBuilder();
    for (let i = 0; i < 70_000; i++) many.addHost(`h${i}.example`, many.addRule(rule({ id: String(i) })));
    const table = opened(many.build());
    for (const i of [0, 1, 65_534, 65_535, 65_536, 69_999])
      assert.equal(table.rule(find(table, `a.h${i}.example`)).id, String(i));
  });

  test('the builder refuses what a caller should have refused', () => {
    const code = (run: () => void): string => {
      try {
        run();
      } catch (error) {
        if (error instanceof TableError) return error.code;
      }
      return 'accepted';
    };
    assert.equal(
      code(() => builder.addHost('a', 99)),
      'bad-rule-index',
    );
    const faults = [
      { action: 'drop' },
      { category: 'Nothing' },
      { source: 'rumour' },
      { severity: 'Odd' },
      { webCategory: 'Cats' },
      { expiresAt: Number.NaN },
      { expiresAt: Number.POSITIVE_INFINITY },
      { confidence: 101 },
      { confidence: 0.5 },
      { port: 0 },
      { port: 65_536 },
      { scope: { uids: [[0, Number.POSITIVE_INFINITY]] } },
      { scope: { users: ['root'] } },
    ];
    for (const fault of faults) {
      assert.equal(
        code(() => builder.addRule({ ...block, ...fault } as Rule)),
        'bad-rule',
        JSON.stringify(fault),
      );
    }
    for (const name of ['', 'A', 'a.', 'ä', 'a b', 'a'.repeat(254)])
      assert.equal(
        code(() => builder.addHost(name, 0)),
        'bad-name',
        name,
      );
    assert.equal(
      code(() => builder.addIp(new Uint8Array(5), 0)),
      'bad-address',
    );
    assert.equal(
      code(() => builder.addCidr(new Uint8Array(4), 33, 0)),
      'bad-prefix-length',
    );
    assert.equal(
      code(() => builder.addUrl('a', 'x'.repeat(2048), 0)),
      'path-too-long',
    );
    assert.equal(builder.entries, 0);
  });
});

suite('the file', () => {
  const builder = new TableBuilder({ hashKey: [1, 2] });
  const first = builder.addRule(rule({ id: 'one', severity: 'Low' }));
  const second = builder.addRule(rule({ action: 'allow', expiresAt: 5 }));
  builder.addHost('a.example', first);
  builder.addHost('b.example', second, 'exact');
  builder.addUrl('c.example', '/x', first);
  builder.addIp(Uint8Array.of(192, 0, 2, 1), first);
  builder.addCidr(new Uint8Array(16), 3, second);
  const file = builder.build();

  test('is the same for the same input', () => {
    const again = new TableBuilder({ hashKey: [1, 2] });
    again.addRule(rule({ id: 'one', severity: 'Low' }));
    again.addRule(rule({ action: 'allow', expiresAt: 5 }));
    again.addCidr(new Uint8Array(16), 3, second);
    again.addIp(Uint8Array.of(192, 0, 2, 1), first);
    again.addUrl('c.example', '/x', first);
    again.addHost('b.example', second, 'exact');
    again.addHost('a.example', first);
    assert.deepEqual(again.build(), file);
  });

  test('is made once', () => {
    const once = new TableBuilder();
    once.build();
    assert.throws(() => once.build(), /builds once/);
  });

  test('has counts', () => {
    const { hosts, ips, cidrs, urls, rules, byteLength } = opened(file);
    assert.deepEqual(
      { hosts, ips, cidrs, urls, rules, byteLength },
      { hosts: 2, ips: 1, cidrs: 1, urls: 1, rules: 2, byteLength: file.length },
    );
  });

  test('opens on shared memory, and at an odd offset', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(file.length + 16));
    for (const offset of [0, 8, 3]) {
      const view = shared.subarray(offset, offset + file.length);
      view.set(file);
      const table = opened(view);
      assert.equal(table.rule(find(table, 'x.a.example')).id, 'one');
      assert.equal(find(table, 'x.ä.example'), -1);
    }
  });

  test('an empty table answers nothing', () => {
    const table = opened(new TableBuilder().build());
    assert.equal(find(table, 'a.example'), -1);
    assert.equal(table.findAddress(new Uint8Array(4), when(0)), -1);
    assert.equal(findUrl(table, 'a', '/'), -1);
  });

  test('every flipped bit is refused', () => {
    const damaged = file.slice();
    const reasons = new Set<string>();
    for (let i = 0; i < file.length; i++) {
      for (let bit = 0; bit < 8; bit++) {
        damaged[i] = (file[i] ?? 0) ^ (1 << bit);
        const result = HostTable.open(damaged);
        assert.equal(result.kind, 'rejected', `byte ${i}, bit ${bit}`);
        if (result.kind === 'rejected') reasons.add(result.reason);
      }
      damaged[i] = file[i] ?? 0;
    }
    assert.deepEqual([...reasons].sort(), [
      'not-a-table',
      'truncated',
      'unsupported-version',
      'wrong-checksum',
      'wrong-length',
    ]);
  });

  test('every truncation and any tail is refused', () => {
    for (let length = 0; length < file.length; length++) {
      assert.partialDeepStrictEqual(HostTable.open(file.slice(0, length)), { kind: 'rejected', reason: 'truncated' });
    }
    const longer = new Uint8Array(file.length + 8);
    longer.set(file);
    assert.partialDeepStrictEqual(HostTable.open(longer), { kind: 'rejected', reason: 'wrong-length' });
  });

  test('a foreign version is named', () => {
    const foreign = file.slice();
    foreign[8] = 9;
    assert.deepEqual(HostTable.open(foreign), {
      kind: 'rejected',
      reason: 'unsupported-version',
      detail: 'format 9, this program reads 2',
    });
  });

  test('keys, networks and expiries that would mislead a look-up are refused', () => {
    const made = new TableBuilder({ hashKey: [1, 2] });
    const never = made.addRule(block);
    for (let i = 0; i < 20; i++) made.addHost(`n${i}.example`, never);
    for (let i = 0; i < 4; i++) made.addCidr(Uint8Array.of(10, i, 0, 0), 16, never);
    made.addCidr(Uint8Array.of(10, 0, 0, 0), 8, never);
    const good = made.build();
    const layout = layoutOf(readCounts(new Uint32Array(good.buffer, 0, HEADER_WORDS)));
    const swap =
      (at: number, size: number) =>
      (crafted: Uint8Array): void => {
        const before = crafted.slice(at, at + size);
        crafted.copyWithin(at, at + size, at + 2 * size);
        crafted.set(before, at + size);
      };
    // By slot: the home of its key, or -1.
    const words = new Uint32Array(good.buffer, layout.hosts, 128);
    const homes = Array.from({ length: 64 }, (_, i) =>
      words[2 * i + 1] === 0 ? -1 : ((words[2 * i + 1] ?? 0) & 0xffff) >> 5,
    );
    const slots = [...homes.keys()].slice(0, -1);
    const crowded = slots.find((i) => homes[i] === i && homes[i + 1] === i) ?? Number.NaN;
    const alone = slots.find((i) => homes[i] === i && homes[i + 1] === -1) ?? Number.NaN;
    const set = (at: number, value: number, size: 4 | 8) => (crafted: Uint8Array) => {
      const view = new DataView(crafted.buffer);
      if (size === 4) view.setUint32(at, value, true);
      else view.setFloat64(at, value, true);
    };
    const cases = [
      { name: 'unharmed', craft: () => undefined, want: null },
      { name: 'keys out of order', craft: swap(layout.hosts + 8 * crowded, 8), want: 'entries are out of order' },
      { name: 'a key behind a gap', craft: swap(layout.hosts + 8 * alone, 8), want: 'an entry is out of place' },
      { name: 'networks out of order', craft: swap(layout.v4.addresses + 8, 4), want: 'networks are out of order' },
      {
        name: 'a parent as narrow as its child',
        craft: set(layout.v4.parents + 12, 3, 4),
        want: 'a network lies in a narrower one',
      },
      {
        name: 'an expiry before all time',
        craft: set(layout.ruleExpiry, Number.NEGATIVE_INFINITY, 8),
        want: 'a rule has no expiry',
      },
      { name: 'no expiry', craft: set(layout.ruleExpiry, Number.NaN, 8), want: 'a rule has no expiry' },
    ];
    for (const { name, craft, want } of cases) {
      const crafted = good.slice();
      craft(crafted);
      new Uint32Array(crafted.buffer)[3] = crc32(crafted.subarray(16));
      const result = HostTable.open(crafted);
      assert.equal(result.kind === 'ok' ? null : result.detail, want, name);
    }
  });

  test('crafted content under a right checksum is refused or harmless', () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.nat(file.length / 4 - 1), fc.oneof(fc.nat(40), fc.nat(0xffffffff))), {
        minLength: 1,
        maxLength: 3,
      }),
      (edits) => {
        const crafted = file.slice();
        const words = new Uint32Array(crafted.buffer);
        for (const [at, value] of edits) if (at >= 4) words[at] = value;
        words[3] = crc32(crafted.subarray(16));
        const result = HostTable.open(crafted);
        if (result.kind !== 'ok') return;
        const table = result.value;
        for (const index of [
          find(table, 'x.a.example'),
          table.findAddress(Uint8Array.of(192, 0, 2, 1), when(0)),
          table.findAddress(new Uint8Array(16), when(0)),
          findUrl(table, 'c.example', '/x/y'),
        ]) {
          if (index !== -1) assert.equal(typeof table.rule(index).id, 'string');
        }
      },
    );
    fc.assert(property, { numRuns: 5000 });
  });
});

suite('table and oracle agree', () => {
  const scopes: readonly (Scope | undefined)[] = [
    undefined,
    undefined,
    { uids: [[1000, 1000]] },
    { executables: ['curl'] },
  ];
  const ruleShape = fc.record({
    action: fc.constantFrom('allow', 'warn', 'block', 'audit'),
    source: fc.constantFrom('indicator', 'feed'),
    id: fc.constantFrom('one', 'two', 'three'),
    expiresAt: fc.constantFrom(null, null, 100, 200),
    confidence: fc.constantFrom(undefined, 10, 90),
    port: fc.constantFrom(undefined, undefined, 443, 8443),
    scope: fc.constantFrom(...scopes),
  });
  // Few labels and many entries, so that most questions are about something that several entries cover.
  const name = fc
    .array(fc.constantFrom('a', '_x', 'xn--bcher-kva'), { minLength: 1, maxLength: 3 })
    .map((labels) => labels.join('.'));
  const kind = fc.constantFrom<EntryKind>('suffix', 'exact', 'subdomains');
  const address = fc
    .tuple(fc.constantFrom(4, 16), fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 16, maxLength: 16 }))
    .map(([length, list]) => Uint8Array.from(list).subarray(0, length));
  const path = fc
    .array(fc.constantFrom('/', '/a', '/b', '/.', '/..', '/%61', '/%2f', '?', '&a', 'a', '#'), { maxLength: 6 })
    .map((pieces) => `/${pieces.join('')}`);
  const pick = fc.nat(7);
  const entry: fc.Arbitrary<Entry> = fc.oneof(
    fc.record({ type: fc.constant('host' as const), name, kind, rule: pick }),
    fc.record({ type: fc.constant('url' as const), host: name, path, rule: pick }),
    fc.tuple(address, fc.nat(128), pick).map(([full, length, ruleIndex]): Entry => {
      const network = full.slice();
      const prefixLength = Math.min(length, network.length * 8);
      clearHostBits(network, prefixLength);
      return { type: 'cidr', bytes: network, prefixLength, rule: ruleIndex };
    }),
  );
  const subject: Subject = { uid: 1000, executable: '/usr/bin/curl', cgroup: null, container: null };
  const asked: fc.Arbitrary<Asked> = fc.record({
    nowMs: fc.constantFrom(0, 99, 100, 150, 199, 200, 1000),
    port: fc.constantFrom(0, 443, 8443, 1),
    subject: fc.constantFrom(null, subject, { ...subject, uid: 1001 }),
  });
  const input = fc.record({
    rules: fc.array(ruleShape, { minLength: 8, maxLength: 8 }),
    entries: fc.array(entry, { maxLength: 60, size: 'max' }),
    names: fc.array(name, { minLength: 5, maxLength: 20 }),
    addresses: fc.array(address, { minLength: 5, maxLength: 20 }),
    paths: fc.array(path, { minLength: 5, maxLength: 10 }),
    asked,
    hashKey: fc.tuple(fc.integer(), fc.integer()),
  });

  /** The same name as it may come off the wire. */
  const disguises = (canonical: string): string[] => [
    canonical,
    canonical.toUpperCase(),
    `${canonical}.`,
    canonical.replaceAll('xn--bcher-kva', 'Bücher'),
  ];

  test('on random lists and questions', () => {
    let questions = 0;
    let answers = 0;
    const property = fc.property(input, ({ rules, entries, names, addresses, paths, asked: asking, hashKey }) => {
      const full = rules.map(({ confidence, port, scope, ...shape }) =>
        rule({
          ...shape,
          ...(confidence !== undefined && { confidence }),
          ...(port !== undefined && { port }),
          ...(scope !== undefined && { scope }),
        }),
      );
      const builder = new TableBuilder({ hashKey });
      for (const each of full) builder.addRule(each);
      for (const each of entries) {
        if (each.type === 'host') builder.addHost(each.name, each.rule, each.kind);
        else if (each.type === 'url') builder.addUrl(each.host, each.path, each.rule);
        else builder.addCidr(each.bytes, each.prefixLength, each.rule);
      }
      const table = opened(builder.build());
      const oracle = new OracleTable(full, entries);
      const same = (
        what: string,
        ask: (of: ReputationTable) => number,
        list: (of: ReputationTable) => unknown,
      ): void => {
        questions++;
        const answer = (of: ReputationTable): unknown => {
          const index = ask(of);
          if (index >= 0) answers++;
          return index < 0 ? null : { index, ...of.last };
        };
        assert.deepEqual(answer(table), answer(oracle), what);
        assert.deepEqual(list(table), list(oracle), `${what}: candidates`);
      };
      for (const canonical of names) {
        for (const disguise of disguises(canonical)) {
          const wire = bytes(disguise);
          for (const target of [null, ...paths.map(bytes)]) {
            same(
              `${disguise} ${String(target)}`,
              (of) => of.findName(wire, 0, wire.length, target, asking),
              (of) => of.nameCandidates(wire, 0, wire.length, target),
            );
          }
        }
      }
      for (const each of addresses) {
        const forms = [each];
        if (each.length === 4) forms.push(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...each));
        for (const form of forms) {
          same(
            form.join('.'),
            (of) => of.findAddress(form, asking),
            (of) => of.addressCandidates(form),
          );
        }
      }
    });
    fc.assert(property, runs);
    assert.ok(questions > runs.numRuns && answers > questions / 4, `${answers} answers to ${questions} questions`);
  });

  test('on any bytes as a name: never throws, never reads outside', () => {
    const table = tableOf('a', 'b.a', ['xn--bcher-kva.a', 'subdomains']);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('.', 'a', 'b', ':', '1', 'ü', '[').map((text) => bytes(text)),
    );
    const property = fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(6), (pieces, pad) => {
      const wire = Buffer.concat(pieces);
      const framed = Buffer.concat([Buffer.alloc(pad, 0x61), wire, Buffer.alloc(pad, 0x2e)]);
      const index = table.findName(framed, pad, pad + wire.length, null, when(0));
      assert.equal(index, table.findName(wire, 0, wire.length, null, when(0)));
      const canonical = canonicalHost(wire.toString('utf8'));
      if (canonical.kind === 'ok') assert.equal(index, find(table, canonical.value));
    });
    fc.assert(property, { numRuns: 3000 });
  });
});
