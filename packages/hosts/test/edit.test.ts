import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { TableBuilder, type EntryKind } from '../src/build.ts';
import { TableEditor } from '../src/edit.ts';
import type { Asked } from '../src/reputation-table.ts';
import type { Rule } from '../src/rule.ts';
import { TableError } from '../src/table-error.ts';
import { HostTable } from '../src/table.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };
const ASKED: Asked = { nowMs: 0, port: 443, subject: null };
const rule = (id: string): Rule => ({
  action: 'block',
  category: 'Malicious',
  id,
  title: id,
  source: 'feed',
  expiresAt: null,
});

function opened(file: Uint8Array): HostTable {
  const table = HostTable.open(file);
  if (table.kind !== 'ok') assert.fail(table.detail);
  return table.value;
}

function edited(editor: TableEditor): Uint8Array {
  const result = editor.build();
  if (result.kind !== 'ok') assert.fail(result.detail);
  return result.bytes;
}

/** Ids of all rules that cover a name. */
function ids(table: HostTable, name: string, path: string | null = null): string[] {
  const wire = Buffer.from(name);
  const target = path === null ? null : Buffer.from(path);
  return table.nameCandidates(wire, 0, wire.length, target).map(({ ruleIndex }) => table.rule(ruleIndex).id);
}

const tableOf = (names: readonly string[]): Uint8Array => {
  const builder = new TableBuilder();
  const index = builder.addRule(rule('base'));
  for (const name of names) builder.addHost(name, index);
  return builder.build();
};

