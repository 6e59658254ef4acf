/**
 * What whoever takes over the agent can do: write in its state directory, and talk to the gate. Nothing else. Needs
 * root and Landlock; without Landlock only what file permissions forbid is tested.
 *
 * Easy to get wrong: an attack that fails for another reason proves nothing. So the same position is shown to be able
 * to do what it may, and the set-user-ID program to work for a user who is not confined.
 */
import assert from 'node:assert/strict';
import { chmod, copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import { must } from '../src/command.ts';
import type { Namespace } from '../src/namespace.ts';
import { networkState } from '../src/network-state.ts';
import { startNginx } from '../src/nginx.ts';
import { startLoad } from '../src/steady-load.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';
import type { Attempt, Position } from './programs/compromised-agent.ts';
import type { FrameAnswer } from './programs/hostile-frames.ts';

const BAD = 'bad.test';
const FINE = 'fine.example';
const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs a program of ours exactly as the launcher starts the agent (`start_agent` in ./sallyport). */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what its program prints
async function asAgent<T>(
  namespace: Namespace,
  stateDirectory: string,
  program: string,
  args: readonly string[],
): Promise<{ lines: readonly T[]; stderr: string }> {
  const confine = fileOf('../../apps/gate/src/confine-agent.ts');
  const node = [process.execPath, confine, join(stateDirectory, 'agent'), process.execPath] as const;
  const { status, stdout, stderr } = await namespace.exec([...node, fileOf(program), ...args]);
  assert.equal(status, 0, stderr);
  const lines = stdout.split('\n').filter(Boolean);
  return { lines: lines.map((line) => JSON.parse(line) as T), stderr };
}

async function enforces(namespace: Namespace, address: string): Promise<void> {
  const targets = [FINE, BAD].map((host) => ({ host, address, port: 80 }));
  await using load = await startLoad(namespace, { targets, lanes: 1 });
  const ends = new Set((await load.finish()).map(({ host, end }) => `${host} ${end}`));
  assert.deepEqual([...ends].toSorted(), [`${BAD} ECONNRESET`, `${FINE} answered`]);
}

async function agentUser(): Promise<{ uid: number; gid: number }> {
  return { uid: Number(await must(['id', '-u', 'sallyport'])), gid: Number(await must(['id', '-g', 'sallyport'])) };
}

async function withBlockedHost(namespace: Namespace): Promise<Sallyport> {
  await using undo = new AsyncDisposableStack();
  const sallyport = undo.use(await startSallyport(namespace, { mode: 'block' }));
  await sallyport.json('indicator', 'add', BAD, '--action', 'block');
  undo.move();
  return sallyport;
}

suite('confinement', needsRoot, () => {
  test('code in the position of the agent cannot get out', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace } = lab.client;
    const address = lab.server.addresses[0]?.v4 ?? '';
    await using _nginx = await startNginx(lab.server.namespace, { subjects: [FINE], bulkBytes: 1 });
    await using sallyport = await withBlockedHost(namespace);
    await using other = await startSallyport(lab.server.namespace, { mode: 'audit' });
    await using folder = await createTemporaryFolder('confinement');
    const setuidProgram = join(folder.path, 'id');
    await copyFile('/usr/bin/id', setuidProgram);
    await chmod(setuidProgram, 0o4755);
    const anybody = ['setpriv', '--reuid=65534', '--clear-groups', setuidProgram, '-u'] as const;
    assert.equal((await must(anybody)).trim(), '0', 'a set-user-ID program works here');

    const { gate, launcher, agent } = await sallyport.pids();
    for (const thread of await threadStatuses(gate)) {
      assert.deepEqual(capabilities(thread, 'CapEff'), GATE_CAPABILITIES);
      assert.deepEqual(capabilities(thread, 'CapBnd'), GATE_CAPABILITIES);
    }
    for (const thread of await threadStatuses(agent)) {
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.deepEqual(capabilities(thread, set), []);
      assert.equal(field(thread, 'NoNewPrivs'), '1');
    }

    const before = await networkState(namespace, { counters: false });
    const applied = await readFile(join(sallyport.stateDirectory, 'gate', 'applied.json'), 'utf8');
    const position: Position = {
      ...(await agentUser()),
      stateDirectory: sallyport.stateDirectory,
      otherStateDirectory: other.stateDirectory,
      gatePid: gate,
      launcherPid: launcher,
      setuidProgram,
    };
    const { lines, stderr } = await asAgent<Attempt>(
      namespace,
      sallyport.stateDirectory,
      './programs/compromised-agent.ts',
      [JSON.stringify(position)],
    );
    if (stderr.includes('no Landlock')) t.diagnostic('no Landlock here: only file permissions hold the agent');
    const [allowed, attacks] = [lines.filter(isAllowed), lines.filter((line) => !isAllowed(line))];
    assert.deepEqual(
      allowed.map(({ succeeded, detail }) => ({ succeeded, detail })),
      allowed.map(() => ({ succeeded: true, detail: '' })),
    );
    const excused = stderr.includes('no Landlock') ? /^create a file in |^write through|^make a socket/ : /^$/;
    assert.deepEqual(
      attacks.filter(({ name, succeeded }) => succeeded && !excused.test(name)),
      [],
    );
    for (const { name, detail } of attacks) assert.doesNotMatch(detail, /ENOENT|not found|SyntaxError/, name);
    t.diagnostic(`${attacks.length} attacks failed, ${allowed.length} permitted things worked`);

    assert.equal((await sallyport.pids()).gate, gate);
    assert.equal(await networkState(namespace, { counters: false }), before);
    assert.equal(await readFile(join(sallyport.stateDirectory, 'gate', 'applied.json'), 'utf8'), applied);
    await enforces(namespace, address);
  });

  test('hostile frames: the gate lives, refuses, and keeps its table', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace } = lab.client;
    const address = lab.server.addresses[0]?.v4 ?? '';
    await using _nginx = await startNginx(lab.server.namespace, { subjects: [FINE], bulkBytes: 1 });
    await using sallyport = await withBlockedHost(namespace);
    // Every table that an agent without feeds brings is there before it is held.
    const { gate: before } = await sallyport.until(
      ({ gate }) =>
        gate?.tables.indicators?.hosts === 1 && gate.tables.popular !== null && gate.tables.reputation !== null,
    );
    const { uid, gid } = await agentUser();
    // The real agent stands still meanwhile: it would connect again and again, and each of its connections ends ours.
    const { agent } = await sallyport.pids();
    process.kill(agent, 'SIGSTOP');
    const { lines } = await asAgent<FrameAnswer>(namespace, sallyport.stateDirectory, './programs/hostile-frames.ts', [
      `${uid}`,
      `${gid}`,
      sallyport.stateDirectory,
    ]);
    process.kill(agent, 'SIGCONT');

    assert.deepEqual(
      lines.filter(({ answer }) => answer === 'applied'),
      [],
    );
    const silent = lines.filter(({ answer }) => answer === 'silent').map(({ name }) => name);
    assert.deepEqual(silent, ['length 1 MB, and never more']);
    const refused = lines.filter(({ answer }) => answer === 'refused');
    assert.ok(refused.length >= 15, 'most tables are looked at before they are refused');
    for (const { name, reason } of refused) {
      assert.ok(reason !== '' && !reason.includes('root:') && !reason.includes('\n'), `${name}: ${reason}`);
    }
    t.diagnostic(
      `${refused.length} refused, ${lines.filter(({ answer }) => answer === 'closed').length} connections ended`,
    );

    const reasonOf = (name: string): string => lines.find((line) => line.name === `table: ${name}`)?.reason ?? '';
    assert.match(reasonOf('sparse, 1 GB'), /wrong-length/);
    // Root in all but writing (CAP_DAC_READ_SEARCH): a closed file is opened, and refused for what is in it.
    assert.match(reasonOf('unreadable'), /truncated/);

    // What is compared was said after the attacks: these connections were judged later still.
    await enforces(namespace, address);
    const { gate: after } = await sallyport.until(({ gate }) => (gate?.packets ?? 0) > (before?.packets ?? 0));
    assert.equal(after?.pid, before?.pid);
    assert.deepEqual(after?.tables, before?.tables);
    assert.equal(after?.mode, 'block');
    await sallyport.json('indicator', 'add', 'other.test', '--action', 'block');
    await sallyport.until(({ gate }) => gate?.tables.indicators?.hosts === 2);
  });
});

/** By number (include/uapi/linux/capability.h): the bits of a mask in `/proc/PID/status`. */
const CAPABILITIES: Readonly<Record<number, string>> = {
  2: 'dac_read_search',
  12: 'net_admin',
  13: 'net_raw',
  19: 'sys_ptrace',
  38: 'perfmon',
  39: 'bpf',
};
const GATE_CAPABILITIES = Object.values(CAPABILITIES);

/** `/proc/PID/status` of every thread: capabilities belong to threads. */
async function threadStatuses(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  assert.ok(threads.length > 1);
  return Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')));
}

const field = (status: string, name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';

/** Names of a set, or numbers of those that nobody of ours should have. */
function capabilities(status: string, set: string): string[] {
  const mask = field(status, set);
  assert.match(mask, /^[0-9a-f]{16}$/);
  const bits = BigInt(`0x${mask}`);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((bits >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => CAPABILITIES[bit] ?? `${bit}`);
}

const isAllowed = ({ name }: Attempt): boolean => name.startsWith('allowed: ');
