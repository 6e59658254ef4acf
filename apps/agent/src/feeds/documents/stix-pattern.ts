/**
 * The STIX patterning language (STIX 2.1, section 9; the 2.0 form is a subset): text to syntax tree.
 *
 * Easy to get wrong: there are two levels with the same operators. Inside brackets AND and OR join comparisons about
 * one observation; outside they join observations. On both levels AND binds tighter than OR; FOLLOWEDBY is weakest.
 * It stays in one file because a grammar is read as a whole; each function's comment is its production.
 */
export type Literal = string | number | boolean | { readonly kind: 'timestamp' | 'bytes'; readonly text: string };

export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IN'
  | 'LIKE'
  | 'MATCHES'
  | 'ISSUBSET'
  | 'ISSUPERSET'
  | 'EXISTS';

export interface Comparison {
  readonly kind: 'comparison';
  /** `type:property.property`, quotes undone, each index as `[]`: `network-traffic:protocols[]`. */
  readonly path: string;
  readonly operator: Operator;
  readonly negated: boolean;
  /** Several only for `IN`; none for `EXISTS`. */
  readonly values: readonly Literal[];
}

export type Qualifier =
  | { readonly kind: 'within' }
  | { readonly kind: 'repeats'; readonly times: number }
  | { readonly kind: 'start-stop'; readonly start: string; readonly stop: string };

export type Joined = { readonly kind: 'and' | 'or' | 'followed-by'; readonly operands: readonly Expression[] };

/** Comparisons and observations in one type: what lies outside of brackets differs only by its qualifiers. */
export type Expression =
  | Comparison
  | Joined
  | { readonly kind: 'qualified'; readonly operand: Expression; readonly qualifier: Qualifier };

export type ParsedPattern =
  | { readonly kind: 'ok'; readonly value: Expression }
  /** `offset` is in UTF-16 units. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly offset: number };

/** Of parentheses. */
const MAX_NESTING = 64;

export function parsePattern(text: string): ParsedPattern {
  const parser = new Parser(text);
  try {
    return { kind: 'ok', value: parser.pattern() };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { kind: 'rejected', reason: error.message, offset: error.offset };
  }
}

/** Never leaves this file. */
class Rejection extends Error {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'timestamp' | 'bytes' | 'symbol' | 'end';
  /** Of strings with the escapes undone. */
  readonly text: string;
  readonly offset: number;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /[+-]?(?:\d+(?:\.\d+)?|\.\d+)/y;
const SYMBOL = /==|<>|!=|<=|>=|[=<>:.,()[\]*]/y;

/** Other spellings of operators that the grammar knows. */
const SPELLINGS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

class Lexer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    while (this.#match(SPACE) !== null || this.#comment());
    const offset = this.#at;
    if (offset >= this.#text.length) return { kind: 'end', text: 'the end', offset };
    if (this.#text[offset] === "'") return { kind: 'string', text: this.#string(), offset };
    const word = this.#match(WORD);
    if (word !== null) {
      if (this.#text[this.#at] !== "'" || !/^[tbh]$/.test(word)) return { kind: 'word', text: word, offset };
      return { kind: word === 't' ? 'timestamp' : 'bytes', text: this.#string(), offset };
    }
    const number = this.#match(NUMBER);
    if (number !== null) return { kind: 'number', text: number, offset };
    const symbol = this.#match(SYMBOL);
    if (symbol !== null) return { kind: 'symbol', text: symbol, offset };
    throw new Rejection('a character that no pattern has', offset);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found === '' ? null : found;
  }

  /** Whether there was one, of either kind. */
  #comment(): boolean {
    const start = this.#at;
    const lines = this.#text.startsWith('//', start);
    if (!lines && !this.#text.startsWith('/*', start)) return false;
    const end = this.#text.indexOf(lines ? '\n' : '*/', start + 2);
    if (end < 0 && !lines) throw new Rejection('a comment without its end', start);
    this.#at = end < 0 ? this.#text.length : end + (lines ? 1 : 2);
    return true;
  }

  /** In single quotes, `\'` and `\\` escaped. By hand, because a pattern may be a mebibyte of one string. */
  #string(): string {
    const start = this.#at;
    let text = '';
    let from = start + 1;
    for (let at = from; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === "'") {
        this.#at = at + 1;
        return text + this.#text.slice(from, at);
      }
      if (character !== '\\') continue;
      text += this.#text.slice(from, at);
      from = ++at;
    }
    throw new Rejection('a string without its end', start);
  }
}

class Parser {
  readonly #lexer: Lexer;
  #token: Token;
  #nesting = 0;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
    // The first token may be bad, which only `pattern` may report.
    this.#token = { kind: 'symbol', text: '', offset: 0 };
  }

  /** pattern: observations end */
  pattern(): Expression {
    this.#advance();
    const value = this.#observations();
    if (this.#token.kind !== 'end') throw this.#expected('AND, OR, FOLLOWEDBY or the end');
    return value;
  }

  /** observations: observationOr (FOLLOWEDBY observationOr)* */
  #observations(): Expression {
    return this.#chain('followed-by', 'FOLLOWEDBY', () => this.#observationOr());
  }

  /** observationOr: observationAnd (OR observationAnd)* */
  #observationOr(): Expression {
    return this.#chain('or', 'OR', () => this.#chain('and', 'AND', () => this.#observation()));
  }

