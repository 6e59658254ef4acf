import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { Indicator } from '@sallyport/contract/indicator';
import { HostTable } from '@sallyport/hosts/table';
import { judge } from '@sallyport/policy/judge';

import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { type IndicatorDraft, readIndicator } from '../src/indicators/read-indicator.ts';
import { makeStateDirectory } from '../src/state/state-directory.ts';
import { runChild } from '../src/tables/child-program.ts';
import { CoalescedTask } from '../src/tables/coalesced-task.ts';
import { buildIndicatorTable } from '../src/tables/indicator-table.ts';
import { type HandOver, PublishedTables } from '../src/tables/published-tables.ts';
import { TableFiles } from '../src/tables/table-files.ts';
import { temporaryState } from './state-fixture.ts';

const NOW = Date.UTC(2026, 0, 1);

function indicator(value: string, action: string, id: string, expirationTime?: string): Indicator {
  const read = readIndicator(
    { indicatorValue: value, action, ...(expirationTime !== undefined && { expirationTime }) },
    NOW,
  );
  assert.equal(read.kind, 'ok');
  const draft: IndicatorDraft = read.value;
  return { id, creationTimeDateTimeUtc: '', lastUpdateTime: '', ...draft };
}

const EVERYWHERE = { group: '', users: { admin: 1000 } };

suite('buildIndicatorTable', () => {
  const opened = HostTable.open(
    buildIndicatorTable(
      [
        indicator('bad.example', 'Block', '1'),
        indicator('good.bad.example', 'Allowed', '2'),
        indicator('*.below.example', 'Block', '3'),
        indicator('198.51.100.0/24', 'Block', '4'),
        indicator('http://page.example/evil', 'Block', '5'),
        indicator('https://whole.example/', 'Block', '6'),
        indicator('soon.example', 'Block', '7', '2026-01-02T00:00:00Z'),
        indicator('seen.example', 'Audit', '8'),
        indicator('2001:db8::/32', 'Warn', '9'),
        indicator('exact:only.example', 'Block', '10'),
        indicator('ported.example:8443', 'Block', '11'),
        indicator('203.0.113.10-203.0.113.20', 'Block', '12'),
        { ...indicator('mine.example', 'Block', '13'), users: ['admin', '2000-2999'] },
        { ...indicator('nobody.example', 'Block', '14'), users: ['ghost'] },
        { ...indicator('elsewhere.example', 'Block', '15'), rbacGroups: ['servers'] },
        { ...indicator('tool.example', 'Block', '16'), executables: ['curl'] },
      ],
      [1, 2],
      EVERYWHERE,
    ).bytes,
  );
  assert.equal(opened.kind, 'ok');
  const table = opened.value;
  const asked = [
    { name: 'itself', host: 'bad.example', want: 'block 1' },
    { name: 'a sub-domain', host: 'a.b.bad.example', want: 'block 1' },
    { name: 'an exception', host: 'www.good.bad.example', want: 'pass 2' },
    { name: 'below a star', host: 'a.below.example', want: 'block 3' },
    { name: 'the name behind the star', host: 'below.example', want: 'pass' },
    { name: 'another host', host: 'fine.example', want: 'pass' },
    { name: 'an address', ip: [198, 51, 100, 9], want: 'block 4' },
    { name: 'an IPv6 address', ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], want: 'warn 9' },
    { name: 'a URL below', host: 'page.example', path: '/evil/x', want: 'block 5' },
    { name: 'a URL beside', host: 'page.example', path: '/fine', want: 'pass' },
    { name: 'TLS to the host of a URL', host: 'page.example', want: 'pass' },
    { name: 'TLS to the host of a URL without a path', host: 'whole.example', want: 'block 6' },
    { name: 'a sub-domain of a URL host', host: 'a.whole.example', want: 'pass' },
    { name: 'before expiry', host: 'soon.example', want: 'block 7' },
    { name: 'after expiry', host: 'soon.example', nowMs: NOW + 86_400_000, want: 'pass' },
    { name: 'audit', host: 'seen.example', want: 'audit 8' },
    { name: 'an exact name', host: 'only.example', want: 'block 10' },
    { name: 'below an exact name', host: 'www.only.example', want: 'pass' },
    { name: 'the port', host: 'ported.example', port: 8443, want: 'block 11' },
    { name: 'another port', host: 'ported.example', want: 'pass' },
    { name: 'the end of a range', ip: [203, 0, 113, 20], want: 'block 12' },
    { name: 'behind a range', ip: [203, 0, 113, 21], want: 'pass' },
    { name: 'a user by name', host: 'mine.example', uid: 1000, want: 'block 13' },
    { name: 'a user in a range', host: 'mine.example', uid: 2500, want: 'block 13' },
    { name: 'another user', host: 'mine.example', uid: 3000, want: 'pass' },
    { name: 'a user who is not known', host: 'nobody.example', uid: 0, want: 'pass' },
    { name: 'another device group', host: 'elsewhere.example', want: 'pass' },
    { name: 'a program', host: 'tool.example', uid: 1, want: 'block 16' },
    { name: 'a process that is not known', host: 'tool.example', want: 'pass' },
  ];
  for (const { name, host, path, ip, nowMs, port, uid, want } of asked) {
    test(name, () => {
      const names = host === undefined ? [] : [Buffer.from(host)];
      const url =
        host === undefined || path === undefined ? null : { host: Buffer.from(host), path: Buffer.from(path) };
      const subject = uid === undefined ? null : { uid, executable: '/usr/bin/curl', cgroup: null, container: null };
      const verdict = judge(
        { names, url, remoteIp: Uint8Array.from(ip ?? [192, 0, 2, 1]), remotePort: port ?? 443, subject },
        { indicators: table, reputation: null, categories: null, popular: null, score: null },
        { mode: 'block', convertWarnToBlock: false, lowReputation: 'off', exclusions: null },
        nowMs ?? NOW,
      );
      assert.equal([verdict.effect, ...(verdict.rule === null ? [] : [verdict.rule.id])].join(' '), want);
    });
  }
});

