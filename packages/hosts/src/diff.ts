/**
 * What changed from one table to another under the same hash key: how many entries came, went or got other rules, and
 * whose they are. Names cannot be printed, tables do not hold them.
 */
import { ruleOf } from './entry-sets.ts';
import type { Rule } from './rule.ts';
import type { SlotTable } from './slots.ts';
import { membersOf, rulesOf } from './table-contents.ts';
import { checkFile, type TableFile } from './table-file.ts';

/** Counts of entries. */
export interface EntryChanges {
  readonly added: number;
  readonly removed: number;
  /** On both sides, with other rules. */
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
    addresses: compareAddresses(a.file, b.file, rules),
    rules: rules.changes(),
  };
}

/** Notes which rules an entry has before and after. `-1`: no entry. */
class RuleTally {
  readonly #a: TableFile;
  readonly #b: TableFile;
  /** By the rule's content, because indices differ between files. */
  readonly #counts = new Map<string, { rule: Rule; added: number; removed: number }>();
  readonly #keysA: readonly string[];
  readonly #keysB: readonly string[];
  /** Rules of a set, as one comparable text. */
  readonly #textsA = new Map<number, readonly string[]>();
  readonly #textsB = new Map<number, readonly string[]>();

  constructor(a: TableFile, b: TableFile) {
    this.#a = a;
    this.#b = b;
    const note = (rule: Rule): string => {
      const key = JSON.stringify(rule);
      if (!this.#counts.has(key)) this.#counts.set(key, { rule, added: 0, removed: 0 });
      return key;
    };
    this.#keysA = rulesOf(a).map(note);
    this.#keysB = rulesOf(b).map(note);
  }

  /** True when the entry has the same rules on both sides. */
  compare(setA: number, setB: number): boolean {
    const before = setA < 0 ? [] : this.#rules(setA, this.#a, this.#keysA, this.#textsA);
    const after = setB < 0 ? [] : this.#rules(setB, this.#b, this.#keysB, this.#textsB);
    let isSame = true;
    for (const key of after) if (!before.includes(key)) isSame = this.#count(key, 'added');
    for (const key of before) if (!after.includes(key)) isSame = this.#count(key, 'removed');
    return isSame;
  }

  changes(): RuleChanges[] {
    return [...this.#counts.values()]
      .filter(({ added, removed }) => added + removed > 0)
      .sort((a, b) => b.added + b.removed - (a.added + a.removed));
  }

  #count(key: string, what: 'added' | 'removed'): false {
    const counts = this.#counts.get(key);
    if (counts !== undefined) counts[what]++;
    return false;
  }

  #rules(
    set: number,
    file: TableFile,
    keys: readonly string[],
    known: Map<number, readonly string[]>,
  ): readonly string[] {
    const found = known.get(set);
    if (found !== undefined) return found;
    const texts = [...new Set(membersOf(file, set).map((member) => keys[ruleOf(member)] ?? ''))];
    known.set(set, texts);
    return texts;
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

function compareAddresses(a: TableFile, b: TableFile, rules: RuleTally): EntryChanges {
  const collect = (file: TableFile): Map<string, number> => {
    const networks = new Map<string, number>();
    for (const section of [file.v4, file.v6]) {
      section.forEach((address, prefixLength, set) => networks.set(`${address.join('.')}/${prefixLength}`, set));
    }
    return networks;
  };
  const before = collect(a);
  const after = collect(b);
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  for (const [network, set] of after) {
    const old = before.get(network);
    const isSame = rules.compare(old ?? -1, set);
    if (old === undefined) counts.added++;
    else if (isSame) counts.same++;
    else counts.changed++;
  }
  for (const [network, set] of before) {
    if (after.has(network)) continue;
    counts.removed++;
    rules.compare(set, -1);
  }
  return counts;
}
