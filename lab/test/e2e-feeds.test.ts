/**
 * What a feed must not do: block what everybody needs, or leave the device without its last good tables, wherever
 * reading and compiling it breaks off. Real connections are judged all the while. Needs root.
 *
 * Easy to get wrong: that a command failed proves nothing about what is in force. A load of connections, begun before
 * each failure and ended after it, is the witness.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { FeedView, HeldEntry } from '@sallyport/contract/control';

import { startSallyport } from '../src/agent-run.ts';
import { type Finished, must } from '../src/command.ts';
import type { Namespace } from '../src/namespace.ts';
import { startNginx } from '../src/nginx.ts';
import type { Visit, VisitOutcome } from '../src/programs/visit.ts';
import { type Load, startLoad } from '../src/steady-load.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab, type PairLab } from '../src/topology.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const OWN_SERVER = 'updates.own-server.example';
const BAD = Array.from({ length: 50 }, (_, n) => `bad-${n}.test`);
const KEPT = 'kept.test';
const FINE = 'fine.example';
/** Enough for a second of compiling. */
const LARGE = 300_000;

const namesOf = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, n) => `host-${n + from}.large.test\n`).join('');

interface Stage extends AsyncDisposable {
  readonly lab: PairLab;
  readonly folder: string;
  readonly namespace: Namespace;
  /** How a plain HTTP request for each name ends. */
  overHttp(names: readonly string[]): Promise<Record<string, string>>;
  /** How a TLS handshake that asks for each name ends. */
  overTls(names: readonly string[]): Promise<Record<string, string>>;
}

/** The lab's certificate is not theirs: that the client could see it means that its hello arrived. */
const ARRIVED = 'ERR_TLS_CERT_ALTNAME_INVALID';

async function setUp(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await createPairLab({ serverAddresses: 2 }));
  const nginx = undo.use(await startNginx(lab.server.namespace, { subjects: ['lab.example'], bulkBytes: 1 }));
  const folder = undo.use(await createTemporaryFolder('feeds')).path;
  const { namespace } = lab.client;
  const address = lab.server.addresses[0]?.v4 ?? '';
  const owned = undo.move();
  return {
    lab,
    folder,
    namespace,
    overHttp: async (names) => {
      await using load = await startLoad(namespace, {
        targets: names.map((host) => ({ host, address, port: 80 })),
        lanes: 1,
      });
      return Object.fromEntries((await load.finish()).map(({ host, end }) => [host, end]));
    },
    overTls: async (names) => {
      const visits = names.map((host): Visit => ({ url: `https://${host}/`, address }));
      const program = new URL('../src/programs/visit.ts', import.meta.url).pathname;
      const authority = nginx.certificate.authorityFile;
      const output = await namespace.must([
        process.execPath,
        program,
        authority,
        ...visits.map((v) => JSON.stringify(v)),
      ]);
      const outcomes = output.split('\n').filter(Boolean);
      return Object.fromEntries(
        outcomes.map((line) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
          const { url, end } = JSON.parse(line) as VisitOutcome;
          return [url.slice('https://'.length, -1), `${end}`];
        }),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const all = (names: readonly string[], end: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, end]));

