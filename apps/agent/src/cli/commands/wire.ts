/**
 * `sallyport wire --flows FILE`: recorded flows through the gate's own reassembly and parsers, against known answers.
 * Needs no agent and no root. Exit code 1 when nothing could be compared.
 */
import { ControlError } from '@sallyport/contract/control-error';
import { addLine, type FlowSummary } from '@sallyport/wire/flows';

import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { openLocalFile } from '../local-file.ts';
import { byteSize } from '../quantity.ts';
import { printableJson } from '../safe-text.ts';
import { renderWire, sum } from '../screens/wire.ts';
import { argumentsOf } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

/** A flow is at most 16 KiB as hexadecimal and some words about it; captures of many packets are larger. */
const MAX_LINE = 16 * 1024 * 1024;
const MAX_PROBLEMS = 1000;

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('wire', args);
  expectPositionals('wire', [], positionals);
  if (options.flows === undefined) throw new UsageError('wire: --flows is missing: --flows FILE.jsonl');
  const report: FlowSummary = { tallies: {}, notReadYet: 0, disagreements: [], problems: [] };
  for (const path of options.flows.split(',')) await readFlows(path, report);

  const total = sum(Object.values(report.tallies));
  if (total.flows + report.notReadYet === 0) {
    throw new ControlError('invalid', report.problems[0] ?? `${options.flows}: there is no flow record in it`);
  }
  await printLines(
    context.out,
    options.json ? [printableJson({ total, ...report }, 2)] : renderWire(report, context.layout()),
  );
  return EXIT.ok;
}

async function readFlows(path: string, report: FlowSummary): Promise<void> {
  using file = openLocalFile(path);
  const before = report.problems.length;
  let number = 0;
  for await (const line of linesOf(file.content(), path)) {
    addLine(report, line, ++number);
    if (report.problems.length - before > MAX_PROBLEMS) {
      throw new ControlError(
        'invalid',
        `${path}: ${report.problems[before] ?? ''}, and so on: this is no file of flow records`,
      );
    }
  }
  for (let at = before; at < report.problems.length; at++) {
    report.problems[at] = `${path}: ${report.problems[at] ?? ''}`;
  }
}

/** node:readline would hold a file without line breaks in memory as one line, however large. */
async function* linesOf(content: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of content) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE)
      throw new ControlError('invalid', `${path}: has a line of more than ${byteSize(MAX_LINE)}`);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
