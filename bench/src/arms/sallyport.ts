/**
 * Sallyport itself: `./sallyport up` in block mode inside the namespace, journal on, with a feed of
 * a million hosts loaded through the command line, none of which the bench asks for.
 */
import { createWriteStream } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import { must } from '@sallyport/lab/command';
import type { Namespace } from '@sallyport/lab/namespace';
import { createTemporaryFolder } from '@sallyport/lab/temporary-folder';

import { generatedHosts } from '../generated-hosts.ts';
import { type Arm, shortenTimeWait } from './arm.ts';

const LAUNCHER = fileURLToPath(new URL('../../../sallyport', import.meta.url));
const START_MS = 60_000;
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

  const up = namespace.spawn([LAUNCHER, 'up', '--mode', 'block', ...state], { env: environment });
  // Ctrl-C is the documented way to end it; it has to undo its rules.
  undo.defer(async () => void (await up.stop('SIGINT')));
  await up.waitForOutput(/is protecting this machine/, START_MS);
  if (options.hosts > 0) {
    const feed = join(folder, 'feed.txt');
    await pipeline(Readable.from(generatedHosts(options.hosts)), createWriteStream(feed));
    await cli('feed', 'add', feed);
  }
  await shortenTimeWait(namespace);
  const owned = undo.move();
  return {
    namespace,
    handled: async () => verdicts(await cli('status', '--json')),
    rootPid: up.pid,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** `gate.verdicts` of `sallyport status --json`. Throws when it is missing. */
function verdicts(statusJson: string): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked on the next line
  const status = JSON.parse(statusJson) as { gate?: { verdicts?: number } };
  if (typeof status.gate?.verdicts !== 'number') throw new Error('status --json has no gate.verdicts');
  return status.gate.verdicts;
}
