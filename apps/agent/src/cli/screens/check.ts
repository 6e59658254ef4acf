/** The answer to `sallyport check`: the verdict, then how it came about, then the rule. */
import type { CheckRule, CheckView } from '@sallyport/contract/control';

import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { renderProse } from '../prose.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderFields, renderTable } from '../table.ts';
import { localTime } from '../time.ts';

const VERDICTS = {
  pass: { style: 'green', word: 'PASS' },
  audit: { style: 'yellow', word: 'AUDIT' },
  warn: { style: 'magenta', word: 'WARN' },
  block: { style: 'red', word: 'BLOCK' },
} as const satisfies Record<CheckView['effect'], { style: Style; word: string }>;

export function renderCheck(check: CheckView, layout: Layout): string[] {
  const { style, word } = VERDICTS[check.effect];
  const categories = [check.responseCategory, check.webCategory].filter((each) => each !== null);
  const category = categories.map((each) => ` · ${printable(each)}`).join('');
  const lines = [
    `${layout.paint(['bold', style], word)}  ${layout.paint('bold', printable(check.target))}${category} · ${printable(check.mode)} mode`,
  ];
  if (check.reasons.length > 0) lines.push('');
  for (const [at, reason] of check.reasons.entries()) lines.push(...renderProse(`  ${at + 1}. `, reason, layout));
  if (check.rule !== null) lines.push('', ...renderRule(check.rule, layout));
  return lines;
}

/** The same with every entry that covers the question, also those without a say. */
export function renderFullCheck(check: CheckView, layout: Layout): string[] {
  const lines = renderCheck(check, layout);
  if (check.candidates.length === 0) return lines;
  const rows = check.candidates.map(({ layer, entry, matched, rule, won, silent }): Cell[] => [
    layer,
    entry,
    matched,
    rule.action,
    rule.title,
    won ? ['bold', 'decides'] : (silent ?? 'weaker'),
  ]);
  return [...lines, '', ...renderTable(CANDIDATES, rows, layout)];
}

const CANDIDATES: readonly Column[] = [
  { header: 'LAYER' },
  { header: 'ENTRY', shrinkTo: 12 },
  { header: 'KIND' },
  { header: 'ACTION' },
  { header: 'TITLE', shrinkTo: 8 },
  { header: '' },
];

function renderRule(rule: CheckRule, layout: Layout): string[] {
  const fields = [
    ['rule', rule.id],
    ['title', rule.title],
    ['from', rule.source],
    ['action', rule.action],
    ['web category', rule.webCategory ?? ''],
    ['confidence', rule.confidence === null ? '' : String(rule.confidence)],
    ['port', rule.port === null ? '' : String(rule.port)],
    ['for', rule.scope ?? ''],
    ['expires', rule.expiresMs === null ? '' : localTime(rule.expiresMs)],
  ] as const;
  return renderFields(
    fields.filter(([, text]) => text !== ''),
    layout,
    2,
  );
}
