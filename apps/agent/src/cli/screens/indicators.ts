/** Custom indicators as a table, newest last; expired ones are gone from the store and never shown. */
import type { Indicator } from '@sallyport/contract/indicator';
import type { IndicatorAction } from '@sallyport/contract/indicator-values';

import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderTable } from '../table.ts';
import { localMinute } from '../time.ts';

const ACTION_STYLE = {
  Allowed: 'green',
  Audit: 'yellow',
  Warn: 'magenta',
  Block: 'red',
} as const satisfies Record<IndicatorAction, Style>;

const COLUMNS: readonly Column[] = [
  { header: 'ACTION' },
  { header: 'VALUE', shrinkTo: 16 },
  { header: 'TYPE' },
  { header: 'SEVERITY' },
  { header: 'EXPIRES' },
  { header: 'TITLE', shrinkTo: 8 },
];
/** Only where some indicator is for somebody in particular: then a value may stand there twice, and the id tells them apart. */
const SCOPE_COLUMNS: readonly Column[] = [
  { header: 'FOR', shrinkTo: 4 },
  { header: 'ID', align: 'right' },
];

export function renderIndicators(indicators: readonly Indicator[], layout: Layout): string[] {
  if (indicators.length === 0) return ['no indicators; add one with: sallyport indicator add VALUE --action block'];
  const hasScopes = indicators.some((indicator) => scopeOf(indicator) !== '-');
  const rows = indicators.map((indicator): Cell[] => {
    const expiry = indicator.expirationTime === null ? Number.NaN : Date.parse(indicator.expirationTime);
    const expires: Cell =
      indicator.expirationTime === null
        ? 'never'
        : expiry <= layout.nowMs
          ? ['dim', 'expired']
          : Number.isNaN(expiry)
            ? indicator.expirationTime
            : localMinute(expiry);
    return [
      [ACTION_STYLE[indicator.action], indicator.action],
      indicator.indicatorValue,
      indicator.indicatorType,
      indicator.severity ?? '-',
      expires,
      indicator.title,
      ...(hasScopes ? [scopeOf(indicator), indicator.id] : []),
    ];
  });
  return renderTable(hasScopes ? [...COLUMNS, ...SCOPE_COLUMNS] : COLUMNS, rows, layout);
}

/** Whom it is for; `-` for everybody. */
function scopeOf(indicator: Indicator): string {
  const lists = [
    ['group', indicator.rbacGroups],
    ['user', indicator.users],
    ['program', indicator.executables],
    ['cgroup', indicator.cgroups],
    ['container', indicator.containers],
  ] as const;
  const parts = lists.flatMap(([word, items]) =>
    items === undefined || items.length === 0 ? [] : [`${word} ${items.join('|')}`],
  );
  return parts.join(' ') || '-';
}

/** One line after a change: `added  Block evil.example (DomainName), expires 2026-12-01 00:00:00`. */
export function renderIndicatorChange(verb: string, indicator: Indicator, layout: Layout): string {
  const { action, indicatorValue, indicatorType, expirationTime } = indicator;
  const expires = expirationTime === null ? '' : `, expires ${localMinute(Date.parse(expirationTime))}`;
  return `${verb} ${layout.paint(ACTION_STYLE[action], action)} ${printable(indicatorValue)} (${indicatorType})${expires}`;
}
