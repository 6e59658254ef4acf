/** What the parsers read in recorded flows: agreement per kind and tier, then every disagreement. */
import type { Disagreement, Tally } from '@sallyport/wire/flows';

import type { Layout } from '../layout.ts';
import { count, counted, share } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderTable } from '../table.ts';

/** Sums over all files; problems already name their file. */
export interface WireReport {
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly notReadYet: number;
  readonly disagreements: readonly Disagreement[];
  readonly problems: readonly string[];
}

const COLUMNS: readonly Column[] = [
  { header: 'KIND' },
  { header: 'TIER' },
  { header: 'FLOWS', align: 'right' },
  { header: 'HOST AGREES', align: 'right' },
  { header: '', align: 'right' },
  { header: 'ALL AGREES', align: 'right' },
  { header: '', align: 'right' },
];

const DISAGREEMENTS: readonly Column[] = [
  { header: 'FLOW', shrinkTo: 16 },
  { header: 'TIER' },
  { header: 'KIND' },
  { header: 'FIELD' },
  { header: 'EXPECTED', shrinkTo: 10 },
  { header: 'READ', shrinkTo: 10 },
];

export function renderWire(report: WireReport, layout: Layout): string[] {
  const tallies = Object.entries(report.tallies).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const row = (kind: string, tier: string, { flows, hostAgrees, allAgrees }: Tally): Cell[] => [
    kind,
    tier,
    count(flows),
    count(hostAgrees),
    hostAgrees === flows ? ['green', share(hostAgrees, flows)] : ['yellow', share(hostAgrees, flows)],
    count(allAgrees),
    share(allAgrees, flows),
  ];
  const rows = tallies.map(([key, tally]) => {
    const [kind = '', tier = ''] = key.split(' ');
    return row(kind, tier, tally);
  });
  if (tallies.length > 1) rows.push(row('all', '', sum(tallies.map(([, tally]) => tally))));
  const lines = tallies.length === 0 ? ['no TCP flows'] : renderTable(COLUMNS, rows, layout);
  if (report.notReadYet > 0) lines.push(`${counted(report.notReadYet, 'UDP flow')} not read: QUIC is not parsed yet`);
  if (report.disagreements.length > 0) {
    lines.push('', `${counted(report.disagreements.length, 'disagreement')}:`);
    const found = report.disagreements.map(({ id, tier, kind, field, expected, got }) => [
      id,
      tier,
      kind,
      field,
      expected,
      got,
    ]);
    lines.push(...renderTable(DISAGREEMENTS, found, layout));
  }
  if (report.problems.length > 0) {
    lines.push(
      '',
      `${layout.paint('yellow', '▲')} ${counted(report.problems.length, 'line is', 'lines are')} no flow record:`,
    );
    lines.push(...report.problems.slice(0, 20).map((problem) => `  ${printable(problem)}`));
    if (report.problems.length > 20) lines.push(`  and ${count(report.problems.length - 20)} more`);
  }
  return lines;
}

export function sum(tallies: readonly Tally[]): Tally {
  const total: Tally = { flows: 0, hostAgrees: 0, allAgrees: 0 };
  for (const { flows, hostAgrees, allAgrees } of tallies) {
    total.flows += flows;
    total.hostAgrees += hostAgrees;
    total.allAgrees += allAgrees;
  }
  return total;
}
