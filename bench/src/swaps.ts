/**
 * `sallyport bench swaps`: what it costs and whether it shows that a large reputation table is replaced under load.
 *
 * Two things are measured. Refreshes go the whole way: the agent reads a list, compiles it and hands it over. Swaps are
 * the last step alone, as fast as the gate takes them, with tables that the agent compiled; refreshes would measure the
 * compiler. Time to first byte is compared as in `bench gate`, in turns with and without swaps under the same load.
 */
import { getuid } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { type Sallyport, startSallyport } from '@sallyport/lab/agent-run';
import { addAlternatingFeed, type AlternatingFeed, keepTable, PROBE_NAMES } from '@sallyport/lab/alternating-lists';
import type { Namespace } from '@sallyport/lab/namespace';
import { startNginx } from '@sallyport/lab/nginx';
import { startLoad } from '@sallyport/lab/steady-load';
import { startTableSwaps, type TableSwaps } from '@sallyport/lab/table-swaps';
import { createTemporaryFolder } from '@sallyport/lab/temporary-folder';
import { createStarLab, type StarLab } from '@sallyport/lab/topology';

import { shortenTimeWait } from './arms/arm.ts';
import { progress, Refusal, runCommand, writeResults } from './command.ts';
import { comparison, type FirstByteComparison, type FirstByteProbe, startFirstByteProbe } from './first-byte.ts';
import { loadConnections, prepareClient, prepareServer, site, siteHosts } from './load.ts';
import { describeMachine, disturbances } from './machine.ts';
import { memory } from './process-usage.ts';
import { alignedTable } from './report.ts';
import { median, percentile } from './statistics.ts';
import {
  type BlockTimes,
  describeLatency,
  type Latency,
  type SwapMemory,
  type SwapResults,
  swapRows,
  toSwapJson,
  toSwapMarkdown,
} from './swap-report.ts';

const USAGE = `usage: sallyport bench swaps [--json] [--write] [--swaps N] [--hosts N] [--refreshes N]
  --json       one JSON object on standard output instead of a table
  --write      append the result to docs/benchmarks.md
  --swaps      swaps under load (1000), and a fifth as many without
  --hosts      hosts in each of the two tables (1000000)
  --refreshes  refreshes through the agent, an odd number (5)`;

const SERVER_ADDRESSES = 8;
/** Pairs of a block with swaps and one without. */
const BLOCKS = 20;
const REQUESTS_PER_ROUND = 25;
const LOAD_SECONDS = 1;
/** More than the ring of flow records holds: its memory is there before anything is compared. */
const WARM_UP_SECONDS = 12;
const PEAK_LOOK_MS = 250;
/** Memory has settled when it has not fallen by more than this for so long. */
const SETTLED = { withinMb: 0.5, forMs: 3000, atMostMs: 30_000 };

interface Options {
  readonly json: boolean;
  readonly write: boolean;
  readonly swaps: number;
  readonly hosts: number;
  readonly refreshes: number;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (getuid?.() !== 0) throw new Refusal('bench swaps needs root, to make network namespaces: use sudo');
  const results = await measure(options);
  if (options.write) await writeResults(toSwapMarkdown(results));
  process.stdout.write(
    options.json ? `${JSON.stringify(toSwapJson(results))}\n` : `${alignedTable(swapRows(results))}\n`,
  );
  for (const line of [...results.refreshes.wrong, ...results.outcome.wrong, ...results.outcome.withoutTable]) {
    progress(`wrong: ${line}`);
    process.exitCode = 1;
  }
}

