import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';

import type { TableSlot } from '@sallyport/contract/gate-link';
import { TableBuilder } from '@sallyport/hosts/build';
import type { Rule } from '@sallyport/hosts/rule';
import { HostTable } from '@sallyport/hosts/table';

import { type LastApplied, StateDirectory } from '../src/state-directory.ts';
import { TableMemory } from '../src/tables/table-memory.ts';
import { type TableReader, TableSlots } from '../src/tables/table-slots.ts';

const RULE: Rule = { action: 'block', category: 'Malicious', id: '1', title: 'T', source: 'feed', expiresAt: null };
const NOTHING: LastApplied = { settings: null, tables: {}, previous: {} };

function tableOf(hosts: number, rule: Rule = RULE): Uint8Array {
  const builder = new TableBuilder();
  const index = builder.addRule(rule);
  for (let n = 0; n < hosts; n++) builder.addHost(`h${n}.example`, index);
  return builder.build();
}

let directory = '';
let slots: TableSlots;
/** What the queue worker was told, as `slot hosts`. */
let orders: string[] = [];

const reader: TableReader = {
  setTable(slot: TableSlot, bytes: Uint8Array): number {
    assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    return orders.push(`${slot} ${HostTable.view(bytes).hosts}`);
  },
  get lastObeyed(): number {
    return orders.length;
  },
};
const open = (): TableSlots => new TableSlots(new StateDirectory(directory), () => reader);
const write = (file: string, bytes: Uint8Array): void => writeFileSync(join(directory, 'agent', 'tables', file), bytes);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gate-tables-'));
  mkdirSync(join(directory, 'agent', 'tables'), { recursive: true });
  orders = [];
  slots = open();
});
afterEach(() => rmSync(directory, { recursive: true }));

