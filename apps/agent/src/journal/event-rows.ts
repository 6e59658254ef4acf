/**
 * Turns stored records into the rows that `sallyport events` shows. Done when somebody reads, not when a connection
 * is made: most records are never read.
 *
 * A flow is one `ConnectionSuccess` row (the handshake completes before the verdict, defender-spec 4.2), followed at
 * once by a protection row when the flow was blocked or would have been. Both carry the same FlowId.
 */
import { hostname } from 'node:os';

import { DEVICE_NETWORK_EVENT_COLUMNS, type DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import { decodeFlowRecord, type FlowRecord, type Layer } from '@sallyport/contract/flow-record';
import { formatIp } from '@sallyport/hosts/canonical';
import { actionTypeOf, eventIdOf } from '@sallyport/policy/events';
import { alpnOf } from '@sallyport/wire/tls/client-hello';

import { addressType } from './address-type.ts';
import { eventIdOfOwn, type OwnRecord } from './own-record.ts';

export interface Device {
  readonly id: string;
  readonly name: string;
}

export const thisDevice = (id: string): Device => ({ id, name: hostname() });

/** Every column null, in the documented order; rows are made from it so that they keep that order. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the list of columns
const EMPTY_ROW = {
  ...Object.fromEntries(DEVICE_NETWORK_EVENT_COLUMNS.map((column) => [column, null])),
  EventId: 0,
} as DeviceNetworkEvent;

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'Tcp', 17: 'Udp' };
/** ReportId is unique together with time and device (defender-spec 2.1). */
const REPORT_ID_RANGE = 2 ** 31;
const text = new TextDecoder();

/** One or two rows, the connection first; none for bytes that are no record of this version. */
export function flowRows(bytes: Uint8Array, device: Device): readonly DeviceNetworkEvent[] {
  const record = decodeFlowRecord(bytes);
  if (record === null) return [];
  const url = text.decode(record.url);
  const name = text.decode(record.name);
  const connection: DeviceNetworkEvent = {
    ...EMPTY_ROW,
    Timestamp: new Date(record.atMs).toISOString(),
    DeviceId: device.id,
    DeviceName: device.name,
    ActionType: 'ConnectionSuccess',
    RemoteIP: formatIp(record.remoteAddress),
    RemotePort: record.remotePort,
    RemoteUrl: url || name || null,
    LocalIP: formatIp(record.localAddress),
    LocalPort: record.localPort,
    Protocol: PROTOCOLS[record.protocol] ?? String(record.protocol),
    LocalIPType: addressType(record.localAddress),
    RemoteIPType: addressType(record.remoteAddress),
    ReportId: record.sequence % REPORT_ID_RANGE,
    AdditionalFields: JSON.stringify({ ...flowFields(record), ...(record.effect === 'pass' && ruleFields(record)) }),
  };
  const actionType = actionTypeOf(record.effect);
  if (actionType === null) return [connection];
  const fields = {
    ...flowFields(record),
    IsAudit: record.effect === 'audit',
    ...ruleFields(record),
  };
  return [
    connection,
    {
      ...connection,
      ActionType: actionType,
      AdditionalFields: JSON.stringify(fields),
      EventId: eventIdOf(record.effect) ?? 0,
    },
  ];
}

function flowFields(record: FlowRecord): Record<string, unknown> {
  const alpn = alpnOf(record.alpn);
  return {
    FlowId: String(record.sequence),
    NameSource: record.nameSource,
    NameConfidence: record.nameSource === 'none' ? 'none' : record.nameSource === 'dns' ? 'low' : 'high',
    ...(alpn.length > 0 && { Alpn: alpn }),
    Ech: record.ech,
    ...(record.ambiguous && { Ambiguous: true }),
    Hook: record.hook,
    Cause: record.cause,
    ...(record.uid !== null && { Uid: record.uid }),
    ...(record.webCategory !== null && { WebCategory: record.webCategory }),
  };
}

/** The rule behind the verdict; nothing when no rule matched. What is excluded has no rule and is not judged. */
function ruleFields(record: FlowRecord): Record<string, unknown> {
  const category = record.category === 'None' ? {} : { ResponseCategory: record.category };
  if (record.layer === 'none') return category;
  if (record.layer === 'exclusion') return { ...category, Layer: record.layer };
  return {
    ...category,
    DisplayName: record.ruleTitle,
    [ID_COLUMNS[record.layer]]: record.ruleId,
    Action: record.action,
    Layer: record.layer,
    MatchedBy: record.matched,
    ...(record.confidence !== null && { Confidence: record.confidence }),
  };
}

/** What the id of a layer's rule is the id of. */
const ID_COLUMNS = {
  indicator: 'IndicatorId',
  reputation: 'Feed',
  category: 'RuleId',
  score: 'RuleId',
} as const satisfies Record<Exclude<Layer, 'none' | 'exclusion'>, string>;

/** `id` numbers the agent's own records. */
export function ownRow(record: OwnRecord, id: number, atMs: number, device: Device): DeviceNetworkEvent {
  const base = {
    ...EMPTY_ROW,
    Timestamp: new Date(atMs).toISOString(),
    DeviceId: device.id,
    DeviceName: device.name,
    ReportId: id,
  };
  switch (record.kind) {
    case 'setting-changed':
      return {
        ...base,
        ActionType: 'SettingsChanged',
        EventId: eventIdOfOwn(record),
        AdditionalFields: JSON.stringify({
          OldValue: `${record.name} = ${record.oldValue}`,
          NewValue: `${record.name} = ${record.newValue}`,
          Source: record.source,
        }),
      };
    case 'change-refused':
      return {
        ...base,
        ActionType: 'TamperingAttempt',
        EventId: eventIdOfOwn(record),
        AdditionalFields: JSON.stringify({ ChangedType: 'Blocked', Value: `${record.name} = ${record.value}` }),
      };
    case 'protection-gap':
      return {
        ...base,
        ActionType: 'ProtectionGap',
        AdditionalFields: JSON.stringify({
          From: new Date(record.fromMs).toISOString(),
          To: new Date(atMs).toISOString(),
          DurationMs: atMs - record.fromMs,
          Reason: record.reason,
        }),
      };
    case 'events-dropped':
      return {
        ...base,
        ActionType: 'EventsDropped',
        AdditionalFields: JSON.stringify({
          Where: record.where,
          Connections: record.connections,
          Protection: record.protection,
          From: new Date(record.fromMs).toISOString(),
          To: new Date(atMs).toISOString(),
        }),
      };
    default:
      return record satisfies never;
  }
}
