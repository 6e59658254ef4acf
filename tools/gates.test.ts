/**
 * Every gate must be seen to bite. Faults are planted in a scratch project that carries our real configuration, and
 * each must be rejected for the stated reason; the same project without faults must pass, so a gate that rejects
 * everything fails here too. The arrows of ARCHITECTURE.md are the table `ARROWS`, one row per arrow and direction.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { type Gate, ScratchProject } from './scratch-project.ts';
import { ROOT, sourceFiles } from './source-files.ts';

/** An import planted in `folder`, and what the linter must say about it. */
interface Arrow {
  readonly folder: string;
  readonly imports: string;
  readonly want: 'allowed' | 'rejected';
}

const allowed = (folder: string, ...specifiers: string[]): Arrow[] =>
  specifiers.map((imports) => ({ folder, imports, want: 'allowed' }));
const rejected = (folder: string, ...specifiers: string[]): Arrow[] =>
  specifiers.map((imports) => ({ folder, imports, want: 'rejected' }));

const OTHERS_OF_A_PACKAGE = [
  '@sallyport/gate/src/main.ts',
  '@sallyport/agent/src/main.ts',
  '@sallyport/lab/evaluate',
  '@sallyport/bench/gate',
  'koffi',
];
const NOT_IN_THE_GATE = [
  'typebox',
  'typebox/value',
  '@sallyport/contract/event',
  '@sallyport/agent/src/main.ts',
  '@sallyport/lab/evaluate',
  '@sallyport/bench/gate',
];

