import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { unifiedHierarchy } from '../src/process/cgroup-mount.ts';
import { containerOf, readControlGroup } from '../src/process/control-group.ts';

const ID = '3f29c1d2a4b5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff';
const OTHER = ID.split('').toReversed().join('');
const POD = 'pod0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';
const SLICE_POD = POD.replaceAll('-', '_');

suite('containers by their control group', () => {
  const cases: readonly { readonly path: string; readonly want: string | null }[] = [
    { path: `/docker/${ID}`, want: ID },
    { path: `/system.slice/docker-${ID}.scope`, want: ID },
    { path: `/system.slice/docker-${ID}.scope/init.scope`, want: ID },
    { path: `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`, want: ID },
    { path: `/machine.slice/libpod-${ID}.scope`, want: ID },
    { path: `/machine.slice/libpod-conmon-${ID}.scope`, want: null },
    { path: `/libpod_parent/libpod-${ID}`, want: ID },
    {
      path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${SLICE_POD}.slice/cri-containerd-${ID}.scope`,
      want: ID,
    },
    {
      path: `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-${SLICE_POD}.slice/crio-${ID}.scope`,
      want: ID,
    },
    { path: `/kubepods.slice/kubepods-${SLICE_POD}.slice/crio-conmon-${ID}.scope`, want: null },
    { path: `/kubepods/burstable/${POD}/${ID}`, want: ID },
    { path: `/default/${ID}`, want: ID },
    { path: `/system.slice/containerd.service/k8s.io/${ID}`, want: ID },
    { path: `/docker/${ID}/docker/${OTHER}`, want: ID },
    { path: `/docker/${ID}/kubepods/besteffort/${POD}/${OTHER}`, want: ID },
    { path: '/lxc.payload.web1/system.slice/nginx.service', want: 'web1' },
    { path: '/lxc.monitor.web1', want: null },
    { path: '/lxc/web1', want: 'web1' },
    { path: '/machine.slice/systemd-nspawn@build.service/payload', want: 'build' },
    { path: '/', want: null },
    { path: '/system.slice/docker.service', want: null },
    { path: '/user.slice/user-1000.slice/session-2.scope', want: null },
    { path: `/docker/${ID.slice(1)}`, want: null },
    { path: `/docker/${ID}0`, want: null },
    { path: `/docker/${ID.toUpperCase()}`, want: null },
  ];
  for (const { path, want } of cases) {
    test(path, () => assert.equal(containerOf(path)?.id ?? null, want));
  }
});

suite('/proc/PID/cgroup', () => {
  const cases: readonly { readonly name: string; readonly text: string; readonly want: [string, boolean] | null }[] = [
    { name: 'version 2', text: '0::/user.slice/a.scope\n', want: ['/user.slice/a.scope', true] },
    { name: 'a group that was removed', text: '0::/a.scope (deleted)\n', want: ['/a.scope', true] },
    { name: 'at the root', text: '0::/\n', want: ['/', true] },
    {
      name: 'hybrid: everything is at the root of version 2',
      text: '12:pids:/docker/x\n5:memory:/docker/x\n1:name=systemd:/docker/x\n0::/\n',
      want: ['/docker/x', false],
    },
    { name: 'hybrid, where version 2 knows better', text: '1:name=systemd:/b\n0::/a\n', want: ['/a', true] },
    { name: 'version 1 with controllers joined', text: '3:cpu,memory:/m\n2:freezer:/\n', want: ['/m', false] },
    { name: 'version 1 at the root', text: '2:freezer:/\n', want: ['/', false] },
    { name: 'a colon in a name', text: '0::/a:b\n', want: ['/a:b', true] },
    { name: 'a process that has ended', text: '', want: null },
    { name: 'something else', text: 'hello\n', want: null },
  ];
  for (const { name, text, want } of cases) {
    test(name, () => {
      const group = readControlGroup(text);
      assert.deepEqual(group === null ? null : [group.path, group.unified], want);
    });
  }
});

suite('where control groups are mounted', () => {
  const line = (root: string, path: string, type: string): string =>
    `31 23 0:29 ${root} ${path} rw shared:9 - ${type} x rw`;
  const cases: readonly { readonly name: string; readonly lines: readonly string[]; readonly want: string | null }[] = [
    { name: 'as everywhere', lines: [line('/', '/sys/fs/cgroup', 'cgroup2')], want: '/sys/fs/cgroup' },
    {
      name: 'hybrid',
      lines: [
        line('/', '/sys/fs/cgroup', 'tmpfs'),
        line('/', '/sys/fs/cgroup/pids', 'cgroup'),
        line('/', '/sys/fs/cgroup/unified', 'cgroup2'),
      ],
      want: '/sys/fs/cgroup/unified',
    },
    { name: 'a part of it', lines: [line('/docker/x', '/sys/fs/cgroup', 'cgroup2')], want: null },
    { name: 'a blank in its path', lines: [line('/', '/my\\040groups', 'cgroup2')], want: '/my groups' },
    { name: 'without optional fields', lines: ['31 23 0:29 / /c rw - cgroup2 x rw'], want: '/c' },
    { name: 'version 1 alone', lines: [line('/', '/sys/fs/cgroup/pids', 'cgroup')], want: null },
    { name: 'nothing', lines: [], want: null },
  ];
  for (const { name, lines, want } of cases) {
    test(name, () => assert.equal(unifiedHierarchy(`${lines.join('\n')}\n`), want));
  }
});
