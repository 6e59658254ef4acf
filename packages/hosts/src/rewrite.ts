/**
 * Gives a table other rules without touching its entries: what the categories of ten million names mean changes with
 * a policy, the names do not.
 */
import { assemble } from './assemble.ts';
import { EntrySets, kindOf, memberOf, ruleOf } from './entry-sets.ts';
import { encodeRules, rankOf, ruleKey } from './rule-columns.ts';
import { ruleFault } from './rule-fault.ts';
import type { Rule } from './rule.ts';
import { addressPartOf, membersOf, rulesOf, slotsOf } from './table-contents.ts';
import { TableError } from './table-error.ts';
import { checkFile } from './table-file.ts';

/**
 * `table` with each rule replaced by those that `rewrite` gives for it: one, several, or none, in which case its
 * entries say nothing. Throws TableError `bad-table`, `bad-rule`.
 */
export function rewriteRules(table: Uint8Array, rewrite: (rule: Rule) => readonly Rule[]): Uint8Array<ArrayBuffer> {
  const checked = checkFile(table);
  if (checked.kind !== 'ok') throw new TableError('bad-table', `${checked.reason}: ${checked.detail}`);
  const { file } = checked;
  const rules: Rule[] = [];
  const indices = new Map<string, number>();
  const ranks: number[] = [];
  const sets = new EntrySets((ruleIndex) => ranks[ruleIndex] ?? 0);
  const indexOf = (rule: Rule): number => {
    const key = ruleKey(rule);
    const known = indices.get(key);
    if (known !== undefined) return known;
    const fault = ruleFault(rule);
    if (fault !== null) throw new TableError('bad-rule', fault);
    ranks.push(rankOf(rule));
    indices.set(key, rules.length);
    return rules.push(rule) - 1;
  };
  const replaced = rulesOf(file).map((rule) => rewrite(rule).map(indexOf));
  for (let set = 0; set < file.counts.sets; set++) {
    sets.place(
      membersOf(file, set).flatMap((member) =>
        (replaced[ruleOf(member)] ?? []).map((index) => memberOf(index, kindOf(member))),
      ),
    );
  }
  return assemble({
    hashKey: file.hashKey,
    labelMask: file.labelMask,
    slotWords: file.counts.slotWords,
    hosts: { counts: file.counts.hosts, write: (words) => words.set(slotsOf(file, 'hosts')) },
    urls: { counts: file.counts.urls, write: (words) => words.set(slotsOf(file, 'urls')) },
    v4: addressPartOf(file, 'v4'),
    v6: addressPartOf(file, 'v6'),
    sets,
    rules: encodeRules(rules),
  });
}
