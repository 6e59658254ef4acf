import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { ImportLine } from '@sallyport/contract/control';
import fc from 'fast-check';

import { type CsvFault, type CsvRecord, readCsv } from '../../src/cli/csv.ts';
import { readIndicatorRows } from '../../src/cli/indicator-rows.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);

/** The text in pieces of `size` characters. */
async function* pieces(input: string, size = input.length): AsyncGenerator<string> {
  for (let at = 0; at < input.length; at += Math.max(1, size)) yield input.slice(at, at + Math.max(1, size));
}

const records = async (input: string, size?: number): Promise<(CsvRecord | CsvFault)[]> =>
  (await Array.fromAsync(readCsv(pieces(input, size)))).flat();

const text = async (input: string, size?: number): Promise<string> =>
  (await records(input, size))
    .map((record) =>
      'reason' in record ? `${record.line}: ${record.reason}` : `${record.line} ${record.fields.join('|')}`,
    )
    .join('\n');

suite('readCsv', () => {
  const cases = [
    { name: 'nothing', input: '', want: '' },
    { name: 'LF, CRLF and CR', input: 'a,b\nc,d\r\ne,f\rg,h', want: '1 a|b\n2 c|d\n3 e|f\n4 g|h' },
    { name: 'byte order mark', input: '\ufeffa,b', want: '1 a|b' },
    { name: 'quotes', input: '"a,b","c ""d""",""', want: '1 a,b|c "d"|' },
    { name: 'empty lines count, and are left out', input: 'a\n\n,,\nb\n', want: '1 a\n4 b' },
    { name: 'a record is where it begins', input: 'a\n"b\r\nc",d\ne', want: '1 a\n2 b\r\nc|d\n4 e' },
    { name: 'a quote inside a bare value is a character', input: 'a"b,c', want: '1 a"b|c' },
    { name: 'quote that is not closed', input: 'a\n"b\nc', want: '1 a\n2: a quoted value is not closed' },
    {
      name: 'text behind a quote',
      input: 'a\n"b"c',
      want: '1 a\n2: text behind a closing quote: write a quote inside a value twice',
    },
  ];
  for (const { name, input, want } of cases) {
    test(name, async () => {
      // However the text is cut, it reads the same.
      for (let size = 1; size <= input.length + 1; size++) assert.equal(await text(input, size), want);
    });
  }

  test('never throws, and pieces do not matter', async () => {
    const any = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\ufeff'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(any, fc.integer({ min: 1, max: 5 }), async (input, size) =>
        assert.deepEqual(await records(input, size), await records(input)),
      ),
      { numRuns },
    );
  });
  test('what was quoted comes back', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' '), minLength: 1, maxLength: 8 });
    const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 4 });
    const property = fc.asyncProperty(rows, async (wanted) => {
      const file = wanted
        .map((fields) => fields.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
        .join('\r\n');
      const read = await records(file);
      assert.deepEqual(
        read.map((record) => ('fields' in record ? record.fields : record.reason)),
        wanted,
      );
    });
    await fc.assert(property, { numRuns });
  });
});

const HEADER = 'indicatorType,indicatorValue,action,title,description';

const rows = async (input: string): Promise<ImportLine[]> =>
  (await Array.fromAsync(readIndicatorRows(readCsv(pieces(input))))).flat();

async function failures(input: string): Promise<string> {
  const lines = await rows(input);
  return lines.map((line) => ('reason' in line ? `${line.row}: ${line.field}: ${line.reason}` : '')).join('\n');
}

suite('readIndicatorRows', () => {
  test('every column, in any order and case', async () => {
    const csv =
      'GenerateAlert,Users,executables,MITRETECHNIQUES,category,rbacGroups,recommendedActions,severity,expirationTime,Description,title,action,indicatorValue,indicatorType\n' +
      'TRUE,"root, 1000-1999",/usr/bin/curl,"T1566, T1204",Malware,"a, b",call us,High,2030-01-31T12:00:00.0Z,why,Scam,block,evil.example,domainname\n' +
      ',,,,,,,,,why,Fine,Allowed,203.0.113.7,IpAddress\n';
    assert.deepEqual(await rows(csv), [
      {
        row: 2,
        input: {
          indicatorType: 'DomainName',
          indicatorValue: 'evil.example',
          action: 'Block',
          title: 'Scam',
          description: 'why',
          expirationTime: '2030-01-31T12:00:00.0Z',
          severity: 'High',
          recommendedActions: 'call us',
          category: 'Malware',
          rbacGroups: ['a', 'b'],
          mitreTechniques: ['T1566', 'T1204'],
          users: ['root', '1000-1999'],
          executables: ['/usr/bin/curl'],
          generateAlert: true,
        },
      },
      {
        row: 3,
        input: {
          indicatorType: 'IpAddress',
          indicatorValue: '203.0.113.7',
          action: 'Allowed',
          title: 'Fine',
          description: 'why',
        },
      },
    ]);
  });

  const cases = [
    { name: 'empty file', input: '', want: `1: header: is missing: write ${HEADER}` },
    { name: 'no rows', input: HEADER, want: '1: rows: there are none below the header' },
    {
      name: 'semicolons',
      input: HEADER.replaceAll(',', ';'),
      want: '1: header: separates its columns by semicolons or tabs: save the file with commas',
    },
    {
      name: 'header',
      input: 'indicatorType,indicatorValue,action,title,title,expirationTme\n',
      want:
        '1: title: stands in the header twice: delete one\n' +
        "1: expirationTme: is no column of an indicator file; did you mean 'expirationTime'?\n" +
        '1: description: is missing in the header: add the column',
    },
    {
      name: 'values',
      input: `${HEADER},expirationTime,severity,GenerateAlert\nFileSha1,0a,BlockAndRemediate,t,d,tomorrow,Severe,maybe\nDomain,a.example,alow,,d,,,\n`,
      want:
        "2: indicatorType: 'FileSha1' does not name a network destination: delete the row\n" +
        "2: action: 'BlockAndRemediate' is for files: write Block\n" +
        "2: severity: 'Severe' is no severity: write Informational, Low, Medium or High\n" +
        "2: expirationTime: 'tomorrow' is no RFC 3339 time: write it as 2030-01-31T12:00:00.0Z\n" +
        "2: GenerateAlert: 'maybe' is neither True nor False\n" +
        '3: title: is empty: every row needs one\n' +
        "3: indicatorType: 'Domain' is no type: write DomainName, Url or IpAddress\n" +
        "3: action: 'alow' is no action; did you mean 'allow'?",
    },
    {
      name: 'a comma too many',
      input: `${HEADER}\nDomainName,a.example,Block,A, B,d\n`,
      want: '2: row: has 6 values for 5 columns: put quotes around values that hold commas',
    },
  ];
  for (const { name, input, want } of cases) test(name, async () => assert.equal(await failures(input), want));
});
