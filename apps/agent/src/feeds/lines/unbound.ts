/**
 * Unbound configuration: `local-zone: "name" type` and `local-data: "record"`.
 *
 * Easy to get wrong: a zone of type `redirect` says nothing alone. The record after it decides whether the name leads
 * nowhere or is only sent elsewhere (safe search), so the zone's name waits for it.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { targetOf } from './address-text.ts';
import type { LineParser, LineResult, ReadLine } from './line-parser.ts';

const BLOCKS: ReadonlySet<string> = new Set([
  'deny',
  'refuse',
  'static',
  'inform_deny',
  'always_deny',
  'always_null',
  'always_refuse',
  'always_nxdomain',
  'always_nodata',
]);
const PASSES: ReadonlySet<string> = new Set(['transparent', 'always_transparent', 'typetransparent', 'nodefault']);
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  'inform',
  'inform_redirect',
  'noview',
  'block_a',
  'truncate',
  'ipset',
]);

const SETTING = /^([a-z][a-z0-9-]*):(?:\s+(.*))?$/;
/** Both kinds of quotes are common, and none. */
const ZONE = /^(?:"([^"]*)"|'([^']*)'|([^\s"']+))\s+([a-z_]+)\s*(?:#.*)?$/;
/** `name [ttl] [class] type data`, in quotes. */
const DATA = /^(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/;
const RECORD = /^(\S+)\s+(?:\d+\s+)?(?:IN\s+)?(?:\d+\s+)?(A|AAAA)\s+(\S+)$/i;

export function unboundParser(): LineParser {
  /** The zone of type `redirect` that the last line gave. */
  let redirected: string | null = null;

  const line: ReadLine = (bytes, start, end, out) => {
    if (bytes[start] === 0x23) return 'comment';
    // Names may be UTF-8; the recorder judges the bytes again.
    const setting = SETTING.exec(bytes.toString('utf8', start, end));
    if (setting === null) return 'not an Unbound setting';
    const [, option = '', value = ''] = setting;
    switch (option) {
      case 'local-zone':
        return localZone(value, out);
      case 'local-data':
        return localData(value, out);
      case 'include':
      case 'include-toplevel':
        return out.skip('include');
      case 'server':
        return 'comment';
      default:
        return out.skip('other-setting');
    }
  };

  function localZone(value: string, out: EntryRecorder): LineResult {
    redirected = null;
    const zone = ZONE.exec(value);
    if (zone === null) return 'not an Unbound setting';
    const name = zone[1] ?? zone[2] ?? zone[3] ?? '';
    const type = zone[4] ?? '';
    if (type === 'redirect') {
      redirected = withoutDot(name);
      return null;
    }
    if (SAYS_NOTHING.has(type)) return out.skip('other-setting');
    if (name === '.') return PASSES.has(type) ? out.skip('other-setting') : 'covers every name';
    const bytes = Buffer.from(name);
    if (BLOCKS.has(type)) return out.host(bytes, 0, bytes.length, 'suffix');
    if (PASSES.has(type)) return out.except(() => out.host(bytes, 0, bytes.length, 'suffix'));
    return 'not a zone type';
  }

  function localData(value: string, out: EntryRecorder): LineResult {
    const quoted = DATA.exec(value);
    if (quoted === null) return 'not an Unbound setting';
    const record = RECORD.exec(quoted[1] ?? quoted[2] ?? '');
    if (record === null) return out.skip('other-record');
    const [, name = '', , address = ''] = record;
    const target = targetOf(address);
    if (target === null) return 'not an IP address';
    if (target === 'other') return out.skip('address-mapping');
    const bytes = Buffer.from(name);
    return out.host(bytes, 0, bytes.length, withoutDot(name) === redirected ? 'suffix' : 'exact');
  }

  return { line };
}

const withoutDot = (name: string): string => name.replace(/\.$/, '').toLowerCase();
