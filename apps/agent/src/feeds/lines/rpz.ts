/**
 * Response policy zones (draft-vixie-dnsop-dns-rpz): the owner's name is the trigger, the CNAME's target the action.
 *
 * Easy to get wrong: `name CNAME .` is about the name alone and `*.name CNAME .` about what is below it alone; lists
 * that mean both give both. A CNAME to a real name is a rewriting (safe search, walled garden), not a block.
 */
import { parseIp } from '@sallyport/hosts/canonical';

import type { EntryRecorder } from '../entry-recorder.ts';
import { targetOf } from './address-text.ts';
import type { LineParser, LineResult } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';
import { type ZoneName, ZoneReader, type ZoneRecord, withinZone } from './zone-file.ts';

const ADMINISTRATIVE: ReadonlySet<string> = new Set(['SOA', 'NS', 'RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY']);
const NO_ZONE: ZoneName = { text: '', absolute: false };

export function rpzParser(): LineParser {
  const reader = new ZoneReader();
  let zone: ZoneName | null = null;

  function record(found: ZoneRecord, resolve: (name: string) => ZoneName, out: EntryRecorder): LineResult {
    const { owner, type, data } = found;
    if (type === 'SOA') zone ??= owner;
    if (ADMINISTRATIVE.has(type)) return 'comment';
    zone ??= reader.firstOrigin ?? NO_ZONE;
    const trigger = withinZone(owner, zone);
    if (trigger === null) return 'outside of its zone';
    if (trigger === '') return out.skip('other-record');
    const action = actionOf(type, data[0] ?? '', owner, resolve);
    if (action === 'conditional') return out.skip('conditional-rule');
    if (action === 'mapping') return out.skip('address-mapping');
    if (action === 'other') return out.skip('other-record');
    return action === 'pass' ? out.except(() => recordTrigger(trigger, out)) : recordTrigger(trigger, out);
  }

  return {
    line: (bytes, start, end, out) => {
      const read = reader.read(bytes, start, end);
      if (read === 'comment') return 'comment';
      if (read === 'include') return out.skip('include');
      return 'invalid' in read ? read.invalid : record(read.record, read.resolve, out);
    },
    end: (): LineResult => (reader.isOpen ? 'unclosed bracket' : null),
  };
}

type Action = 'block' | 'pass' | 'conditional' | 'mapping' | 'other';

function actionOf(type: string, target: string, owner: ZoneName, resolve: (name: string) => ZoneName): Action {
  if (type === 'A' || type === 'AAAA') return targetOf(target) === 'nowhere' ? 'block' : 'mapping';
  if (type === 'DNAME') return 'mapping';
  if (type !== 'CNAME') return 'other';
  switch (target.toLowerCase()) {
    case '.': // NXDOMAIN
    case '*.': // NODATA
    case 'rpz-drop.':
      return 'block';
    case 'rpz-passthru.':
      return 'pass';
    case 'rpz-tcp-only.':
      return 'conditional';
    default: {
      // Before there was `rpz-passthru`, a name that pointed at itself meant the same.
      const self = target.endsWith('.') ? target.slice(0, -1).toLowerCase() : resolve(target).text;
      return owner.text === self || owner.text.startsWith(`${self}.`) ? 'pass' : 'mapping';
    }
  }
}

function recordTrigger(trigger: string, out: EntryRecorder): InvalidReason | null {
  const kind = /(?:^|\.)rpz-([a-z-]+)$/.exec(trigger)?.[1];
  if (kind === undefined) {
    if (trigger === '*') return 'covers every name';
    const wildcard = trigger.startsWith('*.');
    const name = Buffer.from(trigger, 'latin1');
    return out.host(name, wildcard ? 2 : 0, name.length, wildcard ? 'subdomains' : 'exact');
  }
  if (kind !== 'ip') return out.skip('other-trigger');
  const network = networkOfTrigger(trigger.slice(0, -'.rpz-ip'.length));
  return network === null ? 'not an rpz-ip name' : out.cidr(network);
}

/** `24.0.2.0.192` as `192.0.2.0/24`, `48.zz.2.2001` as `2001:2::/48`. */
function networkOfTrigger(labels: string): string | null {
  const [length = '', ...reversed] = labels.split('.');
  if (!/^\d{1,3}$/.test(length)) return null;
  const parts = reversed.toReversed();
  if (parts.length === 4 && !parts.includes('zz')) return `${parts.join('.')}/${length}`;
  const gap = parts.indexOf('zz');
  const address = gap < 0 ? parts.join(':') : `${parts.slice(0, gap).join(':')}::${parts.slice(gap + 1).join(':')}`;
  return parseIp(address) === null ? null : `${address}/${length}`;
}
