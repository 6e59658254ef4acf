/**
 * The parsers of line formats by name. What one of them must refuse is what another one means, so a format is never
 * guessed line by line: one parser reads a whole feed.
 *
 * Easy to get wrong: the same text means different breadths. A hosts file names exact hosts; a domain list, also one
 * written as `*.name`, names hosts with all below them; `||name^` likewise; a zone's `*.name` only what is below.
 */
import type { FormatName } from './formats.ts';
import { adblockParser } from './lines/adblock.ts';
import { bindParser } from './lines/bind.ts';
import { cidrParser } from './lines/cidr.ts';
import type { CsvMap } from './lines/csv-columns.ts';
import { csvParser } from './lines/csv.ts';
import { datasetParser } from './lines/dataset.ts';
import { dnscryptParser } from './lines/dnscrypt.ts';
import { dnsmasqParser } from './lines/dnsmasq.ts';
import { domainsParser } from './lines/domains.ts';
import { hostsParser } from './lines/hosts.ts';
import { idsRulesParser } from './lines/ids-rules.ts';
import type { LineParser } from './lines/line-parser.ts';
import { rpzParser } from './lines/rpz.ts';
import { tplParser } from './lines/tpl.ts';
import { unboundParser } from './lines/unbound.ts';

export type LineFormat = Exclude<FormatName, 'stix' | 'misp'>;

/** Makes a parser for one feed. `csv` is the column map, null for known names; other formats ignore it. */
export const LINE_PARSERS: Readonly<Record<LineFormat, (csv: CsvMap | null) => LineParser>> = {
  hosts: hostsParser,
  domains: domainsParser,
  adblock: adblockParser,
  cidr: cidrParser,
  dnsmasq: dnsmasqParser,
  unbound: unboundParser,
  rpz: rpzParser,
  bind: bindParser,
  dnscrypt: dnscryptParser,
  tpl: tplParser,
  suricata: idsRulesParser,
  dataset: datasetParser,
  csv: csvParser,
  // The files of a category folder; which of them belong to which category is known to who opens the folder.
  ut1: domainsParser,
};
