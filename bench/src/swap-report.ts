/** The figures of `bench swaps` as one JSON object, as a table for people, and as a section of docs/benchmarks.md. Pure. */
import type { SwapOutcome } from '@sallyport/lab/table-swaps';

import type { Machine } from './machine.ts';

export interface SwapMemory {
  readonly gatePssMb: number;
  readonly gateAnonymousMb: number;
  readonly allPssMb: number;
}

/** Times to first byte in blocks of requests, microseconds: medians over the blocks. */
export interface BlockTimes {
  /** In each of the namespaces, all blocks together. */
  readonly requests: number;
  readonly baselineP99Us: number;
  readonly measuredP99Us: number;
  /** Differences were taken within blocks. */
  readonly addedP50Us: number;
  readonly addedP99Us: number;
}

export interface Latency {
  readonly quiet: BlockTimes;
  readonly swapping: BlockTimes;
  /** Added p99 while tables are swapped, to added p99 while they are not. */
  readonly p99Ratio: number;
  readonly swaps: number;
  readonly swapMs: { readonly median: number; readonly p99: number; readonly max: number };
  /** Connections a second of the load beside it; null without load. */
  readonly load: { readonly quiet: number; readonly swapping: number } | null;
}

export interface SwapResults {
  readonly machine: Machine;
  readonly hosts: number;
  readonly tableMb: number;
  readonly refreshes: {
    readonly count: number;
    readonly medianMs: number;
    readonly connections: number;
    readonly wrong: readonly string[];
  };
  readonly loaded: Latency;
  readonly unloaded: Latency;
  readonly memory: { readonly before: SwapMemory; readonly after: SwapMemory; readonly gatePeakPssMb: number };
  readonly outcome: SwapOutcome;
}

/** The JSON form; the names at the top level are the acceptance figures, everything raw stands below. */
export function toSwapJson(results: SwapResults): Record<string, unknown> {
  const { hosts, tableMb, refreshes, loaded, unloaded, outcome, machine } = results;
  const { before, after, gatePeakPssMb } = results.memory;
  return {
    hosts,
    swaps: outcome.swaps,
    wrongVerdicts: outcome.wrong.length + refreshes.wrong.length,
    verdictsWithoutTable: outcome.withoutTable.length,
    p99Ratio: loaded.p99Ratio,
    p99RatioUnloaded: unloaded.p99Ratio,
    gateGrowthMb: after.gatePssMb - before.gatePssMb,
    gatePeakMb: gatePeakPssMb,
    tableMb,
    loaded,
    unloaded,
    memory: results.memory,
    refreshes,
    outcome,
    machine,
    units: { memory: 'MB of PSS', firstByte: 'us', load: 'connections/s' },
  };
}

/** One figure a row, with the bound where there is one. */
export function swapRows(results: SwapResults): string[][] {
  const { outcome, refreshes, memory, loaded, unloaded } = results;
  const { before, after } = memory;
  const added = (latency: Latency): string[][] => {
    const { quiet, swapping } = latency;
    return [
      [us(quiet.addedP50Us), us(swapping.addedP50Us), ratio(swapping.addedP50Us / quiet.addedP50Us), ''],
      [us(quiet.addedP99Us), us(swapping.addedP99Us), ratio(latency.p99Ratio), '<= 2'],
    ];
  };
  const [loadedP50 = [], loadedP99 = []] = added(loaded);
  const [unloadedP50 = [], unloadedP99 = []] = added(unloaded);
  const verdicts = outcome.connections + outcome.connectionsAfterSwap;
  return [
    ['', 'without swaps', 'with', 'difference', 'bound'],
    ['under load: first byte +p50', ...loadedP50],
    ['under load: first byte +p99', ...loadedP99],
    ['under load: connections/s', ...loadCells(loaded.load)],
    ['without load: first byte +p50', ...unloadedP50],
    ['without load: first byte +p99', ...unloadedP99],
    ['wrong verdicts', '', `${outcome.wrong.length}`, `of ${verdicts}`, '0'],
    ['verdicts without a table', '', `${outcome.withoutTable.length}`, `of ${outcome.records}`, '0'],
    ['wrong about a refresh', '', `${refreshes.wrong.length}`, `of ${refreshes.connections}`, '0'],
    ['gate, PSS', mb(before.gatePssMb), mb(after.gatePssMb), mb(after.gatePssMb - before.gatePssMb), ''],
    ['gate, PSS at most', '', mb(memory.gatePeakPssMb), mb(memory.gatePeakPssMb - before.gatePssMb), ''],
    [
      'gate, anonymous',
      mb(before.gateAnonymousMb),
      mb(after.gateAnonymousMb),
      mb(after.gateAnonymousMb - before.gateAnonymousMb),
      '',
    ],
    ['all processes, PSS', mb(before.allPssMb), mb(after.allPssMb), mb(after.allPssMb - before.allPssMb), ''],
  ];
}

const loadCells = (load: Latency['load']): string[] =>
  load === null
    ? ['', '', '', '']
    : [load.quiet.toFixed(0), load.swapping.toFixed(0), ratio(load.swapping / load.quiet), ''];

/** A section for docs/benchmarks.md. */
export function toSwapMarkdown(results: SwapResults): string {
  const { machine, hosts, tableMb, outcome, refreshes, loaded, unloaded } = results;
  const [header = [], ...body] = swapRows(results);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## Swaps of reputation tables, ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `\`sudo ./sallyport bench swaps --write\`: ${outcome.swaps} swaps of two tables of ${hosts} hosts (${tableMb.toFixed(1)} MB), ` +
      'one behind the other, each checked by the next connections; times to first byte in turns with and without swaps.',
    `${machine.cpu}, ${machine.cores} cores; kernel ${machine.kernel}, Node ${machine.node}; load average before ${machine.loadBefore.toFixed(2)}.`,
    `Under load: ${describeLatency(loaded)}. Without: ${describeLatency(unloaded)}.`,
    `Whole refreshes through the agent: ${refreshes.count}, ${(refreshes.medianMs / 1000).toFixed(1)} s in the median under load.`,
    '',
    line(header),
    line(header.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...body.map(line),
    '',
  ].join('\n');
}

/** One line. */
export function describeLatency({ swaps, swapMs, quiet, swapping, p99Ratio }: Latency): string {
  const { median, p99, max } = swapMs;
  return (
    `${swaps} swaps in ${median.toFixed(0)} ms (p99 ${p99.toFixed(0)}, at most ${max.toFixed(0)}), ` +
    `${swapping.requests} requests each, added p99 ${us(quiet.addedP99Us)} -> ${us(swapping.addedP99Us)} (${ratio(p99Ratio)})`
  );
}

const us = (value: number): string => `${value.toFixed(0)} us`;
const mb = (value: number): string => `${value.toFixed(1)} MB`;
const ratio = (value: number): string => `x ${value.toFixed(2)}`;
