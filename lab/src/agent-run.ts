/**
 * A real `./sallyport up` in a namespace, and the ways to talk to it: the command line as people use it, and the
 * control socket for tests that make thousands of changes.
 *
 * Easy to get wrong: the launcher is the supervisor. Ending the gate or the agent only makes it start them again;
 * `stop` ends the launcher, which takes both down and undoes the rules. Their pids are asked for each time, because
 * either may have been started again since.
 */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { StatusView } from '@sallyport/contract/control';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import { encodeJsonFrame, FrameReader } from '@sallyport/contract/gate-link';

import { type Argv, CommandFailed, type Ended, type Finished, run, type RunningProgram } from './command.ts';
import type { Namespace } from './namespace.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** The launcher at the root of this repository. */
export const LAUNCHER = fileURLToPath(new URL('../../sallyport', import.meta.url));

const START_MS = 30_000;
/** The launcher gives gate and agent 5 s each, then sweeps. */
const STOP_MS = 20_000;
const COMMAND_MS = 120_000;
const ASK_AGAIN_MS = 20;

export interface SallyportOptions {
  /** Default: a new folder that disappears with the handle. One that is given stays, for a second start on it. */
  readonly stateDirectory?: string;
  /** Without it the stored mode counts; block in a new state directory. */
  readonly mode?: 'block' | 'audit' | 'disabled';
  /** Further arguments of `up`. */
  readonly args?: readonly string[];
  /** A command that becomes the launcher, for example `unshare --cgroup`. */
  readonly by?: Argv;
}

export interface Sallyport extends AsyncDisposable {
  readonly namespace: Namespace;
  readonly stateDirectory: string;
  /** `./sallyport up` itself; what it and its children printed. */
  readonly up: RunningProgram;
  /** `./sallyport ARGS --state-dir …`, inside the namespace. Failing is a result. */
  cli(...args: readonly string[]): Promise<Finished>;
  /** Standard output of `./sallyport ARGS --json`, parsed. Throws `CommandFailed` unless it exits with 0. */
  json<T = unknown>(...args: readonly string[]): Promise<T>;
  /** `events --json ARGS`: one object a line. */
  events(...args: readonly string[]): Promise<DeviceNetworkEvent[]>;
  /**
   * One call of the control socket (contract's `Control`), a few hundred times cheaper than a command. Rejects with
   * `CommandFailed` and the agent's own words when it refuses. For the methods whose answer is one value.
   */
  call<T = unknown>(method: string, ...args: readonly unknown[]): Promise<T>;
  status(): Promise<StatusView>;
  /** Packets that the kernel has handed to this gate's queue so far. The status has the same figure, a second later. */
  queued(): Promise<number>;
  pids(): Promise<{ readonly launcher: number; readonly gate: number; readonly agent: number }>;
  /** Resolves once `condition` holds of the status; throws `CommandFailed` after `timeoutMs` (30 s) or when `up` ends. */
  until(condition: (status: StatusView) => boolean, timeoutMs?: number): Promise<StatusView>;
  /** SIGTERM to the launcher; returns when it and both processes are gone. May be repeated. */
  stop(): Promise<Ended>;
}

