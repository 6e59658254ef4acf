/**
 * What each app brings onto a machine, compared with the checked-in list `tools/deps/<app>.txt`, where every line
 * carries its reason. The lock file is the source: it is what `npm ci` installs, and reading it needs no npm.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { ROOT } from './source-files.ts';

interface LockEntry {
  readonly version?: string;
  /** For `link` entries: the folder of the workspace package. */
  readonly resolved?: string;
  readonly link?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, LockEntry>>;

/**
 * Third-party packages that `folder` needs in production on the machines we ship to (Linux, x64 and arm64), as
 * `name version`, sorted. Same walk as `npm ls --omit=dev --all -w <folder>`.
 */
function productionDependencies(lock: Lock, folder: string): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const entry = lock[path];
    assert.ok(entry, `${path} is not in package-lock.json`);
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      const at = locate(lock, path, name);
      const target = lock[at];
      assert.ok(target, `${name}, needed by ${path}, is not in package-lock.json`);
      if (target.link) visit(target.resolved ?? '');
      else if (isForUs(target)) {
        found.add(`${name} ${target.version}`);
        visit(at);
      }
    }
  };
  visit(folder);
  return [...found].toSorted();
}

/** Node's look-up: the nearest node_modules upwards. */
function locate(lock: Lock, from: string, name: string): string {
  for (let folder = from; folder !== ''; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (`${folder}/node_modules/${name}` in lock) return `${folder}/node_modules/${name}`;
  }
  return `node_modules/${name}`;
}

const isForUs = ({ os, cpu }: LockEntry): boolean =>
  (os?.includes('linux') ?? true) && (cpu?.some((name) => name === 'x64' || name === 'arm64') ?? true);

const readLock = (): Lock =>
  (JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Lock }).packages;

/** Lines `name version - reason`; `#` starts a comment. */
function checkedIn(app: string): { what: string; reason: string }[] {
  return readFileSync(join(ROOT, `tools/deps/${app}.txt`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [what = '', reason = ''] = line.split(' - ', 2);
      return { what, reason };
    });
}

suite('dependencies', () => {
  for (const app of ['gate', 'agent']) {
    test(`${app}: tools/deps/${app}.txt is what production installs, each with a reason`, () => {
      const listed = checkedIn(app);
      assert.deepEqual(
        productionDependencies(readLock(), `apps/${app}`),
        listed.map(({ what }) => what),
      );
      assert.deepEqual(
        listed.filter(({ reason }) => reason.length < 20),
        [],
      );
    });
  }

  test('the gate depends on koffi alone', () => {
    const names = productionDependencies(readLock(), 'apps/gate').filter((what) => !what.startsWith('@koromix/koffi-'));
    assert.deepEqual(
      names.map((what) => what.replace(/ .*/, '')),
      ['koffi'],
    );
  });

  test('the walk follows workspaces, nesting and platforms', () => {
    const lock: Lock = {
      'apps/a': { dependencies: { '@x/p': '*', top: '1' } },
      'node_modules/@x/p': { link: true, resolved: 'packages/p' },
      'packages/p': { dependencies: { deep: '1' } },
      'node_modules/top': {
        version: '1.0.0',
        dependencies: { deep: '2' },
        optionalDependencies: { 'b-linux': '1', 'b-win': '1' },
      },
      'node_modules/top/node_modules/deep': { version: '2.0.0' },
      'node_modules/deep': { version: '1.0.0' },
      'node_modules/b-linux': { version: '1.0.0', os: ['linux'], cpu: ['arm64'] },
      'node_modules/b-win': { version: '1.0.0', os: ['win32'] },
    };
    assert.deepEqual(productionDependencies(lock, 'apps/a'), [
      'b-linux 1.0.0',
      'deep 1.0.0',
      'deep 2.0.0',
      'top 1.0.0',
    ]);
  });
});
