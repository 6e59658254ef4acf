/**
 * What a STIX pattern means as entries: the alternatives of which each one, seen alone, fulfils the whole pattern.
 *
 * Easy to get wrong: an entry must never be wider than its pattern. OR gives one entry each. For AND and FOLLOWEDBY
 * all parts but one must follow from that one: a URL fulfils a condition on its own host or a name above it, a longer
 * URL one on a shorter, an address one on its network; a destination port becomes part of the entry; a protocol that
 * connections here have anyway (TCP and what runs on it) adds nothing. Anything else is 'combined-conditions'. The
 * reverse is accepted: `domain-name:value = 'a.example'` covers what is below a.example, as Defender's indicators do,
 * and a URL everything that begins with it.
 */
import { canonicalHost, parseCidr, parseIp } from '@sallyport/hosts/canonical';

import type { HostMatch } from '../feed-sink.ts';
import type { SkipReason } from '../lines/reasons.ts';
import type { Comparison, Expression, Literal } from './stix-pattern.ts';
import { parseTimestamp } from './stix-timestamp.ts';

export type Target =
  | { readonly kind: 'host'; readonly value: string; readonly match: HostMatch }
  | { readonly kind: 'url'; readonly value: string }
  /** An address or a network. */
  | { readonly kind: 'address'; readonly value: string };

export interface Alternative {
  readonly target: Target;
  readonly port: number | null;
  /** Unix milliseconds, from START … STOP. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** One condition, as far as it matters to an entry. */
type Condition =
  | Target
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'window'; readonly fromMs: number; readonly untilMs: number }
  /** Holds for every connection that is judged here. */
  | { readonly kind: 'given' }
  | { readonly kind: 'other'; readonly reason: SkipReason };

const MAX_PRODUCT = 10_000;
const MAX_CONJUNCTION = 64;

/** In pattern order. What cannot be an entry is the reason why. */
export function conclude(pattern: Expression): ReadonlyArray<Alternative | SkipReason> {
  return alternativesOf(pattern)?.map(merge) ?? ['unsupported-pattern'];
}

/** The disjunctive normal form, each conjunction a list. Null when it is too large. */
function alternativesOf(node: Expression): Condition[][] | null {
  switch (node.kind) {
    case 'comparison':
      return conditionsOf(node).map((condition) => [condition]);
    case 'or': {
      const all: Condition[][] = [];
      for (const operand of node.operands) {
        const some = alternativesOf(operand);
        if (some === null) return null;
        for (const alternative of some) all.push(alternative);
      }
      return all;
    }
    case 'and':
    case 'followed-by': {
      let all: Condition[][] = [[]];
      if (node.operands.length > MAX_CONJUNCTION) return null;
      for (const operand of node.operands) {
        const some = alternativesOf(operand);
        const product = some === null ? null : cross(all, some);
        if (product === null) return null;
        all = product;
      }
      return all;
    }
    case 'qualified': {
      const all = alternativesOf(node.operand);
      const condition = qualifierCondition(node.qualifier);
      return all === null ? null : cross(all, [[condition]]);
    }
    default:
      return node satisfies never;
  }
}

function cross(left: Condition[][], right: Condition[][]): Condition[][] | null {
  // One side with a single alternative is no product and may be as long as the pattern.
  if (left.length > 1 && right.length > 1 && left.length * right.length > MAX_PRODUCT) return null;
  const product: Condition[][] = [];
  for (const a of left) {
    for (const b of right) {
      if (a.length + b.length > MAX_CONJUNCTION) return null;
      product.push([...a, ...b]);
    }
  }
  return product;
}

function qualifierCondition(qualifier: Extract<Expression, { kind: 'qualified' }>['qualifier']): Condition {
  switch (qualifier.kind) {
    case 'within':
      return GIVEN;
    case 'repeats':
      return qualifier.times <= 1 ? GIVEN : { kind: 'other', reason: 'combined-conditions' };
    case 'start-stop': {
      const fromMs = parseTimestamp(qualifier.start);
      const untilMs = parseTimestamp(qualifier.stop);
      return fromMs === null || untilMs === null ? UNSUPPORTED : { kind: 'window', fromMs, untilMs };
    }
    default:
      return qualifier satisfies never;
  }
}

const GIVEN: Condition = { kind: 'given' };
const UNSUPPORTED: Condition = { kind: 'other', reason: 'unsupported-pattern' };
const NEGATED: Condition = { kind: 'other', reason: 'negated-pattern' };

