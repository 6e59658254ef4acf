/**
 * `sallyport bench gate`: what the gate costs, measured beside unprotected traffic and real peers.
 *
 * All arms run one after the other against the same unprotected namespace and the same server, each
 * in a client namespace of its own. Nothing outside those namespaces is touched.
 */
import { getuid } from 'node:process';
import { parseArgs } from 'node:util';

import { run } from '@sallyport/lab/command';
import type { Namespace } from '@sallyport/lab/namespace';
import { startNginx } from '@sallyport/lab/nginx';
import { createStarLab } from '@sallyport/lab/topology';

import type { Arm } from './arms/arm.ts';
import { conntrackAlone } from './arms/conntrack.ts';
import { startOpenSnitch } from './arms/opensnitch.ts';
import { rulesAlone } from './arms/rules-alone.ts';
import { startSallyport } from './arms/sallyport.ts';
import { startSquid } from './arms/squid.ts';
import { progress, Refusal, runCommand, writeResults } from './command.ts';
import { prepareClient, prepareServer, siteHosts } from './load.ts';
import { describeMachine, disturbances } from './machine.ts';
import { type ArmResult, type Effort, measureArm } from './measure.ts';
import { alignedTable, type Measurements, type MissingPeer, tableRows, toJson, toMarkdown } from './report.ts';

const USAGE = `usage: sallyport bench gate [--json] [--write] [--quick] [--pairs N] [--seconds N] [--hosts N]
       [--resume] [--arms A,B,…]
  --json     one JSON object on standard output instead of a table
  --write    append the result to docs/benchmarks.md
  --quick    2 pairs of 1 s: a smoke test, not a figure to quote
  --pairs    pairs of unprotected and measured runs for each figure (5)
  --seconds  length of one run of new connections (3)
  --hosts    hosts in Sallyport's feed (1000000)
  --resume   let TLS connections resume by ticket; without it each makes a whole handshake, as a new visitor does
  --arms     only these of: sallyport, rules, conntrack, opensnitch, squid`;

/** Arms in the order they run. `rules` needs a running Sallyport to copy from, and so runs inside its turn. */
const ARMS = ['sallyport', 'rules', 'conntrack', 'opensnitch', 'squid'] as const;
type ArmName = (typeof ARMS)[number];

/** Peers from Debian: the program that shows they are installed, and the package it comes from. */
const PEERS = {
  opensnitch: { program: 'opensnitchd', package: 'opensnitch', start: startOpenSnitch },
  squid: { program: 'squid', package: 'squid-openssl', start: startSquid },
} as const satisfies Partial<
  Record<ArmName, { program: string; package: string; start: (namespace: Namespace) => Promise<Arm> }>
>;

/** Several, so that no address runs out of ephemeral ports. */
const SERVER_ADDRESSES = 8;
const TOOLS = {
  wrk: 'wrk',
  curl: 'curl',
  nginx: 'nginx-light',
  ip: 'iproute2',
  openssl: 'openssl',
  'iptables-nft': 'iptables',
};

interface Options {
  readonly json: boolean;
  readonly write: boolean;
  readonly effort: Effort;
  readonly hosts: number;
  readonly resume: boolean;
  readonly arms: ReadonlySet<ArmName>;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (getuid?.() !== 0) throw new Refusal('bench gate needs root, to make network namespaces: use sudo');
  for (const [program, debianPackage] of Object.entries(TOOLS)) {
    if (!(await installed(program))) throw new Refusal(`${program} is missing: apt-get install ${debianPackage}`);
  }
  const measurements = await measureAll(options);
  if (options.write) await writeResults(toMarkdown(measurements));
  process.stdout.write(options.json ? `${JSON.stringify(toJson(measurements))}\n` : `${humanForm(measurements)}\n`);
}

