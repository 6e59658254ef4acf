/**
 * Checks and canonicalises an indicator as somebody typed it. Nothing is guessed: what is wrong is named with its
 * field and the remedy, in one line.
 *
 * Easy to get wrong: an empty list of users is no list of users. Absent, null and empty are the same in every optional
 * field, so an indicator never becomes "for nobody", nor does one that is meant for somebody become "for all".
 */
import type { Indicator } from '@sallyport/contract/indicator';
import {
  INDICATOR_ACTIONS,
  INDICATOR_TYPES,
  SCOPE_FIELDS,
  type ScopeField,
  SEVERITIES,
} from '@sallyport/contract/indicator-values';

import { quote } from './quote.ts';
import { readTarget } from './read-target.ts';
import { readScopeItem } from './scope-items.ts';

/** As typed or as it came over a socket: nothing about it is known yet. */
export type UncheckedIndicator = { readonly [Field in string]?: unknown };

export type IndicatorDraft = Omit<Indicator, 'id' | 'creationTimeDateTimeUtc' | 'lastUpdateTime'>;

export type ReadIndicator =
  | { readonly kind: 'ok'; readonly value: IndicatorDraft }
  | { readonly kind: 'rejected'; readonly field: string; readonly reason: string };

class Refusal extends Error {
  readonly field: string;

  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

const TEXT_LIMITS = { title: 256, description: 4096, recommendedActions: 4096, category: 64 } as const;
const FIELDS: ReadonlySet<string> = new Set([
  'indicatorValue',
  'indicatorType',
  'action',
  'expirationTime',
  'severity',
  'mitreTechniques',
  'rbacGroups',
  'generateAlert',
  ...SCOPE_FIELDS,
  ...Object.keys(TEXT_LIMITS),
]);

/** `nowMs` decides what has expired. Absent, null and empty optional fields are the same. */
export function readIndicator(input: UncheckedIndicator, nowMs: number): ReadIndicator {
  try {
    return { kind: 'ok', value: draft(input, nowMs) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'rejected', field: error.field, reason: error.message };
    throw error;
  }
}

function draft(input: UncheckedIndicator, nowMs: number): IndicatorDraft {
  const unknown = Object.keys(input).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw new Refusal(unknown.slice(0, 64), 'no such field');

  const text = input['indicatorValue'];
  if (typeof text !== 'string' || text.trim() === '') {
    throw new Refusal('indicatorValue', 'missing; give a domain, an http(s) URL, an IP address, a network or a range');
  }
  const read = readTarget(text.trim());
  if (read.kind === 'rejected') throw new Refusal('indicatorValue', read.reason);
  const { target } = read;

  const action = readAction(input['action']);
  const type = optionalWord('indicatorType', input['indicatorType'], INDICATOR_TYPES);
  if (type !== null && type !== target.type) {
    throw new Refusal(
      'indicatorType',
      `${target.value} is a ${target.type}, not a ${type}; leave the type out or correct it`,
    );
  }
  const alert = optionalFlag('generateAlert', input['generateAlert']);
  if (action === 'Audit' && alert === false) {
    throw new Refusal('generateAlert', 'must be True when the action is Audit');
  }
  const severity = optionalWord('severity', input['severity'], SEVERITIES);
  const description = optionalText('description', input);
  const recommendedActions = optionalText('recommendedActions', input);
  const category = optionalText('category', input);
  const mitreTechniques = optionalList('mitreTechniques', input['mitreTechniques'], 16);
  const rbacGroups = optionalList('rbacGroups', input['rbacGroups'], 256);
  return {
    indicatorValue: target.value,
    indicatorType: target.type,
    action,
    title: optionalText('title', input) ?? target.value.slice(0, TEXT_LIMITS.title),
    expirationTime: readExpiry(input['expirationTime'], nowMs),
    ...(description !== null && { description }),
    ...(severity !== null && { severity }),
    ...(recommendedActions !== null && { recommendedActions }),
    ...(category !== null && { category }),
    ...(mitreTechniques !== null && { mitreTechniques }),
    ...(rbacGroups !== null && { rbacGroups }),
    ...scopeOf(input),
    ...((alert ?? (action === 'Audit' || null)) !== null && { generateAlert: alert ?? true }),
  };
}

function readAction(value: unknown): IndicatorDraft['action'] {
  if (value === undefined || value === null || value === '') {
    throw new Refusal('action', `missing; use ${INDICATOR_ACTIONS.join(' | ')}`);
  }
  const lower = textOf(value).toLowerCase();
  const known = INDICATOR_ACTIONS.find((action) => action.toLowerCase() === lower);
  if (known !== undefined) return known;
  if (lower === 'allow') return 'Allowed';
  if (lower === 'blockandremediate') throw new Refusal('action', 'BlockAndRemediate is for files; use Block');
  throw new Refusal('action', `${quote(textOf(value))} is not accepted; use ${INDICATOR_ACTIONS.join(' | ')}`);
}

/** RFC 3339 with a zone; the date must exist, which `Date.parse` alone does not check. */
function readExpiry(value: unknown, nowMs: number): string | null {
  if (value === undefined || value === null || value === '') return null;
  const field = 'expirationTime';
  const text = textOf(value).trim();
  const parts = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2})$/.exec(
    text,
  );
  const atMs = parts === null ? Number.NaN : Date.parse(text.replace(' ', 'T').toUpperCase());
  const lastDay = new Date(Date.UTC(Number(parts?.[1]), Number(parts?.[2]), 0)).getUTCDate();
  if (Number.isNaN(atMs) || Number(parts?.[3]) > lastDay) {
    throw new Refusal(field, `${quote(text)} is not a date and time; write it like 2030-01-31T12:00:00Z`);
  }
  if (atMs <= nowMs) {
    throw new Refusal(
      field,
      `${quote(text)} is past (now ${new Date(nowMs).toISOString()}); name a later time or leave it out`,
    );
  }
  return new Date(atMs).toISOString();
}

