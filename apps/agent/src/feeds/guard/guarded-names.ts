/**
 * Which names must not be blocked as a whole: public suffixes, popular hosts, protected names, and what lies above each
 * of them, in one hash table.
 *
 * Every name of a feed of ten million is looked up, with all names above it, so the table is keyed by a hash that is
 * computed from the last character backwards: one pass over the name gives the hashes of all its suffixes, and no
 * string is cut. A hit is confirmed by comparing the characters.
 *
 * Easy to get wrong: "above" matters only to entries that cover sub-domains. `example.com` alone (exact) leaves
 * `vpn.example.com` alone, and a sub-domain of a popular host is nothing to hold back.
 */
import type { PublicSuffixes } from './public-suffixes.ts';

export interface GuardedNamesSources {
  readonly suffixes: PublicSuffixes;
  /** Canonical names; one that begins with `www.` stands for the name without it, too. */
  readonly popular: Iterable<string>;
  /** Canonical names that nothing may ever block: the server the devices report to, and what the administrator adds. */
  readonly protectedNames: Iterable<string>;
}

const PUBLIC_SUFFIX = 1;
const ABOVE_PUBLIC_SUFFIX = 2;
/** `Y` of a rule `*.Y`, of a registry or of shared hosting. */
const REGISTRY_WILDCARD = 4;
const HOSTING_WILDCARD = 8;
const POPULAR = 16;
const ABOVE_POPULAR = 32;
const PROTECTED = 64;
const ABOVE_PROTECTED = 128;
/** A registry whose names only institutions get. */
const INSTITUTIONS = 256;

/**
 * What a name is. The last two are no reason to hold an entry back: `hosting-tenant` is a name right below a wildcard
 * of shared hosting (itself a public suffix, so to be used as that name alone), `below-popular-host` a sub-domain.
 */
export type GuardedAs =
  | 'protected-name'
  | 'above-protected-name'
  | 'public-suffix'
  | 'above-public-suffix'
  | 'popular-host'
  | 'above-popular-host'
  | 'institution'
  | 'hosting-tenant'
  | 'below-popular-host';

/**
 * Where registries check who registers: United States government, armed forces and accredited universities (RFC 1480,
 * RFC 2146), treaty organisations (RFC 1591), and the like of other countries. What is malicious there is a hacked page.
 */
const INSTITUTION_REGISTRIES = [
  'gov mil edu int gov.uk ac.uk nhs.uk police.uk gov.au edu.au gc.ca govt.nz ac.nz gov.in nic.in ac.in gov.za ac.za',
  'go.jp ac.jp lg.jp go.kr ac.kr gov.cn edu.cn gov.tw edu.tw gov.hk edu.hk gov.sg edu.sg gov.il ac.il gov.tr edu.tr',
  'gouv.fr gob.es gov.it gov.pl gv.at ac.at gov.br',
].flatMap((line) => line.split(' '));

const DOT = 0x2e;

