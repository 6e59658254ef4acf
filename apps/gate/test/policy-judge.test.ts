import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { decodeFlowRecord, type FlowRecord } from '@sallyport/contract/flow-record';
import type { TableSlot } from '@sallyport/contract/gate-link';
import { DEFAULT_GATE_SETTINGS, type GateSettings } from '@sallyport/contract/gate-settings';
import { TableBuilder } from '@sallyport/hosts/build';
import type { Rule } from '@sallyport/hosts/rule';

import { HOOK_LOCAL_OUT, UNKNOWN_UID } from '../src/netlink/queue.ts';
import type { FlowEnds } from '../src/queue/flow.ts';
import { PolicyJudge } from '../src/queue/policy-judge.ts';
import { SharedControl } from '../src/queue/protocol.ts';
import { NOTHING_READ } from '../src/queue/reading.ts';
import { ringBuffer, RingConsumer, RingProducer } from '../src/queue/record-ring.ts';
import { bytesOf } from './packets.ts';

const NOW = 1_700_000_000_000;
const REMOTE = [198, 51, 100, 7] as const;

function tableOf(names: readonly string[], rule: Partial<Rule>): Uint8Array {
  const builder = new TableBuilder();
  const index = builder.addRule({
    action: 'block',
    category: 'Malicious',
    id: '7',
    title: 'T',
    source: 'feed',
    expiresAt: null,
    ...rule,
  });
  for (const name of names) builder.addHost(name, index);
  return builder.build();
}

interface Case {
  readonly name: string;
  readonly tables: Readonly<Partial<Record<TableSlot, Uint8Array>>>;
  readonly settings?: Partial<GateSettings>;
  readonly host?: string;
  readonly uid?: number;
  readonly want: Partial<FlowRecord>;
}

/** What the record of one connection says. */
function recordOf({ tables, settings = {}, host = 'bad.example', uid = UNKNOWN_UID }: Case): FlowRecord | null {
  const ring = ringBuffer(100_000);
  const control = new SharedControl(SharedControl.buffer());
  const judge = new PolicyJudge(new RingProducer(ring), control, DEFAULT_GATE_SETTINGS, 1);
  judge.setSettings({ ...DEFAULT_GATE_SETTINGS, ...settings });
  judge.nowMs = NOW;
  for (const slot of ['indicators', 'reputation', 'categories', 'popular'] as const) {
    if (tables[slot] !== undefined) judge.setTable(slot, tables[slot]);
  }
  const ends: FlowEnds = {
    bytes: Uint8Array.of(192, 0, 2, 1, ...REMOTE),
    addressLength: 4,
    sourceAt: 0,
    destinationAt: 4,
    protocol: 6,
    sourcePort: 40_000,
    destinationPort: 443,
    uid,
  };
  const reading = { ...NOTHING_READ, names: [bytesOf(host)], nameSource: 'sni' as const };
  const verdict = judge.judge(reading, ends);
  judge.record(reading, ends, { id: 1, hook: HOOK_LOCAL_OUT, mark: 0, family: 4 }, verdict, 'policy');
  return decodeFlowRecord(new RingConsumer(ring).read(10_000) ?? new Uint8Array(0));
}

const none = tableOf([], {});

