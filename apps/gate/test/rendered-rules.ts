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
delete table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority mangle + 1; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority filter - 5; policy accept;
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    oifname != "lo" ct direction original udp length >= 1208 @th,64,4 0x0000000c @th,72,32 0x00000001 reject with icmpx type port-unreachable
    oifname != "lo" ct direction original udp length >= 1208 @th,64,4 0x0000000d @th,72,32 0x6b3343cf reject with icmpx type port-unreachable
  }
  chain inspect_forward {
    type filter hook forward priority mangle + 1; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    ct mark and 0x30000000 == 0x20000000 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_forward {
    type filter hook forward priority filter - 5; policy accept;
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x30000000 ct mark set ct mark and 0xcfffffff or 0x30000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    ct direction original udp length >= 1208 @th,64,4 0x0000000c @th,72,32 0x00000001 reject with icmpx type port-unreachable
    ct direction original udp length >= 1208 @th,64,4 0x0000000d @th,72,32 0x6b3343cf reject with icmpx type port-unreachable
  }
}
`,
    ip: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
:SALLYPORT-I-FORWARD - [0:0]
-A SALLYPORT-I-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-I-FORWARD
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-OUTPUT ! -o lo -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,177 0 0 0,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 192,64 0 0 9,21 1 0 1,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp-port-unreachable
-A SALLYPORT-E-OUTPUT ! -o lo -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,177 0 0 0,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 208,64 0 0 9,21 1 0 1798521807,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp-port-unreachable
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
:SALLYPORT-E-FORWARD - [0:0]
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j CONNMARK --set-xmark 0x10000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j CONNMARK --set-xmark 0x30000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-FORWARD -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,177 0 0 0,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 192,64 0 0 9,21 1 0 1,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp-port-unreachable
-A SALLYPORT-E-FORWARD -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,177 0 0 0,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 208,64 0 0 9,21 1 0 1798521807,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp-port-unreachable
-I FORWARD 1 -j SALLYPORT-E-FORWARD
COMMIT
`,
    ip6: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