suite('a new table', () => {
  test('comes into force, and is known by its file', async () => {
    write('r-1', tableOf(3));
    assert.equal(await slots.take({ slot: 'reputation', file: 'r-1' }), null);
    assert.deepEqual(orders, ['reputation 3']);
    assert.equal(slots.figures.reputation?.hosts, 3);
    assert.equal(slots.figures.indicators, null);
    assert.deepEqual(slots.files, { tables: { reputation: 'r-1' }, previous: {} });
    assert.deepEqual(Object.keys(slots.bytes), ['reputation']);
    assert.deepEqual(slots.problems, []);
  });

  test('large ones take a thread, one after another, and come into force all the same', async () => {
    const large = tableOf(100_000);
    write('r-1', large);
    assert.equal(await slots.take({ slot: 'reputation', file: 'r-1' }), null);
    write('r-2', Uint8Array.from(large).fill(0, 100_000));
    assert.match((await slots.take({ slot: 'reputation', file: 'r-2' })) ?? '', /r-2 does not verify: wrong-checksum/);
    write('r-3', tableOf(110_000));
    assert.equal(await slots.take({ slot: 'reputation', file: 'r-3' }), null);
    assert.deepEqual(orders, ['reputation 100000', 'reputation 110000']);
  });

  test('takes no memory for a file whose header does not fit it', async () => {
    class NoMemory extends TableMemory {
      override take(): Uint8Array {
        throw new Error('memory was taken');
      }
    }
    slots = new TableSlots(new StateDirectory(directory), () => reader, new NoMemory());
    write('sparse', tableOf(3));
    truncateSync(join(directory, 'agent', 'tables', 'sparse'), 900_000_000);
    write('words', Buffer.from('no table, but longer than the header of one. '.repeat(5)));
    write('short', new Uint8Array(5));
    assert.match((await slots.take({ slot: 'reputation', file: 'sparse' })) ?? '', /wrong-length/);
    assert.match((await slots.take({ slot: 'reputation', file: 'words' })) ?? '', /not-a-table/);
    assert.match((await slots.take({ slot: 'reputation', file: 'short' })) ?? '', /truncated/);
  });

  test('the file before the last is remembered', async () => {
    for (const n of [1, 2, 3]) {
      write(`r-${n}`, tableOf(n));
      assert.equal(await slots.take({ slot: 'reputation', file: `r-${n}` }), null);
    }
    assert.deepEqual(slots.files, { tables: { reputation: 'r-3' }, previous: { reputation: 'r-2' } });
    await slots.take({ slot: 'reputation', file: 'r-3' }); // again, as to every gate that is met
    assert.deepEqual(slots.files, { tables: { reputation: 'r-3' }, previous: { reputation: 'r-2' } });
  });

  test('a hundred swaps stay in two buffers, and the one in force is never written', async () => {
    write('r-1', tableOf(2000));
    write('r-2', tableOf(2001));
    const buffers = new Set<ArrayBufferLike | undefined>();
    for (let n = 0; n < 100; n++) {
      await slots.take({ slot: 'reputation', file: `r-${1 + (n % 2)}` });
      const bytes = slots.bytes.reputation;
      assert.equal(HostTable.open(bytes ?? new Uint8Array(0)).kind, 'ok');
      buffers.add(bytes?.buffer);
    }
    assert.equal(buffers.size, 2);
  });

  const damages: readonly { name: string; damage: () => void; want: RegExp }[] = [
    {
      name: 'cut short',
      damage: () => truncateSync(join(directory, 'agent', 'tables', 'r-2'), 100),
      want: /truncated/,
    },
    { name: 'empty', damage: () => write('r-2', new Uint8Array(0)), want: /truncated/ },
    { name: 'of another program', damage: () => write('r-2', new Uint8Array(5000)), want: /not-a-table/ },
    { name: 'missing', damage: () => rmSync(join(directory, 'agent', 'tables', 'r-2')), want: /ENOENT/ },
  ];
  for (const { name, damage, want } of damages) {
    test(`${name}: the table in force stays, and the reason is shown until a good one comes`, async () => {
      write('r-1', tableOf(1));
      write('r-2', tableOf(2));
      await slots.take({ slot: 'reputation', file: 'r-1' });
      damage();
      assert.match((await slots.take({ slot: 'reputation', file: 'r-2' })) ?? '', want);
      assert.deepEqual(orders, ['reputation 1']);
      assert.equal(slots.figures.reputation?.hosts, 1);
      assert.match(slots.problems.join(), want);
      assert.match(slots.problems.join(), /^the agent's new reputation table was refused, r-1 stays in force: /);
      assert.deepEqual(slots.files, { tables: { reputation: 'r-1' }, previous: {} });
      write('r-3', tableOf(3));
      await slots.take({ slot: 'reputation', file: 'r-3' });
      assert.deepEqual(slots.problems, []);
    });
  }
});

suite('a start', () => {
  const last: LastApplied = { settings: null, tables: { reputation: 'r-2' }, previous: { reputation: 'r-1' } };

  test('goes on with the last tables, and knows the ones before', async () => {
    write('r-1', tableOf(1));
    write('r-2', tableOf(2));
    await slots.restore(last);
    assert.deepEqual(orders, ['reputation 2']);
    assert.deepEqual(slots.problems, []);
    assert.deepEqual(slots.files, { tables: last.tables, previous: last.previous });
  });

  test('the last one is damaged: the one before is in force, and it is said why until a new one comes', async () => {
    write('r-1', tableOf(1));
    write('r-2', tableOf(2).fill(0, 64));
    await slots.restore(last);
    assert.deepEqual(orders, ['reputation 1']);
    assert.deepEqual(slots.files, { tables: { reputation: 'r-1' }, previous: {} });
    assert.match(
      slots.problems.join(),
      /^the last reputation table cannot be used: r-2 does not verify: .*; the one before it, r-1, is in force until/,
    );
    write('r-3', tableOf(3));
    await slots.take({ slot: 'reputation', file: 'r-3' });
    assert.deepEqual(slots.problems, []);
    assert.deepEqual(slots.files, { tables: { reputation: 'r-3' }, previous: { reputation: 'r-1' } });
  });

  test('both are damaged, or there is no other: no table, and both reasons', async () => {
    write('r-1', new Uint8Array(3));
    await slots.restore(last);
    assert.deepEqual(orders, []);
    assert.match(
      slots.problems.join(),
      /^no reputation table is in force until a new one comes: .*ENOENT.*; r-1 does not/,
    );
    const other = open();
    await other.restore({ ...last, previous: {} });
    assert.match(other.problems.join(), /; there is none before it$/);
  });

  test('the first one of all', async () => {
    await slots.restore(NOTHING);
    assert.deepEqual([orders, slots.problems], [[], []]);
  });
});
