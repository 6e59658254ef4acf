/**
 * The formats of feeds by name, as the command line offers them.
 *
 * Easy to get wrong: a format is chosen by a text that may carry a column map (`csv:value=ioc,type=ioc_type`), so what
 * users type goes through `parseFormat`, and what reports say is only the name.
 */
import { type CsvMap, parseCsvMap } from './lines/csv-columns.ts';

export const FEED_FORMATS = [
  { name: 'hosts', meaning: 'hosts file; each name alone', example: '0.0.0.0 bad.example' },
  { name: 'domains', meaning: 'names with all below them, addresses, CIDRs, URLs', example: 'bad.example' },
  { name: 'adblock', meaning: 'Adblock Plus, uBlock Origin, AdGuard network rules', example: '||bad.example^' },
  { name: 'cidr', meaning: 'addresses, CIDRs and ranges', example: '203.0.113.0/24' },
  { name: 'dnsmasq', meaning: 'dnsmasq configuration', example: 'address=/bad.example/0.0.0.0' },
  { name: 'unbound', meaning: 'Unbound configuration', example: 'local-zone: "bad.example" always_nxdomain' },
  { name: 'rpz', meaning: 'response policy zone file', example: 'bad.example CNAME .' },
  { name: 'bind', meaning: 'BIND zone statements', example: 'zone "bad.example" { type master; file "null"; };' },
  { name: 'dnscrypt', meaning: 'dnscrypt-proxy blocked names and addresses', example: '=bad.example' },
  { name: 'tpl', meaning: 'Internet Explorer tracking protection list', example: '-d bad.example' },
  {
    name: 'suricata',
    meaning: 'Suricata and Snort rules about names, URLs and addresses',
    example: 'alert tls any any -> any any (tls.sni; content:"bad.example"; sid:1;)',
  },
  { name: 'dataset', meaning: 'Suricata dataset; base64 or plain values', example: 'YmFkLmV4YW1wbGU=' },
  { name: 'csv', meaning: 'CSV with known or named columns', example: 'csv:value=ioc,type=ioc_type' },
  { name: 'stix', meaning: 'STIX 2.1 bundle', example: '{"type":"bundle","objects":[…]}' },
  { name: 'misp', meaning: 'MISP event or feed', example: '{"Event":{"Attribute":[…]}}' },
  { name: 'ut1', meaning: 'UT1 category folder: domains and urls', example: 'adult/domains' },
] as const satisfies ReadonlyArray<{ readonly name: string; readonly meaning: string; readonly example: string }>;

export type FormatName = (typeof FEED_FORMATS)[number]['name'];

/** A format as it is chosen and kept: its name, or `csv:` with a column map. */
export type Format = FormatName | `csv:${string}`;

export const FORMAT_NAMES: readonly FormatName[] = FEED_FORMATS.map(({ name }) => name);

export interface ChosenFormat {
  readonly kind: 'ok';
  readonly name: FormatName;
  /** Null: columns by their usual names. */
  readonly csv: CsvMap | null;
}

type ParsedFormat = ChosenFormat | { readonly kind: 'rejected'; readonly reason: string };

/** A format as a user types it. */
export function parseFormat(text: string): ParsedFormat {
  if (text.startsWith('csv:')) {
    const csv = parseCsvMap(text.slice('csv:'.length));
    return 'reason' in csv ? { kind: 'rejected', reason: csv.reason } : { kind: 'ok', name: 'csv', csv };
  }
  const name = FORMAT_NAMES.find((known) => known === text);
  return name === undefined
    ? { kind: 'rejected', reason: `not one of ${FORMAT_NAMES.join(', ')}` }
    : { kind: 'ok', name, csv: null };
}

/** Whether `parseFormat` accepts the text. */
export const isFormat = (text: string): text is Format => parseFormat(text).kind === 'ok';
