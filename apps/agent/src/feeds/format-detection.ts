/**
 * Says what a feed is from its first bytes: one of the formats that are read, or something else, by name.
 *
 * Easy to get wrong: this decides on the same bytes however the feed was cut into chunks, so it is given exactly the
 * first `HEAD_BYTES` (or all there are), never "what has arrived". Its answer is only a proposal: the line parsers
 * judge every line, and `readFeed` refuses a feed that does not hold what it promised.
 */
import { readIp } from '@sallyport/hosts/canonical';

import { FeedError, printable } from './feed-error.ts';
import type { Format } from './line-parsers.ts';

/** Enough for the long comment headers of real lists and for some thousand entries. */
export const HEAD_BYTES = 256 * 1024;
const MAX_LINES = 5000;

export interface Detection {
  /** Null: no supported format fits most lines. */
  readonly format: Format | null;
  /** The first line that is no comment; null when the head has none. */
  readonly firstLine: { readonly number: number; readonly text: string } | null;
}

/** First bytes of what is not text (null: any byte), and a command that undoes it. */
const COMPRESSED: ReadonlyArray<readonly [ReadonlyArray<number | null>, string, string]> = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz', 'xz -dk'],
  [[0x42, 0x5a, 0x68, null, 0x31, 0x41, 0x59], 'bzip2', 'bzip2 -dk'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip', 'unzip'],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], '7-Zip', '7z x'],
  [[0x1f, 0x8b], 'gzip', 'gzip -dk'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'Zstandard', 'zstd -d'],
];

/** Throws when the bytes begin like a compressed file. */
export function refuseCompressed(head: Uint8Array, name: string): void {
  for (const [bytes, kind, command] of COMPRESSED) {
    if (bytes.every((byte, i) => byte === null || head[i] === byte)) {
      throw new FeedError(
        'compressed',
        `${name}: ${kind} compressed; decompress it first (${command}) and add the result`,
      );
    }
  }
}

export const nulByte = (name: string, line: number): FeedError =>
  new FeedError('binary', `${name}:${line}: NUL byte; this is a binary file, not a list`, { line });

export const startsWithBom = (head: Uint8Array): boolean => head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;

const WEB_PAGE = 'an HTML or XML page';

