/**
 * One network namespace with its interfaces, and the programs that run in it.
 *
 * The name carries this process's id (`sp-<pid>-<lab>-<role>`), so that a later run can tell the
 * leftovers of a crashed lab from the namespaces of one that is still running. Both ends of a veth
 * pair are created inside namespaces: nothing of the lab ever appears among the host's interfaces.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import {
  type Argv,
  type Finished,
  must,
  run,
  RunningProgram,
  type RunOptions,
  start,
  type StartOptions,
} from './command.ts';

/** `ip netns exec` lays the files of `/etc/netns/NAME/` over `/etc` for the program it runs (ip-netns(8)). */
const NAMESPACE_ETC = '/etc/netns';
const LAB_NAME = /^sp-(?<pid>\d+)-[0-9a-f]{4}-/;

/** A short random id that the namespaces of one lab share. */
export const newLabId = (): string => randomBytes(2).toString('hex');

/**
 * Makes an empty namespace `sp-<pid>-<labId>-<role>` with its loopback up.
 * Needs root; throws `CommandFailed` when the kernel or `ip` refuses. Nothing is left after a failure.
 */
export async function createNamespace(labId: string, role: string): Promise<Namespace> {
  const name = `sp-${process.pid}-${labId}-${role}`;
  await using undo = new AsyncDisposableStack();
  const namespace = undo.use(new Namespace(name));
  await must(['ip', 'netns', 'add', name]);
  await namespace.ip('link', 'set', 'lo', 'up');
  // Duplicate address detection would keep the link-local addresses of later interfaces unusable for
  // two seconds, and a router with them: it asks for its neighbours from its link-local address.
  await namespace.sysctl('net.ipv6.conf.default.accept_dad', 0);
  undo.move();
  return namespace;
}

/** Removes the namespaces of labs whose process is gone. Returns the names removed. */
export async function sweepDeadLabs(): Promise<string[]> {
  const listed = (await must(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
  const configured = await readdir(NAMESPACE_ETC).catch(() => []);
  const dead = [...new Set([...listed, ...configured])].filter((name) => {
    const pid = LAB_NAME.exec(name)?.groups?.['pid'];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  for (const name of dead) await new Namespace(name)[Symbol.asyncDispose]();
  return dead;
}

/** A named network namespace. Disposal ends every process in it and removes it; it may be repeated. */
export class Namespace implements AsyncDisposable {
  readonly name: string;
  readonly #programs = new Set<RunningProgram>();

  constructor(name: string) {
    this.name = name;
  }

  /** The argument vector that runs `argv` inside this namespace. */
  argv(argv: Argv): Argv {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }

  /** Runs a program inside the namespace to its end. */
  exec(argv: Argv, options?: RunOptions): Promise<Finished> {
    return run(this.argv(argv), options);
  }

  /** Like `exec`, but throws `CommandFailed` unless the program succeeds; returns standard output. */
  must(argv: Argv, options?: RunOptions): Promise<string> {
    return must(this.argv(argv), options);
  }

  /** Starts a program inside the namespace; it is stopped with the namespace at the latest. */
  spawn(argv: Argv, options?: StartOptions): RunningProgram {
    const program = start(this.argv(argv), options);
    this.#programs.add(program);
    return program;
  }

  /** Starts a TypeScript program with this same Node inside the namespace. */
  spawnNode(program: URL, ...args: readonly string[]): RunningProgram {
    return this.spawn([process.execPath, program.pathname, ...args]);
  }

  /** `ip` acting on this namespace. */
  ip(...args: readonly string[]): Promise<string> {
    return must(['ip', '-n', this.name, ...args]);
  }

  /** Gives `device` an address with prefix length, for example `198.18.1.1/30` or `2001:db8:1::1/64`. */
  async addAddress(device: string, cidr: string): Promise<void> {
    const nodad = cidr.includes(':') ? ['nodad'] : [];
    await this.ip('address', 'add', cidr, 'dev', device, ...nodad);
  }

  async addRoute(destination: string, gateway: string): Promise<void> {
    await this.ip(gateway.includes(':') ? '-6' : '-4', 'route', 'add', destination, 'via', gateway);
  }

  /** Sets a sysctl of the namespace, for example `net.ipv4.ip_forward`. Throws when the kernel refuses. */
  async sysctl(name: string, value: string | number): Promise<void> {
    await this.must(['tee', `/proc/sys/${name.replaceAll('.', '/')}`], { input: `${value}` });
  }

  /**
   * Makes host names resolve inside the namespace (`/etc/hosts` of everything started by it from now on).
   * Replaces earlier names; `localhost` is always there. Other names do not resolve at all.
   */
  async setHosts(addresses: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const lines = Object.entries(addresses).flatMap(([name, list]) => list.map((address) => `${address} ${name}\n`));
    await this.overlayEtc('hosts', `127.0.0.1 localhost\n::1 localhost\n${lines.join('')}`);
    // A resolver that refuses at once, so that a forgotten name fails fast and nothing leaves the lab.
    await this.overlayEtc('resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  }

  /**
   * Gives programs of the namespace their own version of a file below `/etc`; the host's is untouched.
   * The first component of `path` must exist in the host's `/etc`, and a whole folder is replaced by
   * what was overlaid below it. Programs that run already do not see the change.
   */
  async overlayEtc(path: string, text: string): Promise<void> {
    const file = join(NAMESPACE_ETC, this.name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program[Symbol.asyncDispose]()));
    // Children of those programs may have stayed: whatever runs in our namespace is ours.
    const { stdout } = await run(['ip', 'netns', 'pids', this.name]);
    for (const pid of stdout.split('\n').filter(Boolean)) killIfAlive(Number(pid));
    await run(['ip', 'netns', 'delete', this.name]);
    await rm(join(NAMESPACE_ETC, this.name), { recursive: true, force: true });
    // Removed only when empty; other tools may keep their own namespaces' files there.
    await rmdir(NAMESPACE_ETC).catch(() => {});
  }
}

/** One end of a veth pair: the namespace it lives in and the interface's name there. */
export interface VethEnd {
  readonly namespace: Namespace;
  readonly device: string;
}

/** Joins two namespaces by a veth pair (MTU 1500, offloads at the kernel's defaults) and brings both ends up. */
export async function connect(a: VethEnd, b: VethEnd): Promise<void> {
  const first = ['name', a.device, 'netns', a.namespace.name, 'mtu', '1500'];
  const second = ['name', b.device, 'netns', b.namespace.name, 'mtu', '1500'];
  await must(['ip', 'link', 'add', ...first, 'type', 'veth', 'peer', ...second]);
  await a.namespace.ip('link', 'set', a.device, 'up');
  await b.namespace.ip('link', 'set', b.device, 'up');
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