suite('CoalescedTask', () => {
  test('requests during a run share the next one, and never the one that had begun', async () => {
    const runs: PromiseWithResolvers<void>[] = [];
    const begun: (() => void)[] = [];
    const task = new CoalescedTask(() => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      begun.shift()?.();
      return run.promise;
    });
    const began = (): Promise<void> => new Promise((resolve) => begun.push(resolve));
    let isBegun = began();
    const first = task.request();
    await isBegun;
    const second = task.request();
    const third = task.request();
    assert.equal(second, third);
    assert.notEqual(first, second);
    isBegun = began();
    runs[0]?.resolve();
    await first;
    await isBegun;
    runs[1]?.reject(new Error('no'));
    await assert.rejects(second, /no/);
    await task.settled();
    assert.equal(runs.length, 2);
  });
});

suite('PublishedTables', () => {
  const { bytes } = buildIndicatorTable([], [1, 2], EVERYWHERE);
  const setUp = (handOver: HandOver) => {
    const state = temporaryState();
    makeStateDirectory(state.directory);
    const files = new TableFiles(state.directory);
    const list = (): string[] => readdirSync(state.directory.tables).sort();
    const write = (): string => files.write('indicators', bytes, { durable: false });
    return { state, files, list, write, tables: new PublishedTables(files, handOver) };
  };
  const accept: HandOver = ({ slot }) => Promise.resolve({ what: slot, ok: true, reason: '' });
  const refuse: HandOver = ({ slot }) => Promise.resolve({ what: slot, ok: false, reason: 'bad' });

  test('an accepted table leaves its predecessor, which the gate falls back on, and nothing older', async () => {
    const { state, list, write, tables } = setUp(accept);
    using _ = state;
    for (let count = 0; count < 4; count++) await tables.publish('indicators', write());
    assert.deepEqual(list(), ['indicators-3.tbl', 'indicators-4.tbl']);
    // Offered again to a gate that has been restarted: still the last two.
    assert.deepEqual(await tables.handOverAll(), {});
    assert.deepEqual(list(), ['indicators-3.tbl', 'indicators-4.tbl']);
  });

  test('the table of an earlier run stays behind its successor, what no gate ever took does not', async () => {
    const { state, list, write, tables } = setUp(accept);
    using _ = state;
    const [, last] = [write(), write(), write()];
    tables.adopt('indicators', last);
    await tables.publish('indicators', write());
    assert.deepEqual(list(), ['indicators-2.tbl', 'indicators-4.tbl']);
  });

  test('a damaged table of an earlier run: the one before it, which the gate uses meanwhile, stays instead', async () => {
    let handOver = refuse;
    const { state, list, write, tables } = setUp((table) => handOver(table));
    using _ = state;
    const [, last] = [write(), write()];
    tables.adopt('indicators', last);
    assert.deepEqual(await tables.handOverAll(), { indicators: 'bad' });
    handOver = accept;
    await tables.publish('indicators', write());
    assert.deepEqual(list(), ['indicators-1.tbl', 'indicators-3.tbl']);
  });

  test('a refused table goes, the one in force stays', async () => {
    let handOver = accept;
    const { state, list, write, tables } = setUp((table) => handOver(table));
    using _ = state;
    await tables.publish('indicators', write());
    handOver = refuse;
    assert.equal(await tables.publish('indicators', write()), 'bad');
    assert.equal(tables.current('indicators'), 'indicators-1.tbl');
    assert.deepEqual(list(), ['indicators-1.tbl']);
  });

  test('without a gate, what the gate was given last stays for its restart', async () => {
    let handOver: HandOver = accept;
    const { state, list, write, tables } = setUp((table) => handOver(table));
    using _ = state;
    await tables.publish('indicators', write());
    handOver = () => Promise.resolve(null);
    await tables.publish('indicators', write());
    await tables.publish('indicators', write());
    assert.deepEqual(list(), ['indicators-1.tbl', 'indicators-3.tbl']);
  });

  test('numbers go on after a restart, and half-written files are swept', () => {
    const { state, write } = setUp(accept);
    using _ = state;
    write();
    writeFileSync(join(state.directory.tables, 'reputation-9.tbl.part'), 'x');
    const again = new TableFiles(state.directory);
    assert.equal(again.next('indicators'), 'indicators-10.tbl');
    assert.equal(existsSync(join(state.directory.tables, 'reputation-9.tbl.part')), false);
  });
});

