/**
 * Suricata and Snort rules about names, URLs and addresses of the outside: what the rule looks for becomes an entry,
 * if it is a whole name.
 *
 * Easy to get wrong: `content` finds its text anywhere. `"evil.example"; endswith` also matches `notevil.example`, and
 * a bare `"evil.example"` anything around it; both are read as the name with all below it, which is less than the rule
 * says and what it means. A text that is only part of a name gives nothing.
 */
import { type EntryRecorder, withPort } from '../entry-recorder.ts';
import { type EntryDetail, PLAIN } from '../feed-sink.ts';
import { categoryOf, NO_CATEGORY } from './category-words.ts';
import { readPort } from './host-text.ts';
import type { LineParser, LineResult, ReadLine } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';
import { type Match, readMatches } from './rule-matches.ts';
import { parseRule, type Rule, type RuleHeader } from './rule-syntax.ts';

const MAX_RULE = 65_536;

export function idsRulesParser(): LineParser {
  /** Lines that end in a backslash go on. */
  let pending = '';

  const line: ReadLine = (bytes, start, end, out) => {
    const text = bytes.toString('latin1', start, end);
    if (pending === '' && text.startsWith('#')) return 'comment';
    if (text.endsWith('\\')) {
      pending += `${text.slice(0, -1)} `;
      if (pending.length <= MAX_RULE) return 'comment';
      pending = '';
      return 'longer than 65536 bytes';
    }
    const whole = pending + text;
    pending = '';
    return recordRule(whole, out);
  };

  return { line, maxLineBytes: MAX_RULE, end: (): LineResult => (pending === '' ? null : 'not a rule') };
}

function recordRule(text: string, out: EntryRecorder): LineResult {
  const rule = parseRule(text);
  // Rule files may define the variables that they use.
  if (rule === null) return /^(?:var|ipvar|portvar)\s/.test(text) ? 'comment' : 'not a rule';
  if (rule === 'no options') return 'a rule without options';
  if (/^(?:log|config|rewrite)$/.test(rule.header.action)) return out.skip('other-rule');
  return rule.header.action === 'pass' ? out.except(() => recordMatches(rule, out)) : recordMatches(rule, out);
}

function recordMatches({ header, options }: Rule, out: EntryRecorder): InvalidReason | null {
  const read = readMatches(options);
  if (read.kind === 'bad content') return 'bad content';
  if (read.kind === 'conditional') return out.skip('conditional-rule');
  const category = categoryOf(read.classType ?? '');
  const detail = category === NO_CATEGORY ? PLAIN : { ...PLAIN, ...category };
  if (read.matches.length === 0) return recordAddresses(header, detail, out);
  // Which method a request has makes no host better.
  const matches = read.matches.filter(({ buffer }) => buffer !== 'method');
  if (isLiteral(header.source) || isLiteral(header.destination) || isInbound(header)) {
    return out.skip('conditional-rule');
  }
  const hosts = hostMatches(matches);
  if (hosts === null)
    return out.skip(matches.some(({ buffer }) => buffer === 'host') ? 'conditional-rule' : 'other-rule');
  const [host, uri] = hosts;
  return uri === null ? recordHost(host, detail, out) : recordUrl(host, uri, detail, out);
}

/** The one wanted host and the one wanted URI; null when the rule asks for more, or for no host. */
function hostMatches(matches: readonly Match[]): readonly [host: Match, uri: Match | null] | null {
  if (matches.some(({ negated }) => negated)) return null;
  const host = matches.filter(({ buffer }) => buffer === 'host');
  const uri = matches.filter(({ buffer }) => buffer === 'uri');
  const rest = matches.filter(({ buffer }) => buffer !== 'host' && buffer !== 'uri');
  if (uri.length > 1) return null;
  const [first] = host;
  if (host.length === 1 && rest.length === 0 && first !== undefined) return [first, uri[0] ?? null];
  const inHeader = host.length === 0 ? hostOfHeader(rest) : null;
  return inHeader === null ? null : [inHeader, uri[0] ?? null];
}

