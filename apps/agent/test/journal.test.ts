import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { suite, test } from 'node:test';

import { DEVICE_NETWORK_EVENT_COLUMNS, type DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import type { GateStatus } from '@sallyport/contract/gate-link';

import { addressType } from '../src/journal/address-type.ts';
import { followEvents, readEvents } from '../src/journal/event-query.ts';
import { flowRows } from '../src/journal/event-rows.ts';
import { Journal } from '../src/journal/journal.ts';
import { GapDetector } from '../src/journal/protection-gap.ts';
import { makeStateDirectory, type StateDirectory } from '../src/state/state-directory.ts';
import { AT_MS, blockedRecord, encodeBatch, flowRecord, temporaryState } from './state-fixture.ts';

const DEVICE = { id: 'd'.repeat(40), name: 'host' };

function openJournal(directory: StateDirectory, maxRecords = 1_000_000, nowMs = AT_MS): Journal {
  makeStateDirectory(directory);
  return new Journal(
    directory,
    () => maxRecords,
    () => nowMs,
  );
}

const summary = (events: Iterable<DeviceNetworkEvent>): string[] =>
  [...events].map((event) => {
    const fields = JSON.parse(String(event.AdditionalFields)) as Record<string, string | undefined>;
    return `${event.EventId} ${event.ActionType} ${fields['FlowId'] ?? ''}`.trim();
  });

suite('flowRows', () => {
  test('an allowed flow is one row with every column', () => {
    const rows = flowRows(encodeBatch([flowRecord(5)]), DEVICE);
    assert.equal(rows.length, 1);
    assert.deepEqual(Object.keys(rows[0] ?? {}), [...DEVICE_NETWORK_EVENT_COLUMNS, 'EventId']);
    assert.partialDeepStrictEqual(rows[0], {
      Timestamp: '2026-01-02T03:04:05.000Z',
      DeviceName: 'host',
      ActionType: 'ConnectionSuccess',
      RemoteIP: '93.184.216.34',
      RemotePort: 443,
      RemoteUrl: 'example.com',
      LocalIP: '192.168.1.2',
      Protocol: 'Tcp',
      LocalIPType: 'Private',
      RemoteIPType: 'Public',
      InitiatingProcessId: null,
      EventId: 0,
    });
  });

  const effects = [
    { effect: 'block', eventId: 1126, actionType: 'ExploitGuardNetworkProtectionBlocked', isAudit: false },
    { effect: 'warn', eventId: 1126, actionType: 'ExploitGuardNetworkProtectionBlocked', isAudit: false },
    { effect: 'audit', eventId: 1125, actionType: 'ExploitGuardNetworkProtectionAudited', isAudit: true },
  ] as const;
  for (const { effect, eventId, actionType, isAudit } of effects) {
    test(`${effect}: the connection, then the protection row, of one flow`, () => {
      const [connection, protection, ...more] = flowRows(encodeBatch([blockedRecord(9, { effect })]), DEVICE);
      assert.equal(more.length, 0);
      assert.partialDeepStrictEqual(connection, { ActionType: 'ConnectionSuccess', EventId: 0 });
      assert.partialDeepStrictEqual(protection, { ActionType: actionType, EventId: eventId, RemoteUrl: 'example.com' });
      assert.deepEqual(JSON.parse(String(protection?.AdditionalFields)), {
        FlowId: '9',
        NameSource: 'sni',
        NameConfidence: 'high',
        Alpn: ['h2'],
        Ech: false,
        Hook: 'output',
        Cause: 'policy',
        IsAudit: isAudit,
        ResponseCategory: 'CustomBlockList',
        DisplayName: 'no example',
        IndicatorId: '7',
        Action: 'block',
        Layer: 'indicator',
        MatchedBy: 'host',
      });
    });
  }

  const layers = [
    {
      name: 'a feed, with its confidence',
      record: { layer: 'reputation', category: 'Phishing', confidence: 80, ruleId: '3' },
      want: { ResponseCategory: 'Phishing', Feed: '3', Layer: 'reputation', Confidence: 80 },
    },
    {
      name: 'web content filtering',
      record: { layer: 'category', category: 'CustomPolicy', webCategory: 'Gambling', ruleId: 'c' },
      want: { ResponseCategory: 'CustomPolicy', RuleId: 'c', Layer: 'category', WebCategory: 'Gambling' },
    },
    {
      name: 'the local score',
      record: { layer: 'score', category: 'Untrusted', ruleId: 's', uid: 1000 },
      want: { ResponseCategory: 'Untrusted', RuleId: 's', Layer: 'score', Uid: 1000 },
    },
  ] as const;
  for (const { name, record, want } of layers) {
    test(`${name}: what is known stands in the fields of the row`, () => {
      const [, protection] = flowRows(encodeBatch([blockedRecord(9, record)]), DEVICE);
      assert.partialDeepStrictEqual(JSON.parse(String(protection?.AdditionalFields)), want);
    });
  }

  test('an allowed flow: its user and category, and that it was excluded', () => {
    const record = flowRecord(5, { uid: 0, webCategory: 'Chat', layer: 'exclusion' });
    const [connection, ...more] = flowRows(encodeBatch([record]), DEVICE);
    assert.equal(more.length, 0);
    assert.deepEqual(JSON.parse(String(connection?.AdditionalFields)), {
      FlowId: '5',
      NameSource: 'sni',
      NameConfidence: 'high',
      Alpn: ['h2'],
      Ech: false,
      Hook: 'output',
      Cause: 'policy',
      Uid: 0,
      WebCategory: 'Chat',
      Layer: 'exclusion',
    });
  });

  test('plain HTTP shows the URL, a nameless flow shows none', () => {
    const url = flowRows(encodeBatch([flowRecord(1, { url: Buffer.from('http://example.com/a') })]), DEVICE);
    const none = flowRows(encodeBatch([flowRecord(1, { name: Buffer.alloc(0), nameSource: 'none' })]), DEVICE);
    assert.equal(url[0]?.RemoteUrl, 'http://example.com/a');
    assert.equal(none[0]?.RemoteUrl, null);
  });

  test('bytes that are no record give no row', () => assert.deepEqual(flowRows(new Uint8Array(60), DEVICE), []));
});

suite('addressType', () => {
  const cases = [
    { bytes: [8, 8, 8, 8], want: 'Public' },
    { bytes: [172, 31, 0, 1], want: 'Private' },
    { bytes: [172, 32, 0, 1], want: 'Public' },
    { bytes: [127, 0, 0, 53], want: 'Loopback' },
    { bytes: [255, 255, 255, 255], want: 'Broadcast' },
    { bytes: [239, 1, 1, 1], want: 'Reserved' },
    { bytes: [0x20, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], want: 'Teredo' },
    { bytes: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], want: 'Reserved' },
    { bytes: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], want: 'Private' },
    { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8], want: 'FourToSixMapping' },
  ];
  for (const { bytes, want } of cases) {
    test(`${bytes.join(' ')} is ${want}`, () => assert.equal(addressType(Uint8Array.from(bytes)), want));
  }
});

