/**
 * What an entry of a table points at: the rule that put it there. Many entries share one rule (a feed is one rule
 * per category), an indicator usually has its own. The order of the arrays below is part of the file format
 * (docs/formats/table.md): append, never reorder.
 */

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

export const SOURCES = ['indicator', 'feed'] as const;
export type Source = (typeof SOURCES)[number];

export interface Rule {
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
}

/** Position in `ACTIONS`: the lower, the stronger. */
export const precedenceOf = (action: Action): number => ACTIONS.indexOf(action);
