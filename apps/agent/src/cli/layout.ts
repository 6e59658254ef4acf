/**
 * What every screen is given besides its value. `width` is null where lines are not cut: a pipe or a file, whose
 * reader (grep, a person with an editor) wants the whole name.
 */
import { type Paint, plain } from './paint.ts';

export interface Layout {
  readonly width: number | null;
  readonly paint: Paint;
  readonly nowMs: number;
}

export const plainLayout = (nowMs: number, width: number | null = null): Layout => ({ width, paint: plain, nowMs });
