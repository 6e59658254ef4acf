/** What a table holds, taken out of its columns: for programs that make one table of another. */
import { addressColumns, type AddressPart } from './networks.ts';
import { decodeRule, type EncodedRules } from './rule-columns.ts';
import type { Rule } from './rule.ts';
import type { TableFile } from './table-file.ts';

/** All rules of a file, by index. */
export const rulesOf = (file: TableFile): Rule[] =>
  Array.from({ length: file.counts.rules }, (_, i) => ruleAt(file, i));

/** The rules of a file, to be written as they are or with more behind them. */
export const encodedRulesOf = ({ bytes, counts, layout, rules }: TableFile): EncodedRules => ({
  columns: rules,
  strings: bytes.subarray(layout.strings, layout.strings + counts.stringBytes),
  scopes: counts.scopes,
});

/** Rule `index` of a file. */
export const ruleAt = (file: TableFile, index: number): Rule =>
  decodeRule(
    index,
    file.rules,
    (at) => file.text(at),
    (scope) => file.scope(scope) ?? {},
  );

export const membersOf = (file: TableFile, set: number): number[] =>
  Array.from(file.members.subarray(file.setStarts[set], file.setStarts[set + 1]));

/** A section of slots, as it lies in the file. */
export function slotsOf(file: TableFile, section: 'hosts' | 'urls'): Int32Array {
  const { slots } = file.counts[section];
  return new Int32Array(file.bytes.buffer, file.bytes.byteOffset + file.layout[section], slots * file.counts.slotWords);
}

/** The networks of a family, to be written as they are; sets must keep their indices. */
export function addressPartOf(file: TableFile, family: 'v4' | 'v6'): AddressPart {
  const counts = file.counts[family];
  const from = addressColumns(file.bytes, file.layout[family], counts, family);
  return {
    counts,
    write: (columns) => {
      columns.directory.set(from.directory);
      columns.segmentStarts.set(from.segmentStarts);
      columns.segmentOwners.set(from.segmentOwners);
      columns.addresses.set(from.addresses);
      columns.prefixLengths.set(from.prefixLengths);
      columns.parents.set(from.parents);
      columns.sets.set(from.sets);
    },
  };
}
