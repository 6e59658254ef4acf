/**
 * Which column of a CSV file means what: as the user says (`csv:value=ioc,type=ioc_type`), or by the names that
 * published lists give their columns.
 *
 * Easy to get wrong: names are compared without case and punctuation, so `Domain Name` and `domain_name` are one. A
 * column can also be given by its number from 1, which needs no header row.
 */
const CSV_FIELDS = ['value', 'host', 'path', 'port', 'type', 'confidence', 'expires', 'category'] as const;
export type CsvField = (typeof CSV_FIELDS)[number];

const CSV_DELIMITERS = [',', ';', '\t'] as const;
export type CsvDelimiter = (typeof CSV_DELIMITERS)[number];

export interface CsvMap {
  /** Column names or numbers. */
  readonly columns: Readonly<Partial<Record<CsvField, string>>>;
  readonly delimiter: CsvDelimiter | null;
}

const DELIMITER_WORDS: ReadonlyMap<string, CsvDelimiter> = new Map([
  ['comma', ','],
  ['semicolon', ';'],
  [';', ';'],
  ['tab', '\t'],
]);

const isCsvField = (name: string): name is CsvField => CSV_FIELDS.some((field) => field === name);

/** What follows `csv:`, or why it cannot be used. */
export function parseCsvMap(text: string): CsvMap | { readonly reason: string } {
  const columns: Partial<Record<CsvField, string>> = {};
  let delimiter: CsvDelimiter | null = null;
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    if (equals < 0 || value === '') return { reason: `"${pair}" is not FIELD=COLUMN` };
    if (key === 'delimiter') {
      const known = DELIMITER_WORDS.get(value);
      if (known === undefined) return { reason: `delimiter is one of ${[...DELIMITER_WORDS.keys()].join(', ')}` };
      delimiter = known;
    } else if (isCsvField(key)) {
      columns[key] = value;
    } else {
      return { reason: `"${key}" is none of ${CSV_FIELDS.join(', ')}, delimiter` };
    }
  }
  if (columns.value === undefined && columns.host === undefined)
    return { reason: 'value=COLUMN or host=COLUMN is missing' };
  return { columns, delimiter };
}

/** Positions from 0. */
export type ColumnPositions = Readonly<Partial<Record<CsvField, number>>>;

const bare = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Names of the wild, the better ones first. */
const KNOWN: Readonly<Record<CsvField, readonly string[]>> = {
  value: [
    'iocvalue',
    'indicatorvalue',
    'indicator',
    'ioc',
    'url',
    'domain',
    'domainname',
    'fqdn',
    'hostname',
    'dstip',
    'ipaddress',
    'ip',
    'value',
    'cidr',
    'network',
  ],
  host: ['host', 'dsthost'],
  path: ['path', 'uripath'],
  port: ['dstport', 'port'],
  type: ['ioctype', 'indicatortype', 'type'],
  confidence: ['confidencelevel', 'confidence'],
  expires: ['expirationtime', 'expires', 'expiration', 'validuntil'],
  category: ['threattype', 'threat', 'category'],
};

/** Null: the row names no column of a value, so it is no header of a list. */
export function columnsByKnownNames(header: readonly string[]): ColumnPositions | null {
  const names = header.map(bare);
  const positions: Partial<Record<CsvField, number>> = {};
  for (const field of CSV_FIELDS) {
    const found = KNOWN[field].map((name) => names.indexOf(name)).find((position) => position >= 0);
    if (found !== undefined) positions[field] = found;
  }
  if (positions.value === undefined && positions.host === undefined) return null;
  // A value is whole; a host beside it is a part of the same thing.
  if (positions.value !== undefined) delete positions.host;
  if (positions.value !== undefined) delete positions.path;
  return positions;
}

/** Null: a named column is not in the header. Without names (numbers only) any row will do. */
export function columnsOfMap({ columns }: CsvMap, header: readonly string[]): ColumnPositions | null {
  const names = header.map(bare);
  const positions: Partial<Record<CsvField, number>> = {};
  for (const field of CSV_FIELDS) {
    const column = columns[field];
    if (column === undefined) continue;
    const position = isNumber(column) ? Number(column) - 1 : names.indexOf(bare(column));
    if (position < 0) return null;
    positions[field] = position;
  }
  return positions;
}

const isNumber = (column: string): boolean => /^[1-9]\d{0,3}$/.test(column);

/** Whether the map gives every column by its number. */
export const isByNumber = ({ columns }: CsvMap): boolean => Object.values(columns).every(isNumber);

/** Whether a cell of the value column looks like the name of a column. */
export const looksLikeHeader = (cell: string): boolean =>
  KNOWN.value.includes(bare(cell)) || KNOWN.host.includes(bare(cell));

/** The delimiter that the row has most of, a comma when it has none. */
export function guessDelimiter(row: string): CsvDelimiter {
  const unquoted = row.replaceAll(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return CSV_DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}