async function measure({ hosts, swaps: count, refreshes: refreshCount }: Options): Promise<SwapResults> {
  const machine = await describeMachine(new Date());
  for (const what of disturbances(machine)) progress(`not idle, figures will not be comparable: ${what}`);
  await using lab = await createStarLab(['plain', 'sallyport'], { serverAddresses: SERVER_ADDRESSES });
  const [plain, own] = [clientOf(lab, 0), clientOf(lab, 1)];
  const { addresses } = lab.server;
  const subjects = ['*.bench.example', ...addresses.map(({ v4 }) => v4)];
  await using _nginx = await startNginx(lab.server.namespace, { subjects, sessionTickets: false });
  await prepareServer(lab.server.namespace);
  for (const namespace of [plain, own]) {
    await prepareClient(namespace);
    await namespace.setHosts(siteHosts(addresses));
  }
  await using sallyport = await startSallyport(own, { mode: 'block' });
  await shortenTimeWait(own);
  await using folder = await createTemporaryFolder('bench-feed');

  const stop = new AbortController();
  let turn = 0;
  /** New connections, HTTP and TLS in turns, until `work` is done; connections a second. */
  const underLoad = async (work: Promise<unknown>): Promise<number> => {
    const ended = new AbortController();
    const ending = work.finally(() => ended.abort());
    ending.catch(() => {}); // thrown below, when the load is through
    const rates: number[] = [];
    do {
      for (const scheme of ['http', 'https'] as const) {
        const load = await loadConnections(own, scheme, site(turn++, addresses.length), LOAD_SECONDS);
        rates.push(load.connectionsPerSecond);
      }
    } while (!ended.signal.aborted);
    await ending;
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  };

  progress(`lists of ${hosts} hosts`);
  const feed = await addAlternatingFeed(sallyport, folder.path, hosts);
  const first = await keepTable(sallyport, 'swap-first.tbl');
  const v4 = addresses.map((address) => address.v4);
  const refreshing = refresh(sallyport, feed, refreshCount, v4[0] ?? '');
  await underLoad(refreshing);
  const refreshes = await refreshing;
  const second = await keepTable(sallyport, 'swap-second.tbl');
  progress(`refresh: median ${refreshes.medianMs.toFixed(0)} ms, ${refreshes.wrong.length} wrong`);

  const { gate } = await sallyport.pids(); // the agent stands still from here on
  await using swaps = await startTableSwaps(sallyport, {
    files: [first, second],
    names: PROBE_NAMES,
    addresses: v4,
    port: 80,
    lanes: 1,
    pauseMs: 5,
  });
  await using probe = await startFirstByteProbe(plain, own, addresses);
  const look = (): Promise<SwapMemory> => memoryOf(sallyport.up.pid, gate);
  await underLoad(delay(WARM_UP_SECONDS * 1000));
  await swaps.swap(10);
  const before = await settledMemory(look);
  let peak = 0;
  const watching = (async () => {
    while (!stop.signal.aborted) {
      peak = Math.max(peak, (await look()).gatePssMb);
      await delay(PEAK_LOOK_MS);
    }
  })();
  const loaded = await compare(probe, swaps, count, underLoad);
  progress(`under load: ${describeLatency(loaded)}`);
  const unloaded = await compare(probe, swaps, Math.ceil(count / 5), null);
  progress(`without load: ${describeLatency(unloaded)}`);
  stop.abort();
  await watching;
  const after = await settledMemory(look);
  const outcome = await swaps.finish();
  return {
    machine,
    hosts,
    tableMb: (outcome.gate.tables.reputation?.bytes ?? 0) / 1e6,
    refreshes,
    loaded,
    unloaded,
    memory: { before, after, gatePeakPssMb: peak },
    outcome,
  };
}

/** Blocks with swaps and without in turns, each with the same number of requests; `underLoad` null: nothing beside them. */
async function compare(
  probe: FirstByteProbe,
  swaps: TableSwaps,
  count: number,
  underLoad: ((work: Promise<unknown>) => Promise<number>) | null,
): Promise<Latency> {
  const seen = { quiet: [] as FirstByteComparison[], swapping: [] as FirstByteComparison[] };
  const loads = { quiet: [] as number[], swapping: [] as number[] };
  const swapMs: number[] = [];
  const inBlock = async (kind: 'quiet' | 'swapping', work: Promise<unknown>): Promise<void> => {
    if (underLoad !== null) loads[kind].push(await underLoad(work));
    await work;
    seen[kind].push(comparison(probe.take()));
  };
  for (let block = 0; block < BLOCKS; block++) {
    const share = Math.round((count * (block + 1)) / BLOCKS) - swapMs.length;
    let rounds = 0;
    const swapped = new AbortController();
    const swapping = swaps.swap(share).finally(() => swapped.abort());
    const probing = async (): Promise<void> => {
      for (; !swapped.signal.aborted; rounds++) await probe.round(REQUESTS_PER_ROUND);
    };
    await inBlock('swapping', Promise.all([swapping, probing()]));
    swapMs.push(...(await swapping));
    const quiet = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++) await probe.round(REQUESTS_PER_ROUND);
    };
    await inBlock('quiet', quiet());
  }
  const [quiet, swapping] = [typicalBlock(seen.quiet), typicalBlock(seen.swapping)];
  return {
    quiet,
    swapping,
    p99Ratio: swapping.addedP99Us / quiet.addedP99Us,
    swaps: swapMs.length,
    swapMs: { median: median(swapMs), p99: percentile(swapMs, 0.99), max: Math.max(...swapMs) },
    load: underLoad === null ? null : { quiet: median(loads.quiet), swapping: median(loads.swapping) },
  };
}

