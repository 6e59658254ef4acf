/**
 * Builds table files. Keys are hashed as they come and kept as three words each, never as strings, and sorted where
 * they lie, so that ten million names take 120 megabytes and the file.
 */
import { assemble, type SlotSection } from './assemble.ts';
import { EntryKeys } from './entry-keys.ts';
import { EntrySets, type Member, memberOf } from './entry-sets.ts';
import { type EntryKind, KIND, MAX_SHORT_SETS } from './format.ts';
import { HashedKeys, type SettledKeys } from './hashed-keys.ts';
import { Networks } from './networks.ts';
import { encodeRules, rankOf } from './rule-columns.ts';
import { ruleFault } from './rule-fault.ts';
import type { Rule } from './rule.ts';
import { layOut } from './slots.ts';
import { TableError } from './table-error.ts';

export type { EntryKind } from './format.ts';

export interface TableBuilderOptions {
  /**
   * Key of the name hash, two 32-bit numbers. Give every installation its own random pair and keep it: tables are
   * reproducible only under the same key, and a public one lets an attacker search for colliding names.
   */
  readonly hashKey?: readonly [number, number];
}

const DEFAULT_KEY = [0x53616c6c, 0x79706f72] as const;

export class TableBuilder {
  readonly #key: readonly [number, number];
  readonly #keys: EntryKeys;
  readonly #rules: Rule[] = [];
  readonly #ranks: number[] = [];
  readonly #sets = new EntrySets((ruleIndex) => this.#ranks[ruleIndex] ?? 0);
  readonly #hosts = new HashedKeys();
  readonly #urls = new HashedKeys();
  readonly #networks = new Networks();
  #added = 0;
  #kept = 0;
  #isBuilt = false;

  constructor(options: TableBuilderOptions = {}) {
    this.#key = options.hashKey ?? DEFAULT_KEY;
    this.#keys = new EntryKeys(this.#key);
  }

  /** Entries added so far, duplicates included. */
  get entries(): number {
    return this.#added;
  }

  /** After `build`: how many of them were on a name, URL or network that another one is on as well. */
  get duplicates(): number {
    return this.#added - this.#kept;
  }

  /** Returns the index that the `add…` methods take. Throws TableError `bad-rule`. */
  addRule(rule: Rule): number {
    const fault = ruleFault(rule);
    if (fault !== null) throw new TableError('bad-rule', fault);
    this.#ranks.push(rankOf(rule));
    return this.#rules.push(rule) - 1;
  }

  /** `name` as `canonicalHost` returns it. Kinds: itself and all below, only itself, only what is below. */
  addHost(name: string, ruleIndex: number, kind: EntryKind = 'suffix'): void {
    const member = this.#member(ruleIndex, kind);
    this.#keys.host(name);
    this.#hosts.push(this.#keys.hi, this.#keys.lo, member);
    this.#added++;
  }

  /** `bytes`: 4 or 16. An IPv4-mapped address is entered as IPv4. */
  addIp(bytes: Uint8Array, ruleIndex: number): void {
    this.addCidr(bytes, bytes.length * 8, ruleIndex);
  }

  /** Bits after the prefix are ignored; refuse them earlier, with `parseCidr`. */
  addCidr(bytes: Uint8Array, prefixLength: number, ruleIndex: number): void {
    this.#networks.add(bytes, prefixLength, this.#member(ruleIndex, 'suffix'));
    this.#added++;
  }

  /**
   * Everything at and under `path` on this very host, which is a canonical name or the text of an address.
   * A prefix ends where a path segment, the path or a query parameter ends: `/a` covers `/a/b` and `/a?x`, not `/ab`.
   */
  addUrl(host: string, path: string, ruleIndex: number): void {
    const member = this.#member(ruleIndex, 'suffix');
    this.#keys.url(host, path);
    this.#urls.push(this.#keys.hi, this.#keys.lo, member);
    this.#added++;
  }

  /**
   * The file. Can be called once, because entries are sorted where they lie, which keeps the peak low. Throws TableError
   * `too-large`.
   */
  build(): Uint8Array<ArrayBuffer> {
    if (this.#isBuilt) throw new Error('a builder builds once');
    this.#isBuilt = true;
    const hosts = this.#hosts.settle(this.#sets);
    const urls = this.#urls.settle(this.#sets);
    const v4 = this.#networks.settle(4, this.#sets);
    const v6 = this.#networks.settle(6, this.#sets);
    this.#kept = hosts.counts.entries + urls.counts.entries + v4.counts.networks + v6.counts.networks;
    const slotWords = this.#sets.count <= MAX_SHORT_SETS ? 2 : 3;
    return assemble({
      hashKey: this.#key,
      labelMask: this.#keys.labelMask >>> 0,
      slotWords,
      hosts: section(hosts, slotWords),
      urls: section(urls, slotWords),
      v4,
      v6,
      sets: this.#sets,
      rules: encodeRules(this.#rules),
    });
  }

  #member(ruleIndex: number, kind: EntryKind): Member {
    if (!Number.isInteger(ruleIndex) || ruleIndex < 0 || ruleIndex >= this.#rules.length) {
      throw new TableError('bad-rule-index', String(ruleIndex));
    }
    return memberOf(ruleIndex, KIND[kind]);
  }
}

const section = ({ counts, keys }: SettledKeys, slotWords: number): SlotSection => ({
  counts,
  write: (words) => layOut(keys, words, slotWords),
});
