/** What a table file holds, by rule: for `hosts inspect` and for the figures beside web categories. */
import { ruleOf } from '@sallyport/hosts/entry-sets';
import type { Rule } from '@sallyport/hosts/rule';
import { membersOf, rulesOf } from '@sallyport/hosts/table-contents';
import type { TableFile } from '@sallyport/hosts/table-file';

export interface RuleEntries {
  readonly rule: Rule;
  /** Names, networks and URLs that have this rule, each once. */
  readonly entries: number;
}

/** In the order of the table's rules. */
export function countEntries(file: TableFile): RuleEntries[] {
  const bySet = new Uint32Array(file.counts.sets);
  const count = (set: number): void => {
    bySet[set] = (bySet[set] ?? 0) + 1;
  };
  for (const slots of [file.hosts, file.urls]) slots.forEach((slot) => count(slots.setAt(slot)));
  for (const section of [file.v4, file.v6]) section.forEach((_, __, set) => count(set));
  const byRule = new Float64Array(file.counts.rules);
  for (const [set, entries] of bySet.entries()) {
    if (entries === 0) continue;
    // A name may have a rule twice, for itself and for what is below it.
    for (const rule of new Set(membersOf(file, set).map(ruleOf))) byRule[rule] = (byRule[rule] ?? 0) + entries;
  }
  return rulesOf(file).map((rule, at) => ({ rule, entries: byRule[at] ?? 0 }));
}
