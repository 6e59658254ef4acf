/** Feeds from their copies to tables: the real store, the real child process, and a gate that is a function. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { FeedAdd } from '@sallyport/contract/control';
import type { Applied, TableHandOver } from '@sallyport/contract/gate-link';
import { HostTable } from '@sallyport/hosts/table';

import { FeedIntake } from '../src/core/feed-intake.ts';
import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { FeedSchedule } from '../src/core/feed-schedule.ts';
import { FeedSelection } from '../src/core/feed-selection.ts';
import type { CatalogueFeed } from '../src/feed-catalogue/catalogue-entry.ts';
import { FeedStore } from '../src/feed-store/feed-store.ts';
import { tarOf } from '../src/feeds/archives/tar-members.ts';
import { openDatabase } from '../src/state/database.ts';
import { Facts } from '../src/state/facts.ts';
import { makeStateDirectory } from '../src/state/state-directory.ts';
import { STATE_SCHEMA } from '../src/state/state-schema.ts';
import { PublishedTables } from '../src/tables/published-tables.ts';
import { ReputationCompiler } from '../src/tables/reputation-compiler.ts';
import { TableFiles } from '../src/tables/table-files.ts';
import { AT_MS, temporaryState, type TemporaryState } from './state-fixture.ts';

const program = feedReaderProgram();
const quiet = (): void => {};

/** The agent as far as feeds are concerned. A second one on the same state is the next start. */
function agentOn(state: TemporaryState, catalogue: readonly CatalogueFeed[] = []) {
  const { directory } = state;
  makeStateDirectory(directory);
  const database = openDatabase(directory, directory.stateDatabase, 'process', STATE_SCHEMA);
  const abort = new AbortController();
  const gate: { refusal: string | null; categories: string | null; taken: TableHandOver[] } = {
    refusal: null,
    categories: null,
    taken: [],
  };
  const settings = { blockConfidence: 50, protectedNames: [] as string[], defaults: true };
  const store = new FeedStore(database, directory);
  const files = new TableFiles(directory);
  const facts = new Facts(database);
  const tables = new PublishedTables(files, async (table): Promise<Applied> => {
    const reason = gate.refusal;
    if (reason === null) gate.taken.push(table);
    return { what: table.slot, ok: reason === null, reason: reason ?? '' };
  });
  const intake = new FeedIntake({
    directory,
    store,
    compiler: new ReputationCompiler(program, files, [1, 2], abort.signal),
    tables,
    facts,
    maxBytes: () => 10_000_000,
    blockConfidence: () => settings.blockConfidence,
    protectedNames: () => settings.protectedNames,
    onCategories: async () => gate.categories,
    removeTable: (file) => files.remove(file),
    now: () => AT_MS,
  });
  const schedule = new FeedSchedule({ store, intake, now: () => AT_MS, random: () => 0, onTrouble: quiet });
  const usesDefaults = (): boolean => settings.defaults;
  const selection = new FeedSelection({ catalogue, store, intake, facts, usesDefaults });
  const open = (file: string | null): HostTable => {
    const opened = HostTable.open(readFileSync(files.path(file ?? '')));
    assert.equal(opened.kind, 'ok');
    return opened.value;
  };
  const ask = (table: HostTable, name: string, port = 443): string => {
    const bytes = Buffer.from(name);
    const found = table.findName(bytes, 0, bytes.length, null, { nowMs: AT_MS, port, subject: null });
    if (found < 0) return 'nothing';
    const rule = table.rule(found);
    return [rule.action, rule.webCategory ?? rule.category, rule.id].join(' ');
  };
  return {
    intake,
    store,
    schedule,
    selection,
    settings,
    gate,
    abort,
    reputation: (name: string, port?: number) => ask(open(tables.current('reputation')), name, port),
    category: (name: string) => ask(open(intake.categoryBase), name),
    popular: (name: string) => ask(open(tables.current('popular')), name),
    add: (location: string, text: string, more: Partial<FeedAdd> = {}) =>
      intake.add({ location, format: 'domains', category: 'malicious', ...more }, textOf(text), quiet),
    refresh: (id: string, text: string) => intake.refresh(id, textOf(text), quiet),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await schedule.stop();
      await intake.settled();
      database.close();
    },
  };
}

