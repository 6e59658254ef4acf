/**
 * A feed of any format and size, for tests of what reading it costs: `node lab/src/generate-feed.ts FORMAT BYTES > FILE`.
 *
 * Easy to get wrong: a table grows with its names, so names repeat. What is measured is then reading alone, whatever the
 * size of the feed. Archives and compression are left to `tar`, `gzip`, `zstd`, `zip`.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

interface Sample {
  /** Before the first entry. */
  readonly head?: string;
  readonly entry: (n: number) => string;
  /** Between two entries; default: a line break. */
  readonly between?: string;
  readonly foot?: string;
}

const name = (n: number): string => `host-${n}.zone-${n % 97}.example`;
const address = (n: number): string => `${1 + (n % 9)}.${(n >> 8) & 255}.${n & 255}.7`;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const AT = '2026-01-01T00:00:00.000Z';

/** By format, as `feed add --format` calls it. `ut1` is the file `domains` of a category's folder. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  hosts: { entry: (n) => `0.0.0.0 ${name(n)}` },
  domains: { entry: name },
  adblock: { head: '[Adblock Plus]\n', entry: (n) => `||${name(n)}^` },
  cidr: { entry: (n) => `${address(n).replace(/\d+$/, '0')}/24` },
  dnsmasq: { entry: (n) => `address=/${name(n)}/0.0.0.0` },
  unbound: { head: 'server:\n', entry: (n) => `local-zone: "${name(n)}" always_nxdomain` },
  rpz: {
    head: '$TTL 30\n@ SOA localhost. root.localhost. 1 86400 3600 604800 30\n NS localhost.\n',
    entry: (n) => `${name(n)} CNAME .`,
  },
  bind: { entry: (n) => `zone "${name(n)}" { type master; file "null.zone.file"; };` },
  dnscrypt: { entry: (n) => `=${name(n)}` },
  tpl: { head: 'msFilterList\n', entry: (n) => `-d ${name(n)}` },
  suricata: {
    entry: (n) =>
      `alert tls any any -> any any (msg:"sample"; tls.sni; content:"${name(n)}"; startswith; endswith; sid:${n + 1}; rev:1;)`,
  },
  dataset: { entry: (n) => Buffer.from(name(n)).toString('base64') },
  csv: { head: 'domain,confidence,description\n', entry: (n) => `${name(n)},90,"a sample, with a comma"` },
  stix: {
    head: `{"type":"bundle","id":"bundle--${uuid(0)}","objects":[\n`,
    entry: (n) =>
      JSON.stringify({
        type: 'indicator',
        spec_version: '2.1',
        id: `indicator--${uuid(n)}`,
        created: AT,
        modified: AT,
        pattern: `[domain-name:value = '${name(n)}']`,
        pattern_type: 'stix',
        valid_from: AT,
      }),
    between: ',\n',
    foot: '\n]}\n',
  },
  misp: {
    head: '{"Event":{"info":"sample","Attribute":[\n',
    entry: (n) =>
      JSON.stringify({ type: 'domain', category: 'Network activity', value: name(n), to_ids: true, uuid: uuid(n) }),
    between: ',\n',
    foot: '\n]}}\n',
  },
  ut1: { entry: name },
};

/** Different entries. */
const DISTINCT = 100_000;
const BLOCK_ENTRIES = 2000;

/** About `bytes` bytes, in pieces of some hundred kilobytes. Throws RangeError when there is no such format. */
export function* generateFeed(format: string, bytes: number): Generator<Buffer> {
  const sample = SAMPLES[format];
  if (sample === undefined) throw new RangeError(`${format}: not one of ${Object.keys(SAMPLES).join(', ')}`);
  const { head = '', entry, between = '\n', foot = '\n' } = sample;
  const blocks = Array.from({ length: DISTINCT / BLOCK_ENTRIES }, (_, block) =>
    Buffer.from(Array.from({ length: BLOCK_ENTRIES }, (__, at) => entry(block * BLOCK_ENTRIES + at)).join(between)),
  );
  const separator = Buffer.from(between);
  let written = 0;
  yield Buffer.from(head);
  for (let block = 0; written < bytes; block = (block + 1) % blocks.length) {
    const piece = blocks[block] ?? separator;
    if (written > 0) yield separator;
    yield piece;
    written += piece.length + separator.length;
  }
  yield Buffer.from(foot);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [format = '', bytes = ''] = process.argv.slice(2);
  for (const piece of generateFeed(format, Number(bytes))) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}
