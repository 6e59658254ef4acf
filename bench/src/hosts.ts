/**
 * `sallyport bench hosts`: size, build, load, look-up and delta of host tables from 10^4 to 10^7 names, and what others
 * take for the same list. Every size and every peer runs in a process of its own, one after the other.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { run } from '@sallyport/lab/command';

import { progress, Refusal, runCommand, writeResults } from './command.ts';
import { listName } from './list-names.ts';
import { describeMachine, disturbances, type Machine } from './machine.ts';
import { measureDnsPeer } from './peers/dns-peer.ts';
import { alignedTable } from './report.ts';

const USAGE = `usage: sallyport bench hosts [--json] [--write] [--sizes N,N,…] [--misses N] [--peers N] [--no-peers]
  --json     one JSON object on standard output instead of a table
  --write    append the result to docs/benchmarks.md
  --sizes    names in the tables (10000,100000,1000000,10000000); the last one gives the figures at the top
  --misses   random names asked of the largest table, none of which may match (1000000)
  --peers    names that the peers are given (1000000)
  --no-peers leave the peers out`;

/** As the agent runs its compiler. */
const NODE_FLAGS = [
  '--expose-gc',
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--disable-warning=ExperimentalWarning',
];
/** The peers in JavaScript take what they need. */
const MATCHER_FLAGS = ['--expose-gc', '--max-old-space-size=6000'];
const REAL_LIST = 'lists/domains-malicious-mit-cc0.txt.xz';

interface HostsFigures {
  readonly hosts: number;
  readonly fileMb: number;
  readonly bytesPerHost: number;
  readonly buildSeconds: number;
  readonly buildPeakMb: number;
  readonly loadSeconds: number;
  readonly matchHitNs: number;
  readonly matchMissNs: number;
  readonly deltaSeconds: number;
  readonly misses: number;
  readonly falseMatches: number;
}

interface Peer {
  readonly name: string;
  readonly hosts: number;
  readonly residentMb: number;
  readonly loadSeconds: number;
  readonly matchHitNs?: number;
  readonly matchMissNs?: number;
}

interface MissingPeer {
  readonly name: string;
  readonly reason: string;
}

