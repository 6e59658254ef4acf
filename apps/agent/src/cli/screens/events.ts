/**
 * Events, one line each. Unlike a table, these columns are fixed: lines are printed as they come, a million of them
 * or one an hour, and nobody knows the longest name beforehand.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { pad, truncateMiddle } from '../display-width.ts';
import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { printable } from '../safe-text.ts';
import { durationText, localTime } from '../time.ts';

const KINDS: Readonly<Record<string, { readonly style: Style; readonly word: string }>> = {
  ExploitGuardNetworkProtectionBlocked: { style: 'red', word: 'Blocked' },
  ExploitGuardNetworkProtectionAudited: { style: 'yellow', word: 'Audited' },
  ConnectionSuccess: { style: 'dim', word: 'Connected' },
  ProtectionGap: { style: 'magenta', word: 'Gap' },
  EventsDropped: { style: 'magenta', word: 'Dropped' },
  SettingsChanged: { style: 'cyan', word: 'Setting' },
  TamperingAttempt: { style: 'magenta', word: 'Refused' },
};

const WHAT = 9;

/** Cells of each column. What is left of the line is the reason's. */
interface Columns {
  /** Where the local time begins to be shown: a narrow screen goes without the year. */
  readonly timeFrom: number;
  readonly time: number;
  readonly host: number;
  readonly address: number;
  readonly reason: number;
}

const WIDE = 110;

function columnsOf(width: number | null): Columns {
  if (width === null) return { timeFrom: 0, time: 19, host: 36, address: 15, reason: Infinity };
  const [timeFrom, address] = width < WIDE ? [5, 15] : [0, 26];
  const time = 19 - timeFrom;
  const rest = width - time - WHAT - address - 8;
  const host = Math.min(40, Math.floor(rest * 0.6));
  return { timeFrom, time, host, address, reason: rest - host };
}

export function renderEventHeader(layout: Layout): string {
  const { time, host, address } = columnsOf(layout.width);
  const header = [pad('TIME', time), pad('WHAT', WHAT), pad('HOST', host), pad('ADDRESS', address), 'REASON'];
  return layout.paint('dim', header.join('  '));
}

export function renderEvent(event: DeviceNetworkEvent, layout: Layout): string {
  const columns = columnsOf(layout.width);
  const cut = (text: string, width: number): string => (layout.width === null ? text : truncateMiddle(text, width));
  const time = timeOf(event.Timestamp).slice(columns.timeFrom);
  const { style, word } = KINDS[event.ActionType] ?? {
    style: 'dim',
    word: printable(event.ActionType),
  };
  const what = `${time}  ${layout.paint(style, pad(word, WHAT))}`;
  const reason = printable(reasonOf(event));
  if (event.RemoteIP === null && event.RemoteUrl === null) {
    return `${what}  ${cut(reason, columns.host + columns.address + columns.reason + 4)}`.trimEnd();
  }
  const host = pad(cut(destinationOf(event), columns.host), columns.host);
  const address = pad(cut(printable(text(event.RemoteIP)), columns.address), columns.address);
  return `${what}  ${host}  ${address}  ${cut(reason, columns.reason)}`.trimEnd();
}

function timeOf(timestamp: string | number | boolean | null): string {
  const ms = typeof timestamp === 'number' ? timestamp : Date.parse(String(timestamp));
  return Number.isNaN(ms) ? pad('?', 19) : localTime(ms);
}

/** `host:port`: the host of RemoteUrl without its path, else the address again, in brackets where IPv6 needs them. */
function destinationOf(event: DeviceNetworkEvent): string {
  const url = text(event.RemoteUrl);
  const host = url === '' ? '' : (/^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)/i.exec(url)?.[1] ?? url);
  const port = text(event.RemotePort);
  if (host === '') {
    const address = text(event.RemoteIP);
    return printable(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
  }
  return printable(/:\d+$/.test(host) || port === '' ? host : `${host}:${port}`);
}

/** What AdditionalFields says for a person. It is JSON that this agent wrote; anything else is shown as it is. */
function reasonOf(event: DeviceNetworkEvent): string {
  const fields = additionalFields(event.AdditionalFields);
  if (fields === null) return text(event.AdditionalFields);
  const field = (name: string): string => text(fields[name]);
  switch (event.ActionType) {
    case 'SettingsChanged':
      return changeText(field('OldValue'), field('NewValue'));
    case 'TamperingAttempt':
      return `${field('Value')} (managed)`;
    case 'ProtectionGap': {
      const lasted = typeof fields['DurationMs'] === 'number' ? `${durationText(fields['DurationMs'])}: ` : '';
      return `${lasted}${field('Reason')}`;
    }
    case 'EventsDropped':
      return `by the ${field('Where')}: ${field('Connections')} connections, ${field('Protection')} protection events`;
    default:
      return [field('ResponseCategory'), field('DisplayName')]
        .filter((part) => part !== '' && part !== 'None')
        .join(', ');
  }
}

/** `Name = old` and `Name = new` as `Name: old → new`. */
function changeText(before: string, after: string): string {
  const [, name, oldValue] = /^(\S+) = (.*)$/s.exec(before) ?? [];
  const prefix = `${name ?? ''} = `;
  return name !== undefined && after.startsWith(prefix)
    ? `${name}: ${oldValue ?? ''} → ${after.slice(prefix.length)}`
    : `${before} → ${after}`;
}

function additionalFields(value: unknown): Readonly<Record<string, unknown>> | null {
  if (value === null) return {};
  if (typeof value !== 'string') return null;
  try {
    const fields: unknown = JSON.parse(value);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object is a record of unknown values
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
