/** An agent in a process of its own, for tests of what happens when it dies, and for figures. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import type { TemporaryState } from './state-fixture.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const COMMAND_LINE = new URL('../src/cli/main.ts', import.meta.url).pathname;
const UNPRIVILEGED = 61_234;
/** As the launcher starts it. */
const FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', '--v8-pool-size=1', '--expose-gc'];

/** Tells, at each SIGUSR2, for how long nothing else could happen at most since the last one. */
const PROBE = `
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('SIGUSR2', () => { process.stderr.write('stall ' + Math.round(delay.max / 1e6) + '\\n'); delay.reset(); });
`;

/** Also what a root agent that gives up root needs; for others nothing has to be done. */
export function giveToAgent(state: TemporaryState): void {
  mkdirSync(state.directory.agent);
  if (process.getuid?.() !== 0) return;
  chmodSync(state.root, 0o755);
  chownSync(state.directory.agent, UNPRIVILEGED, UNPRIVILEGED);
}

export class AgentProcess implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #errors: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;

  private constructor(started: ChildProcessByStdio<null, Readable, Readable>) {
    this.#process = started;
    this.#errors = createInterface({ input: started.stderr })[Symbol.asyncIterator]();
    this.#exit = new Promise((resolve) => started.once('close', resolve));
  }

  /** Resolves when it has loaded its indicators and answers. There is no gate. */
  static async start(state: TemporaryState): Promise<AgentProcess> {
    const identity = process.getuid?.() === 0 ? ['--uid', String(UNPRIVILEGED), '--gid', String(UNPRIVILEGED)] : [];
    const options = ['--state-dir', state.root, '--foreground', '--no-default-feeds', ...identity];
    const probe = ['--import', `data:text/javascript,${encodeURIComponent(PROBE)}`];
    const started = spawn(process.execPath, [...FLAGS, ...probe, MAIN, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const self = new AgentProcess(started);
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.endsWith('custom indicators')) break;
    }
    return self;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }

  /** Of a command as a process beside it: how it ended and what it cost the agent. */
  async measure(state: TemporaryState, ...command: readonly string[]): Promise<Measured> {
    await this.#stallMs();
    this.#resetPeak();
    const beganMs = performance.now();
    const cli = spawn(process.execPath, [...FLAGS, COMMAND_LINE, ...command, '--state-dir', state.root], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    cli.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => cli.once('close', resolve));
    const seconds = (performance.now() - beganMs) / 1000;
    return { code, errors, seconds, stallMs: await this.#stallMs(), ...this.#memoryMb() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #stallMs(): Promise<number> {
    this.#process.kill('SIGUSR2');
    for (let next = await this.#errors.next(); next.done !== true; next = await this.#errors.next()) {
      const [word, ms] = next.value.split(' ');
      if (word === 'stall') return Number(ms);
    }
    throw new Error('the agent has ended');
  }

  #memoryMb(): { readonly peakMb: number; readonly residentMb: number } {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    const megabytes = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return { peakMb: megabytes('VmHWM'), residentMb: megabytes('VmRSS') };
  }

  /** See proc(5), clear_refs. Without root, the peak since the start is what there is. */
  #resetPeak(): void {
    if (process.getuid?.() === 0) writeFileSync(`/proc/${this.#process.pid}/clear_refs`, '5');
  }
}

export interface Measured {
  readonly code: number | null;
  readonly errors: string;
  readonly seconds: number;
  readonly stallMs: number;
  readonly peakMb: number;
  readonly residentMb: number;
}
