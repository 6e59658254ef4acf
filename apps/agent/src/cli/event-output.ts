/**
 * The forms in which events are printed or exported: lines for people, JSON, or the XML of an event log.
 *
 * Easy to get wrong: only XML has a beginning and an end of its own, and the header of the lines is for screens alone.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { eventXml, XML_EVENTS } from '../event-log/write-xml.ts';
import type { Layout } from './layout.ts';
import { printableJson } from './safe-text.ts';
import { renderEvent, renderEventHeader } from './screens/events.ts';

export type EventForm = 'lines' | 'json' | 'xml';

export interface EventPrinter {
  readonly begin: string;
  readonly end: string;
  event(event: DeviceNetworkEvent): string;
}

export function eventPrinter(form: EventForm, layout: Layout, isTerminal: boolean): EventPrinter {
  switch (form) {
    case 'lines':
      return {
        begin: isTerminal ? `${renderEventHeader(layout)}\n` : '',
        end: '',
        event: (event) => `${renderEvent(event, layout)}\n`,
      };
    case 'json':
      return { begin: '', end: '', event: (event) => `${printableJson(event)}\n` };
    case 'xml':
      return { ...XML_EVENTS, event: (event) => `${eventXml(event)}\n` };
    default:
      return form satisfies never;
  }
}
