import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { DEFAULT_GATE_SETTINGS, type GateSettings } from '@sallyport/contract/gate-settings';

import { flowMarks } from '../src/flow-marks.ts';
import { type Chain, describe } from '../src/ruleset/description.ts';
import { chainName, type Present, readPresent, renderIptables } from '../src/ruleset/iptables.ts';
import { DEFAULT_STATE_DIRECTORY, namesFor } from '../src/ruleset/names.ts';
import { renderNftables, renderNftablesRemoval } from '../src/ruleset/nftables.ts';
import {
  type Backend,
  type Execute,
  type Memory,
  probeBackend,
  Ruleset,
  RulesetError,
} from '../src/ruleset/ruleset.ts';
import { FakeFirewall } from './fake-firewall.ts';
import { RENDERED } from './rendered-rules.ts';

const NOTHING: Present = { chains: new Set(), jumps: new Set() };

const chainsFor = (settings: Partial<GateSettings>): readonly Chain[] =>
  describe({ settings: { ...DEFAULT_GATE_SETTINGS, ...settings }, queueNumber: 21_000, agentUid: 990 });

suite('rendering, word for word', () => {
  for (const { name, settings, suffix, nftTable, nftables, ip, ip6 } of RENDERED) {
    test(`${name}: nftables`, () => assert.equal(renderNftables(nftTable, chainsFor(settings)), nftables));
    test(`${name}: ip`, () => assert.equal(renderIptables(suffix, 'ip', chainsFor(settings), NOTHING), ip));
    test(`${name}: ip6`, () => assert.equal(renderIptables(suffix, 'ip6', chainsFor(settings), NOTHING), ip6));
  }

  test('disabled: no rule at all', () => {
    const chains = chainsFor({ mode: 'disabled' });
    assert.deepEqual(chains, []);
    assert.equal(renderIptables('', 'ip', chains, NOTHING), '');
  });

  test('QuicHandling allow changes nothing in audit mode', () => {
    assert.deepEqual(chainsFor({ mode: 'audit', quicHandling: 'allow' }), chainsFor({ mode: 'audit' }));
  });

  test('removal makes the table first, so that it can be repeated', () => {
    assert.equal(renderNftablesRemoval('sallyport'), 'table inet sallyport\ndelete table inet sallyport\n');
  });
});

suite('names and marks', () => {
  const masks = [
    { mask: 0x3000_0000, allowed: 0x1000_0000, blocked: 0x2000_0000 },
    { mask: 0x8000_0001, allowed: 0x0000_0001, blocked: 0x8000_0000 },
    { mask: 0xc000_0000, allowed: 0x4000_0000, blocked: 0x8000_0000 },
  ];
  for (const { mask, allowed, blocked } of masks) {
    test(`mask ${mask.toString(16)}`, () =>
      assert.deepEqual(flowMarks(mask), { mask, allowed, blocked, inspected: mask }));
  }

  test('the default state directory has no suffix, another one always the same', () => {
    assert.equal(namesFor(DEFAULT_STATE_DIRECTORY).nftTable, 'sallyport');
    const names = namesFor('/srv/a');
    assert.deepEqual(namesFor('/srv/a'), names);
    assert.notEqual(namesFor('/srv/b').suffix, names.suffix);
    assert.match(names.nftTable, /^sallyport_[0-9a-f]{6}$/);
    assert.ok(names.queueNumber >= 20_000 && names.queueNumber < 40_000);
  });

  test('chain names fit into the 28 characters that xtables allows', () => {
    assert.equal(chainName('', 'output'), 'SALLYPORT-OUTPUT');
    assert.equal(chainName('3fa9c1', 'forward'), 'SALLYPORT-3fa9c1-FORWARD');
    assert.ok(chainName('3fa9c1', 'forward').length <= 28);
  });
});