suite('TableEditor', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `n${i}.example`);

  test('an edit without a change gives the same bytes', () => {
    const file = tableOf(names);
    assert.deepEqual(edited(new TableEditor(file)), file);
  });

  test('added entries are found, removed ones are not, the others stay', () => {
    const editor = new TableEditor(tableOf(names));
    const base = editor.rule(rule('base'));
    const delta = editor.rule(rule('delta'));
    assert.equal(base, 0);
    for (let i = 0; i < 500; i++) editor.addHost(`new${i}.example`, delta);
    for (let i = 0; i < 500; i++) editor.removeHost(`n${i}.example`, base);
    editor.addHost('n4999.example', delta);
    editor.addUrl('n1.example', '/x', delta);
    editor.addCidr(Uint8Array.of(192, 0, 2, 0), 24, delta);
    const table = opened(edited(editor));
    assert.equal(table.hosts, 5000);
    for (let i = 0; i < 500; i++) {
      assert.deepEqual(ids(table, `new${i}.example`), ['delta']);
      assert.deepEqual(ids(table, `n${i}.example`), []);
    }
    for (let i = 500; i < 4999; i++) assert.deepEqual(ids(table, `a.n${i}.example`), ['base']);
    assert.deepEqual(ids(table, 'n4999.example'), ['base', 'delta']);
    assert.deepEqual(ids(table, 'n1.example', '/x/y'), ['delta']);
    assert.equal(table.findAddress(Uint8Array.of(192, 0, 2, 9), ASKED), delta);
  });

  test('taking back what was added gives the answers of before', () => {
    const file = tableOf(names);
    const editor = new TableEditor(file);
    const delta = editor.rule(rule('delta'));
    const all = names.slice(0, 800).map((name, i) => (i % 3 === 0 ? name : `x${name}`));
    for (const name of all) editor.addHost(name, delta);
    for (const name of all) editor.removeHost(name, delta);
    const table = opened(edited(editor));
    assert.equal(table.hosts, names.length);
    for (const name of names) assert.deepEqual(ids(table, name), ['base']);
  });

  test('says so when there is no room left, and the answer is no table', () => {
    const editor = new TableEditor(tableOf(names));
    const delta = editor.rule(rule('delta'));
    for (let i = 0; i < 1500; i++) editor.addHost(`new${i}.example`, delta);
    assert.equal(editor.build().kind, 'full');
  });

  test('a rule is known by its content, in whatever order its fields were written', () => {
    const editor = new TableEditor(tableOf(['a.example']));
    const base = editor.rule({
      expiresAt: null,
      title: 'base',
      source: 'feed',
      id: 'base',
      category: 'Malicious',
      action: 'block',
    });
    editor.removeHost('a.example', base);
    const table = opened(edited(editor));
    assert.deepEqual([table.hosts, table.rules], [0, 1]);
  });

  test('many changes of one entry leave one set, and of two changes the later one counts', () => {
    const file = tableOf(['a.example']);
    const editor = new TableEditor(file);
    const delta = Array.from({ length: 1000 }, (_, i) => editor.rule(rule(`delta${i}`)));
    for (const index of delta) editor.addHost('a.example', index);
    editor.removeHost('a.example', delta[7] ?? 0);
    const bytes = edited(editor);
    const table = opened(bytes);
    assert.equal(ids(table, 'a.example').length, 1000);
    assert.equal(ids(table, 'a.example').includes('delta7'), false);
    assert.ok(bytes.length < file.length + 60 * delta.length, `${bytes.length} bytes`);
  });

  test('the order of the changes does not show', () => {
    const made = (order: 1 | -1): Uint8Array => {
      const editor = new TableEditor(tableOf(names));
      const rules = [editor.rule(rule('x')), editor.rule(rule('y'))];
      const steps = Array.from({ length: 500 }, (_, i) => () => {
        editor.addHost(`new${i % 200}.example`, rules[i & 1] ?? 0);
        editor.removeHost(`n${i}.example`, 0);
        editor.addUrl('n.example', `/${i}`.slice(0, 2), rules[i & 1] ?? 0);
      });
      for (const step of order === 1 ? steps : steps.toReversed()) step();
      return edited(editor);
    };
    assert.deepEqual(made(1), made(-1));
  });

  test('a full table takes as many as go', () => {
    const table = new TableEditor(tableOf([]));
    const first = table.rule(rule('base'));
    for (let i = 0; i < 57; i++) table.addHost(`a${i}.example`, first);
    const full = new TableEditor(edited(table));
    for (let i = 0; i < 57; i++) {
      full.addHost(`b${i}.example`, first);
      full.removeHost(`a${i}.example`, first);
    }
    const swapped = opened(edited(full));
    assert.equal(swapped.hosts, 57);
    for (let i = 0; i < 57; i++) assert.deepEqual(ids(swapped, `b${i}.example`), ['base']);
  });

  test('the last entries can go, and others come', () => {
    const editor = new TableEditor(tableOf(['a.example']));
    editor.addCidr(Uint8Array.of(192, 0, 2, 0), 24, 0);
    editor.addUrl('a.example', '/x', 0);
    const second = new TableEditor(edited(editor));
    second.removeHost('a.example', 0);
    second.removeCidr(Uint8Array.of(192, 0, 2, 0), 24, 0);
    second.removeUrl('a.example', '/x', 0);
    const empty = edited(second);
    const { hosts, cidrs, urls } = opened(empty);
    assert.deepEqual([hosts, cidrs, urls], [0, 0, 0]);
    const third = new TableEditor(empty);
    third.addHost('b.example', 0);
    assert.deepEqual(ids(opened(edited(third)), 'b.example'), ['base']);
  });

  test('refuses what is no table', () => {
    assert.throws(() => new TableEditor(new Uint8Array(200)), TableError);
  });

  test('any sequence of edits answers like a table that was built so', () => {
    const name = fc.nat(30).map((i) => `n${i}.example`);
    const step = fc.record({
      add: fc.boolean(),
      name,
      rule: fc.nat(2),
      kind: fc.constantFrom<EntryKind>('suffix', 'exact', 'subdomains'),
    });
    const property = fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(step, { maxLength: 60 }),
      (base, steps) => {
        const rules = ['a', 'b', 'c'].map(rule);
        const entries = new Set<string>();
        const builder = new TableBuilder();
        for (const each of rules) builder.addRule(each);
        // Room for the edits: names that nobody asks about.
        for (let i = 0; i < 300; i++) builder.addHost(`room${i}.example`, 0);
        const key = (each: (typeof steps)[number]): string => `${each.name} ${each.rule} ${each.kind}`;
        for (const each of base) {
          builder.addHost(each.name, each.rule, each.kind);
          entries.add(key(each));
        }
        const editor = new TableEditor(builder.build());
        for (const each of steps) {
          // A suffix entry swallows the narrower ones of its rule, so narrower ones are taken out by their suffix.
          if (each.add) {
            editor.addHost(each.name, each.rule, each.kind);
            entries.add(key(each));
          } else {
            for (const kind of ['suffix', 'exact', 'subdomains'] as const) {
              editor.removeHost(each.name, each.rule, kind);
              entries.delete(key({ ...each, kind }));
            }
          }
        }
        const fresh = new TableBuilder();
        for (const each of rules) fresh.addRule(each);
        for (let i = 0; i < 300; i++) fresh.addHost(`room${i}.example`, 0);
        for (const entry of entries) {
          const [host = '', index, kind] = entry.split(' ');
          fresh.addHost(host, Number(index), kind as EntryKind);
        }
        const left = opened(edited(editor));
        const right = opened(fresh.build());
        assert.equal(left.hosts, right.hosts);
        for (let i = 0; i <= 30; i++) {
          for (const asked of [`n${i}.example`, `a.n${i}.example`])
            assert.deepEqual(ids(left, asked), ids(right, asked));
        }
      },
    );
    fc.assert(property, runs);
  });
});

