/** Actions and severities as people type them: `allow` or `Allowed`, in any case. */
import type { IndicatorAction, Severity } from '@sallyport/contract/indicator-values';

import { didYouMean } from './closest.ts';

const ACTION_WORDS = {
  allow: 'Allowed',
  allowed: 'Allowed',
  audit: 'Audit',
  warn: 'Warn',
  block: 'Block',
} as const satisfies Record<string, IndicatorAction>;

const SEVERITY_WORDS = {
  informational: 'Informational',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
} as const satisfies Record<string, Severity>;

export const ACTION_CHOICES = 'allow, audit, warn or block';

export const readAction = (text: string): IndicatorAction | null => wordOf(ACTION_WORDS, text);
export const readSeverity = (text: string): Severity | null => wordOf(SEVERITY_WORDS, text);

/** `'blok' is no action: …` */
export const refusedAction = (text: string): string =>
  `'${text}' is no action${didYouMean(text, Object.keys(ACTION_WORDS)) || `: write ${ACTION_CHOICES}`}`;

export const refusedSeverity = (text: string): string =>
  `'${text}' is no severity: write Informational, Low, Medium or High`;

function wordOf<T extends string>(words: Readonly<Record<string, T>>, text: string): T | null {
  const lower = text.toLowerCase();
  return Object.hasOwn(words, lower) ? (words[lower] ?? null) : null;
}
