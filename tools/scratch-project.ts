/**
 * A project in a temporary folder, with our real gate configuration around a tree so small that every gate is green.
 *
 * Tests plant faults in it and see them rejected. The commands are the scripts of our package.json, taken as they
 * stand: what is tested is what runs. Overrides of the linter match paths relative to the configuration, which is why
 * the layout is ours; third-party packages are links to ours, workspace packages are links to the scratch ones.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { ROOT } from './source-files.ts';

/** Names of scripts in package.json. */
export type Gate = 'format:check' | 'lint' | 'types' | 'dead';

export interface GateResult {
  readonly passed: boolean;
  readonly stdout: string;
  /** Both streams, for the message of a failed assertion. */
  readonly output: string;
}

/** What the gates themselves and GREEN need; other development dependencies would be reported as unused here. */
const TOOLS = ['@types/node', 'fast-check', 'knip', 'oxfmt', 'oxlint', 'oxlint-tsgolint', 'typescript'];

const CONFIGURATION = ['tsconfig.json', '.oxlintrc.json', '.oxfmtrc.json', 'knip.json'];

/** Dependencies of each scratch package on others. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'packages/contract': ['typebox'],
  'packages/hosts': [],
  'packages/policy': ['@sallyport/hosts'],
  'packages/wire': [],
  'apps/agent': ['@sallyport/contract', '@sallyport/hosts', '@sallyport/policy', '@sallyport/wire'],
  'apps/gate': ['@sallyport/contract', '@sallyport/hosts', '@sallyport/policy', '@sallyport/wire', 'koffi'],
  lab: ['@sallyport/contract'],
  bench: [],
};

/** Uses each package as its layer may, each dependency once, and each export somewhere. Already formatted. */
const GREEN = {
  'packages/wire/src/tls/hello.ts': `import { createHash } from 'node:crypto';

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
`,
  'packages/wire/test/hello.test.ts': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { digest } from '../src/tls/hello.ts';

test('a digest has 64 digits', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(digest(bytes).length, 64) === undefined));
});
`,
  'packages/hosts/src/table.ts': `import { domainToASCII } from 'node:url';

export const canonical = (name: string): string => domainToASCII(name);
`,
  'packages/policy/src/verdict.ts': `import { canonical } from '@sallyport/hosts/table';

export const isBlocked = (name: string): boolean => canonical(name) === 'bad.example';
`,
  'packages/contract/src/flow-record.ts': `export const RECORD_BYTES = 64;
`,
  'packages/contract/src/event.ts': `import { type Static, Type } from 'typebox';

export const Event = Type.Object({ host: Type.String() });
export type Event = Static<typeof Event>;
`,
  'apps/gate/src/main.ts': `import { Worker } from 'node:worker_threads';

import { load } from './sys/library.ts';

load();
new Worker(new URL('queue/worker.ts', import.meta.url)).unref();
`,
  'apps/gate/src/sys/library.ts': `import koffi from 'koffi';

export const load = (): void => void koffi.load(null);
`,
  'apps/gate/src/netlink/message.ts': `export const HEADER_BYTES = 16;
`,
  'apps/gate/src/queue/worker.ts': `import { RECORD_BYTES } from '@sallyport/contract/flow-record';
import { canonical } from '@sallyport/hosts/table';
import { isBlocked } from '@sallyport/policy/verdict';
import { digest } from '@sallyport/wire/tls/hello';

import { HEADER_BYTES } from '../netlink/message.ts';

if (isBlocked(canonical(digest(new Uint8Array(RECORD_BYTES + HEADER_BYTES))))) throw new Error('unreachable');
`,
  'apps/agent/src/main.ts': `import { Event } from '@sallyport/contract/event';
import { canonical } from '@sallyport/hosts/table';
import { isBlocked } from '@sallyport/policy/verdict';
import { digest } from '@sallyport/wire/tls/hello';

const event: Event = { host: canonical('a.example') };
console.log(Event, event, isBlocked(event.host), digest(new Uint8Array(1)));
`,
  'apps/agent/src/cli/main.ts': `console.log('status');
`,
  'lab/src/evaluate.ts': `import { RECORD_BYTES } from '@sallyport/contract/flow-record';

console.log(RECORD_BYTES);
`,
  'bench/src/gate.ts': `console.log('bench');
`,
  'tools/report.ts': `console.log('report');
`,
};

export class ScratchProject implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'sallyport-gates-'));

  constructor() {
    for (const name of CONFIGURATION) copyFileSync(join(ROOT, name), join(this.root, name));
    this.plant({ 'package.json': rootPackage(), ...GREEN });
    for (const [folder, dependencies] of Object.entries(PACKAGES)) {
      this.plant({ [`${folder}/package.json`]: packageOf(folder, dependencies) });
    }
    linkModules(this.root);
  }

  /** Writes files, path relative to the root -> content. */
  plant(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), content);
    }
  }

  /** Runs the script of our package.json, with `options` added at the end of its command line. */
  run(gate: Gate, options = ''): GateResult {
    const path = [join(ROOT, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
    const { status, stdout, stderr } = spawnSync(`${scripts()[gate]} ${options}`, {
      cwd: this.root,
      env: { ...process.env, PATH: path },
      shell: true,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { passed: status === 0, stdout, output: `${stdout}${stderr}` };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

interface OurPackage {
  readonly scripts: Readonly<Record<Gate, string>>;
  readonly workspaces: readonly string[];
  readonly engines: unknown;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function ourPackage(): OurPackage {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file; a missing field fails the first test
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as OurPackage;
}

const scripts = (): OurPackage['scripts'] => ourPackage().scripts;

function rootPackage(): string {
  const { scripts: all, workspaces, engines, devDependencies } = ourPackage();
  return (
    JSON.stringify(
      {
        name: 'scratch',
        private: true,
        workspaces,
        type: 'module',
        scripts: { 'format:check': all['format:check'], lint: all.lint, types: all.types, dead: all.dead },
        devDependencies: Object.fromEntries(TOOLS.map((name) => [name, devDependencies[name]])),
        engines,
      },
      null,
      2,
    ) + '\n'
  );
}

function packageOf(folder: string, dependencies: readonly string[]): string {
  return (
    JSON.stringify(
      {
        name: `@sallyport/${folder.replace(/^.*\//, '')}`,
        private: true,
        type: 'module',
        ...(folder.startsWith('apps/') ? {} : { exports: { './*': './src/*.ts' } }),
        dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
      },
      null,
      2,
    ) + '\n'
  );
}

function linkModules(root: string): void {
  const into = join(root, 'node_modules');
  mkdirSync(join(into, '@sallyport'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name === '@sallyport' || name.startsWith('.')) continue;
    symlinkSync(join(ROOT, 'node_modules', name), join(into, name));
  }
  for (const folder of Object.keys(PACKAGES)) {
    symlinkSync(join(root, folder), join(into, '@sallyport', folder.replace(/^.*\//, '')));
  }
}
