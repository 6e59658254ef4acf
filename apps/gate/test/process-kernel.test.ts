/**
 * The real kernel: who opened the connections of short-lived programs of several users, in both families. Needs root.
 *
 * Easy to get wrong: the clients here are the witnesses. Each says over the connection itself which process and user it
 * is; what the gate finds is compared with that, while the connection stands.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { FlowTuple } from '../src/netlink/conntrack.ts';
import { type ConnectWatch, watchConnects } from '../src/process/connect-watch.ts';
import { type FlowProcess, FlowProcesses } from '../src/process/flow-process.ts';
import { Processes } from '../src/process/processes.ts';
import { SocketOwners } from '../src/process/socket-owners.ts';
import { bpf, close, fdFromBpf, pinned } from '../src/sys/libc.ts';
import { SysError } from '../src/sys/sys-error.ts';

/** The figures that are asked for are 200 processes with 50 connections each. */
const CLIENTS = Number(process.env['SALLYPORT_ATTRIBUTION_CLIENTS'] ?? 40);
const CONNECTIONS = Number(process.env['SALLYPORT_ATTRIBUTION_CONNECTIONS'] ?? 25);
const USERS = [0, 65_534, 2001, 2002, 2003];

/** Bash connects by itself; it says who it is and waits for the answer. */
const CLIENT = `
for n in $(seq "$2"); do
  exec 3<>"/dev/tcp/$0/$1" || exit 1
  printf '%s %s\\n' "$$" "$UID" >&3
  read -r _ <&3
  exec 3>&-
done`;

const isRoot = process.getuid?.() === 0;
let watch: ConnectWatch | null = null;
let reason: string | false = isRoot ? false : 'not root';
if (isRoot) {
  const watching = watchConnects();
  if (watching.kind === 'watching') watch = watching.watch;
  else reason = `no eBPF here: ${watching.reason}`;
}
if (reason !== false) console.log(`skipped: ${reason}`);

interface Seen {
  readonly pid: number;
  readonly uid: number;
  readonly found: FlowProcess | null;
  readonly executable: string | null;
}

/** What is known of the connection at whose other end `accepted` is. */
function tupleOf(accepted: Socket): FlowTuple {
  const [local, remote] = [addressBytes(accepted.remoteAddress ?? ''), addressBytes(accepted.localAddress ?? '')];
  return {
    bytes: Uint8Array.from([...local, ...remote]),
    addressLength: local.length,
    sourceAt: 0,
    destinationAt: local.length,
    protocol: 6,
    sourcePort: accepted.remotePort ?? 0,
    destinationPort: accepted.localPort ?? 0,
  };
}

/** Of the loopback addresses, the only ones here; `::ffff:127.0.0.1` is how a dual-stack server sees IPv4. */
const addressBytes = (text: string): readonly number[] =>
  text === '::1' ? [...Array.from({ length: 15 }, () => 0), 1] : text.replace('::ffff:', '').split('.').map(Number);

