/**
 * Added time to first byte: one connection at a time, in two namespaces that take turns.
 *
 * Both measuring processes run through the whole measurement and wait while the other has its turn,
 * so neither start-up nor warm-up nor a change of the machine's clock falls on one side only.
 */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

import type { Namespace } from '@sallyport/lab/namespace';
import type { DualStack } from '@sallyport/lab/topology';

import { site } from './load.ts';
import { percentile } from './statistics.ts';

/** Times from connect() to the first byte of the answer, microseconds. */
export interface FirstByteTimes {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly requests: number;
}

export interface FirstByteComparison {
  readonly baseline: FirstByteTimes;
  readonly measured: FirstByteTimes;
  readonly addedP50Us: number;
  readonly addedP99Us: number;
}

export interface FirstByteOptions {
  readonly rounds: number;
  readonly requestsPerRound: number;
}

/** Requests made in each namespace before anything counts. */
const WARM_UP = 300;

/** Requests in both namespaces, in turns, for as many rounds as its owner wants. */
export interface FirstByteProbe extends AsyncDisposable {
  /** Makes `requests` requests in each of the namespaces; their times count from here on. */
  round(requests: number): Promise<void>;
  /** Of all rounds since the last call. */
  take(): FirstByteTally;
}

/** Times of requests, microseconds. */
export interface FirstByteTally {
  readonly baseline: number[];
  readonly measured: number[];
}

export async function compareFirstByte(
  baseline: Namespace,
  measured: Namespace,
  addresses: readonly DualStack[],
  options: FirstByteOptions,
): Promise<FirstByteComparison> {
  await using probe = await startFirstByteProbe(baseline, measured, addresses);
  for (let round = 0; round < options.rounds; round++) await probe.round(options.requestsPerRound);
  return comparison(probe.take());
}

export async function startFirstByteProbe(
  baseline: Namespace,
  measured: Namespace,
  addresses: readonly DualStack[],
): Promise<FirstByteProbe> {
  await using undo = new AsyncDisposableStack();
  const first = undo.use(await startClient(baseline, addresses));
  const second = undo.use(await startClient(measured, addresses));
  await first.request(0, WARM_UP);
  await second.request(0, WARM_UP);
  let times: FirstByteTally = { baseline: [], measured: [] };
  let round = 0;
  const owned = undo.move();
  return {
    round: async (requests) => {
      const n = round++;
      // The order changes from round to round: whoever comes second finds warmer caches.
      const turns = [
        async () => times.baseline.push(...(await first.request(n, requests))),
        async () => times.measured.push(...(await second.request(n, requests))),
      ];
      for (const turn of n % 2 === 0 ? turns : turns.toReversed()) await turn();
    },
    take: () => {
      const taken = times;
      times = { baseline: [], measured: [] };
      return taken;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export function comparison(times: FirstByteTally): FirstByteComparison {
  const [before, after] = [summary(times.baseline), summary(times.measured)];
  return {
    baseline: before,
    measured: after,
    addedP50Us: after.p50Us - before.p50Us,
    addedP99Us: after.p99Us - before.p99Us,
  };
}

const summary = (times: readonly number[]): FirstByteTimes => ({
  p50Us: percentile(times, 0.5),
  p99Us: percentile(times, 0.99),
  requests: times.length,
});

interface MeasuringClient extends AsyncDisposable {
  /** Makes `count` requests to address number `n` and returns each one's time in microseconds. */
  request(n: number, count: number): Promise<number[]>;
}

async function startClient(namespace: Namespace, addresses: readonly DualStack[]): Promise<MeasuringClient> {
  const names = addresses.map(({ v4 }, n) => `${site(n, addresses.length)}=${v4}`);
  const program = namespace.spawnNode(new URL('./programs/first-byte-client.ts', import.meta.url), ...names);
  const lines = createInterface({ input: program.stdoutStream });
  await nextLine(lines, program.exited);
  return {
    request: async (n, count) => {
      program.stdin.write(`${site(n, addresses.length)} ${count}\n`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
      return JSON.parse(await nextLine(lines, program.exited)) as number[];
    },
    [Symbol.asyncDispose]: async () => {
      lines.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

async function nextLine(lines: Interface, ended: Promise<unknown>): Promise<string> {
  const line = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (line === undefined) throw new Error('the measuring client ended early');
  return String(line[0]);
}
