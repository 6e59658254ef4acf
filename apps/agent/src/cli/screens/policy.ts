/** The effective policy: what this device judges by, and in which order. */
import type { PolicyView } from '@sallyport/contract/control';

import type { Layout } from '../layout.ts';
import { renderProse } from '../prose.ts';
import { count } from '../quantity.ts';
import { type Cell, type Column, renderFields, renderTable } from '../table.ts';
import { renderPolicies } from './categories.ts';

const LAYERS: readonly Column[] = [
  { header: 'LAYER' },
  { header: 'ENTRIES', align: 'right' },
  { header: '', shrinkTo: 16 },
];

export function renderPolicy(policy: PolicyView, layout: Layout): string[] {
  const fields = [
    ['mode', policy.mode],
    ['warnings', policy.convertWarnToBlock ? 'are blocks' : 'warn'],
    ['device group', policy.deviceGroup === '' ? 'none' : policy.deviceGroup],
    ['excluded addresses', policy.excludedAddresses.join(', ') || 'none'],
    ['excluded programs', policy.excludedProcesses.join(', ') || 'none'],
    ['web categories', policy.webContentFilteringProcesses === 'browsers' ? 'for web browsers' : 'for every program'],
    ['low reputation', policy.lowReputationAction],
  ] as const;
  const layers = policy.layers.map(({ name, entries, note }): Cell[] => [
    name,
    entries === null ? '-' : count(entries),
    note,
  ]);
  return [
    ...renderFields(fields, layout),
    '',
    ...renderTable(LAYERS, layers, layout),
    '',
    ...renderPolicies(policy.categoryPolicies, layout),
    '',
    ...policy.precedence.flatMap((sentence, at) => renderProse(`${at + 1}. `, sentence, layout)),
    ...policy.problems.flatMap((problem) => renderProse(`${layout.paint('yellow', '▲')} `, problem, layout, 2)),
  ];
}
