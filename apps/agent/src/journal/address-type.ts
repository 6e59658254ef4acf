/** `LocalIPType` and `RemoteIPType` in the words of defender-spec 2.1. */
import { parseCidr } from '@sallyport/hosts/canonical';

export type AddressType = 'Public' | 'Private' | 'Reserved' | 'Loopback' | 'Teredo' | 'FourToSixMapping' | 'Broadcast';

/** IANA special-purpose registries; the first network that holds the address names it. */
const NETWORKS: readonly (readonly [string, AddressType])[] = [
  ['255.255.255.255/32', 'Broadcast'],
  ['127.0.0.0/8', 'Loopback'],
  ['10.0.0.0/8', 'Private'],
  ['172.16.0.0/12', 'Private'],
  ['192.168.0.0/16', 'Private'],
  ['169.254.0.0/16', 'Private'],
  ['0.0.0.0/8', 'Reserved'],
  ['100.64.0.0/10', 'Reserved'],
  ['192.0.0.0/24', 'Reserved'],
  ['192.0.2.0/24', 'Reserved'],
  ['198.18.0.0/15', 'Reserved'],
  ['198.51.100.0/24', 'Reserved'],
  ['203.0.113.0/24', 'Reserved'],
  ['224.0.0.0/3', 'Reserved'],
  ['::1/128', 'Loopback'],
  ['2001::/32', 'Teredo'],
  ['fc00::/7', 'Private'],
  ['fe80::/10', 'Private'],
  ['::/128', 'Reserved'],
  ['2001:db8::/32', 'Reserved'],
  ['ff00::/8', 'Reserved'],
];

const PARSED = NETWORKS.map(([text, type]) => {
  const cidr = parseCidr(text);
  if (cidr.kind !== 'ok') throw new Error(`bad network ${text}`);
  return { bytes: cidr.bytes, prefixLength: cidr.prefixLength, type };
});

/** `address`: 4 or 16 bytes. */
export function addressType(address: Uint8Array): AddressType {
  if (address.length === 16 && isMapped(address)) return 'FourToSixMapping';
  return PARSED.find((network) => covers(network, address))?.type ?? 'Public';
}

const isMapped = (address: Uint8Array): boolean =>
  address[10] === 0xff && address[11] === 0xff && address.subarray(0, 10).every((byte) => byte === 0);

function covers(network: { bytes: Uint8Array; prefixLength: number }, address: Uint8Array): boolean {
  if (network.bytes.length !== address.length) return false;
  const whole = network.prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (network.bytes[i] !== address[i]) return false;
  const rest = network.prefixLength & 7;
  return rest === 0 || ((network.bytes[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest) === 0;
}