/** Snort 2 has no buffer for the host: `content:"Host|3a 20|name|0d 0a|"; http_header`, or `Host` and the name apart. */
function hostOfHeader(matches: readonly Match[]): Match | null {
  const header = matches.find(({ buffer }) => buffer === 'header');
  if (header === undefined) return null;
  const field = /^(?:\r\n)?host(?::[ ]?([^\r\n]*))?(\r\n)?$/i.exec(header.text);
  if (field === null) return null;
  const others = matches.filter((match) => match !== header);
  const [name] = others;
  if (field[1] !== undefined && field[1] !== '') {
    return others.length > 0 ? null : { ...header, text: field[1], atStart: true, atEnd: field[2] !== undefined };
  }
  return others.length === 1 && name?.buffer === 'payload' ? name : null;
}

function recordHost(match: Match, detail: EntryDetail, out: EntryRecorder): InvalidReason | null {
  const found = wholeName(match);
  if (found === null) return out.skip('pattern-rule');
  const bytes = Buffer.from(found.name, 'latin1');
  return out.host(bytes, 0, bytes.length, found.breadth, detail);
}

function recordUrl(match: Match, uri: Match, detail: EntryDetail, out: EntryRecorder): InvalidReason | null {
  const found = wholeName(match);
  const partial = !uri.text.startsWith('/') || (uri.atEnd && !uri.atStart && uri.size === null);
  if (found === null || partial || found.breadth === 'subdomains') return out.skip('pattern-rule');
  const bytes = Buffer.from(`${found.name}${uri.text}`, 'latin1');
  return out.url(bytes, 0, bytes.length, found.breadth, detail);
}

/** A dotted name whose last label is no number, or an address. */
const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Null when the text need not be a whole name at its end. */
function wholeName({ text, atStart, atEnd, size, dotPrefixed }: Match) {
  const dotted = text.startsWith('.');
  const name = dotted ? text.slice(1) : text;
  if (!NAME.test(name) && !ADDRESS.test(name)) return null;
  // Without the end, the name may go on: `evil.example.other`. Nothing said about either end is the short way to
  // write a name in many published rules.
  if (atStart && !atEnd && size === null) return null;
  if (dotted) return { name, breadth: dotPrefixed ? ('suffix' as const) : ('subdomains' as const) };
  // A length that is not the text's own is an error of the rule: it was meant to say "the name alone".
  return { name, breadth: (atStart && atEnd) || size !== null ? ('exact' as const) : ('suffix' as const) };
}

const isLiteral = (addresses: string): boolean =>
  /^[![]*[\da-f:]*[\d:][\da-f:.]*/i.test(addresses) && !addresses.includes('$');

/** Requests to one's own servers: their host name is one's own. */
const isInbound = ({ source, destination }: RuleHeader): boolean =>
  source.includes('EXTERNAL_NET') && /\$(?:HOME_NET|HTTP_SERVERS|\w+_SERVERS)/.test(destination);

/** The addresses of a rule about nothing but addresses. */
function recordAddresses(header: RuleHeader, detail: EntryDetail, out: EntryRecorder): InvalidReason | null {
  const { source, destination, destinationPort } = header;
  if (isLiteral(source) === isLiteral(destination)) return out.skip('other-rule');
  const literal = isLiteral(source) ? source : destination;
  const other = isLiteral(source) ? destination : source;
  // Addresses that the outside talks to, or that talk to the outside, are one's own.
  if (literal.includes('!') || other.includes('!') || other.includes('EXTERNAL_NET'))
    return out.skip('conditional-rule');
  // A client's port means nothing, and that of the own server is not the peer's.
  const ports = isLiteral(source) ? [null] : portsOf(destinationPort);
  if (ports === null) return out.skip('conditional-rule');
  let invalid: InvalidReason | null = null;
  for (const address of literal.replaceAll(/[[\]]/g, '').split(',')) {
    for (const port of ports) invalid ??= recordAddress(address, withPort(detail, port), out);
  }
  return invalid;
}

function recordAddress(text: string, detail: EntryDetail, out: EntryRecorder): InvalidReason | null {
  if (text.includes('/')) return out.cidr(text, detail);
  const bytes = Buffer.from(text, 'latin1');
  return out.address(bytes, 0, bytes.length, detail);
}

const MAX_PORTS = 16;

/** `[null]` for any; null for ranges, variables and negations, which are no ports of entries. */
function portsOf(text: string): ReadonlyArray<number | null> | null {
  if (text === 'any') return [null];
  const ports = text.replaceAll(/[[\]]/g, '').split(',').map(readPort);
  return ports.length > MAX_PORTS || ports.includes(null) ? null : ports;
}
