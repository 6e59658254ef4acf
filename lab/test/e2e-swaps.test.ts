/**
 * Large reputation tables that replace each other while connections are judged: each verdict is that of a whole table,
 * the acknowledged one holds for the very next connection, and memory goes back to where it was.
 *
 * The figures that are asked for are 1,000 swaps of a million hosts under the load of `bench gate`: `sallyport bench
 * swaps` makes those. SALLYPORT_E2E_SWAPS=1000 makes as many here.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { getuid } from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { startSallyport } from '../src/agent-run.ts';
import { addAlternatingFeed, keepTable, PROBE_NAMES } from '../src/alternating-lists.ts';
import { startNginx } from '../src/nginx.ts';
import { startLoad } from '../src/steady-load.ts';
import { startTableSwaps } from '../src/table-swaps.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';

const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const SWAPS = Number(process.env['SALLYPORT_E2E_SWAPS'] ?? 60);
const HOSTS = 200_000;
const REFRESHES = 3;
/** More than the ring of flow records holds: what connections need in memory is there before anything is compared. */
const WARM_UP = 50_000;
/** Heaps breathe by this much. A table of 200,000 hosts takes 2 MB: when one in ten stays behind, that shows. */
const MAX_GROWTH_MB = 12;
const SETTLED_MS = 20_000;

test('swaps of a large table under load: no verdict is wrong or without a table', needsRoot, async (t) => {
  await using lab = await createPairLab({ serverAddresses: 8 });
  const client = lab.client.namespace;
  // Otherwise the client runs out of ports before the gate has anything to do (topology.ts).
  await client.sysctl('net.ipv4.tcp_tw_reuse', 1);
  await client.sysctl('net.ipv4.ip_local_port_range', '1024 65000');
  await using _nginx = await startNginx(lab.server.namespace, { subjects: ['allowed.example'], bulkBytes: 1000 });
  await using sallyport = await startSallyport(client, { mode: 'block' });
  await using folder = await createTemporaryFolder('feed');
  const addresses = lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6]);

  // Through the agent: lists are read, compiled and handed over.
  const feed = await addAlternatingFeed(sallyport, folder.path, HOSTS);
  const first = await keepTable(sallyport, 'swap-first.tbl');
  const { both, neither, only } = PROBE_NAMES;
  const address = addresses[0] ?? '';
  const targets = [both, neither, ...only].map((host) => ({ host, address, port: 80 }));
  await using load = await startLoad(client, { targets });
  for (let n = 0; n < REFRESHES; n++) {
    await feed.refresh();
    const now = performance.timeOrigin + performance.now();
    for (const [index, host] of only.entries()) {
      const { end } = await load.until((record) => record.host === host && record.startedMs > now);
      assert.equal(end, index === feed.inForce ? 'ECONNRESET' : 'answered', `${host} after refresh ${n}`);
    }
  }
  const ends = (host: string): Set<string> => new Set(records.filter((r) => r.host === host).map(({ end }) => end));
  const records = await load.finish();
  assert.deepEqual(ends(both), new Set(['ECONNRESET']));
  assert.deepEqual(ends(neither), new Set(['answered']));
  t.diagnostic(`${REFRESHES} refreshes through the agent, ${records.length} connections beside them`);

  // Without the agent: the same tables, as fast as the gate takes them.
  const second = await keepTable(sallyport, 'swap-second.tbl');
  assert.equal(feed.inForce, 1);
  const { gate: gatePid } = await sallyport.pids();
  await using swaps = await startTableSwaps(sallyport, {
    files: [first, second],
    names: PROBE_NAMES,
    addresses,
    port: 80,
    lanes: 2,
    pauseMs: 0,
  });
  await swaps.swap(10);
  await swaps.connections(WARM_UP);
  const before = await anonymousMb(gatePid);
  await swaps.swap(SWAPS);
  const outcome = await swaps.finish();
  let after = await anonymousMb(gatePid);
  for (const deadline = performance.now() + SETTLED_MS; performance.now() < deadline;) {
    if (after - before <= MAX_GROWTH_MB) break;
    await delay(100);
    after = await anonymousMb(gatePid);
  }
  t.diagnostic(
    `${outcome.swaps} swaps of ${outcome.gate.tables.reputation?.hosts} hosts, ${outcome.connections} connections, ` +
      `${outcome.records} records, gate ${before.toFixed(1)} -> ${after.toFixed(1)} MB`,
  );
  assert.deepEqual(outcome.wrong, []);
  assert.deepEqual(outcome.withoutTable, []);
  assert.ok(outcome.records >= outcome.connections + outcome.connectionsAfterSwap);
  assert.equal(outcome.swaps, SWAPS + 10);
  assert.equal(outcome.gate.tables.reputation?.hosts, HOSTS);
  assert.equal(outcome.gate.pid, gatePid);
  assert.deepEqual(outcome.gate.problems, []);
  assert.equal(outcome.gate.recordsDropped, 0);
  assert.ok(after - before <= MAX_GROWTH_MB, `the gate grew from ${before.toFixed(1)} to ${after.toFixed(1)} MB`);
});

/** Memory of the process that no file is behind: tables, heaps, stacks. What others run does not change it. */
async function anonymousMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return (Number(/^Anonymous:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024) / 1e6;
}