const ARROWS: readonly Arrow[] = [
  // Packages: pure, and no sibling but policy -> hosts.
  ...allowed('packages/wire/src/tls', 'node:crypto', './hello.ts', '../cursor.ts'),
  ...rejected(
    'packages/wire/src/tls',
    ...OTHERS_OF_A_PACKAGE,
    'typebox',
    'node:net',
    'node:fs/promises',
    'node:buffer',
  ),
  ...rejected(
    'packages/wire/src/tls',
    '@sallyport/hosts/table',
    '@sallyport/contract/flow-record',
    '../../../hosts/src/table.ts',
    '../../../../apps/gate/src/main.ts',
    '../../../../tools/report.ts',
  ),
  ...allowed('packages/hosts/src', 'node:url', './table.ts'),
  ...rejected(
    'packages/hosts/src',
    ...OTHERS_OF_A_PACKAGE,
    'typebox',
    'node:crypto',
    'node:fs',
    '@sallyport/policy/verdict',
    '../../wire/src/tls/hello.ts',
  ),
  ...allowed('packages/policy/src', '@sallyport/hosts/table', './verdict.ts'),
  ...rejected(
    'packages/policy/src',
    ...OTHERS_OF_A_PACKAGE,
    'typebox',
    'node:url',
    '@sallyport/wire/tls/hello',
    '@sallyport/contract/event',
    '../../hosts/src/table.ts',
  ),
  ...allowed('packages/contract/src', 'typebox', 'typebox/value', './event.ts'),
  ...rejected(
    'packages/contract/src',
    ...OTHERS_OF_A_PACKAGE,
    'node:fs',
    '@sallyport/hosts/table',
    '../../hosts/src/table.ts',
  ),
  ...rejected('packages/kql/src', ...OTHERS_OF_A_PACKAGE, 'node:fs', '@sallyport/contract/event'),
  ...allowed('packages/wire/test', 'node:fs', 'fast-check', '../src/tls/hello.ts'),
  ...allowed('packages/wire/test/tls', '../../src/tls/hello.ts'),
  ...rejected(
    'packages/wire/test',
    ...OTHERS_OF_A_PACKAGE,
    '@sallyport/hosts/table',
    '../../hosts/src/table.ts',
    '../../../apps/gate/src/main.ts',
  ),
  ...allowed('packages/policy/test', '@sallyport/hosts/table', '../src/verdict.ts'),
  ...rejected('packages/policy/test', ...OTHERS_OF_A_PACKAGE, '@sallyport/wire/tls/hello'),

  // The gate: koffi in sys/ alone, contract without typebox, folders that meet in main.ts.
  ...allowed(
    'apps/gate/src',
    'node:worker_threads',
    './sys/library.ts',
    './queue/worker.ts',
    './netlink/message.ts',
    '@sallyport/wire/tls/hello',
    '@sallyport/policy/verdict',
    '@sallyport/hosts/table',
  ),
  ...allowed(
    'apps/gate/src',
    '@sallyport/contract/flow-record',
    '@sallyport/contract/gate-link',
    '@sallyport/contract/gate-settings',
  ),
  ...rejected(
    'apps/gate/src',
    ...NOT_IN_THE_GATE,
    'koffi',
    '../../agent/src/main.ts',
    '../../../packages/wire/src/tls/hello.ts',
    '../../../tools/report.ts',
  ),
  ...allowed('apps/gate/src/sys', 'koffi', 'node:util', './library.ts'),
  ...rejected('apps/gate/src/sys', ...NOT_IN_THE_GATE, '../queue/worker.ts', '@sallyport/wire/tls/hello'),
  ...allowed('apps/gate/src/netlink', './message.ts'),
  ...rejected(
    'apps/gate/src/netlink',
    ...NOT_IN_THE_GATE,
    'koffi',
    'node:net',
    '../sys/library.ts',
    '../queue/worker.ts',
    '@sallyport/wire/tls/hello',
  ),
  ...allowed('apps/gate/src/ruleset', 'node:util', './render.ts', '@sallyport/contract/gate-settings'),
  ...rejected(
    'apps/gate/src/ruleset',
    ...NOT_IN_THE_GATE,
    'koffi',
    'node:child_process',
    '../sys/library.ts',
    '../queue/worker.ts',
    '../link/server.ts',
    '../netlink/message.ts',
  ),
  ...allowed(
    'apps/gate/src/queue',
    '../netlink/message.ts',
    '../sys/library.ts',
    '@sallyport/policy/verdict',
    '@sallyport/contract/flow-record',
  ),
  ...rejected('apps/gate/src/queue', ...NOT_IN_THE_GATE, 'koffi', '../ruleset/render.ts', '../link/server.ts'),
  ...allowed('apps/gate/src/link', 'node:net', './server.ts', '@sallyport/contract/gate-link'),
  ...rejected(
    'apps/gate/src/link',
    ...NOT_IN_THE_GATE,
    'koffi',
    '../queue/worker.ts',
    '../sys/library.ts',
    '../ruleset/render.ts',
    '@sallyport/policy/verdict',
  ),
  ...allowed('apps/gate/test', '../src/main.ts', '@sallyport/lab/evaluate'),
  ...rejected(
    'apps/gate/test',
    'koffi',
    '@sallyport/agent/src/main.ts',
    '../../agent/src/main.ts',
    '@sallyport/bench/gate',
  ),

  // The agent: nobody imports cli/, and feeds/ stands alone.
  ...allowed(
    'apps/agent/src',
    'node:sqlite',
    './feeds/parse.ts',
    '@sallyport/contract/event',
    '@sallyport/policy/verdict',
  ),
  ...rejected(
    'apps/agent/src',
    'koffi',
    './cli/main.ts',
    '@sallyport/gate/src/main.ts',
    '../../gate/src/main.ts',
    '@sallyport/lab/evaluate',
    '@sallyport/bench/gate',
    '../../../tools/report.ts',
  ),
  ...rejected('apps/agent/src/journal', 'koffi', '../cli/main.ts'),
  ...allowed('apps/agent/src/cli', './main.ts', '../journal/store.ts'),
  ...rejected('apps/agent/src/cli', 'koffi', '@sallyport/gate/src/main.ts', '@sallyport/lab/evaluate'),
  ...allowed('apps/agent/src/feeds', './parse.ts', '@sallyport/hosts/table'),
  ...rejected(
    'apps/agent/src/feeds',
    'koffi',
    '../journal/store.ts',
    '../cli/main.ts',
    '../main.ts',
    '@sallyport/gate/src/main.ts',
    '@sallyport/lab/evaluate',
  ),

  // Everything else.
  ...allowed('lab/src', '@sallyport/contract/event', './evaluate.ts'),
  ...rejected('lab/src', 'koffi', '@sallyport/bench/gate', '../../packages/wire/src/tls/hello.ts'),
  ...allowed('bench/src', '@sallyport/lab/evaluate', './gate.ts'),
  ...rejected('bench/src', 'koffi', '../../lab/src/evaluate.ts'),
  ...rejected('tools', 'koffi', '../packages/wire/src/tls/hello.ts'),
];