/** One for each value of the comparison. */
function conditionsOf(comparison: Comparison): Condition[] {
  const { path, operator, values } = comparison;
  const read = READERS[path];
  if (read === undefined) {
    const type = path.slice(0, path.indexOf(':'));
    return [NETWORK_TYPES.has(type) ? UNSUPPORTED : { kind: 'other', reason: 'other-type' }];
  }
  if (comparison.negated || operator === '!=') return [NEGATED];
  return operator === 'EXISTS' ? [UNSUPPORTED] : values.map((value) => read(operator === 'IN' ? '=' : operator, value));
}

const NETWORK_TYPES: ReadonlySet<string> = new Set(['domain-name', 'ipv4-addr', 'ipv6-addr', 'network-traffic', 'url']);

type Reader = (operator: Comparison['operator'], value: Literal) => Condition;

/** Names, addresses and networks: `network-traffic:dst_ref.value` may be any. */
const hostReader: Reader = (operator, value) => {
  if (typeof value !== 'string') return UNSUPPORTED;
  if (operator === 'ISSUBSET') return { kind: 'address', value };
  if (operator === 'LIKE') return hostOfLike(value);
  if (operator === 'MATCHES') return hostOfRegex(value);
  if (operator !== '=') return UNSUPPORTED;
  // Producers put addresses into domain-name, too.
  return value.includes('/') || parseIp(value) !== null
    ? { kind: 'address', value }
    : { kind: 'host', value, match: 'suffix' };
};

const addressReader: Reader = (operator, value) =>
  typeof value === 'string' && (operator === '=' || operator === 'ISSUBSET') ? { kind: 'address', value } : UNSUPPORTED;

const urlReader: Reader = (operator, value) => {
  if (typeof value !== 'string') return UNSUPPORTED;
  if (operator === '=') return { kind: 'url', value };
  if (operator === 'LIKE') return urlOfLike(value);
  return operator === 'MATCHES' ? urlOfRegex(value) : UNSUPPORTED;
};

const portReader: Reader = (operator, value) =>
  operator === '=' && typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535
    ? { kind: 'port', port: value }
    : UNSUPPORTED;

const protocolReader: Reader = (operator, value) =>
  operator === '=' && typeof value === 'string' && TCP_PROTOCOLS.has(value.toLowerCase()) ? GIVEN : UNSUPPORTED;

const TCP_PROTOCOLS: ReadonlySet<string> = new Set(['ipv4', 'ipv6', 'tcp', 'ssl', 'tls', 'http', 'https', 'http2']);

const SOURCE: Reader = () => ({ kind: 'other', reason: 'source-address' });

const READERS: Readonly<Record<string, Reader>> = {
  'domain-name:value': hostReader,
  'ipv4-addr:value': addressReader,
  'ipv6-addr:value': addressReader,
  'url:value': urlReader,
  'network-traffic:dst_ref.value': hostReader,
  // Follows from the kind of the value.
  'network-traffic:dst_ref.type': () => GIVEN,
  'network-traffic:dst_port': portReader,
  'network-traffic:protocols[]': protocolReader,
  'network-traffic:src_ref.value': SOURCE,
  'network-traffic:src_port': SOURCE,
};

/** SQL wildcards: `%` for any text, `_` for one character (which names have, so that it stays a letter there). */
function hostOfLike(text: string): Condition {
  const below = text.startsWith('%.');
  const name = below ? text.slice(2) : text;
  return name.includes('%') ? UNSUPPORTED : { kind: 'host', value: name, match: below ? 'subdomains' : 'suffix' };
}

