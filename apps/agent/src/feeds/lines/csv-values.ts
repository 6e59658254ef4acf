/** Fields of a CSV row as the values of an entry. An empty field says nothing. */

/** STIX 2.1, appendix A, for the words; a percentage otherwise. Undefined: cannot be read. */
export function readConfidence(text: string): number | null | undefined {
  const word = text.trim().toLowerCase();
  if (word === '' || word === 'none' || word === 'null') return null;
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  const value = /^\d{1,3}(?:\.\d+)?%?$/.test(word) ? Number.parseFloat(word) : NaN;
  return value <= 100 ? Math.round(value) : undefined;
}

const WORDS: ReadonlyMap<string, number> = new Map([
  ['low', 15],
  ['medium', 50],
  ['high', 85],
]);

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

/** ISO 8601 (UTC when no zone is given) or Unix seconds or milliseconds, as milliseconds. Undefined: cannot be read. */
export function readTime(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || /^(?:none|null|never)$/i.test(trimmed)) return null;
  if (/^\d{9,10}$/.test(trimmed)) return Number(trimmed) * 1000;
  if (/^\d{12,13}$/.test(trimmed)) return Number(trimmed);
  const parts = ISO.exec(trimmed);
  if (parts === null) return undefined;
  const zone = parts[3] === undefined || /^(?:z|utc)$/i.test(parts[3]) ? 'Z' : parts[3];
  const milliseconds = Date.parse(`${parts[1]}T${parts[2] ?? '00:00'}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

export type ValueKind = 'host' | 'url' | 'address' | 'any' | 'other';

const KINDS: Readonly<Record<string, ValueKind>> = {
  '': 'any',
  domain: 'host',
  domainname: 'host',
  host: 'host',
  hostname: 'host',
  fqdn: 'host',
  url: 'url',
  uri: 'url',
  ip: 'address',
  ipport: 'address',
  ipv4: 'address',
  ipv4addr: 'address',
  ipv6: 'address',
  ipv6addr: 'address',
  ipaddress: 'address',
  ipsrc: 'address',
  ipdst: 'address',
  ipdstport: 'address',
  cidr: 'address',
  netblock: 'address',
};

/** What an indicator type means; undefined when nobody knows. */
export function readKind(text: string): ValueKind | undefined {
  const word = text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (
    /^(?:md5|sha\d*|ssdeep|imphash|tlsh|ja3s?|email|file|mutex|cve|regkey|registry|useragent|asn|btc|certificate)/.test(
      word,
    )
  )
    return 'other';
  return Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
}
