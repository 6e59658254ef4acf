/**
 * Which addresses and networks must not be blocked: those that are too wide, those of the local side (private,
 * loopback, multicast …), and the machine's own.
 *
 * Easy to get wrong: a network is dangerous when it *overlaps* a local one, in either direction: 192.0.0.0/8 blocks the
 * home network too. Documentation and benchmark ranges are only useless, so those count when they hold the entry.
 */
import { parseCidr, parseIp } from '@sallyport/hosts/canonical';

export interface NetworkLimits {
  /** The shortest prefix that is accepted, in bits. */
  readonly ipv4Bits: number;
  readonly ipv6Bits: number;
}

/** A registry gives no one more than a /8, and since long no more than a /19 of IPv6 (RFC 3177 and the registries' policies). */
const DEFAULT_NETWORK_LIMITS: NetworkLimits = { ipv4Bits: 8, ipv6Bits: 19 };

interface Network {
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
}

const network = (text: string): Network => {
  const parsed = parseCidr(text);
  if (parsed.kind !== 'ok') throw new Error(`not a network: ${text}`);
  return parsed;
};

/** IANA special-purpose registries (RFC 6890 and its updates): what may belong to the user's own side. */
const LOCAL: readonly Network[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/127',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
].map(network);

/** What is on no network at all. */
const UNUSED: readonly Network[] = [
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
  '100::/64',
  '2001:2::/48',
  '2001:db8::/32',
  '3fff::/20',
].map(network);

/** Resolvers that anyone may use; without them many machines find no name any more. Published by their operators. */
const PUBLIC_RESOLVERS: readonly Uint8Array[] = [
  '1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 8.8.8.8 8.8.4.4 9.9.9.9 149.112.112.112 9.9.9.10 149.112.112.10',
  '208.67.222.222 208.67.220.220 94.140.14.14 94.140.15.15 76.76.2.0 76.76.10.0 185.228.168.9 185.228.169.9',
  '223.5.5.5 223.6.6.6 119.29.29.29 114.114.114.114 77.88.8.8 77.88.8.1 64.6.64.6 64.6.65.6 4.2.2.1 4.2.2.2',
  '2606:4700:4700::1111 2606:4700:4700::1001 2001:4860:4860::8888 2001:4860:4860::8844 2620:fe::fe 2620:fe::9',
  '2620:119:35::35 2620:119:53::53',
]
  .flatMap((line) => line.split(' '))
  .flatMap((text) => parseIp(text) ?? []);

export type GuardedNetwork = 'too-wide' | 'local-network' | 'protected-address' | 'popular-address';

export class GuardedNetworks {
  readonly #limits: NetworkLimits;
  readonly #own: readonly Uint8Array[];
  /** First bytes of IPv4 addresses that may be any of these; nearly all entries have another and need no search. */
  readonly #firstBytes = new Uint8Array(256);

  /** `own`: addresses of 4 or 16 bytes that must stay reachable: the machine's, its resolvers', its server's. */
  constructor(own: Iterable<Uint8Array>, limits: NetworkLimits = DEFAULT_NETWORK_LIMITS) {
    this.#own = [...own];
    this.#limits = limits;
    for (const address of [...this.#own, ...PUBLIC_RESOLVERS]) if (address.length === 4) this.#markFirst(address, 8);
    for (const { bytes, prefixLength } of [...LOCAL, ...UNUSED])
      if (bytes.length === 4) this.#markFirst(bytes, prefixLength);
  }

  /** Why the network must not be blocked; null when it may be. A single address has all its bits as prefix. */
  lookUp(bytes: Uint8Array, prefixLength: number): GuardedNetwork | null {
    if (prefixLength < (bytes.length === 4 ? this.#limits.ipv4Bits : this.#limits.ipv6Bits)) return 'too-wide';
    if (bytes.length === 4 && prefixLength >= 8 && this.#firstBytes[bytes[0] ?? 0] === 0) return null;
    for (const address of this.#own) if (covers(bytes, prefixLength, address)) return 'protected-address';
    for (const local of LOCAL) {
      if (covers(bytes, Math.min(prefixLength, local.prefixLength), local.bytes)) return 'local-network';
    }
    for (const unused of UNUSED) {
      if (prefixLength >= unused.prefixLength && covers(unused.bytes, unused.prefixLength, bytes))
        return 'local-network';
    }
    for (const resolver of PUBLIC_RESOLVERS) if (covers(bytes, prefixLength, resolver)) return 'popular-address';
    return null;
  }

  #markFirst(bytes: Uint8Array, prefixLength: number): void {
    const first = bytes[0] ?? 0;
    this.#firstBytes.fill(1, first, first + 2 ** Math.max(0, 8 - prefixLength));
  }
}

/** Whether `address` lies in the network; addresses of the other family never do. */
function covers(bytes: Uint8Array, prefixLength: number, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  const whole = prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = prefixLength & 7;
  return rest === 0 || (((bytes[whole] ?? 0) ^ (address[whole] ?? 0)) & (0xff00 >> rest) & 0xff) === 0;
}
