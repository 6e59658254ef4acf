/**
 * An event as the element tree of the public Event schema. The XML that is written and the paths of a view's queries
 * both stand on this tree, so a filter sees exactly what an export shows.
 *
 * Easy to get wrong: the schema fixes the order of the elements in System.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { CHANNEL, PROVIDER_GUID, PROVIDER_NAME } from './channel.ts';
import { eventFields, type Level } from './event-fields.ts';

/** Text, or children: nothing here mixes them. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const EVENT_NAMESPACE = 'http://schemas.microsoft.com/win/2004/08/events/event';

const LEVELS = { 3: 'Warning', 4: 'Information' } as const satisfies Record<Level, string>;

export function eventElement(event: DeviceNetworkEvent): Element {
  const { level, message, data, recordId } = eventFields(event);
  const system = [
    empty('Provider', { Name: PROVIDER_NAME, Guid: PROVIDER_GUID }),
    leaf('EventID', String(event.EventId)),
    leaf('Version', '0'),
    leaf('Level', String(level)),
    leaf('Task', '0'),
    leaf('Opcode', '0'),
    leaf('Keywords', '0x8000000000000000'),
    empty('TimeCreated', { SystemTime: String(event.Timestamp) }),
    leaf('EventRecordID', String(recordId)),
    empty('Correlation', {}),
    leaf('Channel', CHANNEL),
    leaf('Computer', String(event.DeviceName ?? '')),
    empty('Security', {}),
  ];
  const values = data
    .entries()
    .map(([name, text]) => leaf('Data', text, { Name: name }))
    .toArray();
  const rendering = [
    leaf('Message', message),
    leaf('Level', LEVELS[level]),
    leaf('Channel', CHANNEL),
    leaf('Provider', PROVIDER_NAME),
  ];
  return branch('Event', { xmlns: EVENT_NAMESPACE }, [
    branch('System', {}, system),
    branch('EventData', {}, values),
    branch('RenderingInfo', { Culture: 'en-US' }, rendering),
  ]);
}

const leaf = (name: string, text: string, attributes: Element['attributes'] = {}): Element => ({
  name,
  attributes,
  children: [],
  text,
});

const empty = (name: string, attributes: Element['attributes']): Element => leaf(name, '', attributes);

const branch = (name: string, attributes: Element['attributes'], children: readonly Element[]): Element => ({
  name,
  attributes,
  children,
  text: '',
});
