/** Values for the screens: a healthy agent, and what hostile lists put into their texts. */
import type { FeedView, StatusView } from '@sallyport/contract/control';
import type { GateStatus } from '@sallyport/contract/gate-link';

import { EMPTY_VIEW } from '../../src/feed-store/stored-feed.ts';
import { NOW_MS } from './harness.ts';

export const gate: GateStatus = {
  pid: 4711,
  startedMs: NOW_MS - 11_520_000,
  enforcingSinceMs: NOW_MS - 11_519_000,
  mode: 'block',
  backend: 'iptables-nft',
  queueNumber: 7137,
  packets: 1_204_332,
  verdicts: 1_204_332,
  blocked: 312,
  audited: 0,
  held: 2_301,
  expiredHolds: 3,
  queueDropped: 0,
  userDropped: 0,
  recordsDropped: 0,
  recordsPending: 12,
  rulesRepaired: 0,
  conntrackCount: 1_204,
  conntrackMax: 262_144,
  conntrackState: 'ok',
  tables: {
    indicators: { hosts: 12, addresses: 3, urls: 1, bytes: 4_096 },
    reputation: { hosts: 1_210_731, addresses: 4_203, urls: 0, bytes: 21_400_000 },
    categories: null,
    popular: null,
  },
  problems: [],
};

export const feed: FeedView = {
  ...EMPTY_VIEW,
  id: '1',
  location: '/srv/lists/domains-malicious.txt',
  format: 'domains',
  category: 'malicious',
  addedMs: NOW_MS - 864_000_000,
  refreshedMs: NOW_MS - 3_600_000,
  entries: { hosts: 1_210_731, ips: 4_200, cidrs: 3, urls: 0 },
  exceptions: 0,
  skipped: { 'popular-host': 41, 'public-suffix': 2 },
  invalid: { count: 1, first: [{ line: 7, text: 'bad\u001b[2J line', reason: 'not a name' }] },
  problem: null,
};

export const status: StatusView = {
  version: '0.1.0',
  pid: 4710,
  startedMs: NOW_MS - 11_521_000,
  stateDirectory: '/var/lib/sallyport',
  networkProtectionStatus: 'started',
  mode: 'block',
  gate,
  failPolicy: {
    FailPolicyGateAbsent: 'open',
    FailPolicyQueueFull: 'open',
    FailPolicyInspectionLimit: 'open',
    FailPolicyTableMissing: 'open',
  },
  indicators: 16,
  feeds: [feed],
  journal: { records: 1_204_331, bytes: 212_000_000, oldestMs: NOW_MS - 864_000_000 },
  problems: [],
};
