/**
 * What an entry of a table points at: the rules that put it there. Many entries share one rule (a feed is one rule
 * per category and confidence), an indicator usually has its own. The order of the arrays below is part of the file
 * format (docs/formats/table.md): append, never reorder.
 */
import type { Scope } from './scope.ts';
import type { WebCategory } from './web-category.ts';

/** Strongest first: among equally specific entries the earlier one wins (specification 1.8, design section 4). */
export const ACTIONS = ['allow', 'warn', 'block', 'audit'] as const;
export type Action = (typeof ACTIONS)[number];

/** `ResponseCategory` of protection events, verbatim (specification 2.2). */
export const RESPONSE_CATEGORIES = [
  'CustomBlockList',
  'CustomAllowList',
  'CustomPolicy',
  'CasbPolicy',
  'Malicious',
  'Phishing',
  'Untrusted',
  'C2',
  'COCO',
  'CmdCtrl',
  'TechScam',
] as const;
export type ResponseCategory = (typeof RESPONSE_CATEGORIES)[number];

export const SEVERITIES = ['Informational', 'Low', 'Medium', 'High'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * Who says so: a custom indicator, a reputation feed, a list of web categories, a list of popular names (which answers
 * nothing but "this name is known"), or the score of names on no list.
 */
export const SOURCES = ['indicator', 'feed', 'category', 'popular', 'score'] as const;
export type Source = (typeof SOURCES)[number];

export interface Rule {
  /** `allow` of a feed is an exception: it takes back what the same feed says, and vouches for nothing. */
  readonly action: Action;
  readonly category: ResponseCategory;
  /** Stable identity of the indicator or feed, as events report it. */
  readonly id: string;
  readonly title: string;
  readonly source: Source;
  /** Unix milliseconds; the rule is void at that very millisecond and after. Null: never. */
  readonly expiresAt: number | null;
  readonly generateAlert?: boolean;
  readonly severity?: Severity;
  /** 0–100, how sure the source is; absent: it does not say. Between equal actions the surer rule is named. */
  readonly confidence?: number;
  /** Of a rule of source `category`. */
  readonly webCategory?: WebCategory;
  /** Only connections to this port, 1–65535; absent: any. */
  readonly port?: number;
  /** Absent: everybody. */
  readonly scope?: Scope;
}

/** An exception: see `Rule.action`. */
export const isExceptionRule = ({ action, source }: Rule): boolean => action === 'allow' && source === 'feed';

/** Position in `ACTIONS`: the lower, the stronger. */
export const precedenceOf = (action: Action): number => ACTIONS.indexOf(action);
