/** What is wrong with a view file, and where. The only error that reading one throws. */
export class ViewError extends Error {
  override readonly name = 'ViewError';
  /** In UTF-16 code units from the beginning of the file's text. */
  readonly offset: number;

  /** `message`: one line; quoted pieces of the file must be printable already. */
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** `line:column`, both from 1; a column is a character. */
export function positionText(text: string, offset: number): string {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return `${before.length}:${Array.from(before.at(-1) ?? '').length + 1}`;
}
