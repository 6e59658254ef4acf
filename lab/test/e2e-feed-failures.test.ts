/**
 * Tables that are damaged between two runs, and a disk that is full: the last good tables answer until new ones are
 * compiled. Real connections are judged all the while. Needs root.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { FeedView } from '@sallyport/contract/control';

import { startSallyport } from '../src/agent-run.ts';
import { must } from '../src/command.ts';
import { judgedThroughout, KEPT, namesOf, ok, setUpFeedStage, steadyLoad } from '../src/feed-stage.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

/** Enough for a second of compiling. */
const LARGE = 300_000;

suite('broken off', needsRoot, () => {
  test('tables damaged between two runs: the one before answers until a new one is compiled', async (t) => {
    await using stage = await setUpFeedStage();
    const stateDirectory = join(stage.folder, 'state');
    const tables = join(stateDirectory, 'agent', 'tables');
    const list = join(stage.folder, 'list.txt');
    await using first = await startSallyport(stage.namespace, { mode: 'block', stateDirectory });
    await writeFile(list, `${KEPT}\n${namesOf(LARGE)}`);
    await ok(first.cli('feed', 'add', list));
    await ok(first.cli('feed', 'refresh', '1'));
    await first.stop();

    for (const { name, damage } of DAMAGES) {
      await t.test(name, async () => {
        const [newest = '', previous = ''] = reputationsIn(tables);
        assert.ok(existsSync(join(tables, previous)), `two tables: ${readdirSync(tables).join(' ')}`);
        writeFileSync(join(tables, newest), damage(readFileSync(join(tables, newest))));
        writeFileSync(join(tables, 'reputation-999.tbl.part'), 'half of a ta');
        await using sallyport = await startSallyport(stage.namespace, { mode: 'block', stateDirectory });
        const { problems } = await sallyport.until((status) => status.problems.some((line) => line.includes(newest)));
        t.diagnostic(problems.join('\n'));
        // Said by the gate when it starts, or when the agent hands the damaged one over.
        const inForce = new RegExp(`${previous}(?: stays in force|, is in force until a new one comes)`);
        assert.match(problems.join('\n'), inForce);
        await using load = await steadyLoad(stage);
        await sallyport.until((status) => status.problems.length === 0);
        await load.more(50);
        await judgedThroughout(t, load);
        assert.ok(!reputationsIn(tables).includes(newest), 'the damaged one is gone');
        assert.deepEqual(partsIn(tables), []);
        await sallyport.stop();
      });
    }
  });

  test('a full disk: the table in force stays, and with room it goes on', async (t) => {
    await using stage = await setUpFeedStage();
    const stateDirectory = join(stage.folder, 'state');
    await mkdir(stateDirectory);
    await using _ = await smallDisk(stateDirectory, 96 * 1024 * 1024);
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block', stateDirectory });
    const small = join(stage.folder, 'small.txt');
    await writeFile(small, `${KEPT}\n`);
    await ok(sallyport.cli('feed', 'add', small));
    const large = join(stage.folder, 'large.txt');
    await writeFile(large, namesOf(LARGE));
    const { size } = await stat(large);
    await using load = await steadyLoad(stage);
    for (const { name, room, says } of [
      { name: 'no room for the copy', room: 1_000_000, says: /large\.txt: cannot be stored \(ENOSPC/ },
      { name: 'no room for the tables', room: size + 2_000_000, says: /the feed reader failed: .*ENOSPC/ },
    ]) {
      await t.test(name, async () => {
        await using filler = await leave(stateDirectory, room);
        const { status, stderr } = await sallyport.cli('feed', 'add', large);
        assert.notEqual(status, 0);
        assert.match(stderr, says);
        assert.match(stderr, /^sallyport: .*\n$/);
        assert.equal((await sallyport.status()).feeds.length, 1);
        await load.more(20);
        await filler[Symbol.asyncDispose]();
      });
    }
    await judgedThroughout(t, load);
    const added = await sallyport.json<FeedView>('feed', 'add', large);
    assert.equal(added.entries.hosts, LARGE);
    assert.deepEqual(partsIn(join(stateDirectory, 'agent', 'tables')), []);
  });
});

const DAMAGES = [
  { name: 'cut short', damage: (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1) },
  { name: 'empty', damage: () => Buffer.alloc(0) },
  {
    name: 'one bit is wrong',
    damage: (bytes: Buffer) => {
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return bytes;
    },
  },
  {
    name: 'of another version of the format',
    damage: (bytes: Buffer) => {
      bytes[8] = (bytes[8] ?? 0) + 1;
      return bytes;
    },
  },
] as const;

const partsIn = (tables: string): string[] => readdirSync(tables).filter((file) => file.endsWith('.part'));

/** The newest first. */
const reputationsIn = (tables: string): string[] =>
  readdirSync(tables)
    .filter((file) => /^reputation-\d+\.tbl$/.test(file))
    .toSorted((one, other) => Number(/\d+/.exec(other)?.[0]) - Number(/\d+/.exec(one)?.[0]));

/** A file system of its own, in memory. */
async function smallDisk(path: string, bytes: number): Promise<AsyncDisposable> {
  await must(['mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'sallyport-lab', path]);
  return { [Symbol.asyncDispose]: async () => void (await must(['umount', '--lazy', path])) };
}

/** Fills the disk up to `room` bytes; until it is disposed of. */
async function leave(path: string, room: number): Promise<AsyncDisposable> {
  const { bavail, bsize } = await statfs(path);
  const file = join(path, 'filler');
  await writeFile(file, Buffer.alloc(Math.max(0, bavail * bsize - room)));
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}
