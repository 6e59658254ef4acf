/**
 * CSV with a header row, also one behind `#` as abuse.ch publishes it, or with columns given by the user.
 *
 * Easy to get wrong: the meaning of every row depends on the header, and a wrong guess turns dates into entries. So a
 * file whose header names no known column is refused, row by row, with what to do.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { type EntryDetail, PLAIN } from '../feed-sink.ts';
import { categoryOf, NO_CATEGORY } from './category-words.ts';
import {
  type ColumnPositions,
  columnsByKnownNames,
  columnsOfMap,
  type CsvDelimiter,
  type CsvField,
  type CsvMap,
  guessDelimiter,
  isByNumber,
  looksLikeHeader,
} from './csv-columns.ts';
import { parseCsvRow } from './csv-row.ts';
import { readConfidence, readKind, readTime, type ValueKind } from './csv-values.ts';
import { recordMixed } from './domains.ts';
import { readPort } from './host-text.ts';
import type { LineParser, LineResult, ReadLine } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const MAX_ROW = 65_536;

/** `map` null: columns by their usual names. */
export function csvParser(map: CsvMap | null): LineParser {
  let delimiter: CsvDelimiter | null = map?.delimiter ?? null;
  let columns: ColumnPositions | null = map !== null && isByNumber(map) ? columnsOfMap(map, []) : null;
  let first = true;
  /** Lines of a record whose quote is still open. */
  let pending = '';
  let pendingIsOdd = false;

  const line: ReadLine = (bytes, start, end, out) => {
    const text = bytes.toString('utf8', start, end);
    if (pending === '' && text.startsWith('#')) {
      commentedHeader(text.replace(/^#+\s*/, ''));
      return 'comment';
    }
    if (pending !== '') return goesOn(text, out);
    delimiter ??= guessDelimiter(text);
    const row = parseCsvRow(text, delimiter);
    if (row === 'unclosed') {
      pending = text;
      pendingIsOdd = hasOddQuotes(text);
      return 'comment';
    }
    return row === 'bad quoting' ? row : fields(row.fields, out);
  };

  /** A record is tried again only when its quotes are even in number, so that many lines do not cost their square. */
  function goesOn(text: string, out: EntryRecorder): LineResult {
    pending += `\n${text}`;
    pendingIsOdd = pendingIsOdd !== hasOddQuotes(text);
    if (pendingIsOdd && pending.length <= MAX_ROW) return 'comment';
    const row = pendingIsOdd ? 'unclosed' : parseCsvRow(pending, delimiter ?? ',');
    pending = '';
    if (row === 'unclosed') return 'unclosed quote';
    return row === 'bad quoting' ? row : fields(row.fields, out);
  }

  /** The last comment before the rows that reads like a header is one. */
  function commentedHeader(text: string): void {
    if (!first || (map !== null && isByNumber(map))) return;
    const separator = map?.delimiter ?? guessDelimiter(text);
    const row = parseCsvRow(text, separator);
    if (typeof row === 'string' || (row.fields.length < 2 && map === null)) return;
    const found = positionsOf(row.fields);
    if (found === null) return;
    columns = found;
    delimiter = separator;
  }

  const positionsOf = (header: readonly string[]): ColumnPositions | null =>
    map === null ? columnsByKnownNames(header) : columnsOfMap(map, header);

  function fields(row: readonly string[], out: EntryRecorder): LineResult {
    const atFirst = first;
    first = false;
    if (columns === null) {
      columns = positionsOf(row);
      return columns === null ? 'no header row with a known column' : out.skip('header');
    }
    if (atFirst && isHeaderAgain(row, columns)) return out.skip('header');
    return record(row, columns, out);
  }

  return { line, maxLineBytes: MAX_ROW, end: (): LineResult => (pending === '' ? null : 'unclosed quote') };
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/** Columns were known already, from numbers or a comment, and the first row still names them. */
function isHeaderAgain(row: readonly string[], columns: ColumnPositions): boolean {
  const cell = row[columns.value ?? columns.host ?? 0] ?? '';
  return !cell.includes('.') && !cell.includes(':') && (looksLikeHeader(cell) || columnsByKnownNames(row) !== null);
}

function record(row: readonly string[], columns: ColumnPositions, out: EntryRecorder): InvalidReason | null {
  const cell = (field: CsvField): string => row[columns[field] ?? -1]?.trim() ?? '';
  const position = columns.value ?? columns.host ?? 0;
  if (position >= row.length) return 'missing columns';
  const detail = detailOf(cell);
  if (typeof detail === 'string') return detail;
  const kind = readKind(cell('type'));
  if (kind === undefined) return 'unknown indicator type';
  if (kind === 'other') return out.skip('other-type');
  const value = columns.value === undefined ? hostAndPath(cell('host'), cell('path')) : cell('value');
  return value === '' ? out.skip('empty-value') : recordValue(value, kind, detail, out);
}

const hostAndPath = (host: string, path: string): string =>
  path === '' || host === '' ? host : `${host}${path.startsWith('/') ? '' : '/'}${path}`;

function recordValue(value: string, kind: ValueKind, detail: EntryDetail, out: EntryRecorder): InvalidReason | null {
  const bytes = Buffer.from(value);
  // A type of name with a slash in it is a URL that lost its type.
  if (kind === 'host' && !/[/?:*]/.test(value)) return out.host(bytes, 0, bytes.length, 'suffix', detail);
  if (/\s/.test(value)) return 'more than one column';
  return recordMixed(bytes, 0, bytes.length, out, detail);
}

function detailOf(cell: (field: CsvField) => string): EntryDetail | InvalidReason {
  const confidence = readConfidence(cell('confidence'));
  if (confidence === undefined) return 'bad confidence';
  const expiresAtMs = readTime(cell('expires'));
  if (expiresAtMs === undefined) return 'bad date';
  const portText = cell('port');
  const port = portText === '' || portText === '0' ? null : readPort(portText);
  if (port === null && portText !== '' && portText !== '0') return 'bad port';
  const category = categoryOf(cell('category'));
  // The shared object where there is nothing to say: most rows, and sinks take a shorter way for it.
  if (port === null && confidence === null && expiresAtMs === null && category === NO_CATEGORY) return PLAIN;
  return { ...PLAIN, port, confidence, expiresAtMs, ...category };
}
