/**
 * The figures as one JSON object, as a table for people, and as a section of docs/benchmarks.md. Pure.
 *
 * The names at the top level of the JSON form are the product's acceptance figures; everything raw
 * stands below `arms`.
 */
import type { Machine } from './machine.ts';
import type { ArmResult, Effort, Series } from './measure.ts';

/** Ratios to the unprotected baseline; 1 is "as if it were not there". */
export interface Ratios {
  readonly httpRatio: number;
  readonly tlsRatio: number;
  readonly bulkRatio: number;
}

export interface MissingPeer {
  readonly name: string;
  /** The command that installs it. */
  readonly install: string;
}

export interface Measurements {
  readonly machine: Machine;
  readonly effort: Effort;
  /** By arm name; `sallyport`, `conntrack`, `rules` and the peers. Arms that did not run are missing. */
  readonly arms: Readonly<Record<string, ArmResult>>;
  readonly peers: readonly string[];
  readonly missing: readonly MissingPeer[];
}

/** The JSON form. Figures of an arm that did not run are null. */
export function toJson(measurements: Measurements): Record<string, unknown> {
  const { machine, effort, arms, peers, missing } = measurements;
  const own = arms['sallyport'];
  const ratiosOf = (name: string): Ratios | null => {
    const arm = arms[name];
    return arm === undefined ? null : ratios(arm);
  };
  return {
    httpRatio: own === undefined ? null : rounded(own.http.ratio.median, 4),
    tlsRatio: own === undefined ? null : rounded(own.tls.ratio.median, 4),
    bulkRatio: own === undefined ? null : rounded(own.bulk.ratio.median, 4),
    ttfbAddedP50Us: own === undefined ? null : rounded(own.firstByte.addedP50Us, 1),
    ttfbAddedP99Us: own === undefined ? null : rounded(own.firstByte.addedP99Us, 1),
    cpuPer1kConnections: own?.cpuMsPer1kConnections === undefined ? null : rounded(own.cpuMsPer1kConnections, 2),
    rssMb: own?.processes === undefined ? null : rounded(totalPss(own), 1),
    conntrackAlone: ratiosOf('conntrack'),
    rulesAlone: ratiosOf('rules'),
    peers: Object.fromEntries(peers.filter((name) => name in arms).map((name) => [name, ratiosOf(name)])),
    missing,
    machine,
    effort,
    units: { cpuPer1kConnections: 'ms', rssMb: 'MB of PSS, all processes', ttfb: 'us', http: '1/s', bulk: 'bytes/s' },
    arms,
  };
}

const ratios = ({ http, tls, bulk }: ArmResult): Ratios => ({
  httpRatio: rounded(http.ratio.median, 4),
  tlsRatio: rounded(tls.ratio.median, 4),
  bulkRatio: rounded(bulk.ratio.median, 4),
});

const HEADER = [
  '',
  'HTTP conn/s',
  'ratio',
  'TLS conn/s',
  'ratio',
  'bulk GB/s',
  'ratio',
  '+p50 us',
  '+p99 us',
  'CPU ms/1k',
  'PSS MB',
];

/** One row an arm, and a first row with the unprotected medians over all arms' turns. */
export function tableRows({ arms }: Measurements): string[][] {
  const rows = Object.entries(arms).map(([name, arm]) => [
    name,
    perSecond(arm.http),
    arm.http.ratio.median.toFixed(3),
    perSecond(arm.tls),
    arm.tls.ratio.median.toFixed(3),
    gigabytes(arm.bulk.measured.median),
    arm.bulk.ratio.median.toFixed(3),
    arm.firstByte.addedP50Us.toFixed(1),
    arm.firstByte.addedP99Us.toFixed(1),
    arm.cpuMsPer1kConnections?.toFixed(1) ?? '-',
    arm.processes === undefined ? '-' : totalPss(arm).toFixed(1),
  ]);
  return [HEADER, unprotectedRow(Object.values(arms)), ...rows];
}

/** Columns padded with spaces; the first is left-aligned, the others right-aligned. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(width(column)) : text.padStart(width(column));
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** A section for docs/benchmarks.md. */
export function toMarkdown(measurements: Measurements): string {
  const { machine, effort, missing } = measurements;
  const [header = [], ...rows] = tableRows(measurements);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const notes = missing.map(({ name, install }) => `${name} was not installed (\`${install}\`).`);
  return [
    `## ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryMb} MB; ${machine.system}, kernel ${machine.kernel}, Node ${machine.node}; ` +
      `load average before ${machine.loadBefore.toFixed(2)}, ${machine.timeWaitBefore ?? 'unknown'} TIME_WAIT sockets. ${effort.pairs} pairs of ${effort.seconds} s.`,
    '',
    line(header),
    line(header.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    ...(notes.length === 0 ? [] : [notes.join(' '), '']),
  ].join('\n');
}

const perSecond = (series: Series): string => Math.round(series.measured.median).toString();

/** Unprotected figures were taken anew beside each arm; shown is the range of their medians. */
function unprotectedRow(arms: readonly ArmResult[]): string[] {
  const range = (values: readonly number[], text: (value: number) => string): string => {
    const [low, high] = [text(Math.min(...values)), text(Math.max(...values))];
    return low === high ? low : `${low}-${high}`;
  };
  const whole = (value: number): string => Math.round(value).toString();
  return [
    'unprotected',
    range(
      arms.map(({ http }) => http.baseline.median),
      whole,
    ),
    '1',
    range(
      arms.map(({ tls }) => tls.baseline.median),
      whole,
    ),
    '1',
    range(
      arms.map(({ bulk }) => bulk.baseline.median),
      gigabytes,
    ),
    '1',
    range(
      arms.map(({ firstByte }) => firstByte.baseline.p50Us),
      (us) => `(${us.toFixed(0)})`,
    ),
    range(
      arms.map(({ firstByte }) => firstByte.baseline.p99Us),
      (us) => `(${us.toFixed(0)})`,
    ),
    '-',
    '-',
  ];
}

const totalPss = (arm: ArmResult): number => (arm.processes ?? []).reduce((sum, { pssMb }) => sum + pssMb, 0);
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
