/** What an agent hands to journald, and what it says about a managed setting that somebody wants otherwise. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { AgentCore } from '../../src/core/agent-core.ts';
import { feedReaderProgram } from '../../src/core/feed-reader-program.ts';
import { policyProgram } from '../../src/core/policy-program.ts';
import { MAX_ATTEMPTS } from '../../src/event-log/journald-forwarder.ts';
import { endOf, followEvents } from '../../src/journal/event-query.ts';
import { Journal } from '../../src/journal/journal.ts';
import { makeStateDirectory } from '../../src/state/state-directory.ts';
import { GateDouble } from '../gate-double.ts';
import { blockedRecord, encodeBatch, flowRecord, temporaryState, type TemporaryState } from '../state-fixture.ts';
import { DEVICE } from './sample-events.ts';

/** A journald in memory. */
class Receiver {
  readonly ids: number[] = [];
  isFull = false;
  #waiting: { readonly count: number; readonly resolve: () => void } | null = null;

  open = (): { send(bytes: Uint8Array): boolean } => ({
    send: (bytes) => {
      const id = /^SALLYPORT_EVENT_ID=(\d+)$/m.exec(Buffer.from(bytes).toString())?.[1];
      this.ids.push(Number(id));
      if (this.#waiting !== null && this.ids.length >= this.#waiting.count) this.#waiting.resolve();
      return !this.isFull;
    },
  });

  /** Resolves once `count` events were offered. */
  async until(count: number): Promise<void> {
    if (this.ids.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { count, resolve };
    await promise;
  }
}

const feedReader = feedReaderProgram();
const policyCompiler = policyProgram();
const coreIn = (state: TemporaryState, journald: Receiver): AgentCore =>
  new AgentCore({ directory: state.directory, feedReader, policyCompiler, openJournald: journald.open });

const refusal = { code: 'conflict' };

suite('the agent', () => {
  test('a change of a managed setting that is refused is event 5013, one that changes nothing is none', async () => {
    using state = temporaryState();
    writeFileSync(join(state.root, 'managed.json'), '{"EnableNetworkProtection":"block"}');
    await using core = coreIn(state, new Receiver());
    await assert.rejects(core.set('EnableNetworkProtection', 'disabled'), refusal);
    await assert.rejects(core.set('EnableNetworkProtection', 'block'), refusal);
    const rows = await Array.fromAsync(core.events({ ids: [5013] }));
    assert.deepEqual(
      rows.map(({ ActionType, EventId, AdditionalFields }) => [ActionType, EventId, AdditionalFields]),
      [['TamperingAttempt', 5013, '{"ChangedType":"Blocked","Value":"EnableNetworkProtection = disabled"}']],
    );
  });

  test('journald gets what is blocked, audited, changed or refused; no connections; what it does not take is told', async () => {
    using state = temporaryState();
    const file = join(state.root, 'managed.json');
    writeFileSync(file, '{"QuicHandling":"block"}');
    await using gate = await GateDouble.listen(state.root);
    const journald = new Receiver();
    await using core = coreIn(state, journald);
    // Before it has started: the options of `up` are such changes.
    await core.set('FeedMaxBytes', '2000000');
    await core.start(() => {});
    gate.sendRecords(
      encodeBatch([flowRecord(1), blockedRecord(2), flowRecord(3), blockedRecord(4, { effect: 'audit' })]),
    );
    await journald.until(3);
    await assert.rejects(core.set('QuicHandling', 'allow'), refusal);
    await journald.until(4);
    assert.deepEqual(journald.ids, [5007, 1126, 1125, 5013]);
    assert.deepEqual(
      core.problems.filter((line) => line.includes('journald')),
      [],
    );
    journald.isFull = true;
    gate.sendRecords(encodeBatch([blockedRecord(5)]));
    await journald.until(4 + MAX_ATTEMPTS);
    assert.deepEqual(
      core.problems.filter((line) => line.includes('journald')),
      ['journald did not take everything (1 so far); `sallyport events` has it'],
    );
  });

  test('JournaldEvents off', async () => {
    using state = temporaryState();
    await using gate = await GateDouble.listen(state.root);
    const journald = new Receiver();
    await using core = coreIn(state, journald);
    await core.set('JournaldEvents', 'false');
    await core.start(() => {});
    gate.sendRecords(encodeBatch([blockedRecord(2)]));
    await gate.until(() => gate.acknowledged.length === 1);
    await core.set('JournaldEvents', 'true');
    await journald.until(1);
    assert.deepEqual(journald.ids, [5007]);
  });
});

suite('following some ids alone', () => {
  test('connections in between are passed over, however many, and nothing is lost or doubled', async () => {
    using state = temporaryState();
    makeStateDirectory(state.directory);
    using journal = new Journal(state.directory, () => 1_000_000);
    const abort = new AbortController();
    const from = endOf(journal);
    // More than a page of each.
    const batch = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? blockedRecord(i + 1) : flowRecord(i + 1)));
    journal.append(encodeBatch(batch));
    const news = followEvents(journal, DEVICE, { ids: [1126, 5007] }, abort.signal, from);
    const rows: DeviceNetworkEvent[] = [];
    for await (const row of news) {
      rows.push(row);
      if (rows.length === 1000)
        journal.append(encodeBatch(Array.from({ length: 900 }, (_, i) => flowRecord(4000 + i))));
      if (rows.length === 1000) journal.append(encodeBatch([blockedRecord(5000)]));
      if (rows.length === 1001) abort.abort();
    }
    assert.deepEqual(
      rows.map(({ ReportId }) => ReportId),
      [...Array.from({ length: 1000 }, (_, i) => i * 3 + 1), 5000],
    );
  });
});
