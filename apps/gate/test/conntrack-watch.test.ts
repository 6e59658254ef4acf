import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { type ConntrackTable, ConntrackWatch, type LimitMemory, usesConntrack } from '../src/conntrack/watch.ts';

class FakeTable implements ConntrackTable {
  count = 0;
  max = 1000;
  writable = true;
  tries = 0;
  setMax(value: number): boolean {
    this.tries++;
    if (this.writable) this.max = value;
    return this.writable;
  }
}

class FakeMemory implements LimitMemory {
  value: number | null = null;
  read(): number | null {
    return this.value;
  }
  write(value: number): void {
    this.value = value;
  }
  forget(): void {
    this.value = null;
  }
}

function fixture({ others = false, writable = true } = {}) {
  const table = new FakeTable();
  table.writable = writable;
  const memory = new FakeMemory();
  const log: string[] = [];
  const watch = new ConntrackWatch({
    table,
    memory,
    othersTrack: () => others,
    stepAside: () => void log.push('aside'),
    comeBack: () => void log.push('back'),
  });
  const look = (count: number): string => {
    table.count = count;
    watch.look();
    return `${watch.state}${watch.aside ? ' aside' : ''}${watch.problem === '' ? '' : ' !'}`;
  };
  return { table, memory, log, watch, look };
}

suite('where the limit can be raised', () => {
  test('raised at 80 per cent, doubled each time, to four times what was found, and put back', () => {
    const { table, memory, look, watch, log } = fixture();
    assert.equal(look(799), 'ok');
    assert.equal(table.max, 1000);
    assert.equal(look(800), 'filling !');
    assert.match(watch.problem, /^connection tracking holds 800 of 1000 entries: raised the limit to 2000/);
    assert.equal(table.max, 2000);
    assert.equal(memory.value, 1000);
    assert.equal(look(1600), 'filling !');
    assert.equal(table.max, 4000);
    look(3990);
    assert.equal(table.max, 4000);
    assert.deepEqual(log, ['aside']);
    watch.restore();
    assert.equal(table.max, 1000);
    assert.equal(memory.value, null);
    watch.restore();
    assert.equal(table.max, 1000);
  });

  test('a limit that a crashed process left raised is put back, and is not the new starting point', () => {
    const { table, memory, look, watch } = fixture();
    table.max = 4000;
    memory.value = 1000;
    look(3900);
    assert.equal(table.max, 4000);
    watch.restore();
    assert.equal(table.max, 1000);
  });

  test('the line for status stays while the limit is raised', () => {
    const { look, watch } = fixture();
    look(900);
    assert.equal(look(100), 'ok !');
    assert.match(watch.problem, /raised the limit to 2000/);
  });
});

suite('where it cannot', () => {
  test('the rules step aside at 90 per cent and come back at 60, once each', () => {
    const { look, log, table, memory } = fixture({ writable: false });
    assert.equal(look(850), 'filling !');
    assert.deepEqual(log, []);
    assert.equal(look(900), 'full aside !');
    assert.equal(look(950), 'full aside !');
    assert.equal(look(700), 'ok aside !');
    assert.equal(look(600), 'ok aside !');
    assert.equal(look(599), 'ok');
    assert.equal(look(599), 'ok');
    assert.deepEqual(log, ['aside', 'back']);
    assert.equal(table.tries, 1, 'refused once, not asked again');
    assert.equal(table.max, 1000);
    assert.equal(memory.value, null);
  });

  test('when others track as well, stepping aside would help nobody: only said', () => {
    const { look, log, watch } = fixture({ writable: false, others: true });
    assert.equal(look(999), 'full !');
    assert.match(watch.problem, /holds 999 of 1000 entries: raise net\.netfilter\.nf_conntrack_max/);
    assert.deepEqual(log, []);
  });
});

test('a kernel without connection tracking (no limit to read) is left alone', () => {
  const { table, look } = fixture();
  table.max = 0;
  assert.equal(look(0), 'ok');
  assert.equal(table.max, 0);
});

suite('whether somebody else tracks', () => {
  const isOurs = (line: string): boolean => /SALLYPORT-|sallyport /.test(line);
  const oursAsIptables = `table ip mangle {
	chain SALLYPORT-I-OUTPUT {
		ct mark and 0x30000000 == 0x10000000 counter packets 0 bytes 0 return
		meta l4proto tcp ct direction original xt match bpf counter packets 0 bytes 0 queue num 21000 bypass
	}

	chain OUTPUT {
		type route hook output priority mangle; policy accept;
		meta l4proto tcp counter packets 0 bytes 0 jump SALLYPORT-I-OUTPUT
	}
}
`;
  const oursAsNftables = `table inet sallyport {
	chain inspect_output {
		type filter hook output priority mangle + 1; policy accept;
		ct mark & 0x30000000 == 0x10000000 return
		meta l4proto tcp ct direction original @ih,0,8 >= 0x0 queue num 21000 bypass
	}
}
`;
  const docker = `table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		oifname != "docker0" ip saddr 172.17.0.0/16 counter packets 0 bytes 0 masquerade
	}
}
table ip filter {
	chain DOCKER-FORWARD {
		oifname "docker0" ct state related,established counter packets 0 bytes 0 accept
	}
}
`;
  const kube = `table ip nat {
	chain KUBE-SEP-X {
		meta l4proto tcp counter packets 0 bytes 0 xt target "DNAT"
	}
}
`;
  const plain = `table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr 192.0.2.0/24 meta mark set 0x00000001 counter packets 0 bytes 0 drop
	}
}
`;
  const wireguard = `table ip wg-quick-wg0 {
	chain premangle {
		type filter hook prerouting priority mangle; policy accept;
		meta l4proto udp meta mark set ct mark
	}
}
`;
  const cases: readonly { name: string; ruleset: string; want: boolean }[] = [
    { name: 'no rules', ruleset: '', want: false },
    { name: 'rules that do not look at connections', ruleset: plain, want: false },
    { name: 'only ours, by iptables-nft', ruleset: oursAsIptables, want: false },
    { name: 'only ours, by nftables', ruleset: oursAsNftables, want: false },
    { name: 'Docker', ruleset: docker, want: true },
    { name: 'Docker behind ours', ruleset: oursAsIptables + docker, want: true },
    { name: 'ours behind Docker', ruleset: docker + oursAsNftables, want: true },
    { name: 'Docker behind ours, by nftables', ruleset: oursAsNftables + docker, want: true },
    { name: 'Kubernetes', ruleset: kube, want: true },
    { name: 'WireGuard', ruleset: wireguard, want: true },
    {
      name: 'a foreign chain behind ours in the same table',
      ruleset: oursAsIptables.replace(/}\n$/, '\tchain X {\n\t\tct state new\n\t}\n}\n'),
      want: true,
    },
  ];
  for (const { name, ruleset, want } of cases) {
    test(name, () => assert.equal(usesConntrack(ruleset, isOurs), want));
  }
});