:SALLYPORT-I-FORWARD - [0:0]
-A SALLYPORT-I-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-I-FORWARD
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-OUTPUT ! -o lo -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "13,48 0 0 6,21 0 9 17,1 0 0 40,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 192,64 0 0 9,21 1 0 1,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp6-port-unreachable
-A SALLYPORT-E-OUTPUT ! -o lo -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "13,48 0 0 6,21 0 9 17,1 0 0 40,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 208,64 0 0 9,21 1 0 1798521807,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp6-port-unreachable
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
:SALLYPORT-E-FORWARD - [0:0]
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j CONNMARK --set-xmark 0x10000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j CONNMARK --set-xmark 0x30000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-FORWARD -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "13,48 0 0 6,21 0 9 17,1 0 0 40,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 192,64 0 0 9,21 1 0 1,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp6-port-unreachable
-A SALLYPORT-E-FORWARD -p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "13,48 0 0 6,21 0 9 17,1 0 0 40,128 0 0 0,28 0 0 0,53 0 5 1208,80 0 0 8,84 0 0 240,21 0 2 208,64 0 0 9,21 1 0 1798521807,6 0 0 0,6 0 0 1" -j REJECT --reject-with icmp6-port-unreachable
-I FORWARD 1 -j SALLYPORT-E-FORWARD
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
delete table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority mangle + 1; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority filter - 5; policy accept;
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
  }
}
`,
    ip: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
COMMIT
`,
    ip6: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
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
delete table inet sallyport
table inet sallyport {
  chain inspect_output {
    type filter hook output priority mangle + 1; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    ct mark and 0x30000000 == 0x20000000 return
    oifname "lo" return
    meta skuid 990 return
    ct mark and 0x30000000 == 0x30000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority filter - 5; policy accept;
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    oifname != "lo" meta skuid != 990 ct mark and 0x30000000 == 0x00000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 reject with tcp reset
  }
  chain inspect_forward {
    type filter hook forward priority mangle + 1; policy accept;
    ct mark and 0x30000000 == 0x10000000 return
    ct mark and 0x30000000 == 0x20000000 return
    ct mark and 0x30000000 == 0x30000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_forward {
    type filter hook forward priority filter - 5; policy accept;
    meta mark and 0x30000000 == 0x10000000 ct mark set ct mark and 0xcfffffff or 0x10000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x20000000 ct mark set ct mark and 0xcfffffff or 0x20000000 meta mark set meta mark and 0xcfffffff
    meta mark and 0x30000000 == 0x30000000 ct mark set ct mark and 0xcfffffff or 0x30000000 meta mark set meta mark and 0xcfffffff
    ct mark and 0x30000000 == 0x20000000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
    ct mark and 0x30000000 == 0x00000000 meta l4proto tcp ct direction original @ih,0,8 >= 0x00 reject with tcp reset
  }
}
`,
    ip: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
:SALLYPORT-I-FORWARD - [0:0]
-A SALLYPORT-I-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-I-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-I-FORWARD
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-OUTPUT ! -o lo -m owner ! --uid-owner 990 -m connmark --mark 0x0/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
:SALLYPORT-E-FORWARD - [0:0]
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j CONNMARK --set-xmark 0x10000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j CONNMARK --set-xmark 0x30000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-FORWARD -m connmark --mark 0x0/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j REJECT --reject-with tcp-reset
-I FORWARD 1 -j SALLYPORT-E-FORWARD
COMMIT
`,
    ip6: `\
*mangle
:SALLYPORT-I-OUTPUT - [0:0]
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-I-OUTPUT -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-I-OUTPUT
:SALLYPORT-I-FORWARD - [0:0]
-A SALLYPORT-I-FORWARD -m connmark --mark 0x10000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x20000000/0x30000000 -j RETURN
-A SALLYPORT-I-FORWARD -m connmark --mark 0x30000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000
-A SALLYPORT-I-FORWARD -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A FORWARD -p tcp -j SALLYPORT-I-FORWARD
COMMIT
*filter
:SALLYPORT-E-OUTPUT - [0:0]
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-OUTPUT -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-OUTPUT -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-OUTPUT ! -o lo -m owner ! --uid-owner 990 -m connmark --mark 0x0/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-E-OUTPUT
:SALLYPORT-E-FORWARD - [0:0]
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j CONNMARK --set-xmark 0x10000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x10000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j CONNMARK --set-xmark 0x20000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x20000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j CONNMARK --set-xmark 0x30000000/0x30000000
-A SALLYPORT-E-FORWARD -m mark --mark 0x30000000/0x30000000 -j MARK --set-xmark 0x0/0x30000000
-A SALLYPORT-E-FORWARD -m connmark --mark 0x20000000/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-A SALLYPORT-E-FORWARD -m connmark --mark 0x0/0x30000000 -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j REJECT --reject-with tcp-reset
-I FORWARD 1 -j SALLYPORT-E-FORWARD
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
delete table inet sallyport_3fa9c1
table inet sallyport_3fa9c1 {
  chain inspect_output {
    type filter hook output priority mangle + 1; policy accept;
    ct mark and 0x00030000 == 0x00010000 return
    ct mark and 0x00030000 == 0x00020000 return
    oifname "lo" return
    meta skuid 990 return
    meta l4proto tcp ct direction original @ih,0,8 >= 0x00 queue num 21000 bypass
  }
  chain enforce_output {
    type filter hook output priority filter - 5; policy accept;
    meta mark and 0x00030000 == 0x00020000 ct mark set ct mark and 0xfffcffff or 0x00020000 meta mark set meta mark and 0xfffcffff
    ct mark and 0x00030000 == 0x00020000 meta l4proto tcp ct direction original tcp flags & rst != rst reject with tcp reset
  }
}
`,
    ip: `\
*mangle
:SALLYPORT-3fa9c1-I-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-I-OUTPUT -m connmark --mark 0x10000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -m connmark --mark 0x20000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "10,177 0 0 0,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-3fa9c1-I-OUTPUT
COMMIT
*filter
:SALLYPORT-3fa9c1-E-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-E-OUTPUT -m mark --mark 0x20000/0x30000 -j CONNMARK --set-xmark 0x20000/0x30000
-A SALLYPORT-3fa9c1-E-OUTPUT -m mark --mark 0x20000/0x30000 -j MARK --set-xmark 0x0/0x30000
-A SALLYPORT-3fa9c1-E-OUTPUT -m connmark --mark 0x20000/0x30000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-3fa9c1-E-OUTPUT
COMMIT
`,
    ip6: `\
*mangle
:SALLYPORT-3fa9c1-I-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-I-OUTPUT -m connmark --mark 0x10000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -m connmark --mark 0x20000/0x30000 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -o lo -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -m owner --uid-owner 990 -j RETURN
-A SALLYPORT-3fa9c1-I-OUTPUT -p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "11,48 0 0 6,21 0 7 6,48 0 0 52,116 0 0 2,84 0 0 60,4 0 0 40,7 0 0 0,128 0 0 0,45 0 1 0,6 0 0 1,6 0 0 0" -j NFQUEUE --queue-num 21000 --queue-bypass
-A OUTPUT -p tcp -j SALLYPORT-3fa9c1-I-OUTPUT
COMMIT
*filter
:SALLYPORT-3fa9c1-E-OUTPUT - [0:0]
-A SALLYPORT-3fa9c1-E-OUTPUT -m mark --mark 0x20000/0x30000 -j CONNMARK --set-xmark 0x20000/0x30000
-A SALLYPORT-3fa9c1-E-OUTPUT -m mark --mark 0x20000/0x30000 -j MARK --set-xmark 0x0/0x30000
-A SALLYPORT-3fa9c1-E-OUTPUT -m connmark --mark 0x20000/0x30000 -p tcp -m conntrack --ctdir ORIGINAL -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
-I OUTPUT 1 -j SALLYPORT-3fa9c1-E-OUTPUT
COMMIT
`,
  },
];
