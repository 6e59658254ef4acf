/** Renders a description as one nftables table of our own: removal is one `delete table`. */
import {
  type Action,
  type Chain,
  type Match,
  QUIC_MINIMUM_UDP_LENGTH,
  QUIC_VERSIONS,
  type Stage,
} from './description.ts';

// Behind everybody else's rules: what others drop, mark or route is done by then (docs/decisions/0001). Enforcement
// comes after `security`, which is 50 in the kernel and 150 in iptables-nft before 1.8.10.
const PRIORITY = { inspect: '50', enforce: '160' } as const satisfies Record<Stage, string>;

/**
 * The whole script for `nft -f -`: fills the table anew in one transaction. Its chains stay where they are, because the
 * kernel throws away every queued packet of the namespace when a hook goes.
 */
export function renderNftables(table: string, chains: readonly Chain[]): string {
  const lines = [`table inet ${table}`, `flush table inet ${table}`, `table inet ${table} {`];
  for (const { hook, stage, rules } of chains) {
    lines.push(
      `  chain ${stage}_${hook} {`,
      `    type filter hook ${hook} priority ${PRIORITY[stage]}; policy accept;`,
      ...rules.flatMap(({ when, verdict }) =>
        statements(verdict).map((statement) => `    ${[...when.map(match), statement].join(' ')}`),
      ),
      '  }',
    );
  }
  return [...lines, '}', ''].join('\n');
}

export const renderNftablesRemoval = (table: string): string => `table inet ${table}\ndelete table inet ${table}\n`;

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

function match(condition: Match): string {
  switch (condition.kind) {
    case 'connmark':
      return `ct mark and ${hex(condition.mask)} == ${hex(condition.value)}`;
    case 'packet-mark':
      return `meta mark and ${hex(condition.mask)} == ${hex(condition.value)}`;
    case 'any-packet-mark':
      return `meta mark and ${hex(condition.mask)} != ${hex(0)}`;
    case 'to-loopback':
      return 'oifname "lo"';
    case 'not-to-loopback':
      return 'oifname != "lo"';
    case 'sent-by':
      return `meta skuid ${condition.uid}`;
    case 'not-sent-by':
      return `meta skuid != ${condition.uid}`;
    case 'tcp-from-client':
      return 'meta l4proto tcp ct direction original';
    case 'tcp-payload-from-client':
      // The inner header begins behind the TCP header: loading its first byte fails, and the rule with it, on a
      // segment without payload. One comparison that is true for every byte.
      return 'meta l4proto tcp ct direction original @ih,0,8 >= 0x00';
    case 'no-reset':
      return 'tcp flags & rst != rst';
    case 'quic-initial-from-client': {
      const { typeBits, version } = QUIC_VERSIONS[condition.version];
      return `meta l4proto udp ct direction original udp length >= ${QUIC_MINIMUM_UDP_LENGTH} @th,64,4 ${hex(typeBits)} @th,72,32 ${hex(version)}`;
    }
    default:
      return condition satisfies never;
  }
}

function statements(action: Action): string[] {
  switch (action.kind) {
    case 'return':
      return ['return'];
    case 'queue':
      return [`queue num ${action.number}${action.bypass ? ' bypass' : ''}`];
    case 'adopt-mark':
      return [
        `ct mark set ct mark and ${hex(~action.mask)} or ${hex(action.value)} meta mark set meta mark and ${hex(~action.mask)}`,
      ];
    case 'clear-mark':
      return [`meta mark set meta mark and ${hex(~action.mask)}`];
    case 'reject-reset':
      return ['reject with tcp reset'];
    case 'reject-port-unreachable':
      return ['reject with icmpx type port-unreachable'];
    default:
      return action satisfies never;
  }
}
