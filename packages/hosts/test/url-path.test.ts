import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { MAX_PATH_BYTES, normalizePath } from '../src/url-path.ts';

const normal = (path: string): string => {
  const into = new Uint8Array(MAX_PATH_BYTES);
  return Buffer.from(into.subarray(0, normalizePath(Buffer.from(path, 'latin1'), into))).toString('latin1');
};

suite('normalizePath', () => {
  const cases = [
    { path: '', want: '' },
    { path: '/', want: '/' },
    { path: '/a/b', want: '/a/b' },
    { path: '/A/b/', want: '/A/b/' },
    { path: '//a///b', want: '/a/b' },
    { path: '/a/./b/.', want: '/a/b/' },
    { path: '/a/../b', want: '/b' },
    { path: '/a/b/..', want: '/a/' },
    { path: '/../../a', want: '/a' },
    { path: '/...', want: '/...' },
    { path: '/%61%2e%2E/%7e', want: '/a../~' },
    { path: '/x/%2e%2e/a', want: '/a' },
    { path: '/%2f%c3%BC', want: '/%2F%C3%BC' },
    { path: '/%', want: '/%' },
    { path: '/%4', want: '/%4' },
    { path: '/%zz', want: '/%zz' },
    { path: '/a?b=/../%61', want: '/a?b=/../%61' },
    { path: '/a/..?x', want: '/?x' },
    { path: '/a#b', want: '/a' },
    { path: '/a?x#b', want: '/a?x' },
    { path: `/${'a'.repeat(3000)}`, want: `/${'a'.repeat(MAX_PATH_BYTES - 1)}` },
    { path: `/${'a'.repeat(MAX_PATH_BYTES - 2)}%2F`, want: `/${'a'.repeat(MAX_PATH_BYTES - 2)}%` },
  ];
  for (const { path, want } of cases) test(JSON.stringify(path.slice(0, 40)), () => assert.equal(normal(path), want));

  test('is idempotent and bounded for any bytes', () => {
    const piece = fc.oneof(
      fc.constantFrom('/', '.', '..', '%2e', '%2F', '%', '?', '#', '//'),
      fc.string({ maxLength: 3 }),
    );
    const property = fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const once = normal(`/${pieces.join('')}`);
      assert.equal(normal(once), once);
    });
    fc.assert(property, { numRuns: Number(process.env['FUZZ_RUNS'] ?? 2000) });
  });
});
