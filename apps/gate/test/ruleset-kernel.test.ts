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

const TOOLS = ['unshare', 'nsenter', 'nft', 'iptables-nft-restore', 'ip6tables-nft-restore'];
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
      ruleset.apply(chains);
      const applied = everything();
      assert.match(applied, new RegExp(`jump SALLYPORT-${names.suffix}-I-OUTPUT`));
      ruleset.apply(chains);
      assert.equal(everything().match(/jump SALLYPORT/g)?.length, applied.match(/jump SALLYPORT/g)?.length);
      assert.equal(ruleset.isIntact(), true);
      assert.equal(inNamespace('nft', ['flush', 'chain', 'ip6', 'mangle', 'OUTPUT']).status, 0);
      assert.equal(ruleset.isIntact(), false);
      ruleset.repair();
      assert.equal(ruleset.isIntact(), true);
      ruleset.remove();
      assert.equal(everything(), found);
      inNamespace('nft', ['flush', 'ruleset']);
    });
  }
});