const execute = promisify(execFile);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const machine = await describeMachine(new Date());
  for (const what of disturbances(machine)) progress(`not idle, figures will not be comparable: ${what}`);
  const rows: { readonly name: string; readonly figures: HostsFigures }[] = [];
  for (const [i, hosts] of options.sizes.entries()) {
    progress(`${hosts.toLocaleString('en')} names`);
    const misses = i === options.sizes.length - 1 ? options.misses : 100_000;
    rows.push({ name: hosts.toLocaleString('en'), figures: await measure({ hosts, file: null, misses }) });
  }
  const real = await realList();
  if (real === null) progress('real lists: there is no corpora folder beside the project, so none are measured');
  else {
    await using list = real;
    progress('real list');
    rows.push({ name: 'real list', figures: await measure({ hosts: 0, file: list.path, misses: 100_000 }) });
  }
  const { peers, missing } = options.peers === 0 ? { peers: [], missing: [] } : await measurePeers(options.peers);
  const measurements = { machine, rows, peers, missing };
  if (options.write) await writeResults(toMarkdown(measurements));
  const { figures } = rows[options.sizes.length - 1] ?? {};
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...figures, sizes: rows, peers: Object.fromEntries(peers.map((peer) => [peer.name, peer])), missing, machine })}\n`
      : `${alignedTable(hostRows(rows))}\n\n${alignedTable(peerRows(peers))}\n${missing.map(({ name, reason }) => `${name}: ${reason}\n`).join('')}`,
  );
}

type PeerFigures = Omit<Peer, 'name' | 'hosts'>;

const measure = (task: { hosts: number; file: string | null; misses: number }): Promise<HostsFigures> =>
  program<HostsFigures>('hosts-run.ts', NODE_FLAGS, task);

/** What a program of ours prints. */
async function program<T>(name: string, flags: readonly string[], task: unknown): Promise<T> {
  const path = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  const { stdout } = await execute(process.execPath, [...flags, path, JSON.stringify(task)]);
  return JSON.parse(stdout) as T; // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own program's answer
}

/** The list of real names, unpacked, or null when the corpora folder is not there. */
async function realList(): Promise<({ path: string } & AsyncDisposable) | null> {
  const corpora =
    process.env['SALLYPORT_CORPORA'] ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
  const packed = join(corpora, REAL_LIST);
  const exists = await stat(packed).then(
    () => true,
    () => false,
  );
  if (!exists) return null;
  const { folder, remove } = await temporaryFolder();
  const path = join(folder, 'names.txt');
  const { stdout } = await execute('xz', ['--decompress', '--stdout', packed], {
    encoding: 'buffer',
    maxBuffer: 1 << 30,
  });
  await writeFile(path, stdout);
  return { path, [Symbol.asyncDispose]: remove };
}

async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

/** One after the other; what is not installed is named with the command that installs it. */
async function measurePeers(hosts: number): Promise<{ peers: Peer[]; missing: MissingPeer[] }> {
  const peers: Peer[] = [];
  const missing: MissingPeer[] = [];
  const attempt = async (name: string, take: () => Promise<PeerFigures>): Promise<void> => {
    progress(name);
    try {
      peers.push({ name, hosts, ...(await take()) });
    } catch (error) {
      missing.push({ name, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
    }
  };
  const { folder, remove } = await temporaryFolder();
  try {
    await attempt('dnsmasq', async () => {
      if (!(await installed('dnsmasq'))) throw new Error('not installed: apt-get install dnsmasq-base');
      const file = join(folder, 'dnsmasq.conf');
      await writeList(file, hosts, (name) => `address=/${name}/0.0.0.0\n`);
      const own = ['--keep-in-foreground', '--no-resolv', '--no-hosts', '--user=root', '--pid-file='];
      const listen = ['--listen-address=127.0.0.1', '--bind-interfaces'];
      return measureDnsPeer(
        (port) => ['dnsmasq', ...own, ...listen, `--port=${port}`, `--conf-file=${file}`],
        listName(0),
      );
    });
    await attempt('unbound', async () => {
      if (!(await installed('unbound'))) throw new Error('not installed: apt-get install unbound');
      const file = join(folder, 'unbound.conf');
      const head = (port: number): string =>
        `server:\n  interface: 127.0.0.1@${port}\n  do-daemonize: no\n  use-syslog: no\n  verbosity: 0\n  username: ""\n` +
        `  chroot: ""\n  pidfile: ""\n  num-threads: 1\n  module-config: "iterator"\n  include: "${file}"\n`;
      await writeList(file, hosts, (name) => `local-zone: "${name}" always_nxdomain\n`);
      const configuration = join(folder, 'main.conf');
      return measureDnsPeer(
        (port) => ['sh', '-c', `printf '%s' "$1" >"$2" && exec unbound -c "$2"`, 'sh', head(port), configuration],
        listName(0),
      );
    });
    for (const [name, matcher] of [
      ['@ghostery/adblocker', 'adblocker'],
      ['JS Set', 'set'],
    ] as const) {
      await attempt(name, () => program<PeerFigures>('matcher-run.ts', MATCHER_FLAGS, { matcher, hosts }));
    }
  } finally {
    await remove();
  }
  return { peers, missing };
}

async function writeList(file: string, hosts: number, line: (name: string) => string): Promise<void> {
  await writeFile(
    file,
    (function* chunks() {
      for (let start = 0; start < hosts; start += 10_000) {
        let chunk = '';
        for (let i = start; i < Math.min(hosts, start + 10_000); i++) chunk += line(listName(i));
        yield chunk;
      }
    })(),
  );
}

const installed = async (name: string): Promise<boolean> => (await run(['which', name])).status === 0;

function hostRows(rows: readonly { readonly name: string; readonly figures: HostsFigures }[]): string[][] {
  const header = [
    'names',
    'bytes/host',
    'build s',
    'peak MB',
    'load s',
    'hit ns',
    'miss ns',
    'delta s',
    'false matches',
  ];
  return [
    header,
    ...rows.map(({ name, figures: f }) => [
      name,
      f.bytesPerHost.toFixed(2),
      f.buildSeconds.toFixed(2),
      f.buildPeakMb.toFixed(0),
      f.loadSeconds.toFixed(3),
      f.matchHitNs.toFixed(0),
      f.matchMissNs.toFixed(0),
      f.deltaSeconds.toFixed(3),
      `${f.falseMatches} of ${f.misses.toLocaleString('en')}`,
    ]),
  ];
}

function peerRows(peers: readonly Peer[]): string[][] {
  if (peers.length === 0) return [];
  return [
    ['peer', 'names', 'resident MB', 'load s', 'hit ns', 'miss ns'],
    ...peers.map(({ name, hosts, residentMb, loadSeconds, matchHitNs, matchMissNs }) => [
      name,
      hosts.toLocaleString('en'),
      residentMb.toFixed(0),
      loadSeconds.toFixed(2),
      matchHitNs?.toFixed(0) ?? '-',
      matchMissNs?.toFixed(0) ?? '-',
    ]),
  ];
}

interface Measurements {
  readonly machine: Machine;
  readonly rows: readonly { readonly name: string; readonly figures: HostsFigures }[];
  readonly peers: readonly Peer[];
  readonly missing: readonly MissingPeer[];
}

function toMarkdown({ machine, rows, peers, missing }: Measurements): string {
  const table = ([header = [], ...body]: readonly string[][]): string => {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(line)].join('\n');
  };
  return [
    `## Host tables, ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `${machine.cpu}, ${machine.cores} cores, kernel ${machine.kernel}, Node ${machine.node}; load average before ${machine.loadBefore.toFixed(2)}. ` +
      'Written by `sudo ./sallyport bench hosts --write`. Names are generated with the label statistics of real lists; questions have ' +
      'four labels; times are medians; peak is that of the building process, Node included. A delta is 5,000 names out and 5,000 in.',
    '',
    table(hostRows(rows)),
    '',
    ...(peers.length === 0 ? [] : [table(peerRows(peers)), '']),
    ...missing.map(({ name, reason }) => `${name}: ${reason}\n`),
  ].join('\n');
}

interface Options {
  readonly json: boolean;
  readonly write: boolean;
  readonly sizes: readonly number[];
  readonly misses: number;
  /** 0: none. */
  readonly peers: number;
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      sizes: { type: 'string', default: '10000,100000,1000000,10000000' },
      misses: { type: 'string', default: '1000000' },
      peers: { type: 'string', default: '1000000' },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  const whole = (option: string, text: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Refusal(`${option}: "${text}" is not a whole number from 1 on`);
    return Number(text);
  };
  return {
    json: values.json,
    write: values.write,
    sizes: values.sizes.split(',').map((size) => whole('--sizes', size)),
    misses: whole('--misses', values.misses),
    peers: values['no-peers'] ? 0 : whole('--peers', values.peers),
  };
}

await runCommand(main);
