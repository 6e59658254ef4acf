/**
 * One event in journald's native protocol (systemd, "Native Journal Protocol"): fields, each with its line feed.
 *
 * Easy to get wrong: a value that holds a line feed is written in the binary form, or what stands behind the line feed
 * would be a field of the sender's making. Names are upper case, without a leading underscore: those are journald's own.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { CHANNEL } from './channel.ts';
import { eventFields, type Level } from './event-fields.ts';

/** syslog's severities. */
const PRIORITIES = { 3: 4, 4: 6 } as const satisfies Record<Level, number>;
/** systemd refuses longer names. */
const MAX_NAME = 64;
const PREFIX = 'SALLYPORT_';

export function journaldEntry(event: DeviceNetworkEvent): Uint8Array {
  const { level, message, data, recordId } = eventFields(event);
  const fields: [string, string][] = [
    ['MESSAGE', message],
    ['PRIORITY', String(PRIORITIES[level])],
    ['SYSLOG_IDENTIFIER', 'sallyport'],
    [`${PREFIX}EVENT_ID`, String(event.EventId)],
    [`${PREFIX}RECORD_ID`, String(recordId)],
    [`${PREFIX}TIME`, String(event.Timestamp)],
    [`${PREFIX}CHANNEL`, CHANNEL],
  ];
  for (const [name, value] of data) if (value !== '') fields.push([fieldName(name), value]);
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, Buffer.from(value))));
}

/** `RemoteUrl` and `Remote Url` are `SALLYPORT_REMOTE_URL`. */
function fieldName(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4');
  return `${PREFIX}${words.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`.slice(0, MAX_NAME);
}

function encodeField(name: string, value: Uint8Array): Uint8Array {
  if (!value.includes(10)) return Buffer.concat([Buffer.from(`${name}=`), value, NEW_LINE]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, NEW_LINE]);
}

const NEW_LINE = Buffer.from('\n');
