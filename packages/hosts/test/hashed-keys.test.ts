import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { EntrySets, memberOf } from '../src/entry-sets.ts';
import { HashedKeys, type SettledKeys } from '../src/hashed-keys.ts';
import { layOut, SlotTable } from '../src/slots.ts';
import { TableError } from '../src/table-error.ts';

type Key = readonly [hi: number, lo: number];

const sets = (): EntrySets => new EntrySets(() => 0);

const MEMBERS = [memberOf(0, 0), memberOf(1, 0)] as const;

function settled(keys: Iterable<Key>): SettledKeys {
  const hashed = new HashedKeys();
  for (const [hi, lo] of keys) hashed.push(hi, lo, MEMBERS[0]);
  return hashed.settle(sets());
}

function tableOf({ counts, keys }: SettledKeys): SlotTable {
  const words = new Int32Array(counts.slots * 2);
  layOut(keys, words, 2);
  const table = new SlotTable(words, 2, counts);
  assert.equal(table.fault(1), null);
  return table;
}

const mixed = (i: number): number => Math.imul(i, 0x9e37_79b1) >>> 0;

/** Hashes as no secret key gives them: all near each other. */
suite('crowded keys', () => {
  const cases = [
    { name: 'spread evenly', keys: Array.from({ length: 3000 }, (_, i): Key => [mixed(i), mixed(i + 7)]) },
    {
      name: 'too many for the homes that their number gives',
      keys: Array.from({ length: 3000 }, (_, i): Key => [0x4000_0000 + i * 500, mixed(i)]),
    },
    {
      name: 'at the end',
      keys: Array.from({ length: 900 }, (_, i): Key => [0xffff_ffff - i * 5000, mixed(i)]),
    },
    {
      name: 'with equal lower halves that only a finer position tells apart',
      keys: Array.from({ length: 3000 }, (_, i): Key => [0x4000_0000 + i * 2000, i >> 1]),
    },
    {
      name: 'negative, as a hash gives them',
      keys: Array.from({ length: 3000 }, (_, i): Key => [mixed(i) | 0, mixed(i + 7) | 0]),
    },
  ];
  for (const { name, keys } of cases) {
    test(`${name}: each is found`, () => {
      const table = tableOf(settled(keys));
      for (const [hi, lo] of keys) assert.equal(table.find(table.position(hi), lo | 0), 0, `${hi} ${lo}`);
    });
  }

  test('keys that no number of homes spreads are refused', () => {
    const keys = Array.from({ length: 2000 }, (_, i): Key => [7, mixed(i)]);
    assert.throws(
      () => settled(keys),
      (error) => error instanceof TableError && error.code === 'too-large',
    );
  });
});

/** What insertion sort would need hours for. */
suite('repeated keys', () => {
  const COUNT = 200_000;

  test('two keys at one position, each many times and with several rules', () => {
    const hashed = new HashedKeys();
    for (let i = 0; i < COUNT; i++) {
      hashed.push(1000, 9, MEMBERS[0]);
      hashed.push(1001, 3, MEMBERS[i & 1] ?? 0);
    }
    const made = sets();
    const { counts, keys } = hashed.settle(made);
    assert.equal(counts.entries, 2);
    assert.deepEqual(made.membersOf(keys.set(0)), MEMBERS);
    assert.deepEqual(made.membersOf(keys.set(1)), [MEMBERS[0]]);
  });

  test('the layout does not depend on order or repetition', () => {
    const keys = Array.from({ length: 5000 }, (_, i): Key => [mixed(i % 700), mixed(i % 900)]);
    const words = (from: readonly Key[]): Int32Array => {
      const { counts, keys: sorted } = settled(from);
      const slots = new Int32Array(counts.slots * 2);
      layOut(sorted, slots, 2);
      return slots;
    };
    assert.deepEqual(words(keys.toReversed()), words([...new Map(keys.map((key) => [key.join(), key])).values()]));
  });
});