const cases: readonly Case[] = [
  {
    name: 'a feed, and how sure it is',
    tables: { reputation: tableOf(['bad.example'], { confidence: 80 }) },
    want: { effect: 'block', layer: 'reputation', category: 'Malicious', confidence: 80, ruleId: '7', uid: null },
  },
  {
    name: 'an indicator comes before a feed',
    tables: {
      indicators: tableOf(['bad.example'], { source: 'indicator', action: 'allow', category: 'CustomAllowList' }),
      reputation: tableOf(['bad.example'], {}),
    },
    want: { effect: 'pass', layer: 'indicator', category: 'CustomAllowList', confidence: null },
  },
  {
    name: 'web content filtering',
    tables: {
      indicators: none,
      categories: tableOf(['bad.example'], { source: 'category', category: 'CustomPolicy', webCategory: 'Gambling' }),
    },
    want: { effect: 'block', layer: 'category', category: 'CustomPolicy', webCategory: 'Gambling' },
  },
  {
    name: 'a rule for the user whose connection it is',
    tables: { indicators: tableOf(['bad.example'], { source: 'indicator', scope: { uids: [[1000, 1999]] } }) },
    uid: 1500,
    want: { effect: 'block', layer: 'indicator', uid: 1500 },
  },
  {
    name: 'a rule for another user',
    tables: { indicators: tableOf(['bad.example'], { source: 'indicator', scope: { uids: [[1000, 1999]] } }) },
    uid: 0,
    want: { effect: 'pass', layer: 'none', uid: 0 },
  },
  {
    name: 'a rule for a user, and a connection of nobody known',
    tables: { indicators: tableOf(['bad.example'], { source: 'indicator', scope: { uids: [[0, 0]] } }) },
    want: { effect: 'pass', layer: 'none', uid: null },
  },
  {
    name: 'a rule for a program, which is not known',
    tables: { indicators: tableOf(['bad.example'], { source: 'indicator', scope: { executables: ['curl'] } }) },
    uid: 0,
    want: { effect: 'pass', layer: 'none' },
  },
  {
    name: 'an excluded address is not judged',
    tables: { reputation: tableOf(['bad.example'], {}) },
    settings: { excludedAddresses: ['192.0.2.0/24', '198.51.100.0/24'] },
    want: { effect: 'pass', layer: 'exclusion', ruleId: '' },
  },
  {
    name: 'another address is',
    tables: { reputation: tableOf(['bad.example'], {}) },
    settings: { excludedAddresses: ['198.51.100.6', '2001:db8::/32'], excludedExecutables: ['curl'] },
    want: { effect: 'block', layer: 'reputation' },
  },
  {
    name: 'no table: open',
    tables: {},
    host: 'paypa1-login.example',
    want: { effect: 'pass', layer: 'none', cause: 'policy' },
  },
  {
    name: 'popular names alone are no table to judge by: closed',
    tables: { popular: none },
    settings: { failTableMissing: 'closed' },
    want: { effect: 'block', layer: 'none', cause: 'table-missing' },
  },
  {
    name: 'no table: closed, in audit mode',
    tables: {},
    settings: { failTableMissing: 'closed', mode: 'audit' },
    want: { effect: 'audit', cause: 'table-missing' },
  },
  {
    name: 'no table: closed, and excluded',
    tables: {},
    settings: { failTableMissing: 'closed', excludedAddresses: ['198.51.100.7'] },
    want: { effect: 'pass', layer: 'exclusion', cause: 'policy' },
  },
  {
    name: 'a look-alike on no list',
    tables: { indicators: none, reputation: none },
    host: 'paypa1.com',
    want: { effect: 'audit', layer: 'score', category: 'Untrusted' },
  },
  {
    name: 'a look-alike, blocked if one likes',
    tables: { indicators: none, reputation: none },
    host: 'paypa1.com',
    settings: { lowReputation: 'block' },
    want: { effect: 'block', layer: 'score', category: 'Untrusted' },
  },
  {
    name: 'a look-alike, and the score is off',
    tables: { indicators: none, reputation: none },
    host: 'paypa1.com',
    settings: { lowReputation: 'off' },
    want: { effect: 'pass', layer: 'none' },
  },
  {
    name: 'a look-alike that is popular',
    tables: { indicators: none, popular: tableOf(['paypa1.com'], { source: 'popular', action: 'audit' }) },
    host: 'paypa1.com',
    want: { effect: 'pass', layer: 'none' },
  },
];

suite('the policy judge', () => {
  for (const one of cases) {
    test(one.name, () => assert.partialDeepStrictEqual(recordOf(one), one.want));
  }

  test('the judge forgets scores when the score is off, and settings hold for the next connection', () => {
    const control = new SharedControl(SharedControl.buffer());
    const judge = new PolicyJudge(new RingProducer(ringBuffer(10_000)), control, DEFAULT_GATE_SETTINGS, 1);
    judge.setTable('indicators', none);
    const ends: FlowEnds = {
      bytes: Uint8Array.of(192, 0, 2, 1, ...REMOTE),
      addressLength: 4,
      sourceAt: 0,
      destinationAt: 4,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 443,
      uid: UNKNOWN_UID,
    };
    const reading = { ...NOTHING_READ, names: [bytesOf('paypa1.com')] };
    const seen = (['warn', 'off', 'audit'] as const).map((lowReputation) => {
      judge.setSettings({ ...DEFAULT_GATE_SETTINGS, lowReputation });
      return judge.judge(reading, ends).effect;
    });
    assert.deepEqual(seen, ['warn', 'pass', 'audit']);
  });
});
