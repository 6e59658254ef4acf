/**
 * Renders a description for `iptables-nft-restore` and `ip6tables-nft-restore`, for kernels whose nftables lacks the
 * `queue` expression. Chains are ours; the only lines in foreign chains are the jumps.
 *
 * `inspect` lives in mangle, its jump last; `enforce` in filter (REJECT is valid nowhere else), its jump first.
 */
import {
  type Action,
  type Chain,
  type HookName,
  type Match,
  QUIC_MINIMUM_UDP_LENGTH,
  QUIC_VERSIONS,
  type QuicVersion,
  type Stage,
} from './description.ts';

export type Family = 'ip' | 'ip6';
export type IptablesTable = 'mangle' | 'filter';

const TABLE = { inspect: 'mangle', enforce: 'filter' } as const satisfies Record<Stage, IptablesTable>;
const BASE_CHAIN = { output: 'OUTPUT', forward: 'FORWARD' } as const satisfies Record<HookName, string>;

/** A jump from a base chain into ours. */
export interface Jump {
  readonly table: IptablesTable;
  readonly baseChain: string;
  readonly chain: string;
  /** As `iptables-save` prints it behind `-A BASE `. */
  readonly rule: string;
  readonly position: 'first' | 'last';
}

/** `SALLYPORT-OUTPUT` for the default state directory, with its suffix before the hook for others; at most 28 characters. */
export const chainName = (suffix: string, { hook, stage }: Pick<Chain, 'hook' | 'stage'>): string =>
  `SALLYPORT${suffix === '' ? '' : `-${suffix}`}-${stage === 'inspect' ? 'I' : 'E'}-${BASE_CHAIN[hook]}`;

function jumpOf(suffix: string, chain: Pick<Chain, 'hook' | 'stage'>): Jump {
  const name = chainName(suffix, chain);
  return {
    table: TABLE[chain.stage],
    baseChain: BASE_CHAIN[chain.hook],
    chain: name,
    rule: chain.stage === 'inspect' ? `-p tcp -j ${name}` : `-j ${name}`,
    position: chain.stage === 'inspect' ? 'last' : 'first',
  };
}

const EVERY_CHAIN = (['output', 'forward'] as const).flatMap((hook) =>
  (['inspect', 'enforce'] as const).map((stage) => ({ hook, stage })),
);

/** What `iptables-nft-save` says is there now, as far as it is ours. */
export interface Present {
  readonly chains: ReadonlySet<string>;
  readonly jumps: ReadonlySet<string>;
}

/** Reads the output of `iptables-nft-save` (all tables). */
export function readPresent(suffix: string, saved: string): Present {
  const chains = new Set<string>();
  const jumps = new Set<string>();
  const lines = new Set(saved.split('\n'));
  for (const chain of EVERY_CHAIN) {
    const jump = jumpOf(suffix, chain);
    if (lines.has(`:${jump.chain} - [0:0]`)) chains.add(jump.chain);
    if (lines.has(`-A ${jump.baseChain} ${jump.rule}`)) jumps.add(jump.chain);
  }
  return { chains, jumps };
}

/**
 * The script for `*-restore --noflush` that turns what is present into what is wanted, table by table, each in one
 * transaction: chains are filled anew, jumps added where missing, chains that are no longer wanted removed.
 */
