/** What a table could not represent of a rule. */
import { readScope } from './rule-columns.ts';
import { ACTIONS, RESPONSE_CATEGORIES, SEVERITIES, SOURCES, type Rule } from './rule.ts';
import { isWebCategory } from './web-category.ts';

/** Null, or what is wrong with it, for the programmer who made it: what comes from outside was checked before. */
export function ruleFault(rule: Rule): string | null {
  const { action, category, source, expiresAt, severity, confidence, webCategory, port, scope } = rule;
  if (!ACTIONS.includes(action)) return `action ${action}`;
  if (!RESPONSE_CATEGORIES.includes(category)) return `category ${category}`;
  if (!SOURCES.includes(source)) return `source ${source}`;
  if (expiresAt !== null && !Number.isFinite(expiresAt)) return `expiry ${expiresAt}`;
  if (severity !== undefined && !SEVERITIES.includes(severity)) return `severity ${severity}`;
  if (confidence !== undefined && !isWithin(confidence, 0, 100)) return `confidence ${confidence}`;
  if (webCategory !== undefined && !isWebCategory(webCategory)) return `web category ${String(webCategory)}`;
  if (port !== undefined && !isWithin(port, 1, 65_535)) return `port ${port}`;
  // A scope that a reader refuses would make the whole file one that is refused.
  if (scope !== undefined && readScope(JSON.stringify(scope)) === null) return `scope ${JSON.stringify(scope)}`;
  return null;
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
