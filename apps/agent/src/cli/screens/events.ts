/**
 * Events, one line each. Unlike a table, these columns are fixed: lines are printed as they come, a million of them
 * or one an hour, and nobody knows the longest name beforehand.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { displayWidth, pad, truncateMiddle } from '../display-width.ts';
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
};

const TIME = 19;
const WHAT = 9;
const ADDRESS = 15;
const GAPS = 8;
const DESTINATION = { least: 20, usual: 32 } as const;

/** Cells of the destination column: what time, kind and address leave, shared with the reason. */
function destinationWidth(width: number | null): number {
  if (width === null) return DESTINATION.usual;
  const rest = width - TIME - WHAT - ADDRESS - GAPS;
  return Math.max(DESTINATION.least, Math.min(DESTINATION.usual, Math.floor(rest * 0.6)));
}

export function renderEventHeader(layout: Layout): string {
  const columns = [pad('TIME', TIME), pad('WHAT', WHAT), pad('HOST', destinationWidth(layout.width))];
  return layout.paint('dim', [...columns, pad('ADDRESS', ADDRESS), 'REASON'].join('  '));
}

export function renderEvent(event: DeviceNetworkEvent, layout: Layout): string {
  const cut = (text: string, width: number): string => (layout.width === null ? text : truncateMiddle(text, width));
  const time = timeOf(event.Timestamp);
  const { style, word } = KINDS[String(event.ActionType)] ?? {
    style: 'dim',
    word: printable(String(event.ActionType)),
  };
  const reason = printable(reasonOf(event));
  if (event.RemoteIP === null && event.RemoteUrl === null) {
    const text = cut(reason, (layout.width ?? 0) - TIME - WHAT - 4);
    return `${time}  ${layout.paint(style, pad(word, WHAT))}  ${text}`.trimEnd();
  }
  const width = destinationWidth(layout.width);
  const destination = pad(cut(destinationOf(event), width), width);
  const address = pad(cut(printable(text(event.RemoteIP)), Math.max(ADDRESS, 39)), ADDRESS);
  const used = TIME + WHAT + displayWidth(destination) + displayWidth(address) + GAPS;
  const rest = cut(reason, Math.max(0, (layout.width ?? 0) - used));
  return `${time}  ${layout.paint(style, pad(word, WHAT))}  ${destination}  ${address}  ${rest}`.trimEnd();
}

function timeOf(timestamp: string | number | boolean | null): string {
  const ms = typeof timestamp === 'number' ? timestamp : Date.parse(String(timestamp));
  return Number.isNaN(ms) ? pad('?', TIME) : localTime(ms);
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
