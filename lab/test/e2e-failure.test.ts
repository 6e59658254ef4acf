/**
 * What becomes of the network and of the record when a part of Sallyport dies, hangs or is killed as a whole, and
 * what is left behind afterwards. Needs root: real namespaces, the real launcher, real signals.
 *
 * Only processes that these tests started are signalled, by the pids that Sallyport itself reports.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import type { Namespace } from '../src/namespace.ts';
import { networkState } from '../src/network-state.ts';
import { startNginx } from '../src/nginx.ts';
import { type Load, type LoadRecord, startLoad } from '../src/steady-load.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab, type PairLab } from '../src/topology.ts';

const ALLOWED = 'fine.example';
const BLOCKED = 'bad.test';
/** Must hold 7: how long a connection may stall, and how soon flows are judged again. */
const STALL_MS = 1000;
const JUDGED_AGAIN_MS = 3000;

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

interface Bench extends AsyncDisposable {
  readonly lab: PairLab;
  readonly client: Namespace;
  readonly sallyport: Sallyport;
  load(patienceMs?: number): Promise<Load>;
}

/** Client, web server, Sallyport in block mode with one blocked host. */
async function bench(): Promise<Bench> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await createPairLab({ serverAddresses: 2 }));
  undo.use(await startNginx(lab.server.namespace, { subjects: [ALLOWED], bulkBytes: 1 }));
  const sallyport = undo.use(await startSallyport(lab.client.namespace, { mode: 'block' }));
  await sallyport.json('indicator', 'add', BLOCKED, '--action', 'block');
  const owned = undo.move();
  return {
    lab,
    client: lab.client.namespace,
    sallyport,
    load: async (patienceMs = 10_000) => startLoad(lab.client.namespace, { targets: targetsOf(lab), patienceMs }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const targetsOf = ({ server }: PairLab) =>
  [ALLOWED, BLOCKED].flatMap((host) =>
    server.addresses.flatMap(({ v4, v6 }) => [v4, v6].map((address) => ({ host, address, port: 80 }))),
  );

/** One connection to each host, and how each ended. */
async function ends(namespace: Namespace, lab: PairLab): Promise<Record<string, string[]>> {
  await using load = await startLoad(namespace, { targets: targetsOf(lab), lanes: 1, pauseMs: 10, patienceMs: 5000 });
  const records = await load.finish();
  const seen = (host: string): string[] => [...new Set(records.filter((r) => r.host === host).map(({ end }) => end))];
  return { [ALLOWED]: seen(ALLOWED), [BLOCKED]: seen(BLOCKED) };
}

const ENFORCED = { [ALLOWED]: ['answered'], [BLOCKED]: ['ECONNRESET'] };
const UNPROTECTED = { [ALLOWED]: ['answered'], [BLOCKED]: ['answered'] };

const isReset = ({ host, end }: LoadRecord): boolean => host === BLOCKED && end === 'ECONNRESET';
const keyOf = (record: LoadRecord): string => `${record.address} ${record.localPort}`;
const keyOfEvent = ({ RemoteIP, LocalPort }: DeviceNetworkEvent): string => `${String(RemoteIP)} ${String(LocalPort)}`;
const flowIdOf = ({ AdditionalFields }: DeviceNetworkEvent): string =>
  (JSON.parse(String(AdditionalFields)) as { FlowId: string }).FlowId;
const now = (): number => performance.timeOrigin + performance.now();
const lasted = ({ startedMs, endedMs }: LoadRecord): number => endedMs - startedMs;
const longest = (records: readonly LoadRecord[]): number => Math.max(0, ...records.map(lasted));

function noneLongerThan(mostMs: number, records: readonly LoadRecord[]): void {
  assert.deepEqual(
    records.filter((record) => lasted(record) > mostMs),
    [],
    `no connection takes longer than ${mostMs} ms`,
  );
}

/** A packet that a gate was shown and never answered for stays here, and its connection with it. */
async function nothingWaits({ sallyport, client }: Bench): Promise<void> {
  const { gate } = await sallyport.until((status) => status.gate !== null);
  const queues = await client.must(['cat', '/proc/net/netfilter/nfnetlink_queue']);
  // Number, owner, packets that wait, … (net/netfilter/nfnetlink_queue.c, seq_show)
  const lines = queues.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  assert.equal(lines.find(([number]) => number === gate?.queueNumber)?.[2], 0, queues);
}

/** Records that belong to what follows the failure: begun after it, or not yet ended by then. */
const touchedBy = (records: readonly LoadRecord[], atMs: number): LoadRecord[] =>
  records.filter(({ endedMs }) => endedMs > atMs);

async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) {
    assert.ok(performance.now() < deadline, `of ${pids.join(', ')} some live on`);
    await delay(10);
  }
}