/** Medians over blocks: what else the machine did in one of them does not count. */
const typicalBlock = (blocks: readonly FirstByteComparison[]): BlockTimes => ({
  requests: blocks.reduce((sum, { measured }) => sum + measured.requests, 0),
  baselineP99Us: median(blocks.map(({ baseline }) => baseline.p99Us)),
  measuredP99Us: median(blocks.map(({ measured }) => measured.p99Us)),
  addedP50Us: median(blocks.map(({ addedP50Us }) => addedP50Us)),
  addedP99Us: median(blocks.map(({ addedP99Us }) => addedP99Us)),
});

/** Changes the feed `count` times through the agent, with connections beside it whose end each table says. */
async function refresh(
  sallyport: Sallyport,
  feed: AlternatingFeed,
  count: number,
  address: string,
): Promise<SwapResults['refreshes']> {
  const { both, neither, only } = PROBE_NAMES;
  const targets = [both, neither, ...only].map((host) => ({ host, address, port: 80 }));
  await using load = await startLoad(sallyport.namespace, { targets, lanes: 1 });
  const wrong: string[] = [];
  const took: number[] = [];
  while (took.length < count) {
    took.push(await feed.refresh());
    const now = performance.timeOrigin + performance.now();
    for (const [index, host] of only.entries()) {
      const { end } = await load.until((record) => record.host === host && record.startedMs > now);
      if (end !== (index === feed.inForce ? 'ECONNRESET' : 'answered')) wrong.push(`${host}: ${end} after a refresh`);
    }
  }
  const records = await load.finish();
  for (const { host, end } of records) {
    if (host === both && end !== 'ECONNRESET') wrong.push(`${host}: ${end} about a refresh`);
    if (host === neither && end !== 'answered') wrong.push(`${host}: ${end} about a refresh`);
  }
  return { count: took.length, medianMs: median(took), connections: records.length, wrong };
}

async function memoryOf(root: number, gate: number): Promise<SwapMemory> {
  const processes = await memory(root);
  const own = processes.find(({ pid }) => pid === gate);
  if (own === undefined) throw new Error('the gate is not among the processes of the launcher');
  const allPssMb = processes.reduce((sum, { pssMb }) => sum + pssMb, 0);
  return { gatePssMb: own.pssMb, gateAnonymousMb: own.anonymousMb, allPssMb };
}

/** What is left once nothing more is given back. */
async function settledMemory(look: () => Promise<SwapMemory>): Promise<SwapMemory> {
  const startedAt = performance.now();
  let lowest = await look();
  let since = startedAt;
  while (performance.now() - since < SETTLED.forMs && performance.now() - startedAt < SETTLED.atMostMs) {
    await delay(PEAK_LOOK_MS);
    const now = await look();
    if (now.gateAnonymousMb < lowest.gateAnonymousMb - SETTLED.withinMb) since = performance.now();
    if (now.gateAnonymousMb < lowest.gateAnonymousMb) lowest = now;
  }
  return lowest;
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      swaps: { type: 'string', default: '1000' },
      hosts: { type: 'string', default: '1000000' },
      refreshes: { type: 'string', default: '5' },
    },
  });
  if (values.help) throw new Refusal(USAGE);
  const whole = (name: 'swaps' | 'hosts' | 'refreshes', least: number): number => {
    const text = values[name];
    if (!/^\d{1,8}$/.test(text) || Number(text) < least)
      throw new Refusal(`--${name}: a whole number from ${least} up`);
    return Number(text);
  };
  const refreshes = whole('refreshes', 1);
  // The second table is the one that is in force behind the last.
  if (refreshes % 2 === 0) throw new Refusal('--refreshes: an odd number');
  return {
    json: values.json,
    write: values.write,
    swaps: whole('swaps', BLOCKS),
    hosts: whole('hosts', 10),
    refreshes,
  };
}

function clientOf(lab: StarLab, n: number): Namespace {
  const client = lab.clients[n];
  if (client === undefined) throw new Error(`the lab has no client ${n}`);
  return client.namespace;
}

await runCommand(main);
