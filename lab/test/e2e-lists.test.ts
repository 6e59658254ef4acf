/**
 * Lists as they are published, at their real size, against names that a client really asks for: what is listed is
 * blocked, what is popular and not listed passes. And what a million names cost in memory.
 *
 * The names are strings only: each request goes to the lab's server, whatever it says. The lists are not part of the
 * repository; without them (SALLYPORT_CORPORA, or ../shared/corpora) there is nothing to test. Needs root.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { CheckView, FeedView } from '@sallyport/contract/control';
import { HostTable } from '@sallyport/hosts/table';
import { judge } from '@sallyport/policy/judge';

import { runCommand, type Sallyport, startSallyport } from '../src/agent-run.ts';
import { must } from '../src/command.ts';
import type { Namespace } from '../src/namespace.ts';
import { startNginx } from '../src/nginx.ts';
import type { Visit, VisitOutcome } from '../src/programs/visit.ts';
import { startLoad } from '../src/steady-load.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORPORA = process.env['SALLYPORT_CORPORA'] ?? resolve(ROOT, '../shared/corpora');
const LISTS = join(CORPORA, 'lists');
const URLHAUS = join(LISTS, 'urlhaus-cc0');
const MB = 1e6;
/** Must hold 6: all processes together, proportional set size. */
const LIMIT_MB = { none: 130, million: 160 };

const isRoot = process.getuid?.() === 0;
const missing = existsSync(LISTS) ? undefined : `there are no corpora at ${CORPORA}`;
const needsRoot = { skip: isRoot ? false : 'needs root to make network namespaces' };
const needsLists = { skip: isRoot ? (missing ?? false) : 'needs root to make network namespaces' };
const needsFlows = { skip: existsSync(join(CORPORA, 'wire')) ? false : `there are no recorded flows at ${CORPORA}` };

/** The published forms of one list, and what `feed add` finds each to be. */
const FORMS = {
  'urlhaus-filter-hosts-online.txt': 'hosts',
  'urlhaus-filter-domains-online.txt': 'domains',
  'urlhaus-filter-wildcard-online.txt': 'domains',
  'urlhaus-filter-online.txt': 'adblock',
  'urlhaus-filter-ag-online.txt': 'adblock',
  'urlhaus-filter-agh-online.txt': 'adblock',
  'urlhaus-filter-vivaldi-online.txt': 'adblock',
  'urlhaus-filter-dnscrypt-blocked-ips-online.txt': 'cidr',
  'urlhaus-filter-dnscrypt-blocked-names-online.txt': 'domains',
  'urlhaus-filter-dnsmasq-online.conf': 'dnsmasq',
  'urlhaus-filter-unbound-online.conf': 'unbound',
  'urlhaus-filter-bind-online.conf': 'bind',
  'urlhaus-filter-rpz-online.conf': 'rpz',
  'urlhaus-filter-online.tpl': 'tpl',
  'urlhaus-filter-splunk-online.csv': 'csv',
  'urlhaus-filter-snort2-online.rules': 'suricata',
  'urlhaus-filter-snort3-online.rules': 'suricata',
  'urlhaus-filter-suricata-online.rules': 'suricata',
  'urlhaus-filter-suricata-sni-online.rules': 'suricata',
} as const satisfies Record<string, string>;
/** Everything else there, as folders and as single files. */
const MORE = ['urls-malicious-cc0-5k.txt', 'misp-events-eset', 'stix', 'ut1-ccbysa', 'maltrail-mit'] as const;

/** Must hold 8. */
const MOST_POPULAR_BLOCKED = 0.0005;
const LEAST_LISTED_BLOCKED = 0.99;

