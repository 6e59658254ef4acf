/**
 * How many terminal cells a text takes, and cutting it to fit. Text is expected to have been through `printable`.
 * Counting UTF-16 units would break every table that holds a Chinese title: those characters take two cells.
 */

const NOT_ASCII = /[^\x20-\x7e]/;
const COMBINING = /\p{M}/u;

// Unicode East_Asian_Width W and F, in ranges coarse enough to be read (EastAsianWidth.txt).
const WIDE: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Terminal cells that `text` takes. */
export function displayWidth(text: string): number {
  if (!NOT_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** `text` in at most `width` cells; what is too much goes from the middle, because both ends of a name matter. */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  const characters = Array.from(text);
  const head = takeCells(characters, Math.ceil((width - 1) / 2));
  const tail = takeCells(characters.reverse(), Math.floor((width - 1) / 2));
  return `${head.join('')}…${tail.reverse().join('')}`;
}

/** `text` followed (or, to the right, preceded) by blanks up to `width` cells. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? text + blanks : blanks + text;
}

function cellsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

function takeCells(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const character of characters) {
    const cells = cellsOf(character);
    if (cells > left) break;
    left -= cells;
    taken.push(character);
  }
  return taken;
}