suite('attribution', { skip: reason }, () => {
  let directory: string;
  let fetcher: string;
  let server: Server;
  let port: number;
  let accepted: (socket: Socket) => void = () => {};

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sallyport-who-'));
    chmodSync(directory, 0o755);
    fetcher = join(realpathSync(directory), 'fetcher');
    copyFileSync(realpathSync('/bin/bash'), fetcher);
    chmodSync(fetcher, 0o755);
    server = createServer((socket) => accepted(socket)).listen(0, '::');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    watch?.close();
    rmSync(directory, { recursive: true });
  });

  /** Runs clients of all users at once, half by another path, and looks each of their connections up. */
  async function clients(
    find: (ends: FlowTuple) => FlowProcess | null,
  ): Promise<{ seen: Seen[]; paths: Map<number, string> }> {
    const processes = new Processes();
    const seen: Seen[] = [];
    const paths = new Map<number, string>();
    accepted = (socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        const found = find(tupleOf(socket));
        const executable = found === null ? null : processes.executable(found);
        const [pid = 0, uid = 0] = data.toString().split(' ').map(Number);
        seen.push({ pid, uid, found, executable });
        socket.end('\n');
      });
    };
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, n) => {
        const program = n % 2 === 0 ? fetcher : '/bin/bash';
        const address = n % 4 < 2 ? '127.0.0.1' : '::1';
        const uid = USERS[n % USERS.length] ?? 0;
        const child = spawn(program, ['-c', CLIENT, address, `${port}`, `${CONNECTIONS}`], { uid, stdio: 'inherit' });
        paths.set(child.pid ?? 0, realpathSync(program));
        const [status] = (await once(child, 'exit')) as [number | null];
        assert.equal(status, 0);
      }),
    );
    processes.close();
    return { seen, paths };
  }

  /** How many are right in every respect. */
  function right(t: TestContext, { seen, paths }: { seen: Seen[]; paths: Map<number, string> }): number {
    assert.equal(seen.length, CLIENTS * CONNECTIONS);
    const wrong = seen.filter(
      ({ pid, uid, found, executable }) =>
        found?.pid !== pid || found.uid !== uid || executable !== paths.get(pid) || !paths.has(pid),
    );
    t.diagnostic(`${seen.length} connections of ${CLIENTS} processes, ${wrong.length} not right`);
    return seen.length - wrong.length;
  }

  test('with eBPF: every connection has the right process, user and program', async (t) => {
    assert.ok(watch);
    const flows = new FlowProcesses(watch.map.fd, watch.map.netns);
    const outcome = await clients((ends) => flows.find(ends));
    assert.equal(right(t, outcome), CLIENTS * CONNECTIONS);
    for (const { found } of outcome.seen) assert.match(found?.command ?? '', /^(?:bash|fetcher)$/);
  });

  test('without: nearly every one', async (t) => {
    const owners = new SocketOwners();
    const count = right(t, await clients((ends) => owners.find(ends)));
    owners.close();
    assert.ok(count >= 0.99 * CLIENTS * CONNECTIONS);
  });

  async function oneConnection(open: () => unknown): Promise<FlowProcess | null> {
    assert.ok(watch);
    const flows = new FlowProcesses(watch.map.fd, watch.map.netns);
    const { promise, resolve } = Promise.withResolvers<FlowProcess | null>();
    accepted = (socket) => {
      resolve(flows.find(tupleOf(socket)));
      socket.on('error', () => {});
      socket.end();
    };
    await open();
    return promise;
  }

  test('an IPv6 socket that speaks IPv4', async () => {
    const found = await oneConnection(() => connect(port, '::ffff:127.0.0.1').resume());
    assert.equal(found?.pid, process.pid);
  });

  test('a thread', async () => {
    const code = `require('node:net').connect(${port}, '::1').resume()`;
    let worker: Worker | undefined;
    const found = await oneConnection(() => (worker = new Worker(code, { eval: true })));
    assert.equal(found?.pid, process.pid);
    assert.notEqual(found.tid, process.pid);
    await worker?.terminate();
  });

  test('a program that ended: its user and name are known, its path if somebody asked before', async () => {
    const processes = new Processes();
    const found = await oneConnection(async () => {
      const child = spawn(fetcher, ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`], { uid: 2001 });
      await once(child, 'exit');
    });
    assert.deepEqual([found?.uid, found?.command], [2001, 'fetcher']);
    assert.equal(found === null ? '' : processes.executable(found), null);
    processes.close();
  });

  test('a process id that was given to another since is not blamed', async () => {
    const found = await oneConnection(() => connect(port, '127.0.0.1').resume());
    assert.ok(found);
    const processes = new Processes();
    assert.equal(processes.executable(found), realpathSync('/proc/self/exe'));
    processes.close();
    const early = new Processes();
    // As if somebody else of this id had connected in the first second after the machine's start.
    assert.equal(early.executable({ ...found, connectedNs: 1e9 }), null);
    assert.equal(early.controlGroup({ ...found, cgroupId: 0, connectedNs: 1e9 }), null);
    early.close();
  });

  test('another network namespace has connections of its own', async () => {
    assert.ok(watch);
    const elsewhere = new FlowProcesses(watch.map.fd, watch.map.netns + 1n);
    const { promise, resolve } = Promise.withResolvers<FlowProcess | null>();
    accepted = (socket) => {
      resolve(elsewhere.find(tupleOf(socket)));
      socket.on('error', () => {});
      socket.end();
    };
    connect(port, '127.0.0.1').resume();
    assert.equal(await promise, null);
  });

  test('what a look-up costs', async (t) => {
    assert.ok(watch);
    const flows = new FlowProcesses(watch.map.fd, watch.map.netns);
    const processes = new Processes();
    const { promise, resolve } = Promise.withResolvers<FlowTuple>();
    accepted = (socket) => {
      socket.on('error', () => {});
      resolve(tupleOf(socket));
    };
    const client = connect(port, '127.0.0.1').resume();
    const ends = await promise;
    const each = (step: () => unknown): string => {
      const times = Array.from({ length: 2000 }, () => {
        const startedAt = performance.now();
        step();
        return performance.now() - startedAt;
      }).toSorted((a, b) => a - b);
      return `${((times[1000] ?? 0) * 1000).toFixed(1)} µs`;
    };
    const found = flows.find(ends);
    assert.ok(found);
    t.diagnostic(`median: eBPF look-up ${each(() => flows.find(ends))}`);
    t.diagnostic(`median: program of a known process ${each(() => processes.executable(found))}`);
    t.diagnostic(`median: control group of a known process ${each(() => processes.controlGroup(found))}`);
    t.diagnostic(`median: program of a new process ${each(() => (processes.close(), processes.executable(found)))}`);
    const owners = new SocketOwners();
    t.diagnostic(`median: search for a known process ${each(() => owners.find(ends))}`);
    owners.close();
    processes.close();
    client.destroy();
  });

  test('when the process is killed, nothing is left in the kernel', async () => {
    const program = fileURLToPath(new URL('process-holder.ts', import.meta.url));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(line.toString(), 'watching\n');
    const ids = programIds(child.pid ?? 0);
    assert.equal(ids.length, 3);
    assert.deepEqual(ids.filter(exists), ids);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // The kernel frees a program after a grace period.
    for (let turn = 0; turn < 200 && ids.some(exists); turn++) await delay(10);
    assert.deepEqual(ids.filter(exists), []);
  });
});

suite('where eBPF cannot be used, the reason is said', { skip: isRoot ? false : 'not root' }, () => {
  const holder = fileURLToPath(new URL('process-holder.ts', import.meta.url));
  const capabilities = (names: string): readonly string[] => ['setpriv', `--bounding-set=-all,${names}`];
  const cases: readonly { readonly name: string; readonly around: readonly string[]; readonly want: RegExp }[] = [
    { name: 'without the capability', around: capabilities('+net_admin,+net_raw'), want: /^bpf: .*EPERM/ },
    {
      name: 'without that for its helpers',
      around: capabilities('+net_admin,+bpf'),
      want: /^cgroup_connect4: .*helper/,
    },
    { name: 'in a cgroup namespace', around: ['unshare', '--cgroup'], want: /cgroup namespace/ },
    { name: 'in a pid namespace', around: ['unshare', '--pid', '--fork', '--mount-proc'], want: /first pid namespace/ },
    {
      name: 'without control groups',
      around: ['unshare', '--mount', 'sh', '-c', 'umount -R /sys/fs/cgroup && exec "$@"', 'sh'],
      want: /version 2\) is not mounted/,
    },
  ];
  for (const { name, around, want } of cases) {
    test(name, () => {
      const [program, ...args] = [...around, process.execPath, holder];
      const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
      assert.match(stdout, want, stderr);
    });
  }
});

/** Ids of the eBPF programs that a process holds. */
function programIds(pid: number): number[] {
  const ids = new Set<number>();
  for (let fd = 0; fd < 64; fd++) {
    try {
      const id = /^prog_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1];
      if (id !== undefined) ids.add(Number(id));
    } catch {
      continue; // no such descriptor
    }
  }
  return [...ids];
}

const PROG_GET_FD_BY_ID = 13;

function exists(id: number): boolean {
  const attributes = pinned(12);
  attributes.view.setUint32(0, id, true);
  try {
    close(fdFromBpf(bpf(PROG_GET_FD_BY_ID, attributes, 12)));
    return true;
  } catch (error) {
    if (error instanceof SysError && error.code === 'ENOENT') return false;
    throw error;
  }
}
