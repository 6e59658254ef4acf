/** The agent and its gate: real sockets, a double of the gate on the other end. */
import assert from 'node:assert/strict';
import { createReadStream, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { AgentCore } from '../src/core/agent-core.ts';
import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { policyProgram } from '../src/core/policy-program.ts';
import { IdleCollection } from '../src/idle-collection.ts';
import { GateDouble } from './gate-double.ts';
import { AT_MS, blockedRecord, encodeBatch, flowRecord, temporaryState, type TemporaryState } from './state-fixture.ts';

const program = feedReaderProgram();
const policyCompiler = policyProgram();
const coreIn = (state: TemporaryState): AgentCore =>
  new AgentCore({ directory: state.directory, feedReader: program, policyCompiler });

async function rowsOf(core: AgentCore): Promise<DeviceNetworkEvent[]> {
  const rows: DeviceNetworkEvent[] = [];
  for await (const row of core.events({})) rows.push(row);
  return rows;
}

/** Resolves with the next status of the gate for which the agent is ready. */
function ready(core: AgentCore): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = core.onGateStatus(() => {
    if (!core.isReady) return;
    stop();
    resolve();
  });
  core.tick();
  return promise;
}

suite('agent and gate', () => {
  test('a gate gets settings and tables, and every change before it is reported as done', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    assert.equal(gate.settings.at(-1)?.mode, 'block');
    assert.deepEqual(gate.hellos, [0]);
    const name = Buffer.from('bad.example');
    const covers = (): boolean =>
      (gate.tables.indicators?.findName(name, 0, name.length, null, { nowMs: 0, port: 443, subject: null }) ?? -1) >= 0;
    assert.equal(covers(), false);
    await core.addIndicator({ indicatorValue: 'bad.example', action: 'Block' });
    assert.equal(covers(), true);
    await core.removeIndicator('bad.example');
    assert.equal(covers(), false);
    await core.set('EnableNetworkProtection', 'audit');
    assert.equal(gate.settings.at(-1)?.mode, 'audit');
    const indicatorTables = readdirSync(state.directory.tables).filter((file) => file.startsWith('indicators-'));
    // The one in force, and the one that the gate falls back on.
    assert.equal(indicatorTables.length, 2);
  });

  test('concurrent changes share tables', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    const before = gate.files.length;
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => core.addIndicator({ indicatorValue: `h${i}.example`, action: 'Block' })),
    );
    assert.equal(gate.tables.indicators?.hosts, 100);
    assert.ok(gate.files.length - before <= 2, String(gate.files.length - before));
  });

  test('records are acknowledged once they are stored, and asked for from there on after a reconnect', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    gate.sendRecords(encodeBatch([flowRecord(11), blockedRecord(12)]));
    await gate.until(() => gate.acknowledged.length === 1);
    assert.deepEqual(gate.acknowledged, [12]);
    gate.hangUp();
    await gate.until(() => gate.hellos.length === 2);
    assert.deepEqual(gate.hellos, [0, 12]);
    // The gate did not see the acknowledgement and sends again.
    gate.sendRecords(encodeBatch([blockedRecord(12), flowRecord(13)]));
    await gate.until(() => gate.acknowledged.length === 2);
    assert.deepEqual(
      (await rowsOf(core)).map((row) => row.EventId),
      [0, 0, 1126, 0],
    );
  });

  test('after a reconnect the gate gets everything again', async () => {
    using state = temporaryState();
    const first = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    await core.addIndicator({ indicatorValue: 'bad.example', action: 'Block' });
    await first[Symbol.asyncDispose]();
    await core.addIndicator({ indicatorValue: 'worse.example', action: 'Block' });
    await using second = await GateDouble.listen(state.root);
    await second.until(() => second.tables.indicators !== null && second.settings.length > 0);
    assert.equal(second.tables.indicators?.hosts, 2);
  });

  test('a refused table is an error that says so, and a problem in the status until it is accepted', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    gate.refuse = { slot: 'indicators', reason: 'too many' };
    await assert.rejects(
      core.addIndicator({ indicatorValue: 'bad.example', action: 'Block' }),
      /stored, but the gate refused the new table: too many/,
    );
    await core.addIndicator({ indicatorValue: 'worse.example', action: 'Block' });
    assert.equal(gate.tables.indicators?.hosts, 2);
  });

  test('a feed that the gate refuses is not added', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    const path = join(state.root, 'list.txt');
    writeFileSync(path, 'bad.example\n');
    gate.refuse = { slot: 'reputation', reason: 'too large' };
    const feed = { location: path, format: 'detect', category: 'malicious' };
    await assert.rejects(core.addFeed(feed, createReadStream(path)), /the gate refused the new table: too large/);
    assert.deepEqual(await core.feeds(), []);
    assert.deepEqual(readdirSync(state.directory.feeds), []);
    assert.equal((await core.addFeed(feed, createReadStream(path))).entries.hosts, 1);
    assert.equal(gate.tables.reputation?.hosts, 1);
  });

  test('a restart hands the stored table over; a damaged one is compiled again from the raw copies', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    const path = join(state.root, 'list.txt');
    writeFileSync(path, 'bad.example\n');
    {
      await using core = coreIn(state);
      await core.addFeed({ location: path, format: 'detect', category: 'malicious' }, createReadStream(path));
    }
    {
      await using core = coreIn(state);
      await core.start(() => {});
      await gate.until(() => gate.tables.reputation !== null);
      assert.deepEqual(
        gate.files.filter((file) => file.startsWith('reputation')),
        ['reputation-1.tbl'],
      );
    }
    gate.forget('reputation');
    truncateSync(join(state.directory.tables, 'reputation-1.tbl'), 100);
    await using core = coreIn(state);
    await core.start(() => {});
    await gate.until(() => gate.tables.reputation !== null);
    assert.equal(gate.tables.reputation?.hosts, 1);
    assert.notEqual(gate.files.at(-1), 'reputation-1.tbl');
  });

  test('a damaged list of web categories is compiled again, and does not keep the agent from starting', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    const path = join(state.root, 'games.txt');
    writeFileSync(path, 'game.example\n');
    {
      await using core = coreIn(state);
      await core.addFeed({ location: path, format: 'detect', category: 'Games' }, createReadStream(path));
      await core.putCategoryPolicy({ name: 'P', categories: ['Games'], deviceGroups: [], users: [], executables: [] });
    }
    const base = readdirSync(state.directory.tables).find((file) => file.startsWith('categorybase')) ?? '';
    const damaged = readFileSync(join(state.directory.tables, base));
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    writeFileSync(join(state.directory.tables, base), damaged);
    await using core = coreIn(state);
    await core.start(() => {});
    await gate.until(() => gate.tables.categories?.hosts === 1);
    assert.deepEqual(
      core.problems.filter((problem) => problem.includes('categories')),
      [],
    );
  });

  test('gaps and losses that the gate tells of become rows, once', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    let nowMs = AT_MS;
    await using core = new AgentCore({
      directory: state.directory,
      feedReader: program,
      policyCompiler,
      now: () => nowMs,
    });
    await core.start(() => {});
    await ready(core);
    nowMs = AT_MS + 60_000;
    gate.status = { enforcingSinceMs: AT_MS + 50_000, startedMs: AT_MS + 49_000, recordsDropped: 7 };
    await ready(core);
    await ready(core);
    const rows = await rowsOf(core);
    assert.deepEqual(
      rows.map((row) => row.ActionType),
      ['ProtectionGap', 'EventsDropped'],
    );
    assert.partialDeepStrictEqual(JSON.parse(String(rows[0]?.AdditionalFields)), { DurationMs: 50_000 });
    assert.partialDeepStrictEqual(JSON.parse(String(rows[1]?.AdditionalFields)), { Where: 'gate', Connections: 7 });
  });

  test('a managed file that appears takes effect and is recorded', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    await using core = coreIn(state);
    await core.start(() => {});
    await ready(core);
    writeFileSync(join(state.root, 'managed.json'), '{"EnableNetworkProtection":"disabled","Colour":"red"}');
    core.tick();
    await gate.until(() => gate.settings.at(-1)?.mode === 'disabled');
    const { problems } = await core.status();
    assert.ok(problems.some((problem) => problem.includes('"Colour": unknown setting')));
    assert.deepEqual(
      (await rowsOf(core)).map((row) => row.EventId),
      [5007],
    );
  });

  test('expired indicators go', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    let nowMs = AT_MS;
    await using core = new AgentCore({
      directory: state.directory,
      feedReader: program,
      policyCompiler,
      now: () => nowMs,
    });
    await core.start(() => {});
    await ready(core);
    const expirationTime = new Date(AT_MS + 1000).toISOString();
    await core.addIndicator({ indicatorValue: 'bad.example', action: 'Block', expirationTime });
    nowMs = AT_MS + 1000;
    core.tick();
    await gate.until(() => gate.tables.indicators?.hosts === 0);
    assert.deepEqual(await core.indicators(), []);
  });
});

suite('IdleCollection', () => {
  test('collects once after work, in an idle second', () => {
    let cpuUs = 0;
    let collections = 0;
    const collection = new IdleCollection(
      () => collections++,
      () => cpuUs,
    );
    const after = (us: number): number => {
      cpuUs += us;
      collection.tick();
      return collections;
    };
    assert.deepEqual([after(1000), after(900_000), after(500_000), after(1000), after(1000)], [0, 0, 0, 1, 1]);
  });
});
