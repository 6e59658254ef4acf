/**
 * The queries of a view: the part of XPath 1.0 that Event Viewer's filter dialog writes.
 *
 *   Query      := Or
 *   Or         := And ('or' And)*
 *   And        := Term ('and' Term)*
 *   Term       := '(' Or ')' | Operand (Operator Literal)?
 *   Operand    := Path | 'timediff' '(' '@SystemTime' ')'
 *   Path       := Step ('/' Step)* ('/' '@' Name)? | '@' Name
 *   Step       := ('*' | Name) ('[' Or ']')*
 *   Operator   := '=' | '!=' | '<' | '<=' | '>' | '>='
 *
 * Easy to get wrong: a name that no event has is a query that never selects anything, and nobody would notice. So
 * every name is checked against the shape of our events, and a mistake is named with its place.
 */
import { quote } from '../indicators/quote.ts';
import { queryTokens, type Token } from './query-tokens.ts';
import type { SourceText } from './read-xml.ts';
import { ViewError } from './view-error.ts';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Expression =
  | { readonly kind: 'or' | 'and'; readonly terms: readonly Expression[] }
  | { readonly kind: 'exists'; readonly path: Path }
  | {
      readonly kind: 'compare';
      readonly path: Path;
      readonly operator: Comparison;
      /** A number is compared as a number, a time (Unix milliseconds) as a time, a text as a text. */
      readonly value:
        | { readonly kind: 'number' | 'time'; readonly value: number }
        | { readonly kind: 'text'; readonly value: string };
    }
  /** Milliseconds between the event and now. */
  | { readonly kind: 'age'; readonly operator: Comparison; readonly value: number };

export interface Path {
  readonly steps: readonly Step[];
  /** Of the last step, or of the element that is asked about when there is no step. */
  readonly attribute: string | null;
}

export interface Step {
  readonly name: string;
  readonly predicates: readonly Expression[];
}

/** Throws ViewError. */
export function readQuery(source: SourceText): Expression {
  const parser = new Parser(queryTokens(source));
  return parser.query();
}

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>='] satisfies readonly Comparison[];
const isComparison = (text: string): text is Comparison => COMPARISONS.includes(text);

interface Shape {
  /** What may stand below it. */
  readonly children: Readonly<Record<string, Shape>>;
  readonly attributes: readonly string[];
}

const leaf = (...attributes: string[]): Shape => ({ children: {}, attributes });

/** Elements and attributes of the Event schema. Some are always empty here, and views ask about them all the same. */
const EVENT: Shape = {
  attributes: [],
  children: {
    System: {
      attributes: [],
      children: {
        Provider: leaf('Name', 'Guid', 'EventSourceName'),
        EventID: leaf('Qualifiers'),
        Version: leaf(),
        Level: leaf(),
        Task: leaf(),
        Opcode: leaf(),
        Keywords: leaf(),
        TimeCreated: leaf('SystemTime'),
        EventRecordID: leaf(),
        Correlation: leaf('ActivityID', 'RelatedActivityID'),
        Execution: leaf('ProcessID', 'ThreadID'),
        Channel: leaf(),
        Computer: leaf(),
        Security: leaf('UserID'),
      },
    },
    EventData: { attributes: [], children: { Data: leaf('Name') } },
  },
};
const DOCUMENT: Shape = { attributes: [], children: { Event: EVENT } };