/** As if the power of the whole program failed: the launcher cannot start anything again. */
async function killEverything(sallyport: Sallyport): Promise<void> {
  const { launcher, gate, agent } = await sallyport.pids();
  process.kill(launcher, 'SIGSTOP');
  for (const pid of [gate, agent, launcher]) process.kill(pid, 'SIGKILL');
  await untilGone([launcher, gate, agent]);
}

suite('failure', needsRoot, () => {
  test('kill -9 of the agent: enforcement goes on, and not one event is missing', async (t) => {
    await using it = await bench();
    await using load = await it.load();
    await load.more(200);
    const { agent } = await it.sallyport.pids();
    const killedMs = now();
    process.kill(agent, 'SIGKILL');
    const status = await it.sallyport.until(({ pid }) => pid !== null && pid !== agent);
    await load.more(200);
    const records = await load.finish();

    const backMs = status.startedMs ?? 0;
    const without = records.filter(({ startedMs, endedMs }) => startedMs > killedMs && endedMs < backMs);
    t.diagnostic(
      `${records.length} connections, ${without.length} of them without an agent (${since(killedMs, backMs)})`,
    );
    assert.ok(without.some(isReset) && without.some(({ host }) => host === ALLOWED), 'load went on without the agent');
    assert.deepEqual([...new Set(records.map(({ host, end }) => `${host} ${end}`))].toSorted(), [
      `${BLOCKED} ECONNRESET`,
      `${ALLOWED} answered`,
    ]);

    await it.sallyport.until(({ gate }) => gate?.recordsPending === 0);
    const events = await it.sallyport.events();
    const blocked = events.filter(({ EventId }) => EventId === 1126);
    const connections = events.filter(({ ActionType }) => ActionType === 'ConnectionSuccess');
    assert.deepEqual(blocked.map(keyOfEvent).toSorted(), records.filter(isReset).map(keyOf).toSorted());
    assert.deepEqual(connections.map(keyOfEvent).toSorted(), records.map(keyOf).toSorted());
    assert.equal(new Set(connections.map(flowIdOf)).size, connections.length, 'each flow has a number of its own');
    assert.deepEqual(
      events.filter(({ ActionType }) => ActionType === 'ProtectionGap' || ActionType === 'EventsDropped'),
      [],
    );
    t.diagnostic(`${blocked.length} blocks and ${connections.length} connections on record, none missing, none twice`);
  });

  test('kill -9 of the gate, open: a short stall, then connections pass, then they are judged', async (t) => {
    await using it = await bench();
    await using load = await it.load();
    await load.more(200);
    const { gate } = await it.sallyport.pids();
    const killedMs = now();
    process.kill(gate, 'SIGKILL');
    await judgedAgain(t, load, killedMs, isReset);
    const records = touchedBy(await load.finish(), killedMs);
    passedOrJudged(t, records);
    t.diagnostic(`longest connection ${longest(records).toFixed(0)} ms`);
    noneLongerThan(STALL_MS + 250, records); // 250: its own time under load
    await nothingWaits(it);
    await it.sallyport.until((status) => status.gate !== null && status.gate.pid !== gate);
    assert.deepEqual(await ends(it.client, it.lab), ENFORCED);
    await gapOnRecord(t, it.sallyport, killedMs);
  });

  test('kill -9 of the gate, closed: connections are refused, then judged', async (t) => {
    await using it = await bench();
    await it.sallyport.json('config', 'set', 'FailPolicyGateAbsent', 'closed');
    await using load = await it.load();
    await load.more(200);
    const { gate, launcher } = await it.sallyport.pids();
    // Not before a connection was refused may there be a new gate: it could be quicker than the first retransmission.
    process.kill(launcher, 'SIGSTOP');
    const killedMs = now();
    process.kill(gate, 'SIGKILL');
    await load.until(({ host, end, startedMs }) => host === ALLOWED && end === 'ECONNRESET' && startedMs > killedMs);
    process.kill(launcher, 'SIGCONT');
    await judgedAgain(t, load, killedMs, ({ host, end }) => host === ALLOWED && end === 'answered');
    const records = touchedBy(await load.finish(), killedMs);
    const refused = records.filter(({ host, end }) => host === ALLOWED && end === 'ECONNRESET').length;
    t.diagnostic(`${refused} connections refused, longest ${longest(records).toFixed(0)} ms`);
    noneLongerThan(STALL_MS + 250, records);
    await nothingWaits(it);
    assert.deepEqual([...new Set(records.map(({ end }) => end))].toSorted(), ['ECONNRESET', 'answered']);
    assert.deepEqual(
      records.filter((record) => record.host === BLOCKED && !isReset(record)),
      [],
    );
    await it.sallyport.until((status) => status.gate !== null && status.gate.pid !== gate);
    assert.deepEqual(await ends(it.client, it.lab), ENFORCED);
  });

  test('SIGSTOP of the gate: it is ended and replaced', async (t) => {
    await using it = await bench();
    await using load = await it.load();
    await load.more(200);
    const { gate } = await it.sallyport.pids();
    const stoppedMs = now();
    process.kill(gate, 'SIGSTOP');
    await judgedAgain(t, load, stoppedMs, isReset);
    const records = touchedBy(await load.finish(), stoppedMs);
    passedOrJudged(t, records);
    t.diagnostic(`longest connection ${longest(records).toFixed(0)} ms`);
    noneLongerThan(JUDGED_AGAIN_MS + 500, records); // what was held went on once the gate had been replaced
    await nothingWaits(it);
    await untilGone([gate]);
    await it.sallyport.until((status) => status.gate !== null && status.gate.pid !== gate);
    assert.deepEqual(await ends(it.client, it.lab), ENFORCED);
    await gapOnRecord(t, it.sallyport, stoppedMs);
  });

  test('kill -9 of everything: the network works, and the next start sweeps and protects', async () => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using _nginx = await startNginx(lab.server.namespace, { subjects: [ALLOWED], bulkBytes: 1 });
    const { namespace } = lab.client;
    const before = await networkState(namespace);
    await using folder = await createTemporaryFolder('failure');
    const stateDirectory = join(folder.path, 'state');
    await using first = await startSallyport(namespace, { stateDirectory, mode: 'block' });
    await first.json('indicator', 'add', BLOCKED, '--action', 'block');
    assert.deepEqual(await ends(namespace, lab), ENFORCED);
    await killEverything(first);
    assert.deepEqual(await ends(namespace, lab), UNPROTECTED);
    await using second = await startSallyport(namespace, { stateDirectory });
    assert.deepEqual(await ends(namespace, lab), ENFORCED);
    await second.stop();
    assert.equal(await networkState(namespace), before);
    assert.deepEqual(await ends(namespace, lab), UNPROTECTED);
  });

  test('kill -9 of the launcher alone: gate and agent end by themselves and take the rules along', async () => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace } = lab.client;
    const before = await networkState(namespace);
    await using sallyport = await startSallyport(namespace, { mode: 'block' });
    assert.notEqual(await networkState(namespace), before);
    const { launcher, gate, agent } = await sallyport.pids();
    process.kill(launcher, 'SIGKILL');
    await untilGone([gate, agent]);
    assert.equal(await networkState(namespace), before);
  });
});

