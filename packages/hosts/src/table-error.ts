/** An entry, rule or file that the caller should have refused before; `code` says which. */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly code:
    | 'bad-rule-index'
    | 'bad-rule'
    | 'bad-name'
    | 'bad-address'
    | 'bad-prefix-length'
    | 'path-too-long'
    | 'too-large'
    | 'bad-table';

  constructor(code: TableError['code'], detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