export function renderIptables(suffix: string, family: Family, wanted: readonly Chain[], present: Present): string {
  const lines: string[] = [];
  for (const table of ['mangle', 'filter'] as const) {
    const body: string[] = [];
    for (const slot of EVERY_CHAIN) {
      const jump = jumpOf(suffix, slot);
      if (jump.table !== table) continue;
      const chain = wanted.find(({ hook, stage }) => hook === slot.hook && stage === slot.stage);
      if (chain !== undefined) {
        body.push(`:${jump.chain} - [0:0]`);
        for (const { when, verdict } of chain.rules) {
          const conditions = when.map((condition) => match(condition, family));
          for (const target of targets(verdict, family)) body.push(['-A', jump.chain, ...conditions, target].join(' '));
        }
        if (!present.jumps.has(jump.chain)) {
          body.push(
            jump.position === 'last' ? `-A ${jump.baseChain} ${jump.rule}` : `-I ${jump.baseChain} 1 ${jump.rule}`,
          );
        }
      } else {
        if (present.jumps.has(jump.chain)) body.push(`-D ${jump.baseChain} ${jump.rule}`);
        if (present.chains.has(jump.chain)) body.push(`-F ${jump.chain}`, `-X ${jump.chain}`);
      }
    }
    if (body.length > 0) lines.push(`*${table}`, ...body, 'COMMIT');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

function match(condition: Match, family: Family): string {
  switch (condition.kind) {
    case 'connmark':
      return `-m connmark --mark ${hex(condition.value)}/${hex(condition.mask)}`;
    case 'packet-mark':
      return `-m mark --mark ${hex(condition.value)}/${hex(condition.mask)}`;
    case 'to-loopback':
      return '-o lo';
    case 'not-to-loopback':
      return '! -o lo';
    case 'sent-by':
      return `-m owner --uid-owner ${condition.uid}`;
    case 'not-sent-by':
      return `-m owner ! --uid-owner ${condition.uid}`;
    case 'tcp-from-client':
      return '-p tcp -m conntrack --ctdir ORIGINAL';
    case 'tcp-payload-from-client':
      return `-p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "${TCP_PAYLOAD[family]}"`;
    case 'no-reset':
      return '-m tcp ! --tcp-flags RST RST';
    case 'quic-initial-from-client':
      return `-p udp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "${quicInitial(family, condition.version)}"`;
    default:
      return condition satisfies never;
  }
}

function targets(action: Action, family: Family): string[] {
  switch (action.kind) {
    case 'return':
      return ['-j RETURN'];
    case 'queue':
      return [`-j NFQUEUE --queue-num ${action.number}${action.bypass ? ' --queue-bypass' : ''}`];
    case 'adopt-mark':
      return [
        `-j CONNMARK --set-xmark ${hex(action.value)}/${hex(action.mask)}`,
        `-j MARK --set-xmark 0x0/${hex(action.mask)}`,
      ];
    case 'reject-reset':
      return ['-j REJECT --reject-with tcp-reset'];
    case 'reject-port-unreachable':
      return [`-j REJECT --reject-with ${family === 'ip' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'}`];
    default:
      return action satisfies never;
  }
}

// Classic BPF, `code jt jf k` as xt_bpf takes it; the packet starts at its IP header, `len` is the packet's length.
const LDX_IP_HEADER_LENGTH = '177 0 0 0'; // x = 4 * (byte[0] & 15)
const LDX_40 = '1 0 0 40'; // x = 40
const LD_LENGTH = '128 0 0 0'; // a = len
const ADD_X = '12 0 0 0';
const SUB_X = '28 0 0 0';
const TAX = '7 0 0 0';
const YES = '6 0 0 1';
const NO = '6 0 0 0';

const program = (...instructions: string[]): string => `${instructions.length},${instructions.join(',')}`;

/** True when bytes follow the TCP header. Behind IPv6 extension headers it is always true: the gate looks closer. */
const TCP_PAYLOAD = {
  ip: program(
    LDX_IP_HEADER_LENGTH,
    '80 0 0 12', // a = byte[x + 12]: data offset in the upper half
    '116 0 0 2', // a >>= 2
    '84 0 0 60', // a &= 60: the TCP header's length
    ADD_X,
    TAX,
    LD_LENGTH,
    '45 0 1 0', // len > x ?
    YES,
    NO,
  ),
  ip6: program(
    '48 0 0 6', // a = byte[6]: next header
    '21 0 7 6', // TCP ? else YES
    '48 0 0 52',
    '116 0 0 2',
    '84 0 0 60',
    '4 0 0 40', // a += 40
    TAX,
    LD_LENGTH,
    '45 0 1 0',
    YES,
    NO,
  ),
} as const satisfies Record<Family, string>;

function quicInitial(family: Family, quic: QuicVersion): string {
  const { typeBits, version } = QUIC_VERSIONS[quic];
  const test = [
    LD_LENGTH,
    SUB_X,
    `53 0 5 ${QUIC_MINIMUM_UDP_LENGTH}`, // a >= minimum ? else NO
    '80 0 0 8', // a = byte[x + 8]: the first payload byte
    '84 0 0 240',
    `21 0 2 ${typeBits << 4}`,
    '64 0 0 9', // a = word[x + 9]: the version
    `21 1 0 ${version}`,
    NO,
    YES,
  ];
  return family === 'ip' ? program(LDX_IP_HEADER_LENGTH, ...test) : program('48 0 0 6', '21 0 9 17', LDX_40, ...test); // not directly UDP: NO
}