suite('the difference to what is there', () => {
  const saved = `*security
:OUTPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:SALLYPORT-OUTPUT - [0:0]
:SALLYPORT-FORWARD - [0:0]
:SALLYPORT-3fa9c1-OUTPUT - [0:0]
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
-A OUTPUT -p tcp -j SALLYPORT-3fa9c1-OUTPUT
-A FORWARD -p tcp -m mark --mark 0x1 -j SALLYPORT-FORWARD
-A SALLYPORT-OUTPUT -j RETURN
COMMIT
`;

  test('only our own suffix is seen, a chain without its jump as such', () => {
    assert.deepEqual(readPresent('', saved), {
      chains: new Set(['SALLYPORT-OUTPUT', 'SALLYPORT-FORWARD']),
      jumps: new Set(['SALLYPORT-OUTPUT']),
    });
    assert.deepEqual(readPresent('3fa9c1', saved), {
      chains: new Set(['SALLYPORT-3fa9c1-OUTPUT']),
      jumps: new Set(['SALLYPORT-3fa9c1-OUTPUT']),
    });
    assert.deepEqual(readPresent('000000', saved), NOTHING);
  });

  const both: Present = {
    chains: new Set(['SALLYPORT-OUTPUT', 'SALLYPORT-FORWARD']),
    jumps: new Set(['SALLYPORT-OUTPUT', 'SALLYPORT-FORWARD']),
  };

  test('a jump that is there is not added again; a hook no longer wanted loses jump and chain', () => {
    const one: Chain[] = [
      { hook: 'output', stage: 'inspect', rules: [{ when: [], verdict: { kind: 'return' } }] },
      { hook: 'output', stage: 'enforce', rules: [{ when: [], verdict: { kind: 'reject-reset' } }] },
    ];
    assert.equal(
      renderIptables('', 'ip', one, both),
      `*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -j RETURN
-D FORWARD -p tcp -j SALLYPORT-FORWARD
-F SALLYPORT-FORWARD
-X SALLYPORT-FORWARD
COMMIT
`,
    );
  });

  test('a chain that lost its jump gets it back', () => {
    const one: Chain[] = [{ hook: 'output', stage: 'inspect', rules: [] }];
    assert.equal(
      renderIptables('', 'ip6', one, { chains: new Set(['SALLYPORT-OUTPUT']), jumps: new Set() }),
      `*security
:SALLYPORT-OUTPUT - [0:0]
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
COMMIT
`,
    );
  });

  test('nothing wanted: what is there goes, a chain without its jump as well', () => {
    assert.equal(
      renderIptables('', 'ip', [], readPresent('', saved)),
      `*security
-D OUTPUT -p tcp -j SALLYPORT-OUTPUT
-F SALLYPORT-OUTPUT
-X SALLYPORT-OUTPUT
-F SALLYPORT-FORWARD
-X SALLYPORT-FORWARD
COMMIT
`,
    );
  });

  test('nothing wanted, nothing there: nothing to run', () => {
    assert.equal(renderIptables('', 'ip', [], NOTHING), '');
  });

  test('what belongs into the enforce chains cannot get into an inspect chain', () => {
    const misplaced: readonly Chain['rules'][number][] = [
      { when: [], verdict: { kind: 'reject-reset' } },
      { when: [{ kind: 'quic-initial-from-client', version: 'v1' }], verdict: { kind: 'return' } },
    ];
    for (const rule of misplaced) {
      const chains: Chain[] = [{ hook: 'output', stage: 'inspect', rules: [rule] }];
      assert.throws(() => renderIptables('', 'ip', chains, NOTHING), /an inspect chain has no use for/);
    }
  });
});

class FakeMemory implements Memory {
  value: readonly string[] | null = null;
  read(): readonly string[] | null {
    return this.value;
  }
  write(value: readonly string[]): void {
    this.value = value;
  }
  forget(): void {
    this.value = null;
  }
}

function fixture(backend: Backend): { firewall: FakeFirewall; memory: FakeMemory; ruleset: Ruleset } {
  const firewall = new FakeFirewall();
  const memory = new FakeMemory();
  const names = namesFor(DEFAULT_STATE_DIRECTORY);
  return { firewall, memory, ruleset: new Ruleset(backend, firewall.execute, names, memory) };
}

