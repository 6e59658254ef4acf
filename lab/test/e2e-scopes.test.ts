/**
 * Rules for some users, programs, control groups and containers, and excluded programs: real clients that differ in
 * nothing else ask for the same name, and only those that are meant are blocked.
 *
 * Easy to get wrong: a rule that blocks everybody would pass half of this. Each name is asked for by somebody who is
 * meant and by somebody who is not, in both families.
 */
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import { type Argv, must, run } from '../src/command.ts';
import type { Namespace } from '../src/namespace.ts';
import { startNginx } from '../src/nginx.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab, type DualStack } from '../src/topology.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const NOBODY = 65_534;
const RESET = 56; // curl: failure in receiving network data
const CONTAINER = '4f6d0c9e1b2a'.padEnd(64, '7');

interface Stage {
  readonly client: Namespace;
  readonly address: DualStack;
  /** A copy of curl under another name. */
  readonly fetcher: string;
  readonly sallyport: Sallyport;
}

const NOBODYS = ['setpriv', `--reuid=${NOBODY}`, '--clear-groups'] as const;
const CURL = ['curl'] as const;

suite('scopes', needsRoot, () => {
  test('a rule acts on the processes that it is for and on no others', async (t) => {
    await using stage = await setUp();
    const { sallyport } = stage;
    const fetcher = [stage.fetcher] as const;
    assert.deepEqual(await attributionProblems(sallyport), []);
    await t.test('users', () => users(stage));
    await t.test('programs, by path and by file name', () => programs(stage));
    await t.test('a program of one user', async () => {
      const allowed = [CURL, fetcher, [...NOBODYS, ...fetcher]] as const;
      await expect(stage, 'both.example', { blocked: [[...NOBODYS, ...CURL]], allowed });
    });
    await t.test('control groups and containers', (group) => controlGroups(group, stage));
    await t.test('a destination that the machine itself rewrites', () => rewritten(stage));
    await t.test('an excluded program is not judged', async () => {
      await sallyport.json('indicator', 'add', 'all.example', '--action', 'block');
      await expect(stage, 'all.example', { blocked: [CURL, fetcher], allowed: [] });
      await sallyport.json('config', 'set', 'ExclusionProcess', stage.fetcher);
      await expect(stage, 'all.example', { blocked: [CURL], allowed: [fetcher, [...NOBODYS, ...fetcher]] });
    });
  });

  test('where eBPF cannot be used the same rules act, and the status says why it is not used', async (t) => {
    // Programs at the root of a cgroup namespace would not see the rest of the machine, so none is loaded there.
    await using stage = await setUp(['unshare', '--cgroup']);
    const [problem, ...others] = await attributionProblems(stage.sallyport);
    assert.match(problem ?? '', /searched for in \/proc.* because .*cgroup namespace/);
    assert.deepEqual(others, []);
    await t.test('users', () => users(stage));
    await t.test('programs, by path and by file name', () => programs(stage));
  });
});

