/**
 * Indicators from the rows of a CSV file in the reference's form (defender-spec 2.7). Columns are found by name, in any
 * order; those for users, executables, cgroups and containers are ours. An unknown column is a failure and not a remark: a mistyped `expirationTime` would silently never expire.
 */
import type { ImportLine } from '@sallyport/contract/control';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';
import type { IndicatorType } from '@sallyport/contract/indicator-values';

import { didYouMean } from './closest.ts';
import { type CsvFault, type CsvRecord, writeCsv } from './csv.ts';
import { readAction, readSeverity, refusedAction, refusedSeverity } from './indicator-action.ts';
import { readTimestamp } from './time.ts';

const INDICATOR_COLUMNS = [
  'indicatorType',
  'indicatorValue',
  'action',
  'title',
  'description',
  'expirationTime',
  'severity',
  'recommendedActions',
  'rbacGroups',
  'category',
  'mitretechniques',
  'GenerateAlert',
  'users',
  'executables',
  'cgroups',
  'containers',
] as const;
type Column = (typeof INDICATOR_COLUMNS)[number];

const REQUIRED = ['indicatorType', 'indicatorValue', 'action', 'title', 'description'] as const satisfies Column[];

const TYPE_WORDS = {
  domainname: 'DomainName',
  url: 'Url',
  ipaddress: 'IpAddress',
} as const satisfies Record<string, IndicatorType>;
const isTypeWord = (text: string): text is keyof typeof TYPE_WORDS => Object.hasOwn(TYPE_WORDS, text);

export interface RowFailure {
  /** Line of the file on which the row begins. */
  readonly row: number;
  readonly field: string;
  readonly reason: string;
}

/** Every row is looked at, also when an earlier one failed; only a header that is no header ends it at once. */
export async function* readIndicatorRows(
  batches: AsyncIterable<readonly (CsvRecord | CsvFault)[]>,
): AsyncGenerator<readonly ImportLine[]> {
  const reader = new RowReader();
  for await (const records of batches) {
    const lines = reader.read(records);
    if (lines.length > 0) yield lines;
    if (reader.isBroken) return;
  }
  yield reader.end();
}

class RowReader {
  isBroken = false;
  #columns: Columns | null = null;
  #headerLine = 1;
  #rows = 0;

