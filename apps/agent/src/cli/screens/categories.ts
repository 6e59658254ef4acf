/** The tree of web categories with how each stands on this device, and the policies behind it. */
import type { CategoryPolicy, CategoryState, CategoryView } from '@sallyport/contract/category-policy';

import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { renderProse } from '../prose.ts';
import { count } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderTable } from '../table.ts';

const STATES = {
  off: { style: 'dim', word: 'off' },
  audited: { style: 'yellow', word: 'audited' },
  blocked: { style: 'red', word: 'blocked' },
  'blocked-for-some': { style: 'magenta', word: 'blocked for some' },
} as const satisfies Record<CategoryState, { style: Style; word: string }>;

const TREE: readonly Column[] = [
  { header: 'CATEGORY' },
  { header: 'STATE' },
  { header: 'KNOWN', align: 'right' },
  { header: 'BY POLICY', shrinkTo: 8 },
];

export function renderCategories(categories: readonly CategoryView[], layout: Layout): string[] {
  const rows: Cell[][] = [];
  let parent = '';
  for (const { name, parent: own, state, entries, policies } of categories) {
    if (own !== parent) rows.push([['bold', own], '', '', '']);
    parent = own;
    const { style, word } = STATES[state];
    rows.push([`  ${name}`, [style, word], entries === null ? '-' : count(entries), policies.join(', ')]);
  }
  const lines = renderTable(TREE, rows, layout);
  if (categories.every(({ entries }) => entries === null)) {
    lines.push('', ...renderProse('', 'No list of categories is loaded; add one with: sallyport feed add', layout));
  }
  if (categories.every(({ state }) => state === 'off')) {
    lines.push(
      '',
      ...renderProse('', 'No policy is for this device, so nothing is asked; sallyport category block NAME', layout),
    );
  }
  return lines;
}

const POLICIES: readonly Column[] = [
  { header: 'POLICY', shrinkTo: 8 },
  { header: 'BLOCKS', shrinkTo: 16 },
  { header: 'DEVICE GROUPS', shrinkTo: 8 },
  { header: 'FOR', shrinkTo: 8 },
];

export function renderPolicies(policies: readonly CategoryPolicy[], layout: Layout): string[] {
  if (policies.length === 0) return ['no category policies; make one with: sallyport category block NAME'];
  const rows = policies.map((policy): Cell[] => [
    policy.name,
    blocked(policy),
    policy.deviceGroups.join(', ') || 'all',
    scopeOf(policy),
  ]);
  return renderTable(POLICIES, rows, layout);
}

/** `blocked  policy default blocks Gambling, Leisure`. */
export const renderPolicyChange = (verb: string, policy: CategoryPolicy, layout: Layout): string[] =>
  renderProse(
    '',
    `${verb}: policy ${printable(policy.name)} ${policy.categories.length === 0 ? 'records and blocks nothing' : `blocks ${blocked(policy)}`}`,
    layout,
  );

const blocked = ({ categories }: CategoryPolicy): string => categories.join(', ') || 'nothing (audit)';

function scopeOf({ users, executables }: CategoryPolicy): string {
  const parts = [
    ...(users.length === 0 ? [] : [`users ${users.join(', ')}`]),
    ...(executables.length === 0 ? [] : [`programs ${executables.join(', ')}`]),
  ];
  return parts.join('; ') || 'everybody';
}
