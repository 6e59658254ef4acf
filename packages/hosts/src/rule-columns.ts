/**
 * Rules as columns of a table file, and back. Each rule also has an origin: the first rule with its id, so that what a
 * feed's exception takes back is found by comparing numbers.
 *
 * Easy to get wrong: scopes are stored as JSON and may come from a crafted file, so they are read field by field.
 */
import { ACTIONS, isExceptionRule, precedenceOf, RESPONSE_CATEGORIES, SEVERITIES, SOURCES, type Rule } from './rule.ts';
import type { Scope, UidRange } from './scope.ts';
import { WEB_CATEGORIES } from './web-category.ts';

/** What is written for a confidence that is not said. */
const UNSURE = 0xff;

export interface RuleColumns {
  readonly expiry: Float64Array;
  /** Action, category, severity, source, alert. */
  readonly properties: Uint32Array;
  /** Two words a rule: port, web category + 1 and confidence; scope + 1. */
  readonly limits: Uint32Array;
  readonly origins: Uint32Array;
  readonly stringOffsets: Uint32Array;
}

export interface EncodedRules {
  readonly columns: RuleColumns;
  readonly strings: Uint8Array;
  readonly scopes: number;
}

export function encodeRules(rules: readonly Rule[]): EncodedRules {
  const scopes = new Map<string, number>();
  const origins = new Map<string, number>();
  const columns = {
    expiry: new Float64Array(rules.length),
    properties: new Uint32Array(rules.length),
    limits: new Uint32Array(rules.length * 2),
    origins: new Uint32Array(rules.length),
  };
  const texts: Buffer[] = [];
  for (const [i, rule] of rules.entries()) {
    columns.expiry[i] = rule.expiresAt ?? Number.POSITIVE_INFINITY;
    columns.properties[i] = packProperties(rule);
    columns.limits[i * 2] = packLimits(rule);
    columns.limits[i * 2 + 1] =
      rule.scope === undefined ? 0 : ordinalOf(scopes, JSON.stringify(rule.scope), scopes.size) + 1;
    // Not of its source: a list of categories has exceptions of source `feed` and entries of source `category`.
    columns.origins[i] = ordinalOf(origins, rule.id, i);
    texts.push(Buffer.from(rule.id), Buffer.from(rule.title));
  }
  for (const scope of scopes.keys()) texts.push(Buffer.from(scope));
  const stringOffsets = new Uint32Array(texts.length + 1);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    end += text.length;
    stringOffsets[i + 1] = end;
  }
  return { columns: { ...columns, stringOffsets }, strings: Buffer.concat(texts), scopes: scopes.size };
}

/**
 * Rules of a file with more behind them. `originOf`: the first of the present rules with an id, null when there is none.
 * Scopes of the new ones are not sought among the present.
 */
export function appendRules(
  present: EncodedRules,
  added: readonly Rule[],
  originOf: (id: string) => number | null,
): EncodedRules {
  if (added.length === 0) return present;
  const own = encodeRules(added);
  const count = present.columns.expiry.length;
  const origins = own.columns.origins.map((origin, i) => originOf(added[i]?.id ?? '') ?? origin + count);
  const limits = own.columns.limits.map((word, i) => (i % 2 === 0 || word === 0 ? word : word + present.scopes));
  // Texts of all rules come before those of all scopes.
  const ruleTexts = present.columns.stringOffsets[count * 2] ?? 0;
  const ownRuleTexts = own.columns.stringOffsets[added.length * 2] ?? 0;
  const offsets = [
    present.columns.stringOffsets.subarray(0, count * 2),
    own.columns.stringOffsets.subarray(0, added.length * 2).map((offset) => offset + ruleTexts),
    present.columns.stringOffsets.subarray(count * 2, -1).map((offset) => offset + ownRuleTexts),
    own.columns.stringOffsets.subarray(added.length * 2).map((offset) => offset + present.strings.length),
  ];
  return {
    columns: {
      expiry: joined(Float64Array, [present.columns.expiry, own.columns.expiry]),
      properties: joined(Uint32Array, [present.columns.properties, own.columns.properties]),
      limits: joined(Uint32Array, [present.columns.limits, limits]),
      origins: joined(Uint32Array, [present.columns.origins, origins]),
      stringOffsets: joined(Uint32Array, offsets),
    },
    strings: Buffer.concat([
      present.strings.subarray(0, ruleTexts),
      own.strings.subarray(0, ownRuleTexts),
      present.strings.subarray(ruleTexts),
      own.strings.subarray(ownRuleTexts),
    ]),
    scopes: present.scopes + own.scopes,
  };
}

function joined<T extends Uint32Array | Float64Array>(Kind: new (length: number) => T, parts: readonly T[]): T {
  const whole = new Kind(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function ordinalOf(known: Map<string, number>, key: string, whenNew: number): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, whenNew);
  return whenNew;
}

function packProperties(rule: Rule): number {
  const severity = rule.severity === undefined ? 0 : SEVERITIES.indexOf(rule.severity) + 1;
  const alert = rule.generateAlert === undefined ? 0 : rule.generateAlert ? 2 : 1;
  return (
    (ACTIONS.indexOf(rule.action) |
      (RESPONSE_CATEGORIES.indexOf(rule.category) << 8) |
      (severity << 16) |
      (SOURCES.indexOf(rule.source) << 20) |
      (alert << 24)) >>>
    0
  );
}

