/**
 * Events as one XML document, `<Events>` with one `<Event>` each, as Event Viewer saves them.
 *
 * Easy to get wrong: what is broken off has no end tag and is no document, on purpose. `end` belongs where everything
 * was written.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { type Element, eventElement } from './event-element.ts';
import { escapeXml } from './xml-text.ts';

export const XML_EVENTS = {
  begin: '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>\n',
  end: '</Events>\n',
} as const;

/** One line. */
export const eventXml = (event: DeviceNetworkEvent): string => writeElement(eventElement(event));

function writeElement({ name, attributes, children, text }: Element): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const content = children.length > 0 ? children.map(writeElement).join('') : escapeXml(text);
  const start = `<${name}${given.join('')}`;
  return content === '' ? `${start}/>` : `${start}>${content}</${name}>`;
}