/** Rule sets that may be there before Sallyport, from nothing to those of other tools. */
const FOUND: readonly { readonly name: string; readonly nft?: string; readonly commands?: readonly string[] }[] = [
  { name: 'nothing' },
  {
    name: 'empty tables and chains of nftables and iptables',
    nft: `
table ip filter {
}
table ip6 mangle {
  chain OUTPUT { type route hook output priority mangle; policy accept; }
}
table inet empty {
}`,
    commands: ['iptables-nft -t mangle -N EMPTY', 'ip6tables-nft -N EMPTY'],
  },
  {
    name: 'rules, policies, sets and policy routing',
    nft: `
table inet firewall {
  set friends { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 } }
  chain output {
    type filter hook output priority 10; policy accept;
    ip daddr @friends counter accept comment "theirs"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established accept
  }
}`,
    commands: [
      'iptables-nft -A OUTPUT -d 192.0.2.7 -m comment --comment "# kept" -j ACCEPT',
      'iptables-nft -P FORWARD DROP',
      'iptables-nft -t mangle -A OUTPUT -d 192.0.2.8 -j MARK --set-mark 0x64',
      'ip6tables-nft -t mangle -A FORWARD -d 2001:db8:ff::/48 -j RETURN',
      'ip rule add fwmark 0x64 table 100',
      'ip route add 192.0.2.0/24 dev lo table 100',
      'sysctl -q -w net.ipv4.conf.all.rp_filter=2',
    ],
  },
];

