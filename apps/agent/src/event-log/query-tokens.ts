/** Splits the query of a view into its tokens (XPath 1.0 section 3.7), with the place of each. */
import { quote } from '../indicators/quote.ts';
import type { SourceText } from './read-xml.ts';
import { ViewError } from './view-error.ts';

export interface Token {
  /** `end` is behind the last one. */
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  /** Of a text: what stands between its quotation marks. */
  readonly value: string;
  /** In the file. */
  readonly offset: number;
}

const TOKEN =
  /(?<space>[ \t\r\n]+)|(?<name>[A-Za-z_][A-Za-z0-9_.-]*)|(?<number>\d+(?:\.\d+)?)|'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<sign><=|>=|!=|[=<>[\]()/@*,])/y;

const MAX_QUERY = 65_536;

/** Throws ViewError. */
export function queryTokens(source: SourceText): readonly Token[] {
  const { text } = source;
  if (text.length > MAX_QUERY)
    throw new ViewError(`a query is longer than ${MAX_QUERY} characters`, source.offsetAt(0));
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const offset = source.offsetAt(at);
    if (match === null) {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      const isQuotation = character === "'" || character === '"';
      throw new ViewError(
        isQuotation ? 'a text has no end' : `${quote(character)} is not understood in a query`,
        offset,
      );
    }
    const { name, number, single, double, sign } = match.groups ?? {};
    at += match[0].length;
    if (name !== undefined) tokens.push({ kind: 'name', value: name, offset });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number, offset });
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, offset });
    else if (single !== undefined || double !== undefined)
      tokens.push({ kind: 'text', value: single ?? double ?? '', offset });
  }
  tokens.push({ kind: 'end', value: '', offset: source.offsetAt(text.length) });
  return tokens;
}