function optionalWord<T extends string>(field: string, value: unknown, words: readonly T[]): T | null {
  if (value === undefined || value === null || value === '') return null;
  const lower = textOf(value).toLowerCase();
  const known = words.find((word) => word.toLowerCase() === lower);
  if (known === undefined)
    throw new Refusal(field, `${quote(textOf(value))} is not accepted; use ${words.join(' | ')}`);
  return known;
}

function optionalFlag(field: string, value: unknown): boolean | null {
  if (value === undefined || value === null || value === '') return null;
  const lower = textOf(value).toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw new Refusal(field, `${quote(textOf(value))} is not accepted; use True | False`);
  return lower === 'true';
}

function optionalText(field: keyof typeof TEXT_LIMITS, input: UncheckedIndicator): string | null {
  const value = input[field];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Refusal(field, 'not a text');
  const limit = TEXT_LIMITS[field];
  if (value.length > limit) throw new Refusal(field, `${value.length} characters; at most ${limit} are kept`);
  return value;
}

/** Whom the indicator is for: items checked, each once, in order, so that equal scopes are equal texts. */
function scopeOf(input: UncheckedIndicator): { [Field in ScopeField]?: string[] } {
  const scope: { [Field in ScopeField]?: string[] } = {};
  for (const field of SCOPE_FIELDS) {
    const items = optionalList(field, input[field], 1024);
    if (items === null) continue;
    const read = items.map((item) => {
      const outcome = readScopeItem(field, item);
      if (outcome.kind === 'rejected') throw new Refusal(field, outcome.reason);
      return outcome.value;
    });
    scope[field] = [...new Set(read)].sort();
  }
  return scope;
}

/** Null when there are none. A comma separates items wherever a list is text, so none may hold one. */
function optionalList(field: string, value: unknown, limit: number): string[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length > 64) throw new Refusal(field, 'not a list of at most 64 texts');
  if (value.length === 0) return null;
  return value.map((item: unknown) => {
    if (typeof item !== 'string' || item.trim() === '' || item.length > limit)
      throw new Refusal(field, `not a text of 1 to ${limit} characters`);
    if (item.includes(',')) throw new Refusal(field, `${quote(item)} holds a comma; name the items one by one`);
    return item.trim();
  });
}

/** As typed; what is neither text nor a flag or number cannot match any word. */
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : typeof value;
