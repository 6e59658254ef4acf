import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { isInScope, type Scope } from '@sallyport/hosts/scope';

import { UNKNOWN_UID } from '../src/netlink/queue.ts';
import { ConnectionSubject, type OwnedFlow, type ProcessSources } from '../src/process/connection-subject.ts';
import type { FlowProcess } from '../src/process/flow-process.ts';

const ENDS: OwnedFlow = {
  bytes: Uint8Array.of(192, 0, 2, 1, 198, 51, 100, 7),
  addressLength: 4,
  sourceAt: 0,
  destinationAt: 4,
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 443,
  uid: 1000,
};
const SEEN: FlowProcess = { connectedNs: 1e9, cgroupId: 7, pid: 10, tid: 10, uid: 2000, command: 'curl' };
const SEARCHED: FlowProcess = { ...SEEN, pid: 20, uid: 3000 };
const ID = 'ab'.repeat(32);

/** Says what was asked for, in order. */
function sourcesOf(asked: string[], seen: FlowProcess | null, searched: FlowProcess | null): ProcessSources {
  const find = (what: string, found: FlowProcess | null) => ({
    find: () => {
      asked.push(what);
      return found;
    },
  });
  return {
    seen: find('seen', seen),
    searched: find('searched', searched),
    processes: {
      executable: ({ pid }) => {
        asked.push('executable');
        return `/usr/bin/${pid}`;
      },
      controlGroup: ({ pid }) => {
        asked.push('group');
        return { path: `/group/${pid}`, unified: true, container: { id: ID, name: null } };
      },
    },
  };
}

suite('the subject of a verdict', () => {
  const cases: readonly {
    readonly name: string;
    readonly scope: Scope;
    readonly uid?: number;
    readonly seen?: FlowProcess | null;
    readonly searched?: FlowProcess | null;
    readonly want: boolean;
    readonly asked: readonly string[];
  }[] = [
    { name: 'everybody', scope: {}, want: true, asked: [] },
    { name: 'a user that the queue names', scope: { uids: [[1000, 1000]] }, want: true, asked: [] },
    {
      name: 'a user whose socket is closed already',
      scope: { uids: [[2000, 2000]] },
      uid: UNKNOWN_UID,
      want: true,
      asked: ['seen'],
    },
    {
      name: 'nobody known: a forwarded connection',
      scope: { uids: [[0, 0xffff_fffe]] },
      uid: UNKNOWN_UID,
      seen: null,
      want: false,
      asked: ['seen'],
    },
    { name: 'a program', scope: { executables: ['/usr/bin/10'] }, want: true, asked: ['seen', 'executable'] },
    {
      name: 'a program of another user',
      scope: { executables: ['10'], uids: [[5, 5]] },
      want: false,
      asked: [],
    },
    {
      name: 'a program that only a search finds',
      scope: { executables: ['20'] },
      seen: null,
      want: true,
      asked: ['seen', 'searched', 'executable'],
    },
    {
      name: 'a program that nothing finds',
      scope: { executables: ['20'] },
      seen: null,
      searched: null,
      want: false,
      asked: ['seen', 'searched'],
    },
    {
      name: 'group and container of one process: it is looked for once',
      scope: { cgroups: ['/group'], containers: [ID.slice(0, 12)] },
      want: true,
      asked: ['seen', 'group', 'group'],
    },
  ];
  for (const { name, scope, uid = 1000, seen = SEEN, searched = SEARCHED, want, asked } of cases) {
    test(name, () => {
      const log: string[] = [];
      const subject = new ConnectionSubject(sourcesOf(log, seen, searched));
      subject.set({ ...ENDS, uid });
      assert.deepEqual(log, []);
      assert.equal(isInScope(scope, subject), want);
      assert.deepEqual(log, asked);
    });
  }

  test('the next connection is looked for anew', () => {
    const log: string[] = [];
    const subject = new ConnectionSubject(sourcesOf(log, SEEN, null));
    for (let n = 0; n < 2; n++) {
      subject.set(ENDS);
      assert.equal(subject.executable, '/usr/bin/10');
      assert.equal(subject.cgroup, '/group/10');
    }
    assert.deepEqual(log, ['seen', 'executable', 'group', 'seen', 'executable', 'group']);
  });

  test('without any source only the user is known', () => {
    const subject = new ConnectionSubject(null);
    subject.set(ENDS);
    assert.deepEqual([subject.uid, subject.executable, subject.cgroup, subject.container], [1000, null, null, null]);
  });
});