suite('left as found', needsRoot, () => {
  for (const { name, nft, commands = [] } of FOUND) {
    test(`${name}: after a stop, and after a crash, a restart and a stop`, async () => {
      await using lab = await createPairLab({ serverAddresses: 1 });
      const { namespace } = lab.client;
      if (nft !== undefined) await namespace.must(['nft', '-f', '-'], { input: nft });
      for (const command of commands) await namespace.must(['sh', '-c', command]);
      const before = await networkState(namespace);
      await using folder = await createTemporaryFolder('failure');
      const stateDirectory = join(folder.path, 'state');

      await using first = await startSallyport(namespace, { stateDirectory, mode: 'block' });
      assert.notEqual(await networkState(namespace), before, 'rules of ours were loaded');
      await first.stop();
      assert.equal(await networkState(namespace), before);

      await using second = await startSallyport(namespace, { stateDirectory });
      await killEverything(second);
      await using third = await startSallyport(namespace, { stateDirectory });
      await third.stop();
      assert.equal(await networkState(namespace), before);
    });
  }
});

const since = (fromMs: number, toMs: number): string => `${(toMs - fromMs).toFixed(0)} ms`;

/** Waits, at most as long as promised, for a connection begun after the failure that a gate has judged. */
async function judgedAgain(
  t: TestContext,
  load: Load,
  failedMs: number,
  isJudged: (record: LoadRecord) => boolean,
): Promise<void> {
  const left = JUDGED_AGAIN_MS - (now() - failedMs);
  const judged = await load.until((record) => record.startedMs > failedMs && isJudged(record), left);
  t.diagnostic(`judged again after ${since(failedMs, judged.endedMs)}`);
  await load.more(100);
}

/** The interval in which connections passed unjudged is a row of its own, and the failure lies in it. */
async function gapOnRecord(t: TestContext, sallyport: Sallyport, failedMs: number): Promise<void> {
  const rows = (await sallyport.events()).filter(({ ActionType }) => ActionType === 'ProtectionGap');
  assert.equal(rows.length, 1);
  const gap = JSON.parse(String(rows[0]?.AdditionalFields)) as { From: string; To: string; DurationMs: number };
  t.diagnostic(`on record: a gap of ${gap.DurationMs} ms`);
  assert.ok(Date.parse(gap.From) <= failedMs && failedMs < Date.parse(gap.To));
}

/** In the open policy nothing is lost: the allowed host answers always, the blocked one is judged or passed. */
function passedOrJudged(t: TestContext, records: readonly LoadRecord[]): void {
  const count = (host: string, end: string): number => records.filter((r) => r.host === host && r.end === end).length;
  t.diagnostic(`${count(BLOCKED, 'answered')} connections passed unjudged, ${count(BLOCKED, 'ECONNRESET')} blocked`);
  assert.deepEqual(
    records.filter(({ host, end }) => host === ALLOWED && end !== 'answered'),
    [],
  );
  assert.deepEqual(
    records.filter(({ end }) => end !== 'answered' && end !== 'ECONNRESET'),
    [],
  );
}
