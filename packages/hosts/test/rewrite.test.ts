import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { TableBuilder } from '../src/build.ts';
import { diffTables } from '../src/diff.ts';
import type { Asked } from '../src/reputation-table.ts';
import { rewriteRules } from '../src/rewrite.ts';
import type { Rule } from '../src/rule.ts';
import { TableError } from '../src/table-error.ts';
import { HostTable } from '../src/table.ts';

const ASKED: Asked = { nowMs: 0, port: 443, subject: { uid: 7, executable: null, cgroup: null, container: null } };
const rule = (id: string, change: Partial<Rule> = {}): Rule => ({
  action: 'audit',
  category: 'CustomPolicy',
  id,
  title: id,
  source: 'category',
  expiresAt: null,
  ...change,
});

const builder = new TableBuilder();
const games = builder.addRule(rule('games', { webCategory: 'Games' }));
const chat = builder.addRule(rule('chat', { webCategory: 'Chat' }));
for (let i = 0; i < 1000; i++) builder.addHost(`game${i}.example`, games);
for (let i = 900; i < 1900; i++) builder.addHost(`game${i}.example`, chat, 'exact');
builder.addCidr(Uint8Array.of(10, 0, 0, 0), 8, games);
builder.addUrl('portal.example', '/play', games);
const file = builder.build();

function answers(bytes: Uint8Array): (name: string) => string {
  const table = HostTable.open(bytes);
  if (table.kind !== 'ok') assert.fail(table.detail);
  return (name) => {
    const wire = Buffer.from(name);
    const index = table.value.findName(wire, 0, wire.length, null, ASKED);
    return index < 0 ? 'nothing' : `${table.value.rule(index).action} ${table.value.rule(index).id}`;
  };
}

suite('rewriteRules', () => {
  test('the same rules give the same bytes', () => {
    assert.deepEqual(
      rewriteRules(file, (each) => [each]),
      file,
    );
  });

  test('an action changes for all entries of a rule', () => {
    const ask = answers(rewriteRules(file, (each) => [{ ...each, action: each.id === 'chat' ? 'block' : 'audit' }]));
    assert.equal(ask('game1.example'), 'audit games');
    assert.equal(ask('game950.example'), 'block chat');
    assert.equal(ask('www.game950.example'), 'audit games');
    assert.equal(ask('game1500.example'), 'block chat');
  });

  test('a rule without a successor leaves its entries silent', () => {
    const ask = answers(rewriteRules(file, (each) => (each.id === 'games' ? [] : [each])));
    assert.equal(ask('game1.example'), 'nothing');
    assert.equal(ask('game950.example'), 'audit chat');
  });

  test('one rule becomes several, of which the strongest that applies answers', () => {
    const ask = answers(
      rewriteRules(file, (each) => [
        each,
        { ...each, action: 'block', id: 'other', scope: { uids: [[8, 9]] } },
        { ...each, action: 'warn', id: 'mine', scope: { uids: [[7, 7]] } },
      ]),
    );
    assert.equal(ask('game1.example'), 'warn mine');
  });

  test('addresses and URLs keep their entries', () => {
    const table = HostTable.open(rewriteRules(file, (each) => [{ ...each, id: 'new' }]));
    if (table.kind !== 'ok') assert.fail(table.detail);
    assert.equal(table.value.rule(table.value.findAddress(Uint8Array.of(10, 1, 1, 1), ASKED)).id, 'new');
    const host = Buffer.from('portal.example');
    assert.equal(table.value.rule(table.value.findName(host, 0, host.length, Buffer.from('/play/x'), ASKED)).id, 'new');
  });

  test('refuses what is no table', () => {
    assert.throws(() => rewriteRules(new Uint8Array(9), (each) => [each]), TableError);
  });
});