/** One fault per lint rule that the project leans on. `rule` is the identifier that the linter prints. */
const FAULTS: readonly { readonly rule: string; readonly file: string; readonly input: string }[] = [
  { rule: 'typescript(no-floating-promises)', file: 'apps/agent/src/a.ts', input: `Promise.resolve(1);` },
  {
    rule: 'typescript(no-misused-promises)',
    file: 'apps/agent/src/b.ts',
    input: `export const b = (p: Promise<boolean>): number => (p ? 1 : 2);`,
  },
  {
    rule: 'typescript(switch-exhaustiveness-check)',
    file: 'packages/wire/src/c.ts',
    input: `export function c(k: 'a' | 'b'): number {\n  switch (k) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}`,
  },
  {
    rule: 'typescript(no-explicit-any)',
    file: 'packages/wire/src/d.ts',
    input: `export const d = (v: any): void => void v;`,
  },
  {
    rule: 'typescript(no-unsafe-assignment)',
    file: 'packages/wire/src/e.ts',
    input: `export const e: number = JSON.parse('1');`,
  },
  {
    rule: 'typescript(no-unsafe-type-assertion)',
    file: 'packages/wire/src/f.ts',
    input: `export const f = (v: unknown): number => v as number;`,
  },
  {
    rule: 'typescript(ban-ts-comment)',
    file: 'packages/wire/src/g.ts',
    input: `// @ts-ignore\nexport const g: number = '';`,
  },
  {
    rule: 'import(no-cycle)',
    file: 'packages/hosts/src/h.ts',
    input: `import { i } from './i.ts';\nexport const h = (): number => i();`,
  },
  {
    rule: 'import(no-cycle)',
    file: 'packages/hosts/src/i.ts',
    input: `import { h } from './h.ts';\nexport const i = (): number => h();`,
  },
  { rule: 'oxc(no-barrel-file)', file: 'packages/hosts/src/j.ts', input: `export * from './table.ts';` },
  { rule: 'import(no-default-export)', file: 'packages/hosts/src/k.ts', input: `export default 1;` },
  {
    rule: 'unicorn(prefer-node-protocol)',
    file: 'apps/gate/src/l.ts',
    input: `import { join } from 'path';\nexport const l = join('a');`,
  },
  {
    rule: 'eslint(eqeqeq)',
    file: 'apps/gate/src/m.ts',
    input: `export const m = (v: string | null): boolean => v == null;`,
  },
  { rule: 'eslint(no-console)', file: 'apps/gate/src/queue/n.ts', input: `console.log(1);` },
  { rule: 'eslint(no-restricted-globals)', file: 'packages/policy/src/o.ts', input: `export const o = process.pid;` },
  { rule: 'eslint(no-restricted-properties)', file: 'packages/policy/src/p.ts', input: `export const p = Date.now();` },
  { rule: 'eslint(no-warning-comments)', file: 'apps/agent/src/q.ts', input: `// TODO later\nexport const q = 1;` },
  { rule: 'unicorn(filename-case)', file: 'apps/agent/src/camelCase.ts', input: `export const r = 1;` },
  // The arrows hold for every form of import.
  {
    rule: 'eslint(no-restricted-imports)',
    file: 'packages/wire/src/t.ts',
    input: `export const t = import('node:net');`,
  },
  {
    rule: 'eslint(no-restricted-imports)',
    file: 'packages/wire/src/u.ts',
    input: `export { connect } from 'node:net';`,
  },
  {
    rule: 'eslint(no-restricted-imports)',
    file: 'packages/wire/src/v.ts',
    input: `import type { Socket } from 'node:net';\nexport type V = Socket;`,
  },
  {
    rule: 'unused directive',
    file: 'lab/src/s.ts',
    input: `// oxlint-disable-next-line no-console\nexport const s = 1;`,
  },
];

/** One file in each place where code lives: a gate that does not look there is found out by a fault planted there. */
const PLACES = [
  'packages/wire',
  'packages/hosts',
  'packages/policy',
  'packages/contract',
  'apps/gate',
  'apps/agent',
  'lab',
  'bench',
].flatMap((folder) => [`${folder}/src/deep/planted.ts`, `${folder}/test/planted.test.ts`]);
const BENCHES = ['packages/hosts/bench/planted.bench.ts', 'apps/gate/bench/planted.bench.ts'];
const EVERYWHERE = [...PLACES, ...BENCHES, 'tools/planted.ts'];