async function setUp(by?: Argv): Promise<Stage & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await createPairLab({ serverAddresses: 1 }));
  const folder = undo.use(await createTemporaryFolder('scopes'));
  await chmod(folder.path, 0o755);
  const [address] = lab.server.addresses;
  assert.ok(address);
  const client = lab.client.namespace;
  const fetcher = join(folder.path, 'fetcher');
  await copyFile((await must(['which', 'curl'])).trim(), fetcher);
  await chmod(fetcher, 0o755);
  undo.use(await startNginx(lab.server.namespace, { subjects: ['lab.example'], bulkBytes: 1 }));
  const sallyport = undo.use(await startSallyport(client, { mode: 'block', ...(by !== undefined && { by }) }));
  for (const [name, ...scope] of [
    ['user.example', '--user', `${NOBODY}`],
    ['path.example', '--process', fetcher],
    ['file-name.example', '--process', 'fetcher'],
    ['both.example', '--process', 'curl', '--user', `${NOBODY}`],
    ['group.example', '--cgroup', '/sallyport-lab'],
    ['container.example', '--container', CONTAINER.slice(0, 12)],
  ] as const) {
    await sallyport.json('indicator', 'add', name, '--action', 'block', ...scope);
  }
  await sallyport.until(({ gate }) => gate?.tables.indicators?.hosts === 6);
  const owned = undo.move();
  return { client, address, fetcher, sallyport, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function attributionProblems(sallyport: Sallyport): Promise<string[]> {
  const { problems } = await sallyport.until(({ gate }) => gate !== null);
  return problems.filter((problem) => problem.includes('attribution'));
}

const users = (stage: Stage): Promise<void> =>
  expect(stage, 'user.example', { blocked: [[...NOBODYS, ...CURL]], allowed: [CURL, [stage.fetcher]] });

async function programs(stage: Stage): Promise<void> {
  const want = { blocked: [[stage.fetcher], [...NOBODYS, stage.fetcher]] as const, allowed: [CURL] };
  await expect(stage, 'path.example', want);
  await expect(stage, 'file-name.example', want);
}

/** As with a port that a container publishes: the socket is connected to one address, the packets go to another. */
async function rewritten({ client, address, ...stage }: Stage): Promise<void> {
  const before = { v4: '198.18.200.1', v6: '2001:db8::c801' };
  for (const [tool, from, to] of [
    ['iptables-nft', before.v4, address.v4],
    ['ip6tables-nft', before.v6, address.v6],
  ] as const) {
    await client.must([tool, '-t', 'nat', '-A', 'OUTPUT', '-d', from, '-j', 'DNAT', '--to-destination', to]);
  }
  const scoped = { ...stage, client, address: before };
  await expect(scoped, 'path.example', { blocked: [[stage.fetcher]], allowed: [['curl']] });
}

/** Groups of the version 2 hierarchy, with curl in them. */
async function controlGroups(t: TestContext, stage: Stage): Promise<void> {
  const mountInfo = await readFile('/proc/self/mountinfo', 'utf8');
  const root = /^\S+ \S+ \S+ \/ (?<path>\S+) .* - cgroup2 /m.exec(mountInfo)?.groups?.['path'];
  if (root === undefined) {
    t.skip('no control groups of version 2 here');
    return;
  }
  // The container's is inside of the other one.
  const groups = [join(root, 'sallyport-lab'), join(root, 'sallyport-lab', `docker-${CONTAINER}.scope`)] as const;
  for (const group of groups) await mkdir(group, { recursive: true });
  try {
    // `ip netns exec` hides the hierarchy from what it runs, so the shell joins the group first.
    const inside = (group: string): Argv => ['sh', '-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', group];
    const [outer, inner] = [inside(groups[0]), inside(groups[1])];
    await expect(stage, 'group.example', { blocked: [['curl']], allowed: [] }, outer);
    await expect(stage, 'group.example', { blocked: [['curl']], allowed: [] }, inner);
    await expect(stage, 'group.example', { blocked: [], allowed: [['curl']] });
    await expect(stage, 'container.example', { blocked: [['curl']], allowed: [] }, inner);
    await expect(stage, 'container.example', { blocked: [], allowed: [['curl']] }, outer);
  } finally {
    for (const group of groups.toReversed()) await rmdir(group);
  }
}

async function expect(
  { client, address }: Pick<Stage, 'client' | 'address'>,
  host: string,
  { blocked, allowed }: { blocked: readonly Argv[]; allowed: readonly Argv[] },
  around: readonly string[] = [],
): Promise<void> {
  const clients = [...blocked.map((argv) => ({ argv, want: RESET })), ...allowed.map((argv) => ({ argv, want: 0 }))];
  for (const target of [address.v4, `[${address.v6}]`]) {
    for (const { argv, want } of clients) {
      const options = ['-sS', '-m', '10', '-o', '/dev/null', '-H', `Host: ${host}`, `http://${target}/`];
      const [program = '', ...args] = [...around, ...client.argv([...argv, ...options])];
      const { status, stderr } = await run([program, ...args]);
      assert.equal(status, want, `${host} by ${argv.join(' ')} at ${target}: ${stderr}`);
    }
  }
}