  /** observation: ("[" comparisonOr "]" | "(" observations ")") qualifier* */
  #observation(): Expression {
    let value: Expression;
    if (this.#takeSymbol('[')) {
      value = this.#comparisonOr();
      this.#needSymbol(']');
    } else if (this.#takeSymbol('(')) {
      value = this.#nested(() => this.#observations());
    } else {
      throw this.#expected('"[" or "("');
    }
    for (let count = 0; ; count++) {
      const qualifier = this.#qualifier();
      if (qualifier === null) return value;
      if (count === MAX_NESTING) throw this.#expected('fewer qualifiers');
      value = { kind: 'qualified', operand: value, qualifier };
    }
  }

  /** qualifier: WITHIN number SECONDS | REPEATS number TIMES | START timestamp STOP timestamp */
  #qualifier(): Qualifier | null {
    if (this.#takeWord('WITHIN')) {
      this.#number();
      this.#needWord('SECONDS');
      return { kind: 'within' };
    }
    if (this.#takeWord('REPEATS')) {
      const times = this.#number();
      this.#needWord('TIMES');
      return { kind: 'repeats', times };
    }
    if (!this.#takeWord('START')) return null;
    const start = this.#timestamp();
    this.#needWord('STOP');
    return { kind: 'start-stop', start, stop: this.#timestamp() };
  }

  /** comparisonOr: comparisonAnd (OR comparisonAnd)* */
  #comparisonOr(): Expression {
    return this.#chain('or', 'OR', () => this.#chain('and', 'AND', () => this.#comparison()));
  }

  /** comparison: "(" comparisonOr ")" | EXISTS path | path NOT? operator operand */
  #comparison(): Expression {
    if (this.#takeSymbol('(')) return this.#nested(() => this.#comparisonOr());
    // A type may be called like a keyword; its colon tells.
    const first = this.#need('word', 'a comparison');
    if (first.text.toUpperCase() === 'EXISTS' && !this.#isSymbol(':')) {
      const path = this.#path(this.#need('word', 'an object path'));
      return { kind: 'comparison', path, operator: 'EXISTS', negated: false, values: [] };
    }
    const path = this.#path(first);
    const negated = this.#takeWord('NOT');
    const operator = this.#operator();
    const values = operator === 'IN' ? this.#set() : [this.#literal()];
    return { kind: 'comparison', path, operator, negated, values };
  }

  /** path: type ":" property ("." property | "[" (number | "*") "]")* */
  #path(type: Token): string {
    this.#needSymbol(':');
    let path = `${type.text}:${this.#property()}`;
    for (;;) {
      if (this.#takeSymbol('.')) {
        path += `.${this.#property()}`;
      } else if (this.#takeSymbol('[')) {
        if (!this.#takeSymbol('*')) this.#number();
        this.#needSymbol(']');
        path += '[]';
      } else {
        return path;
      }
    }
  }

  #property(): string {
    if (this.#token.kind !== 'word' && this.#token.kind !== 'string') throw this.#expected('a property');
    return this.#advance().text;
  }

  #operator(): Operator {
    if (this.#token.kind === 'symbol') {
      const operator = SPELLINGS[this.#token.text];
      if (operator === undefined) throw this.#expected('an operator');
      this.#advance();
      return operator;
    }
    for (const word of ['IN', 'LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET'] as const) {
      if (this.#takeWord(word)) return word;
    }
    throw this.#expected('an operator');
  }

  /** set: "(" literal ("," literal)* ")" */
  #set(): Literal[] {
    this.#needSymbol('(');
    const values = [this.#literal()];
    while (this.#takeSymbol(',')) values.push(this.#literal());
    this.#needSymbol(')');
    return values;
  }

  #literal(): Literal {
    const token = this.#advance();
    switch (token.kind) {
      case 'string':
        return token.text;
      case 'number':
        return Number(token.text);
      case 'timestamp':
      case 'bytes':
        return { kind: token.kind, text: token.text };
      case 'word':
        if (/^(?:true|false)$/i.test(token.text)) return token.text.toLowerCase() === 'true';
        break;
      case 'symbol':
      case 'end':
        break;
      default:
        token.kind satisfies never;
    }
    throw new Rejection('a value is expected', token.offset);
  }

  #number(): number {
    return Number(this.#need('number', 'a number').text);
  }

  /** STIX 2.0 drafts wrote a plain string here. */
  #timestamp(): string {
    if (this.#token.kind !== 'timestamp' && this.#token.kind !== 'string') throw this.#expected('a timestamp');
    return this.#advance().text;
  }

  /** One operand alone is itself. */
  #chain(kind: Joined['kind'], word: string, operand: () => Expression): Expression {
    const first = operand();
    if (!this.#isWord(word)) return first;
    const operands = [first];
    while (this.#takeWord(word)) operands.push(operand());
    return { kind, operands };
  }

  #nested(inner: () => Expression): Expression {
    if (++this.#nesting > MAX_NESTING) throw new Rejection('nested too deeply', this.#token.offset);
    const value = inner();
    this.#needSymbol(')');
    this.#nesting--;
    return value;
  }

  #advance(): Token {
    const token = this.#token;
    this.#token = this.#lexer.next();
    return token;
  }

  #need(kind: Token['kind'], what: string): Token {
    if (this.#token.kind !== kind) throw this.#expected(what);
    return this.#advance();
  }

  #isSymbol(text: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === text;
  }

  #takeSymbol(text: string): boolean {
    if (!this.#isSymbol(text)) return false;
    this.#advance();
    return true;
  }

  #needSymbol(text: string): void {
    if (!this.#takeSymbol(text)) throw this.#expected(`"${text}"`);
  }

  /** Keywords are taken in any case, as STIX 2.0 tools write them. */
  #isWord(text: string): boolean {
    return this.#token.kind === 'word' && this.#token.text.toUpperCase() === text;
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#advance();
    return true;
  }

  #needWord(text: string): void {
    if (!this.#takeWord(text)) throw this.#expected(text);
  }

  #expected(what: string): Rejection {
    return new Rejection(`${what} is expected`, this.#token.offset);
  }
}
