/**
 * `sallyport indicator import FILE.csv`: all rows or none. Failures are lines of `FILE:LINE: column: reason`, so that
 * an editor can jump to them.
 */
import type { ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { type Context, printLines } from './context.ts';
import { type CsvOutcome, readCsv } from './csv.ts';
import { EXIT } from './exit.ts';
import { readIndicatorRows, type RowFailure } from './indicator-rows.ts';
import { openLocalFile } from './local-file.ts';
import { byteSize, count, counted } from './quantity.ts';
import { printable, printableJson } from './safe-text.ts';
import { noticeWhenStored } from './stored-notice.ts';

/** The reference takes 500 rows; this many bytes are about 200,000. A larger list is a feed. */
const MAX_BYTES = 32 * 1024 * 1024;
const SHOWN_FAILURES = 20;

export async function importFile(
  path: string,
  stateDirectory: string,
  json: boolean,
  context: Context,
): Promise<number> {
  const csv = readCsv(await readText(path));
  if (csv.kind === 'rejected') return report(path, { imported: 0, failures: [csvFailure(csv)] }, json, context);
  const rows = readIndicatorRows(csv.records);
  if (rows.failures.length > 0) return report(path, { imported: 0, failures: rows.failures }, json, context);
  await using opened = await context.openControl(stateDirectory);
  const result = await opened.control.importIndicators(rows.inputs);
  const code = await report(path, result, json, context);
  if (code === EXIT.ok) await noticeWhenStored(context, opened);
  return code;
}

const csvFailure = ({ line, reason }: Extract<CsvOutcome, { kind: 'rejected' }>): RowFailure => ({
  row: line,
  field: 'row',
  reason,
});

async function readText(path: string): Promise<string> {
  using file = openLocalFile(path);
  if (file.size > MAX_BYTES) {
    const sizes = `${byteSize(file.size)}, at most ${byteSize(MAX_BYTES)} are read`;
    throw new ControlError('invalid', `${path}: is too large (${sizes}): add a list of names as a feed`);
  }
  const bytes = await collect(file.content());
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new ControlError('invalid', `${path}: is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)`);
  }
  if (bytes.includes(0)) throw new ControlError('invalid', `${path}: is not a text file: export it as CSV`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ControlError('invalid', `${path}: is not UTF-8: save it as UTF-8`, { cause: error });
  }
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > MAX_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function report(path: string, result: ImportResult, json: boolean, context: Context): Promise<number> {
  const { failures, imported } = result;
  if (json) await printLines(context.out, [printableJson(result, 2)]);
  if (failures.length === 0) {
    if (!json) await printLines(context.out, [`imported ${counted(imported, 'indicator')} from ${printable(path)}`]);
    return EXIT.ok;
  }
  const lines = failures
    .slice(0, SHOWN_FAILURES)
    .map(({ row, field, reason }) => printable(`${path}:${row}: ${field}: ${reason}`));
  if (failures.length > SHOWN_FAILURES) lines.push(`and ${count(failures.length - SHOWN_FAILURES)} more`);
  const summary = `sallyport: ${printable(path)}: ${counted(failures.length, 'mistake')}, nothing was imported`;
  await printLines(context.err, [...lines, summary]);
  return EXIT.failed;
}