suite('lists', () => {
  test('with no list: what all processes need', needsRoot, async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using sallyport = await startSallyport(lab.client.namespace, { mode: 'block' });
    await sallyport.json('status');
    await settlesBelow(t, lab.client.namespace, LIMIT_MB.none);
  });

  test('all published lists at once: what they list is blocked, what is popular passes', needsLists, async (t) => {
    await using lab = await createPairLab({ serverAddresses: 4 });
    const { namespace } = lab.client;
    await using nginx = await startNginx(lab.server.namespace, { subjects: ['lab.example'], bulkBytes: 1 });
    await using sallyport = await startSallyport(namespace, { mode: 'block' });
    await using folder = await createTemporaryFolder('lists');
    // Each feed that is added compiles all of them, so the large one comes last.
    for (const [name, format] of Object.entries(FORMS)) {
      const view = await sallyport.json<FeedView>('feed', 'add', join(URLHAUS, name));
      assert.equal(view.format, format, name);
      assert.ok(entriesOf(view) > 300, `${name}: ${JSON.stringify(view.entries)}`);
    }
    const archive = join(folder.path, 'ut1.tar.gz');
    await must(['tar', '-czf', archive, '-C', LISTS, 'ut1-ccbysa']);
    for (const path of [...MORE.map((name) => join(LISTS, name)), archive]) {
      const view = await sallyport.json<FeedView>('feed', 'add', path);
      t.diagnostic(
        `${path.slice(path.lastIndexOf('/') + 1)}: ${view.format}, ${entriesOf(view)} entries, ${view.held} held`,
      );
      assert.ok(entriesOf(view) > 2, `${path}: ${JSON.stringify(view.entries)}`);
    }
    const file = join(folder.path, 'domains.txt');
    await decompress(join(LISTS, 'domains-malicious-mit-cc0.txt.xz'), file);
    const startedAt = performance.now();
    const view = await sallyport.json<FeedView>('feed', 'add', file);
    const took = (performance.now() - startedAt).toFixed(0);
    t.diagnostic(`${view.entries.hosts} hosts in force ${took} ms after the command, ${view.held} held`);
    assert.ok(view.entries.hosts > 1e6);
    await settlesBelow(t, namespace, LIMIT_MB.million);

    const isBlocked = await lookUp(sallyport);
    const popular = await popularNames();
    const blockedPopular = [...popular].filter(isBlocked);
    t.diagnostic(`popular names blocked: ${share(blockedPopular.length, popular.size)}`);
    for (const name of blockedPopular) await isExplained(t, sallyport, name);
    assert.ok(blockedPopular.length <= popular.size * MOST_POPULAR_BLOCKED);

    const listed = await readLines(file);
    for (const name of await readLines(join(URLHAUS, 'urlhaus-filter-dnscrypt-blocked-names-online.txt')))
      listed.add(name);
    const malicious = [...listed].filter((name) => !popular.has(name));
    const blocked = malicious.filter(isBlocked);
    t.diagnostic(`listed names that are not popular: blocked ${share(blocked.length, malicious.length)}`);
    assert.ok(blocked.length >= malicious.length * LEAST_LISTED_BLOCKED);

    const bad = sample(blocked, 200);
    const good = sample(
      [...popular].filter((name) => !isBlocked(name)),
      200,
    );
    const names = [...bad, ...good, ...blockedPopular];
    const addresses = lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6]);
    const targets = names.map((host, at) => ({ host, address: addresses[at % addresses.length] ?? '', port: 80 }));
    await using load = await startLoad(namespace, { targets, lanes: 1 });
    const overHttp = new Map((await load.finish()).map(({ host, end }) => [host, end]));
    assert.deepEqual(except([...bad, ...blockedPopular], overHttp, 'ECONNRESET'), []);
    assert.deepEqual(except(good, overHttp, 'answered'), []);

    const visits = targets.map(({ host, address }): Visit => ({ url: `https://${host}/`, address }));
    const program = fileURLToPath(new URL('../src/programs/visit.ts', import.meta.url));
    const { authorityFile } = nginx.certificate;
    const output = await namespace.must([
      process.execPath,
      program,
      authorityFile,
      ...visits.map((v) => JSON.stringify(v)),
    ]);
    const outcomes = output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as VisitOutcome);
    const overTls = new Map(outcomes.map(({ url, end }) => [url.slice('https://'.length, -1), `${end}`]));
    assert.deepEqual(except([...bad, ...blockedPopular], overTls, 'ECONNRESET'), []);
    // The lab's certificate is not theirs: that the client could see it means that the hello arrived.
    assert.deepEqual(except(good, overTls, 'ERR_TLS_CERT_ALTNAME_INVALID'), []);
    assert.equal((await sallyport.status()).gate?.recordsDropped, 0);
  });

  test('recorded flows: the parsers read the host that is there', needsFlows, async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const files = (await readdir(join(CORPORA, 'wire'))).filter((name) => name.endsWith('.jsonl'));
    const flows = files.map((name) => join(CORPORA, 'wire', name)).join(',');
    const { status, stdout, stderr } = await runCommand(lab.client.namespace, ['wire', '--flows', flows, '--json']);
    assert.equal(status, 0, stderr);
    const { tallies } = JSON.parse(stdout) as { tallies: Record<string, Tally> };
    const core = Object.entries(tallies).filter(([kind]) => /^(?:tls|http)(?:-truncated)? core$/.test(kind));
    assert.ok(core.length >= 2);
    for (const [kind, { flows: count, hostAgrees }] of core) {
      t.diagnostic(`${kind}: ${hostAgrees} of ${count} (${((100 * hostAgrees) / count).toFixed(2)} %)`);
      assert.ok(hostAgrees / count >= 0.98, kind);
    }
  });
});

