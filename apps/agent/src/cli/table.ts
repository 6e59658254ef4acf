/**
 * Aligned tables. Cells are made printable here. When the terminal is too narrow, the widest column that may shrink
 * gives way first, cell by cell cut in the middle; a line is never wrapped.
 */
import { displayWidth, pad, truncateMiddle } from './display-width.ts';
import type { Layout } from './layout.ts';
import type { Style } from './paint.ts';
import { printable } from './safe-text.ts';

export interface Column {
  readonly header: string;
  readonly align?: 'right';
  /** The fewest cells it may be shrunk to. Absent: it keeps the width of its longest cell. */
  readonly shrinkTo?: number;
}

export type Cell = string | readonly [style: Style | readonly Style[], text: string];

const GAP = 2;

/** Header and one line per row, without trailing blanks; `indent` cells on the left of each. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  layout: Layout,
  indent = 0,
): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell[1])));
  const widths = columns.map((column, index) =>
    cells.reduce((most, row) => Math.max(most, displayWidth(row[index] ?? '')), displayWidth(column.header)),
  );
  if (layout.width !== null) shrink(columns, widths, layout.width - indent);

  const margin = ' '.repeat(indent);
  const header = line(
    columns,
    widths,
    (index) => columns[index]?.header ?? '',
    (_, text) => text,
  );
  return [
    margin + layout.paint('dim', header),
    ...rows.map(
      (row, at) =>
        margin +
        line(
          columns,
          widths,
          (index) => cells[at]?.[index] ?? '',
          (index, text) => {
            const cell = row[index];
            return cell === undefined || typeof cell === 'string' ? text : layout.paint(cell[0], text);
          },
        ),
    ),
  ].map((text) => text.trimEnd());
}

function line(
  columns: readonly Column[],
  widths: readonly number[],
  textOf: (index: number) => string,
  paint: (index: number, text: string) => string,
): string {
  let out = '';
  let blanks = 0;
  for (const [index, column] of columns.entries()) {
    const width = widths[index] ?? 0;
    const text = truncateMiddle(textOf(index), width);
    const padding = width - displayWidth(text);
    const before = blanks + (column.align === 'right' ? padding : 0);
    // Blanks are only written in front of a text: a line then ends with its last text, coloured or not.
    if (text !== '') out += ' '.repeat(before) + paint(index, text);
    blanks = (text === '' ? blanks + width : column.align === 'right' ? 0 : padding) + GAP;
  }
  return out;
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const now = widths[index] ?? 0;
      if (column.shrinkTo !== undefined && now > column.shrinkTo && now > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
}

/** `label  text` lines with the labels aligned, as the status screen uses them. */
export function renderFields(
  fields: readonly (readonly [label: string, text: string])[],
  layout: Layout,
  indent = 0,
  labelWidth = fields.reduce((most, [label]) => Math.max(most, displayWidth(label)), 0),
): string[] {
  return fields.map(([label, text]) => {
    const room = layout.width === null ? null : layout.width - indent - labelWidth - GAP;
    const safe = printable(text);
    const value = room === null ? safe : truncateMiddle(safe, room);
    return `${' '.repeat(indent)}${layout.paint('dim', pad(label, labelWidth))}${' '.repeat(GAP)}${value}`.trimEnd();
  });
}
