/**
 * The rules for each setting, word for word, in both renderings. Read them as a firewall administrator would: whoever
 * changes a rule changes this text, and should say why.
 */
import type { GateSettings } from '@sallyport/contract/gate-settings';

export interface RenderedCase {
  readonly name: string;
  readonly settings: Partial<GateSettings>;
  readonly suffix: string;
  readonly nftTable: string;
  readonly nftables: string;
  readonly ip: string;
  readonly ip6: string;
}

export const RENDERED: readonly RenderedCase[] = [
  {
    name: 'block, the default',
    settings: {},
    suffix: '',
    nftTable: 'sallyport',
    nftables: `\
table inet sallyport
flush table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority 50; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 != 0x00000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority 160; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    meta l4proto udp ct direction original udp length >= 1208 @th,64,4 0x0000000c @th,72,32 0x00000001 oifname != "lo" reject with icmpx type port-unreachable
    meta l4proto udp ct direction original udp length >= 1208 @th,64,4 0x0000000d @th,72,32 0x6b3343cf oifname != "lo" reject with icmpx type port-unreachable
  }
  chain inspect_forward {
    type filter hook forward priority 50; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 != 0x00000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_forward {
    type filter hook forward priority 160; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x30000000 ct mark set ct mark and 0xcfffffff or 0x30000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    meta l4proto udp ct direction original udp length >= 1208 @th,64,4 0x0000000c @th,72,32 0x00000001 reject with icmpx type port-unreachable
    meta l4proto udp ct direction original udp length >= 1208 @th,64,4 0x0000000d @th,72,32 0x6b3343cf reject with icmpx type port-unreachable
  }
}
`,
    ip: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
:SALLYPORT-FORWARD - [0:0]
-A SALLYPORT-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-FORWARD
COMMIT
`,
    ip6: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
:SALLYPORT-FORWARD - [0:0]
-A SALLYPORT-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-FORWARD
COMMIT
`,
  },
  {
    name: 'audit: QUIC is left alone',
    settings: { mode: 'audit', inspectForwarded: false },
    suffix: '',
    nftTable: 'sallyport',
    nftables: `\
table inet sallyport
flush table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority 50; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 != 0x00000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority 160; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
  }
}
`,
    ip: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
COMMIT
`,
    ip6: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
COMMIT
`,
  },
  {
    name: 'closed when the gate is absent',
    settings: { failGateAbsent: 'closed', quicHandling: 'allow' },
    suffix: '',
    nftTable: 'sallyport',
    nftables: `\
table inet sallyport
flush table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority 50; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 != 0x00000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    ct mark and 0x30000000 == 0x30000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority 160; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    oifname != "lo" meta skuid != 990 ct mark and 0x30000000 == 0x00000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 reject with tcp reset
  }
  chain inspect_forward {
    type filter hook forward priority 50; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 != 0x00000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 return
    ct mark and 0x30000000 == 0x30000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_forward {
    type filter hook forward priority 160; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x30000000 ct mark set ct mark and 0xcfffffff or 0x30000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    ct mark and 0x30000000 == 0x00000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 reject with tcp reset
  }
}
`,
    ip: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
:SALLYPORT-FORWARD - [0:0]
-A SALLYPORT-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-FORWARD
COMMIT
`,
    ip6: `\
*security
:SALLYPORT-OUTPUT - [0:0]
-A SALLYPORT-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-OUTPUT -o lo -j RETURN
-A SALLYPORT-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-OUTPUT -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-OUTPUT
:SALLYPORT-FORWARD - [0:0]
-A SALLYPORT-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m mark ! --mark 0x0/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-FORWARD -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-FORWARD
COMMIT
`,
  },
  {
    name: 'QuicHandling allow, no forward, another mask, another state directory',
    settings: { quicHandling: 'allow', inspectForwarded: false, connmarkMask: 196608 },
    suffix: '3fa9c1',
    nftTable: 'sallyport_3fa9c1',
    nftables: `\
table inet sallyport_3fa9c1
flush table inet sallyport_3fa9c1
table inet sallyport_3fa9c1 {
  chain inspect_output {
    type filter hook output priority 50; policy accept;
    ct mark and 0x00030000 == 0x00010000 return
    meta mark and 0x00030000 != 0x00000000 meta mark set meta mark and 0xfffcffff
    ct mark and 0x00030000 == 0x00020000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority 160; policy accept;
    ct mark and 0x00030000 == 0x00010000 return
    meta mark and 0x00030000 == 0x00010000 ct mark set ct mark and 0xfffcffff or 0x00010000 meta mark set meta mark and 0xfffcffff
    meta mark and 0x00030000 == 0x00020000 ct mark set ct mark and 0xfffcffff or 0x00020000 meta mark set meta mark and 0xfffcffff
    ct mark and 0x00030000 == 0x00020000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
  }
}
`,
    ip: `\
*security
:SALLYPORT-3fa9c1-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-OUTPUT -m connmark --mark 0x10000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -m mark ! --mark 0x0/0x30000 -j MARK --set-xmark 0x0/0x30000
-A SALLYPORT-3fa9c1-OUTPUT -m connmark --mark 0x20000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -o lo -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-3fa9c1-OUTPUT
COMMIT
`,
    ip6: `\
*security
:SALLYPORT-3fa9c1-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-OUTPUT -m connmark --mark 0x10000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -m mark ! --mark 0x0/0x30000 -j MARK --set-xmark 0x0/0x30000
-A SALLYPORT-3fa9c1-OUTPUT -m connmark --mark 0x20000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -o lo -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-3fa9c1-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-3fa9c1-OUTPUT
COMMIT
`,
  },
];
