/**
 * Sallyport itself: `./sallyport up` in block mode inside the namespace, journal on, with a feed of
 * a million hosts loaded through the command line, none of which the bench asks for.
 */
import { createWriteStream } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { CommandFailed, must, type RunningProgram } from '@sallyport/lab/command';
import type { Namespace } from '@sallyport/lab/namespace';
import { createTemporaryFolder } from '@sallyport/lab/temporary-folder';

import { generatedHosts } from '../generated-hosts.ts';
import { type Arm, shortenTimeWait } from './arm.ts';

const LAUNCHER = fileURLToPath(new URL('../../../sallyport', import.meta.url));
const START_MS = 30_000;
const FEED_MS = 120_000;

export interface SallyportOptions {
  /** Hosts in the feed; 0 loads none. */
  readonly hosts: number;
}

export async function startSallyport(
  namespace: Namespace,
  options: SallyportOptions,
): Promise<Arm & { rootPid: number }> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await createTemporaryFolder('bench-state')).path;
  const state = ['--state-dir', join(folder, 'state')];
  // The launcher looks for Node; it shall find the one that runs the bench.
  const environment = { ...env, PATH: `${dirname(execPath)}${delimiter}${env['PATH'] ?? ''}` };
  const cli = (...args: string[]): Promise<string> =>
    must([LAUNCHER, ...args, ...state], { env: environment, timeoutMs: FEED_MS });

  // Nothing may be installed from in here: the namespace has no way out, and other runs use the same modules.
  const up = namespace.spawn([LAUNCHER, 'up', '--no-install', '--no-default-feeds', '--mode', 'block', ...state], {
    env: environment,
  });
  // Ctrl-C is the documented way to end it; it has to undo its rules.
  undo.defer(async () => void (await up.stop('SIGINT')));
  const gate = async (): Promise<GateStatus | null> => gateStatus(await cli('status', '--json'));
  await untilTrue(gate, (status) => status.enforcingSinceMs > 0, up, START_MS);
  if (options.hosts > 0) {
    const feed = join(folder, 'feed.txt');
    await pipeline(Readable.from(generatedHosts(options.hosts)), createWriteStream(feed));
    await cli('feed', 'add', feed);
    // The command returns when the list is accepted; the table is compiled and handed over after that.
    await untilTrue(gate, (status) => status.tables.reputation?.hosts === options.hosts, up, FEED_MS);
  }
  await shortenTimeWait(namespace);
  const owned = undo.move();
  return {
    namespace,
    handled: async () => (await gate())?.verdicts ?? 0,
    rootPid: up.pid,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the bench reads of `gate` in `sallyport status --json`. */
interface GateStatus {
  /** 0 while it does not enforce. */
  readonly enforcingSinceMs: number;
  readonly verdicts: number;
  readonly tables: { readonly reputation: { readonly hosts: number } | null };
}

function gateStatus(statusJson: string): GateStatus | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own command; the fields are checked below
  const { gate } = JSON.parse(statusJson) as { gate: GateStatus | null };
  if (gate !== null && !(Number.isFinite(gate.verdicts) && Number.isFinite(gate.enforcingSinceMs))) {
    throw new Error('status --json lacks gate.verdicts or gate.enforcingSinceMs');
  }
  return gate;
}

/** Waits for the gate's own word; what `up` prints is for people. */
async function untilTrue(
  gate: () => Promise<GateStatus | null>,
  condition: (status: GateStatus) => boolean,
  up: RunningProgram,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    // Until the agent listens, the command itself fails.
    const status = await gate().catch(() => null);
    if (status !== null && condition(status)) return;
    const problem = up.running ? `status after ${timeoutMs} ms: ${JSON.stringify(status)}` : 'it ended early';
    if (!up.running || performance.now() > deadline) throw new CommandFailed(up.argv, `${problem}\n${up.stderr()}`);
    await delay(100);
  }
}