suite('gates', () => {
  for (const gate of ['format:check', 'lint', 'types', 'dead'] satisfies Gate[]) {
    test(`${gate} passes where nothing is wrong`, () => {
      using project = new ScratchProject();
      const { passed, output } = project.run(gate);
      assert.ok(passed, output);
    });
  }

  test('the linter rejects an import against an arrow, and only those', () => {
    using project = new ScratchProject();
    const planted = new Map(ARROWS.map((arrow, index) => [`${arrow.folder}/planted-${index}.ts`, arrow]));
    for (const [file, { imports }] of planted) {
      project.plant({ [file]: `import * as planted from '${imports}';\nexport const used = planted;\n` });
    }
    const { files, rulesByFile } = lint(project);
    assert.ok(files >= planted.size, `linted ${files} files of ${planted.size}`);
    const wrong = [...planted].filter(
      ([file, { want }]) =>
        (rulesByFile(file).includes('eslint(no-restricted-imports)') ? 'rejected' : 'allowed') !== want,
    );
    assert.deepEqual(
      wrong.map(([, { folder, imports, want }]) => `${folder} -> ${imports} must be ${want}`),
      [],
    );
  });

  test('the linter rejects each planted fault by its rule', () => {
    using project = new ScratchProject();
    for (const { file, input } of FAULTS) project.plant({ [file]: `${input}\n` });
    const { passed, files, rulesByFile } = lint(project);
    assert.ok(!passed);
    assert.ok(files >= FAULTS.length, `linted ${files} files of ${FAULTS.length}`);
    assert.deepEqual(
      FAULTS.filter(({ file, rule }) => !rulesByFile(file).includes(rule)).map(
        ({ file, rule }) => `${rule} in ${file}: got ${rulesByFile(file).join()}`,
      ),
      [],
    );
  });

  test('the linter lets a test file call test() without await', () => {
    using project = new ScratchProject();
    project.plant({
      'apps/agent/test/a.test.ts': `import { suite, test } from 'node:test';\n\nsuite('s', () => {\n  test('t', async () => {});\n});\n`,
    });
    assert.deepEqual(lint(project).rulesByFile('apps/agent/test/a.test.ts'), []);
  });

  test('the linter fails when it finds no file', () => {
    using project = new ScratchProject();
    const { passed, output } = project.run('lint', 'docs');
    assert.ok(!passed, output);
  });

  test('the linter looks everywhere', () => {
    using project = new ScratchProject();
    for (const file of EVERYWHERE) project.plant({ [file]: `var planted = 1;\nexport const other = planted;\n` });
    const { rulesByFile } = lint(project);
    assert.deepEqual(
      EVERYWHERE.filter((file) => !rulesByFile(file).includes('eslint(no-var)')),
      [],
    );
  });

  test('the compiler looks everywhere', () => {
    using project = new ScratchProject();
    for (const file of EVERYWHERE) project.plant({ [file]: `export const planted: number = 'text';\n` });
    const { passed, output } = project.run('types');
    assert.ok(!passed);
    assert.deepEqual(
      EVERYWHERE.filter((file) => !output.includes(`${file}(1,14): error TS2322`)),
      [],
    );
  });

  test('the compiler refuses what type stripping cannot run', () => {
    using project = new ScratchProject();
    project.plant({ 'packages/wire/src/kind.ts': `export enum Kind {\n  A,\n}\n` });
    assert.match(project.run('types').output, /kind\.ts\(1,13\): error TS1294/);
  });

  test('the formatter looks everywhere', () => {
    using project = new ScratchProject();
    for (const file of EVERYWHERE) project.plant({ [file]: `export const planted   =  1\n` });
    const { passed, output } = project.run('format:check');
    assert.ok(!passed);
    assert.deepEqual(
      EVERYWHERE.filter((file) => !output.includes(file)),
      [],
    );
  });

  test('the search for dead code looks everywhere', () => {
    using project = new ScratchProject();
    for (const file of EVERYWHERE) project.plant({ [file]: `export const planted = 1;\n` });
    project.plant({
      'apps/gate/src/orphan.ts': `console.log(1);\n`,
      'apps/agent/test/unlisted.test.ts': `import { YAML } from 'yaml';\nconsole.log(YAML);\n`,
    });
    const { passed, output } = project.run('dead');
    assert.ok(!passed);
    assert.deepEqual(
      EVERYWHERE.filter((file) => !output.includes(file)),
      [],
    );
    assert.match(output, /Unused files[^]*orphan\.ts/);
    assert.match(output, /Unlisted dependencies[^]*yaml/);
  });
});

suite('gates on this tree', () => {
  test('the linter reads every source file', () => {
    const listed = tool('oxlint', '--debug=files').split('\n');
    assert.deepEqual(missing(listed), []);
  });

  test('the compiler reads every source file', () => {
    const listed = tool('tsc', '--noEmit', '--listFilesOnly')
      .split('\n')
      .map((path) => path.replace(`${ROOT}/`, ''));
    assert.deepEqual(missing(listed), []);
  });
});

function missing(listed: readonly string[]): string[] {
  const files = sourceFiles();
  assert.ok(files.length > 0);
  const seen = new Set(listed);
  return files.filter((file) => !seen.has(file));
}

function tool(name: string, ...options: string[]): string {
  return spawnSync(join(ROOT, 'node_modules/.bin', name), options, { cwd: ROOT, encoding: 'utf8' }).stdout;
}

interface LintReport {
  readonly number_of_files: number;
  /** `code` is absent for an unused directive. */
  readonly diagnostics: readonly { readonly filename: string; readonly code?: string; readonly message: string }[];
}

function lint(project: ScratchProject): { passed: boolean; files: number; rulesByFile: (file: string) => string[] } {
  const { passed, stdout } = project.run('lint', '--format json');
  const report = JSON.parse(stdout) as LintReport;
  return {
    passed,
    files: report.number_of_files,
    rulesByFile: (file) =>
      report.diagnostics
        .filter(({ filename }) => filename === file)
        .map(({ code, message }) => code ?? (message.startsWith('Unused') ? 'unused directive' : message)),
  };
}
