import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { readScope } from '../src/rule-columns.ts';
import { isInScope, type Scope, type Subject } from '../src/scope.ts';

const ID = '0123456789abcdef'.repeat(4);
const curl: Subject = {
  uid: 1000,
  executable: '/usr/bin/curl',
  cgroup: '/user.slice/app',
  container: { id: ID, name: 'web' },
};
const nobody: Subject = { uid: null, executable: null, cgroup: null, container: null };

suite('isInScope', () => {
  const cases: readonly { name: string; scope: Scope; want: boolean; unknown?: boolean }[] = [
    { name: 'everybody', scope: {}, want: true, unknown: true },
    { name: 'no user at all', scope: { uids: [] }, want: false },
    { name: 'first of a range', scope: { uids: [[1000, 1999]] }, want: true },
    {
      name: 'last of the second range',
      scope: {
        uids: [
          [0, 0],
          [5, 1000],
        ],
      },
      want: true,
    },
    { name: 'outside', scope: { uids: [[1001, 1999]] }, want: false },
    { name: 'a range that ends before it begins', scope: { uids: [[1999, 0]] }, want: false },
    { name: 'a path', scope: { executables: ['/usr/bin/curl'] }, want: true },
    { name: 'another path to a file of that name', scope: { executables: ['/bin/curl'] }, want: false },
    { name: 'a file name', scope: { executables: ['wget', 'curl'] }, want: true },
    { name: 'part of a file name', scope: { executables: ['url'] }, want: false },
    { name: 'a control group', scope: { cgroups: ['/user.slice/app'] }, want: true },
    { name: 'one above it', scope: { cgroups: ['/user.slice'] }, want: true },
    { name: 'with a slash at its end', scope: { cgroups: ['/user.slice/app/'] }, want: true },
    { name: 'the root', scope: { cgroups: ['/'] }, want: true },
    { name: 'a control group whose name only begins alike', scope: { cgroups: ['/user.slice/ap'] }, want: false },
    { name: 'one below it', scope: { cgroups: ['/user.slice/app/x'] }, want: false },
    { name: 'a container by name', scope: { containers: ['web'] }, want: true },
    { name: 'by its whole id, in capitals', scope: { containers: [ID.toUpperCase()] }, want: true },
    { name: 'by 12 digits', scope: { containers: [ID.slice(0, 12)] }, want: true },
    { name: 'by too few digits', scope: { containers: [ID.slice(0, 11)] }, want: false },
    {
      name: 'all criteria',
      scope: { uids: [[1000, 1000]], executables: ['curl'], cgroups: ['/'], containers: ['web'] },
      want: true,
    },
    { name: 'all but one', scope: { uids: [[1000, 1000]], executables: ['curl'], cgroups: ['/x'] }, want: false },
  ];
  for (const { name, scope, want, unknown = false } of cases) {
    test(name, () => {
      assert.equal(isInScope(scope, curl), want);
      assert.equal(isInScope(scope, nobody), unknown);
      assert.equal(isInScope(scope, null), unknown);
    });
  }
});

suite('readScope', () => {
  const cases = [
    { text: '{}', want: {} },
    { text: '{"containers":["a"],"uids":[[0,4294967295]]}', want: { uids: [[0, 4_294_967_295]], containers: ['a'] } },
    { text: '', want: null },
    { text: 'null', want: null },
    { text: '[]', want: null },
    { text: '{"uids":[0]}', want: null },
    { text: '{"uids":[[0,null]]}', want: null },
    { text: '{"uids":[[0,1,2]]}', want: null },
    { text: '{"executables":"curl"}', want: null },
    { text: '{"cgroups":[1]}', want: null },
    { text: '{"users":["root"]}', want: null },
    { text: '{"__proto__":{"uids":[]}}', want: null },
    { text: '['.repeat(1e6), want: null },
  ];
  for (const { text, want } of cases) test(text.slice(0, 60) || '""', () => assert.deepEqual(readScope(text), want));
});
