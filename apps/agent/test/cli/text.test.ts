import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { closest } from '../../src/cli/closest.ts';
import { displayWidth, truncateMiddle } from '../../src/cli/display-width.ts';
import { plainLayout } from '../../src/cli/layout.ts';
import { byteSize, count, share } from '../../src/cli/quantity.ts';
import { printable, printableJson } from '../../src/cli/safe-text.ts';
import { renderTable } from '../../src/cli/table.ts';
import { durationText, readDuration, readSince, readTimestamp } from '../../src/cli/time.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('a', '\u001b', '\u009b', '\u202e', '\ud800', '漢', '"'),
  ),
});
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

suite('printable', () => {
  const cases = [
    { name: 'plain', input: 'evil.example', want: 'evil.example' },
    { name: 'colour', input: '\x1b[31mred', want: String.raw`\x1b[31mred` },
    { name: 'one-character CSI', input: '\u009b31m', want: String.raw`\x9b31m` },
    { name: 'line breaks', input: 'a\r\nb\tc', want: String.raw`a\r\nb\tc` },
    { name: 'reading order', input: 'gpj.\u202eexe', want: String.raw`gpj.\u{202e}exe` },
    { name: 'zero width', input: 'a\u200bb', want: String.raw`a\u{200b}b` },
    { name: 'tag character', input: '\u{e0041}', want: String.raw`\u{e0041}` },
    { name: 'other scripts stay', input: '漢字 é', want: '漢字 é' },
  ];
  for (const { name, input, want } of cases) test(name, () => assert.equal(printable(input), want));

  test('leaves nothing that acts on a terminal', () => {
    fc.assert(
      fc.property(anyText, (text) => assert.doesNotMatch(printable(text), DANGEROUS)),
      { numRuns },
    );
  });
  test('JSON keeps its meaning and acts on no terminal', () => {
    const property = fc.property(anyText, (text) => {
      const json = printableJson({ [text]: text });
      assert.deepEqual(JSON.parse(json), { [text]: text });
      assert.doesNotMatch(json, DANGEROUS);
    });
    fc.assert(property, { numRuns });
  });
});

suite('truncateMiddle', () => {
  const cases = [
    { name: 'fits', input: 'abc', width: 3, want: 'abc' },
    { name: 'odd', input: 'abcdefgh', width: 5, want: 'ab…gh' },
    { name: 'even', input: 'abcdefgh', width: 6, want: 'abc…gh' },
    { name: 'wide characters are two cells', input: '漢字漢字', width: 6, want: '漢…字' },
    { name: 'one', input: 'abc', width: 1, want: '…' },
    { name: 'none', input: 'abc', width: 0, want: '' },
  ];
  for (const { name, input, width, want } of cases) test(name, () => assert.equal(truncateMiddle(input, width), want));

  test('never wider than asked', () => {
    const property = fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
      assert.ok(displayWidth(truncateMiddle(text, width)) <= width);
    });
    fc.assert(property, { numRuns });
  });
});

suite('renderTable', () => {
  const columns = [
    { header: 'NAME', shrinkTo: 6 },
    { header: 'N', align: 'right' },
    { header: 'TEXT', shrinkTo: 4 },
  ] as const;
  const rows = [
    ['a.very.long.name.example', '7', 'short'],
    ['b', '1,200', '\x1b[2J'],
    ['漢字', '', ''],
  ];
  test('as wide as it needs to be', () => {
    assert.deepEqual(renderTable(columns, rows, plainLayout(0)), [
      'NAME                          N  TEXT',
      'a.very.long.name.example      7  short',
      String.raw`b                         1,200  \x1b[2J`,
      '漢字',
    ]);
  });
  test('shrunk, the widest column first', () => {
    assert.deepEqual(renderTable(columns, rows, plainLayout(0, 30)), [
      'NAME                N  TEXT',
      'a.very.…xample      7  short',
      String.raw`b               1,200  \x1b[2J`,
      '漢字',
    ]);
  });
  test('colour does not count as width', () => {
    const paint = (_: unknown, text: string): string => `<${text}>`;
    assert.deepEqual(
      renderTable([{ header: 'A' }, { header: 'B' }], [[['red', 'x'], 'y']], { width: 9, paint, nowMs: 0 }),
      ['<A  B>', '<x>  y'],
    );
  });
});

suite('closest', () => {
  const known = ['status', 'events', 'indicator', 'EnableNetworkProtection'];
  const cases = [
    { input: 'evnts', want: 'events' },
    { input: 'stauts', want: 'status' },
    { input: 'ind', want: 'indicator' },
    { input: 'enablenetworkprotecton', want: 'EnableNetworkProtection' },
    { input: 'xyzzy', want: null },
    { input: 'e'.repeat(100_000), want: null },
  ];
  for (const { input, want } of cases) test(input.slice(0, 30), () => assert.equal(closest(input, known), want));
});

suite('quantities and times', () => {
  test('numbers', () => {
    assert.deepEqual([0, 999, 1000, 1210731].map(count), ['0', '999', '1,000', '1,210,731']);
    assert.deepEqual([0, 999, 1000, 21_400_000, 999_999_999].map(byteSize), [
      '0 B',
      '999 B',
      '1.0 kB',
      '21.4 MB',
      '1.0 GB',
    ]);
    assert.deepEqual(
      [share(0, 0), share(999, 1000), share(9999, 10_000), share(5, 5)],
      ['-', '99.9 %', '99.9 %', '100.0 %'],
    );
  });
  test('durations', () => {
    assert.deepEqual(['30m', '24H', '7d', '1.5h', '-1h', 'h', ''].map(readDuration), [
      1_800_000,
      86_400_000,
      604_800_000,
      null,
      null,
      null,
      null,
    ]);
    assert.deepEqual([0, 59_999, 60_000, 11_520_000, 90_000_000, 864_000_000].map(durationText), [
      '0 s',
      '59 s',
      '1 min',
      '3 h 12 min',
      '1 d 1 h',
      '10 d',
    ]);
  });
  test('RFC 3339', () => {
    const cases = [
      ['2026-11-22T14:00:00Z', Date.UTC(2026, 10, 22, 14)],
      ['2026-11-22t14:00:00.5+01:00', Date.UTC(2026, 10, 22, 13) + 500],
      ['2030-01-31T12:00:00.0Z', Date.UTC(2030, 0, 31, 12)],
      ['2026-02-30T00:00:00Z', null],
      ['2026-13-01T00:00:00Z', null],
      ['2026-11-22', null],
      ['2026-11-22T14:00:00', null],
      ['tomorrow', null],
    ] as const;
    for (const [input, want] of cases) assert.equal(readTimestamp(input), want, input);
  });
  test('--since counts back from now', () => {
    assert.equal(readSince('1h', 3_600_000), 0);
    assert.throws(() => readSince('soon', 0), { name: 'UsageError', message: /--since does not understand 'soon'/ });
  });
});
