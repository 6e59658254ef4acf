/** Rows as the journal makes them. */
import { DEVICE_NETWORK_EVENT_COLUMNS, type DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { flowRows, ownRow } from '../../src/journal/event-rows.ts';
import { AT_MS, blockedRecord, encodeBatch, flowRecord } from '../state-fixture.ts';

export const DEVICE = { id: 'd'.repeat(40), name: 'host' };

/** Every column null, but those that are given. */
export const event = (columns: Partial<DeviceNetworkEvent>): DeviceNetworkEvent =>
  ({
    ...Object.fromEntries(DEVICE_NETWORK_EVENT_COLUMNS.map((column) => [column, null])),
    Timestamp: new Date(AT_MS).toISOString(),
    EventId: 0,
    ...columns,
  }) as DeviceNetworkEvent;

const [blockedConnection, blocked] = flowRows(encodeBatch([blockedRecord(9)]), DEVICE);
const [, audited] = flowRows(
  encodeBatch([
    blockedRecord(10, {
      effect: 'audit',
      name: Buffer.from('other.example'),
      layer: 'reputation',
      category: 'Phishing',
      ruleId: '3',
      atMs: AT_MS + 1000,
    }),
  ]),
  DEVICE,
);
const [connection] = flowRows(encodeBatch([flowRecord(11, { atMs: AT_MS + 2000 })]), DEVICE);
if (blockedConnection === undefined || blocked === undefined || audited === undefined || connection === undefined) {
  throw new Error('the journal makes no rows');
}

/** By a short name; each a second after the one before, but the blocked flow, whose two rows share their time. */
export const EVENTS = {
  blockedConnection,
  blocked,
  audited,
  connection,
  changed: ownRow(
    { kind: 'setting-changed', name: 'QuicHandling', oldValue: 'block', newValue: 'allow', source: 'local' },
    1,
    AT_MS + 3000,
    DEVICE,
  ),
  refused: ownRow(
    { kind: 'change-refused', name: 'EnableNetworkProtection', value: 'disabled' },
    2,
    AT_MS + 4000,
    DEVICE,
  ),
  gap: ownRow({ kind: 'protection-gap', fromMs: AT_MS, reason: 'the gate was not running' }, 3, AT_MS + 5000, DEVICE),
} as const satisfies Record<string, DeviceNetworkEvent>;

export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES = Object.keys(EVENTS) as readonly EventName[];