export class GuardedNames {
  /** Open addressing: position in `#names` plus one, 0 for a free slot. A power of two, at most half full. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  readonly #names: readonly string[];
  readonly #marks: Uint16Array;
  readonly #exceptions: ReadonlySet<string>;

  constructor(sources: GuardedNamesSources) {
    const marks = markedNames(sources);
    this.#exceptions = sources.suffixes.exception;
    this.#names = [...marks.keys()];
    this.#marks = Uint16Array.from(marks.values());
    const capacity = 2 ** Math.ceil(Math.log2(2 * this.#names.length + 2));
    this.#slots = new Int32Array(capacity);
    this.#hashes = new Int32Array(capacity);
    for (const [index, name] of this.#names.entries()) {
      let hash = SEED;
      for (let i = name.length - 1; i >= 0; i--) hash = step(hash, name.charCodeAt(i));
      let slot = slotOf(hash) & (capacity - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (capacity - 1);
      this.#slots[slot] = index + 1;
      this.#hashes[slot] = hash;
    }
  }

  /**
   * What the canonical `name` is, the strongest first; null when it is an ordinary name. `coversBelow`: whether the
   * entry that is asked about covers sub-domains, too.
   */
  lookUp(name: string, coversBelow: boolean): GuardedAs | null {
    let hash = SEED;
    let above = 0;
    let anywhereAbove = 0;
    let firstDot = -1;
    for (let i = name.length - 1; i >= 0; i--) {
      const code = name.charCodeAt(i);
      if (code === DOT) {
        firstDot = i;
        above = this.#marksOf(name, i + 1, hash);
        anywhereAbove |= above;
      }
      hash = step(hash, code);
    }
    const own = this.#marksOf(name, 0, hash);
    if ((own | anywhereAbove) === 0) return null;
    if ((own & PROTECTED) !== 0) return 'protected-name';
    if (coversBelow && (own & ABOVE_PROTECTED) !== 0) return 'above-protected-name';
    if ((own & PUBLIC_SUFFIX) !== 0) return 'public-suffix';
    if ((above & REGISTRY_WILDCARD) !== 0 && !this.#exceptions.has(name)) return 'public-suffix';
    if ((own & POPULAR) !== 0) return 'popular-host';
    if ((above & POPULAR) !== 0 && firstDot === 3 && name.startsWith('www.')) return 'popular-host';
    if ((above & INSTITUTIONS) !== 0) return 'institution';
    if (coversBelow && (own & ABOVE_PUBLIC_SUFFIX) !== 0) return 'above-public-suffix';
    if (coversBelow && (own & ABOVE_POPULAR) !== 0) return 'above-popular-host';
    if ((above & HOSTING_WILDCARD) !== 0 && !this.#exceptions.has(name)) return 'hosting-tenant';
    return (anywhereAbove & POPULAR) === 0 ? null : 'below-popular-host';
  }

  /** How many popular names entries for `blocked` would block. The value says whether the entry covers sub-domains. */
  popularBlockedBy(blocked: ReadonlyMap<string, boolean>): number {
    let count = 0;
    if (blocked.size === 0) return count;
    for (const [index, name] of this.#names.entries()) {
      if (((this.#marks[index] ?? 0) & POPULAR) === 0) continue;
      for (const at of upwards(name)) {
        const coversBelow = blocked.get(at);
        if (coversBelow === undefined || (at !== name && !coversBelow)) continue;
        count++;
        break;
      }
    }
    return count;
  }

  /** Marks of `name` from `start` on, whose hash is `hash`; 0 when the table does not have it. */
  #marksOf(name: string, start: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index < 0) return 0;
      if (this.#hashes[slot] !== hash) continue;
      const candidate = this.#names[index] ?? '';
      if (candidate.length === name.length - start && name.endsWith(candidate)) return this.#marks[index] ?? 0;
    }
  }
}

/** FNV-1a, whose low bits alone do not spread well. */
const SEED = 0x811c9dc5 | 0;
const step = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193);
const slotOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8;

/** `name` and all names above it, the top-level domain included. */
function* upwards(name: string): Generator<string> {
  yield name;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) yield name.slice(dot + 1);
}

function markedNames({ suffixes, popular, protectedNames }: GuardedNamesSources): Map<string, number> {
  const marks = new Map<string, number>();
  const add = (name: string, mark: number): void => {
    marks.set(name, (marks.get(name) ?? 0) | mark);
  };
  const mark = (name: string, own: number, above: number): void => {
    for (const at of upwards(name)) add(at, at === name ? own : above);
  };
  for (const name of suffixes.literal.keys()) mark(name, PUBLIC_SUFFIX, ABOVE_PUBLIC_SUFFIX);
  for (const [name, section] of suffixes.wildcard) {
    const wildcard = section === 'icann' ? REGISTRY_WILDCARD : HOSTING_WILDCARD;
    mark(name, wildcard | ABOVE_PUBLIC_SUFFIX, ABOVE_PUBLIC_SUFFIX);
  }
  for (const name of popular) {
    mark(name, POPULAR, ABOVE_POPULAR);
    const site = name.startsWith('www.') ? name.slice(4) : '';
    // www.com and www.gov.uk are sites; com and gov.uk are not.
    if (site.includes('.') && suffixes.sectionOf(site) === null) mark(site, POPULAR, ABOVE_POPULAR);
  }
  for (const name of INSTITUTION_REGISTRIES) add(name, INSTITUTIONS);
  for (const name of protectedNames) mark(name, PROTECTED, ABOVE_PROTECTED);
  return marks;
}