const textOf = (text: string): AsyncIterable<Uint8Array> => new Blob([text]).stream();
const names = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `n${i + from}.example\n`).join('');

suite('what a feed becomes', () => {
  test('exceptions act within their own feed, ports count, unsure entries are recorded', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    await agent.add('/a', '||bad.example^\n@@||good.bad.example^\n', { format: 'adblock', category: 'phishing' });
    await agent.add('/b', 'good.bad.example\nported.example:8443\n', { confidence: 80 });
    const unsure = await agent.add('/c', 'unsure.example\n', { confidence: 40 });
    assert.equal(agent.reputation('www.bad.example'), 'block Phishing 1');
    assert.equal(agent.reputation('good.bad.example'), 'block Malicious 2');
    assert.equal(agent.reputation('ported.example', 8443), 'block Malicious 2');
    assert.equal(agent.reputation('ported.example', 443), 'nothing');
    assert.equal(agent.reputation('unsure.example'), 'audit Malicious 3');
    assert.equal(agent.intake.report(unsure.id).audited, 1);
    assert.equal(agent.intake.report('2').portQualified, 1);
    agent.settings.blockConfidence = 30;
    assert.equal(agent.intake.isCurrent, false);
    await agent.intake.recompile(quiet);
    assert.equal(agent.reputation('unsure.example'), 'block Malicious 3');
    assert.equal(agent.intake.isCurrent, true);
  });

  test('web categories are a table of their own, and popular names another', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    const feed = await agent.add('/casino', 'casino.example\nbets.example\n', { category: 'gambling' });
    assert.equal(feed.category, 'Gambling');
    assert.equal(agent.category('www.casino.example'), 'audit Gambling 1');
    assert.equal(agent.reputation('casino.example'), 'nothing');
    assert.deepEqual(agent.intake.report('1').webCategories, { Gambling: 2 });
    assert.match(agent.popular('google.com'), /^allow/);
    assert.equal(agent.popular('n1.example'), 'nothing');
  });

  test('duplicates: its own, and what other feeds said before', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    await agent.add('/a', names(10));
    const second = await agent.add('/b', `${names(6, 5)}n5.example\n`);
    assert.deepEqual(second.duplicates, { own: 1, others: 5 });
    assert.equal(agent.intake.report('2').added, 6);
    // The first goes: then nothing is known from elsewhere any more.
    await agent.intake.setEnabled('1', false, quiet);
    assert.deepEqual(agent.intake.report('2').feed.duplicates, { own: 1, others: 0 });
    assert.equal(agent.reputation('n1.example'), 'nothing');
    await agent.intake.setEnabled('1', true, quiet);
    assert.equal(agent.reputation('n1.example'), 'block Malicious 1');
  });

  test('what a feed says over and over is one entry, but for what it says differently', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    const list = 'a.example:8443\n192.1.3.7\n192.1.3.0/24\nhttp://b.example/x\n';
    const added = await agent.add('/a', `${list.repeat(5)}a.example\n${list}`);
    assert.deepEqual(added.entries, { hosts: 7, ips: 6, cidrs: 6, urls: 6 });
    assert.equal(added.duplicates.own, 21);
    assert.equal(agent.reputation('a.example', 8443), 'block Malicious 1');
    assert.equal(agent.reputation('a.example', 443), 'block Malicious 1');
    await agent.refresh('1', list.repeat(5));
    assert.equal(agent.reputation('a.example', 443), 'nothing');
  });

  test('an archive is one feed', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    const folder = join(state.root, 'lists');
    for (const name of ['gambling', 'chat']) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'domains'), `${name}.example\n`);
    }
    const feed = { location: folder, format: 'ut1', category: 'malicious' };
    await agent.intake.add(feed, tarOf(folder), quiet);
    assert.equal(agent.category('gambling.example'), 'audit Gambling 1');
    assert.equal(agent.intake.report('1').members.read, 2);
  });
});

