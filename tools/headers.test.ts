/**
 * What a newcomer may rely on: every source file opens with a comment that says what it is for, every package has a
 * README, no file is named after nothing in particular, and a file longer than `LONG` says why ("Long because ...").
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';

import { packageFolders, ROOT, sourceFiles } from './source-files.ts';

const LONG = 600;
const BAGS = /^(?:utils?|helpers?|common|shared|misc|lib|index)\.ts$/;

/** What is wrong with a file, one line each. `path` is relative to the root. */
function complaints(path: string, text: string): string[] {
  const header = headerOf(text);
  const lines = text.split('\n').length - 1;
  return [
    ...(header.replace(/[\s/*]/g, '').length < 30 ? [`${path}: no header comment`] : []),
    ...(BAGS.test(basename(path)) ? [`${path}: a name that says nothing`] : []),
    ...(lines > LONG && !/\blong because\b/i.test(header) ? [`${path}: ${lines} lines and no "Long because ..."`] : []),
  ];
}

/** The comment a file opens with (after `#!`), or an empty string. */
function headerOf(text: string): string {
  return /^(?:#!.*\n)?\s*(\/\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? '';
}

suite('headers', () => {
  const header = '/** Reads one thing and answers what it saw there. */\n';
  const cases = [
    { name: 'a header in one line', path: 'a.ts', text: `${header}export const a = 1;\n`, want: [] },
    {
      name: 'a header in slashes after #!',
      path: 'a.ts',
      text: `#!/usr/bin/env node\n// Reads one thing and answers what it saw there.\n`,
      want: [],
    },
    { name: 'none', path: 'a.ts', text: 'export const a = 1;\n', want: ['a.ts: no header comment'] },
    { name: 'one further down', path: 'a.ts', text: `import 'node:fs';\n${header}`, want: ['a.ts: no header comment'] },
    { name: 'an empty one', path: 'a.ts', text: '/** A file. */\n', want: ['a.ts: no header comment'] },
    { name: 'a bag', path: 'x/utils.ts', text: header, want: ['x/utils.ts: a name that says nothing'] },
    {
      name: 'a long file',
      path: 'a.ts',
      text: header + '\n'.repeat(LONG),
      want: [`a.ts: 601 lines and no "Long because ..."`],
    },
    {
      name: 'a long file with a reason',
      path: 'a.ts',
      text: `/** Every message type. Long because it is one table. */\n${'\n'.repeat(LONG)}`,
      want: [],
    },
  ];
  for (const { name, path, text, want } of cases) {
    test(`rule: ${name}`, () => assert.deepEqual(complaints(path, text), want));
  }

  test('every source file keeps the rules', () => {
    const files = sourceFiles().filter((path) => path.includes('/src/') || path.startsWith('tools/'));
    assert.ok(files.length > 0);
    assert.deepEqual(
      files.flatMap((path) => complaints(path, readFileSync(join(ROOT, path), 'utf8'))),
      [],
    );
  });

  test('every package has a README', () => {
    assert.deepEqual(
      packageFolders().filter((folder) => !existsSync(join(ROOT, folder, 'README.md'))),
      [],
    );
  });
});
