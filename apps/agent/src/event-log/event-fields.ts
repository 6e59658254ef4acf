/**
 * An event row as an entry of an event log: level, message and named values. Defender's insertion strings come first,
 * in its order (defender-spec 3); what they lack follows under the names that the row has.
 *
 * Easy to get wrong: a value that is not known is left out, except among Defender's, whose readers count positions.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { VERSION } from '../version.ts';
import { PRODUCT_NAME } from './channel.ts';

/** The levels of Windows: 3 warning, 4 information. */
export type Level = 3 | 4;

export interface EventFields {
  readonly level: Level;
  /** One line: whatever names it holds, nothing in it acts on a terminal or begins another line. */
  readonly message: string;
  /** Each name once. */
  readonly data: ReadonlyMap<string, string>;
  /** Tells this row from every other of the journal. */
  readonly recordId: bigint;
}

/** These have elements of their own. */
const ELSEWHERE: ReadonlySet<string> = new Set(['Timestamp', 'DeviceName', 'AdditionalFields', 'EventId']);

export function eventFields(event: DeviceNetworkEvent): EventFields {
  const additional = additionalFields(event.AdditionalFields);
  const { level, message, data, consumed } = entryOf(event, additional);
  for (const [name, value] of [...Object.entries(event), ...Object.entries(additional)]) {
    if (value === null || ELSEWHERE.has(name) || consumed.includes(name) || data.has(name)) continue;
    data.set(name, textOf(value));
  }
  return {
    level,
    message: message.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD'),
    data,
    recordId: recordIdOf(event, additional),
  };
}

interface Entry {
  readonly level: Level;
  readonly message: string;
  readonly data: Map<string, string>;
  /** Additional fields that `data` has under Defender's name. */
  readonly consumed: readonly string[];
}

function entryOf(event: DeviceNetworkEvent, fields: Readonly<Record<string, unknown>>): Entry {
  const field = (name: string): string => textOf(fields[name] ?? null);
  const product = new Map([
    ['Product Name', PRODUCT_NAME],
    ['Product Version', VERSION],
  ]);
  const plain = (level: Level, message: string): Entry => ({ level, message, data: new Map(), consumed: [] });
  const destination = destinationOf(event);
  switch (event.ActionType) {
    case 'ExploitGuardNetworkProtectionBlocked':
    case 'ExploitGuardNetworkProtectionAudited': {
      const isAudit = event.ActionType === 'ExploitGuardNetworkProtectionAudited';
      const data = product
        .set('Unused', '')
        .set('Detection Time', textOf(event.Timestamp))
        .set('User', userOf(event, fields))
        .set('Destination', destination)
        .set('Process Name', textOf(event.InitiatingProcessFolderPath ?? event.InitiatingProcessFileName));
      const message = isAudit
        ? `Network protection would have blocked a connection to ${destination}.`
        : `Network protection blocked a connection to ${destination}.`;
      return { level: isAudit ? 4 : 3, message, data, consumed: [] };
    }
    case 'SettingsChanged':
      return {
        level: 4,
        message: `Settings have changed: ${field('OldValue')} is now ${field('NewValue')}.`,
        data: product.set('Old Value', field('OldValue')).set('New Value', field('NewValue')),
        consumed: ['OldValue', 'NewValue'],
      };
    case 'TamperingAttempt':
      return {
        level: 4,
        message: `A change of a managed setting was refused: ${field('Value')}.`,
        data: product.set('Changed Type', field('ChangedType')).set('Value', field('Value')),
        consumed: ['ChangedType', 'Value'],
      };
    case 'ConnectionSuccess':
      return plain(4, `A connection to ${destination} was made.`);
    case 'ProtectionGap':
      return plain(3, `Connections were not judged from ${field('From')} to ${field('To')}: ${field('Reason')}.`);
    case 'EventsDropped':
      return plain(
        3,
        `Records were lost: ${field('Connections')} connections and ${field('Protection')} protection events.`,
      );
    default:
      return plain(4, `${String(event.ActionType)}: ${destination}`);
  }
}

const destinationOf = (event: DeviceNetworkEvent): string => textOf(event.RemoteUrl ?? event.RemoteIP);

/** `DOMAIN\name` as Defender writes it, without a domain the name, without a name the uid. */
function userOf(event: DeviceNetworkEvent, fields: Readonly<Record<string, unknown>>): string {
  const [domain, name] = [event.InitiatingProcessAccountDomain, event.InitiatingProcessAccountName];
  if (name === null) return textOf(fields['Uid'] ?? null);
  return domain === null ? textOf(name) : `${textOf(domain)}\\${textOf(name)}`;
}

/**
 * The two rows of a flow share their ReportId, and the agent's own rows have a count of their own; so the low bits say
 * which of them it is.
 */
function recordIdOf(event: DeviceNetworkEvent, fields: Readonly<Record<string, unknown>>): bigint {
  const flow = fields['FlowId'];
  if (typeof flow === 'string' && /^\d{1,16}$/.test(flow)) return BigInt(flow) * 4n + (event.EventId === 0 ? 0n : 1n);
  const own = event.ReportId;
  return typeof own === 'number' && Number.isSafeInteger(own) && own >= 0 ? BigInt(own) * 4n + 2n : 3n;
}

/** AdditionalFields is JSON that this agent wrote; anything else is kept as the text it is. */
function additionalFields(value: unknown): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  const text = textOf(value);
  try {
    const read: unknown = JSON.parse(text);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object is a record of unknown values
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  } catch {
    // Falls through to the text itself.
  }
  return { AdditionalText: text };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(',');
  return JSON.stringify(value) ?? '';
}