suite('guard rails', () => {
  const cases = [
    { name: 'more than half is gone', before: 100, after: 49, want: /lost more than half/ },
    { name: 'half is gone', before: 100, after: 50, want: null },
    { name: 'ten times as much', before: 10, after: 100, want: /grew tenfold/ },
    { name: 'nine times as much', before: 10, after: 90, want: null },
  ];
  for (const { name, before, after, want } of cases) {
    test(`${name}: ${want === null ? 'taken' : 'held back until approved'}`, async () => {
      using state = temporaryState();
      await using agent = agentOn(state);
      await agent.add('/a', names(before));
      const refreshed = await agent.refresh('1', names(after, 1000));
      const isNew = (): boolean => agent.reputation('n1000.example') !== 'nothing';
      assert.equal(isNew(), want === null);
      if (want === null) return;
      assert.match(refreshed.problem ?? '', want);
      assert.equal(refreshed.pending?.entries, after);
      assert.equal(refreshed.entries.hosts, before);
      assert.equal(agent.reputation('n1.example'), 'block Malicious 1');
      assert.equal(readdirSync(state.directory.feeds).length, 2);
      const approved = await agent.intake.approve('1', [], quiet);
      assert.deepEqual([approved.pending, approved.problem, approved.entries.hosts], [null, null, after]);
      assert.equal(isNew(), true);
      assert.equal(readdirSync(state.directory.feeds).length, 1);
      await assert.rejects(agent.intake.approve('1', [], quiet), /nothing of it is held back/);
    });
  }

  test('entries are held back one by one, the rest is used, and approvals last until the feed goes', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    agent.settings.protectedNames = ['portal.own.example'];
    const list = 'google.com\nco.uk\nportal.own.example\n239.1.0.0/16\nbad.example\n';
    const feed = await agent.add('/a', list);
    assert.deepEqual([feed.held, feed.entries.hosts, feed.problem], [4, 1, null]);
    assert.deepEqual(
      agent.intake.report('1').held.map(({ entry, reason }) => `${entry} ${reason}`),
      [
        'portal.own.example protected-name',
        '239.1.0.0/16 local-network',
        'co.uk public-suffix',
        'google.com popular-host',
      ],
    );
    assert.equal(agent.reputation('www.google.com'), 'nothing');
    assert.equal(agent.reputation('bad.example'), 'block Malicious 1');
    await assert.rejects(agent.intake.approve('1', ['fine.example'], quiet), /fine\.example is not held back/);
    await agent.intake.approve('1', ['Google.com'], quiet);
    assert.equal(agent.reputation('www.google.com'), 'block Malicious 1');
    assert.equal((await agent.refresh('1', list)).held, 3);
    await agent.intake.approve('1', ['*'], quiet);
    assert.deepEqual(agent.intake.report('1').approved, ['*']);
    assert.equal(agent.intake.find('1').view.held, 0);
    await agent.intake.remove('1');
    assert.equal((await agent.add('/a', list)).held, 4);
  });
});