/** Formats of the same lists that are recognised by one of their first lines. */
const UNSUPPORTED: ReadonlyArray<readonly [RegExp, string]> = [
  [/^</, WEB_PAGE],
  [/^(?:\{|\[\s*(?:["{[]|$))/, 'JSON'],
  [/^\$(?:TTL|ORIGIN)\b|\sIN\s+SOA\s|\s(?:IN\s+)?CNAME\s+(?:\.|rpz-)/i, 'a response policy zone (RPZ)'],
  [/^(?:address|server|local|host-record|ipset|nftset)=\//, 'a dnsmasq configuration'],
  [/^(?:local-zone|local-data|server|forward-zone):/, 'an Unbound configuration'],
  [/^zone\s+"/, 'a BIND configuration'],
  [/^(?:alert|drop|reject|block|pass)\s+(?:tcp|udp|ip|icmp|http2?|tls|ssl|dns|quic)\s/, 'Suricata or Snort rules'],
  [/^msFilterList/, 'an Internet Explorer protection list'],
  [/^function\s+FindProxyForURL/, 'a proxy auto-configuration script'],
  [/^"[^"]*"\s*[,;]/, 'CSV'],
];

/** CSV without quotes. Common enough as a typing error that only all of the first lines together prove it. */
const BARE_CSV = /^[\w.:-]+,[\w .:/,-]*$/;

/** Only the first lines are asked: a rule deep inside an Adblock list may look like anything. */
const UNSUPPORTED_LINES = 5;

/**
 * Throws `FeedError` for binary, compressed, UTF-16 and unsupported content; otherwise the format that fits most
 * lines. `complete` says that the head is the whole feed, so that its last line may be judged.
 */
export function detectFormat(head: Buffer, complete: boolean, name: string): Detection {
  refuseCompressed(head, name);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new FeedError('binary', `${name}: UTF-16 text; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)`);
  }
  const nul = head.indexOf(0);
  if (nul >= 0) throw nulByte(name, head.toString('latin1', 0, nul).split('\n').length);
  const counts = { hosts: 0, domains: 0, adblock: 0, address: 0, addressWithRemark: 0, other: 0 };
  let firstLine: Detection['firstLine'] = null;
  let seen = 0;
  let csv = 0;
  let bang = false;
  for (const [number, text] of headLines(head, complete)) {
    if (/^\[adblock/i.test(text)) return { format: 'adblock', firstLine: { number, text } };
    if (text.startsWith('!')) bang = true;
    if (/^(?:!|;|#(?![#@?$%]))/.test(text)) continue;
    firstLine ??= { number, text };
    if (seen < UNSUPPORTED_LINES) {
      const found = UNSUPPORTED.find(([pattern]) => pattern.test(text));
      if (found !== undefined) throw unsupported(number, text, found[1], name);
      if (BARE_CSV.test(text)) csv++;
    }
    seen++;
    counts[lineShape(text)]++;
    if (seen >= MAX_LINES) break;
  }
  if (firstLine !== null && csv === Math.min(seen, UNSUPPORTED_LINES)) {
    throw unsupported(firstLine.number, firstLine.text, 'CSV', name);
  }
  return { format: winner(counts, bang), firstLine };
}

function unsupported(line: number, text: string, what: string, name: string): FeedError {
  const remedy =
    what === WEB_PAGE
      ? 'not a list; check the address in a browser and use the link to the raw file'
      : 'a format that is not supported; use the hosts, domains, Adblock or CIDR form of this feed';
  return new FeedError('unsupported-format', `${name}:${line}: "${printable(text)}" looks like ${what}, ${remedy}`, {
    line,
  });
}

function* headLines(head: Buffer, complete: boolean): Generator<readonly [number, string]> {
  let at = startsWithBom(head) ? 3 : 0;
  for (let line = 1; at < head.length; line++) {
    let end = head.indexOf(0x0a, at);
    if (end < 0 && !complete && line > 1) return;
    if (end < 0) end = head.length;
    const text = head.toString('utf8', at, Math.min(end, at + 4096)).trim();
    if (text !== '') yield [line, text];
    at = end + 1;
  }
}

type Shape = 'hosts' | 'domains' | 'adblock' | 'address' | 'addressWithRemark' | 'other';

const isIp = (text: string): boolean => {
  const bytes = Buffer.from(text, 'latin1');
  return readIp(bytes, 0, bytes.length, new Uint8Array(16)) > 0;
};

/** Looks, does not judge: good enough to tell formats apart, not to accept a line. */
function lineShape(text: string): Shape {
  if (/^(?:\|\|?|@@)|#@?[$%?]{0,2}#|\^(?:\$[a-z~]|$)/i.test(text)) return 'adblock';
  const [first = '', second] = text.split(/#|\s;/, 1)[0]?.trim().split(/\s+/, 2) ?? [];
  const isAddress =
    isIp(first.replace(/\/\d{1,3}$/, '')) || isIp(first.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1'));
  if (isAddress || first === '0') {
    if (second === undefined) return isAddress ? 'address' : 'other';
    return /^[a-z0-9_-]*[a-z][\w.-]*$/i.test(second) && !first.includes('/') ? 'hosts' : 'addressWithRemark';
  }
  if (second !== undefined) return 'other';
  if (/^https?:\/\/|^\/[\w/.?=&%~-]+$/i.test(first)) return 'domains';
  return /^(?:\*?\.)?[\w\u0080-\uffff-]+(?:\.[\w\u0080-\uffff-]+)+\.?(?::\d+)?(?:[/?].*)?$/.test(first)
    ? 'domains'
    : 'other';
}

function winner(counts: Readonly<Record<Shape, number>>, bang: boolean): Format | null {
  // Lists with `!` headers are written for ad blockers, bare names in them included.
  if (bang && counts.adblock + counts.domains + counts.address > counts.other + counts.hosts) return 'adblock';
  const addresses = counts.address + counts.addressWithRemark;
  // `domains` reads addresses too; `cidr` would lose the names. Remarks are understood by `cidr` alone.
  const mixed = counts.domains > 0 && counts.domains + counts.address > counts.addressWithRemark;
  const votes: ReadonlyArray<readonly [Format, number]> = [
    ['hosts', counts.hosts],
    ['adblock', counts.adblock],
    ['domains', mixed ? counts.domains + counts.address : counts.domains],
    ['cidr', mixed ? counts.addressWithRemark : addresses],
  ];
  const best = votes.reduce((a, b) => (b[1] > a[1] ? b : a));
  return best[1] > counts.other ? best[0] : null;
}
