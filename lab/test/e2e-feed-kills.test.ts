/**
 * The reader or the agent is killed at any moment while a feed is compiled: the tables in force stay. Real connections
 * are judged all the while. Needs root.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { FeedView } from '@sallyport/contract/control';

import { startSallyport } from '../src/agent-run.ts';
import { FINE, judgedThroughout, KEPT, namesOf, ok, setUpFeedStage, steadyLoad } from '../src/feed-stage.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

/** Enough for a second of compiling. */
const LARGE = 300_000;

/** When in the compiling of a list something breaks. */
const MOMENTS = [
  { name: 'as the reader starts', has: ({ agent }: Progress) => readersOf(agent).length > 0 },
  { name: 'while the list is read', has: ({ agent }: Progress) => readersOf(agent).some((pid) => cpuTicks(pid) > 60) },
  { name: 'while the tables are written', has: ({ tables }: Progress) => partsIn(tables).length > 0 },
] as const;

interface Progress {
  readonly agent: number;
  readonly tables: string;
}

suite('broken off', needsRoot, () => {
  test('the reader or the agent is killed at any moment: the table in force stays, and the next try works', async (t) => {
    await using stage = await setUpFeedStage();
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block' });
    const tables = join(sallyport.stateDirectory, 'agent', 'tables');
    const copies = join(sallyport.stateDirectory, 'agent', 'feeds');
    const list = join(stage.folder, 'list.txt');
    await writeFile(list, `${KEPT}\n${namesOf(LARGE)}`);
    await ok(sallyport.cli('feed', 'add', list));
    const before = feedTablesIn(tables);
    await writeFile(list, `${KEPT}\n${namesOf(LARGE + 1000)}`);

    await using load = await steadyLoad(stage);
    for (const { name, has } of MOMENTS) {
      await t.test(`kill -9 of the reader ${name}`, async () => {
        const { agent } = await sallyport.pids();
        const refresh = sallyport.cli('feed', 'refresh', '1');
        await until(() => has({ agent, tables }));
        for (const pid of readersOf(agent)) process.kill(pid, 'SIGKILL');
        const { status, stderr } = await refresh;
        assert.notEqual(status, 0);
        assert.match(stderr, /^sallyport: feed 1: the feed reader failed: ended by SIGKILL\n$/);
        assert.match((await sallyport.status()).feeds[0]?.problem ?? '', /feed reader failed: ended by SIGKILL/);
        assert.deepEqual(feedTablesIn(tables), before);
        assert.equal(readdirSync(copies).length, 1);
      });
      await t.test(`kill -9 of the agent ${name}`, async () => {
        const { agent } = await sallyport.pids();
        const refresh = sallyport.cli('feed', 'refresh', '1');
        await until(() => has({ agent, tables }));
        process.kill(agent, 'SIGKILL');
        const { status, stderr } = await refresh;
        assert.notEqual(status, 0);
        assert.match(stderr, /^sallyport: .*\n$/);
        await sallyport.until(({ pid, gate }) => pid !== null && pid !== agent && gate !== null);
        assert.deepEqual(partsIn(tables), []);
        assert.equal(readdirSync(copies).length, 1);
        assert.equal((await sallyport.status()).feeds[0]?.entries.hosts, LARGE + 1);
      });
    }
    await load.more(100);
    await judgedThroughout(t, load);
    const [again] = await sallyport.json<readonly FeedView[]>('feed', 'refresh', '1');
    assert.deepEqual([again?.entries.hosts, again?.problem], [LARGE + 1001, null]);
    assert.deepEqual(await stage.overHttp([KEPT, `host-${LARGE + 1}.large.test`, FINE]), {
      [KEPT]: 'ECONNRESET',
      [`host-${LARGE + 1}.large.test`]: 'ECONNRESET',
      [FINE]: 'answered',
    });
  });
});

const feedTablesIn = (tables: string): string[] =>
  readdirSync(tables)
    .filter((file) => !file.startsWith('indicators-'))
    .toSorted();

const partsIn = (tables: string): string[] => readdirSync(tables).filter((file) => file.endsWith('.part'));

/** Children of the agent: it has no others. */
function readersOf(agent: number): number[] {
  const path = `/proc/${agent}/task/${agent}/children`;
  return existsSync(path) ? readFileSync(path, 'latin1').split(' ').filter(Boolean).map(Number) : [];
}

/** User time of a process in hundredths of a second (proc_pid_stat(5)); 0 when it is gone. */
function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11] ?? 0);
  } catch {
    return 0;
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, 'the moment did not come');
    await delay(1);
  }
}