suite('rules of an edited table', () => {
  const scoped = (id: string, uid: number): Rule => ({ ...rule(id), scope: { uids: [[uid, uid]] } });

  test('are found again by what they say, or come behind those that are there', () => {
    const builder = new TableBuilder();
    const present = [rule('a'), scoped('b', 1), { ...rule('a'), port: 443 }, rule('ü'), rule('')];
    for (const each of present) builder.addHost('n.example', builder.addRule(each));
    const editor = new TableEditor(builder.build());
    assert.deepEqual(
      present.map((each) => editor.rule(each)),
      [0, 1, 2, 3, 4],
    );
    const added = [scoped('b', 2), scoped('c', 3), { ...rule('a'), confidence: 7 }, rule('')];
    assert.deepEqual(
      added.map((each) => editor.rule(each)),
      [5, 6, 7, 4],
    );
    for (const each of added) editor.addHost('m.example', editor.rule(each));
    const table = opened(edited(editor));
    assert.equal(table.rules, 8);
    assert.deepEqual(
      Array.from({ length: 8 }, (_, i) => table.rule(i)),
      [...present, ...added.slice(0, 3)],
    );
    // A second edit reads what the first one wrote.
    const again = new TableEditor(edited(editor));
    assert.deepEqual(
      [...present, ...added].map((each) => again.rule(each)),
      [0, 1, 2, 3, 4, 5, 6, 7, 4],
    );
  });

  test('an exception takes back what a rule of the same id says, whichever of the two was there first', () => {
    const builder = new TableBuilder();
    builder.addHost('a.example', builder.addRule(rule('feed')));
    const editor = new TableEditor(builder.build());
    editor.addHost('b.a.example', editor.rule({ ...rule('feed'), action: 'allow' }));
    editor.addHost('c.a.example', editor.rule({ ...rule('other'), action: 'allow' }));
    const table = opened(edited(editor));
    const find = (name: string): number => table.findName(Buffer.from(name), 0, name.length, null, ASKED);
    assert.deepEqual([find('a.example'), find('b.a.example'), find('c.a.example')], [0, -1, 0]);
  });

  test('one of many rules, in slots of three words', () => {
    const builder = new TableBuilder();
    for (let i = 0; i < 70_000; i++) builder.addHost(`n${i}.example`, builder.addRule(rule(`id${i}`)));
    const editor = new TableEditor(builder.build());
    editor.removeHost('n69999.example', editor.rule(rule('id69999')));
    editor.addHost('new.example', editor.rule(rule('new')));
    const table = opened(edited(editor));
    assert.deepEqual(ids(table, 'new.example'), ['new']);
    assert.deepEqual(ids(table, 'n69999.example'), []);
    assert.deepEqual(ids(table, 'n31.example'), ['id31']);
  });
});
