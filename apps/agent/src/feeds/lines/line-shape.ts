/**
 * What a single line looks like, for telling formats apart.
 *
 * Easy to get wrong: this looks and does not judge. It is good enough to count, never to accept a line.
 */
import { isAddress } from './address-text.ts';
import { decodeBase64 } from './dataset.ts';

export type LineShape =
  | 'hosts'
  | 'domains'
  | 'adblock'
  | 'address'
  | 'addressWithRemark'
  | 'dnsmasq'
  | 'unbound'
  | 'rpz'
  | 'bind'
  | 'tpl'
  | 'suricata'
  | 'dataset'
  | 'dnscrypt'
  | 'other';

/** Lines that begin or end like nothing else. */
const DISTINCT: ReadonlyArray<readonly [RegExp, LineShape]> = [
  [/^(?:address|server|local|host-record|ipset|nftset)=\//, 'dnsmasq'],
  [/^(?:local-zone|local-data|local-data-ptr|local-zone-override):\s|^server:$/, 'unbound'],
  [/^zone\s+(?:"[^"]*"|[\w.-]+)\s*(?:IN\s*)?\{/i, 'bind'],
  [/^(?:alert|drop|sdrop|reject(?:src|dst|both)?|block|pass|log)\s+[a-z][\w-]*\s.*(?:\)|\\)$/, 'suricata'],
  [/^[+-]d\s+\S/, 'tpl'],
  [/\s(?:IN\s+)?(?:CNAME|NS|SOA|DNAME)\s+\S/i, 'rpz'],
  [/^(?:\|\|?|@@)|#@?[$%?]{0,2}#|\^(?:\$[a-z~]|$)/i, 'adblock'],
  [/^=[\w.-]+\.[\w-]+$|^[\w.-]+\.\*$|^\*[\w.-]+\*$|^[\w.*-]+\s+@\w+$/, 'dnscrypt'],
];

const isAddressText = (text: string): boolean => {
  const bytes = Buffer.from(text, 'latin1');
  return isAddress(bytes, 0, bytes.length);
};

export function lineShape(text: string): LineShape {
  const distinct = DISTINCT.find(([pattern]) => pattern.test(text));
  if (distinct !== undefined) return distinct[1];
  if (isEncodedValue(text)) return 'dataset';
  const [first = '', second] = text.split(/#|\s;/, 1)[0]?.trim().split(/\s+/, 2) ?? [];
  if (isNetwork(first) || first === '0') {
    if (second === undefined) return first === '0' ? 'other' : 'address';
    return /^[a-z0-9_-]*[a-z][\w.-]*$/i.test(second) && !first.includes('/') ? 'hosts' : 'addressWithRemark';
  }
  if (/^(?:add|create)$/.test(first) && second !== undefined) return 'addressWithRemark'; // `ipset save`
  if (second !== undefined) return 'other';
  if (/^https?:\/\/|^\/[\w/.?=&%~-]+$/i.test(first)) return 'domains';
  return /^(?:\*?\.)?[\w\u0080-\uffff-]+(?:\.[\w\u0080-\uffff-]+)+\.?(?::\d+)?(?:[/?].*)?$/.test(first)
    ? 'domains'
    : 'other';
}

/** An address, with a prefix length, a port, or up to another address. */
const isNetwork = (text: string): boolean =>
  isAddressText(text.replace(/\/\d{1,3}$/, '')) ||
  isAddressText(text.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')) ||
  (text.includes('-') && text.split('-', 3).length === 2 && text.split('-').every(isAddressText));

function isEncodedValue(text: string): boolean {
  const value = decodeBase64(text.replace(/,\d+$/, ''));
  return value !== null && /^\.?[\w-]+(?:\.[\w-]+)+(?:\/[\x21-\x7e]*)?$/.test(value.toString('latin1'));
}