suite('Journal', () => {
  test('stores a batch once, however often it is sent, and says what may be acknowledged', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    const batch = encodeBatch([flowRecord(1), flowRecord(2), flowRecord(3)]);
    assert.deepEqual(journal.append(batch), { stored: 3, highest: 3, malformedBytes: 0 });
    assert.deepEqual(journal.append(batch), { stored: 0, highest: 3, malformedBytes: 0 });
    assert.equal(journal.records, 3);
    assert.equal(journal.lastSequence, 3);
  });

  test('keeps what it understands before bytes that it does not', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    const good = encodeBatch([flowRecord(1)]);
    const result = journal.append(Buffer.concat([good, new Uint8Array(10)]));
    assert.deepEqual(result, { stored: 1, highest: 1, malformedBytes: 10 });
    assert.deepEqual(journal.append(new Uint8Array(7)), { stored: 0, highest: null, malformedBytes: 7 });
  });

  test('oldest first without a limit, newest first with one', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    const records = [1, 2, 3].map((n) =>
      n === 2 ? blockedRecord(n, { atMs: AT_MS + n }) : flowRecord(n, { atMs: AT_MS + n }),
    );
    journal.append(encodeBatch(records));
    journal.appendOwn({ kind: 'protection-gap', fromMs: AT_MS, reason: 'test' }, AT_MS + 2);
    assert.deepEqual(summary(readEvents(journal, DEVICE, {})), [
      '0 ConnectionSuccess 1',
      '0 ConnectionSuccess 2',
      '1126 ExploitGuardNetworkProtectionBlocked 2',
      '0 ProtectionGap',
      '0 ConnectionSuccess 3',
    ]);
    assert.deepEqual(summary(readEvents(journal, DEVICE, { limit: 3 })), [
      '0 ConnectionSuccess 3',
      '1126 ExploitGuardNetworkProtectionBlocked 2',
      '0 ConnectionSuccess 2',
    ]);
    assert.deepEqual(summary(readEvents(journal, DEVICE, { ids: [1126] })), [
      '1126 ExploitGuardNetworkProtectionBlocked 2',
    ]);
    assert.deepEqual(summary(readEvents(journal, DEVICE, { sinceMs: AT_MS + 3 })), ['0 ConnectionSuccess 3']);
    assert.deepEqual(summary(readEvents(journal, DEVICE, { limit: 0 })), []);
  });

  test('paging crosses many records of one millisecond without loss or doubles', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    const total = 1700;
    journal.append(encodeBatch(Array.from({ length: total }, (_, i) => flowRecord(i + 1))));
    for (const query of [{}, { limit: total }]) {
      const ids = summary(readEvents(journal, DEVICE, query)).map((line) => Number(line.split(' ')[2]));
      const wanted = Array.from({ length: total }, (_, i) => i + 1);
      assert.deepEqual(ids, 'limit' in query ? wanted.reverse() : wanted);
    }
  });

  test('the queries use their indexes', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    const plan = (where: string): string =>
      journal.database
        .prepare(
          `EXPLAIN QUERY PLAN SELECT record FROM flow WHERE (at_ms, sequence) > (?, ?) ${where} ORDER BY at_ms, sequence LIMIT 9`,
        )
        .all(0, 0)
        .map((row) => String(row['detail']))
        .join();
    assert.match(plan(''), /USING INDEX flow_at /);
    assert.match(plan('AND event_id <> 0'), /USING INDEX flow_protection /);
    assert.doesNotMatch(plan(''), /TEMP B-TREE/);
  });

  test('full: the oldest connections go, protection records stay, and the loss is recorded in one row', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory, 1000);
    journal.append(encodeBatch(Array.from({ length: 50 }, (_, i) => blockedRecord(i + 1))));
    for (let batch = 0; batch < 40; batch++) {
      journal.append(encodeBatch(Array.from({ length: 50 }, (_, i) => flowRecord(100 + batch * 50 + i))));
    }
    assert.ok(journal.records <= 1100, String(journal.records));
    const lines = summary(readEvents(journal, DEVICE, {}));
    assert.equal(lines.filter((line) => line.startsWith('1126')).length, 50);
    assert.ok(lines.includes('0 ConnectionSuccess 2099'));
    assert.ok(!lines.includes('0 ConnectionSuccess 100'));
    const dropped = [...readEvents(journal, DEVICE, {})].filter((event) => event.ActionType === 'EventsDropped');
    assert.equal(dropped.length, 1);
    const { Connections, Protection } = JSON.parse(String(dropped[0]?.AdditionalFields)) as Record<string, number>;
    // All that came, less all that is there (one of which is the row about it).
    assert.deepEqual([Connections, Protection], [2050 - (journal.records - 1), 0]);
  });

  test('full of protection records: the oldest of those go', () => {
    using state = temporaryState();
    using journal = openJournal(state.directory, 1000);
    journal.append(encodeBatch(Array.from({ length: 1500 }, (_, i) => blockedRecord(i + 1))));
    const lines = summary(readEvents(journal, DEVICE, { ids: [1126] }));
    assert.ok(lines.length <= 1000);
    assert.match(lines.at(-1) ?? '', / 1500$/);
  });

  test('following begins where reading ends', async () => {
    using state = temporaryState();
    using journal = openJournal(state.directory);
    journal.append(encodeBatch([flowRecord(1)]));
    const abort = new AbortController();
    const news = followEvents(journal, DEVICE, { sinceMs: 0 }, abort.signal);
    const first = await news.next();
    assert.ok(first.done === false);
    assert.deepEqual(summary([first.value]), ['0 ConnectionSuccess 1']);
    const second = news.next();
    journal.append(encodeBatch([blockedRecord(2)]));
    const third = await second;
    assert.ok(third.done === false);
    assert.deepEqual(summary([third.value]), ['0 ConnectionSuccess 2']);
    assert.match(summary([(await news.next()).value as DeviceNetworkEvent])[0] ?? '', /^1126/);
    const last = news.next();
    abort.abort();
    assert.equal((await last).done, true);
  });

  test('a killed process loses nothing that it acknowledged, and a batch sent again is not doubled', async () => {
    using state = temporaryState();
    makeStateDirectory(state.directory);
    const child = fork(new URL('journal-writer.ts', import.meta.url), [state.root], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let acknowledged = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.on('message', (highest) => {
      acknowledged = Number(highest);
      // Somewhere in the middle of a later batch.
      if (acknowledged > 5000) child.kill('SIGKILL');
    });
    child.once('exit', () => resolve());
    await promise;
    assert.ok(acknowledged > 5000);
    using journal = openJournal(state.directory);
    const stored = journal.lastSequence;
    assert.ok(stored >= acknowledged, `${stored} stored, ${acknowledged} acknowledged`);
    assert.equal(journal.records, stored);
    // What a gate does: everything after the last acknowledgement again.
    const again = Array.from({ length: stored + 10 - acknowledged }, (_, i) => flowRecord(acknowledged + 1 + i));
    assert.equal(journal.append(encodeBatch(again)).stored, 10);
    assert.equal(journal.records, stored + 10);
  });
});

