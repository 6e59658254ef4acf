/** When servers are asked, and what becomes of answers: the real store, and servers that are functions. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { ControlError } from '@sallyport/contract/control-error';

import type { FetchedContent, Intake } from '../src/core/feed-intake.ts';
import { FeedSchedule, nextAfter, retryAfter } from '../src/core/feed-schedule.ts';
import { FeedStore } from '../src/feed-store/feed-store.ts';
import { EMPTY_VIEW, type StoredFeed } from '../src/feed-store/stored-feed.ts';
import { openDatabase } from '../src/state/database.ts';
import { makeStateDirectory } from '../src/state/state-directory.ts';
import { STATE_SCHEMA } from '../src/state/state-schema.ts';
import { NoNetworkError } from '../src/tables/no-network-error.ts';
import { AT_MS, temporaryState } from './state-fixture.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

type Answer = 'new' | 'same' | 'bad list' | Error;

function setUp(answers: Record<string, Answer>, feeds: Partial<StoredFeed['view']>[]) {
  const resources = new DisposableStack();
  const state = resources.use(temporaryState());
  makeStateDirectory(state.directory);
  const database = openDatabase(state.directory, state.directory.stateDatabase, 'process', STATE_SCHEMA);
  resources.defer(() => database.close());
  const store = new FeedStore(database, state.directory);
  const clock = { nowMs: AT_MS };
  for (const [index, view] of feeds.entries()) {
    const id = String(index + 1);
    store.put({
      view: {
        ...EMPTY_VIEW,
        id,
        location: `https://${id}.example/list`,
        format: 'domains',
        category: 'malicious',
        addedMs: AT_MS,
        intervalMs: 12 * HOUR,
        nextMs: AT_MS,
        ...view,
      },
      wantedFormat: 'detect',
      content: null,
      pending: null,
      validators: null,
      approved: [],
      failures: 0,
    });
  }
  const asked: string[] = [];
  const compilations: string[][] = [];
  const troubles: string[] = [];
  const schedule = new FeedSchedule({
    store,
    now: () => clock.nowMs,
    random: () => 0.5,
    onTrouble: (line) => troubles.push(line),
    intake: {
      async fetch({ view }): Promise<FetchedContent> {
        asked.push(view.id);
        const answer = answers[view.id] ?? 'same';
        if (answer instanceof Error) throw answer;
        if (answer === 'same') return { kind: 'not-modified' };
        return { kind: 'content', file: `copy-${view.id}`, validators: { etag: '"1"', lastModified: null } };
      },
      async takeFetched(fetched): Promise<ReadonlyMap<string, Intake>> {
        compilations.push([...fetched.keys()]);
        return new Map(
          [...fetched.keys()].flatMap((id): [string, Intake][] => {
            const feed = store.find(id);
            if (feed === null) return [];
            if (answers[id] === 'bad list')
              return [[id, { kind: 'refused', reason: `${feed.view.location}: no list` }]];
            const view = { ...feed.view, refreshedMs: clock.nowMs, problem: null };
            store.put({ ...feed, view, failures: 0 });
            return [[id, { kind: 'taken', view }]];
          }),
        );
      },
    },
  });
  return {
    store,
    schedule,
    clock,
    asked,
    compilations,
    troubles,
    view: (id: string) => store.find(id)?.view,
    [Symbol.dispose]: () => resources.dispose(),
  };
}

suite('feed schedule', () => {
  test('what is due is asked one after another, and compiled once', async () => {
    using at = setUp({ 1: 'new', 2: 'same', 3: 'new' }, [{}, {}, {}, { nextMs: AT_MS + 1 }, { enabled: false }]);
    const round = await at.schedule.runDue();
    assert.deepEqual(at.asked, ['1', '2', '3']);
    assert.deepEqual(at.compilations, [['1', '3']]);
    assert.deepEqual([round.taken.length, round.unchanged.length, round.failed.size], [2, 1, 0]);
    assert.deepEqual(at.troubles, []);
    for (const id of ['1', '2', '3']) assert.equal(at.view(id)?.nextMs, AT_MS + 11.4 * HOUR);
    assert.equal(at.view('2')?.checkedMs, AT_MS);
  });

  test('nothing changed: nothing is compiled', async () => {
    using at = setUp({}, [{}, {}]);
    await at.schedule.runDue();
    assert.deepEqual(at.compilations, []);
  });

  test('a failure is told once, backs off, and ends with the next success', async () => {
    const answers: Record<string, Answer> = {
      1: new ControlError('invalid', 'https://1.example/list: cannot be reached (ENOTFOUND)'),
      2: new ControlError('invalid', 'https://2.example/list: cannot be reached (ENOTFOUND)'),
      3: 'new',
    };
    using at = setUp(answers, [{}, {}, {}]);
    await at.schedule.runDue();
    assert.deepEqual(at.troubles, [
      '2 feeds could not be read, what they held before stays in force: https://1.example/list, https://2.example/list (cannot be reached (ENOTFOUND))',
    ]);
    assert.match(at.view('1')?.problem ?? '', /ENOTFOUND/);
    assert.deepEqual(at.compilations, [['3']]);
    const waits: number[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const nextMs = at.view('1')?.nextMs ?? 0;
      waits.push(Math.round((nextMs - at.clock.nowMs) / MINUTE / 0.95));
      at.clock.nowMs = nextMs;
      await at.schedule.runDue();
    }
    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 320, 640, 720, 720]);
    answers['1'] = 'same';
    at.clock.nowMs = at.view('1')?.nextMs ?? 0;
    await at.schedule.runDue();
    assert.equal(at.view('1')?.problem, null);
    assert.equal(at.store.find('1')?.failures, 0);
  });

  test('content that is refused counts as a failure of that feed alone', async () => {
    using at = setUp({ 1: 'bad list', 2: 'new' }, [{}, { name: 'Good' }]);
    const round = await at.schedule.runDue();
    assert.deepEqual([...round.failed], [['no list', ['https://1.example/list']]]);
    assert.deepEqual(round.taken, ['Good']);
    assert.equal(at.view('1')?.nextMs, AT_MS + retryAfter(0, 12 * HOUR, 0.5));
  });

  test('no network: told once after three servers, the rest is not asked, and the next round asks one', async () => {
    const lost = new NoNetworkError('https://x.example/list: its name cannot be resolved (ENOTFOUND)');
    const answers: Record<string, Answer> = { 1: lost, 2: lost, 3: lost, 4: lost, 5: lost };
    using at = setUp(answers, [
      {},
      { location: 'https://1.example/second' },
      { location: 'https://3.example/list' },
      {},
      { name: 'Last' },
    ]);
    const round = await at.schedule.runDue();
    assert.deepEqual(at.asked, ['1', '3', '4'], 'a server that cannot be met is asked once');
    assert.deepEqual(round.skipped, ['Last']);
    assert.deepEqual(at.troubles, [
      'no network: 5 feeds could not be read, what they held before stays in force: ' +
        'https://1.example/list, https://1.example/second, https://3.example/list, https://4.example/list ' +
        '(its name cannot be resolved (ENOTFOUND)); Last (not asked: no server can be reached)',
    ]);
    assert.equal(at.view('5')?.problem, 'there is no network; asked again in some minutes');
    for (const id of ['1', '2', '3', '4', '5']) assert.equal(at.view(id)?.nextMs, AT_MS + 5 * MINUTE);

    at.clock.nowMs += 5 * MINUTE;
    await at.schedule.runDue();
    assert.deepEqual(at.asked.slice(3), ['5'], 'the one that failed least');
    at.clock.nowMs += 5 * MINUTE;
    for (const id of ['1', '2', '3', '4', '5']) answers[id] = 'same';
    const back = await at.schedule.runDue();
    assert.deepEqual([back.unchanged.length, back.skipped, at.troubles.length], [5, [], 1]);
    assert.equal(at.view('5')?.problem, null);
  });

  test('three dead servers do not keep a good one out of force for long', async () => {
    const dead = new NoNetworkError('https://x.example/list: its name cannot be resolved (ENOTFOUND)');
    using at = setUp({ 1: dead, 2: dead, 3: dead, 4: 'new' }, [{}, {}, {}, {}]);
    assert.deepEqual((await at.schedule.runDue()).taken, []);
    at.clock.nowMs += 5 * MINUTE;
    const round = await at.schedule.runDue();
    assert.deepEqual(at.asked.slice(3), ['4', '1', '2', '3']);
    assert.deepEqual(round.taken, ['https://4.example/list']);
    assert.match(at.troubles[1] ?? '', /^3 feeds could not be read/);
  });

  test('a feed that was removed while its server answered is let go', async () => {
    using at = setUp({ 1: 'new' }, [{}]);
    const running = at.schedule.runDue();
    const feed = at.store.find('1');
    if (feed !== null) at.store.remove(feed);
    await running;
    assert.equal(at.store.find('1'), null);
  });

  test('a tick begins a round only when something is due, and never two', async () => {
    using at = setUp({ 1: 'new' }, [{ nextMs: AT_MS + 1000 }]);
    at.schedule.tick();
    assert.deepEqual(at.asked, []);
    at.clock.nowMs += 1000;
    at.schedule.tick();
    at.schedule.tick();
    await at.schedule.runDue();
    assert.deepEqual(at.asked, ['1']);
    await at.schedule.stop();
    at.clock.nowMs += 24 * HOUR;
    at.schedule.tick();
    assert.deepEqual(at.asked, ['1']);
  });

  test('jitter is never more than a tenth, and never late', () => {
    assert.deepEqual(
      [0, 0.5, 1].map((random) => nextAfter(1000, random)),
      [1000, 950, 900],
    );
  });
});
