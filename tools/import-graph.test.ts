/**
 * The gate runs as root, so what it loads is followed file by file: Node's own modules, koffi, and our packages.
 * The linter sees one file at a time; only the graph shows a package of ours that brings a third party along.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { Reached } from './import-graph.ts';
import { ScratchProject } from './scratch-project.ts';
import { ROOT, sourceFiles } from './source-files.ts';

const GATE = sourceFiles().filter((file) => file.startsWith('apps/gate/src/'));

suite('import graph', () => {
  test('the gate reaches koffi and nothing else that is not ours', () => {
    assert.ok(GATE.length > 0);
    const { files, thirdParty, unknown } = graphOf(ROOT, GATE);
    assert.ok(files.length >= GATE.length);
    assert.deepEqual(unknown, []);
    assert.deepEqual(Object.keys(thirdParty), ['koffi']);
    const strangers = files.filter((file) => !/^(?:packages|apps\/gate)\//.test(file.slice(ROOT.length + 1)));
    assert.deepEqual(strangers, []);
  });

  const hidden = [
    { name: 'through a package of ours', input: `import '@sallyport/contract/event';`, want: 'typebox' },
    { name: 'by import()', input: `await import('typebox');`, want: 'typebox' },
    {
      name: 'by an import of types that still loads',
      input: `import { type Static } from 'typebox';`,
      want: 'typebox',
    },
    { name: 'in a worker', input: `new Worker(new URL('./deep/w.ts', import.meta.url));`, want: 'typebox' },
    { name: 'by a computed name', input: `await import(String(name));`, want: 'unknown' },
    { name: 'by createRequire', input: `import { createRequire } from 'node:module';`, want: 'unknown' },
    { name: 'as a type only', input: `import type { Static } from 'typebox';`, want: 'nothing' },
  ] as const;
  for (const { name, input, want } of hidden) {
    test(`a third party is seen ${name}: ${want}`, () => {
      using project = new ScratchProject();
      project.plant({ 'apps/gate/src/planted.ts': `${input}\n`, 'apps/gate/src/deep/w.ts': `import 'typebox';\n` });
      const { thirdParty, unknown } = graphOf(project.root, ['apps/gate/src/planted.ts']);
      assert.deepEqual(Object.keys(thirdParty), want === 'typebox' ? ['typebox'] : []);
      assert.equal(unknown.length, want === 'unknown' ? 1 : 0, unknown.join());
    });
  }
});

function graphOf(root: string, files: readonly string[]): Reached {
  const program = join(import.meta.dirname, 'import-graph.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['--experimental-vm-modules', program, ...files], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Reached;
}
