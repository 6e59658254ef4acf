/**
 * An import: lines of ImportLine into the store, all or none. Rows are written as they come, in one transaction that
 * stays open meanwhile, so half a million of them need no memory to speak of. Runs in a child process (policy-main.ts):
 * reading, writing and committing that many takes seconds, some of them in one piece.
 *
 * Easy to get wrong: a stream that ends is not one that is complete; it ends as well when the agent was killed. So the
 * last line is IMPORT_END, and without it nothing is kept.
 */
import type { ImportLine, ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { IndicatorInput } from '@sallyport/contract/indicator';

import type { IndicatorStore } from './indicator-store.ts';
import { readIndicator } from './read-indicator.ts';
import { textLines } from './text-lines.ts';

const MAX_FAILURES = 1000;
const ROWS_PER_REPORT = 20_000;
/** Whoever sends nothing for so long is given up: nobody else can change an indicator while an import is open. */
const PATIENCE_MS = 30_000;
const IMPORT_END = 'end';

/** Lines as they come from whoever imports, completed. Throws what `lines` throws, and ControlError when none comes. */
export async function* completeImport(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* withPatience(lines);
  yield Buffer.from(`\n${IMPORT_END}\n`);
}

/**
 * `content` is what `completeImport` makes. After the first failure nothing more is written, but everything is still
 * read, so that all mistakes are named at once. Throws ControlError `invalid` for lines that are none.
 */
export async function importIndicators(
  store: IndicatorStore,
  content: AsyncIterable<unknown>,
  nowMs: number,
  onProgress: (line: string) => void,
): Promise<ImportResult> {
  const failures: { row: number; field: string; reason: string }[] = [];
  let failed = 0;
  let rows = 0;
  const fail = (row: number, field: string, reason: string): void => {
    failed++;
    if (failures.length < MAX_FAILURES) failures.push({ row, field, reason });
  };
  let isComplete = false;
  using open = store.beginImport(nowMs);
  for await (const lines of textLines(content)) {
    for (const text of lines) {
      if (isComplete) throw new ControlError('invalid', 'the import goes on behind its end');
      if (text === '') continue;
      if (text === IMPORT_END) {
        isComplete = true;
        continue;
      }
      const line = readLine(text);
      rows++;
      if ('reason' in line) {
        fail(line.row, line.field, line.reason);
      } else {
        const read = readIndicator(line.input, nowMs);
        if (read.kind === 'rejected') fail(line.row, read.field, read.reason);
        else if (failed === 0) open.put(read.value);
      }
      if (rows % ROWS_PER_REPORT === 0) onProgress(`${rows.toLocaleString('en')} rows`);
    }
  }
  if (!isComplete) throw new ControlError('invalid', 'the content broke off');
  if (failed > 0) return { imported: 0, failed, failures };
  open.commit();
  return { imported: rows, failed, failures };
}

/** Shape only; what the fields hold is readIndicator's business. */
function readLine(text: string): ImportLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null && 'row' in value && typeof value.row === 'number') {
    const { row } = value;
    if ('input' in value && typeof value.input === 'object' && value.input !== null) {
      return { row, input: value.input as IndicatorInput }; // oxlint-disable-line typescript/no-unsafe-type-assertion -- readIndicator takes any object and checks each field
    }
    if ('field' in value && typeof value.field === 'string' && 'reason' in value) {
      return { row, field: value.field, reason: String(value.reason) };
    }
  }
  throw new ControlError('invalid', 'malformed import line');
}

async function* withPatience(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  for (;;) {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new ControlError('unavailable', `no row came for ${PATIENCE_MS / 1000} seconds`)),
      PATIENCE_MS,
    );
    try {
      const next = await Promise.race([iterator.next(), late.promise]);
      if (next.done === true) return;
      yield next.value;
    } finally {
      clearTimeout(timer);
    }
  }
}
