/** The answer to `sallyport check`: the verdict, then how it came about, then the rule. */
import type { CheckView } from '@sallyport/contract/control';

import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { renderProse } from '../prose.ts';
import { printable } from '../safe-text.ts';
import { renderFields } from '../table.ts';

const VERDICTS = {
  pass: { style: 'green', word: 'PASS' },
  audit: { style: 'yellow', word: 'AUDIT' },
  warn: { style: 'magenta', word: 'WARN' },
  block: { style: 'red', word: 'BLOCK' },
} as const satisfies Record<CheckView['effect'], { style: Style; word: string }>;

export function renderCheck(check: CheckView, layout: Layout): string[] {
  const { style, word } = VERDICTS[check.effect];
  const category = check.responseCategory === null ? '' : ` · ${printable(check.responseCategory)}`;
  const lines = [
    `${layout.paint(['bold', style], word)}  ${layout.paint('bold', printable(check.target))}${category} · ${printable(check.mode)} mode`,
  ];
  if (check.reasons.length > 0) lines.push('');
  for (const [at, reason] of check.reasons.entries()) lines.push(...renderProse(`  ${at + 1}. `, reason, layout));
  if (check.rule !== null) {
    const { id, title, source, action } = check.rule;
    const fields = [
      ['rule', id],
      ['title', title],
      ['from', source],
      ['action', action],
    ] as const;
    lines.push(
      '',
      ...renderFields(
        fields.filter(([, text]) => text !== ''),
        layout,
        2,
      ),
    );
  }
  return lines;
}