suite('GapDetector', () => {
  const status = (override: Partial<GateStatus>): GateStatus =>
    ({ mode: 'block', startedMs: 0, enforcingSinceMs: 1000, ...override }) as GateStatus;
  const run = (steps: readonly { status: Partial<GateStatus>; atMs: number; restart?: boolean }[]): unknown[] => {
    using state = temporaryState();
    makeStateDirectory(state.directory);
    let detector = new GapDetector(state.directory);
    const gaps: unknown[] = [];
    for (const step of steps) {
      if (step.restart === true) {
        detector[Symbol.dispose]();
        detector = new GapDetector(state.directory);
      }
      const gap = detector.observe(status(step.status), step.atMs);
      if (gap !== null) gaps.push([gap.fromMs, gap.toMs, gap.reason]);
    }
    detector[Symbol.dispose]();
    return gaps;
  };

  test('the first start is no gap', () => assert.deepEqual(run([{ status: {}, atMs: 2000 }]), []));

  test('an agent that was away while the gate judged is none', () => {
    assert.deepEqual(
      run([
        { status: {}, atMs: 2000 },
        { status: {}, atMs: 900_000, restart: true },
      ]),
      [],
    );
  });

  test('a gate that was down is one, also when the agent was too', () => {
    const later = { enforcingSinceMs: 60_000, startedMs: 59_000 };
    assert.deepEqual(
      run([
        { status: {}, atMs: 2000 },
        { status: later, atMs: 61_000, restart: true },
        { status: later, atMs: 62_000 },
      ]),
      [[2000, 60_000, 'the gate was not running']],
    );
  });

  test('a gate that runs and does not judge is one', () => {
    const idle = { enforcingSinceMs: 0 };
    const again = { enforcingSinceMs: 9000 };
    assert.deepEqual(
      run([
        { status: {}, atMs: 2000 },
        { status: idle, atMs: 3000 },
        { status: again, atMs: 9000 },
      ]),
      [[2000, 9000, 'the gate was not judging packets']],
    );
  });

  test('time in mode disabled is none', () => {
    const disabled = { mode: 'disabled', enforcingSinceMs: 0 };
    assert.deepEqual(
      run([
        { status: {}, atMs: 2000 },
        { status: disabled, atMs: 3000 },
        { status: { enforcingSinceMs: 90_000 }, atMs: 90_000, restart: true },
      ]),
      [],
    );
  });
});
