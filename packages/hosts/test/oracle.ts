/**
 * The slow, obvious matcher: strings, Maps and bit strings. Tests hold the table against it; it shares no code with
 * the table beyond the types.
 */
import type { EntryKind } from '../src/build.ts';
import type { MatchedBy } from '../src/reputation-table.ts';
import type { Rule } from '../src/rule.ts';

export type Entry =
  | { readonly type: 'host'; readonly name: string; readonly kind: EntryKind; readonly rule: number }
  | { readonly type: 'cidr'; readonly bytes: Uint8Array; readonly prefixLength: number; readonly rule: number }
  | { readonly type: 'url'; readonly host: string; readonly path: string; readonly rule: number };

export interface OracleMatch {
  readonly rule: number;
  readonly matched: MatchedBy;
  readonly specificity: number;
}

const ORDER = ['allow', 'warn', 'block', 'audit'];

export class Oracle {
  readonly #rules: readonly Rule[];
  readonly #hosts = new Map<string, Entry[]>();
  readonly #urls = new Map<string, Entry[]>();
  readonly #networks = new Map<string, Entry[]>();

  constructor(rules: readonly Rule[], entries: readonly Entry[]) {
    this.#rules = rules;
    for (const entry of entries) {
      if (entry.type === 'host') append(this.#hosts, entry.name, entry);
      else if (entry.type === 'url') append(this.#urls, entry.host + normalForm(entry.path).replace(/\/$/, ''), entry);
      else {
        const key = `${entry.bytes.length}:${bits(entry.bytes).slice(0, entry.prefixLength)}`;
        append(this.#networks, key, entry);
      }
    }
  }

  /** `name`: canonical. */
  findHost(name: string, now: number): OracleMatch | null {
    const labels = name.split('.');
    for (let skipped = 0; skipped < labels.length; skipped++) {
      const suffix = labels.slice(skipped).join('.');
      const unfit = skipped === 0 ? 'subdomains' : 'exact';
      const here = (this.#hosts.get(suffix) ?? []).filter((entry) => entry.type === 'host' && entry.kind !== unfit);
      const rule = this.#strongest(here, now);
      if (rule !== null) return { rule, matched: 'host', specificity: suffix.length };
    }
    return null;
  }

  findIp(address: Uint8Array, now: number): OracleMatch | null {
    for (let length = address.length * 8; length >= 0; length--) {
      const key = `${address.length}:${bits(address).slice(0, length)}`;
      const rule = this.#strongest(this.#networks.get(key) ?? [], now);
      if (rule === null) continue;
      return { rule, matched: length === address.length * 8 ? 'ip' : 'cidr', specificity: length };
    }
    return null;
  }

  findUrl(host: string, path: string, now: number): OracleMatch | null {
    const whole = normalForm(path);
    for (let end = whole.length; end >= 0; end--) {
      if (end < whole.length && !'/?&'.includes(whole.charAt(end))) continue;
      const rule = this.#strongest(this.#urls.get(host + whole.slice(0, end)) ?? [], now);
      if (rule !== null) return { rule, matched: 'url', specificity: end };
    }
    return null;
  }

  #strongest(entries: readonly Entry[], now: number): number | null {
    const living = entries.filter(({ rule }) => {
      const expiresAt = this.#rules[rule]?.expiresAt ?? null;
      return expiresAt === null || now < expiresAt;
    });
    const strength = (entry: Entry): number => ORDER.indexOf(this.#rules[entry.rule]?.action ?? '');
    return living.toSorted((a, b) => strength(a) - strength(b))[0]?.rule ?? null;
  }
}

function append(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}

const bits = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');

/** RFC 3986 6.2.2 for an absolute path with an optional query, and one slash for many. */
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