function packLimits(rule: Rule): number {
  const web = rule.webCategory === undefined ? 0 : WEB_CATEGORIES.indexOf(rule.webCategory) + 1;
  return ((rule.port ?? 0) | (web << 16) | ((rule.confidence ?? UNSURE) << 24)) >>> 0;
}

/** Action and source of packed properties. */
const EXCEPTION_MASK = 0xf0_00ff;
const EXCEPTION = ACTIONS.indexOf('allow') | (SOURCES.indexOf('feed') << 20);

/** Whether packed properties are those of a feed's exception. */
export const isException = (properties: number): boolean => (properties & EXCEPTION_MASK) === EXCEPTION;

/**
 * The order in which rules of one entry are tried, lowest first: exceptions, so that they are known before anything
 * answers; then stronger action, surer.
 */
export function rankOf(rule: Rule): number {
  const strength = isExceptionRule(rule) ? -1 : precedenceOf(rule.action);
  return strength * RANKS_PER_ACTION + (rule.confidence === undefined ? RANK_OF_UNSURE : 100 - rule.confidence);
}

/** The same of a rule in columns. */
export function rankAt(index: number, { properties, limits }: RuleColumns): number {
  const packed = properties[index] ?? 0;
  const confidence = (limits[index * 2] ?? 0) >>> 24;
  const strength = isException(packed) ? -1 : packed & 0xff;
  return strength * RANKS_PER_ACTION + (confidence === UNSURE ? RANK_OF_UNSURE : 100 - confidence);
}

const RANKS_PER_ACTION = 128;
const RANK_OF_UNSURE = 101;

export const portOf = (limits: number): number => limits & 0xffff;

/** Null, or which property is none. */
export function propertyFault(properties: number, limits: number, scope: number, scopes: number): string | null {
  const confidence = limits >>> 24;
  const known =
    (properties & 0xff) < ACTIONS.length &&
    ((properties >>> 8) & 0xff) < RESPONSE_CATEGORIES.length &&
    ((properties >>> 16) & 0xf) <= SEVERITIES.length &&
    ((properties >>> 20) & 0xf) < SOURCES.length &&
    properties >>> 24 <= 2 &&
    ((limits >>> 16) & 0xff) <= WEB_CATEGORIES.length &&
    (confidence <= 100 || confidence === UNSURE) &&
    scope <= scopes;
  return known ? null : 'a rule has an unknown property';
}

/** `text(i)`: string i of the file; `scope(i)`: scope i. */
export function decodeRule(
  index: number,
  columns: RuleColumns,
  text: (at: number) => string,
  scope: (index: number) => Scope,
): Rule {
  const properties = columns.properties[index] ?? 0;
  const limits = columns.limits[index * 2] ?? 0;
  const scopeIndex = columns.limits[index * 2 + 1] ?? 0;
  const expiresAt = columns.expiry[index] ?? Number.POSITIVE_INFINITY;
  const severity = SEVERITIES[((properties >>> 16) & 0xf) - 1];
  const alert = (properties >>> 24) & 3;
  const confidence = limits >>> 24;
  const webCategory = WEB_CATEGORIES[((limits >>> 16) & 0xff) - 1];
  return {
    action: ACTIONS[properties & 0xff] ?? 'audit',
    category: RESPONSE_CATEGORIES[(properties >>> 8) & 0xff] ?? 'CustomPolicy',
    id: text(index * 2),
    title: text(index * 2 + 1),
    source: SOURCES[(properties >>> 20) & 0xf] ?? 'feed',
    expiresAt: expiresAt === Number.POSITIVE_INFINITY ? null : expiresAt,
    ...(alert === 0 ? {} : { generateAlert: alert === 2 }),
    ...(severity === undefined ? {} : { severity }),
    ...(confidence === UNSURE ? {} : { confidence }),
    ...(webCategory === undefined ? {} : { webCategory }),
    ...(portOf(limits) === 0 ? {} : { port: portOf(limits) }),
    ...(scopeIndex === 0 ? {} : { scope: scope(scopeIndex - 1) }),
  };
}

/** The same text for rules that a table cannot tell apart, in whatever order their fields were written. */
export const ruleKey = (rule: Rule): string =>
  JSON.stringify([
    rule.id,
    rule.title,
    rule.action,
    rule.category,
    rule.source,
    rule.expiresAt,
    rule.generateAlert,
    rule.severity,
    rule.confidence,
    rule.webCategory,
    rule.port,
    rule.scope && scopeKey(rule.scope),
  ]);

const scopeKey = ({ uids, executables, cgroups, containers }: Scope): unknown[] => [
  uids,
  executables,
  cgroups,
  containers,
];

/** A scope from its text, or null when it is none. */
export function readScope(text: string): Scope | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = value as Record<string, unknown>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- each field is checked below
  const { uids, executables, cgroups, containers, ...others } = fields;
  if (Object.keys(others).length > 0) return null;
  if (uids !== undefined && !isList(uids, isUidRange)) return null;
  if (executables !== undefined && !isList(executables, isText)) return null;
  if (cgroups !== undefined && !isList(cgroups, isText)) return null;
  if (containers !== undefined && !isList(containers, isText)) return null;
  return {
    ...(uids !== undefined && { uids }),
    ...(executables !== undefined && { executables }),
    ...(cgroups !== undefined && { cgroups }),
    ...(containers !== undefined && { containers }),
  };
}

const isList = <T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every((item) => isItem(item));

const isText = (item: unknown): item is string => typeof item === 'string';

const isUidRange = (item: unknown): item is UidRange =>
  Array.isArray(item) && item.length === 2 && item.every((uid) => Number.isInteger(uid));