const MAX_DEPTH = 64;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Expression {
    if (this.#next.kind === 'end') throw new ViewError('the query is empty; `*` selects everything', this.#next.offset);
    const expression = this.#or(DOCUMENT);
    const rest = this.#next;
    if (rest.kind !== 'end') throw new ViewError(`${quote(rest.value)} is not expected here`, rest.offset);
    return expression;
  }

  #or(shape: Shape): Expression {
    if (++this.#depth > MAX_DEPTH) throw new ViewError('the query is nested too deeply', this.#next.offset);
    const terms = [this.#and(shape)];
    while (this.#takeName('or')) terms.push(this.#and(shape));
    this.#depth--;
    return join('or', terms);
  }

  #and(shape: Shape): Expression {
    const terms = [this.#term(shape)];
    while (this.#takeName('and')) terms.push(this.#term(shape));
    return join('and', terms);
  }

  #term(shape: Shape): Expression {
    if (this.#takeSign('(')) {
      const inner = this.#or(shape);
      this.#expectSign(')');
      return inner;
    }
    const first = this.#next;
    if (first.kind === 'name' && this.#tokens[this.#at + 1]?.value === '(') return this.#call(shape);
    const { path, shape: reached } = this.#path(shape);
    const operator = this.#next;
    if (operator.kind !== 'sign' || !isComparison(operator.value)) return { kind: 'exists', path };
    if (path.attribute === null && Object.keys(reached.children).length > 0) {
      throw new ViewError('only an element without children, or an attribute, can be compared', operator.offset);
    }
    this.#at++;
    return { kind: 'compare', path, operator: operator.value, value: this.#literal(path, operator.value) };
  }

  /** `timediff(@SystemTime) <= 3600000`. */
  #call(shape: Shape): Expression {
    const name = this.#next;
    if (name.value === 'band') {
      throw new ViewError('band() asks about keywords, which these events do not have; take it out', name.offset);
    }
    if (name.value !== 'timediff') {
      throw new ViewError(`${quote(name.value)} is no function that is known here; timediff is`, name.offset);
    }
    this.#at += 2;
    const argument = this.#next;
    const { path } = this.#path(shape);
    if (path.attribute !== 'SystemTime' || path.steps.length > 0) {
      throw new ViewError('timediff is asked about @SystemTime, inside TimeCreated[…]', argument.offset);
    }
    this.#expectSign(')');
    const operator = this.#next;
    if (!isComparison(operator.value)) throw new ViewError('timediff(…) must be compared: <= 3600000', operator.offset);
    this.#at++;
    const value = this.#next;
    if (value.kind !== 'number') throw new ViewError('timediff(…) is compared with milliseconds', value.offset);
    this.#at++;
    return { kind: 'age', operator: operator.value, value: Number(value.value) };
  }

  #path(from: Shape): { readonly path: Path; readonly shape: Shape } {
    const steps: Step[] = [];
    let shape = from;
    do {
      const { offset } = this.#next;
      if (this.#takeSign('@')) {
        const attribute = this.#next;
        if (!shape.attributes.includes(attribute.value)) {
          throw unknown('attribute', { ...attribute, offset }, shape.attributes);
        }
        this.#at++;
        return { path: { steps, attribute: attribute.value }, shape };
      }
      const reached = this.#stepName(shape);
      shape = reached.shape;
      const predicates: Expression[] = [];
      while (this.#takeSign('[')) {
        predicates.push(this.#or(shape));
        this.#expectSign(']');
      }
      steps.push({ name: reached.name, predicates });
    } while (this.#takeSign('/'));
    return { path: { steps, attribute: null }, shape };
  }

  #stepName(shape: Shape): { readonly name: string; readonly shape: Shape } {
    const token = this.#next;
    // Above the event there is nothing else that `*` could mean.
    const name = shape === DOCUMENT && token.kind === 'sign' && token.value === '*' ? 'Event' : token.value;
    const reached = Object.hasOwn(shape.children, name) ? shape.children[name] : undefined;
    if (reached === undefined) throw unknown('element', token, Object.keys(shape.children));
    this.#at++;
    return { name, shape: reached };
  }

  #literal(path: Path, operator: Comparison): Extract<Expression, { kind: 'compare' }>['value'] {
    const token = this.#next;
    if (token.kind === 'number') {
      this.#at++;
      return { kind: 'number', value: Number(token.value) };
    }
    if (token.kind !== 'text')
      throw new ViewError('a number, or a text in quotation marks, is missing here', token.offset);
    this.#at++;
    if (path.attribute === 'SystemTime') return { kind: 'time', value: timeOf(token) };
    if (operator !== '=' && operator !== '!=') {
      throw new ViewError(`${operator} compares numbers and times; a text is compared with =`, token.offset);
    }
    return { kind: 'text', value: token.value };
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] ?? { kind: 'end', value: '', offset: 0 };
  }

  #takeName(name: string): boolean {
    const { kind, value } = this.#next;
    if (kind !== 'name' || value !== name) return false;
    this.#at++;
    return true;
  }

  #takeSign(sign: string): boolean {
    const { kind, value } = this.#next;
    if (kind !== 'sign' || value !== sign) return false;
    this.#at++;
    return true;
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign)) throw new ViewError(`'${sign}' is missing here`, this.#next.offset);
  }
}

const join = (kind: 'or' | 'and', terms: readonly Expression[]): Expression => {
  const [only] = terms;
  return only !== undefined && terms.length === 1 ? only : { kind, terms };
};

function unknown(what: 'element' | 'attribute', token: Token, known: readonly string[]): ViewError {
  const sign = what === 'attribute' ? '@' : '';
  const names = known.map((name) => `${sign}${name}`).join(', ');
  const hint = known.length === 0 ? 'nothing stands below it' : `known here: ${names}`;
  if (token.kind === 'end') return new ViewError(`the query ends where an ${what} is missing (${hint})`, token.offset);
  return new ViewError(
    `${quote(`${sign}${token.value}`)} is no ${what} that our events have here (${hint})`,
    token.offset,
  );
}

/** xs:dateTime; without a zone it is UTC, as Event Viewer writes it. */
function timeOf(token: Token): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(token.value);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${(match[2] ?? '').slice(0, 4)}${match[3] ?? 'Z'}`);
  if (Number.isNaN(ms)) {
    throw new ViewError(`${quote(token.value)} is no time; write it as 2030-01-31T12:00:00.000Z`, token.offset);
  }
  return ms;
}
