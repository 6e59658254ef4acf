/** How long many took and how many that is a second: ` in 8.2 s (60,976 rows/s)`. */
import { count } from './quantity.ts';

/** Below, nobody asks. */
const WORTH_SAYING_MS = 200;

/** Empty for what was done at once. */
export function paceOf(many: number, tookMs: number, noun: string): string {
  if (tookMs < WORTH_SAYING_MS) return '';
  return ` in ${(tookMs / 1000).toFixed(1)} s (${count((many * 1000) / tookMs)} ${noun}/s)`;
}
