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

import type { FeedView } from '@sallyport/contract/control';

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

/** What `feed add` does with each published form of one list: the format it finds, or that it refuses it. */
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
  'urlhaus-filter-dnsmasq-online.conf': null,
  'urlhaus-filter-unbound-online.conf': null,
  'urlhaus-filter-bind-online.conf': null,
  'urlhaus-filter-rpz-online.conf': null,
  'urlhaus-filter-online.tpl': null,
  'urlhaus-filter-splunk-online.csv': null,
  'urlhaus-filter-snort2-online.rules': null,
  'urlhaus-filter-snort3-online.rules': null,
  'urlhaus-filter-suricata-online.rules': null,
  'urlhaus-filter-suricata-sni-online.rules': null,
} as const satisfies Record<string, string | null>;

suite('lists', () => {
  test('with no list: what all processes need', needsRoot, async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using sallyport = await startSallyport(lab.client.namespace, { mode: 'block' });
    await sallyport.json('status');
    await settlesBelow(t, lab.client.namespace, LIMIT_MB.none);
  });

  test(
    'a million real names and 19 forms of a list: listed names are blocked, popular ones pass',
    needsLists,
    async (t) => {
      await using lab = await createPairLab({ serverAddresses: 4 });
      const { namespace } = lab.client;
      await using nginx = await startNginx(lab.server.namespace, { subjects: ['lab.example'], bulkBytes: 1 });
      await using sallyport = await startSallyport(namespace, { mode: 'block' });

      await using folder = await createTemporaryFolder('lists');
      const file = join(folder.path, 'domains.txt');
      await decompress(join(LISTS, 'domains-malicious-mit-cc0.txt.xz'), file);
      const startedAt = performance.now();
      const view = await sallyport.json<FeedView>('feed', 'add', file);
      t.diagnostic(
        `${view.entries.hosts} hosts in force ${(performance.now() - startedAt).toFixed(0)} ms after the command`,
      );
      assert.ok(view.entries.hosts > 1e6);
      for (const [name, format] of Object.entries(FORMS)) await addForm(sallyport, name, format);
      await settlesBelow(t, namespace, LIMIT_MB.million);

      const listed = await readLines(file);
      for (const name of await readLines(join(URLHAUS, 'urlhaus-filter-dnscrypt-blocked-names-online.txt')))
        listed.add(name);
      const popular = (await popularNames()).filter((name) => !selfAndParents(name).some((each) => listed.has(each)));
      const bad = sample([...listed], 200);
      const good = sample(popular, 100);
      t.diagnostic(`200 of ${listed.size} listed names, 100 of ${popular.length} popular names on no list`);
      const names = [...bad, ...good];

      const addresses = lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6]);
      const targets = names.map((host, at) => ({ host, address: addresses[at % addresses.length] ?? '', port: 80 }));
      await using load = await startLoad(namespace, { targets, lanes: 1 });
      const overHttp = new Map((await load.finish()).map(({ host, end }) => [host, end]));
      assert.deepEqual(except(bad, overHttp, 'ECONNRESET'), []);
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
      assert.deepEqual(except(bad, overTls, 'ECONNRESET'), []);
      // The lab's certificate is not theirs: that the client could see it means that the hello arrived.
      assert.deepEqual(except(good, overTls, 'ERR_TLS_CERT_ALTNAME_INVALID'), []);
      assert.equal((await sallyport.status()).gate?.recordsDropped, 0);
    },
  );

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

async function addForm(sallyport: Sallyport, name: string, format: string | null): Promise<void> {
  const { status, stdout, stderr } = await sallyport.cli('feed', 'add', join(URLHAUS, name), '--json');
  if (format === null) {
    assert.notEqual(status, 0, `${name} was taken for something else: ${stdout}`);
    assert.match(stderr, /^sallyport: .*:\d+: .*\n$/, 'one line that names the line');
  } else {
    assert.equal(status, 0, stderr);
    const view = JSON.parse(stdout) as FeedView;
    assert.equal(view.format, format, name);
    assert.ok(
      view.entries.hosts + view.entries.ips + view.entries.cidrs > 500,
      `${name}: ${JSON.stringify(view.entries)}`,
    );
  }
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

async function popularNames(): Promise<string[]> {
  const names = new Set<string>();
  for (const file of ['tranco10k.json', 'moz-top500.json', 'cisco_top1000.json']) {
    const text = await readFile(join(LISTS, 'misp-warninglists-cc0', file), 'utf8');
    for (const name of (JSON.parse(text) as { list: string[] }).list) {
      if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(name)) names.add(name);
    }
  }
  return [...names];
}

/** `a.b.example`: itself, `b.example`, `example`. A listed host covers its sub-domains. */
const selfAndParents = (name: string): string[] => name.split('.').map((_, at, labels) => labels.slice(at).join('.'));

function sample(names: readonly string[], count: number): string[] {
  const chosen = new Set<string>();
  while (chosen.size < count) chosen.add(names[Math.floor(Math.random() * names.length)] ?? '');
  return [...chosen];
}

/** `name: how it ended` for those that did not end as wanted. */
const except = (names: readonly string[], ends: ReadonlyMap<string, string>, wanted: string): string[] =>
  names.filter((name) => ends.get(name) !== wanted).map((name) => `${name}: ${ends.get(name) ?? 'missing'}`);
