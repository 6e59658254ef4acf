/** What a table file holds, and what came and went between two. */
import type { EntryChanges, TableDiff } from '@sallyport/hosts/diff';
import type { Rule } from '@sallyport/hosts/rule';

import type { RuleEntries } from '../../tables/table-summary.ts';
import type { Layout } from '../layout.ts';
import { byteSize, count, counted } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderFields, renderTable } from '../table.ts';

export interface Inspection {
  readonly file: string;
  /** Of the format. */
  readonly version: number;
  readonly bytes: number;
  readonly checksum: number;
  readonly hosts: number;
  readonly urls: number;
  readonly addresses: number;
  readonly rules: readonly RuleEntries[];
  readonly names: readonly {
    readonly name: string;
    readonly found: readonly { readonly rule: Rule; readonly matched: string; readonly specificity: number }[];
  }[];
}

/** A table of indicators has a rule each. */
const SHOWN_RULES = 50;

const RULES: readonly Column[] = [
  { header: 'ENTRIES', align: 'right' },
  { header: 'ACTION' },
  { header: 'FROM' },
  { header: 'CATEGORY', shrinkTo: 8 },
  { header: 'ID', shrinkTo: 4 },
  { header: 'TITLE', shrinkTo: 12 },
];

const FOUND: readonly Column[] = [
  { header: 'NAME', shrinkTo: 12 },
  { header: 'BY' },
  { header: 'ACTION' },
  { header: 'CATEGORY', shrinkTo: 8 },
  { header: 'TITLE', shrinkTo: 12 },
];

export function renderInspection(inspection: Inspection, layout: Layout): string[] {
  const { file, version, bytes, checksum, hosts, urls, addresses, rules, names } = inspection;
  const entries = hosts + urls + addresses;
  const each = entries === 0 ? '' : `, ${(bytes / entries).toFixed(1)} bytes an entry`;
  const fields = [
    ['table', file],
    ['format', String(version)],
    ['size', `${byteSize(bytes)}${each}`],
    ['checksum', checksum.toString(16).padStart(8, '0')],
    ['hosts', count(hosts)],
    ['addresses', count(addresses)],
    ['URLs', count(urls)],
    ['rules', count(rules.length)],
  ] as const;
  const most = rules.toSorted((a, b) => b.entries - a.entries).slice(0, SHOWN_RULES);
  const lines = renderFields(fields, layout);
  if (most.length > 0)
    lines.push(
      '',
      ...renderTable(
        RULES,
        most.map(({ rule, entries: has }) => ruleRow(rule, has)),
        layout,
      ),
    );
  if (rules.length > most.length) lines.push(`and ${counted(rules.length - most.length, 'more rule')}`);
  if (names.length > 0) {
    const rows = names.flatMap(({ name, found }): Cell[][] =>
      found.length === 0
        ? [[name, '-', ['green', 'nothing'], '', '']]
        : found.map(({ rule, matched }) => [name, matched, rule.action, categoryOf(rule), rule.title]),
    );
    lines.push('', ...renderTable(FOUND, rows, layout));
  }
  return lines;
}

const ruleRow = (rule: Rule, entries: number): Cell[] => [
  count(entries),
  rule.action,
  rule.source,
  categoryOf(rule),
  rule.id,
  rule.title,
];

const categoryOf = (rule: Rule): string => rule.webCategory ?? rule.category;

const CHANGES: readonly Column[] = [
  { header: '' },
  { header: 'ADDED', align: 'right' },
  { header: 'REMOVED', align: 'right' },
  { header: 'CHANGED', align: 'right' },
  { header: 'SAME', align: 'right' },
];

const RULE_CHANGES: readonly Column[] = [
  { header: 'ADDED', align: 'right' },
  { header: 'REMOVED', align: 'right' },
  { header: 'ACTION' },
  { header: 'ID', shrinkTo: 4 },
  { header: 'TITLE', shrinkTo: 12 },
];

export function renderDiff(diff: Extract<TableDiff, { kind: 'ok' }>, layout: Layout): string[] {
  const row = (name: string, { added, removed, changed, same }: EntryChanges): Cell[] => [
    name,
    count(added),
    count(removed),
    count(changed),
    count(same),
  ];
  const lines = renderTable(
    CHANGES,
    [row('hosts', diff.hosts), row('addresses', diff.addresses), row('URLs', diff.urls)],
    layout,
  );
  const shown = diff.rules.slice(0, SHOWN_RULES);
  if (shown.length === 0) return lines;
  const rows = shown.map(({ rule, added, removed }): Cell[] => [
    count(added),
    count(removed),
    rule.action,
    rule.id,
    printable(rule.title),
  ]);
  lines.push('', ...renderTable(RULE_CHANGES, rows, layout));
  if (diff.rules.length > shown.length) lines.push(`and ${counted(diff.rules.length - shown.length, 'more rule')}`);
  return lines;
}