async function measureAll(options: Options): Promise<Measurements> {
  const machine = await describeMachine(new Date());
  for (const what of disturbances(machine)) progress(`not idle, figures will not be comparable: ${what}`);
  const missing = await missingPeers(options.arms);
  const names = ARMS.filter((name) => options.arms.has(name) && !missing.some((peer) => peer.name === name));
  await using lab = await createStarLab(['plain', ...names], { serverAddresses: SERVER_ADDRESSES });
  const subjects = ['*.bench.example', ...lab.server.addresses.map(({ v4 }) => v4)];
  await using nginx = await startNginx(lab.server.namespace, { subjects, sessionTickets: options.resume });
  const namespaces = new Map(['plain', ...names].map((name, n) => [name, lab.clients[n]?.namespace]));
  const namespaceOf = (name: string): Namespace => {
    const namespace = namespaces.get(name);
    if (namespace === undefined) throw new Error(`the lab has no client named ${name}`);
    return namespace;
  };
  await prepareServer(lab.server.namespace);
  for (const { namespace } of lab.clients) {
    await prepareClient(namespace);
    await namespace.setHosts(siteHosts(lab.server.addresses));
  }
  const stage = { baseline: namespaceOf('plain'), addresses: lab.server.addresses, effort: options.effort, progress };

  const arms: Record<string, ArmResult> = {};
  const measure = async (name: ArmName, arm: Arm): Promise<void> => {
    const acceptedBefore = await nginx.accepted();
    arms[name] = await measureArm(name, arm, stage);
    progress(`${name}: the server accepted ${(await nginx.accepted()) - acceptedBefore} connections`);
  };
  for (const name of names) {
    if (name !== 'rules') progress(`${name}: starting`);
    switch (name) {
      case 'sallyport': {
        await using arm = await startSallyport(namespaceOf(name), { hosts: options.hosts });
        await measure(name, arm);
        if (names.includes('rules')) {
          await using rules = await rulesAlone(namespaceOf('rules'), arm.namespace);
          await measure('rules', rules);
        }
        break;
      }
      case 'rules':
        break;
      case 'conntrack': {
        await using arm = await conntrackAlone(namespaceOf(name));
        await measure(name, arm);
        break;
      }
      case 'opensnitch':
      case 'squid': {
        await using arm = await PEERS[name].start(namespaceOf(name));
        await measure(name, arm);
        break;
      }
      default:
        name satisfies never;
    }
  }
  return { machine, effort: options.effort, arms, peers: Object.keys(PEERS), missing };
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      pairs: { type: 'string' },
      seconds: { type: 'string' },
      hosts: { type: 'string', default: '1000000' },
      arms: { type: 'string', default: ARMS.join(',') },
    },
  });
  if (values.help) throw new Refusal(USAGE);
  const whole = (name: string, text: string, least: number): number => {
    if (!/^\d{1,8}$/.test(text) || Number(text) < least)
      throw new Refusal(`--${name}: a whole number from ${least} up`);
    return Number(text);
  };
  const arms = new Set<ArmName>();
  for (const wanted of values.arms.split(',')) {
    const name = ARMS.find((known) => known === wanted);
    if (name === undefined) throw new Refusal(`--arms: ${wanted} is none of ${ARMS.join(', ')}`);
    arms.add(name);
  }
  if (arms.has('rules') && !arms.has('sallyport'))
    throw new Refusal('--arms: rules are copied from sallyport, name both');
  return {
    json: values.json,
    write: values.write,
    hosts: whole('hosts', values.hosts, 0),
    arms,
    resume: values.resume,
    effort: {
      pairs: whole('pairs', values.pairs ?? (values.quick ? '2' : '5'), 1),
      seconds: whole('seconds', values.seconds ?? (values.quick ? '1' : '3'), 1),
      bulkTransfers: values.quick ? 5 : 20,
      firstByteRounds: values.quick ? 6 : 20,
      firstByteRequests: values.quick ? 100 : 250,
    },
  };
}

async function missingPeers(arms: ReadonlySet<ArmName>): Promise<MissingPeer[]> {
  const missing: MissingPeer[] = [];
  for (const name of ['opensnitch', 'squid'] as const) {
    const peer = PEERS[name];
    if (!arms.has(name) || (await installed(peer.program))) continue;
    missing.push({ name, install: `apt-get install ${peer.package}` });
    progress(`${name} is not installed and will not be measured: apt-get install ${peer.package}`);
  }
  return missing;
}

async function installed(program: string): Promise<boolean> {
  return (await run(['which', program])).status === 0;
}

function humanForm(measurements: Measurements): string {
  const missing = measurements.missing.map(({ name, install }) => `${name} is not installed: ${install}`);
  return [alignedTable(tableRows(measurements)), '', ...missing].join('\n').trimEnd();
}

await runCommand(main);