/** Starts Sallyport in `namespace` and returns once it enforces (or, in mode disabled, once gate and agent have met). */
export async function startSallyport(namespace: Namespace, options: SallyportOptions = {}): Promise<Sallyport> {
  await using undo = new AsyncDisposableStack();
  const stateDirectory =
    options.stateDirectory ?? join(undo.use(await createTemporaryFolder('sallyport')).path, 'state');
  const mode = options.mode === undefined ? [] : ['--mode', options.mode];
  // Namespaces have no way out, so public feeds would only be complaints.
  const args = ['--no-install', '--no-default-feeds', '--state-dir', stateDirectory, ...mode, ...(options.args ?? [])];
  const launch: Argv = [LAUNCHER, 'up', ...args];
  const argv: Argv = options.by === undefined ? launch : [...options.by, ...launch];
  const up = namespace.spawn(argv, { env: launcherEnvironment() });
  undo.defer(async () => void (await end(up)));

  const controlSocket = join(stateDirectory, 'agent', 'control.sock');
  const call = <T>(method: string, ...values: readonly unknown[]): Promise<T> =>
    callControl(controlSocket, method, values);
  const status = (): Promise<StatusView> => call('status');
  const cli = (...words: readonly string[]): Promise<Finished> =>
    runCommand(namespace, [...words, '--state-dir', stateDirectory]);
  const printed = async (...words: readonly string[]): Promise<string> => {
    const finished = await cli(...words, '--json');
    if (finished.status !== 0) throw new CommandFailed([LAUNCHER, ...words], finished.stderr.trim());
    return finished.stdout;
  };
  const until: Sallyport['until'] = async (condition, timeoutMs = START_MS) => {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // Until the agent listens, and while it is started again, asking itself fails.
      const seen = await status().catch(() => null);
      if (seen !== null && condition(seen)) return seen;
      if (!up.running || performance.now() > deadline) {
        const what = up.running ? `not seen within ${timeoutMs} ms` : 'it ended';
        throw new CommandFailed(up.argv, `${what}; status ${JSON.stringify(seen)}\n${up.stdout()}${up.stderr()}`);
      }
      await delay(ASK_AGAIN_MS);
    }
  };

  await until(({ gate }) => gate !== null && (gate.enforcingSinceMs > 0 || gate.mode === 'disabled'));
  const owned = undo.move();
  return {
    namespace,
    stateDirectory,
    up,
    cli,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own command; the caller says what it prints
    json: async <T>(...words: readonly string[]) => JSON.parse(await printed(...words)) as T,
    events: async (...words) =>
      (await printed('events', ...words))
        .split('\n')
        .filter(Boolean)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own command
        .map((line) => JSON.parse(line) as DeviceNetworkEvent),
    call,
    status,
    queued: async () => {
      const number = (await until(({ gate }) => gate !== null)).gate?.queueNumber ?? 0;
      return lastPacketNumber(await namespace.must(['cat', '/proc/net/netfilter/nfnetlink_queue']), number);
    },
    pids: async () => {
      const { pid, gate } = await until((seen) => seen.pid !== null && seen.gate !== null);
      return { launcher: up.pid, gate: gate?.pid ?? 0, agent: pid ?? 0 };
    },
    until,
    stop: () => end(up),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs `./sallyport ARGS` in `namespace`, with this same Node; for what needs no running agent. */
export function runCommand(
  namespace: Namespace,
  args: readonly string[],
  timeoutMs: number = COMMAND_MS,
): Promise<Finished> {
  return namespace.exec([LAUNCHER, ...args], { env: launcherEnvironment(), timeoutMs });
}

/** The launcher looks for Node in PATH: it shall find the one that runs the test. */
export const launcherEnvironment = (): NodeJS.ProcessEnv => ({
  ...env,
  PATH: `${dirname(execPath)}${delimiter}${env['PATH'] ?? ''}`,
});

async function end(up: RunningProgram): Promise<Ended> {
  up.kill('SIGTERM');
  const given = new AbortController();
  const late = delay(STOP_MS, 'late', { signal: given.signal }).catch(() => 'ended' as const);
  const first = await Promise.race([up.exited, late]);
  given.abort();
  if (typeof first !== 'string') return first;
  const { pids } = await childrenOf(up.pid);
  up.kill('SIGKILL');
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  throw new CommandFailed(up.argv, `did not stop within ${STOP_MS} ms\n${up.stderr()}`);
}

async function childrenOf(pid: number): Promise<{ pids: number[] }> {
  const { stdout } = await run(['ps', '--ppid', `${pid}`, '-o', 'pid=']);
  return { pids: stdout.split('\n').filter(Boolean).map(Number) };
}

/** The eighth column of a queue's line is the number of its last packet (net/netfilter/nfnetlink_queue.c, seq_show). */
function lastPacketNumber(queues: string, queueNumber: number): number {
  const columns = queues.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const line = columns.find(([number]) => number === queueNumber);
  if (line?.[7] === undefined) throw new Error(`no queue ${queueNumber} in ${JSON.stringify(queues)}`);
  return line[7];
}

/** Frame types of the control socket, as `apps/agent/src/control/protocol.ts` defines them. */
const CONTROL = { part: 1, request: 2, result: 67, fault: 68 } as const;

/** One request over the control socket at `path`, one connection; the answer may come in parts. See `Sallyport.call`. */
export async function callControl<T>(path: string, method: string, args: readonly unknown[]): Promise<T> {
  const argv: Argv = ['control', method];
  const socket = connectSocket(path);
  try {
    await once(socket, 'connect');
    socket.write(encodeJsonFrame(CONTROL.request, { method, arguments: args, content: false }));
    const reader = new FrameReader();
    const parts: Uint8Array[] = [];
    for await (const chunk of socket) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a socket without an encoding gives buffers
      for (const { type, body } of reader.push(chunk as Buffer) ?? []) {
        if (type !== CONTROL.part && type !== CONTROL.result && type !== CONTROL.fault) continue;
        parts.push(body);
        if (type === CONTROL.part) continue;
        const text = Buffer.concat(parts).toString('utf8');
        if (type === CONTROL.fault) throw new CommandFailed(argv, text);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller names what the method answers
        return JSON.parse(text) as T;
      }
    }
    throw new CommandFailed(argv, 'the agent ended before it answered');
  } finally {
    socket.destroy();
  }
}