suite('feeds from servers', () => {
  async function serve(state: { body: string; requests: string[] }) {
    const server = createServer((request, response) => {
      state.requests.push(`${request.url} ${request.headers['if-none-match'] ?? '-'}`);
      const etag = `"${state.body.length}"`;
      if (state.body === '') response.writeHead(503).end();
      else if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag }).end(state.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => server.close() };
  }
  const entry = (id: string, url: string): CatalogueFeed => ({
    id,
    name: id,
    url,
    homepage: url,
    purpose: 'threats',
    licence: 'CC0-1.0',
    use: 'any',
    format: 'detect',
    category: 'c2',
    intervalHours: 6,
    description: '',
  });

  test('defaults come with the schedule, are not read twice, and go when they are not wanted', async () => {
    using state = temporaryState();
    const served = { body: names(20), requests: [] as string[] };
    using server = await serve(served);
    const catalogue = [
      entry('one', `${server.url}/one`),
      { ...entry('two', `${server.url}/two`), use: 'non-commercial' } as const,
    ];
    await using agent = agentOn(state, catalogue);
    assert.match((await agent.selection.applyDefaults()).join('\n'), /free for any use: one\n.*feed disable/);
    assert.equal(agent.intake.find('one').view.refreshedMs, null);
    await agent.schedule.runDue();
    assert.equal(agent.reputation('n7.example'), 'block C2 1');
    assert.deepEqual(served.requests, ['/one -']);
    const compiled = agent.gate.taken.length;
    const again = agent.intake.find('one');
    agent.store.put({ ...again, view: { ...again.view, nextMs: AT_MS } });
    const round = await agent.schedule.runDue();
    assert.deepEqual(round.unchanged, ['one']);
    assert.equal(served.requests.at(-1), '/one "230"');
    assert.equal(agent.gate.taken.length, compiled);
    assert.deepEqual(
      agent.selection.catalogue().map(({ id, state: is }) => [id, is]),
      [
        ['one', 'on'],
        ['two', 'available'],
      ],
    );
    agent.settings.defaults = false;
    await agent.selection.applyDefaults();
    assert.equal(agent.reputation('n7.example'), 'nothing');
    assert.deepEqual(agent.store.all(), []);
    // Chosen, it stays, whatever the setting; removed, it does not come back by itself.
    await agent.selection.enable('one', quiet);
    await agent.selection.applyDefaults();
    assert.equal(agent.store.all().length, 1);
    await agent.selection.remove('one');
    agent.settings.defaults = true;
    await agent.selection.applyDefaults();
    assert.deepEqual(agent.store.all(), []);
    await assert.rejects(agent.selection.enable('oen', quiet), /oen: no such feed; did you mean one/);
  });

  test('a server that fails or sends something else leaves what was there in force', async () => {
    using state = temporaryState();
    const served = { body: names(20), requests: [] as string[] };
    using server = await serve(served);
    await using agent = agentOn(state);
    const feed = { location: `${server.url}/x`, format: 'detect', category: 'c2' };
    await agent.intake.add(feed, undefined, quiet);
    for (const [body, problem] of [
      ['', /503/],
      ['<html><body>moved</body></html>', /HTML/],
      [names(3), /lost more than half/],
    ] as const) {
      served.body = body;
      const due = agent.intake.find('1');
      agent.store.put({ ...due, view: { ...due.view, nextMs: AT_MS } });
      await agent.schedule.runDue();
      assert.match(agent.intake.find('1').view.problem ?? '', problem);
      assert.equal(agent.reputation('n7.example'), 'block C2 1');
    }
    assert.equal(readdirSync(state.directory.feeds).length, 2);
  });
});

