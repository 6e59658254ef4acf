/**
 * The slow, obvious table: Maps, split strings and bit strings. Tests hold the real one against it; the two share
 * types, `isInScope` and `canonicalHost`.
 *
 * Easy to get wrong: an entry is a key, not a rule. All rules on one key that cover the question are weighed together,
 * also when one of them came as `suffix` and another as `exact`.
 */
import { isIPv4, isIPv6 } from 'node:net';

import { canonicalHost } from '../src/canonical.ts';
import type { Asked, Candidate, LastMatch, MatchedBy, ReputationTable } from '../src/reputation-table.ts';
import type { Rule } from '../src/rule.ts';
import { isInScope } from '../src/scope.ts';

export type EntryKind = 'suffix' | 'exact' | 'subdomains';

/** `rule` is an index. Names are canonical; a URL's host may be an address. */
export type Entry =
  | { readonly type: 'host'; readonly name: string; readonly kind: EntryKind; readonly rule: number }
  | { readonly type: 'cidr'; readonly bytes: Uint8Array; readonly prefixLength: number; readonly rule: number }
  | { readonly type: 'url'; readonly host: string; readonly path: string; readonly rule: number };

/** An entry that covers a question. */
interface Covering {
  readonly matched: MatchedBy;
  readonly specificity: number;
  /** Strongest first. */
  readonly rules: readonly number[];
}

/** An exception comes before all: it is weighed first, and never answers. */
const STRENGTH = ['exception', 'allow', 'warn', 'block', 'audit'];

export class OracleTable implements ReputationTable {
  readonly last: LastMatch = { matched: 'host', specificity: 0 };
  readonly #rules: readonly Rule[];
  readonly #hosts = new Map<string, { readonly kind: EntryKind; readonly rule: number }[]>();
  /** By host and normal path, without a slash at the end. */
  readonly #urls = new Map<string, number[]>();
  /** By the bits of the prefix behind the family: `4:11000000`. */
  readonly #networks = new Map<string, number[]>();