suite('guard rails', needsRoot, () => {
  test('what must not be blocked is held back entry by entry, the rest is used, and the report says so', async (t) => {
    await using stage = await setUp();
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block' });
    await ok(sallyport.cli('config', 'set', 'ProtectedNames', OWN_SERVER));
    const list = join(stage.folder, 'careless.txt');
    const careless = ['google.com', 'co.uk', OWN_SERVER, '0.0.0.0/0', '::/0', '192.168.0.0/16'];
    await writeFile(list, [...BAD.slice(0, 25), ...careless, ...BAD.slice(25)].join('\n'));
    const report = await ok(sallyport.cli('feed', 'add', list));
    t.diagnostic(`\n${report}`);
    for (const line of [
      /50 hosts/,
      /held back: 6 entries/,
      /google\.com: is one of the most popular hosts/,
      /co\.uk: is a public suffix: .*; approved, it counts for itself alone/,
      /updates\.own-server\.example: is protected/,
      /0\.0\.0\.0\/0, ::\/0: each covers too large a part of the Internet/,
      /192\.168\.0\.0\/16: belongs to local, private or reserved networks/,
    ]) {
      assert.match(report, line);
    }
    const held = await sallyport.json<readonly { readonly held: readonly HeldEntry[] }[]>('feed', 'held');
    assert.deepEqual(held[0]?.held.map(({ entry }) => entry).toSorted(), careless.toSorted());

    const passing = ['google.com', 'www.google.com', 'co.uk', 'shop.co.uk', OWN_SERVER, FINE];
    assert.deepEqual(await stage.overHttp([...BAD, ...passing]), {
      ...all(BAD, 'ECONNRESET'),
      ...all(passing, 'answered'),
    });
    assert.deepEqual(await stage.overTls([...BAD.slice(0, 10), ...passing]), {
      ...all(BAD.slice(0, 10), 'ECONNRESET'),
      ...all(passing, ARRIVED),
    });

    await ok(sallyport.cli('feed', 'approve', '1', 'google.com', 'co.uk'));
    const approved = ['google.com', 'www.google.com', 'co.uk'];
    const others = ['shop.co.uk', OWN_SERVER, FINE];
    assert.deepEqual(await stage.overTls([...approved, ...others]), {
      ...all(approved, 'ECONNRESET'),
      ...all(others, ARRIVED),
    });
    const refused = await sallyport.cli('feed', 'approve', '1', 'never-listed.example');
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /never-listed\.example is not held back/);
  });

  test('a feed that shrinks or grows beyond belief waits for approval, and the old content goes on', async () => {
    await using stage = await setUp();
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block' });
    const list = join(stage.folder, 'list.txt');
    const [first = '', last = ''] = [`host-0.large.test`, `host-1000.large.test`];
    await writeFile(list, namesOf(100));
    await ok(sallyport.cli('feed', 'add', list));
    for (const { count, from, reason, blocked, passing } of [
      {
        count: 40,
        from: 1000,
        reason: /lost more than half of its entries \(100 entries before, 40 now\)/,
        blocked: first,
        passing: last,
      },
      {
        count: 400,
        from: 0,
        reason: /grew tenfold or more \(40 entries before, 400 now\)/,
        blocked: last,
        passing: first,
      },
    ]) {
      await writeFile(list, namesOf(count, from));
      assert.match(await ok(sallyport.cli('feed', 'refresh', '1')), /new content is held back/);
      const [feed] = (await sallyport.status()).feeds;
      assert.match(feed?.problem ?? '', reason);
      assert.match(await ok(sallyport.cli('feed', 'held')), /sallyport feed approve 1/);
      assert.deepEqual(await stage.overHttp([blocked, passing]), { [blocked]: 'ECONNRESET', [passing]: 'answered' });
      await ok(sallyport.cli('feed', 'approve', '1'));
      assert.deepEqual(await stage.overHttp([blocked, passing]), { [blocked]: 'answered', [passing]: 'ECONNRESET' });
      assert.equal((await sallyport.status()).feeds[0]?.problem, null);
    }
  });
});

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
    await using stage = await setUp();
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

  test('tables damaged between two runs: the one before answers until a new one is compiled', async (t) => {
    await using stage = await setUp();
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
    await using stage = await setUp();
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

async function ok(command: Promise<Finished>): Promise<string> {
  const { status, stdout, stderr } = await command;
  assert.equal(status, 0, stderr);
  return stdout;
}

const steadyLoad = ({ lab, namespace }: Stage): Promise<Load> =>
  startLoad(namespace, {
    targets: [KEPT, FINE].flatMap((host) =>
      lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6].map((address) => ({ host, address, port: 80 }))),
    ),
    lanes: 1,
  });

/** Not one connection was judged otherwise than by the last good table. */
async function judgedThroughout(t: TestContext, load: Load): Promise<void> {
  const records = await load.finish();
  t.diagnostic(`${records.length} connections`);
  assert.deepEqual([...new Set(records.map(({ host, end }) => `${host} ${end}`))].toSorted(), [
    `${FINE} answered`,
    `${KEPT} ECONNRESET`,
  ]);
}

const feedTablesIn = (tables: string): string[] =>
  readdirSync(tables)
    .filter((file) => !file.startsWith('indicators-'))
    .toSorted();

const partsIn = (tables: string): string[] => readdirSync(tables).filter((file) => file.endsWith('.part'));

/** The newest first. */
const reputationsIn = (tables: string): string[] =>
  readdirSync(tables)
    .filter((file) => /^reputation-\d+\.tbl$/.test(file))
    .toSorted((one, other) => Number(/\d+/.exec(other)?.[0]) - Number(/\d+/.exec(one)?.[0]));

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