suite('crashes', () => {
  const tablesOf = (state: TemporaryState): string[] => readdirSync(state.directory.tables).sort();

  /** When in a refresh the reader is ended. */
  const moments = [/lines|reading/, /compiling/, /entries, /];
  for (const moment of moments) {
    test(`the reader is killed at ${String(moment)}: the last good table stays, and the next start uses it`, async () => {
      using state = temporaryState();
      {
        await using agent = agentOn(state);
        await agent.add('/a', names(30));
        const before = tablesOf(state);
        // Large enough for a progress line while reading.
        const large = names(400_000, 100);
        const killed = agent.intake.add(
          { location: '/b', format: 'domains', category: 'c2' },
          textOf(large),
          (line) => {
            if (moment.test(line)) agent.abort.abort();
          },
        );
        await assert.rejects(killed, /being stopped/);
        assert.deepEqual(tablesOf(state), before);
      }
      await using next = agentOn(state);
      assert.equal(next.intake.adoptLast(), true);
      assert.equal(next.reputation('n7.example'), 'block Malicious 1');
      assert.equal(
        tablesOf(state).some((file) => file.endsWith('.part')),
        false,
      );
    });
  }

  test('what a crash left half-written is swept, and copies that nobody names', async () => {
    using state = temporaryState();
    {
      await using agent = agentOn(state);
      await agent.add('/a', names(3));
    }
    writeFileSync(join(state.directory.tables, 'reputation-99.tbl.part'), 'x');
    writeFileSync(join(state.directory.feeds, '1-123-4'), 'half of a li');
    writeFileSync(join(state.directory.tables, 'categorybase-98.tbl'), 'never handed over');
    await using next = agentOn(state);
    assert.equal(existsSync(join(state.directory.tables, 'reputation-99.tbl.part')), false);
    assert.equal(readdirSync(state.directory.feeds).length, 1);
    assert.equal(next.intake.adoptLast(), true);
    assert.deepEqual(tablesOf(state), ['categorybase-2.tbl', 'popular-3.tbl', 'reputation-1.tbl']);
  });

  test('after the tables were handed over and before they were remembered: they are compiled again', async () => {
    using state = temporaryState();
    {
      await using agent = agentOn(state);
      await agent.add('/a', names(3));
      const feed = agent.intake.find('1');
      agent.store.put({ ...feed, view: { ...feed.view, category: 'phishing' } });
    }
    await using next = agentOn(state);
    assert.equal(next.intake.adoptLast(), false);
    // Meanwhile the last good one answers.
    assert.equal(next.reputation('n1.example'), 'block Malicious 1');
    await next.intake.recompile(quiet);
    assert.equal(next.reputation('n1.example'), 'block Phishing 1');
  });

  test('a table that is gone is compiled again; a copy that is damaged takes only its own feed with it', async () => {
    using state = temporaryState();
    {
      await using agent = agentOn(state);
      await agent.add('/a', names(3));
      await agent.add('/b', names(3, 100));
      for (const file of tablesOf(state))
        if (file.startsWith('reputation')) truncateSync(join(state.directory.tables, file));
      const copy = agent.intake.find('2').content ?? '';
      writeFileSync(agent.store.path(copy), Buffer.from([0, 1, 2, 3]));
    }
    await using next = agentOn(state);
    await next.intake.recompile(quiet);
    assert.equal(next.reputation('n1.example'), 'block Malicious 1');
    assert.equal(next.reputation('n100.example'), 'nothing');
    assert.match(next.intake.find('2').view.problem ?? '', /stored copy cannot be used: .*NUL/);
  });

  test('a client that stops in the middle of a list does not keep the next one waiting', async (t) => {
    using state = temporaryState();
    await using agent = agentOn(state);
    const asked = Promise.withResolvers<void>();
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('bad.example\n');
      asked.resolve();
      await new Promise(() => {});
    }
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const first = agent.intake.add({ location: '/stalled', format: 'domains', category: 'c2' }, stalled(), quiet);
    await asked.promise;
    t.mock.timers.tick(60_000);
    await assert.rejects(first, /\/stalled: nothing of it came for 60 s/);
    t.mock.timers.reset();
    await agent.add('/a', names(3));
    assert.equal(agent.reputation('n1.example'), 'block Malicious 1');
    assert.equal(readdirSync(state.directory.feeds).length, 1);
  });

  test('a feed whose categories are not in force says so, and the next start compiles it again', async () => {
    using state = temporaryState();
    {
      await using agent = agentOn(state);
      agent.gate.categories = 'no room';
      await agent.add('/a', 'bad.example\n');
      assert.deepEqual(agent.intake.problems, ['the web categories of before are in force: no room']);
      assert.equal(agent.intake.isCurrent, false);
    }
    await using agent = agentOn(state);
    assert.equal(agent.intake.adoptLast(), false);
    await agent.intake.recompile(quiet);
    assert.deepEqual(agent.intake.problems, []);
    assert.equal(agent.intake.isCurrent, true);
  });

  test('what the schedule notes while a change is compiled stays', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    const { id } = await agent.add('/a', 'bad.example\ngoogle.com\n');
    let told = false;
    await agent.intake.approve(id, ['google.com'], () => {
      if (!told) agent.intake.noteProblem(id, 'the server is away');
      told = true;
    });
    const feed = agent.store.find(id);
    assert.deepEqual([told, feed?.approved, feed?.view.problem], [true, ['google.com'], 'the server is away']);
  });

  test('a gate that refuses leaves everything as it was', async () => {
    using state = temporaryState();
    await using agent = agentOn(state);
    await agent.add('/a', names(3));
    const before = tablesOf(state);
    agent.gate.refusal = 'bad checksum';
    await assert.rejects(agent.refresh('1', names(4, 50)), /the gate refused the new table: bad checksum/);
    await assert.rejects(agent.intake.setEnabled('1', false, quiet), /bad checksum/);
    agent.gate.refusal = null;
    assert.deepEqual(tablesOf(state), before);
    assert.equal(agent.intake.find('1').view.enabled, true);
    assert.equal(agent.reputation('n1.example'), 'block Malicious 1');
    assert.equal(agent.intake.adoptLast(), true);
  });
});
