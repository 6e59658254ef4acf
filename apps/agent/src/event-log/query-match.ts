/**
 * Asks a view's query about an event.
 *
 * Easy to get wrong: a comparison holds when it holds for any of the elements that the path reaches, so `Data!='x'` is
 * not the opposite of `Data='x'` (XPath 1.0 section 3.4).
 */
import type { Element } from './event-element.ts';
import type { Comparison, Expression, Path } from './query.ts';

/** `event`: the tree of `eventElement`. */
export const selects = (query: Expression, event: Element, nowMs: number): boolean =>
  holds(query, { name: '', attributes: {}, children: [event], text: '' }, nowMs);

function holds(expression: Expression, context: Element, nowMs: number): boolean {
  switch (expression.kind) {
    case 'or':
      return expression.terms.some((term) => holds(term, context, nowMs));
    case 'and':
      return expression.terms.every((term) => holds(term, context, nowMs));
    case 'exists':
      return valuesOf(expression.path, context, nowMs).length > 0;
    case 'age':
      return compare(nowMs - Date.parse(context.attributes['SystemTime'] ?? ''), expression.operator, expression.value);
    case 'compare': {
      const { operator, value } = expression;
      return valuesOf(expression.path, context, nowMs).some((text) =>
        value.kind === 'text'
          ? (text === value.value) === (operator === '=')
          : compare(value.kind === 'time' ? Date.parse(text) : numberOf(text), operator, value.value),
      );
    }
    default:
      return expression satisfies never;
  }
}

function valuesOf({ steps, attribute }: Path, context: Element, nowMs: number): readonly string[] {
  let reached: readonly Element[] = [context];
  for (const { name, predicates } of steps) {
    reached = reached
      .flatMap(({ children }) => children)
      .filter((child) => child.name === name && predicates.every((predicate) => holds(predicate, child, nowMs)));
  }
  if (attribute === null) return reached.map(({ text }) => text);
  return reached.flatMap(({ attributes }) => attributes[attribute] ?? []);
}

/** XPath's number(): what is empty or no number is equal to nothing, and unequal to everything. */
const numberOf = (text: string): number => (/^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN);

function compare(left: number, operator: Comparison, right: number): boolean {
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return operator satisfies never;
  }
}

/**
 * False when the query cannot select an event of this id, whatever else the event says: spares the journal reading
 * what would be left out. The language has no negation, so what is not known counts as true.
 */
export function maySelect(expression: Expression, eventId: number): boolean {
  switch (expression.kind) {
    case 'or':
      return expression.terms.some((term) => maySelect(term, eventId));
    case 'and':
      return expression.terms.every((term) => maySelect(term, eventId));
    case 'age':
      return true;
    case 'exists':
      return mayReach(expression.path, eventId);
    case 'compare': {
      const { path, operator, value } = expression;
      const isEventId = path.attribute === null && path.steps.at(-1)?.name === 'EventID';
      if (isEventId && value.kind === 'number' && !compare(eventId, operator, value.value)) return false;
      return mayReach(path, eventId);
    }
    default:
      return expression satisfies never;
  }
}

const mayReach = ({ steps }: Path, eventId: number): boolean =>
  steps.every(({ predicates }) => predicates.every((predicate) => maySelect(predicate, eventId)));
