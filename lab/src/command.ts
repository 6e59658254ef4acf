/**
 * Running other programs: once to the end (`run`), or as a child that lives for a while (`start`).
 *
 * Never a shell: a command is its argument vector. A program that exits with a failure is a result
 * to look at, not an exception; only a program that cannot be started throws.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** The program and its arguments; never interpreted by a shell. */
export type Argv = readonly [string, ...string[]];

export interface RunOptions {
  /** Written to the program's standard input, which is then closed. Without it, standard input is empty. */
  readonly input?: string | Uint8Array;
  /** The program is killed (SIGKILL) when it runs longer. Default: 60 s. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  /** Replaces the whole environment. Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Ended {
  /** Exit status, or null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Finished extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that did not do what the lab needs. `code` is always `LAB_COMMAND_FAILED`. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly code = 'LAB_COMMAND_FAILED';

  constructor(argv: Argv, reason: string) {
    super(`${argv.join(' ')}: ${reason}`);
  }
}

/** How much of a program's output is kept; the rest is read and dropped. */
const KEPT_OUTPUT_BYTES = 16 * 1024 * 1024;
/** How long a program may take to follow SIGTERM before it gets SIGKILL. */
const STOP_GRACE_MS = 5000;

/** Runs a program to its end. Throws when it cannot be started; a non-zero status is returned. */
export async function run(argv: Argv, options: RunOptions = {}): Promise<Finished> {
  const child = start(argv, options);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  try {
    const ended = await child.exited;
    return { ...ended, stdout: child.stdout(), stderr: child.stderr() };
  } finally {
    clearTimeout(timer);
  }
}

/** Like `run`, for steps that must work: returns standard output, throws `CommandFailed` otherwise. */
export async function must(argv: Argv, options: RunOptions = {}): Promise<string> {
  const { status, signal, stdout, stderr } = await run(argv, options);
  if (status !== 0) throw new CommandFailed(argv, `${signal ?? `exit ${status}`} ${(stderr || stdout).trim()}`);
  return stdout;
}

export type StartOptions = Pick<RunOptions, 'cwd' | 'env'>;

/** Starts a program and returns at once. It ends when it wants to, or when the handle is stopped or disposed of. */
export function start(argv: Argv, options: StartOptions = {}): RunningProgram {
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  return new RunningProgram(argv, child);
}

/** A started program. `stop` and disposal may be called any number of times. */
export class RunningProgram implements AsyncDisposable {
  readonly argv: Argv;
  /** Resolves when the program has ended and all its output was read; rejects when it could not be started. */
  readonly exited: Promise<Ended>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #stdout: KeptOutput;
  readonly #stderr: KeptOutput;

  constructor(argv: Argv, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.argv = argv;
    this.#child = child;
    this.#stdout = new KeptOutput(child.stdout);
    this.#stderr = new KeptOutput(child.stderr);
    // A program that ends without reading its input is no error of ours.
    child.stdin.on('error', () => {});
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve({ status, signal }));
    });
    // Whoever waits sees the failure; when nobody waits it must not end this process.
    this.exited.catch(() => {});
  }

  /** The program's process id. `ip netns exec` replaces itself, so this is the program inside the namespace. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new CommandFailed(this.argv, 'could not be started');
    return this.#child.pid;
  }

  get stdin(): Writable {
    return this.#child.stdin;
  }

  /** Standard output as it arrives; `stdout()` keeps collecting beside any reader. */
  get stdoutStream(): Readable {
    return this.#child.stdout;
  }

  /** True until the program has ended. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Standard output so far. */
  stdout(): string {
    return this.#stdout.text();
  }

  /** Standard error so far. */
  stderr(): string {
    return this.#stderr.text();
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /**
   * Waits until standard output or standard error contains a match of `pattern` and returns the match.
   * Throws `CommandFailed`, with what was printed, when the program ends or the time is up before.
   */
  async waitForOutput(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.stdout()) ?? pattern.exec(this.stderr());
      if (match !== null) resolve(match);
    };
    const give = (why: string): void =>
      reject(
        new CommandFailed(this.argv, `${why} before printing ${pattern}\n${this.stdout()}${this.stderr()}`.trim()),
      );
    const timer = setTimeout(() => give(`${timeoutMs} ms passed`), timeoutMs);
    this.#child.stdout.on('data', look);
    this.#child.stderr.on('data', look);
    look();
    this.exited.then(
      () => (look(), give('it ended')),
      (error: unknown) => give(String(error)),
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#child.stdout.off('data', look);
      this.#child.stderr.off('data', look);
    }
  }

  /** Asks the program to end with `signal`, insists with SIGKILL after 5 s, and returns how it ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.kill(signal);
    const insist = new AbortController();
    delay(STOP_GRACE_MS, undefined, { signal: insist.signal }).then(
      () => this.kill('SIGKILL'),
      () => {},
    );
    try {
      return await this.exited;
    } finally {
      insist.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }
}

/** The beginning of a stream as text; reads on past the limit so that the writer never blocks. */
class KeptOutput {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      if (this.#bytes >= KEPT_OUTPUT_BYTES) return;
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
