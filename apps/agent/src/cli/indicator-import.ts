/**
 * `sallyport indicator import FILE`: all rows or none, however many. Failures are lines of `FILE:LINE: column: reason`,
 * so that an editor can jump to them; in a STIX or MISP file the number is that of the object or attribute.
 *
 * Easy to get wrong: the file is read once and nothing is kept of it. Rows go to the agent as they are read, and what is
 * wrong with one goes the same way, because only the agent knows in the end whether all of them are good.
 */
import type { ImportLine, ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { IndicatorAction } from '@sallyport/contract/indicator-values';

import { FeedError } from '../feeds/feed-error.ts';
import { type Context, printLines } from './context.ts';
import { readCsv } from './csv.ts';
import { readDocumentRows } from './document-rows.ts';
import { EXIT } from './exit.ts';
import { readIndicatorRows } from './indicator-rows.ts';
import { openLocalFile } from './local-file.ts';
import { paceOf } from './pace.ts';
import { progressOn } from './progress.ts';
import { count, counted } from './quantity.ts';
import { printable, printableJson } from './safe-text.ts';
import { noticeWhenStored } from './stored-notice.ts';

export const IMPORT_FORMATS = ['csv', 'stix', 'misp'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportOptions {
  readonly path: string;
  readonly stateDirectory: string;
  readonly json: boolean;
  readonly format: ImportFormat | 'detect';
  /** For documents, which name none. */
  readonly action: IndicatorAction;
}

const SHOWN_FAILURES = 20;
/** Text that is sent at once. */
const PIECE = 64 * 1024;

export async function importFile(options: ImportOptions, context: Context): Promise<number> {
  const { path, json } = options;
  const startedMs = context.layout().nowMs;
  using file = openLocalFile(path);
  const content = await withStart(file.content());
  const format = options.format === 'detect' ? detect(content.start, path) : options.format;
  const rows = rowsOf(format, content.all, options, startedMs);
  await using opened = await context.openControl(options.stateDirectory);
  using progress = progressOn(context);
  let result: ImportResult;
  try {
    result = await opened.control.importIndicators(encoded(rows.lines), progress.show);
  } catch (error) {
    if (error instanceof FeedError) throw new ControlError('invalid', error.message, { cause: error });
    throw error;
  }
  progress.clear();
  if (json) await printLines(context.out, [printableJson({ ...result, skipped: rows.skipped }, 2)]);
  if (result.failed > 0) return await reportFailures(path, result, context);
  if (!json) {
    const took = context.layout().nowMs - startedMs;
    await printLines(context.out, [
      `imported ${counted(result.imported, 'indicator')} from ${printable(path)}${paceOf(result.imported, took, 'rows')}`,
      ...skippedLines(rows.skipped),
    ]);
  }
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

interface Rows {
  readonly lines: AsyncGenerator<readonly ImportLine[]>;
  readonly skipped: Readonly<Partial<Record<string, number>>>;
}

function rowsOf(
  format: ImportFormat,
  content: AsyncIterable<Uint8Array>,
  { path, action }: ImportOptions,
  nowMs: number,
): Rows {
  if (format === 'csv') return { lines: readIndicatorRows(readCsv(decoded(content, path))), skipped: {} };
  return readDocumentRows(format, content, path, { action, description: `imported from ${path}` }, nowMs);
}

/** A document begins with a bracket; STIX and MISP differ by what stands in its first few thousand characters. */
function detect(start: Uint8Array, path: string): ImportFormat {
  const text = new TextDecoder().decode(start.subarray(0, 16_384)).trimStart();
  if (!/^[{[]/.test(text)) return 'csv';
  if (/"(?:objects|spec_version|pattern)"|"bundle--|"indicator--/.test(text)) return 'stix';
  if (/"(?:Event|Attribute|response|to_ids)"/.test(text)) return 'misp';
  throw new ControlError(
    'invalid',
    `${path}: is JSON, but neither a STIX bundle nor a MISP event: name it with --format`,
  );
}

/** The beginning of the content, and all of it. */
async function withStart(
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly start: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = content[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done === true ? new Uint8Array(0) : first.value;
  async function* all(): AsyncGenerator<Uint8Array> {
    yield start;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { start, all: all() };
}

/** Throws ControlError for what is no UTF-8 text. */
async function* decoded(content: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string> {
  // The CSV reader passes over a byte order mark itself.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let isFirst = true;
  for await (const chunk of content) {
    if (isFirst && ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff))) {
      throw new ControlError('invalid', `${path}: is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)`);
    }
    isFirst = false;
    if (chunk.includes(0)) throw new ControlError('invalid', `${path}: is not a text file: export it as CSV`);
    yield decode(decoder, chunk, path);
  }
  yield decode(decoder, null, path);
}

function decode(decoder: TextDecoder, chunk: Uint8Array | null, path: string): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new ControlError('invalid', `${path}: is not UTF-8: save it as UTF-8`, { cause: error });
  }
}

async function* encoded(batches: AsyncIterable<readonly ImportLine[]>): AsyncGenerator<Uint8Array> {
  let piece = '';
  for await (const lines of batches) {
    for (const line of lines) {
      piece += `${JSON.stringify(line)}\n`;
      if (piece.length < PIECE) continue;
      yield Buffer.from(piece);
      piece = '';
    }
  }
  if (piece !== '') yield Buffer.from(piece);
}

function skippedLines(skipped: Rows['skipped']): string[] {
  const reasons = Object.entries(skipped).map(([reason, times]) => `${printable(reason)} ${count(times ?? 0)}`);
  return reasons.length === 0 ? [] : [`passed over: ${reasons.join(', ')}`];
}

async function reportFailures(path: string, result: ImportResult, context: Context): Promise<number> {
  const { failures, failed } = result;
  const lines = failures
    .slice(0, SHOWN_FAILURES)
    .map(({ row, field, reason }) => printable(`${path}:${row}: ${field}: ${reason}`));
  if (failed > lines.length) lines.push(`and ${count(failed - lines.length)} more`);
  const summary = `sallyport: ${printable(path)}: ${counted(failed, 'mistake')}, nothing was imported`;
  await printLines(context.err, [...lines, summary]);
  return EXIT.failed;
}
