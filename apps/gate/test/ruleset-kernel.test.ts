/** The real tools and the real kernel, in a network namespace of its own. Needs root and util-linux. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';

import { DEFAULT_GATE_SETTINGS, type GateSettings } from '@sallyport/contract/gate-settings';

import { describe } from '../src/ruleset/description.ts';
import { namesFor } from '../src/ruleset/names.ts';
import { renderNftables } from '../src/ruleset/nftables.ts';
import { type Execute, type Memory, Ruleset } from '../src/ruleset/ruleset.ts';

const TOOLS = ['unshare', 'nsenter', 'ip', 'nft', 'iptables-nft-restore', 'ip6tables-nft-restore'];
const reason =
  process.getuid?.() !== 0
    ? 'not root: no network namespace can be made'
    : (TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
        .map((tool) => `${tool} is not installed`)
        .at(0) ?? false);
if (reason !== false) console.log(`skipped: ${reason}`);

const VARIANTS: readonly { readonly name: string; readonly settings: Partial<GateSettings> }[] = [
  { name: 'block', settings: {} },
  { name: 'audit, no forward', settings: { mode: 'audit', inspectForwarded: false } },
  { name: 'closed', settings: { failGateAbsent: 'closed' } },
  { name: 'another mask, QUIC allowed', settings: { connmarkMask: 0x8000_0001, quicHandling: 'allow' } },
];

suite('the kernel takes the rules', { skip: reason }, () => {
  let holder: ChildProcess;
  const inNamespace: Execute = (program, args, input = '') => {
    const target = ['--net', '--target', String(holder.pid), program, ...args];
    const { status, stdout, stderr } = spawnSync('nsenter', target, { input, encoding: 'utf8', timeout: 10_000 });
    return { status: status ?? 1, stdout, stderr };
  };
  const everything = (): string => inNamespace('nft', ['list', 'ruleset']).stdout;

  before(async () => {
    // The shell becomes the sleeper, so the pid stays; it holds the namespace open until it is ended below.
    holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (holder.stdout !== null) await once(holder.stdout, 'data');
  });
  after(() => void holder.kill('SIGKILL'));

  const names = namesFor('/srv/test');
  for (const { name, settings } of VARIANTS) {
    const chains = describe({
      settings: { ...DEFAULT_GATE_SETTINGS, ...settings },
      queueNumber: names.queueNumber,
      agentUid: 990,
    });

    test(`nftables: ${name}`, () => {
      // Kernels without nftables' queue expression refuse that one statement, so it stands back here.
      const script = renderNftables(names.nftTable, chains).replaceAll(/queue num \d+( bypass)?/g, 'counter');
      assert.deepEqual(inNamespace('nft', ['--check', '--file', '-'], script), { status: 0, stdout: '', stderr: '' });
      assert.equal(everything(), '');
    });

    test(`iptables-nft: ${name}: load, find intact, notice a flush, repair, leave as found`, () => {
      let remembered: readonly string[] | null = null;
      const memory: Memory = {
        read: () => remembered,
        write: (baseChains) => void (remembered = baseChains),
        forget: () => void (remembered = null),
      };
      const foreign = '*filter\n:THEIRS - [0:0]\n-A FORWARD -m mark --mark 0x1 -j THEIRS\nCOMMIT\n';
      assert.equal(inNamespace('iptables-nft-restore', ['--noflush'], foreign).status, 0);
      const found = everything();
      const ruleset = new Ruleset('iptables-nft', inNamespace, names, memory);
      try {
        ruleset.apply(chains);
        const applied = everything();
        assert.match(applied, new RegExp(`jump SALLYPORT-${names.suffix}-OUTPUT`));
        const hooks = chains.length / 2;
        assert.equal(applied.match(/jump SALLYPORT/g)?.length, 2 * hooks, 'one jump for each family and hook');
        ruleset.apply(chains);
        assert.equal(everything().match(/jump SALLYPORT/g)?.length, 2 * hooks);

        // A verdict means nothing unless the packet comes past the enforce chain after it left the queue.
        const { inspect, enforce } = priorities();
        assert.deepEqual([inspect.length, enforce.length], [2 * hooks, hooks]);
        assert.ok(Math.max(...inspect) < Math.min(...enforce), `${inspect.join()} before ${enforce.join()}`);

        const damages = [
          ['flush', 'chain', 'ip6', 'security', 'OUTPUT'],
          ['flush', 'chain', 'ip', 'security', `SALLYPORT-${names.suffix}-OUTPUT`],
          ['flush', 'chain', 'inet', names.nftTable, 'enforce_output'],
          ['delete', 'table', 'inet', names.nftTable],
        ];
        for (const damage of damages) {
          assert.equal(ruleset.isIntact(), true);
          assert.equal(inNamespace('nft', damage).status, 0);
          assert.equal(ruleset.isIntact(), false, damage.join(' '));
          ruleset.repair();
        }
        assert.equal(ruleset.isIntact(), true);
        ruleset.remove();
        assert.equal(everything(), found);
      } finally {
        inNamespace('nft', ['flush', 'ruleset']);
      }
    });
  }

  /** Of the base chains that lead to our `inspect` rules, and of our `enforce` chains, as numbers. */
  function priorities(): { inspect: number[]; enforce: number[] } {
    const found = { inspect: new Array<number>(), enforce: new Array<number>() };
    let table = '';
    for (const line of inNamespace('nft', ['--numeric-priority', 'list', 'chains']).stdout.split('\n')) {
      if (line.startsWith('table ')) table = line;
      const priority = / priority (-?\d+);/.exec(line)?.[1];
      if (priority === undefined) continue;
      if (/^table ip6? security \{$/.test(table)) found.inspect.push(Number(priority));
      if (table === `table inet ${names.nftTable} {`) found.enforce.push(Number(priority));
    }
    return found;
  }

  test('QUIC: the client Initials of both versions are refused, nothing else', () => {
    const datagram = (firstBytes: string, length = 1200): string =>
      firstBytes
        .replaceAll(' ', '')
        .padEnd(2 * length, '0')
        .slice(0, 2 * length);
    // First byte: long header, fixed bit, two bits of type, two reserved, two of packet number length (RFC 9000 17.2).
    const cases: readonly { readonly name: string; readonly payload: string; readonly refused: boolean }[] = [
      { name: 'version 1 Initial', payload: datagram('c3 00000001 08'), refused: true },
      { name: 'version 1 Initial, other low bits', payload: datagram('cf 00000001 08'), refused: true },
      { name: 'version 1 Initial, 1400 bytes', payload: datagram('c0 00000001 08', 1400), refused: true },
      { name: 'version 2 Initial', payload: datagram('d3 6b3343cf 08'), refused: true },
      { name: 'version 1 Initial, one byte short', payload: datagram('c3 00000001 08', 1199), refused: false },
      { name: 'version 2 Initial, one byte short', payload: datagram('d3 6b3343cf 08', 1199), refused: false },
      { name: 'version 1 0-RTT', payload: datagram('d3 00000001 08'), refused: false },
      { name: 'version 1 Handshake', payload: datagram('e3 00000001 08'), refused: false },
      { name: 'version 1 Retry', payload: datagram('f3 00000001 08'), refused: false },
      { name: 'version 2 Handshake', payload: datagram('f3 6b3343cf 08'), refused: false },
      { name: 'version 2 Retry', payload: datagram('c3 6b3343cf 08'), refused: false },
      { name: 'unknown version', payload: datagram('c3 0a0a0a0a 08'), refused: false },
      { name: 'short header', payload: datagram('43 00000001 08'), refused: false },
      { name: 'fixed bit clear', payload: datagram('83 00000001 08'), refused: false },
      { name: 'four bytes', payload: datagram('c3 0000', 4), refused: false },
      { name: 'no bytes', payload: '', refused: false },
      { name: 'DNS answer of that size', payload: datagram('0001 8180 0001', 1300), refused: false },
    ];
    const network = `
      link add name out0 type veth peer name out1
      link set lo up
      link set out1 up
      link set out0 up
      addr add 192.0.2.1/24 dev out0
      addr add 2001:db8::1/64 dev out0 nodad
      neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev out0
      neigh add 2001:db8::7 lladdr 02:00:00:00:00:07 dev out0`;
    assert.deepEqual(inNamespace('ip', ['-batch', '-'], network), { status: 0, stdout: '', stderr: '' });
    const enforce = describe({
      settings: DEFAULT_GATE_SETTINGS,
      queueNumber: names.queueNumber,
      agentUid: 990,
    }).filter(({ stage }) => stage === 'enforce');
    assert.equal(inNamespace('nft', ['--file', '-'], renderNftables(names.nftTable, enforce)).status, 0);

    const send = (address: string): unknown => {
      const { status, stdout, stderr } = inNamespace(
        process.execPath,
        ['--eval', SEND_DATAGRAMS, address],
        JSON.stringify(cases.map(({ payload }) => payload)),
      );
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
    const want = cases.map(({ refused }) => refused);
    const nothing = cases.map(() => false);
    for (const { address, refused } of [
      { address: '192.0.2.7', refused: want },
      { address: '2001:db8::7', refused: want },
      { address: '127.0.0.1', refused: nothing },
    ]) {
      const named = (results: unknown): unknown[] =>
        Array.isArray(results) ? results.map((result, index) => `${cases[index]?.name ?? ''}: ${String(result)}`) : [];
      assert.deepEqual(named(send(address)), named(refused), address);
    }
    inNamespace('nft', ['flush', 'ruleset']);
  });
});

/**
 * Sends each datagram from a socket of its own and prints which of them the kernel would not send. A reject at the output
 * hook makes `sendmsg` fail with EPERM, so nothing has to be waited for.
 */
const SEND_DATAGRAMS = `
  const dgram = require('node:dgram');
  const address = process.argv[1];
  const payloads = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const send = (payload) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.send(Buffer.from(payload, 'hex'), 443, address, (error) => {
        socket.close();
        if (error === null || error.code === 'EPERM') resolve(error !== null);
        else reject(error);
      });
    });
  (async () => {
    const refused = [];
    for (const payload of payloads) refused.push(await send(payload));
    console.log(JSON.stringify(refused));
  })();
`;