  constructor(rules: readonly Rule[], entries: readonly Entry[]) {
    this.#rules = rules;
    for (const entry of entries) {
      if (entry.type === 'host') append(this.#hosts, entry.name, entry);
      else if (entry.type === 'url') {
        const path = Buffer.from(entry.path.startsWith('/') ? entry.path : `/${entry.path}`).toString('latin1');
        append(this.#urls, hostKey(entry.host) + normalForm(path).replace(/\/$/, ''), entry.rule);
      } else append(this.#networks, networkKey(entry.bytes, entry.prefixLength), entry.rule);
    }
  }

  findName(name: Uint8Array, start: number, end: number, path: Uint8Array | null, asked: Asked): number {
    return this.#answer(this.#coveringName(name, start, end, path), asked);
  }

  findAddress(address: Uint8Array, asked: Asked): number {
    return this.#answer(this.#coveringAddress(address), asked);
  }

  nameCandidates(name: Uint8Array, start: number, end: number, path: Uint8Array | null): Candidate[] {
    return candidatesOf(this.#coveringName(name, start, end, path));
  }

  addressCandidates(address: Uint8Array): Candidate[] {
    return candidatesOf(this.#coveringAddress(address));
  }

  rule(index: number): Rule {
    const rule = this.#rules[index];
    if (rule === undefined) throw new RangeError(`no rule ${index}`);
    return rule;
  }

  #answer(covering: readonly Covering[], asked: Asked): number {
    const takenBack = new Set<string>();
    for (const { matched, specificity, rules } of covering) {
      const applying = rules.filter((index) => applies(this.rule(index), asked));
      for (const index of applying) if (isException(this.rule(index))) takenBack.add(this.rule(index).id);
      const answer = applying.find((index) => !isException(this.rule(index)) && !takenBack.has(this.rule(index).id));
      if (answer === undefined) continue;
      this.last.matched = matched;
      this.last.specificity = specificity;
      return answer;
    }
    return -1;
  }

  /** URL paths, then hosts or networks, each from the longest on. */
  #coveringName(name: Uint8Array, start: number, end: number, path: Uint8Array | null): Covering[] {
    const host = readHost(Buffer.from(name.subarray(Math.max(0, start), Math.max(0, start, end))));
    if (host === '') return [];
    const urls = path === null ? [] : this.#coveringPath(hostKey(host), Buffer.from(path).toString('latin1'));
    const address = addressOf(host);
    return [...urls, ...(address === null ? this.#coveringHost(host) : this.#coveringAddress(address))];
  }

  #coveringPath(host: string, target: string): Covering[] {
    if (!target.startsWith('/')) {
      // No path to compare, so what covers the whole host is left: of nothing, and of a query alone.
      const rules = /^(?:[?&#]|$)/.test(target) ? this.#urls.get(host) : undefined;
      return rules === undefined ? [] : [this.#covering('url', 0, rules)];
    }
    const path = normalForm(target);
    const covering: Covering[] = [];
    for (let end = path.length; end >= 0; end--) {
      if (end < path.length && !'/?&'.includes(path.charAt(end))) continue;
      const rules = this.#urls.get(host + path.slice(0, end));
      if (rules !== undefined) covering.push(this.#covering('url', end, rules));
    }
    return covering;
  }

  #coveringHost(host: string): Covering[] {
    const labels = host.split('.');
    const covering: Covering[] = [];
    for (let skipped = 0; skipped < labels.length; skipped++) {
      const suffix = labels.slice(skipped).join('.');
      const unfit = skipped === 0 ? 'subdomains' : 'exact';
      const fitting = (this.#hosts.get(suffix) ?? []).filter(({ kind }) => kind !== unfit);
      if (fitting.length === 0) continue;
      covering.push(
        this.#covering(
          'host',
          suffix.length,
          fitting.map(({ rule }) => rule),
        ),
      );
    }
    return covering;
  }

  #coveringAddress(address: Uint8Array): Covering[] {
    if (address.length !== 4 && address.length !== 16) return [];
    const [family = '', bits = ''] = networkKey(address, address.length * 8).split(':');
    const covering: Covering[] = [];
    for (let length = bits.length; length >= 0; length--) {
      const rules = this.#networks.get(`${family}:${bits.slice(0, length)}`);
      if (rules === undefined) continue;
      covering.push(this.#covering(length === bits.length ? 'ip' : 'cidr', length, rules));
    }
    return covering;
  }

  #covering(matched: MatchedBy, specificity: number, rules: readonly number[]): Covering {
    const strength = (index: number): number => {
      const rule = this.rule(index);
      return STRENGTH.indexOf(isException(rule) ? 'exception' : rule.action);
    };
    // A source that does not say how sure it is comes after all that do.
    const sureness = (index: number): number => this.rule(index).confidence ?? -1;
    const sorted = [...new Set(rules)].sort((a, b) => strength(a) - strength(b) || sureness(b) - sureness(a) || a - b);
    return { matched, specificity, rules: sorted };
  }
}

const candidatesOf = (covering: readonly Covering[]): Candidate[] =>
  covering.flatMap(({ matched, specificity, rules }) =>
    rules.map((ruleIndex) => ({ ruleIndex, matched, specificity })),
  );

const isException = (rule: Rule): boolean => rule.action === 'allow' && rule.source === 'feed';

/** An exception that does not apply takes nothing back either. */
const applies = ({ expiresAt, port, scope }: Rule, { nowMs, port: askedPort, subject }: Asked): boolean =>
  (expiresAt === null || nowMs < expiresAt) &&
  (port === undefined || port === askedPort) &&
  (scope === undefined || isInScope(scope, subject));

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}

/** The name as its entry has it, or as near as it comes: bytes that are no name keep a parent domain findable. */
function readHost(bytes: Buffer): string {
  const raw = bytes.toString('latin1').replace(/\.+$/, '');
  const lowered = raw.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (/^[\0-\x7f]*$/.test(raw)) return lowered;
  const canonical = canonicalHost(new TextDecoder().decode(bytes.subarray(0, raw.length)));
  return canonical.kind === 'ok' ? canonical.value : lowered;
}

/** So that all spellings of an address are one host. */
function hostKey(host: string): string {
  const address = addressOf(host);
  return address === null ? host : networkKey(address, address.length * 8);
}

function addressOf(text: string): Uint8Array | null {
  const plain = /^\[(?<inside>.*)\]$/s.exec(text)?.groups?.['inside'] ?? text;
  if (isIPv4(plain)) return Uint8Array.from(plain.split('.'), Number);
  if (!isIPv6(plain) || plain.includes('%')) return null;
  const quad = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/.exec(plain)?.[0];
  const groups = quad === undefined ? plain : plain.replace(quad, quadGroups(quad));
  const [head = [], tail = []] = groups.split('::').map((side) => side.split(':').filter((group) => group !== ''));
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function quadGroups(quad: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

const MAPPED = '0'.repeat(80) + '1'.repeat(16);

/** Family and bits of the prefix; a network inside ::ffff:0:0/96 is an IPv4 one. */
function networkKey(bytes: Uint8Array, prefixLength: number): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, prefixLength);
  if (bytes.length === 16 && bits.startsWith(MAPPED)) return `4:${bits.slice(MAPPED.length)}`;
  return `${bytes.length === 4 ? 4 : 6}:${bits}`;
}

/** RFC 3986 6.2.2 for an absolute path with an optional query, and one slash for many. Below 2,048 bytes. */
function normalForm(target: string): string {
  const withoutFragment = target.replace(/#.*/s, '');
  const question = withoutFragment.indexOf('?');
  const path = question < 0 ? withoutFragment : withoutFragment.slice(0, question);
  const query = question < 0 ? '' : withoutFragment.slice(question);
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (escape: string, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
  const segments: string[] = [];
  const given = decoded.replace(/\/+/g, '/').split('/').slice(1);
  for (const [i, segment] of given.entries()) {
    const last = i === given.length - 1;
    if (segment === '..') segments.pop();
    if (segment !== '.' && segment !== '..') segments.push(segment);
    else if (last) segments.push('');
  }
  return `/${segments.join('/')}${query}`;
}