interface Tally {
  readonly flows: number;
  readonly hostAgrees: number;
}

const entriesOf = ({ entries }: FeedView): number => entries.hosts + entries.ips + entries.cidrs + entries.urls;

const share = (part: number, whole: number): string => `${part} of ${whole} (${((100 * part) / whole).toFixed(3)} %)`;

/** Judges names by the table files that the gate has: a million look-ups instead of a million connections. */
async function lookUp({ stateDirectory }: Sallyport): Promise<(name: string) => boolean> {
  const folder = join(stateDirectory, 'agent', 'tables');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.tbl'));
  const newest = async (slot: string): Promise<HostTable | null> => {
    const numbers = files.flatMap((file) => new RegExp(`^${slot}-(\\d+)\\.`).exec(file)?.[1] ?? []).map(Number);
    if (numbers.length === 0) return null;
    const opened = HostTable.open(await readFile(join(folder, `${slot}-${Math.max(...numbers)}.tbl`)));
    assert.equal(opened.kind, 'ok', slot);
    return opened.value;
  };
  const tables = {
    indicators: await newest('indicators'),
    reputation: await newest('reputation'),
    categories: await newest('categories'),
    popular: await newest('popular'),
    score: null,
  };
  const settings = { mode: 'block', convertWarnToBlock: false, lowReputation: 'off', exclusions: null } as const;
  const nowMs = Date.now();
  const nowhere = new Uint8Array(0);
  return (name) => {
    const asked = { names: [Buffer.from(name)], url: null, remoteIp: nowhere, remotePort: 443, subject: null };
    return judge(asked, tables, settings, nowMs).effect === 'block';
  };
}

/** `check` names the feed and the entry that block a name. */
async function isExplained(t: TestContext, sallyport: Sallyport, name: string): Promise<void> {
  const { effect, layer, rule, candidates } = await sallyport.json<CheckView>('check', name);
  const by = candidates.find(({ won }) => won)?.entry ?? '';
  t.diagnostic(`  ${name}: by the entry ${by} of ${rule?.title ?? ''}`);
  assert.deepEqual([effect, layer], ['block', 'reputation']);
  assert.ok(by !== '' && rule !== null && rule.title !== '');
}