function urlOfLike(text: string): Condition {
  const prefix = text.endsWith('%') ? text.slice(0, -1) : text;
  // Before the path is complete, the rest of a host could follow.
  const rooted = /^(?:https?|http%|%):\/\/[^/?%]+[/?]/i.test(prefix) || prefix === text;
  const value = prefix.replace(/^(?:http%|%):\/\//i, 'http://');
  return rooted && !value.includes('%') ? { kind: 'url', value } : UNSUPPORTED;
}

/** `^name$`, `\.name$` and `(^|\.)name$`, where the rest is literal. */
function hostOfRegex(text: string): Condition {
  const found = /^(\^|\\\.|\(\^\|\\\.\)|\(\\\.\|\^\)|\^\(\.[*+]\\\.\)\?)(.*)\$$/s.exec(text);
  const name = found === null ? null : literalOf(found[2] ?? '');
  if (name === null) return UNSUPPORTED;
  return { kind: 'host', value: name, match: found?.[1] === '\\.' ? 'subdomains' : 'suffix' };
}

/** `^https?://host/…`, literal; what follows may be anything, as with any URL entry. */
function urlOfRegex(text: string): Condition {
  const found = /^\^(?:https\?|https?):(?:\/\/|\\\/\\\/)(.*?)\$?$/s.exec(text);
  const rest = found === null ? null : literalOf(found[1] ?? '');
  if (rest === null || rest === '') return UNSUPPORTED;
  return /[/?]/.test(rest) || text.endsWith('$') ? { kind: 'url', value: `http://${rest}` } : UNSUPPORTED;
}

/** A text that the regular expression matches if taken literally; a bare dot is taken for itself. Null: none. */
function literalOf(pattern: string): string | null {
  let text = '';
  for (let at = 0; at < pattern.length; at++) {
    let character = pattern[at] ?? '';
    if (character === '\\') {
      character = pattern[++at] ?? '';
      if (/^[a-zA-Z0-9]?$/.test(character)) return null;
    } else if ('*+?()|[]{}^$'.includes(character)) {
      return null;
    }
    text += character;
  }
  return text;
}

function merge(conditions: readonly Condition[]): Alternative | SkipReason {
  let target: Target | null = null;
  let port: number | null = null;
  let fromMs: number | null = null;
  let untilMs: number | null = null;
  let reason: SkipReason | null = null;
  let combined = false;
  for (const condition of conditions) {
    switch (condition.kind) {
      case 'given':
        break;
      case 'port':
        combined ||= port !== null && port !== condition.port;
        port = condition.port;
        break;
      case 'window':
        fromMs = Math.max(fromMs ?? condition.fromMs, condition.fromMs);
        untilMs = Math.min(untilMs ?? condition.untilMs, condition.untilMs);
        break;
      case 'other':
        reason ??= condition.reason;
        break;
      case 'host':
      case 'url':
      case 'address': {
        const narrower: Target | null = target === null ? condition : narrowerOf(target, condition);
        combined ||= narrower === null;
        target = narrower ?? target;
        break;
      }
      default:
        condition satisfies never;
    }
  }
  if (target === null) return reason ?? 'unsupported-pattern';
  if (reason === 'negated-pattern') return reason;
  return combined || reason !== null ? 'combined-conditions' : { target, port, fromMs, untilMs };
}

/** The one of two from which the other follows. */
const narrowerOf = (a: Target, b: Target): Target | null => (implies(a, b) ? a : implies(b, a) ? b : null);

function implies(narrow: Target, wide: Target): boolean {
  switch (wide.kind) {
    case 'host': {
      const name = narrow.kind === 'url' ? hostOfUrl(narrow.value) : narrow.kind === 'host' ? narrow.value : null;
      return name !== null && covers(wide, name, narrow.kind === 'host' && narrow.match === 'subdomains');
    }
    case 'address': {
      const address = narrow.kind === 'url' ? hostOfUrl(narrow.value) : narrow.kind === 'address' ? narrow.value : null;
      return address !== null && contains(wide.value, address);
    }
    case 'url':
      return narrow.kind === 'url' && narrow.value.startsWith(wide.value);
    default:
      return wide satisfies never;
  }
}

function covers(wide: Extract<Target, { kind: 'host' }>, text: string, onlyBelow: boolean): boolean {
  const name = canonical(text);
  const top = canonical(wide.value);
  if (name === null || top === null) return false;
  if (name === top) return wide.match !== 'subdomains' || onlyBelow;
  return name.endsWith(`.${top}`);
}

function canonical(text: string): string | null {
  const name = canonicalHost(text);
  return name.kind === 'ok' ? name.value : null;
}

function hostOfUrl(text: string): string | null {
  const hostname = URL.parse(text)?.hostname ?? '';
  return hostname === '' ? null : hostname.replace(/^\[(.*)\]$/, '$1');
}

function contains(wide: string, narrow: string): boolean {
  const outer = network(wide);
  const inner = network(narrow);
  if (outer === null || inner === null || outer.bytes.length !== inner.bytes.length) return false;
  if (outer.prefixLength > inner.prefixLength) return false;
  for (let bit = 0; bit < outer.prefixLength; bit++) {
    const mask = 0x80 >> (bit % 8);
    if (((outer.bytes[bit >> 3] ?? 0) & mask) !== ((inner.bytes[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

function network(text: string): { readonly bytes: Uint8Array; readonly prefixLength: number } | null {
  if (!text.includes('/')) {
    const bytes = parseIp(text);
    return bytes === null ? null : { bytes, prefixLength: bytes.length * 8 };
  }
  const parsed = parseCidr(text);
  return parsed.kind === 'rejected' ? null : parsed;
}
