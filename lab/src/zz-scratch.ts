import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startSallyport } from './agent-run.ts';
import { addAlternatingFeed, keepTable, PROBE_NAMES } from './alternating-lists.ts';
import { startNginx } from './nginx.ts';
import { startTableSwaps } from './table-swaps.ts';
import { createTemporaryFolder } from './temporary-folder.ts';
import { createPairLab } from './topology.ts';
const hosts = Number(process.argv[2]), n = Number(process.argv[3]);
await using lab = await createPairLab({ serverAddresses: 8 });
const client = lab.client.namespace;
await client.sysctl('net.ipv4.tcp_tw_reuse', 1);
await client.sysctl('net.ipv4.ip_local_port_range', '1024 65000');
await using _nginx = await startNginx(lab.server.namespace, { subjects: ['allowed.example'], bulkBytes: 1000 });
await using sallyport = await startSallyport(client, { mode: 'block' });
await using folder = await createTemporaryFolder('feed');
const addresses = lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6]);
const feed = await addAlternatingFeed(sallyport, folder.path, hosts);
const first = await keepTable(sallyport, 'swap-first.tbl');
console.log('refresh', await feed.refresh());
const second = await keepTable(sallyport, 'swap-second.tbl');
const { gate } = await sallyport.pids();
function maps() {
  const m = new Map<string, number>(); let head = '';
  for (const line of readFileSync(`/proc/${gate}/smaps`, 'utf8').split('\n')) {
    const h = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+) *(.*)$/.exec(line);
    if (h) head = `${h[1]}-${h[2]} ${h[3]} ${h[5]}`;
    const a = /^Anonymous: +(\d+) kB/.exec(line);
    if (a) m.set(head, Number(a[1]));
  }
  return m;
}
const total = (m: Map<string, number>) => [...m.values()].reduce((a, b) => a + b, 0) / 1024;
function show(label: string, before: Map<string, number> | null) {
  const now = maps();
  console.log(label, total(now).toFixed(1), 'MiB');
  if (before) {
    const starts = new Map([...before].map(([k, v]) => [k.split('-')[0], v]));
    const rows = [...now].map(([k, v]) => [k, v - (starts.get(k.split('-')[0]!) ?? 0), v] as const).filter(([, d]) => Math.abs(d) > 600).sort((a, b) => b[1] - a[1]);
    for (const [k, d, v] of rows.slice(0, 12)) console.log('   ', k, `+${d} kB of ${v}`);
    const sizes = new Map<string, number>();
    let newSmall = 0;
    for (const [k, v] of now) if (!starts.has(k.split('-')[0]!)) { newSmall += v; }
    console.log('    new mappings', newSmall, 'kB; count', now.size, 'was', before.size);
  }
  return now;
}
let a = show('start', null);
await using swaps = await startTableSwaps(sallyport, { files: [first, second], names: PROBE_NAMES, addresses, port: 80, lanes: 3, pauseMs: 0 });
a = show('connected', a);
for (let i = 0; i < 3; i++) { await delay(12000); a = show('load only', a); }
for (let i = 0; i < 4; i++) { const t = (await swaps.swap(n)).toSorted((x, y) => x - y); console.log('swap ms median', t[t.length >> 1]?.toFixed(1), 'max', t.at(-1)?.toFixed(1)); a = show(`swaps ${n}`, a); }
await delay(3000);
const o = await swaps.finish();
await delay(3000);
show('end', a);
console.log(JSON.stringify(o));