  read(records: readonly (CsvRecord | CsvFault)[]): ImportLine[] {
    const lines: ImportLine[] = [];
    for (const record of records) {
      if ('reason' in record) {
        lines.push({ row: record.line, field: 'row', reason: record.reason });
        this.isBroken = true;
        return lines;
      }
      if (this.#columns === null) {
        const header = readHeader(record);
        lines.push(...header.failures);
        this.isBroken = header.failures.length > 0;
        if (this.isBroken) return lines;
        this.#columns = columnsOf(header.columns);
        this.#headerLine = record.line;
        continue;
      }
      this.#rows++;
      const failures: RowFailure[] = [];
      const fail = (field: string, reason: string): void => void failures.push({ row: record.line, field, reason });
      const input = readRow(record, this.#columns, fail);
      if (failures.length === 0 && input !== null) lines.push({ row: record.line, input });
      else lines.push(...failures);
    }
    return lines;
  }

  end(): ImportLine[] {
    if (this.#columns === null) return [{ row: 1, field: 'header', reason: `is missing: write ${REQUIRED.join(',')}` }];
    if (this.#rows > 0) return [];
    return [{ row: this.#headerLine, field: 'rows', reason: 'there are none below the header' }];
  }
}

/** Where the columns of a file are. */
interface Columns {
  /** Index of each; -1 where the file has none. */
  readonly at: Readonly<Record<Column, number>>;
  readonly width: number;
}

function columnsOf(found: ReadonlyMap<Column, number>): Columns {
  const at = Object.fromEntries(INDICATOR_COLUMNS.map((column) => [column, found.get(column) ?? -1])) as Columns['at']; // oxlint-disable-line typescript/no-unsafe-type-assertion -- one entry a column
  return { at, width: Math.max(...found.values()) + 1 };
}

/** The header of an export: all columns. */
export const indicatorHeader = (): string => writeCsv(INDICATOR_COLUMNS);

/** The row that `readIndicatorRows` reads back. A description is required there; without one it is the title. */
export function indicatorRow(indicator: Indicator): string {
  const cells: Record<Column, string> = {
    indicatorType: indicator.indicatorType,
    indicatorValue: indicator.indicatorValue,
    action: indicator.action,
    title: indicator.title,
    description: indicator.description ?? indicator.title,
    expirationTime: indicator.expirationTime ?? '',
    severity: indicator.severity ?? '',
    recommendedActions: indicator.recommendedActions ?? '',
    rbacGroups: (indicator.rbacGroups ?? []).join(','),
    category: indicator.category ?? '',
    mitretechniques: (indicator.mitreTechniques ?? []).join(','),
    GenerateAlert: indicator.generateAlert === undefined ? '' : indicator.generateAlert ? 'True' : 'False',
    users: (indicator.users ?? []).join(','),
    executables: (indicator.executables ?? []).join(','),
    cgroups: (indicator.cgroups ?? []).join(','),
    containers: (indicator.containers ?? []).join(','),
  };
  return writeCsv(INDICATOR_COLUMNS.map((column) => cells[column]));
}

function readHeader(header: CsvRecord): { columns: Map<Column, number>; failures: RowFailure[] } {
  const columns = new Map<Column, number>();
  const failures: RowFailure[] = [];
  const fail = (field: string, reason: string): void => {
    failures.push({ row: header.line, field, reason });
  };
  const only = header.fields.length === 1 ? (header.fields[0] ?? '') : '';
  if (/[;\t]/.test(only) && /indicatorvalue/i.test(only)) {
    fail('header', 'separates its columns by semicolons or tabs: save the file with commas');
    return { columns, failures };
  }
  for (const [index, text] of header.fields.entries()) {
    const typed = text.trim();
    const column = INDICATOR_COLUMNS.find((name) => name.toLowerCase() === typed.toLowerCase());
    if (typed === '') continue;
    if (column === undefined) {
      fail(typed, `is no column of an indicator file${didYouMean(typed, INDICATOR_COLUMNS) || ': delete it'}`);
    } else if (columns.has(column)) {
      fail(column, 'stands in the header twice: delete one');
    } else {
      columns.set(column, index);
    }
  }
  for (const column of REQUIRED) if (!columns.has(column)) fail(column, 'is missing in the header: add the column');
  return { columns, failures };
}

function readRow(
  record: CsvRecord,
  { at, width }: Columns,
  fail: (field: string, reason: string) => void,
): IndicatorInput | null {
  if (record.fields.slice(width).some((field) => field !== '')) {
    fail('row', `has ${record.fields.length} values for ${width} columns: put quotes around values that hold commas`);
    return null;
  }
  const text = (column: Column): string => (record.fields[at[column]] ?? '').trim();
  for (const column of REQUIRED) if (text(column) === '') fail(column, 'is empty: every row needs one');

  const type = text('indicatorType').toLowerCase();
  if (type !== '' && !isTypeWord(type)) {
    const fileLike = /^file|^certificate/.test(type);
    fail(
      'indicatorType',
      `'${text('indicatorType')}' ${fileLike ? 'does not name a network destination: delete the row' : 'is no type: write DomainName, Url or IpAddress'}`,
    );
  }
  const action = readAction(text('action'));
  if (action === null && text('action') !== '') {
    const remedy = /^blockandremediate$/i.test(text('action'))
      ? `'BlockAndRemediate' is for files: write Block`
      : refusedAction(text('action'));
    fail('action', remedy);
  }
  const severity = readSeverity(text('severity'));
  if (severity === null && text('severity') !== '') fail('severity', refusedSeverity(text('severity')));
  const expiration = text('expirationTime');
  if (expiration !== '' && readTimestamp(expiration) === null) {
    fail('expirationTime', `'${expiration}' is no RFC 3339 time: write it as 2030-01-31T12:00:00.0Z`);
  }
  const alert = text('GenerateAlert').toLowerCase();
  if (alert !== '' && alert !== 'true' && alert !== 'false') {
    fail('GenerateAlert', `'${text('GenerateAlert')}' is neither True nor False`);
  }
  if (action === null || !isTypeWord(type)) return null;

  const groups = list(text('rbacGroups'));
  const techniques = list(text('mitretechniques'));
  const scope = (['users', 'executables', 'cgroups', 'containers'] as const)
    .map((field) => [field, list(text(field))] as const)
    .filter(([, items]) => items.length > 0);
  return {
    indicatorValue: text('indicatorValue'),
    indicatorType: TYPE_WORDS[type],
    action,
    title: text('title'),
    description: text('description'),
    ...(expiration === '' ? {} : { expirationTime: expiration }),
    ...(severity === null ? {} : { severity }),
    ...(text('recommendedActions') === '' ? {} : { recommendedActions: text('recommendedActions') }),
    ...(text('category') === '' ? {} : { category: text('category') }),
    ...(groups.length === 0 ? {} : { rbacGroups: groups }),
    ...(techniques.length === 0 ? {} : { mitreTechniques: techniques }),
    ...Object.fromEntries(scope),
    ...(alert === '' ? {} : { generateAlert: alert === 'true' }),
  };
}

const list = (text: string): string[] =>
  text === ''
    ? []
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
