/**
 * Comma-separated values, RFC 4180: quoted fields may hold commas, doubled quotes and line breaks. LF, CRLF and CR
 * end a record. What is easily missed: with quoted line breaks, a record's number is not its line number; users look
 * for lines, so each record carries the line it begins on.
 */

export interface CsvRecord {
  /** Line of the file on which the record begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export type CsvOutcome =
  | { readonly kind: 'ok'; readonly records: readonly CsvRecord[] }
  | { readonly kind: 'rejected'; readonly line: number; readonly reason: string };

const QUOTE = '"';

/** Records without the empty lines. A byte order mark is passed over. */
export function readCsv(text: string): CsvOutcome {
  const records: CsvRecord[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const startLine = line;
    const fields: string[] = [];
    for (;;) {
      const field = text[at] === QUOTE ? quoted(text, at) : bare(text, at);
      if (field === null) return { kind: 'rejected', line: startLine, reason: 'a quoted value is not closed' };
      fields.push(field.value);
      line += field.lineBreaks;
      at = field.end;
      if (text[at] !== ',') break;
      at++;
    }
    if (at < text.length && text[at] !== '\n' && text[at] !== '\r') {
      return { kind: 'rejected', line, reason: 'text behind a closing quote: write a quote inside a value twice' };
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    line++;
    if (fields.some((value) => value !== '')) records.push({ line: startLine, fields });
  }
  return { kind: 'ok', records };
}

interface Field {
  readonly value: string;
  /** Index of what follows: a comma, a line break, the end, or something that must not be there. */
  readonly end: number;
  readonly lineBreaks: number;
}

function bare(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(start, end), end, lineBreaks: 0 };
}

function quoted(text: string, start: number): Field | null {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf(QUOTE, from);
    if (quote < 0) return null;
    value += text.slice(from, quote);
    if (text[quote + 1] !== QUOTE) {
      return { value, end: quote + 1, lineBreaks: (value.match(/\r\n|\r|\n/g) ?? []).length };
    }
    value += QUOTE;
    from = quote + 2;
  }
}
