/**
 * Measures one arm against the unprotected namespace, in turns: baseline, arm, baseline, …, baseline.
 *
 * Every connection counted was answered with success, and every arm that can count has counted at
 * least as many: otherwise the measurement throws instead of returning a figure.
 */
import { setTimeout as delay } from 'node:timers/promises';

import type { Namespace } from '@sallyport/lab/namespace';
import type { DualStack } from '@sallyport/lab/topology';

import type { Arm } from './arms/arm.ts';
import { compareFirstByte, type FirstByteComparison } from './first-byte.ts';
import { loadBulk, loadConnections, type Scheme, site } from './load.ts';
import { cpuSeconds, memory, type ProcessMemory } from './process-usage.ts';
import { median, pairedRatios, summarise, type Summary } from './statistics.ts';

export interface Effort {
  /** Pairs of baseline and arm for each figure. */
  readonly pairs: number;
  /** Length of one run of new connections. */
  readonly seconds: number;
  /** Transfers of the bulk file in one run. */
  readonly bulkTransfers: number;
  readonly firstByteRounds: number;
  readonly firstByteRequests: number;
}

export interface Series {
  readonly baseline: Summary;
  readonly measured: Summary;
  /** Measured to baseline, within pairs. */
  readonly ratio: Summary;
}

export interface ArmResult {
  /** Connections a second. */
  readonly http: Series;
  readonly tls: Series;
  /** Bytes a second, over HTTP and over TLS. */
  readonly bulk: Series;
  readonly bulkTls: Series;
  readonly firstByte: FirstByteComparison;
  /** User and system time of the arm's processes for 1,000 HTTP connections; missing without processes. */
  readonly cpuMsPer1kConnections?: number;
  readonly processes?: readonly ProcessMemory[];
}

export interface Stage {
  /** The unprotected client. */
  readonly baseline: Namespace;
  readonly addresses: readonly DualStack[];
  readonly effort: Effort;
  readonly progress: (line: string) => void;
}

export async function measureArm(name: string, arm: Arm, stage: Stage): Promise<ArmResult> {
  const { effort, addresses } = stage;
  const used = { connections: 0, cpuSeconds: 0 };
  let turn = 0;
  const next = (): string => site(turn++, addresses.length);

  const connections = async (scheme: Scheme): Promise<Series> =>
    inTurns(stage, arm.namespace, `${name}: ${scheme} connections/s`, async (namespace) => {
      if (namespace === stage.baseline) {
        return (await loadConnections(namespace, scheme, next(), effort.seconds)).connectionsPerSecond;
      }
      const before = await arm.handled?.();
      const cpuBefore = arm.rootPid === undefined ? 0 : await cpuSeconds(arm.rootPid);
      const load = await loadConnections(namespace, scheme, next(), effort.seconds);
      if (arm.rootPid !== undefined && scheme === 'http') {
        used.cpuSeconds += (await cpuSeconds(arm.rootPid)) - cpuBefore;
        used.connections += load.connections;
      }
      if (before !== undefined) await confirmHandled(name, arm, before + load.connections);
      return load.connectionsPerSecond;
    });

  const bulk = (scheme: Scheme): Promise<Series> =>
    inTurns(stage, arm.namespace, `${name}: ${scheme} bulk, bytes/s`, (namespace) =>
      loadBulk(namespace, scheme, next(), effort.bulkTransfers),
    );

  const http = await connections('http');
  const tls = await connections('https');
  const result = { http, tls, bulk: await bulk('http'), bulkTls: await bulk('https') };
  const firstByte = await compareFirstByte(stage.baseline, arm.namespace, addresses, {
    rounds: effort.firstByteRounds,
    requestsPerRound: effort.firstByteRequests,
  });
  stage.progress(`${name}: first byte p50 ${firstByte.baseline.p50Us} -> ${firstByte.measured.p50Us} us`);
  return {
    ...result,
    firstByte,
    ...(arm.rootPid === undefined
      ? {}
      : {
          cpuMsPer1kConnections: (used.cpuSeconds * 1000) / (used.connections / 1000),
          processes: await memory(arm.rootPid),
        }),
  };
}

/**
 * Waits until the arm has counted up to `expected`; counts may be published about once a second.
 * Throws when that does not happen within 4 s.
 */
async function confirmHandled(name: string, arm: Arm, expected: number): Promise<void> {
  const deadline = performance.now() + 4000;
  for (;;) {
    const handled = (await arm.handled?.()) ?? 0;
    if (handled >= expected) return;
    if (performance.now() > deadline) {
      throw new Error(`${name}: ${expected - handled} connections were not handled: the path was bypassed`);
    }
    await delay(100);
  }
}

async function inTurns(
  stage: Stage,
  arm: Namespace,
  title: string,
  measure: (namespace: Namespace) => Promise<number>,
): Promise<Series> {
  const baselines = [await measure(stage.baseline)];
  const measured: number[] = [];
  for (let pair = 0; pair < stage.effort.pairs; pair++) {
    measured.push(await measure(arm));
    baselines.push(await measure(stage.baseline));
  }
  const ratios = pairedRatios(baselines, measured);
  const medians = `${Math.round(median(baselines))} -> ${Math.round(median(measured))}`;
  stage.progress(`${title}: ${medians}, ratio ${median(ratios).toFixed(3)}`);
  return { baseline: summarise(baselines), measured: summarise(measured), ratio: summarise(ratios) };
}