/**
 * Memory of the processes of a namespace with nothing in it but Sallyport: launcher, gate, agent, and what they run.
 * `pss` is the kernel's figure. It gets smaller when other programs run the same Node, this test among them; `alone`
 * counts pages of files once for all of ours and shares them with nobody else.
 */
async function memoryMb(namespace: Namespace): Promise<{ pss: number; alone: number }> {
  const pids = (await must(['ip', 'netns', 'pids', namespace.name])).split('\n').filter(Boolean);
  const ofFiles = new Map<string, number>();
  let [pss, anonymous] = [0, 0];
  for (const pid of pids) {
    let mapping = '';
    for (const line of (await readFile(`/proc/${pid}/smaps`, 'utf8').catch(() => '')).split('\n')) {
      const head = /^[0-9a-f]+-[0-9a-f]+ \S+ (?<offset>\S+) \S+ (?<inode>\d+)/.exec(line)?.groups;
      if (head !== undefined) mapping = head['inode'] === '0' ? '' : `${head['inode']} ${head['offset']}`;
      const [name, kib] = /^(Rss|Pss): +(\d+) kB/.exec(line)?.slice(1) ?? [];
      if (name === 'Pss') pss += Number(kib);
      if (name === 'Pss' && mapping === '') anonymous += Number(kib);
      if (name === 'Rss' && mapping !== '') ofFiles.set(mapping, Math.max(ofFiles.get(mapping) ?? 0, Number(kib)));
    }
  }
  const files = [...ofFiles.values()].reduce((sum, kib) => sum + kib, 0);
  return { pss: (pss * 1024) / MB, alone: ((anonymous + files) * 1024) / MB };
}

/** Memory that a start or a feed needed goes back within seconds; what stays is what counts. */
async function settlesBelow(t: TestContext, namespace: Namespace, limitMb: number): Promise<void> {
  const first = await memoryMb(namespace);
  const deadline = performance.now() + 15_000;
  let now = first;
  while (Math.max(now.alone, now.pss) > limitMb && performance.now() < deadline) {
    await delay(250);
    now = await memoryMb(namespace);
  }
  const figures = `PSS ${now.pss.toFixed(1)} MB, as if alone ${now.alone.toFixed(1)} MB`;
  t.diagnostic(`all processes together: ${figures} (at first ${first.alone.toFixed(1)}), limit ${limitMb} MB`);
  assert.ok(Math.max(now.alone, now.pss) <= limitMb, figures);
}

async function decompress(archive: string, file: string): Promise<void> {
  await using out = await open(file, 'w');
  const xz = spawn('xz', ['--decompress', '--keep', '--stdout', archive], { stdio: ['ignore', out.fd, 'inherit'] });
  const [status] = (await once(xz, 'close')) as [number | null];
  assert.equal(status, 0, 'xz');
}

/** The entries of a list with one name a line. */
async function readLines(file: string): Promise<Set<string>> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  return new Set(lines.filter((line) => line !== '' && !line.startsWith('#')));
}

/** Of all warninglists: hosts, as they are written, without addresses. */
async function popularNames(): Promise<Set<string>> {
  const names = new Set<string>();
  const folder = join(LISTS, 'misp-warninglists-cc0');
  for (const file of await readdir(folder)) {
    const { type, list } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { type: string; list: string[] };
    if (type === 'cidr') continue;
    for (const entry of list) {
      const name = entry.replace(/^\*?\./, '').replace(/\/.*/, '');
      if (/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*$/.test(name)) names.add(name);
    }
  }
  return names;
}

function sample(names: readonly string[], count: number): string[] {
  const chosen = new Set<string>();
  while (chosen.size < count) chosen.add(names[Math.floor(Math.random() * names.length)] ?? '');
  return [...chosen];
}

/** `name: how it ended` for those that did not end as wanted. */
const except = (names: readonly string[], ends: ReadonlyMap<string, string>, wanted: string): string[] =>
  names.filter((name) => ends.get(name) !== wanted).map((name) => `${name}: ${ends.get(name) ?? 'missing'}`);