suite('diffTables', () => {
  /** Names from..to with a rule each of two feeds. */
  const table = (from: number, to: number, second: number, key: [number, number] = [1, 2]): Uint8Array => {
    const made = new TableBuilder({ hashKey: key });
    const a = made.addRule(rule('a'));
    const b = made.addRule(rule('b'));
    for (let i = from; i < to; i++) made.addHost(`n${i}.example`, i < second ? a : b);
    made.addCidr(Uint8Array.of(from & 255, 0, 0, 0), 8, a);
    return made.build();
  };

  const cases = [
    { name: 'nothing', a: table(0, 5000, 100), b: table(0, 5000, 100), want: [0, 0, 0, 5000] },
    { name: 'more', a: table(0, 5000, 100), b: table(0, 9000, 100), want: [4000, 0, 0, 5000] },
    { name: 'less', a: table(0, 9000, 100), b: table(0, 5000, 100), want: [0, 4000, 0, 5000] },
    { name: 'other rules', a: table(0, 5000, 100), b: table(0, 5000, 150), want: [0, 0, 50, 4950] },
    { name: 'all at once', a: table(0, 5000, 2000), b: table(1000, 9000, 2500), want: [4000, 1000, 500, 3500] },
    { name: 'from nothing', a: table(0, 0, 0), b: table(0, 70_000, 0), want: [70_000, 0, 0, 0] },
    { name: 'of very different sizes', a: table(0, 3, 0), b: table(0, 70_000, 0), want: [69_997, 0, 0, 3] },
    { name: 'to very different sizes', a: table(0, 70_000, 0), b: table(0, 3, 0), want: [0, 69_997, 0, 3] },
  ];
  for (const { name, a, b, want } of cases) {
    test(name, () => {
      const diff = diffTables(a, b);
      if (diff.kind !== 'ok') assert.fail(diff.detail);
      const { added, removed, changed, same } = diff.hosts;
      assert.deepEqual([added, removed, changed, same], want);
    });
  }

  test('names the rules, and counts networks', () => {
    const diff = diffTables(table(0, 5000, 100), table(1, 5000, 150));
    if (diff.kind !== 'ok') assert.fail(diff.detail);
    assert.deepEqual(diff.addresses, { added: 1, removed: 1, changed: 0, same: 0 });
    assert.deepEqual(
      diff.rules.map(({ rule: { id }, added, removed }) => [id, added, removed]),
      [
        ['a', 51, 2],
        ['b', 0, 50],
      ],
    );
  });

  test('entries for other names, and networks of both families in any order', () => {
    const a = rule('a');
    const made = (kind: 'suffix' | 'exact', networks: readonly (readonly [number, number])[]): Uint8Array => {
      const of = new TableBuilder();
      const index = of.addRule(a);
      of.addHost('n.example', index, kind);
      for (const [byte, length] of networks) {
        of.addCidr(Uint8Array.of(byte, 0, 0, 0), length, index);
        of.addCidr(Uint8Array.of(byte, ...new Uint8Array(15)), length, index);
      }
      return of.build();
    };
    const diff = diffTables(
      made('suffix', [
        [0, 0],
        [10, 8],
        [10, 16],
        [200, 8],
      ]),
      made('exact', [
        [10, 16],
        [0, 0],
        [10, 24],
        [99, 8],
        [255, 8],
      ]),
    );
    if (diff.kind !== 'ok') assert.fail(diff.detail);
    assert.deepEqual(diff.hosts, { added: 0, removed: 0, changed: 1, same: 0 });
    assert.deepEqual(diff.addresses, { added: 6, removed: 4, changed: 0, same: 4 });
    assert.deepEqual(diff.rules, [{ rule: a, added: 7, removed: 5 }]);
  });

  test('tables under different keys cannot be compared, and damaged ones are named', () => {
    const good = table(0, 9, 3);
    assert.partialDeepStrictEqual(diffTables(good, table(0, 9, 3, [3, 4])), { kind: 'rejected', which: 'both' });
    assert.partialDeepStrictEqual(diffTables(good.slice(9), good), { kind: 'rejected', which: 'first' });
    assert.partialDeepStrictEqual(diffTables(good, good.slice(0, -8)), { kind: 'rejected', which: 'second' });
  });
});