suite('child program', () => {
  test('holds every module of the feed reader, and none of the agent beside it', () => {
    const { sources, imports, entry } = feedReaderProgram();
    const files = Object.keys(sources).map((url) => url.split('/').slice(-2).join('/'));
    for (const file of ['tables/reputation-main.ts', 'feeds/read-feed.ts', 'src/build.ts', 'src/canonical.ts']) {
      assert.ok(files.includes(file), file);
    }
    for (const [url, resolved] of Object.entries(imports)) {
      for (const target of Object.values(resolved)) assert.ok(sources[target] !== undefined, `${url} -> ${target}`);
    }
    assert.ok(sources[entry] !== undefined);
    assert.ok(!files.some((file) => /journal|settings|core\//.test(file)));
  });

  test('a program that throws is an error with its message, and messages before it arrive', async () => {
    const entry = 'file:///program.ts';
    const source = `import { word } from './word.ts';
      export async function run(task: { n: number }, send: (m: unknown) => void) { send(task.n + word.length); throw new Error('no more'); }`;
    const program = {
      entry,
      sources: { [entry]: source, 'file:///word.ts': `export const word: string = 'four';` },
      formats: {},
      imports: { [entry]: { './word.ts': 'file:///word.ts' } },
    };
    const heard: unknown[] = [];
    await assert.rejects(
      runChild(program, { n: 3 }, (message) => heard.push(message)),
      /no more/,
    );
    assert.deepEqual(heard, [7]);
  });

  test('a program that says nothing for too long is ended', async () => {
    const entry = 'file:///program.ts';
    const source = `export async function run(task: unknown, send: (m: unknown) => void) {
      send('begun');
      await new Promise(() => setInterval(() => {}, 1000));
    }`;
    const program = { entry, sources: { [entry]: source }, formats: {}, imports: {} };
    await assert.rejects(
      runChild(program, null, () => {}, undefined, 700),
      /^Error: no sign of life for 1 s; it was ended$/,
    );
  });
});