suite('rule set over a model of the tools', () => {
  const dockerLike = '*filter\n:DOCKER - [0:0]\n-A FORWARD -j DOCKER\n-A DOCKER -m mark --mark 0x1 -j ACCEPT\nCOMMIT\n';

  for (const backend of ['nftables', 'iptables-nft'] as const) {
    test(`${backend}: applied twice is applied once, removed is as before`, () => {
      const { firewall, memory, ruleset } = fixture(backend);
      firewall.execute('iptables-nft-restore', ['--noflush'], dockerLike);
      const before = firewall.text;
      ruleset.apply(chainsFor({}));
      const once = firewall.text;
      assert.notEqual(once, before);
      ruleset.apply(chainsFor({}));
      assert.equal(firewall.text, once);
      assert.equal(ruleset.isIntact(), true);
      ruleset.apply(chainsFor({ inspectForwarded: false }));
      assert.doesNotMatch(firewall.text, /SALLYPORT-FORWARD|(inspect|enforce)_forward/);
      ruleset.remove();
      assert.equal(firewall.text, before);
      assert.equal(memory.value, null);
      assert.equal(ruleset.isIntact(), true, 'nothing wanted, nothing missed');
      ruleset.remove();
      assert.equal(firewall.text, before);
    });

    test(`${backend}: settings without rules remove everything`, () => {
      const { firewall, ruleset } = fixture(backend);
      ruleset.apply(chainsFor({}));
      ruleset.apply([]);
      assert.equal(firewall.text, fixture(backend).firewall.text);
      assert.equal(ruleset.isIntact(), true);
    });

    test(`${backend}: a deleted table of ours is seen and repaired`, () => {
      const { firewall, ruleset } = fixture(backend);
      ruleset.apply(chainsFor({}));
      const applied = firewall.text;
      assert.equal(firewall.nftTables.delete('sallyport'), true);
      assert.equal(ruleset.isIntact(), false);
      ruleset.repair();
      assert.equal(ruleset.isIntact(), true);
      assert.equal(firewall.text, applied);
    });

    test(`${backend}: a refusal is a RulesetError with the tool's first line`, () => {
      const { firewall, ruleset } = fixture(backend);
      const program = backend === 'nftables' ? 'nft' : 'ip6tables-nft-restore';
      firewall.failing.set(program, 'Error: no can do\nand more');
      assert.throws(
        () => ruleset.apply(chainsFor({})),
        (error) =>
          error instanceof RulesetError &&
          error.code === 'refused' &&
          error.message === `${program} refused our rules: Error: no can do`,
      );
      firewall.failing.clear();
      ruleset.remove();
      assert.equal(firewall.text, fixture(backend).firewall.text);
    });
  }

  test('a rule of another tool that changes does not make ours less intact', () => {
    const { firewall, ruleset } = fixture('iptables-nft');
    ruleset.apply(chainsFor({}));
    firewall.execute('iptables-nft-restore', ['--noflush'], dockerLike);
    assert.equal(ruleset.isIntact(), true);
  });

  test('a jump that is gone while its chain is still there is seen and put back alone', () => {
    for (const program of ['iptables-nft-restore', 'ip6tables-nft-restore']) {
      const { firewall, ruleset } = fixture('iptables-nft');
      ruleset.apply(chainsFor({}));
      const applied = firewall.text;
      const gone = '*security\n-D OUTPUT -p tcp -j SALLYPORT-OUTPUT\nCOMMIT\n';
      assert.equal(firewall.execute(program, ['--noflush'], gone).status, 0);
      assert.equal(ruleset.isIntact(), false);
      ruleset.repair();
      assert.equal(ruleset.isIntact(), true);
      assert.equal(firewall.text, applied);
    }
  });

  test('iptables-nft hands over alone, in the security table; our nftables table alone carries out', () => {
    const { firewall, ruleset } = fixture('iptables-nft');
    ruleset.apply(chainsFor({ failGateAbsent: 'closed' }));
    assert.deepEqual([...firewall.state.keys()], ['ip security', 'ip6 security']);
    const table = firewall.nftTables.get('sallyport') ?? '';
    assert.deepEqual(table.match(/chain \S+/g), ['chain enforce_output', 'chain enforce_forward']);
    assert.doesNotMatch(table, /queue/);
  });

  test('enforcement is there before the first packet is handed over, and outlives the last', () => {
    const { firewall, ruleset } = fixture('iptables-nft');
    const changes = (): string[] => firewall.calls.filter((call) => /--noflush|--file/.test(call));
    ruleset.apply(chainsFor({}));
    const restores = ['iptables-nft-restore --noflush', 'ip6tables-nft-restore --noflush'];
    assert.deepEqual(changes(), ['nft --file -', ...restores]);
    firewall.calls.length = 0;
    ruleset.remove();
    assert.deepEqual(changes(), [...restores, 'nft --file -']);
  });

  test('what a crashed process left is removed by the next, whatever back end it used', () => {
    for (const crashed of ['nftables', 'iptables-nft'] as const) {
      const { firewall, memory, ruleset } = fixture(crashed);
      const empty = firewall.text;
      ruleset.apply(chainsFor({}));
      const next = new Ruleset('iptables-nft', firewall.execute, namesFor(DEFAULT_STATE_DIRECTORY), memory);
      next.remove();
      assert.equal(firewall.text, empty);
    }
  });

  test('tables that came with our rules stay when somebody else uses them by now', () => {
    const { firewall, ruleset } = fixture('iptables-nft');
    ruleset.apply(chainsFor({}));
    firewall.execute('iptables-nft-restore', ['--noflush'], '*security\n-A OUTPUT -d 192.0.2.1 -j DROP\nCOMMIT\n');
    ruleset.remove();
    assert.equal(firewall.text.trim(), '*security\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 192.0.2.1 -j DROP\nCOMMIT');
  });

  test('a listing that fails is not read as an empty rule set', () => {
    const { firewall, ruleset } = fixture('iptables-nft');
    ruleset.apply(chainsFor({}));
    const applied = firewall.text;
    firewall.failing.set('iptables-nft-save', 'timed out');
    assert.throws(() => ruleset.apply(chainsFor({})), /^RulesetError: iptables-nft-save failed: timed out$/);
    assert.throws(() => ruleset.isIntact(), RulesetError);
    firewall.failing.clear();
    assert.equal(firewall.text, applied);
  });

  test('where iptables-nft is not installed there is nothing of ours to list', () => {
    const { firewall, memory } = fixture('nftables');
    const execute: Execute = (program, ...rest) =>
      program.startsWith('ip')
        ? { status: 127, stdout: '', stderr: `${program} is not installed` }
        : firewall.execute(program, ...rest);
    const ruleset = new Ruleset('nftables', execute, namesFor(DEFAULT_STATE_DIRECTORY), memory);
    ruleset.apply(chainsFor({}));
    ruleset.remove();
    assert.equal(firewall.nftTables.size, 0);
  });
});

suite('which back end', () => {
  const names = namesFor(DEFAULT_STATE_DIRECTORY);
  const refused = { status: 1, stdout: '', stderr: 'Error: Could not process rule: No such file or directory' };
  const missing = { status: 127, stdout: '', stderr: 'not installed' };
  const ok = { status: 0, stdout: '', stderr: '' };

  test('nftables where its queue expression loads', () => {
    assert.equal(
      probeBackend(() => ok, names),
      'nftables',
    );
  });

  test('iptables-nft where it does not', () => {
    assert.equal(
      probeBackend((program, _args, input) => (program === 'nft' && input?.includes('queue') ? refused : ok), names),
      'iptables-nft',
    );
  });

  test('neither where nft cannot load what enforces', () => {
    assert.throws(
      () => probeBackend((program) => (program === 'nft' ? refused : ok), names),
      (error) => error instanceof RulesetError && error.code === 'no-backend',
    );
  });

  test('neither: one line with the remedy', () => {
    assert.throws(
      () => probeBackend((program) => (program === 'ip6tables-nft-restore' || program === 'nft' ? missing : ok), names),
      (error) => error instanceof RulesetError && error.code === 'no-backend' && /install/.test(error.message),
    );
  });
});
