/**
 * Comma-separated values, RFC 4180: quoted fields may hold commas, doubled quotes and line breaks. LF, CRLF and CR
 * end a record. Text comes in pieces, so a file may be larger than memory.
 *
 * Easy to get wrong: with quoted line breaks, a record's number is not its line number; users look for lines, so each
 * record carries the line it begins on. And a piece may end between CR and LF, or between two quotes.
 */

export interface CsvRecord {
  /** Line of the file on which the record begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** What is wrong with the text; nothing after it can be read. */
export interface CsvFault {
  readonly line: number;
  readonly reason: string;
}

/** No record of real lists comes near; a quote that nobody closes must not collect the rest of the file. */
const MAX_RECORD = 1 << 20;

const QUOTE = '"';

/**
 * Records without the empty ones, as many at once as a piece completes (to be awaited is dear for a single one), then at
 * most one fault. A byte order mark is passed over.
 */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<readonly (CsvRecord | CsvFault)[]> {
  const reader = new CsvReader();
  for await (const piece of pieces) {
    yield reader.push(piece, false);
    if (reader.isBroken) return;
  }
  yield reader.push('', true);
}

class CsvReader {
  isBroken = false;
  #rest = '';
  #line = 1;
  #isFirst = true;

  push(piece: string, isLast: boolean): (CsvRecord | CsvFault)[] {
    const records: (CsvRecord | CsvFault)[] = [];
    let text = this.#rest + piece;
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    let at = 0;
    while (at < text.length) {
      const read = readRecord(text, at, isLast);
      if (read === 'incomplete') break;
      if (typeof read === 'string') {
        records.push(this.#fault(read === 'unclosed' ? UNCLOSED : BEHIND_QUOTE, text, at, read));
        return records;
      }
      if (read.fields.some((value) => value !== '')) records.push({ line: this.#line, fields: read.fields });
      this.#line += read.lines;
      at = read.end;
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > MAX_RECORD) records.push(this.#fault(TOO_LONG, '', 0, 'unclosed'));
    return records;
  }

  #fault(reason: string, text: string, at: number, kind: 'unclosed' | 'behind-quote'): CsvFault {
    this.isBroken = true;
    // A quote is not closed from where the record begins; text behind a quote is on the line of that quote.
    return { line: this.#line + (kind === 'unclosed' ? 0 : linesBefore(text, at)), reason };
  }
}

const TOO_LONG = 'a row of more than a million characters: is a quoted value not closed?';
const UNCLOSED = 'a quoted value is not closed';
const BEHIND_QUOTE = 'text behind a closing quote: write a quote inside a value twice';

interface ReadRecord {
  readonly fields: readonly string[];
  /** Behind its line break. */
  readonly end: number;
  readonly lines: number;
}

/** `incomplete`: more text may change how it reads. */
function readRecord(
  text: string,
  start: number,
  isLast: boolean,
): ReadRecord | 'incomplete' | 'unclosed' | 'behind-quote' {
  const fields: string[] = [];
  let at = start;
  let lines = 1;
  for (;;) {
    const field = text[at] === QUOTE ? quoted(text, at) : bare(text, at);
    if (field === null) return isLast ? 'unclosed' : 'incomplete';
    // Behind a closing quote at the end there may come the second half of a doubled one.
    if (!isLast && field.end >= text.length) return 'incomplete';
    fields.push(field.value);
    lines += field.lineBreaks;
    at = field.end;
    if (text[at] !== ',') break;
    at++;
  }
  if (at < text.length && text[at] !== '\n' && text[at] !== '\r') return 'behind-quote';
  if (text[at] === '\r') {
    if (!isLast && at + 1 >= text.length) return 'incomplete';
    if (text[at + 1] === '\n') at++;
  }
  return { fields, end: at + 1, lines };
}

interface Field {
  readonly value: string;
  /** Index of what follows: a comma, a line break, the end, or something that must not be there. */
  readonly end: number;
  readonly lineBreaks: number;
}

const BARE_END = /[,\n\r]/g;

function bare(text: string, start: number): Field {
  BARE_END.lastIndex = start;
  const end = BARE_END.exec(text)?.index ?? text.length;
  return { value: text.slice(start, end), end, lineBreaks: 0 };
}

function quoted(text: string, start: number): Field | null {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf(QUOTE, from);
    if (quote < 0) return null;
    value += text.slice(from, quote);
    if (text[quote + 1] !== QUOTE) return { value, end: quote + 1, lineBreaks: countLineBreaks(value) };
    value += QUOTE;
    from = quote + 2;
  }
}

const countLineBreaks = (text: string): number => (text.match(/\r\n|\r|\n/g) ?? []).length;

/** Line breaks of the quoted values from `start` to the text that stands behind a closing quote. */
function linesBefore(text: string, start: number): number {
  let at = start;
  let lines = 0;
  for (;;) {
    const field = text[at] === QUOTE ? quoted(text, at) : bare(text, at);
    if (field === null) return lines;
    lines += field.lineBreaks;
    at = field.end;
    if (text[at] !== ',') return lines;
    at++;
  }
}

/** One record with its line break; quotes only where they are needed. */
export const writeCsv = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\n\r]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
