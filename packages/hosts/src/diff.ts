/**
 * What changed from one table to another under the same hash key: how many entries came, went or got other rules, and
 * whose they are. Names cannot be printed, tables do not hold them.
 */
import type { AddressSection } from './address-section.ts';
import { kindOf, memberOf, ruleOf } from './entry-sets.ts';
import { ruleKey } from './rule-columns.ts';
import type { Rule } from './rule.ts';
import type { SlotTable } from './slots.ts';
import { membersOf, rulesOf } from './table-contents.ts';
import { checkFile, type TableFile } from './table-file.ts';

/** Counts of entries. */
export interface EntryChanges {
  readonly added: number;
  readonly removed: number;
  /** On both sides, with other rules, or for other names (with or without what is below). */
  readonly changed: number;
  readonly same: number;
}

export interface RuleChanges {
  readonly rule: Rule;
  /** Entries that have this rule in the second table and not in the first, and the other way round. */
  readonly added: number;
  readonly removed: number;
}

export type TableDiff =
  | {
      readonly kind: 'ok';
      readonly hosts: EntryChanges;
      readonly urls: EntryChanges;
      readonly addresses: EntryChanges;
      /** Rules that gained or lost entries, most changed first. */
      readonly rules: readonly RuleChanges[];
    }
  | { readonly kind: 'rejected'; readonly which: 'first' | 'second' | 'both'; readonly detail: string };

/** Both are table files. `both` is rejected when their hash keys differ. */
export function diffTables(first: Uint8Array, second: Uint8Array): TableDiff {
  const a = checkFile(first);
  if (a.kind !== 'ok') return { kind: 'rejected', which: 'first', detail: a.detail };
  const b = checkFile(second);
  if (b.kind !== 'ok') return { kind: 'rejected', which: 'second', detail: b.detail };
  if (a.file.hashKey.join() !== b.file.hashKey.join()) {
    return {
      kind: 'rejected',
      which: 'both',
      detail: 'they were built under different hash keys, so their entries cannot be compared',
    };
  }
  const rules = new RuleTally(a.file, b.file);
  return {
    kind: 'ok',
    hosts: compareSlots(a.file.hosts, b.file.hosts, rules),
    urls: compareSlots(a.file.urls, b.file.urls, rules),
    addresses: sum(compareNetworks(a.file.v4, b.file.v4, rules), compareNetworks(a.file.v6, b.file.v6, rules)),
    rules: rules.changes(),
  };
}

/** Notes which rules an entry has before and after. `-1`: no entry. */
class RuleTally {
  /** By the rule's content, because indices differ between files. */
  readonly #ids = new Map<string, number>();
  readonly #counts: { rule: Rule; added: number; removed: number }[] = [];
  readonly #membersA: (set: number) => readonly number[];
  readonly #membersB: (set: number) => readonly number[];

  constructor(a: TableFile, b: TableFile) {
    this.#membersA = this.#reader(a);
    this.#membersB = this.#reader(b);
  }

  /** True when the entry has the same rules for the same names on both sides. */
  compare(setA: number, setB: number): boolean {
    const before = this.#membersA(setA);
    const after = this.#membersB(setB);
    let isSame = true;
    for (let i = 0, j = 0; i < before.length || j < after.length;) {
      const old = before[i] ?? Number.POSITIVE_INFINITY;
      const now = after[j] ?? Number.POSITIVE_INFINITY;
      if (old <= now) i++;
      if (now <= old) j++;
      if (old === now) continue;
      isSame = false;
      const counts = this.#counts[ruleOf(Math.min(old, now))];
      if (counts !== undefined) counts[old < now ? 'removed' : 'added']++;
    }
    return isSame;
  }

  changes(): RuleChanges[] {
    return this.#counts
      .filter(({ added, removed }) => added + removed > 0)
      .sort((a, b) => b.added + b.removed - (a.added + a.removed));
  }

  /** Members of a set of a file, with the rules' ids instead of their indices, ascending. */
  #reader(file: TableFile): (set: number) => readonly number[] {
    const ids = rulesOf(file).map((rule) => this.#idOf(rule));
    const known = new Map<number, readonly number[]>([[-1, []]]);
    return (set) => {
      const found = known.get(set);
      if (found !== undefined) return found;
      const members = membersOf(file, set).map((member) => memberOf(ids[ruleOf(member)] ?? 0, kindOf(member)));
      const distinct = [...new Set(members)].sort((x, y) => x - y);
      known.set(set, distinct);
      return distinct;
    };
  }

  #idOf(rule: Rule): number {
    const key = ruleKey(rule);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#ids.set(key, this.#counts.length);
    return this.#counts.push({ rule, added: 0, removed: 0 }) - 1;
  }
}

function compareSlots(a: SlotTable, b: SlotTable, rules: RuleTally): EntryChanges {
  // The one with more homes tells keys apart more finely: each of its keys is sought in the other.
  const isAFiner = a.homes >= b.homes;
  const [finer, coarser] = isAFiner ? [a, b] : [b, a];
  const compare = (inFiner: number, inCoarser: number): boolean =>
    isAFiner ? rules.compare(inFiner, inCoarser) : rules.compare(inCoarser, inFiner);
  const met = new Uint8Array(coarser.slots);
  let onlyFiner = 0;
  let onlyCoarser = 0;
  let changed = 0;
  let same = 0;
  finer.forEach((slot, position, lo) => {
    const other = coarser.entries === 0 ? -1 : coarser.slotOf(position, lo, finer);
    if (other < 0) {
      onlyFiner++;
      compare(finer.setAt(slot), -1);
      return;
    }
    met[other] = 1;
    if (compare(finer.setAt(slot), coarser.setAt(other))) same++;
    else changed++;
  });
  coarser.forEach((slot) => {
    if (met[slot] === 1) return;
    onlyCoarser++;
    compare(-1, coarser.setAt(slot));
  });
  return isAFiner
    ? { added: onlyCoarser, removed: onlyFiner, changed, same }
    : { added: onlyFiner, removed: onlyCoarser, changed, same };
}

function compareNetworks(a: AddressSection, b: AddressSection, rules: RuleTally): EntryChanges {
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  for (let i = 1, j = 1; i <= a.networks || j <= b.networks;) {
    const order = i > a.networks ? 1 : j > b.networks ? -1 : a.order(i, b, j);
    const isSame = rules.compare(order <= 0 ? a.set(i) : -1, order >= 0 ? b.set(j) : -1);
    if (order < 0) counts.removed++;
    else if (order > 0) counts.added++;
    else if (isSame) counts.same++;
    else counts.changed++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return counts;
}

const sum = (a: EntryChanges, b: EntryChanges): EntryChanges => ({
  added: a.added + b.added,
  removed: a.removed + b.removed,
  changed: a.changed + b.changed,
  same: a.same + b.same,
});
