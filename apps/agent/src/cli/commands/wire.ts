/**
 * `sallyport wire --flows FILE`: recorded flows through the gate's own reassembly and parsers, against known answers.
 * Needs no agent and no root. Exit code 1 when nothing could be compared.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

import { ControlError } from '@sallyport/contract/control-error';
import { addLine, type FlowSummary } from '@sallyport/wire/flows';

import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { openLocalFile } from '../local-file.ts';
import { printableJson } from '../safe-text.ts';
import { renderWire, sum } from '../screens/wire.ts';
import { argumentsOf } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('wire', args);
  expectPositionals('wire', [], positionals);
  if (options.flows === undefined) throw new UsageError('wire: --flows is missing: --flows FILE.jsonl');
  const report: FlowSummary = { tallies: {}, notReadYet: 0, disagreements: [], problems: [] };
  for (const path of options.flows.split(',')) await readFlows(path, report);

  const total = sum(Object.values(report.tallies));
  if (total.flows + report.notReadYet === 0) {
    const first = report.problems[0];
    throw new ControlError(
      'invalid',
      `there is no flow record in ${options.flows}${first === undefined ? '' : `: ${first}`}`,
    );
  }
  await printLines(
    context.out,
    options.json ? [printableJson({ total, ...report }, 2)] : renderWire(report, context.layout()),
  );
  return EXIT.ok;
}

async function readFlows(path: string, report: FlowSummary): Promise<void> {
  using file = openLocalFile(path);
  const lines = createInterface({ input: Readable.from(file.content()), crlfDelay: Infinity });
  const before = report.problems.length;
  let number = 0;
  for await (const line of lines) addLine(report, line, ++number);
  for (let at = before; at < report.problems.length; at++) {
    report.problems[at] = `${path}: ${report.problems[at] ?? ''}`;
  }
}
