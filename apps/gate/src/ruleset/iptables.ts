/**
 * Renders the `inspect` chains for `iptables-nft-restore` and `ip6tables-nft-restore`, for kernels whose nftables lacks
 * the `queue` expression. Everything else stays in our nftables table (nftables.ts), which such kernels do load.
 *
 * The chains hang in the `security` table: its hook is the last one before the packet leaves, and hardly anybody uses
 * it. What a queued or bypassed packet skips there is nothing, and whatever other tools wanted with its mark and its
 * route has happened (docs/decisions/0001).
 */
import type { Action, Chain, HookName, Match } from './description.ts';

export type Family = 'ip' | 'ip6';

const TABLE = 'security';
const BASE_CHAIN = { output: 'OUTPUT', forward: 'FORWARD' } as const satisfies Record<HookName, string>;
const HOOKS: readonly HookName[] = ['output', 'forward'];

/** `SALLYPORT-OUTPUT` for the default state directory, with its suffix before the hook for others. */
export const chainName = (suffix: string, hook: HookName): string =>
  `SALLYPORT${suffix === '' ? '' : `-${suffix}`}-${BASE_CHAIN[hook]}`;

/** The one line in a foreign chain, as `iptables-save` prints it. */
const jump = (suffix: string, hook: HookName): string => `${BASE_CHAIN[hook]} -p tcp -j ${chainName(suffix, hook)}`;

/** What `iptables-nft-save` says is there now, as far as it is ours: names of our chains, and of those jumped to. */
export interface Present {
  readonly chains: ReadonlySet<string>;
  readonly jumps: ReadonlySet<string>;
}

/** Reads the output of `iptables-nft-save` (all tables). */
export function readPresent(suffix: string, saved: string): Present {
  const lines = new Set(saved.split('\n'));
  const names = (isThere: (hook: HookName) => boolean): Set<string> =>
    new Set(HOOKS.filter(isThere).map((hook) => chainName(suffix, hook)));
  return {
    chains: names((hook) => lines.has(`:${chainName(suffix, hook)} - [0:0]`)),
    jumps: names((hook) => lines.has(`-A ${jump(suffix, hook)}`)),
  };
}

/**
 * The script for `*-restore --noflush` that turns what is present into what is wanted, in one transaction: chains are
 * filled anew, jumps added where missing, chains that are no longer wanted removed. Empty when there is nothing to do.
 */
export function renderIptables(suffix: string, family: Family, wanted: readonly Chain[], present: Present): string {
  const body: string[] = [];
  for (const hook of HOOKS) {
    const name = chainName(suffix, hook);
    const chain = wanted.find((candidate) => candidate.hook === hook && candidate.stage === 'inspect');
    if (chain !== undefined) {
      body.push(`:${name} - [0:0]`);
      for (const { when, verdict } of chain.rules) {
        body.push(['-A', name, ...when.map((condition) => match(condition, family)), target(verdict)].join(' '));
      }
      if (!present.jumps.has(name)) body.push(`-A ${jump(suffix, hook)}`);
    } else {
      if (present.jumps.has(name)) body.push(`-D ${jump(suffix, hook)}`);
      if (present.chains.has(name)) body.push(`-F ${name}`, `-X ${name}`);
    }
  }
  return body.length === 0 ? '' : [`*${TABLE}`, ...body, 'COMMIT', ''].join('\n');
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

function match(condition: Match, family: Family): string {
  switch (condition.kind) {
    case 'connmark':
      return `-m connmark --mark ${hex(condition.value)}/${hex(condition.mask)}`;
    case 'any-packet-mark':
      return `-m mark ! --mark 0x0/${hex(condition.mask)}`;
    case 'to-loopback':
      return '-o lo';
    case 'sent-by':
      return `-m owner --uid-owner ${condition.uid}`;
    case 'tcp-payload-from-client':
      return `-p tcp -m conntrack --ctdir ORIGINAL -m bpf --bytecode "${TCP_PAYLOAD[family]}"`;
    default:
      throw new Error(`an inspect chain has no use for ${condition.kind}`);
  }
}

function target(action: Action): string {
  switch (action.kind) {
    case 'return':
      return '-j RETURN';
    case 'clear-mark':
      return `-j MARK --set-xmark 0x0/${hex(action.mask)}`;
    case 'queue':
      return `-j NFQUEUE --queue-num ${action.number}${action.bypass ? ' --queue-bypass' : ''}`;
    default:
      throw new Error(`an inspect chain has no use for ${action.kind}`);
  }
}

// Classic BPF, `code jt jf k` as xt_bpf takes it; the packet starts at its IP header, `len` is the packet's length.
const LDX_IP_HEADER_LENGTH = '177 0 0 0'; // x = 4 * (byte[0] & 15)
const LD_LENGTH = '128 0 0 0'; // a = len
const ADD_X = '12 0 0 0';
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
