/**
 * `sallyport indicator export`: all indicators as CSV, which import reads back whole, or the blocking ones as a STIX
 * bundle or MISP event for others.
 *
 * Easy to get wrong: what a format cannot say is left out and counted, never widened. STIX and MISP know neither whom
 * an indicator is for nor any other action, so an allow or a rule for one user would become a block for everybody.
 */
import { createHash } from 'node:crypto';

import type { Control } from '@sallyport/contract/control';
import type { Indicator } from '@sallyport/contract/indicator';
import { SCOPE_FIELDS } from '@sallyport/contract/indicator-values';
import { formatIp } from '@sallyport/hosts/canonical';

import { readTarget, type Target } from '../indicators/read-target.ts';
import { indicatorPages } from './indicator-pages.ts';
import { indicatorHeader, indicatorRow } from './indicator-rows.ts';

export const EXPORT_FORMATS = ['csv', 'stix', 'misp'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportCounts {
  exported: number;
  leftOut: number;
}

/** Pieces of the file. `counts` is kept up to date meanwhile. */
export async function* exportIndicators(
  control: Control,
  format: ExportFormat,
  nowMs: number,
  counts: ExportCounts,
): AsyncGenerator<string> {
  const writer = WRITERS[format](new Date(nowMs).toISOString());
  yield writer.begin;
  let isFirst = true;
  for await (const page of indicatorPages(control)) {
    let piece = '';
    for (const indicator of page) {
      const items = writer.items(indicator);
      if (items.length === 0) counts.leftOut++;
      else counts.exported++;
      for (const item of items) {
        piece += isFirst ? item : `${writer.between}${item}`;
        isFirst = false;
      }
    }
    if (piece !== '') yield piece;
  }
  yield writer.end;
}

interface Writer {
  readonly begin: string;
  readonly between: string;
  readonly end: string;
  /** None when the format cannot say it. */
  items(indicator: Indicator): readonly string[];
}

const WRITERS = {
  csv: (): Writer => ({
    begin: indicatorHeader(),
    between: '',
    end: '',
    items: (indicator) => [indicatorRow(indicator)],
  }),
  stix: stixWriter,
  misp: mispWriter,
} as const satisfies Record<ExportFormat, (now: string) => Writer>;

/** Null for what only we can say. */
function sharedTarget(indicator: Indicator): Target | null {
  if (indicator.action !== 'Block' || SCOPE_FIELDS.some((field) => indicator[field] !== undefined)) return null;
  if (indicator.rbacGroups !== undefined && indicator.rbacGroups.length > 0) return null;
  const read = readTarget(indicator.indicatorValue);
  return read.kind === 'ok' ? read.target : null;
}

// ---- STIX 2.1 -------------------------------------------------------------------------------------------------------

function stixWriter(now: string): Writer {
  return {
    begin: `{"type":"bundle","id":"bundle--${uuidOf(`bundle ${now}`)}","objects":[\n`,
    between: ',\n',
    end: '\n]}\n',
    items(indicator) {
      const target = sharedTarget(indicator);
      const pattern = target === null ? null : stixPattern(target);
      if (pattern === null) return [];
      const { title, description, creationTimeDateTimeUtc: created, lastUpdateTime: modified } = indicator;
      return [
        JSON.stringify({
          type: 'indicator',
          spec_version: '2.1',
          id: `indicator--${uuidOf(indicator.indicatorValue)}`,
          created,
          modified,
          name: title,
          ...(description !== undefined && { description }),
          indicator_types: ['malicious-activity'],
          pattern,
          pattern_type: 'stix',
          valid_from: created,
          ...(indicator.expirationTime !== null && { valid_until: indicator.expirationTime }),
        }),
      ];
    },
  };
}

/** STIX 2.1 section 9. A name covers what is below it in our reading, so the name alone cannot be said. */
function stixPattern({ destination, port, value }: Target): string | null {
  switch (destination.kind) {
    case 'host': {
      if (destination.match === 'exact') return null;
      const below = destination.match === 'subdomains';
      const name = literal(below ? `%.${destination.name}` : destination.name);
      const operator = below ? 'LIKE' : '=';
      return port === null ? `[domain-name:value ${operator} ${name}]` : traffic(operator, name, port);
    }
    case 'networks':
      return destination.networks
        .map(({ address, prefixLength }) => {
          const isOne = prefixLength === address.length * 8;
          const text = literal(isOne ? formatIp(address) : `${formatIp(address)}/${prefixLength}`);
          if (port !== null) return traffic('=', text, port);
          return `[${address.length === 4 ? 'ipv4' : 'ipv6'}-addr:value = ${text}]`;
        })
        .join(' OR ');
    case 'url':
      return `[url:value = ${literal(value)}]`;
    default:
      return destination satisfies never;
  }
}

const traffic = (operator: string, text: string, port: number): string =>
  `[network-traffic:dst_ref.value ${operator} ${text} AND network-traffic:dst_port = ${port}]`;

const literal = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

/** RFC 9562 version 5, so that the same indicator has the same id in every export. */
function uuidOf(text: string): string {
  // The namespace that STIX 2.1 section 2.9 gives for deterministic ids.
  const namespace = Buffer.from('00abedb4aa424f9ca55b9d3ec2dfc8c8', 'hex');
  const hash = createHash('sha1').update(namespace).update(text).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

// ---- MISP core format -----------------------------------------------------------------------------------------------

function mispWriter(now: string): Writer {
  const event = {
    uuid: uuidOf(`event ${now}`),
    info: 'Custom indicators of Sallyport',
    date: now.slice(0, 10),
    threat_level_id: '4',
    analysis: '2',
    distribution: '0',
    published: false,
  };
  return {
    begin: `{"Event":${JSON.stringify(event).slice(0, -1)},"Attribute":[\n`,
    between: ',\n',
    end: '\n]}}\n',
    items(indicator) {
      const target = indicator.expirationTime === null ? sharedTarget(indicator) : null;
      if (target === null) return [];
      return mispValues(target).map(({ type, value }) =>
        JSON.stringify({
          uuid: uuidOf(`${type} ${value}`),
          type,
          category: 'Network activity',
          value,
          to_ids: true,
          comment: indicator.title,
          timestamp: String(Math.floor(Date.parse(indicator.lastUpdateTime) / 1000)),
          distribution: '5',
        }),
      );
    },
  };
}

/** Attributes have neither expiry nor a word for "below this name"; a port needs a single host or address. */
function mispValues({
  destination,
  port,
  value,
}: Target): readonly { readonly type: string; readonly value: string }[] {
  switch (destination.kind) {
    case 'host': {
      const { name, match } = destination;
      if (match === 'subdomains' || (port !== null && match !== 'exact')) return [];
      if (port !== null) return [{ type: 'hostname|port', value: `${name}|${port}` }];
      return [{ type: match === 'exact' ? 'hostname' : 'domain', value: name }];
    }
    case 'networks': {
      const texts = destination.networks.map(({ address, prefixLength }) =>
        prefixLength === address.length * 8 ? formatIp(address) : `${formatIp(address)}/${prefixLength}`,
      );
      if (port === null) return texts.map((text) => ({ type: 'ip-dst', value: text }));
      return texts.some((text) => text.includes('/'))
        ? []
        : texts.map((text) => ({ type: 'ip-dst|port', value: `${text}|${port}` }));
    }
    case 'url':
      return [{ type: 'url', value }];
    default:
      return destination satisfies never;
  }
}
