/**
 * What a Suricata or Snort rule looks at: per buffer (host name, URI …) the texts it wants there and how firmly they
 * are anchored; or "conditional" when the rule also asks for something that a list entry cannot express.
 *
 * Easy to get wrong: a buffer's keyword stands before its contents in Suricata and Snort 3 (`tls.sni; content:"x";`)
 * and behind them in Snort 2 (`content:"x"; http_uri;`). A rule that names a buffer before any content is of the
 * first kind. Unknown keywords make a rule conditional: blocking less is the safe reading.
 */
import { type Content, parseContent, type RuleOption } from './rule-syntax.ts';

type RuleBuffer = 'host' | 'uri' | 'method' | 'header' | 'payload';

export interface Match {
  readonly buffer: RuleBuffer;
  readonly text: string;
  readonly negated: boolean;
  atStart: boolean;
  atEnd: boolean;
  /** The buffer's exact length, null when the rule says nothing. */
  size: number | null;
  dotPrefixed: boolean;
}

type Matches =
  | { readonly kind: 'matches'; readonly matches: readonly Match[]; readonly classType: string | null }
  | { readonly kind: 'conditional' }
  | { readonly kind: 'bad content' };

const BUFFERS: ReadonlyMap<string, RuleBuffer> = new Map([
  ['tls.sni', 'host'],
  ['tls_sni', 'host'],
  ['dns.query', 'host'],
  ['dns_query', 'host'],
  ['dns.query.name', 'host'],
  ['dns.queries.rrname', 'host'],
  ['http.host', 'host'],
  ['http.host.raw', 'host'],
  ['http_host', 'host'],
  ['http_raw_host', 'host'],
  ['quic.sni', 'host'],
  ['http.uri', 'uri'],
  ['http.uri.raw', 'uri'],
  ['http_uri', 'uri'],
  ['http_raw_uri', 'uri'],
  ['http.method', 'method'],
  ['http_method', 'method'],
  ['http.header', 'header'],
  ['http.header.raw', 'header'],
  ['http_header', 'header'],
  ['http_raw_header', 'header'],
  ['pkt_data', 'payload'],
]);

/** Keywords that describe, or say when to look and how often to report, and narrow nothing that matters here. */
const NEUTRAL: ReadonlySet<string> = new Set([
  'msg',
  'flow',
  'reference',
  'classtype',
  'sid',
  'rev',
  'gid',
  'metadata',
  'priority',
  'fast_pattern',
  'nocase',
  'rawbytes',
  'target',
  'tag',
  'service',
  'rem',
  'to_lowercase',
  'threshold',
  'flags',
  'flowbits',
  'xbits',
]);

const NARROWING_VALUE: ReadonlyMap<string, RegExp> = new Map([
  // Contents of what the server sends are no requests of a client.
  ['flow', /to_client|from_server/],
  // Setting a bit is for other rules; asking for one is a condition.
  ['flowbits', /^(?!set\b)/],
  ['xbits', /^(?!set\b)/],
  ['threshold', /type\s*(?::|\s)\s*(?:threshold|both)/],
]);

export function readMatches(options: readonly RuleOption[]): Matches {
  const firstBuffer = options.findIndex(({ name }) => BUFFERS.has(name));
  const firstContent = options.findIndex(({ name }) => name === 'content');
  const sticky = firstBuffer >= 0 && (firstContent < 0 || firstBuffer < firstContent);
  const matches: Match[] = [];
  let classType: string | null = null;
  let buffer: RuleBuffer = 'payload';
  let dotPrefixed = false;
  let size: number | null = null;
  for (const option of options) {
    const { name, value } = option;
    const last = matches.at(-1);
    const named = bufferOf(option);
    if (named !== undefined) {
      if (named === null) return CONDITIONAL;
      if (sticky) {
        buffer = named;
        dotPrefixed = false;
        size = null;
      } else if (last !== undefined) {
        matches.splice(-1, 1, { ...last, buffer: named });
      }
      continue;
    }
    if (name === 'content') {
      const content = parseContent(value ?? '');
      if (content === null) return { kind: 'bad content' };
      const match = matchOf(content, buffer, dotPrefixed, size);
      if (match === null) return CONDITIONAL;
      matches.push(match);
      if (matches.length > MAX_CONTENTS) return CONDITIONAL;
    } else if (name === 'dotprefix') {
      dotPrefixed = true;
    } else if (name === 'bsize' || name === 'bufferlen') {
      const exact = /^=?\s*(\d+)$/.exec(value ?? '')?.[1];
      if (exact === undefined) return CONDITIONAL;
      size = Number(exact);
      for (const match of matches) if (match.buffer === buffer) match.size = size;
    } else if (ANCHORS.has(name)) {
      if (last === undefined || !anchor(last, name, value)) return CONDITIONAL;
    } else if (!isNeutral(option, last)) {
      return CONDITIONAL;
    }
    if (name === 'classtype') classType = value;
  }
  return { kind: 'matches', matches, classType };
}

/** A rule about one name has a handful. */
const MAX_CONTENTS = 16;
const CONDITIONAL: Matches = { kind: 'conditional' };

function isNeutral({ name, value }: RuleOption, last: Match | undefined): boolean {
  if (name === 'pcre') return last !== undefined && isSameName(value ?? '', last);
  return NEUTRAL.has(name) && NARROWING_VALUE.get(name)?.test(value ?? '') !== true;
}

/**
 * Rules from before `dotprefix` say "the name or below it" with a second, regular expression beside the content:
 * `content:"bad.example"; isdataat:!1,relative; pcre:"/(?:^|\\.)bad\\.example$/i"`. Every other one is a condition.
 */
function isSameName(pcre: string, { text }: Match): boolean {
  const pattern = /^"\/\(\?:\^\|\\\.\)(.+)\$\/[a-zA-Z]*"$/.exec(pcre)?.[1];
  return pattern?.replaceAll(/\\([.-])/g, '$1') === text;
}

/** Undefined: no buffer. Null: one of which nothing can be said. */
function bufferOf({ name, value }: RuleOption): RuleBuffer | null | undefined {
  const buffer = BUFFERS.get(name);
  if (buffer === undefined || value === null) return buffer;
  // Snort 3: `http_header:field host`.
  if (buffer === 'header' && /^field\s+host$/i.test(value)) return 'host';
  return null;
}

function matchOf({ negated, text, modifiers }: Content, buffer: RuleBuffer, dotPrefixed: boolean, size: number | null) {
  const match: Match = { buffer, text, negated, atStart: false, atEnd: false, size, dotPrefixed };
  for (const modifier of modifiers) {
    const [name = '', value = null] = modifier.split(/\s+/, 2);
    if (name === 'nocase' || name.startsWith('fast_pattern')) continue;
    if (!ANCHORS.has(name) || !anchor(match, name, value)) return null;
  }
  return match;
}

const ANCHORS: ReadonlySet<string> = new Set(['startswith', 'endswith', 'isdataat', 'depth', 'offset']);

/** False when the keyword places the content in a way that is no anchor. */
function anchor(match: Match, name: string, value: string | null): boolean {
  switch (name) {
    case 'startswith':
      match.atStart = true;
      return true;
    case 'endswith':
      match.atEnd = true;
      return true;
    case 'isdataat':
      if (!/^!\s*1\s*,\s*relative$/.test(value ?? '')) return false;
      match.atEnd = true;
      return true;
    case 'depth':
      if (Number(value) !== match.text.length) return false;
      match.atStart = true;
      return true;
    default:
      return name === 'offset' && Number(value) === 0;
  }
}
