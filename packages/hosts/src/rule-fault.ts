/** What a table could not represent of a rule. */
import { ACTIONS, type Rule } from './rule.ts';

/** Null, or what is wrong with it, for the programmer who made it. */
export function ruleFault({ action, expiresAt, confidence, port }: Rule): string | null {
  if (!ACTIONS.includes(action)) return `action ${action}`;
  if (expiresAt !== null && !Number.isFinite(expiresAt)) return `expiry ${expiresAt}`;
  if (confidence !== undefined && !isWithin(confidence, 0, 100)) return `confidence ${confidence}`;
  if (port !== undefined && !isWithin(port, 1, 65_535)) return `port ${port}`;
  return null;
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
