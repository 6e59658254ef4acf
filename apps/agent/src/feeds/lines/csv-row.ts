/**
 * One CSV record as its fields (RFC 4180), with the freedoms that published lists take: blanks around fields, also
 * before the quote, and other delimiters.
 *
 * Easy to get wrong: a quoted field may hold line ends, so a record may need more lines; `unclosed` says so.
 */
type CsvRow = { readonly kind: 'row'; readonly fields: readonly string[] } | 'unclosed' | 'bad quoting';

export function parseCsvRow(text: string, delimiter: string): CsvRow {
  const fields: string[] = [];
  for (let at = 0; at <= text.length;) {
    at = skipBlanks(text, at, delimiter);
    if (text[at] !== '"') {
      const next = text.indexOf(delimiter, at);
      const end = next < 0 ? text.length : next;
      fields.push(text.slice(at, end).trimEnd());
      at = end + 1;
      continue;
    }
    const close = closingQuote(text, at + 1);
    if (close < 0) return 'unclosed';
    fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
    at = close + 1;
    at = skipBlanks(text, at, delimiter);
    if (at < text.length && text[at] !== delimiter) return 'bad quoting';
    at++;
  }
  return { kind: 'row', fields };
}

/** A tab is no blank where it is the delimiter. */
function skipBlanks(text: string, start: number, delimiter: string): number {
  const blanks = delimiter === '\t' ? ' ' : ' \t';
  let at = start;
  while (at < text.length && blanks.includes(text.charAt(at))) at++;
  return at;
}

/** The next quote that is not doubled, -1 when there is none. */
function closingQuote(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
