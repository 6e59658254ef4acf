/** Sentences, unlike tables, are wrapped: cutting a problem in the middle would lose its remedy. */
import { displayWidth, truncateMiddle } from './display-width.ts';
import type { Layout } from './layout.ts';
import { printable } from './safe-text.ts';

/** `text` made printable, behind `lead` on the first line and as many blanks on the others. */
export function renderProse(lead: string, text: string, layout: Layout, leadWidth = displayWidth(lead)): string[] {
  const safe = printable(text);
  const lines = layout.width === null ? [safe] : wrap(safe, Math.max(20, layout.width - leadWidth));
  return lines.map((line, at) => `${at === 0 ? lead : ' '.repeat(leadWidth)}${line}`.trimEnd());
}

/** Lines of at most `width` cells, broken at blanks; a longer word is cut in the middle. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = truncateMiddle(word, width);
  }
  return [...lines, line];
}
